/*
 * loader.h
 *	  Hands out batches of a data set: all rows in order, or each epoch shuffled.
 */
#ifndef DSAD_LOADER_H
#define DSAD_LOADER_H

#include "env.h"
#include "random.h"

typedef struct DsadLoader
{
	const DsadDataset *data;
	DsadError  *error;
	DsadWatch	watch;
	size_t		width;			/* of a batch's rows: features, padded */
	DsadRandom	random;
	bool		shuffled;		/* this pass */

	/* The rows to choose from now: all of them, or a window of blocks. */
	float	   *scaled;			/* (rows, features): the data set's memory or our own */
	int8_t	   *label;
	uint32_t   *order;			/* rows: the first `next` went out already */
	uint32_t	rows;
	uint32_t	next;

	/* Blocks, when the rows are not in memory. */
	uint32_t   *block;			/* blocks: in the order of this pass */
	uint32_t	blocks;
	uint32_t	next_block;
	uint32_t	window_blocks;	/* as many as our memory holds */
} DsadLoader;

extern DsadStatus dsad_loader_alloc(DsadLoader *loader, DsadArena *arena, const DsadDataset *data,
									DsadError *error);
extern void dsad_loader_seed(DsadLoader *loader, uint64_t seed, uint32_t member, DsadStream stream);
extern void dsad_loader_start(DsadLoader *loader, bool shuffled);
extern DsadStatus dsad_loader_next(DsadLoader *loader, uint32_t wanted, float *batch, int8_t *label,
								   uint32_t *n);

#endif
