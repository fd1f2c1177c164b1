/*
 * column_text.c
 *	  A model's columns and their values, for people; the same text under any setting.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "rows/column_text.h"
#include "rows/picture.h"
#include "rows/value_reader.h"

/* A column for messages: its name in quotes, or its number. */
char *
deepsad_column_label(const DsadEncoder *encoder, uint32 column)
{
	return dsad_encoder_is_array(encoder) ? psprintf("%u", column + 1) :
											psprintf("\"%s\"", deepsad_utf8_text(&encoder->column[column].name));
}

/* A column as a query names it. */
char *
deepsad_column_sql(const DsadEncoder *encoder, uint32 column)
{
	return pstrdup(quote_identifier(deepsad_utf8_text(&encoder->column[column].name)));
}

/* Numbers first .. first + count - 1 of a row as text, those of several in braces; the same under any setting. */
char *
deepsad_numbers_text(const DsadRows *row, uint32 first, uint32 count)
{
	char		number[DOUBLE_SHORTEST_DECIMAL_LEN];
	StringInfoData text;

	initStringInfo(&text);
	for (uint32 i = 0; i < count; i++)
	{
		double		value = dsad_row_number(row, first + i);

		if (isnan(value) && count == 1)
			return NULL;
		if (row->single)
			float_to_shortest_decimal_buf((float) value, number);
		else
			double_to_shortest_decimal_buf(value, number);
		appendStringInfo(&text, "%s%s", count == 1 ? "" : i == 0 ? "{" :
																   ",",
						 isnan(value) ? "NULL" : number);
	}
	if (count != 1)
		appendStringInfoChar(&text, '}');
	return text.data;
}

/* A time in microseconds since 2000, as ISO 8601 has it, without settings; UTC. */
static char *
time_text(DsadColumnType type, double time)
{
	char		text[MAXDATELEN + 1];
	struct pg_tm tm;
	fsec_t		fsec;
	Timestamp	timestamp = time < (double) MIN_TIMESTAMP	 ? MIN_TIMESTAMP :
							  time >= (double) END_TIMESTAMP ? END_TIMESTAMP - 1 :
															   (Timestamp) floor(time);

	if (timestamp2tm(timestamp, NULL, &tm, &fsec, NULL, NULL) != 0)
		elog(ERROR, "timestamp out of range");
	if (type == DSAD_TYPE_DATE)
		EncodeDateOnly(&tm, USE_ISO_DATES, text);
	else if (type == DSAD_TYPE_TIME)
		EncodeTimeOnly(&tm, fsec, false, 0, USE_ISO_DATES, text);
	else
		EncodeDateTime(&tm, fsec, false, 0, NULL, USE_ISO_DATES, text);
	return pstrdup(text);
}

/* A column's cells as text, the same under any setting; NULL when it is missing. */
char *
deepsad_cells_text(const DsadColumn *column, const double *cells)
{
	DsadRows	row = {cells, 1, false};

	if (column->type == DSAD_TYPE_ARRAY && column->cells == 1 && isnan(*cells))
		return pstrdup("{NULL}");
	if (column->type == DSAD_TYPE_ARRAY && column->cells == 1)
		return psprintf("{%s}", deepsad_numbers_text(&row, 0, 1));
	if (column->type == DSAD_TYPE_ARRAY)
		return deepsad_numbers_text(&row, 0, column->cells);
	if (isnan(*cells))
		return NULL;
	if (column->encoding == DSAD_ENCODING_CATEGORY)
		return *cells >= 0 && *cells < column->categories ? deepsad_utf8_text(&column->category[(uint32) *cells]) :
															pstrdup("(other)");
	if (column->encoding == DSAD_ENCODING_BOOLEAN)
		return pstrdup(*cells >= 0.5 ? "true" : "false");
	if (column->type == DSAD_TYPE_INTERVAL)
		return psprintf("%.6g days", *cells / USECS_PER_DAY);
	if (column->type >= DSAD_TYPE_TIMESTAMP && column->type <= DSAD_TYPE_TIME)
		return time_text((DsadColumnType) column->type, *cells);
	return deepsad_numbers_text(&row, 0, 1);
}

/* Which of a time's features number i is. */
static char *
time_label(const DsadEncoder *encoder, const DsadColumn *column, const char *name, uint32 i)
{
	static const char *const circles[] =
		{"time of day, sine", "time of day, cosine", "day of week, sine", "day of week, cosine"};
	uint32		first = column->time & DSAD_TIME_CLOCK ? 0 : 2;
	uint32		count = (column->time & DSAD_TIME_CLOCK ? 2 : 0) + (column->time & DSAD_TIME_CALENDAR ? 2 : 0);

	if (i < count)
		return psprintf("%s (%s)", name, circles[first + i]);
	if (i == count && column->time & DSAD_TIME_ITSELF)
		return psprintf("%s (days)", name);
	return psprintf("%s (days since %s)", name, deepsad_utf8_text(&encoder->column[column->since].name));
}

/* A pixel's subscripts, as SQL has them. */
static char *
pixel_label(const DsadShape *shape, uint32 i)
{
	uint32		row = i / shape->width % shape->height + 1;
	uint32		column = i % shape->width + 1;

	return shape->channels == 1 ? psprintf("[%u][%u]", row, column) :
								  psprintf("[%u][%u][%u]", i / (shape->width * shape->height) + 1, row, column);
}

/* A feature: its column, and which of the column's features it is; of an array its number. */
char *
deepsad_feature_label(const DsadEncoder *encoder, uint32 feature)
{
	const DsadColumn *column = &encoder->column[encoder->feature_column[feature]];
	uint32		i = feature - column->first_feature;
	double		category = i;
	char	   *name;

	if (column->shape.channels > 0)
		return psprintf("%s%s", column->name.length > 0 ? deepsad_utf8_text(&column->name) : "",
						pixel_label(&column->shape, i));
	if (dsad_encoder_is_array(encoder))
		return psprintf("%u", feature + 1);
	name = deepsad_utf8_text(&column->name);
	if (column->indicator && i + 1 == column->features)
		return psprintf("%s (missing)", name);
	if (column->encoding == DSAD_ENCODING_CATEGORY && i == column->categories)
		return psprintf("%s (other)", name);
	if (column->encoding == DSAD_ENCODING_CATEGORY)
		return psprintf("%s = %s", name, deepsad_cells_text(column, &category));
	if (column->type == DSAD_TYPE_ARRAY)
		return psprintf("%s[%u]", name, i + 1);
	return column->encoding == DSAD_ENCODING_TIME ? time_label(encoder, column, name, i) : name;
}

/* A number of a row's summary: a feature, or what it is of a picture. */
char *
deepsad_summary_label(const DsadEncoder *encoder, uint32 number)
{
	DsadSummary summary = dsad_summary(encoder, number);
	const DsadColumn *column = &encoder->column[summary.column];

	if (summary.kind == DSAD_SUMMARY_FEATURE)
		return deepsad_feature_label(encoder, summary.feature);
	return psprintf("%s (%s)", column->name.length > 0 ? deepsad_utf8_text(&column->name) : "picture",
					summary.kind == DSAD_SUMMARY_MEAN ? "mean" : "contrast");
}

/* How a column is encoded, for people. */
char *
deepsad_encoding_text(const DsadEncoder *encoder, uint32 c)
{
	static const char *const names[] = {
		[DSAD_ENCODING_NUMBER] = "number",
		[DSAD_ENCODING_BOOLEAN] = "boolean",
		[DSAD_ENCODING_CATEGORY] = "category",
		[DSAD_ENCODING_TIME] = "time"};
	const DsadColumn *column = &encoder->column[c];
	StringInfoData text;

	StaticAssertStmt(lengthof(names) == DSAD_ENCODINGS, "every encoding has a name");
	if (column->shape.channels > 0)
		return psprintf("picture %s", deepsad_shape_sides(&column->shape));
	if (column->encoding != DSAD_ENCODING_TIME)
		return pstrdup(names[column->encoding]);
	initStringInfo(&text);
	if (column->time & DSAD_TIME_CLOCK)
		appendStringInfoString(&text, "time of day");
	if (column->time & DSAD_TIME_CALENDAR)
		appendStringInfo(&text, "%sday of week", text.len ? ", " : "");
	if (column->time & DSAD_TIME_ITSELF)
		appendStringInfo(&text, "%sdays", text.len ? ", " : "");
	if (column->time & DSAD_TIME_SINCE)
		appendStringInfo(&text, "%sdays since %s", text.len ? ", " : "",
						 deepsad_utf8_text(&encoder->column[column->since].name));
	if (text.len == 0)
		appendStringInfoString(&text, "start of others");
	return text.data;
}

/* What a time is expected to be, from its features' means; NULL when nothing is. */
static char *
expected_time(const DsadEncoder *encoder, const DsadColumn *column, const double *own)
{
	uint32		last = column->features - column->indicator;
	double		cell;

	if (column->time & DSAD_TIME_SINCE)
		return psprintf("%.6g days after %s", own[last - 1], deepsad_utf8_text(&encoder->column[column->since].name));
	/* the mean of what goes in circles is no time */
	if (!(column->time & DSAD_TIME_ITSELF))
		return NULL;
	cell = own[last - 1] * USECS_PER_DAY;
	return deepsad_cells_text(column, &cell);
}

/*
 * What a column's training rows are like, from its features' means (of all of the
 * encoder): the mean, or the most frequent category; NULL when it cannot be told.
 */
char *
deepsad_column_expected(const DsadEncoder *encoder, uint32 c, const double *mean)
{
	const DsadColumn *column = &encoder->column[c];
	const double *own = mean + column->first_feature;
	StringInfoData text;
	double		cell = 0;

	switch ((DsadEncoding) column->encoding)
	{
		case DSAD_ENCODING_CATEGORY:
			for (uint32 k = 1; k <= column->categories; k++)
				if (own[k] > own[(uint32) cell])
					cell = k;
			return deepsad_cells_text(column, &cell);
		case DSAD_ENCODING_TIME:
			return expected_time(encoder, column, own);
		case DSAD_ENCODING_BOOLEAN:
			return deepsad_cells_text(column, own);
		default:
			if (column->type == DSAD_TYPE_INTERVAL)
				return psprintf("%.6g days", *own);
			initStringInfo(&text);
			for (uint32 i = 0; i < column->cells; i++)
				appendStringInfo(&text, i ? ",%.6g" : "%.6g", own[i]);
			return column->type == DSAD_TYPE_ARRAY ? psprintf("{%s}", text.data) : text.data;
	}
}

/* Why a column is left out, for people; other: the column that MOVES is about. */
const char *
deepsad_left_out_text(DsadLeftOutReason reason, DsadBytes other)
{
	static const char *const text[] = {
		[DSAD_LEFT_OUT_OTHER] = "a later version of deepsad left it out",
		[DSAD_LEFT_OUT_SKIPPED] = "the options skip it",
		[DSAD_LEFT_OUT_LABEL] = "it tells the label",
		[DSAD_LEFT_OUT_FILLED] = "it has values only where the label is known",
		[DSAD_LEFT_OUT_EMPTY] = "it has no values",
		[DSAD_LEFT_OUT_SERIAL] = "it numbers the rows",
		[DSAD_LEFT_OUT_INSTANT] = "later rows have later times",
		[DSAD_LEFT_OUT_CONSTANT] = "it is a time that never varies",
		[DSAD_LEFT_OUT_IDENTIFIER] = "its values hardly repeat",
		[DSAD_LEFT_OUT_VARIETY] = "it has too many different values",
		[DSAD_LEFT_OUT_GROUP] = "it says which rows belong together",
	};

	StaticAssertStmt(lengthof(text) == DSAD_LEFT_OUT_REASONS, "every reason has a text");
	if (reason == DSAD_LEFT_OUT_MOVES)
		return psprintf("it moves with column \"%s\"", deepsad_utf8_text(&other));
	return text[reason];
}
