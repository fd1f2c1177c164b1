/*
 * loader.c
 *	  Hands out batches of a data set: all rows in order, or each epoch shuffled.
 *
 * Rows in memory are shuffled as a whole.  Rows in blocks are shuffled twice: the
 * blocks, and the rows of as many of them as fit the window.
 */
#include "core/train/loader.h"

#include <string.h>

#include "core/kernel/kernel.h"

#define AHEAD 8					/* rows fetched into the cache before their turn */

/* Sets order to 0, 1, 2 ... */
static void
count_up(uint32_t *order, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
}

/* Lists the rows to hand out among the `rows` in memory. */
static void
list_rows(DsadLoader *loader, uint32_t rows)
{
	loader->rows = rows;
	if (loader->fold == 0)
	{
		count_up(loader->order, rows);
		return;
	}
	loader->rows = 0;
	for (uint32_t i = 0; i < rows; i++)
		if ((dsad_label_fold(loader->label[i]) == loader->fold) == loader->only)
			loader->kept[loader->rows++] = i;
	memcpy(loader->order, loader->kept, loader->rows * sizeof(uint32_t));
}

/* Memory for a window of blocks. */
static bool
alloc_window(DsadLoader *loader, DsadArena *arena)
{
	const DsadDataset *data = loader->data;
	size_t		row = data->inputs * sizeof(float) + sizeof(int8_t) + sizeof(uint32_t);
	uint64_t	window = data->window_bytes / row / data->block_rows;
	size_t		rows;

	loader->blocks = (uint32_t) ((data->count + data->block_rows - 1) / data->block_rows);
	loader->window_blocks = window < 1 ? 1 : window > loader->blocks ? loader->blocks :
																	   (uint32_t) window;
	rows = (size_t) loader->window_blocks * data->block_rows;
	loader->block = dsad_arena_array(arena, loader->blocks, sizeof(uint32_t));
	loader->scaled = dsad_arena_array(arena, rows, data->inputs * sizeof(float));
	loader->label = dsad_arena_array(arena, rows, sizeof(int8_t));
	loader->order = dsad_arena_array(arena, rows, sizeof(uint32_t));
	if (!loader->block || !loader->scaled || !loader->label || !loader->order)
		return false;
	count_up(loader->block, loader->blocks);
	return true;
}

/* Prepares for passes over data; all memory from arena. */
DsadStatus
dsad_loader_alloc(DsadLoader *loader, DsadArena *arena, const DsadDataset *data, DsadError *error)
{
	memset(loader, 0, sizeof(*loader));
	loader->data = data;
	loader->error = error;
	loader->watch.env = arena->env;
	loader->width = dsad_padded(data->inputs);
	if (data->scaled == NULL)
		return alloc_window(loader, arena) ? DSAD_OK : dsad_no_memory(error);
	loader->scaled = data->scaled;
	loader->label = data->label;
	loader->order = dsad_arena_array(arena, data->count, sizeof(uint32_t));
	if (!loader->order)
		return dsad_no_memory(error);
	list_rows(loader, (uint32_t) data->count);
	return DSAD_OK;
}

/* From now on rows of that fold (from 1) are left out or, if `only`, all others. */
DsadStatus
dsad_loader_leave_out(DsadLoader *loader, DsadArena *arena, uint32_t fold, bool only)
{
	const DsadDataset *data = loader->data;
	bool		in_memory = data->scaled != NULL;

	loader->kept = dsad_arena_array(arena, in_memory ? data->count : (size_t) loader->window_blocks * data->block_rows,
									sizeof(uint32_t));
	if (!loader->kept)
		return dsad_no_memory(loader->error);
	loader->fold = fold;
	loader->only = only;
	if (in_memory)
		list_rows(loader, (uint32_t) data->count);
	return DSAD_OK;
}

/* Names the stream that shuffles from now on; the order starts anew. */
void
dsad_loader_seed(DsadLoader *loader, uint64_t seed, uint32_t member, DsadStream stream)
{
	dsad_random_seed(&loader->random, seed, member, stream);
	if (loader->data->scaled == NULL)
		count_up(loader->block, loader->blocks);
	else
		list_rows(loader, (uint32_t) loader->data->count);
}

/* Starts a pass over all rows. */
void
dsad_loader_start(DsadLoader *loader, bool shuffled)
{
	loader->shuffled = shuffled;
	loader->next = 0;
	loader->next_block = 0;
	if (loader->data->scaled == NULL)
		loader->rows = 0;
}

/* Swaps a random one of order[from .. count - 1] to the front of them: one step of Fisher-Yates. */
static inline uint32_t
draw(DsadRandom *random, uint32_t *order, uint32_t from, uint32_t count)
{
	uint32_t	other = from + dsad_random_below(random, count - from);
	uint32_t	chosen = order[other];

	order[other] = order[from];
	order[from] = chosen;
	return chosen;
}

/* Reads the next window of blocks. */
static DsadStatus
fill_window(DsadLoader *loader)
{
	const DsadDataset *data = loader->data;
	uint32_t	rows = 0;

	loader->next = 0;
	for (uint32_t i = 0; i < loader->window_blocks && loader->next_block < loader->blocks; i++)
	{
		uint32_t	block = loader->shuffled ?
								draw(&loader->random, loader->block, loader->next_block, loader->blocks) :
								loader->next_block;
		uint64_t	start = (uint64_t) block * data->block_rows;
		uint64_t	left = data->count - start;

		if (data->read_block(data->ctx, block, loader->scaled + (size_t) rows * data->inputs,
							 loader->label + rows) != 0)
			return dsad_fail(loader->error, DSAD_BAD_DATA, NULL, "could not read training rows");
		rows += left < data->block_rows ? (uint32_t) left : data->block_rows;
		loader->next_block++;
		dsad_watch(&loader->watch);
	}
	list_rows(loader, rows);
	return dsad_watch_status(&loader->watch, loader->error);
}

/*
 * The next batch: *n rows, at most `wanted`, into batch (wanted, inputs padded)
 * and label (wanted); *n = 0 at the end of the pass.  In a shuffled pass a batch
 * of one row is dropped unless it is the first: BatchNorm would make zeros of it.
 */
DsadStatus
dsad_loader_next(DsadLoader *loader, uint32_t wanted, float *batch, int8_t *label, uint32_t *n)
{
	uint32_t	inputs = loader->data->inputs;
	uint32_t	count;
	uint32_t	chosen[AHEAD];

	*n = 0;
	while (loader->next == loader->rows && loader->data->scaled == NULL && loader->next_block < loader->blocks)
	{
		DsadStatus	status = fill_window(loader);

		if (status != DSAD_OK)
			return status;
	}
	count = loader->rows - loader->next;
	if (count > wanted)
		count = wanted;
	if (count == 1 && loader->shuffled && loader->next > 0)
	{
		loader->next++;
		if (loader->data->scaled == NULL && loader->next_block < loader->blocks)
			return dsad_loader_next(loader, wanted, batch, label, n);
		return DSAD_OK;
	}
	for (uint32_t i = 0; i < count + AHEAD; i++)
	{
		if (i >= AHEAD)
		{
			uint32_t	row = chosen[i % AHEAD];

			memcpy(batch + (i - AHEAD) * loader->width, loader->scaled + (size_t) row * inputs,
				   inputs * sizeof(float));
			label[i - AHEAD] = dsad_label_alone(loader->label[row]);
			dsad_watch_rows(&loader->watch, i + 1, inputs);
		}
		if (i < count)
		{
			uint32_t	row = loader->shuffled ?
								  draw(&loader->random, loader->order, loader->next, loader->rows) :
							  loader->kept ? loader->kept[loader->next] :
											 loader->next;

			loader->next++;
			chosen[i % AHEAD] = row;
			__builtin_prefetch(loader->scaled + (size_t) row * inputs);
			__builtin_prefetch(loader->label + row);
		}
	}
	*n = count;
	return dsad_watch_status(&loader->watch, loader->error);
}
