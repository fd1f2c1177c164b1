/*
 * rowstore.c
 *	  Training rows in memory, within maintenance_work_mem for all stores that
 *	  are alive in this backend.
 *
 * Rows lie in chunks whose capacity doubles until a chunk is large: thousands of
 * small groups stay small, and a large table is never copied to grow.
 */
#include "pg_compat.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "rowstore.h"

#define FIRST_CHUNK_ROWS 64		/* a power of two */
#define LARGE_CHUNK_BYTES (1024 * 1024)

/* What training adds per row: two orders, and the hashes while they are sorted. */
#define TRAINING_BYTES_PER_ROW 20

struct DeepsadRowStore
{
	MemoryContext context;
	MemoryContextCallback on_free;
	bool		single;			/* rows are kept as float4 */
	uint32		features;		/* 0 until the first row */
	Size		row_bytes;		/* features, then the label */
	uint64		count;
	uint32		doublings;		/* chunks 0 .. doublings - 1 hold FIRST_CHUNK_ROWS << number rows */
	uint64		small_rows;		/* in those chunks together */
	uint32		large_shift;	/* later chunks hold 1 << large_shift rows */
	uint32		chunks;
	uint32		chunk_slots;
	uint64		capacity;		/* rows in all chunks */
	char	  **chunk;
	Size		bytes;			/* our share of live_bytes */
};

/* Bytes of all live stores of this backend; each store's share leaves with its memory context. */
static Size live_bytes = 0;

static void
forget_bytes(void *arg)
{
	live_bytes -= ((DeepsadRowStore *) arg)->bytes;
}

/* An empty store in a context of its own under parent. */
DeepsadRowStore *
deepsad_rowstore_create(MemoryContext parent, bool single)
{
	MemoryContext context = AllocSetContextCreate(parent, "deepsad rows", ALLOCSET_SMALL_SIZES);
	DeepsadRowStore *store = MemoryContextAllocZero(context, sizeof(DeepsadRowStore));

	store->context = context;
	store->single = single;
	store->on_free.func = forget_bytes;
	store->on_free.arg = store;
	MemoryContextRegisterResetCallback(context, &store->on_free);
	return store;
}

/* Frees the store and its rows. */
void
deepsad_rowstore_free(DeepsadRowStore *store)
{
	MemoryContextDelete(store->context);
}

uint64
deepsad_rowstore_count(const DeepsadRowStore *store)
{
	return store->count;
}

/* Sets the layout for rows of this many features. */
static void
start_rows(DeepsadRowStore *store, uint32 features)
{
	Size		number = store->single ? sizeof(float) : sizeof(double);
	uint64		rows = FIRST_CHUNK_ROWS;

	store->features = features;
	/* the label takes a whole number's room, which keeps rows aligned */
	store->row_bytes = number * ((Size) features + 1);
	while (rows * store->row_bytes < LARGE_CHUNK_BYTES)
	{
		store->doublings++;
		rows *= 2;
	}
	store->small_rows = rows - FIRST_CHUNK_ROWS;
	store->large_shift = pg_leftmost_one_pos64(rows);
}

/* Adds one chunk, if the budget allows it. */
static void
add_chunk(DeepsadRowStore *store)
{
	uint64		rows = store->chunks < store->doublings ?
		(uint64) FIRST_CHUNK_ROWS << store->chunks : (uint64) 1 << store->large_shift;
	Size		size = mul_size(rows, store->row_bytes);
	Size		cost = add_size(size, mul_size(rows, TRAINING_BYTES_PER_ROW));
	Size		limit = mul_size(maintenance_work_mem, 1024);

	if (add_size(live_bytes, cost) > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("training rows need more than %zu kB, maintenance_work_mem is %d kB",
						(live_bytes + cost) / 1024, maintenance_work_mem),
				 errdetail("The limit is reached after %llu rows of %u features.",
						   (unsigned long long) store->count, store->features),
				 errhint("Raise maintenance_work_mem, or train on a sample: FROM t TABLESAMPLE BERNOULLI (10).")));
	if (store->chunks == store->chunk_slots)
	{
		uint32		slots = Max(8, store->chunk_slots * 2);

		store->chunk = store->chunk ? repalloc(store->chunk, slots * sizeof(char *)) :
			MemoryContextAlloc(store->context, slots * sizeof(char *));
		store->chunk_slots = slots;
	}
	store->chunk[store->chunks] = MemoryContextAllocHuge(store->context, size);
	store->chunks++;
	store->capacity += rows;
	store->bytes += cost;
	live_bytes += cost;
}

/* Where row number `row` lies. */
static inline char *
row_address(const DeepsadRowStore *store, uint64 row)
{
	uint32		chunk;
	uint64		offset;

	if (row < store->small_rows)
	{
		chunk = pg_leftmost_one_pos64(row / FIRST_CHUNK_ROWS + 1);
		offset = row - (((uint64) FIRST_CHUNK_ROWS << chunk) - FIRST_CHUNK_ROWS);
	}
	else
	{
		uint64		rest = row - store->small_rows;

		chunk = store->doublings + (uint32) (rest >> store->large_shift);
		offset = rest & (((uint64) 1 << store->large_shift) - 1);
	}
	return store->chunk[chunk] + offset * store->row_bytes;
}

/* Adds a row; all rows must have as many features as the first. */
void
deepsad_rowstore_add(DeepsadRowStore *store, const DsadRows *values, uint32 features, int8 label)
{
	char	   *row;

	if (store->features == 0)
		start_rows(store, features);
	else if (features != store->features)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("training row has %u features, the rows before have %u",
						features, store->features)));
	if (store->count == store->capacity)
		add_chunk(store);
	row = row_address(store, store->count);
	/* a store for floats is only made for rows that are exact in them */
	if (store->single)
	{
		float	   *number = (float *) row;

		if (values->single)
			memcpy(number, values->values, features * sizeof(float));
		else
			for (uint32 i = 0; i < features; i++)
				number[i] = (float) ((const double *) values->values)[i];
		number[features] = label;
	}
	else
	{
		double	   *number = (double *) row;

		memcpy(number, values->values, features * sizeof(double));
		number[features] = label;
	}
	store->count++;
}

/* DsadRowSource.read */
static int
read_row(void *ctx, uint64_t row, double *features, int8_t *label)
{
	const DeepsadRowStore *store = ctx;
	const char *address = row_address(store, row);

	if (store->single)
	{
		const float *number = (const float *) address;

		for (uint32 i = 0; i < store->features; i++)
			features[i] = number[i];
		*label = (int8_t) number[store->features];
	}
	else
	{
		const double *number = (const double *) address;

		memcpy(features, number, store->features * sizeof(double));
		*label = (int8_t) number[store->features];
	}
	return 0;
}

/* The store as the core sees it. */
void
deepsad_rowstore_source(DeepsadRowStore *store, DsadRowSource *source)
{
	source->ctx = store;
	source->count = store->count;
	source->features = store->features;
	source->read = read_row;
}
