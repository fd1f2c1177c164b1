/*
 * column_text.c
 *	  A model's columns and their values, for people; the same text under any setting.
 */
#include "pg_compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "column_text.h"
#include "value.h"

/* A column for messages: its name in quotes, or its number. */
char *
deepsad_column_label(const DsadEncoder *encoder, uint32 column)
{
	return encoder->named ? psprintf("\"%s\"", deepsad_utf8_text(&encoder->column[column].name)) :
		psprintf("%u", column + 1);
}

/* A time in microseconds since 2000, as ISO 8601 has it, without settings; UTC. */
static char *
time_text(DsadValue value, double time)
{
	int64		days;
	int64		rest;
	int			year;
	int			month;
	int			day;
	StringInfoData text;

	time = Max(Min(time, 9e18), -9e18);
	days = (int64) floor(time / USECS_PER_DAY);
	rest = (int64) (time - (double) days * USECS_PER_DAY);
	initStringInfo(&text);
	if (value != DSAD_VALUE_TIME)
	{
		days = Max(Min(days, PG_INT32_MAX / 2), -POSTGRES_EPOCH_JDATE);
		j2date((int) days + POSTGRES_EPOCH_JDATE, &year, &month, &day);
		appendStringInfo(&text, "%04d-%02d-%02d", year, month, day);
	}
	if (value != DSAD_VALUE_DATE)
	{
		appendStringInfo(&text, "%s%02d:%02d:%02d", text.len ? " " : "", (int) (rest / USECS_PER_HOUR),
						 (int) (rest / USECS_PER_MINUTE % 60), (int) (rest / USECS_PER_SEC % 60));
		if (rest % USECS_PER_SEC != 0)
			appendStringInfo(&text, ".%06d", (int) (rest % USECS_PER_SEC));
	}
	return text.data;
}

/* A column's cells as text, the same under any setting; NULL when it is missing. */
char *
deepsad_cells_text(const DsadColumn *column, const double *cells)
{
	char		number[DOUBLE_SHORTEST_DECIMAL_LEN];
	StringInfoData text;

	if (column->value == DSAD_VALUE_ARRAY)
	{
		initStringInfo(&text);
		for (uint32 i = 0; i < column->cells; i++)
		{
			double_to_shortest_decimal_buf(cells[i], number);
			appendStringInfo(&text, "%c%s", i == 0 ? '{' : ',', isnan(cells[i]) ? "NULL" : number);
		}
		appendStringInfoChar(&text, '}');
		return text.data;
	}
	if (isnan(*cells))
		return NULL;
	if (column->kind == DSAD_KIND_CATEGORY)
		return *cells >= 0 && *cells < column->categories ? deepsad_utf8_text(&column->category[(uint32) *cells]) :
			pstrdup("(other)");
	if (column->kind == DSAD_KIND_BOOLEAN)
		return pstrdup(*cells >= 0.5 ? "true" : "false");
	if (column->value == DSAD_VALUE_INTERVAL)
		return psprintf("%.6g days", *cells / USECS_PER_DAY);
	if (column->value >= DSAD_VALUE_TIMESTAMP && column->value <= DSAD_VALUE_TIME)
		return time_text((DsadValue) column->value, *cells);
	double_to_shortest_decimal_buf(*cells, number);
	return pstrdup(number);
}

/* A feature: its column, and which of the column's features it is; its number without columns (encoder NULL). */
char *
deepsad_unit_label(const DsadEncoder *encoder, uint32 unit)
{
	static const char *const parts[] = {"time of day, sine", "time of day, cosine", "day of week, sine", "day of week, cosine"};
	const DsadColumn *column;
	char	   *name;
	uint32		i;
	double		category;

	if (encoder == NULL)
		return psprintf("%u", unit + 1);
	column = &encoder->column[encoder->unit_column[unit]];
	name = encoder->named ? deepsad_utf8_text(&column->name) : psprintf("%u", encoder->unit_column[unit] + 1);
	i = unit - column->first_unit;
	category = i;
	if (column->indicator && i + 1 == column->units)
		return psprintf("%s (missing)", name);
	if (column->kind == DSAD_KIND_CATEGORY)
		return psprintf("%s = %s", name, deepsad_cells_text(column, &category));
	if (column->value == DSAD_VALUE_ARRAY)
		return psprintf("%s[%u]", name, i + 1);
	if (encoder->unit[unit] == DSAD_UNIT_BOUNDED)
		return psprintf("%s (%s)", name, parts[column->value == DSAD_VALUE_DATE ? i + 2 : i]);
	return name;
}

/* How a column is encoded, as the option "columns" calls it. */
const char *
deepsad_kind_name(const DsadColumn *column)
{
	static const char *const names[] = {"number", "boolean", "category", "time"};

	return names[column->kind];
}

/*
 * What a column's training rows are like, from its features' means (of all of the
 * encoder): the mean, or the most frequent category.
 */
char *
deepsad_column_expected(const DsadEncoder *encoder, uint32 c, const double *mean)
{
	const DsadColumn *column = &encoder->column[c];
	const double *own = mean + column->first_unit;
	StringInfoData text;
	double		cell;

	switch ((DsadKind) column->kind)
	{
		case DSAD_KIND_CATEGORY:
			cell = 0;
			for (uint32 k = 1; k <= column->categories; k++)
				if (own[k] > own[(uint32) cell])
					cell = k;
			return deepsad_cells_text(column, &cell);
		case DSAD_KIND_TIME:
			/* the mean of what goes in circles is no time of day */
			if (column->value == DSAD_VALUE_TIME)
				return pstrdup("");
			cell = own[column->units - column->indicator - 1];
			return deepsad_cells_text(column, &cell);
		case DSAD_KIND_BOOLEAN:
			return deepsad_cells_text(column, own);
		default:
			if (column->value != DSAD_VALUE_NUMBER && column->value != DSAD_VALUE_ARRAY)
				return deepsad_cells_text(column, own);
			initStringInfo(&text);
			for (uint32 i = 0; i < column->cells; i++)
				appendStringInfo(&text, i ? ",%.6g" : "%.6g", own[i]);
			return column->value == DSAD_VALUE_ARRAY ? psprintf("{%s}", text.data) : text.data;
	}
}
