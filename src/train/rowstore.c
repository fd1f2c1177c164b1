/*
 * rowstore.c
 *	  Training rows, in memory within maintenance_work_mem for all stores that are
 *	  alive in this backend, and in temporary files beyond it.
 *
 * When the budget is used up, the largest store goes to a file, whole; from then on its rows are appended there.
 * Pictures lie as narrow as their pixels allow: when a wider pixel comes, all rows are written anew.
 */
#include "pg/pg_compat.h"

#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "train/row_chunks.h"
#include "train/row_file.h"
#include "train/row_layout.h"
#include "train/rowstore.h"

#define MIN_SPILL_BYTES (64 * 1024)	/* a file's own buffer takes 8 kB */

struct DeepsadRowStore
{
	dlist_node	live;			/* in live_stores */
	MemoryContext context;
	MemoryContextCallback on_free;
	ResourceOwner owner;		/* of the file: that of the rows' own statement, whoever spills them */
	bool		single;			/* rows are kept as float4 */
	DeepsadRowLayout layout;	/* features: 0 until the first row */
	char	   *row;			/* one row on its way to or from the file */
	uint64		count;
	uint64		labels[DSAD_LABELS];	/* kept rows with each */
	DeepsadRowChunks chunks;	/* the rows in memory */
	Size		bytes;			/* our share of live_bytes */
	DeepsadRowFile file;		/* all rows, once they were too many for memory */
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
		store->file.file = NULL;
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

/* An empty store in a context of its own under parent. */
DeepsadRowStore *
deepsad_rowstore_create(MemoryContext parent, bool single)
{
	MemoryContext context = AllocSetContextCreate(parent, "deepsad rows", ALLOCSET_SMALL_SIZES);
	DeepsadRowStore *store = MemoryContextAllocZero(context, sizeof(DeepsadRowStore));

	watch_owners();
	store->context = context;
	store->owner = CurrentResourceOwner;
	store->single = single;
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
	deepsad_rowfile_close(&store->file);
	MemoryContextDelete(store->context);
}

/* Rows that are kept. */
uint64
deepsad_rowstore_count(const DeepsadRowStore *store)
{
	return store->count;
}

/* Bytes of rows in memory; 0 once they are in a file. */
Size
deepsad_rowstore_memory(const DeepsadRowStore *store)
{
	return store->bytes;
}

/* Bytes of all rows that are kept, in memory or in a file, without room for more. */
uint64
deepsad_rowstore_bytes(const DeepsadRowStore *store)
{
	return store->count * store->layout.row_bytes;
}

/* Before the first row: these features are a picture's pixels.  Pictures come in the order of their features. */
void
deepsad_rowstore_picture(DeepsadRowStore *store, uint32 first, uint32 pixels)
{
	deepsad_layout_picture(&store->layout, store->context, first, pixels);
}

/* Sets the layout for rows of this many features. */
static void
start_rows(DeepsadRowStore *store, uint32 features)
{
	deepsad_layout_start(&store->layout, store->context, features, store->single);
	store->row = MemoryContextAlloc(store->context, store->layout.row_bytes);
	deepsad_chunks_init(&store->chunks, store->context, store->layout.row_bytes);
}

/* Moves all rows to a temporary file, if they are not there already. */
void
deepsad_rowstore_spill(DeepsadRowStore *store)
{
	use(store);
	if (store->file.file || store->layout.features == 0)
		return;
	deepsad_rowfile_create(&store->file, store->context, store->owner, store->layout.row_bytes);
	/* until all rows are there */
	store->lost = true;
	for (uint64 row = 0; row < store->count; row++)
	{
		CHECK_FOR_INTERRUPTS();
		deepsad_rowfile_write(&store->file, row, deepsad_chunks_row(&store->chunks, row));
	}
	store->lost = false;
	deepsad_chunks_free(&store->chunks);
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

		if (!store->lost && store->bytes >= MIN_SPILL_BYTES && (largest == NULL || store->bytes > largest->bytes) &&
			store != keep)
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
	Size		size = mul_size(deepsad_chunk_rows(&store->chunks, store->chunks.chunks), store->layout.row_bytes);

	deepsad_rowstore_make_room(size, NULL);
	if (store->file.file)
		return;
	deepsad_chunks_add(&store->chunks);
	store->bytes += size;
	live_bytes += size;
}

/* A row that was kept, in memory or read into store->row. */
static char *
fetch_row(DeepsadRowStore *store, uint64 row)
{
	if (!store->file.file)
		return deepsad_chunks_row(&store->chunks, row);
	deepsad_rowfile_read(&store->file, row, store->row);
	return store->row;
}

/* Writes a row that lay as `from` as the layout is now; values: room for its features. */
static void
rewrite(const DeepsadRowStore *store, const DeepsadRowLayout *from, const char *row, double *values, char *result)
{
	deepsad_layout_read(from, row, values);
	deepsad_layout_write(&store->layout, &(DsadRows) {values, 1, false}, deepsad_layout_label(from, row), result);
}

/* Rewrites the rows of a file, which lay as `from`, as the layout is now. */
static void
widen_file(DeepsadRowStore *store, const DeepsadRowLayout *from)
{
	DeepsadRowFile old = store->file;
	char	   *data = palloc(from->row_bytes);
	double	   *values = palloc(from->features * sizeof(double));

	/* until all rows are there */
	store->lost = true;
	deepsad_rowfile_create(&store->file, store->context, store->owner, store->layout.row_bytes);
	for (uint64 row = 0; row < store->count; row++)
	{
		CHECK_FOR_INTERRUPTS();
		deepsad_rowfile_read(&old, row, data);
		rewrite(store, from, data, values, store->row);
		deepsad_rowfile_write(&store->file, row, store->row);
	}
	deepsad_rowfile_close(&old);
	store->lost = false;
	pfree(data);
	pfree(values);
}

/* The same of rows in memory, chunk by chunk. */
static void
widen_chunks(DeepsadRowStore *store, const DeepsadRowLayout *from)
{
	DeepsadRowChunks *chunks = &store->chunks;
	double	   *values = palloc(from->features * sizeof(double));
	uint64		row = 0;

	/* rows of two kinds are no rows if this fails */
	store->lost = true;
	for (uint32 chunk = 0; chunk < chunks->chunks; chunk++)
	{
		uint64		rows = deepsad_chunk_rows(chunks, chunk);
		char	   *wide = MemoryContextAllocHuge(chunks->context, mul_size(rows, store->layout.row_bytes));

		for (uint64 i = 0; i < rows && row < store->count; i++, row++)
		{
			const char *data = chunks->chunk[chunk] + i * from->row_bytes;

			CHECK_FOR_INTERRUPTS();
			rewrite(store, from, data, values, wide + i * store->layout.row_bytes);
		}
		pfree(chunks->chunk[chunk]);
		chunks->chunk[chunk] = wide;
	}
	chunks->row_bytes = store->layout.row_bytes;
	store->lost = false;
	pfree(values);
}

/* Makes pictures as wide as a row needs them, in all rows. */
static void
widen(DeepsadRowStore *store, const DsadRows *values)
{
	Size		parts = store->layout.parts * sizeof(DeepsadRowPart);
	DeepsadRowLayout from = store->layout;
	Size		more;

	from.part = MemoryContextAlloc(store->context, parts);
	memcpy(from.part, store->layout.part, parts);
	deepsad_layout_widen(&store->layout, values);
	more = mul_size(store->chunks.capacity, store->layout.row_bytes - from.row_bytes);
	if (!store->file.file)
	{
		DeepsadRowLayout to = store->layout;

		/* this may send the store to a file, as it is */
		store->layout = from;
		deepsad_rowstore_make_room(more, NULL);
		store->layout = to;
	}
	store->row = repalloc(store->row, store->layout.row_bytes);
	if (store->file.file)
		widen_file(store, &from);
	else
	{
		widen_chunks(store, &from);
		store->bytes += more;
		live_bytes += more;
	}
	pfree(from.part);
}

/* Rows of another width than those before are an error. */
void
deepsad_rowstore_check(const DeepsadRowStore *store, uint32 features)
{
	use(store);
	if (features != store->layout.features)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg_plural("training row has %u feature, the rows before have %u",
							   "training row has %u features, the rows before have %u", features, features,
							   store->layout.features)));
}

/* Writes a row of as many features as the others: behind them, or in place of one of them. */
void
deepsad_rowstore_put(DeepsadRowStore *store, const DsadRows *values, uint64 slot, int8 label)
{
	char	   *row;

	if (unlikely(!deepsad_layout_holds(&store->layout, values)))
		widen(store, values);
	if (slot < store->count)
		store->labels[deepsad_layout_label(&store->layout, fetch_row(store, slot)) + 1]--;
	else if (!store->file.file && slot == store->chunks.capacity)
		add_chunk(store);
	row = store->file.file ? store->row : deepsad_chunks_row(&store->chunks, slot);
	/* a store for floats is only made for rows that are exact in them */
	deepsad_layout_write(&store->layout, values, label, row);
	if (store->file.file)
		deepsad_rowfile_write(&store->file, slot, row);
	if (slot == store->count)
		store->count++;
	store->labels[label + 1]++;
}

/* Adds a row; all rows must have as many features as the first. */
void
deepsad_rowstore_add(DeepsadRowStore *store, const DsadRows *values, uint32 features, int8 label)
{
	if (store->layout.features == 0)
		start_rows(store, features);
	deepsad_rowstore_check(store, features);
	deepsad_rowstore_put(store, values, store->count, label);
}

/* An empty store beside this one, for rows like those. */
DeepsadRowStore *
deepsad_rowstore_like(const DeepsadRowStore *store)
{
	DeepsadRowStore *like = deepsad_rowstore_create(MemoryContextGetParent(store->context), store->single);

	for (uint32 p = 0; p < store->layout.parts; p++)
		if (store->layout.part[p].picture)
			deepsad_rowstore_picture(like, store->layout.part[p].first, store->layout.part[p].count);
	return like;
}

/* DsadRowSource.read */
static int
read_row(void *ctx, uint64_t row, double *features, int8_t *label)
{
	DeepsadRowStore *store = ctx;
	const char *address;

	use(store);
	address = fetch_row(store, row);
	deepsad_layout_read(&store->layout, address, features);
	*label = deepsad_layout_label(&store->layout, address);
	return 0;
}

/* The store as the core sees it; rows in a file are to be read in order. */
void
deepsad_rowstore_source(DeepsadRowStore *store, DsadRowSource *source)
{
	source->ctx = store;
	source->count = store->count;
	source->features = store->layout.features;
	source->sequential = store->file.file != NULL;
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
	*bytes = store->layout.row_bytes;
	return store->row;
}

/* Writes the file anew, of a store that is in one: next hands over its rows in another order. */
void
deepsad_rowstore_reorder(DeepsadRowStore *store, void (*next)(void *ctx, char *row), void *ctx)
{
	use(store);
	/* until all rows are there */
	store->lost = true;
	deepsad_rowfile_close(&store->file);
	deepsad_rowfile_create(&store->file, store->context, store->owner, store->layout.row_bytes);
	for (uint64 row = 0; row < store->count; row++)
	{
		CHECK_FOR_INTERRUPTS();
		next(ctx, store->row);
		deepsad_rowfile_write(&store->file, row, store->row);
	}
	store->lost = false;
}
