/*
 * sql_features.c
 *	  A model's cells and features as SQL expressions: plain PostgreSQL, no function of an extension.
 *
 * A cell is a number, a category's index, a date's day number or a time, NULL when missing; names of cells
 * are PREFIXc0, PREFIXc1, ...  What is computed must neither overflow nor underflow, which
 * PostgreSQL makes errors: numbers are bounded before they are scaled, and sums begin with a
 * number too small to matter.
 */
#include "pg/pg_compat.h"

#include <float.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "exchange/sql_features.h"

#define LARGEST 8e307			/* differences of two such numbers do not overflow */
#define SECONDS_PER_DAY 86400
#define PI 3.14159265358979323846

/* The latest time that the core's encoder knows, 9e18 microseconds after 2000. */
#define LAST_DAY 104166666
#define LAST_TIME "timestamp '2000-01-01' + interval '104166666 days 16 hours'"

/* UTF-8 from a model as text of this database; an error when it has no such characters. */
char *
deepsad_sql_text(DsadBytes text)
{
	char	   *copy = pnstrdup(text.bytes, text.length);
	char	   *converted = pg_any_to_server(copy, (int) text.length, PG_UTF8);

	if (memchr(text.bytes, '\0', text.length) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("model has a text with a zero byte, which no SQL can have")));
	return converted;
}

/* A number in parentheses: a sign or exponent cannot become part of what stands before it. */
void
deepsad_sql_number(StringInfo out, double number)
{
	char		text[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(Max(Min(number, DBL_MAX), -DBL_MAX), text);
	appendStringInfo(out, "(%s)", text);
}

static bool
is_type(const DsadColumn *column, const char *name)
{
	return column->type_name.length == strlen(name) && memcmp(column->type_name.bytes, name, strlen(name)) == 0;
}

/* The SQL type that a column's values are given as. */
const char *
deepsad_sql_type(const DsadColumn *column)
{
	static const char *const types[DSAD_TYPES] = {
		"double precision", "boolean", "text", "timestamp", "timestamptz", "date", "time", "interval", "inet",
		"double precision[]"};

	/* not every number of these is one of the general type */
	if (column->type == DSAD_TYPE_NUMBER && column->encoding == DSAD_ENCODING_CATEGORY && is_type(column, "bigint"))
		return "bigint";
	if (column->type == DSAD_TYPE_TIME && is_type(column, "time with time zone"))
		return "timetz";
	/* nothing else that is text needs a cast to become it */
	if (column->type == DSAD_TYPE_TEXT && is_type(column, "uuid"))
		return "uuid";
	return types[column->type];
}

/* The SQL type of a column's cells. */
const char *
deepsad_sql_cell_type(const DsadColumn *column)
{
	if (column->encoding == DSAD_ENCODING_CATEGORY || column->type == DSAD_TYPE_DATE)
		return "integer";
	if (column->encoding == DSAD_ENCODING_TIME)
		return column->type == DSAD_TYPE_TIME ? "time" : "timestamp";
	return "double precision";
}

/* Whether a category can be compared with values of its column: those of forged models may be no number or address. */
static bool
is_comparable(const DsadColumn *column, const char *category)
{
	char	   *end;

	if (column->type == DSAD_TYPE_ADDRESS)
		return strspn(category, "0123456789abcdef:./") == strlen(category) && strchr(category, '/') != NULL;
	if (column->type != DSAD_TYPE_NUMBER)
		return true;
	if (strcmp(deepsad_sql_type(column), "bigint") == 0)
		return *category != '\0' && strspn(category, "-0123456789") == strlen(category) && strlen(category) < 20;
	(void) strtod(category, &end);
	return *category != '\0' && strspn(category, "+-.0123456789eEINaifnty") == strlen(category) && *end == '\0';
}

/* The index of a category. */
static void
put_category(StringInfo out, const DsadColumn *column, const char *value)
{
	/* NaN is missing */
	bool		is_double = column->type == DSAD_TYPE_NUMBER && strcmp(deepsad_sql_type(column), "bigint") != 0;
	char	   *number = is_double ? psprintf("NULLIF(%s, 'NaN')", value) : pstrdup(value);

	appendStringInfo(out, "CASE WHEN %s IS NULL THEN NULL ELSE CASE ", number);
	if (column->type == DSAD_TYPE_ADDRESS)
		appendStringInfo(out,
						 "network(set_masklen(%s, least(masklen(%s), CASE family(%s) WHEN 4 THEN (%d) ELSE (%d) END)))",
						 value, value, value, column->prefix, 2 * column->prefix);
	else if (column->type == DSAD_TYPE_NUMBER)
		appendStringInfoString(out, number);
	else
		appendStringInfo(out, "%s::text COLLATE \"C\"", value);
	for (uint32 k = 0; k < column->categories; k++)
	{
		char	   *category = deepsad_sql_text(column->category[k]);

		CHECK_FOR_INTERRUPTS();
		if (!is_comparable(column, category))
			continue;
		/* the network of all IPv6 addresses, as a model has it */
		if (column->type == DSAD_TYPE_ADDRESS && strcmp(category, ":/0") == 0)
			category = pstrdup("::/0");
		appendStringInfo(out, " WHEN %s THEN (%u)", quote_literal_cstr(category), k);
	}
	/* without a WHEN it would be no CASE */
	appendStringInfo(out, " WHEN NULL THEN NULL ELSE (%u) END END", column->categories);
}

/* Cell number `cell` of a column, from an expression of type deepsad_sql_type. */
void
deepsad_sql_cell(StringInfo out, const DsadEncoder *encoder, uint32 c, uint32 cell, const char *value)
{
	const DsadColumn *column = &encoder->column[c];
	bool		timetz = strcmp(deepsad_sql_type(column), "timetz") == 0;

	if (column->encoding == DSAD_ENCODING_CATEGORY)
		put_category(out, column, value);
	else if (column->type == DSAD_TYPE_ARRAY)
		appendStringInfo(out, "NULLIF((%s)[%u], 'NaN')", value, cell + 1);
	else if (column->type == DSAD_TYPE_BOOLEAN)
		appendStringInfo(out, "%s::integer::double precision", value);
	else if (column->type == DSAD_TYPE_INTERVAL)
		appendStringInfo(out,
						 "CASE WHEN isfinite(%s) THEN (extract(day FROM %s) + (30) * ((12) * extract(year FROM %s) + "
						 "extract(month FROM %s)))::double precision + ((3600) * extract(hour FROM %s) + (60) * "
						 "extract(minute FROM %s) + extract(second FROM %s))::double precision / (%d) END",
						 value, value, value, value, value, value, value, SECONDS_PER_DAY);
	else if (column->type == DSAD_TYPE_TIME)
		appendStringInfo(out, timetz ? "(%s AT TIME ZONE INTERVAL '0')::time" : "%s", value);
	else if (column->type == DSAD_TYPE_TIMESTAMPTZ)
		appendStringInfo(out, "CASE WHEN isfinite(%s) THEN least(%s AT TIME ZONE INTERVAL '0', " LAST_TIME ") END",
						 value, value);
	else if (column->type == DSAD_TYPE_TIMESTAMP)
		appendStringInfo(out, "CASE WHEN isfinite(%s) THEN least(%s, " LAST_TIME ") END", value, value);
	else if (column->type == DSAD_TYPE_DATE)
		/* days: not every date is a timestamp */
		appendStringInfo(out, "CASE WHEN isfinite(%s) THEN least(%s - '2000-01-01'::date, (%d)) END", value, value,
						 LAST_DAY);
	else
		appendStringInfo(out, "NULLIF(%s, 'NaN')", value);
}

/* Days since 2000 of a column that is a time. */
static char *
day_number(const DsadColumn *column, const char *prefix)
{
	if (column->type == DSAD_TYPE_TIME)
		return psprintf("extract(epoch FROM %sc%u)::double precision/(%d)", prefix, column->first_cell,
						SECONDS_PER_DAY);
	if (column->type == DSAD_TYPE_DATE)
		return psprintf("%sc%u::double precision", prefix, column->first_cell);
	return psprintf("extract(epoch FROM %sc%u - '2000-01-01'::timestamp)::double precision/(%d)", prefix,
					column->first_cell, SECONDS_PER_DAY);
}

/* Feature number i of a time: as in the core's encoder. */
static char *
time_feature(const DsadEncoder *encoder, const DsadColumn *column, uint32 i, const char *prefix)
{
	char	   *cell = psprintf("%sc%u", prefix, column->first_cell);
	uint32		clock = column->time & DSAD_TIME_CLOCK ? 2 : 0;
	uint32		circles = clock + (column->time & DSAD_TIME_CALENDAR ? 2 : 0);
	const char *function = i % 2 == 0 ? "sin" : "cos";

	if (i < clock)
		return psprintf("%s(extract(epoch FROM %s::time)::double precision*(%.17g))", function, cell,
						2 * PI / SECONDS_PER_DAY);
	/* the core's week begins with Saturday, as 2000 did */
	if (i < circles && column->type == DSAD_TYPE_DATE)
		return psprintf("%s(%s%%(7)*(%.17g)::double precision)", function, cell, 2 * PI / 7);
	if (i < circles)
		return psprintf("%s((extract(dow FROM %s)::double precision + (1))*(%.17g))", function, cell, 2 * PI / 7);
	if (i == circles && column->time & DSAD_TIME_ITSELF)
		return day_number(column, prefix);
	return psprintf("%s-%s", day_number(column, prefix), day_number(&encoder->column[column->since], prefix));
}

/* A raw value as an input of the nets: (raw - offset) * scale, within the limit. */
static double
scaled(const DsadScaling *scaling, uint32 input, double raw)
{
	double		z = (raw - scaling->offset[input]) * scaling->scale[input];

	return Max(Min(z, scaling->limit[input]), -scaling->limit[input]);
}

/* An input that has only three values. */
static void
put_flag(StringInfo out, const DsadScaling *scaling, uint32 input, const char *missing, const char *set)
{
	appendStringInfoString(out, "(CASE");
	if (missing)
	{
		appendStringInfo(out, " WHEN %s THEN ", missing);
		deepsad_sql_number(out, scaled(scaling, input, scaling->fill[input]));
	}
	appendStringInfo(out, " WHEN %s THEN ", set);
	deepsad_sql_number(out, scaled(scaling, input, 1));
	appendStringInfoString(out, " ELSE ");
	deepsad_sql_number(out, scaled(scaling, input, 0));
	appendStringInfoString(out, " END)::double precision");
}

/* An input that is a number. */
static void
put_number(StringInfo out, const DsadScaling *scaling, uint32 input, const char *raw)
{
	double		reach = scaling->limit[input] / scaling->scale[input];
	double		offset = Max(Min(scaling->offset[input], LARGEST), -LARGEST);

	appendStringInfo(out, "(least(greatest(coalesce(%s,", raw);
	deepsad_sql_number(out, scaling->fill[input]);
	appendStringInfoString(out, "),");
	deepsad_sql_number(out, Max(offset - reach, -LARGEST));
	appendStringInfoString(out, "),");
	deepsad_sql_number(out, Min(offset + reach, LARGEST));
	appendStringInfoString(out, ")-");
	deepsad_sql_number(out, offset);
	appendStringInfoString(out, "+1e-200)*");
	deepsad_sql_number(out, scaling->scale[input]);
	appendStringInfoString(out, "+1e-20");
}

/* An input of the nets, from the cells. */
void
deepsad_sql_input(StringInfo out, const DsadModel *model, uint32 input, const char *prefix)
{
	const DsadScaling *scaling = &model->scaling;
	uint32		feature = input < scaling->features ? input : scaling->copied[input - scaling->features];
	const DsadColumn *column = &model->encoder->column[model->encoder->feature_column[feature]];
	uint32		i = feature - column->first_feature;
	char	   *cell = psprintf("%sc%u", prefix, column->first_cell);

	if (column->indicator && i + 1 == column->features)
	{
		StringInfoData any;

		initStringInfo(&any);
		for (uint32 k = 0; k < column->cells; k++)
			appendStringInfo(&any, "%s%sc%u IS NULL", k > 0 ? " OR " : "", prefix, column->first_cell + k);
		put_flag(out, scaling, input, NULL, any.data);
		pfree(any.data);
	}
	else if (column->encoding == DSAD_ENCODING_CATEGORY)
		put_flag(out, scaling, input, psprintf("%s IS NULL", cell), psprintf("%s = (%u)", cell, i));
	else if (column->encoding == DSAD_ENCODING_TIME)
		put_number(out, scaling, input, time_feature(model->encoder, column, i, prefix));
	else
		put_number(out, scaling, input, psprintf("%sc%u", prefix, column->first_cell + i));
}
