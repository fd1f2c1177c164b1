/*
 * sample_type.c
 *	  A training set's cells as SQL values.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/inet.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "sample/sample_type.h"

/* The element type of an array, which need not be detoasted whole. */
Oid
deepsad_array_element_type(Datum array)
{
	const struct varlena *value = (const struct varlena *) DatumGetPointer(array);
	ArrayType	head;

	if (VARATT_IS_SHORT(value) && !VARATT_IS_EXTERNAL(value))
	{
		memcpy((char *) &head + VARHDRSZ, VARDATA_SHORT(value), sizeof(head) - VARHDRSZ);
		return head.elemtype;
	}
	return ARR_ELEMTYPE(DatumGetArrayTypeP(array));
}

/* UTF-8 as text of this database, or an error. */
char *
deepsad_server_text(DsadBytes utf8)
{
	char	   *text = pnstrdup(utf8.bytes, utf8.length);

	if (GetDatabaseEncoding() != PG_SQL_ASCII)
		return pg_any_to_server(text, (int) utf8.length, PG_UTF8);
	if (strlen(text) != utf8.length)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("text of a training set contains a zero byte")));
	return text;
}

/* Raises the error of a number that its column's type cannot hold, in values that somebody made up. */
static void
out_of_range(uint8 type)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("value of a training set is out of range for type %s", format_type_be(deepsad_content_oid(type)))));
}

/* An integer between least and most. */
static int64
integer_of(const DsadCell *cell, uint8 type, int64 least, int64 most)
{
	if (cell->tag != DSAD_CELL_INTEGER || cell->integer < least || cell->integer > most)
		out_of_range(type);
	return cell->integer;
}

static double
number_of(const DsadCell *cell)
{
	return cell->tag == DSAD_CELL_INTEGER ? (double) cell->integer : cell->number;
}

/* A double as numeric, which reads back as the same double. */
static Datum
numeric_of(double number)
{
	char		text[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(number, text);
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

static Datum
timestamp_of(const DsadCell *cell, uint8 type)
{
	Timestamp	time = cell->integer;

	if (!TIMESTAMP_NOT_FINITE(time) && !IS_VALID_TIMESTAMP(time))
		out_of_range(type);
	return TimestampGetDatum(time);
}

static Datum
date_of(const DsadCell *cell, uint8 type)
{
	DateADT		date = (DateADT) integer_of(cell, type, PG_INT32_MIN, PG_INT32_MAX);

	if (!DATE_NOT_FINITE(date) && !IS_VALID_DATE(date))
		out_of_range(type);
	return DateADTGetDatum(date);
}

static Datum
timetz_of(int64 microseconds)
{
	TimeTzADT  *time = palloc0(sizeof(TimeTzADT));

	time->time = microseconds;
	return TimeTzADTPGetDatum(time);
}

static Datum
interval_of(const DsadCell *cell)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = cell->integer;
	interval->day = cell->day;
	interval->month = cell->month;
	return IntervalPGetDatum(interval);
}

static Datum
address_of(const DsadCell *cell)
{
	inet	   *address = palloc0(sizeof(inet));

	ip_family(address) = cell->bytes.length == 4 ? PGSQL_AF_INET : PGSQL_AF_INET6;
	ip_bits(address) = cell->bits;
	memcpy(ip_addr(address), cell->bytes.bytes, cell->bytes.length);
	SET_INET_VARSIZE(address);
	return InetPGetDatum(address);
}

/* Text as one of the types of that kind. */
static Datum
text_of(const DsadCell *cell, uint8 type)
{
	char	   *text = deepsad_server_text(cell->bytes);

	switch (type)
	{
		case DSAD_SAMPLE_NAME:
			return DirectFunctionCall1(namein, CStringGetDatum(text));
		case DSAD_SAMPLE_CHAR:
			return CharGetDatum(text[0]);
		case DSAD_SAMPLE_UUID:
			return DirectFunctionCall1(uuid_in, CStringGetDatum(text));
		default:
			return PointerGetDatum(cstring_to_text(text));
	}
}

/* Dimensions of an array; one channel is the same as none. */
int
deepsad_cell_sides(const DsadCell *cell)
{
	return cell->shape.channels == 0 ? 1 : cell->shape.channels == 1 ? 2 :
																	   3;
}

/* The same with how long each is. */
static int
get_sides(const DsadCell *cell, int *side)
{
	int			sides = deepsad_cell_sides(cell);
	int			at = 0;

	if (sides == 3)
		side[at++] = (int) cell->shape.channels;
	if (sides > 1)
		side[at++] = (int) cell->shape.height;
	side[at] = sides > 1 ? (int) cell->shape.width : (int) cell->count;
	return sides;
}

/* An array of floats, all of whose elements are there. */
static Datum
float_array(const DsadCell *cell, Oid element)
{
	Size		width = element == FLOAT4OID ? sizeof(float4) : sizeof(float8);
	int			side[3];
	int			sides = get_sides(cell, side);
	Size		size = ARR_OVERHEAD_NONULLS(sides) + cell->count * width;
	ArrayType  *array = palloc0(size);
	char	   *at;

	SET_VARSIZE(array, size);
	array->ndim = sides;
	array->elemtype = element;
	for (int i = 0; i < sides; i++)
	{
		ARR_DIMS(array)
		[i] = side[i];
		ARR_LBOUND(array)
		[i] = 1;
	}
	at = ARR_DATA_PTR(array);
	for (uint32 i = 0; i < cell->count; i++, at += width)
	{
		float8		number = dsad_cell_element(cell, i);
		float4		single = (float4) number;

		memcpy(at, width == sizeof(float4) ? (void *) &single : (void *) &number, width);
	}
	return PointerGetDatum(array);
}

/* One element of an array of integers or numerics. */
static Datum
element_of(double number, uint8 type)
{
	switch (deepsad_content_element(type))
	{
		case INT2OID:
			if (!(number >= PG_INT16_MIN && number <= PG_INT16_MAX))
				out_of_range(type);
			return Int16GetDatum((int16) number);
		case INT4OID:
			if (!(number >= PG_INT32_MIN && number <= PG_INT32_MAX))
				out_of_range(type);
			return Int32GetDatum((int32) number);
		case INT8OID:
			/* the largest one reads as a double beyond it */
			if (number == 9223372036854775808.0)
				return Int64GetDatum(PG_INT64_MAX);
			if (!(number >= -9223372036854775808.0 && number < 9223372036854775808.0))
				out_of_range(type);
			return Int64GetDatum((int64) number);
		default:
			return numeric_of(number);
	}
}

static Datum
array_of(const DsadCell *cell, uint8 type)
{
	Oid			element = deepsad_content_element(type);
	int			lower[3] = {1, 1, 1};
	int			side[3];
	int			sides = get_sides(cell, side);
	Datum	   *values;
	bool	   *nulls;
	int16		length;
	bool		by_value;
	char		align;

	if (element == FLOAT4OID || element == FLOAT8OID)
		return float_array(cell, element);
	values = palloc(sizeof(Datum) * cell->count);
	nulls = palloc(sizeof(bool) * cell->count);
	for (uint32 i = 0; i < cell->count; i++)
	{
		double		number = dsad_cell_element(cell, i);

		nulls[i] = isnan(number);
		values[i] = nulls[i] ? (Datum) 0 : element_of(number, type);
	}
	get_typlenbyvalalign(element, &length, &by_value, &align);
	return PointerGetDatum(construct_md_array(values, nulls, sides, side, lower, element, length, by_value, align));
}

/* A cell as a value of its column's type, in the current context. */
Datum
deepsad_cell_datum(const DsadCell *cell, uint8 type)
{
	switch (type)
	{
		case DSAD_SAMPLE_INT2:
			return Int16GetDatum((int16) integer_of(cell, type, PG_INT16_MIN, PG_INT16_MAX));
		case DSAD_SAMPLE_INT4:
			return Int32GetDatum((int32) integer_of(cell, type, PG_INT32_MIN, PG_INT32_MAX));
		case DSAD_SAMPLE_INT8:
			return Int64GetDatum(integer_of(cell, type, PG_INT64_MIN, PG_INT64_MAX));
		case DSAD_SAMPLE_NUMERIC:
			return cell->tag == DSAD_CELL_INTEGER ? DirectFunctionCall1(int8_numeric, Int64GetDatum(cell->integer)) :
													numeric_of(cell->number);
		case DSAD_SAMPLE_FLOAT4:
			return Float4GetDatum((float4) number_of(cell));
		case DSAD_SAMPLE_FLOAT8:
			return Float8GetDatum(number_of(cell));
		case DSAD_SAMPLE_BOOLEAN:
			return BoolGetDatum(cell->tag == DSAD_CELL_TRUE);
		case DSAD_SAMPLE_TIMESTAMP:
		case DSAD_SAMPLE_TIMESTAMPTZ:
			return timestamp_of(cell, type);
		case DSAD_SAMPLE_DATE:
			return date_of(cell, type);
		case DSAD_SAMPLE_TIME:
			return TimeADTGetDatum(integer_of(cell, type, 0, USECS_PER_DAY));
		case DSAD_SAMPLE_TIMETZ:
			return timetz_of(integer_of(cell, type, 0, USECS_PER_DAY));
		case DSAD_SAMPLE_INTERVAL:
			return interval_of(cell);
		case DSAD_SAMPLE_INET:
		case DSAD_SAMPLE_CIDR:
			return address_of(cell);
		default:
			return type >= DSAD_SAMPLE_INT2_ARRAY ? array_of(cell, type) : text_of(cell, type);
	}
}

/* Whether column a of a set comes before b. */
static bool
column_before(const DsadSampleView *view, int a, int b)
{
	return view->column[a].position != view->column[b].position ?
			   view->column[a].position < view->column[b].position :
			   a < b;
}

/* Finds out how the rows of a set look, in the current context. */
void
deepsad_row_form(DeepsadRowForm *form, const DsadSampleView *view)
{
	int			count = (int) view->columns;

	memset(form, 0, sizeof(*form));
	form->columns = count;
	form->column = palloc((count + 1) * sizeof(int));
	form->attribute = palloc((count + 1) * sizeof(int));
	form->values = palloc0((count + 1) * sizeof(Datum));
	form->nulls = palloc0((count + 1) * sizeof(bool));
	for (int c = 0; c < count; c++)
	{
		int			i = c;

		for (; i > 0 && column_before(view, c, form->column[i - 1]); i--)
			form->column[i] = form->column[i - 1];
		form->column[i] = c;
	}
	for (int i = 0; i < count; i++)
		form->attribute[form->column[i]] = i;
	if (count == 1 && view->column[0].name.length == 0)
		return;
	form->desc = CreateTemplateTupleDesc(count);
	for (int i = 0; i < count; i++)
		TupleDescInitEntry(form->desc, (AttrNumber) (i + 1), deepsad_server_text(view->column[form->column[i]].name),
						   deepsad_content_oid(view->column[form->column[i]].type), -1, 0);
}

/* The values of an entry, in the current context. */
void
deepsad_row_values(DeepsadRowForm *form, const DsadSampleView *view, DsadBytes content)
{
	const uint8 *at = (const uint8 *) content.bytes;
	const uint8 *end = at + content.length;

	for (int i = 0; i < form->columns; i++)
		form->nulls[i] = true;
	while (at < end)
	{
		int			c = at[0] | at[1] << 8;
		DsadCell	cell;

		at += 2 + dsad_cell_read(at + 2, (Size) (end - at) - 2, &cell);
		form->values[form->attribute[c]] = deepsad_cell_datum(&cell, view->column[c].type);
		form->nulls[form->attribute[c]] = false;
	}
}

/* The same, ready to make values of; their type, which is that of rows or of arrays. */
Oid
deepsad_row_form_type(DeepsadRowForm *form, const DsadSampleView *view)
{
	deepsad_row_form(form, view);
	if (form->desc == NULL)
		return deepsad_content_oid(view->column[0].type);
	BlessTupleDesc(form->desc);
	return RECORDOID;
}

/* An entry as a value of that type, in the current context. */
Datum
deepsad_row_datum(DeepsadRowForm *form, const DsadSampleView *view, DsadBytes content)
{
	deepsad_row_values(form, view, content);
	return form->desc ? HeapTupleGetDatum(heap_form_tuple(form->desc, form->values, form->nulls)) : form->values[0];
}
