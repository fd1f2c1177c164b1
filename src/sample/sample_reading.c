/*
 * sample_reading.c
 *	  SQL rows as entries of a training set.
 *
 * What a row is, its value itself tells: the call expression cannot be asked where another
 * aggregate calls us.  How rows of a type are read is found out once in a transaction, not for
 * each group: what is found out lies in a few slots, and a group knows its slot.
 */
#include "pg/pg_compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/inet.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "pg/core_env.h"
#include "rows/value_reader.h"
#include "sample/sample_options.h"
#include "sample/sample_reading.h"
#include "sample/sample_type.h"

#define SLOTS 8
#define FIRST_ROOM 512

typedef struct ReadColumn
{
	int			index;			/* in the row */
	uint8		type;			/* DsadSampleType */
	FmgrInfo   *output;			/* of an enum */
	DeepsadValueReader reader;
	uint64		hash;			/* of the name */
} ReadColumn;

/* How rows of one type are read under certain options. */
typedef struct Reading
{
	MemoryContext context;
	Oid			type;			/* of the rows, or of an array's elements */
	int32		typmod;			/* of rows */
	uint64		identifier;		/* of rows; 0: they are arrays */
	Jsonb	   *options;
	TupleDesc	desc;
	int			columns;
	ReadColumn *column;			/* in the order of their names' bytes */
	DsadSampleColumn *described;	/* the same */
	Datum	   *values;
	bool	   *nulls;
	uint8	   *content;		/* of the last row */
	Size		room;
} Reading;

/* Readings live as long as their transaction. */
static struct
{
	LocalTransactionId transaction;
	uint64		serial;			/* 0 = none */
	Reading    *reading;
} slots[SLOTS];
static uint64 last_serial = 0;

static bool
same_options(const Jsonb *a, const Jsonb *b)
{
	return a == b || (a && b && VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0);
}

/* An empty reading, still in the current context. */
static Reading *
create_reading(Oid type, int32 typmod, uint64 identifier, const Jsonb *options)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "deepsad reading", ALLOCSET_SMALL_SIZES);
	Reading    *reading = MemoryContextAllocZero(context, sizeof(Reading));

	reading->context = context;
	reading->type = type;
	reading->typmod = typmod;
	reading->identifier = identifier;
	if (options)
	{
		reading->options = MemoryContextAlloc(context, VARSIZE(options));
		memcpy(reading->options, options, VARSIZE(options));
	}
	reading->room = FIRST_ROOM;
	reading->content = MemoryContextAlloc(context, FIRST_ROOM);
	return reading;
}

/* Raises the error of a column that cannot be read. */
static void
unsupported(const char *name, Oid type)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of the features row is of type %s, which is not supported", name, format_type_be(type)),
			 errhint("Cast it in the query, or leave it out: option \"columns\".")));
}

/* Describes a column; position among the row's columns. */
static void
describe(Reading *reading, Form_pg_attribute attribute, int index, int position)
{
	ReadColumn	column = {.index = index};
	DsadSampleColumn described = {.position = (uint16) position};
	char	   *name = pstrdup(NameStr(attribute->attname));
	DeepsadRefusal why;
	int			at = reading->columns;

	described.name = deepsad_utf8(name, strlen(name));
	if (type_is_enum(getBaseType(attribute->atttypid)))
	{
		Oid			function;
		bool		is_varlena;

		getTypeOutputInfo(getBaseType(attribute->atttypid), &function, &is_varlena);
		column.output = palloc(sizeof(FmgrInfo));
		fmgr_info_cxt(function, column.output, reading->context);
		column.type = DSAD_SAMPLE_TEXT;
	}
	else if (!deepsad_value_resolve(&column.reader, attribute->atttypid, reading->context, &why))
		unsupported(name, attribute->atttypid);
	else
		column.type = deepsad_sample_type(&column.reader);
	described.type = column.type;
	column.hash = described.hash = dsad_sample_column_hash(described.name);
	for (; at > 0 && dsad_bytes_compare(described.name, reading->described[at - 1].name) < 0; at--)
	{
		reading->column[at] = reading->column[at - 1];
		reading->described[at] = reading->described[at - 1];
	}
	if (at > 0 && dsad_bytes_compare(described.name, reading->described[at - 1].name) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("features row has two columns \"%s\"", name),
				 errhint("Rename one of them in a subquery.")));
	reading->column[at] = column;
	reading->described[at] = described;
	reading->columns++;
}

/* Finds out what the columns of a row type are. */
static void
describe_row(Reading *reading)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(reading->type, reading->typmod);
	char	  **names;
	int			count = 0;

	reading->desc = CreateTupleDescCopy(desc);
	ReleaseTupleDesc(desc);
	desc = reading->desc;
	reading->column = palloc0((desc->natts + 1) * sizeof(ReadColumn));
	reading->described = palloc0((desc->natts + 1) * sizeof(DsadSampleColumn));
	reading->values = palloc((desc->natts + 1) * sizeof(Datum));
	reading->nulls = palloc((desc->natts + 1) * sizeof(bool));
	names = palloc((desc->natts + 1) * sizeof(char *));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped)
			continue;
		names[count++] = NameStr(attribute->attname);
		if (deepsad_sample_takes(reading->options, NameStr(attribute->attname)))
			describe(reading, attribute, i, count);
	}
	deepsad_sample_check_names(reading->options, names, count);
	if (reading->columns == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg(count == 0 ? "features row has no columns" : "no column is left for the training set")));
}

/* Finds out how arrays of elements of the reading's type are read. */
static void
describe_array(Reading *reading)
{
	Oid			array = get_array_type(reading->type);
	DeepsadRefusal why;

	if (reading->options)
		deepsad_sample_check_names(reading->options, NULL, 0);
	reading->column = palloc0(sizeof(ReadColumn));
	reading->described = palloc0(sizeof(DsadSampleColumn));
	reading->columns = 1;
	if (!OidIsValid(array) || !deepsad_value_resolve(&reading->column->reader, array, reading->context, &why))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("features of type %s[] are not supported", format_type_be(reading->type)),
				 errhint("Give a row, or a numeric array.")));
	reading->described->name.bytes = "";
	reading->described->type = reading->column->type = deepsad_sample_type(&reading->column->reader);
	reading->column->hash = reading->described->hash = dsad_sample_column_hash(reading->described->name);
}

/* The slot with a reading for these rows, which is made if there is none. */
static int
find_slot(Oid type, int32 typmod, uint64 identifier, const Jsonb *options)
{
	static int	next = 0;
	LocalTransactionId transaction = DEEPSAD_LOCAL_TRANSACTION;
	Reading    *reading;
	MemoryContext old;

	for (int i = 0; i < SLOTS; i++)
	{
		reading = slots[i].reading;
		if (slots[i].serial != 0 && slots[i].transaction == transaction && reading->type == type &&
			reading->typmod == typmod && reading->identifier == identifier && same_options(reading->options, options))
			return i;
	}
	reading = create_reading(type, typmod, identifier, options);
	old = MemoryContextSwitchTo(reading->context);
	if (identifier != 0)
		describe_row(reading);
	else
		describe_array(reading);
	MemoryContextSwitchTo(old);
	next = (next + 1) % SLOTS;
	if (slots[next].serial != 0 && slots[next].transaction == transaction)
		MemoryContextDelete(slots[next].reading->context);
	slots[next].serial = 0;
	MemoryContextSetParent(reading->context, TopTransactionContext);
	slots[next].transaction = transaction;
	slots[next].reading = reading;
	slots[next].serial = ++last_serial;
	return next;
}

/* How a row of this type is read; its columns are the set's afterwards. */
static Reading *
get_reading(DeepsadSample *state, Oid type, int32 typmod, uint64 identifier)
{
	Reading    *reading = slots[state->reading].reading;
	DsadError	error;

	if (likely(state->reading_serial != 0 && slots[state->reading].serial == state->reading_serial &&
			   slots[state->reading].transaction == DEEPSAD_LOCAL_TRANSACTION && reading->type == type &&
			   reading->typmod == typmod && reading->identifier == identifier))
		return reading;
	state->reading_serial = 0;
	state->reading = find_slot(type, typmod, identifier, state->options);
	reading = slots[state->reading].reading;
	if (state->number)
		pfree(state->number);
	state->number = NULL;
	state->number = MemoryContextAlloc(state->header.eoh_context, (reading->columns + 1) * sizeof(uint16));
	deepsad_check(dsad_sample_columns(&state->sample, reading->described, (uint32) reading->columns, state->number,
									  &error),
				  &error);
	state->reading_serial = slots[state->reading].serial;
	return reading;
}

/* Makes room for so many bytes behind `used` ones. */
static uint8 *
reserve(Reading *reading, Size used, Size more)
{
	if (reading->room < used + more)
	{
		Size		room = Max(reading->room * 2, used + more);

		reading->content = repalloc_huge(reading->content, room);
		reading->room = room;
	}
	return reading->content + used;
}

/* Writes an array; its length in bytes. */
static Size
put_array(Reading *reading, ReadColumn *column, Size used, Datum datum)
{
	DsadRows	row;
	uint32		count = 0;
	DsadShape	shape;
	int			dimensions = deepsad_value_array(&column->reader, datum, &row, &count, &shape);
	const char *name = reading->desc ? NameStr(TupleDescAttr(reading->desc, column->index)->attname) : NULL;

	if (dimensions != 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 name && dimensions == 0 ? errmsg("array in column \"%s\" is empty", name) :
				 name					 ? errmsg("array in column \"%s\" has %d dimensions, must have 1", name, dimensions) :
				 dimensions == 0		 ? errmsg("features array is empty") :
										   errmsg("features array has %d dimensions, must have 1", dimensions),
				 dimensions > 0 ? errhint("A training set holds no pictures: train on the rows themselves.") : 0));
	return dsad_cell_array(reserve(reading, used, DSAD_CELL_ROOM + sizeof(double) * (Size) count), &row, count);
}

/* Writes text, or what is text to us. */
static Size
put_text(Reading *reading, ReadColumn *column, Size used, Datum datum)
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
	return dsad_cell_text(reserve(reading, used, DSAD_CELL_ROOM + text.length), text);
}

/* Writes a value's cell behind `used` bytes; its length. */
static Size
put_cell(Reading *reading, ReadColumn *column, Size used, Datum datum)
{
	uint8	   *at = reserve(reading, used, DSAD_CELL_ROOM);

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
			return column->type >= DSAD_SAMPLE_INT2_ARRAY ? put_array(reading, column, used, datum) :
															put_text(reading, column, used, datum);
	}
}

/* Reads the values of a row. */
static void
deform(Reading *reading, HeapTupleHeader header)
{
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, reading->desc, reading->values, reading->nulls);
}

/* The reading of a row or array, with its values. */
static Reading *
open_features(DeepsadSample *state, Datum features, bool is_array)
{
	HeapTupleHeader header;
	Reading    *reading;
	Oid			type;
	int32		typmod;

	if (is_array)
		return get_reading(state, deepsad_array_element_type(features), -1, 0);
	header = DatumGetHeapTupleHeader(features);
	type = HeapTupleHeaderGetTypeId(header);
	typmod = HeapTupleHeaderGetTypMod(header);
	reading = get_reading(state, type, typmod, assign_record_type_identifier(type, typmod));
	deform(reading, header);
	return reading;
}

/*
 * Reads features that are not NULL: a numeric array, or a row.  key is NULL when the content is the key.  The
 * entry is valid until the next call; its label and count are not set.
 */
void
deepsad_sample_read(DeepsadSample *state, Datum features, bool is_array, const DsadBytes *key, DsadSampleRow *row)
{
	Reading    *reading = open_features(state, features, is_array);
	uint64		h = dsad_hash_seed(state->sample.seed);
	Size		used = 0;

	for (int c = 0; c < reading->columns; c++)
	{
		ReadColumn *column = &reading->column[c];
		Size		length;
		uint8	   *at;

		if (!is_array && reading->nulls[column->index])
			continue;
		length = put_cell(reading, column, used + 2, is_array ? features : reading->values[column->index]);
		at = reading->content + used;
		at[0] = (uint8) state->number[c];
		at[1] = (uint8) (state->number[c] >> 8);
		if (key == NULL)
			h = dsad_hash_bytes(dsad_hash_step(h, column->hash), at + 2, length);
		used += 2 + length;
		if (used > DSAD_SAMPLE_MAX_BYTES)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("row takes more than %llu bytes", (unsigned long long) DSAD_SAMPLE_MAX_BYTES),
					 errhint("Leave large columns out with option \"columns\".")));
	}
	row->key = key ? *key : (DsadBytes) {"", 0};
	if (key)
		h = dsad_hash_bytes(h, (const uint8 *) key->bytes, key->length);
	row->hash = dsad_hash_priority(h);
	row->content = (DsadBytes) {(const char *) reading->content, (uint32) used};
}
