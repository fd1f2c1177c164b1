/*
 * row_chunks.h
 *	  Rows of one size in memory, in chunks whose capacity doubles until a chunk is large:
 *	  thousands of small groups stay small, and a large table is never copied to grow.
 */
#ifndef DEEPSAD_ROW_CHUNKS_H
#define DEEPSAD_ROW_CHUNKS_H

#include "port/pg_bitutils.h"

#define DEEPSAD_FIRST_CHUNK_ROWS 16	/* a power of two */

typedef struct DeepsadRowChunks
{
	MemoryContext context;
	Size		row_bytes;
	uint32		doublings;		/* chunks 0 .. doublings - 1 hold FIRST_CHUNK_ROWS << number rows */
	uint64		small_rows;		/* in those chunks together */
	uint32		large_shift;	/* later chunks hold 1 << large_shift rows */
	uint32		chunks;
	uint32		slots;
	uint64		capacity;		/* rows in all chunks */
	char	  **chunk;
} DeepsadRowChunks;

extern void deepsad_chunks_init(DeepsadRowChunks *chunks, MemoryContext parent, Size row_bytes);
extern uint64 deepsad_chunk_rows(const DeepsadRowChunks *chunks, uint32 chunk);
extern void deepsad_chunks_add(DeepsadRowChunks *chunks);
extern void deepsad_chunks_free(DeepsadRowChunks *chunks);

/* Where row number `row` lies. */
static inline char *
deepsad_chunks_row(const DeepsadRowChunks *chunks, uint64 row)
{
	uint32		chunk;
	uint64		offset;

	if (row < chunks->small_rows)
	{
		chunk = pg_leftmost_one_pos64(row / DEEPSAD_FIRST_CHUNK_ROWS + 1);
		offset = row - (((uint64) DEEPSAD_FIRST_CHUNK_ROWS << chunk) - DEEPSAD_FIRST_CHUNK_ROWS);
	}
	else
	{
		uint64		rest = row - chunks->small_rows;

		chunk = chunks->doublings + (uint32) (rest >> chunks->large_shift);
		offset = rest & (((uint64) 1 << chunks->large_shift) - 1);
	}
	return chunks->chunk[chunk] + offset * chunks->row_bytes;
}

#endif
