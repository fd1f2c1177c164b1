/*
 * row_content.c
 *	  SQL rows as bytes that are the same for equal rows: of each column that is not NULL
 *	  a cell of the core's.
 */
#include "pg/pg_compat.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/inet.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "rows/row_content.h"

#define FIRST_ROOM 512

static const struct
{
	Oid			oid;
	Oid			element;		/* of an array */
} types[DSAD_SAMPLE_TYPES] = {
	[DSAD_SAMPLE_INT2] = {INT2OID, 0},
	[DSAD_SAMPLE_INT4] = {INT4OID, 0},
	[DSAD_SAMPLE_INT8] = {INT8OID, 0},
	[DSAD_SAMPLE_NUMERIC] = {NUMERICOID, 0},
	[DSAD_SAMPLE_FLOAT4] = {FLOAT4OID, 0},
	[DSAD_SAMPLE_FLOAT8] = {FLOAT8OID, 0},
	[DSAD_SAMPLE_BOOLEAN] = {BOOLOID, 0},
	[DSAD_SAMPLE_TEXT] = {TEXTOID, 0},
	[DSAD_SAMPLE_VARCHAR] = {VARCHAROID, 0},
	[DSAD_SAMPLE_BPCHAR] = {BPCHAROID, 0},
	[DSAD_SAMPLE_NAME] = {NAMEOID, 0},
	[DSAD_SAMPLE_CHAR] = {CHAROID, 0},
	[DSAD_SAMPLE_UUID] = {UUIDOID, 0},
	[DSAD_SAMPLE_TIMESTAMP] = {TIMESTAMPOID, 0},
	[DSAD_SAMPLE_TIMESTAMPTZ] = {TIMESTAMPTZOID, 0},
	[DSAD_SAMPLE_DATE] = {DATEOID, 0},
	[DSAD_SAMPLE_TIME] = {TIMEOID, 0},
	[DSAD_SAMPLE_TIMETZ] = {TIMETZOID, 0},
	[DSAD_SAMPLE_INTERVAL] = {INTERVALOID, 0},
	[DSAD_SAMPLE_INET] = {INETOID, 0},
	[DSAD_SAMPLE_CIDR] = {CIDROID, 0},
	[DSAD_SAMPLE_INT2_ARRAY] = {INT2ARRAYOID, INT2OID},
	[DSAD_SAMPLE_INT4_ARRAY] = {INT4ARRAYOID, INT4OID},
	[DSAD_SAMPLE_INT8_ARRAY] = {INT8ARRAYOID, INT8OID},
	[DSAD_SAMPLE_NUMERIC_ARRAY] = {NUMERICARRAYOID, NUMERICOID},
	[DSAD_SAMPLE_FLOAT4_ARRAY] = {FLOAT4ARRAYOID, FLOAT4OID},
	[DSAD_SAMPLE_FLOAT8_ARRAY] = {FLOAT8ARRAYOID, FLOAT8OID},
};

/* The type that values which are read so go back to. */
uint8
deepsad_content_type(const DeepsadValueReader *reader)
{
	for (uint8 type = 1; type < DSAD_SAMPLE_TYPES; type++)
		if (reader->type == DSAD_TYPE_ARRAY ? types[type].element == reader->number.type :
											  types[type].oid == reader->oid)
			return type;
	/* what we read by a cast */
	return reader->type == DSAD_TYPE_ARRAY	? DSAD_SAMPLE_FLOAT8_ARRAY :
		   reader->type == DSAD_TYPE_NUMBER ? DSAD_SAMPLE_FLOAT8 :
											  DSAD_SAMPLE_TEXT;
}

Oid
deepsad_content_oid(uint8 type)
{
	return types[type].oid;
}

/* Of an array; 0 of others. */
Oid
deepsad_content_element(uint8 type)
{
	return types[type].element;
}

/* Begins to say how rows of this type become bytes, still without columns; what that takes lives in context. */
void
deepsad_content_begin_row(DeepsadContent *content, MemoryContext context, TupleDesc desc, bool lenient)
{
	MemoryContext old = MemoryContextSwitchTo(context);

	memset(content, 0, sizeof(*content));
	content->context = context;
	content->lenient = lenient;
	content->desc = CreateTupleDescCopy(desc);
	content->column = palloc0((desc->natts + 1) * sizeof(DeepsadContentColumn));
	content->described = palloc0((desc->natts + 1) * sizeof(DsadSampleColumn));
	content->values = palloc((desc->natts + 1) * sizeof(Datum));
	content->nulls = palloc((desc->natts + 1) * sizeof(bool));
	content->room = FIRST_ROOM;
	content->bytes = palloc(FIRST_ROOM);
	MemoryContextSwitchTo(old);
}

/* Raises the error of a column that cannot be read. */
static void
unsupported(const char *name, Oid type, const DeepsadRefusal *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of the features row is of type %s, which is not supported", name,
					format_type_be(type)),
			 why->detail[0] ? errdetail("%s", why->detail) : 0,
			 errhint("Cast it in the query, or leave it out: option \"columns\".")));
}

/* Adds column number `index` of the rows' type; position among those that are not dropped. */
void
deepsad_content_add(DeepsadContent *content, int index, int position)
{
	Form_pg_attribute attribute = TupleDescAttr(content->desc, index);
	MemoryContext old = MemoryContextSwitchTo(content->context);
	DeepsadContentColumn column = {.index = index};
	DsadSampleColumn described = {.position = (uint16) position};
	char	   *name = pstrdup(NameStr(attribute->attname));
	DeepsadRefusal why;
	int			at = content->columns;

	described.name = deepsad_utf8(name, strlen(name));
	if (type_is_enum(getBaseType(attribute->atttypid)))
	{
		Oid			function;
		bool		is_varlena;

		getTypeOutputInfo(getBaseType(attribute->atttypid), &function, &is_varlena);
		column.output = palloc(sizeof(FmgrInfo));
		fmgr_info_cxt(function, column.output, content->context);
		column.type = DSAD_SAMPLE_TEXT;
	}
	else if (deepsad_value_resolve(&column.reader, attribute->atttypid, content->context, &why))
		column.type = deepsad_content_type(&column.reader);
	else
	{
		if (!content->lenient)
			unsupported(name, attribute->atttypid, &why);
		MemoryContextSwitchTo(old);
		return;
	}
	described.type = column.type;
	column.hash = described.hash = dsad_sample_column_hash(described.name);
	for (; at > 0 && dsad_bytes_compare(described.name, content->described[at - 1].name) < 0; at--)
	{
		content->column[at] = content->column[at - 1];
		content->described[at] = content->described[at - 1];
	}
	if (at > 0 && !content->lenient && dsad_bytes_compare(described.name, content->described[at - 1].name) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("features row has two columns \"%s\"", name),
				 errhint("Rename one of them in a subquery.")));
	content->column[at] = column;
	content->described[at] = described;
	content->columns++;
	MemoryContextSwitchTo(old);
}

/* Arrays of such elements instead of rows. */
void
deepsad_content_begin_array(DeepsadContent *content, MemoryContext context, Oid element)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	Oid			array = get_array_type(element);
	DeepsadRefusal why;

	memset(content, 0, sizeof(*content));
	content->context = context;
	content->column = palloc0(sizeof(DeepsadContentColumn));
	content->described = palloc0(sizeof(DsadSampleColumn));
	content->columns = 1;
	content->room = FIRST_ROOM;
	content->bytes = palloc(FIRST_ROOM);
	if (!OidIsValid(array) || !deepsad_value_resolve(&content->column->reader, array, context, &why))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("features of type %s[] are not supported", format_type_be(element)),
				 errhint("Give a row, or a numeric array.")));
	content->described->name.bytes = "";
	content->described->type = content->column->type = deepsad_content_type(&content->column->reader);
	content->column->hash = content->described->hash = dsad_sample_column_hash(content->described->name);
	MemoryContextSwitchTo(old);
}

/* Reads the values of a row. */
void
deepsad_content_deform(DeepsadContent *content, HeapTupleHeader header)
{
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, content->desc, content->values, content->nulls);
}

/* Makes room for so many bytes behind `used` ones. */
static uint8 *
reserve(DeepsadContent *content, Size used, Size more)
{
	if (content->room < used + more)
	{
		Size		room = Max(content->room * 2, used + more);

		content->bytes = repalloc_huge(content->bytes, room);
		content->room = room;
	}
	return content->bytes + used;
}

/* Raises the error of an array that is empty, or has too many dimensions. */
static void
unsupported_array(const char *column, int dimensions)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
			 column && dimensions == 0 ? errmsg("array in column \"%s\" is empty", column) :
			 column					   ? errmsg("array in column \"%s\" has %d dimensions, can have 1 to 3", column,
												dimensions) :
			 dimensions == 0		   ? errmsg("features array is empty") :
										 errmsg("features array has %d dimensions, can have 1 to 3", dimensions)));
}

/* Writes an array; its length in bytes. */
static Size
put_array(DeepsadContent *content, DeepsadContentColumn *column, Size used, Datum datum)
{
	DsadRows	row;
	uint32		count = 0;
	DsadShape	shape;
	int			dimensions = deepsad_value_array(&column->reader, datum, &row, &count, &shape);
	const char *name = content->desc ? NameStr(TupleDescAttr(content->desc, column->index)->attname) : NULL;

	uint8	   *at;

	if (unlikely(dimensions == 0 || dimensions > 3))
	{
		if (!content->lenient)
			unsupported_array(name, dimensions);
		return 0;
	}
	at = reserve(content, used, DSAD_CELL_ROOM + sizeof(double) * (Size) count);
	return dimensions == 1 ? dsad_cell_array(at, &row, count) : dsad_cell_picture(at, &row, count, shape);
}

/* Writes text, or what is text to us. */
static Size
put_text(DeepsadContent *content, DeepsadContentColumn *column, Size used, Datum datum)
{
	char		buffer[DEEPSAD_VALUE_TEXT];
	DsadBytes	text;

	if (column->output)
	{
		char	   *label = OutputFunctionCall(column->output, datum);

		text = deepsad_utf8(label, strlen(label));
	}
	else
		text = deepsad_value_category(&column->reader, 0, datum, buffer);
	return dsad_cell_text(reserve(content, used, DSAD_CELL_ROOM + text.length), text);
}

/* Writes a value's cell behind `used` of content->bytes; its length, 0 when it cannot be read. */
Size
deepsad_content_cell(DeepsadContent *content, DeepsadContentColumn *column, Size used, Datum datum)
{
	uint8	   *at = reserve(content, used, DSAD_CELL_ROOM);

	switch (column->type)
	{
		case DSAD_SAMPLE_INT2:
			return dsad_cell_integer(at, DatumGetInt16(datum));
		case DSAD_SAMPLE_INT4:
			return dsad_cell_integer(at, DatumGetInt32(datum));
		case DSAD_SAMPLE_INT8:
			return dsad_cell_integer(at, DatumGetInt64(datum));
		case DSAD_SAMPLE_NUMERIC:
		case DSAD_SAMPLE_FLOAT4:
		case DSAD_SAMPLE_FLOAT8:
			return dsad_cell_number(at, deepsad_value_number(&column->reader, datum));
		case DSAD_SAMPLE_BOOLEAN:
			return dsad_cell_boolean(at, DatumGetBool(datum));
		case DSAD_SAMPLE_TIMESTAMP:
		case DSAD_SAMPLE_TIMESTAMPTZ:
			return dsad_cell_integer(at, DatumGetTimestamp(datum));
		case DSAD_SAMPLE_DATE:
			return dsad_cell_integer(at, DatumGetDateADT(datum));
		case DSAD_SAMPLE_TIME:
		case DSAD_SAMPLE_TIMETZ:
			return dsad_cell_integer(at, (int64) deepsad_value_number(&column->reader, datum));
		case DSAD_SAMPLE_INTERVAL:
			return dsad_cell_interval(at, DatumGetIntervalP(datum)->time, DatumGetIntervalP(datum)->day,
									  DatumGetIntervalP(datum)->month);
		case DSAD_SAMPLE_INET:
		case DSAD_SAMPLE_CIDR:
		{
			const inet *address = DatumGetInetPP(datum);

			return dsad_cell_address(at, (const uint8 *) ip_addr(address),
									 ip_family(address) == PGSQL_AF_INET ? 4 : 16, (uint8) ip_bits(address));
		}
		default:
			return column->type >= DSAD_SAMPLE_INT2_ARRAY ? put_array(content, column, used, datum) :
															put_text(content, column, used, datum);
	}
}
