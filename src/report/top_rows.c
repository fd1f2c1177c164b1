/*
 * top_rows.c
 *	  The most anomalous rows: kept as features and short texts while rows come, explained at the end.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "access/detoast.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "pg/core_env.h"
#include "report/page.h"
#include "report/pixels.h"
#include "report/top_rows.h"
#include "rows/column_text.h"

#define OTHERS_SHOWN 6
#define LARGEST_TEXT 10000		/* bytes of a value that is looked at to show it */
#define REASONS_SHOWN 5

/* Whether the row has one more column by that name that the model does not look at. */
static bool
is_other(const DsadEncoder *encoder, const char *name)
{
	DsadBytes	bytes = deepsad_utf8(name, strlen(name));

	for (uint32 c = 0; c < encoder->columns; c++)
		if (encoder->column[c].name.length == bytes.length &&
			memcmp(encoder->column[c].name.bytes, bytes.bytes, bytes.length) == 0)
			return false;
	return true;
}

/* A value as its type writes it, shortened. */
static char *
other_text(Form_pg_attribute attribute, Datum value)
{
	Oid			output;
	bool		varlena;

	getTypeOutputInfo(attribute->atttypid, &output, &varlena);
	if (varlena && toast_raw_datum_size(value) > LARGEST_TEXT)
		return psprintf("(%zu bytes)", (size_t) toast_raw_datum_size(value));
	return deepsad_clip(OidOutputFunctionCall(output, value), DEEPSAD_PAGE_VALUE);
}

/* Keeps what tells one row from another: columns that are none of the model's, a key for instance. */
static void
keep_others(DeepsadTopRow *kept, const DsadEncoder *encoder, DeepsadFeatures *features, const NullableDatum *argument)
{
	DeepsadRowType type;
	Datum	   *value;
	bool	   *null;

	deepsad_features_row(features, argument, &type, &value, &null);
	if (type.nameless)
		return;
	kept->other = MemoryContextAllocZero(kept->context, 2 * OTHERS_SHOWN * sizeof(char *));
	for (int i = 0; i < type.desc->natts && kept->others < OTHERS_SHOWN; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(type.desc, i);

		if (attribute->attisdropped || null[i] || !is_other(encoder, NameStr(attribute->attname)))
			continue;
		kept->other[2 * kept->others] = MemoryContextStrdup(kept->context, NameStr(attribute->attname));
		kept->other[2 * kept->others + 1] = MemoryContextStrdup(kept->context, other_text(attribute, value[i]));
		kept->others++;
	}
}

/* Keeps the row that was read last. */
static void
keep(DeepsadTopRow *kept, const DeepsadScored *scored, const DsadEncoder *encoder, DeepsadFeatures *features,
	 const NullableDatum *argument, const DsadRows *row)
{
	Size		size = (Size) encoder->features * (row->single ? sizeof(float) : sizeof(double));
	void	   *values = MemoryContextAlloc(kept->context, size);

	kept->score = scored->score;
	kept->pvalue = scored->pvalue;
	kept->anomaly = scored->anomaly;
	kept->label = scored->label;
	kept->number = scored->number;
	memcpy(values, row->values, size);
	kept->row = (DsadRows) {values, 1, row->single};
	kept->value = NULL;
	kept->others = 0;
	if (dsad_encoder_is_array(encoder))
		return;
	kept->value = MemoryContextAllocZero(kept->context, encoder->columns * sizeof(char *));
	for (uint32 c = 0; c < encoder->columns; c++)
	{
		char	   *text = deepsad_features_text(features, encoder, c);

		if (text)
			kept->value[c] = MemoryContextStrdup(kept->context, deepsad_clip(text, DEEPSAD_PAGE_VALUE));
	}
	if (!deepsad_features_are_array(features))
		keep_others(kept, encoder, features, argument);
}

/*
 * Offers the row that features has read last; it is kept, in context, if it is among the most anomalous so far.
 * Of rows that score the same the first stay.
 */
void
deepsad_top_offer(DeepsadTopRows *top, MemoryContext context, const DeepsadScored *scored, const DsadEncoder *encoder,
				  DeepsadFeatures *features, const NullableDatum *argument, const DsadRows *row)
{
	DeepsadTopRow kept;
	int			at = top->rows;

	while (at > 0 && top->row[at - 1].score < scored->score)
		at--;
	if (at == DEEPSAD_TOP_ROWS)
		return;
	memset(&kept, 0, sizeof(kept));
	if (top->rows == DEEPSAD_TOP_ROWS)
	{
		kept.context = top->row[--top->rows].context;
		MemoryContextReset(kept.context);
	}
	else
		kept.context = AllocSetContextCreate(context, "deepsad report row", ALLOCSET_SMALL_SIZES);
	keep(&kept, scored, encoder, features, argument, row);
	memmove(&top->row[at + 1], &top->row[at], (top->rows - at) * sizeof(DeepsadTopRow));
	top->row[at] = kept;
	top->rows++;
}

/* One column's, or element's, part in a score. */
typedef struct Reason
{
	uint32		number;
	double		part;
} Reason;

/* Larger parts first, then columns in order. */
static int
compare_reasons(const void *a, const void *b)
{
	const Reason *x = a;
	const Reason *y = b;

	if (x->part != y->part)
		return x->part > y->part ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/* The parts of a row's features in its score; NULL when that would take too long. */
static double *
find_parts(const DsadModel *model, const DsadScorer *scorer, const DsadRows *row)
{
	double	   *part = palloc(model->scaling.features * sizeof(double));
	DsadEnv		env;
	DsadError	error;
	DsadStatus	status;

	deepsad_env_init(&env, CurrentMemoryContext);
	status = dsad_explain(scorer, row, &env, part, &error);
	if (status == DSAD_TOO_LARGE)
		return NULL;
	deepsad_check(status, &error);
	return part;
}

/* The parts of a row's columns, or elements, ranked. */
static Reason *
rank_parts(const DsadModel *model, const double *part, uint32 count)
{
	bool		is_array = dsad_encoder_is_array(model->encoder);
	Reason	   *reason = palloc0(count * sizeof(Reason));

	for (uint32 i = 0; i < count; i++)
		reason[i].number = i;
	for (uint32 i = 0; i < model->scaling.features; i++)
		reason[is_array ? i : model->encoder->feature_column[i]].part += part[i];
	qsort(reason, count, sizeof(Reason), compare_reasons);
	return reason;
}

/* A row's value for people: a number that is no integer to five digits, anything else as it is. */
static char *
short_value(char *value)
{
	double		number;
	char	   *end;

	if (value == NULL)
		return pstrdup("(missing)");
	if (strlen(value) < 7 || strpbrk(value, ".e") == NULL)
		return value;
	number = strtod(value, &end);
	return *end == '\0' && isfinite(number) ? psprintf("%.5g", number) : value;
}

/* A line of an explanation: what, its value, what is expected, its part of the score. */
static void
put_reason(StringInfo page, const DeepsadTopRow *top, const DsadModel *model, const Reason *reason)
{
	const DsadEncoder *encoder = model->encoder;
	const double *mean = model->scaling.fill;
	uint32		i = reason->number;
	char	   *name;
	char	   *value;
	char	   *expected;
	double		share = top->score > 0 ? fabs(reason->part) / top->score : 0;

	if (top->value == NULL)
	{
		name = deepsad_feature_label(encoder, i);
		value = deepsad_numbers_text(&top->row, i, 1);
		expected = psprintf("%.5g", mean[i]);
	}
	else
	{
		name = encoder->column[i].name.length > 0 ? deepsad_utf8_text(&encoder->column[i].name) :
													psprintf("column %u", i + 1);
		value = top->value[i];
		expected = encoder->column[i].features > 0 ? deepsad_column_expected(encoder, i, mean) : NULL;
		if (encoder->column[i].shape.channels > 0)
		{
			value = value ? "(picture)" : NULL;
			expected = NULL;
		}
	}
	deepsad_html(page, "<tr><th scope=\"row\"><bdi>%s</bdi></th><td>%s</td><td>%s</td><td class=\"number\">%g</td>"
					   "<td><svg class=\"meter\" viewBox=\"0 0 96 8\" aria-hidden=\"true\"><path class=\"%s\" d=\"M0 "
					   "4h%.1f\"/></svg></td></tr>\n",
				 deepsad_clip(name, DEEPSAD_PAGE_NAME), short_value(value),
				 expected ? short_value(deepsad_clip(expected, DEEPSAD_PAGE_VALUE)) : "", reason->part,
				 reason->part < 0 ? "blue" : "red", fmax(fmin(share, 1) * 96, 1));
}

/* A row's explanation. */
static void
put_reasons(StringInfo page, const DeepsadTopRow *top, const DsadModel *model, const DsadScorer *scorer)
{
	const DsadEncoder *encoder = model->encoder;
	uint32		count = dsad_encoder_is_array(encoder) ? model->scaling.features : encoder->columns;
	double	   *part = find_parts(model, scorer, &top->row);
	Reason	   *reason;

	if (part == NULL)
		deepsad_html(page, "<p class=\"soft\">The networks are too large to explain a row.</p>\n");
	deepsad_top_pictures(page, encoder, &top->row, part);
	if (part == NULL || (dsad_encoder_is_array(encoder) && encoder->column[0].shape.channels > 0))
		return;
	reason = rank_parts(model, part, count);
	deepsad_table_begin(page, dsad_encoder_is_array(model->encoder) ? "element" : "column", "here", "expected", "#adds",
						"", NULL);
	for (uint32 i = 0; i < Min(count, REASONS_SHOWN); i++)
		put_reason(page, top, model, &reason[i]);
	deepsad_table_end(page);
}

/* The most anomalous rows with their explanations. */
void
deepsad_top_page(StringInfo page, const DeepsadTopRows *top, const DsadModel *model, const DsadScorer *scorer)
{
	static const char *const kinds[] = {"known anomaly", "unlabeled", "known normal"};
	bool		is_picture = dsad_encoder_is_array(model->encoder) && model->encoder->column[0].shape.channels > 0;

	deepsad_html(page, "<h2 id=\"top\">The most anomalous rows</h2>\n<p class=\"soft\">");
	deepsad_html(page, is_picture ? "Each picture, and what each pixel adds to its score, beside a picture of which "
									"nothing is known.</p>\n" :
									"What each column adds to the score, beside a row of which "
									"nothing is known; the five that add most.</p>\n");
	for (int i = 0; i < top->rows; i++)
	{
		const DeepsadTopRow *row = &top->row[i];

		CHECK_FOR_INTERRUPTS();
		deepsad_html(page, "<article class=\"card\"><h3>%d. Score %g</h3>\n<p class=\"soft\">", i + 1, row->score);
		if (!isnan(row->pvalue))
			deepsad_html(page, "p-value %g, ", row->pvalue);
		deepsad_html(page, "%s, row %llu of those given%s</p>\n", kinds[row->label + 1],
					 (unsigned long long) row->number, row->anomaly ? ", an anomaly by the model" : "");
		if (row->others > 0)
			deepsad_html(page, "<p>");
		for (int j = 0; j < row->others; j++)
			deepsad_html(page, "%s<span class=\"soft\"><bdi>%s</bdi></span> <bdi>%s</bdi>", j ? ", " : "",
						 row->other[2 * j], row->other[2 * j + 1]);
		if (row->others > 0)
			deepsad_html(page, "</p>\n");
		put_reasons(page, row, model, scorer);
		deepsad_html(page, "</article>\n");
	}
}
