/*
 * row_hash.c
 *	  Hashes of rows' content, for digests: the priority that a training set without keys
 *	  would give the row under seed 0.
 *
 * All columns count that a training set can hold, whatever the training makes of them.  The type of
 * rows is looked up once, as long as the next row has the same one.
 */
#include "pg/pg_compat.h"

#include "utils/memutils.h"
#include "utils/typcache.h"

#include "core/sample/sample_hash.h"
#include "rows/row_hash.h"

struct DeepsadRowHash
{
	MemoryContext context;
	MemoryContext row_context;	/* of content */
	Oid			type;			/* of the last row */
	int32		typmod;
	uint64		identifier;
	bool		resolved;		/* content is for such rows */
	DeepsadContent content;
	uint64		array_name;		/* what the one column of arrays adds */
	uint8	   *bytes;			/* of the last array */
	Size		room;
};

/* For rows of any type; lives in context. */
DeepsadRowHash *
deepsad_row_hash_create(MemoryContext context)
{
	DeepsadRowHash *hash = MemoryContextAllocZero(context, sizeof(DeepsadRowHash));

	hash->context = context;
	hash->array_name = dsad_sample_column_hash((DsadBytes) {"", 0});
	return hash;
}

/* The hash of a numeric array of that shape. */
uint64
deepsad_row_hash_array(DeepsadRowHash *hash, const DsadRows *row, uint32 count, DsadShape shape)
{
	Size		room = DSAD_CELL_ROOM + sizeof(double) * (Size) count;
	Size		length;

	if (hash->room < room)
	{
		if (hash->bytes)
			pfree(hash->bytes);
		hash->bytes = NULL;
		hash->room = 0;
		hash->bytes = MemoryContextAlloc(hash->context, room);
		hash->room = room;
	}
	length = shape.channels > 0 ? dsad_cell_picture(hash->bytes, row, count, shape) :
								  dsad_cell_array(hash->bytes, row, count);
	return dsad_hash_priority(dsad_hash_bytes(dsad_hash_step(dsad_hash_seed(0), hash->array_name), hash->bytes,
											  length));
}

/* Looks up how rows of desc are read. */
static void
resolve(DeepsadRowHash *hash, TupleDesc desc)
{
	int			position = 0;

	hash->resolved = false;
	if (hash->row_context == NULL)
		hash->row_context = AllocSetContextCreate(hash->context, "deepsad row hash", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(hash->row_context);
	deepsad_content_begin_row(&hash->content, hash->row_context, desc, true);
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			deepsad_content_add(&hash->content, i, ++position);
}

/* The hash of the values that the content has now. */
static uint64
hash_values(DeepsadContent *content)
{
	uint64		h = dsad_hash_seed(0);

	for (int c = 0; c < content->columns; c++)
	{
		DeepsadContentColumn *column = &content->column[c];
		Size		length = content->nulls[column->index] ? 0 :
															 deepsad_content_cell(content, column, 0,
																				  content->values[column->index]);

		if (length > 0)
			h = dsad_hash_bytes(dsad_hash_step(h, column->hash), content->bytes, length);
	}
	return dsad_hash_priority(h);
}

/* The hash of a row value. */
uint64
deepsad_row_hash_record(DeepsadRowHash *hash, Datum record)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(record);
	Oid			type = HeapTupleHeaderGetTypeId(header);
	int32		typmod = HeapTupleHeaderGetTypMod(header);
	uint64		identifier = assign_record_type_identifier(type, typmod);

	if (unlikely(!hash->resolved || hash->type != type || hash->typmod != typmod || hash->identifier != identifier))
	{
		TupleDesc	desc = lookup_rowtype_tupdesc(type, typmod);

		resolve(hash, desc);
		ReleaseTupleDesc(desc);
		hash->type = type;
		hash->typmod = typmod;
		hash->identifier = identifier;
		hash->resolved = true;
	}
	deepsad_content_deform(&hash->content, header);
	return hash_values(&hash->content);
}

/* The hash of values that are given one by one, as the columns of desc, which is the same for all rows. */
uint64
deepsad_row_hash_columns(DeepsadRowHash *hash, TupleDesc desc, const NullableDatum *value)
{
	if (unlikely(!hash->resolved))
	{
		resolve(hash, desc);
		hash->resolved = true;
	}
	for (int i = 0; i < desc->natts; i++)
	{
		hash->content.values[i] = value[i].value;
		hash->content.nulls[i] = value[i].isnull;
	}
	return hash_values(&hash->content);
}
