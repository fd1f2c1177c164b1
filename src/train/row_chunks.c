/*
 * row_chunks.c
 *	  Rows of one size in memory.
 */
#include "pg/pg_compat.h"

#include "storage/shmem.h"
#include "utils/memutils.h"

#include "train/row_chunks.h"

#define LARGE_CHUNK_BYTES (1024 * 1024)

/* No chunks yet, for rows of this size; they come from a context of their own under parent. */
void
deepsad_chunks_init(DeepsadRowChunks *chunks, MemoryContext parent, Size row_bytes)
{
	uint64		rows = DEEPSAD_FIRST_CHUNK_ROWS;

	memset(chunks, 0, sizeof(*chunks));
	chunks->context = AllocSetContextCreate(parent, "deepsad row chunks", ALLOCSET_SMALL_SIZES);
	chunks->row_bytes = row_bytes;
	while (rows * row_bytes < LARGE_CHUNK_BYTES)
	{
		chunks->doublings++;
		rows *= 2;
	}
	chunks->small_rows = rows - DEEPSAD_FIRST_CHUNK_ROWS;
	chunks->large_shift = pg_leftmost_one_pos64(rows);
}

/* How many rows chunk number `chunk` holds. */
uint64
deepsad_chunk_rows(const DeepsadRowChunks *chunks, uint32 chunk)
{
	return chunk < chunks->doublings ? (uint64) DEEPSAD_FIRST_CHUNK_ROWS << chunk : (uint64) 1 << chunks->large_shift;
}

/* Adds a chunk. */
void
deepsad_chunks_add(DeepsadRowChunks *chunks)
{
	uint64		rows = deepsad_chunk_rows(chunks, chunks->chunks);

	if (chunks->chunks == chunks->slots)
	{
		uint32		slots = Max(8, chunks->slots * 2);

		chunks->chunk = chunks->chunk ? repalloc(chunks->chunk, slots * sizeof(char *)) :
										MemoryContextAlloc(chunks->context, slots * sizeof(char *));
		chunks->slots = slots;
	}
	chunks->chunk[chunks->chunks] = MemoryContextAllocHuge(chunks->context, mul_size(rows, chunks->row_bytes));
	chunks->chunks++;
	chunks->capacity += rows;
}

/* Frees all chunks; no row comes any more. */
void
deepsad_chunks_free(DeepsadRowChunks *chunks)
{
	if (chunks->context)
		MemoryContextDelete(chunks->context);
	memset(chunks, 0, sizeof(*chunks));
}
