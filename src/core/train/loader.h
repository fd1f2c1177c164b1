/*
 * loader.h
 *	  Hands out batches of a data set: all rows in order, or each epoch shuffled.
 */
#ifndef DSAD_LOADER_H
#define DSAD_LOADER_H

#include "core/random.h"
#include "core/train/dataset.h"

/*
 * A data set's labels: DSAD_ANOMALY, or label + 2 * fold of an eligible row; fold 0 =
 * none, else the number, from 1, of the one member that does not train on it.
 */
#define DSAD_MAX_FOLDS 63		/* what an int8 holds */

static inline int8_t
dsad_label_in_fold(int8_t label, uint32_t fold)
{
	return (int8_t) (label + 2 * (int8_t) fold);
}

static inline uint32_t
dsad_label_fold(int8_t stored)
{
	return stored < 0 ? 0 : (uint32_t) stored >> 1;
}

static inline int8_t
dsad_label_alone(int8_t stored)
{
	return stored < 0 ? stored : (int8_t) (stored & 1);
}

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
	uint32_t   *kept;			/* rows: the same from first to last; NULL = all that there are */
	uint32_t	fold;			/* left out or, if `only`, all that is handed out; 0 = none */
	bool		only;
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
extern DsadStatus dsad_loader_leave_out(DsadLoader *loader, DsadArena *arena, uint32_t fold, bool only);
extern void dsad_loader_seed(DsadLoader *loader, uint64_t seed, uint32_t member, DsadStream stream);
extern void dsad_loader_start(DsadLoader *loader, bool shuffled);
extern DsadStatus dsad_loader_next(DsadLoader *loader, uint32_t wanted, float *batch, int8_t *label,
								   uint32_t *n);

#endif
