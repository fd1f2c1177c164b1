/*
 * sample_reading.c
 *	  SQL rows as entries of a training set.
 *
 * What a row is, its value itself tells: the call expression cannot be asked where another
 * aggregate calls us.  How rows of a type are read is found out once in a transaction, not for
 * each group: what is found out lies in a few slots, and a group knows its slot.  A slot is forgotten when
 * casts or functions change.
 */
#include "pg/pg_compat.h"

#include "access/htup_details.h"
#include "storage/proc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "pg/core_env.h"
#include "rows/row_content.h"
#include "sample/sample_options.h"
#include "sample/sample_reading.h"
#include "sample/sample_type.h"

#define SLOTS 8

/* How rows of one type are read under certain options. */
typedef struct Reading
{
	MemoryContext context;
	Oid			type;			/* of the rows, or of an array's elements */
	int32		typmod;			/* of rows */
	uint64		identifier;		/* of rows; 0: they are arrays */
	Jsonb	   *options;
	bool		calls;			/* casts are called, and they may come back here */
	bool		busy;			/* with a row whose casts are being called */
	DeepsadContent content;
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

/* SyscacheCallbackFunction: a cast, or its function, may not be what it was.  Whoever reads a row goes on with it. */
static void
forget_readings(Datum arg, int cache, uint32 hash)
{
	for (int i = 0; i < SLOTS; i++)
		slots[i].serial = 0;
}

/* Asks for the callback once in the life of this backend. */
static void
watch_casts(void)
{
	static bool watching = false;

	if (watching)
		return;
	CacheRegisterSyscacheCallback(CASTSOURCETARGET, forget_readings, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, forget_readings, (Datum) 0);
	watching = true;
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
	return reading;
}

/* Finds out what the columns of a row type are. */
static void
describe_row(Reading *reading)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(reading->type, reading->typmod);
	char	  **names;
	int			count = 0;

	deepsad_content_begin_row(&reading->content, reading->context, desc, false);
	ReleaseTupleDesc(desc);
	desc = reading->content.desc;
	names = palloc((desc->natts + 1) * sizeof(char *));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped)
			continue;
		names[count++] = NameStr(attribute->attname);
		if (deepsad_sample_takes(reading->options, NameStr(attribute->attname)))
			deepsad_content_add(&reading->content, i, count);
	}
	deepsad_sample_check_names(reading->options, names, count);
	if (reading->content.columns == 0)
		ereport(ERROR,
				(errcode(count == 0 ? ERRCODE_DATATYPE_MISMATCH : ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(count == 0 ? "features row has no columns" : "no column is left for the training set")));
}

/* Whether a slot has a reading of this transaction. */
static bool
is_taken(int slot)
{
	return slots[slot].serial != 0 && slots[slot].transaction == DEEPSAD_LOCAL_TRANSACTION;
}

/* A slot for a new reading: the next whose reading is at nobody's work gives way. */
static int
free_slot(void)
{
	static int	next = 0;

	for (int i = 0; i < SLOTS; i++)
	{
		next = (next + 1) % SLOTS;
		if (is_taken(next) && slots[next].reading->busy)
			continue;
		if (is_taken(next))
			MemoryContextDelete(slots[next].reading->context);
		slots[next].serial = 0;
		return next;
	}
	ereport(ERROR,
			(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
			 errmsg("casts of rows call deepsad_sample to a depth of more than %d", SLOTS)));
}

/* The slot with a reading for these rows, which is made if there is none. */
static int
find_slot(Oid type, int32 typmod, uint64 identifier, const Jsonb *options)
{
	Reading    *reading;
	MemoryContext old;
	int			slot;

	for (int i = 0; i < SLOTS; i++)
	{
		reading = slots[i].reading;
		if (is_taken(i) && !reading->busy && reading->type == type && reading->typmod == typmod &&
			reading->identifier == identifier && same_options(reading->options, options))
			return i;
	}
	watch_casts();
	reading = create_reading(type, typmod, identifier, options);
	old = MemoryContextSwitchTo(reading->context);
	if (identifier != 0)
		describe_row(reading);
	else
	{
		if (options)
			deepsad_sample_check_names(reading->options, NULL, 0);
		deepsad_content_begin_array(&reading->content, reading->context, type);
	}
	MemoryContextSwitchTo(old);
	for (int c = 0; c < reading->content.columns; c++)
		reading->calls |= deepsad_value_calls(&reading->content.column[c].reader);
	slot = free_slot();
	MemoryContextSetParent(reading->context, TopTransactionContext);
	slots[slot].transaction = DEEPSAD_LOCAL_TRANSACTION;
	slots[slot].reading = reading;
	slots[slot].serial = ++last_serial;
	return slot;
}

/* How a row of this type is read; its columns are the set's afterwards. */
static Reading *
get_reading(DeepsadSample *state, Oid type, int32 typmod, uint64 identifier)
{
	Reading    *reading = slots[state->reading].reading;
	DsadError	error;

	if (likely(state->reading_serial != 0 && slots[state->reading].serial == state->reading_serial &&
			   slots[state->reading].transaction == DEEPSAD_LOCAL_TRANSACTION && !reading->busy &&
			   reading->type == type && reading->typmod == typmod && reading->identifier == identifier))
		return reading;
	state->reading_serial = 0;
	state->reading = find_slot(type, typmod, identifier, state->options);
	reading = slots[state->reading].reading;
	if (state->number)
		pfree(state->number);
	state->number = NULL;
	state->number = MemoryContextAlloc(state->header.eoh_context, (reading->content.columns + 1) * sizeof(uint16));
	deepsad_check(dsad_sample_columns(&state->sample, reading->content.described, (uint32) reading->content.columns,
									  state->number, &error),
				  &error);
	state->reading_serial = slots[state->reading].serial;
	return reading;
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
	deepsad_content_deform(&reading->content, header);
	return reading;
}

/* Makes an entry of the values that the content has now. */
static void
read_values(DeepsadSample *state, DeepsadContent *content, Datum features, bool is_array, const DsadBytes *key,
			DsadSampleRow *row)
{
	uint64		h = dsad_hash_seed(state->sample.seed);
	Size		used = 0;
	DsadError	error;

	for (int c = 0; c < content->columns; c++)
	{
		DeepsadContentColumn *column = &content->column[c];
		Size		length;
		uint8	   *at;

		if (!is_array && content->nulls[column->index])
			continue;
		length = deepsad_content_cell(content, column, used + 2, is_array ? features : content->values[column->index]);
		at = content->bytes + used;
		if (column->type >= DSAD_SAMPLE_INT2_ARRAY)
			deepsad_check(dsad_sample_array(&state->sample, state->number[c], at + 2, length, &error), &error);
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
	row->content = (DsadBytes) {(const char *) content->bytes, (uint32) used};
}

/* The same where casts are called, which may collect training sets themselves: not with this reading. */
static pg_noinline void
read_values_busy(DeepsadSample *state, Reading *reading, Datum features, bool is_array, const DsadBytes *key,
				 DsadSampleRow *row)
{
	reading->busy = true;
	PG_TRY();
	{
		read_values(state, &reading->content, features, is_array, key, row);
	}
	PG_FINALLY();
	{
		reading->busy = false;
	}
	PG_END_TRY();
}

/*
 * Reads features that are not NULL: a numeric array, or a row.  key is NULL when the content is the key.  The
 * entry is valid until the next call; its label and count are not set.
 */
void
deepsad_sample_read(DeepsadSample *state, Datum features, bool is_array, const DsadBytes *key, DsadSampleRow *row)
{
	Reading    *reading = open_features(state, features, is_array);

	if (reading->calls)
		read_values_busy(state, reading, features, is_array, key, row);
	else
		read_values(state, &reading->content, features, is_array, key, row);
}
