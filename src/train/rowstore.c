/*
 * rowstore.c
 *	  Training rows, in memory within maintenance_work_mem for all stores that are
 *	  alive in this backend, and in temporary files beyond it.
 *
 * Rows in memory lie in chunks whose capacity doubles until a chunk is large:
 * thousands of small groups stay small, and a large table is never copied to
 * grow.  When the budget is used up, the largest store goes to a file, whole;
 * from then on its rows are appended there.
 */
#include "pg/pg_compat.h"

#include "lib/ilist.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/shmem.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "train/rowstore.h"

#define FIRST_CHUNK_ROWS 16		/* a power of two */
#define LARGE_CHUNK_BYTES (1024 * 1024)
#define MIN_SPILL_BYTES (64 * 1024)	/* a file's own buffer takes 8 kB */

struct DeepsadRowStore
{
	dlist_node	live;			/* in live_stores */
	MemoryContext context;
	MemoryContext chunk_context;	/* the rows in memory */
	MemoryContextCallback on_free;
	ResourceOwner owner;		/* of the file: that of the rows' own statement, whoever spills them */
	bool		single;			/* rows are kept as float4 */
	bool		sampled;		/* by the reservoir */
	DsadReservoir reservoir;
	uint64		seen;			/* rows added */
	uint32		features;		/* 0 until the first row */
	Size		row_bytes;		/* features, then the label */
	char	   *row;			/* one row on its way to or from the file */
	uint64		count;
	uint64		labels[DSAD_LABELS];	/* kept rows with each */
	uint32		doublings;		/* chunks 0 .. doublings - 1 hold FIRST_CHUNK_ROWS << number rows */
	uint64		small_rows;		/* in those chunks together */
	uint32		large_shift;	/* later chunks hold 1 << large_shift rows */
	uint32		chunks;
	uint32		chunk_slots;
	uint64		capacity;		/* rows in all chunks */
	char	  **chunk;
	Size		bytes;			/* our share of live_bytes */
	BufFile    *file;			/* all rows, once they were too many for memory */
	uint64		file_row;		/* where the file stands, in rows */
	bool		lost;			/* the rows are gone, or some of them: see use() */
};

/* All live stores of this backend and what they take; a store leaves with its memory context. */
static dlist_head live_stores = DLIST_STATIC_INIT(live_stores);
static Size live_bytes = 0;

/*
 * ResourceReleaseCallback: a cursor that failed in a subtransaction keeps its memory, and a store in
 * it, longer than its resource owner.  Such a store has no file any more, and gets none.
 */
static void
release_owner(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *arg)
{
	dlist_iter	iter;

	if (phase != RESOURCE_RELEASE_BEFORE_LOCKS)
		return;
	dlist_foreach(iter, &live_stores)
	{
		DeepsadRowStore *store = dlist_container(DeepsadRowStore, live, iter.cur);

		if (store->owner != CurrentResourceOwner)
			continue;
		store->owner = NULL;
		store->file = NULL;
		store->lost = true;
	}
}

/* Asks for the callback once in the life of this backend. */
static void
watch_owners(void)
{
	static bool watching = false;

	if (!watching)
		RegisterResourceReleaseCallback(release_owner, NULL);
	watching = true;
}

/*
 * Whoever reads or adds rows goes through here: rows that another statement could not
 * write to a file, and whose error somebody caught, must not be trained on in part.
 */
static void
use(const DeepsadRowStore *store)
{
	if (unlikely(store->lost))
		ereport(ERROR,
				(errcode(ERRCODE_IO_ERROR),
				 errmsg("training rows were lost when they could not be written to a temporary file"),
				 errdetail("An error of another training in the same transaction was caught meanwhile."),
				 errhint("Raise maintenance_work_mem, or make room for temporary files.")));
}

static void
forget(void *arg)
{
	DeepsadRowStore *store = arg;

	live_bytes -= store->bytes;
	dlist_delete(&store->live);
	/* at the end of a failed transaction its resource owner has closed the file already */
}

/*
 * An empty store in a context of its own under parent; max_rows 0 = keep all
 * rows, else a uniform sample of at most so many.
 */
DeepsadRowStore *
deepsad_rowstore_create(MemoryContext parent, bool single, uint64 max_rows, int64 seed)
{
	MemoryContext context = AllocSetContextCreate(parent, "deepsad rows", ALLOCSET_SMALL_SIZES);
	DeepsadRowStore *store = MemoryContextAllocZero(context, sizeof(DeepsadRowStore));

	watch_owners();
	store->context = context;
	store->chunk_context = context;
	store->owner = CurrentResourceOwner;
	store->single = single;
	store->sampled = max_rows > 0;
	if (store->sampled)
		dsad_reservoir_init(&store->reservoir, max_rows, seed);
	dlist_push_tail(&live_stores, &store->live);
	store->on_free.func = forget;
	store->on_free.arg = store;
	MemoryContextRegisterResetCallback(context, &store->on_free);
	return store;
}

/* Frees the store and its rows. */
void
deepsad_rowstore_free(DeepsadRowStore *store)
{
	if (store->file)
		BufFileClose(store->file);
	store->file = NULL;
	MemoryContextDelete(store->context);
}

/* Rows that are kept. */
uint64
deepsad_rowstore_count(const DeepsadRowStore *store)
{
	return store->count;
}

/* Features of a row; 0 before the first. */
uint32
deepsad_rowstore_features(const DeepsadRowStore *store)
{
	return store->features;
}

/* Rows that were added, kept or not. */
uint64
deepsad_rowstore_seen(const DeepsadRowStore *store)
{
	return store->seen;
}

/* Bytes of rows in memory; 0 once they are in a file. */
Size
deepsad_rowstore_memory(const DeepsadRowStore *store)
{
	return store->bytes;
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
	store->row = MemoryContextAlloc(store->context, store->row_bytes);
	store->chunk_context = AllocSetContextCreate(store->context, "deepsad row chunks", ALLOCSET_SMALL_SIZES);
	while (rows * store->row_bytes < LARGE_CHUNK_BYTES)
	{
		store->doublings++;
		rows *= 2;
	}
	store->small_rows = rows - FIRST_CHUNK_ROWS;
	store->large_shift = pg_leftmost_one_pos64(rows);
}

/* Where row number `row` lies in memory. */
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

/* Moves the file to a row. */
static void
seek(DeepsadRowStore *store, uint64 row)
{
	if (store->file_row != row && BufFileSeek(store->file, 0, (off_t) (row * store->row_bytes), SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in temporary file of training rows")));
	store->file_row = row;
}

/* Writes one row to the file. */
static void
write_row(DeepsadRowStore *store, uint64 row, char *data)
{
	seek(store, row);
	deepsad_file_write(store->file, data, store->row_bytes);
	store->file_row++;
}

/* A file that lives as long as the rows' own statement, whoever makes it. */
static BufFile *
create_file(const DeepsadRowStore *store)
{
	MemoryContext old = MemoryContextSwitchTo(store->context);
	ResourceOwner owner = CurrentResourceOwner;
	BufFile    *file = NULL;

	CurrentResourceOwner = store->owner;
	PG_TRY();
	{
		file = BufFileCreateTemp(false);
	}
	PG_FINALLY();
	{
		CurrentResourceOwner = owner;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	return file;
}

/* Moves all rows to a temporary file, if they are not there already. */
void
deepsad_rowstore_spill(DeepsadRowStore *store)
{
	use(store);
	if (store->file || store->features == 0)
		return;
	store->file = create_file(store);
	/* until all rows are there */
	store->lost = true;
	for (uint64 row = 0; row < store->count; row++)
	{
		CHECK_FOR_INTERRUPTS();
		write_row(store, row, row_address(store, row));
	}
	store->lost = false;
	MemoryContextDelete(store->chunk_context);
	store->chunk_context = store->context;
	store->chunk = NULL;
	store->chunks = 0;
	store->capacity = 0;
	live_bytes -= store->bytes;
	store->bytes = 0;
}

/* The store that takes most memory, and at least as much as a file is worth; NULL if there is none. */
static DeepsadRowStore *
largest_store(const DeepsadRowStore *keep)
{
	DeepsadRowStore *largest = NULL;
	dlist_iter	iter;

	dlist_foreach(iter, &live_stores)
	{
		DeepsadRowStore *store = dlist_container(DeepsadRowStore, live, iter.cur);

		if (store != keep && !store->lost && store->bytes >= MIN_SPILL_BYTES &&
			(largest == NULL || store->bytes > largest->bytes))
			largest = store;
	}
	return largest;
}

/*
 * Makes room for size bytes beside the stores, whose largest go to files; not
 * `keep`.  A multitude of small ones may stay: the groups alive at a time are
 * bounded by the server's own hash_mem_multiplier.
 */
void
deepsad_rowstore_make_room(Size size, const DeepsadRowStore *keep)
{
	Size		limit = mul_size(maintenance_work_mem, 1024);
	DeepsadRowStore *store;

	while (add_size(live_bytes, size) > limit && (store = largest_store(keep)) != NULL)
		deepsad_rowstore_spill(store);
}

/* Adds one chunk, unless making room for it has sent this very store to a file. */
static void
add_chunk(DeepsadRowStore *store)
{
	uint64		rows = store->chunks < store->doublings ?
						   (uint64) FIRST_CHUNK_ROWS << store->chunks :
						   (uint64) 1 << store->large_shift;
	Size		size = mul_size(rows, store->row_bytes);

	deepsad_rowstore_make_room(size, NULL);
	if (store->file)
		return;
	if (store->chunks == store->chunk_slots || store->chunk == NULL)
	{
		uint32		slots = Max(8, store->chunk_slots * 2);

		store->chunk = store->chunk ? repalloc(store->chunk, slots * sizeof(char *)) :
									  MemoryContextAlloc(store->chunk_context, slots * sizeof(char *));
		store->chunk_slots = slots;
	}
	store->chunk[store->chunks] = MemoryContextAllocHuge(store->chunk_context, size);
	store->chunks++;
	store->capacity += rows;
	store->bytes += size;
	live_bytes += size;
}

/* A row that was kept, in memory or read into store->row. */
static char *
fetch_row(DeepsadRowStore *store, uint64 row)
{
	if (!store->file)
		return row_address(store, row);
	seek(store, row);
	deepsad_file_read(store->file, store->row, store->row_bytes);
	store->file_row++;
	return store->row;
}

/* The label of a row. */
static int8
row_label(const DeepsadRowStore *store, const char *row)
{
	return (int8) (store->single ? ((const float *) row)[store->features] : ((const double *) row)[store->features]);
}

/* Adds a row; all rows must have as many features as the first. */
void
deepsad_rowstore_add(DeepsadRowStore *store, const DsadRows *values, uint32 features, int8 label)
{
	uint64		slot = store->count;
	char	   *row;

	use(store);
	if (store->features == 0)
		start_rows(store, features);
	else if (features != store->features)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("training row has %u features, the rows before have %u",
						features, store->features)));
	store->seen++;
	if (store->sampled && !dsad_reservoir_next(&store->reservoir, &slot))
		return;
	if (slot < store->count)
		store->labels[row_label(store, fetch_row(store, slot)) + 1]--;
	else if (!store->file && slot == store->capacity)
		add_chunk(store);
	row = store->file ? store->row : row_address(store, slot);
	/* a store for floats is only made for rows that are exact in them */
	if (store->single)
	{
		float	   *number = (float *) row;

		for (uint32 i = 0; i < features; i++)
			number[i] = (float) dsad_row_number(values, i);
		number[features] = label;
	}
	else
	{
		double	   *number = (double *) row;

		memcpy(number, values->values, features * sizeof(double));
		number[features] = label;
	}
	if (store->file)
		write_row(store, slot, row);
	if (slot == store->count)
		store->count++;
	store->labels[label + 1]++;
}

/* DsadRowSource.read */
static int
read_row(void *ctx, uint64_t row, double *features, int8_t *label)
{
	DeepsadRowStore *store = ctx;
	const char *address;

	use(store);
	address = fetch_row(store, row);
	if (store->single)
	{
		const float *number = (const float *) address;

		for (uint32 i = 0; i < store->features; i++)
			features[i] = number[i];
	}
	else
		memcpy(features, address, store->features * sizeof(double));
	*label = row_label(store, address);
	return 0;
}

/* The store as the core sees it; rows in a file are to be read in order. */
void
deepsad_rowstore_source(DeepsadRowStore *store, DsadRowSource *source)
{
	source->ctx = store;
	source->count = store->count;
	source->features = store->features;
	source->sequential = store->file != NULL;
	source->encoder = NULL;
	source->group = NULL;
	source->anomalies = store->labels[DSAD_ANOMALY + 1];
	source->normals = store->labels[DSAD_NORMAL + 1];
	source->read = read_row;
}

/* The row of a file that was read last, as it lies there. */
const char *
deepsad_rowstore_last(const DeepsadRowStore *store, Size *bytes)
{
	*bytes = store->row_bytes;
	return store->row;
}

/* Writes the file anew, of a store that is in one: next hands over its rows in another order. */
void
deepsad_rowstore_reorder(DeepsadRowStore *store, void (*next)(void *ctx, char *row), void *ctx)
{
	use(store);
	/* until all rows are there */
	store->lost = true;
	BufFileClose(store->file);
	store->file = NULL;
	store->file = create_file(store);
	store->file_row = 0;
	for (uint64 row = 0; row < store->count; row++)
	{
		CHECK_FOR_INTERRUPTS();
		next(ctx, store->row);
		write_row(store, row, store->row);
	}
	store->lost = false;
}
