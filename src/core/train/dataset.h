/*
 * dataset.h
 *	  The rows of a training, as they come and as the nets see them.
 */
#ifndef DSAD_DATASET_H
#define DSAD_DATASET_H

#include "core/model/model.h"
#include "core/rows.h"

/*
 * Training rows.  read copies row `row` (0 .. count - 1) as doubles, NaN for a
 * missing element, and its label; nonzero = failure.  Sequential rows are only
 * ever read from 0 upwards, again from 0 for each pass.
 */
typedef struct DsadRowSource
{
	void	   *ctx;
	uint64_t	count;			/* at most UINT32_MAX */
	uint32_t	features;
	bool		sequential;
	int			(*read) (void *ctx, uint64_t row, double *features, int8_t *label);
	const DsadEncoder *encoder;	/* what made the features; NULL = they are the elements of an array */
	uint64_t	anomalies;		/* rows with this label, as with the next */
	uint64_t	normals;
	const uint64_t *group;		/* where read leaves which group the row is of; NULL = rows have none */
} DsadRowSource;

/* A group's number may say of a row that it also resembles rows of other groups, which must not judge it. */
#define DSAD_GROUP_EDGE UINT64_C(1)

/*
 * Scaled rows: in memory, or in blocks of block_rows rows (the last may hold
 * fewer) that are written once, in order, and then read in any order.
 */
typedef struct DsadDataset
{
	uint64_t	count;
	uint32_t	inputs;
	float	   *scaled;			/* (count, inputs), NULL = in blocks */
	int8_t	   *label;			/* count: labels, with folds in them (loader.h) */
	void	   *ctx;
	uint32_t	block_rows;
	int			(*write_block) (void *ctx, uint64_t block, const float *scaled, const int8_t *label,
								uint32_t rows);
	int			(*read_block) (void *ctx, uint64_t block, float *scaled, int8_t *label);
	size_t		window_bytes;	/* for the blocks that a training holds at a time */
} DsadDataset;

/* The parts that the rows are divided into, the same for all members. */
typedef enum DsadPart
{
	DSAD_PART_TRAINING,
	DSAD_PART_VALIDATION,		/* for early stopping; always in memory */
	DSAD_PART_CALIBRATION,		/* for p-values; always in memory */
	DSAD_PARTS,
	DSAD_PART_NONE = DSAD_PARTS	/* neither trained on nor looked at */
} DsadPart;

/* Which part the rows of each group go to.  Groups are told apart by a few bits of their hashes. */
typedef struct DsadGroups
{
	uint32_t	slices;			/* a power of two; 0 = the rows have no groups */
	uint8_t    *part;			/* slices: DsadPart or, beyond those, a fold */
	uint32_t	folds;
	uint32_t   *calibrated;		/* the slice of each row that is written to calibration */
	uint64_t	aside[DSAD_PARTS];	/* rows that may be held out in each part ... */
	uint64_t	held_out[DSAD_PARTS];	/* ... and how many of them are; of training, all that there are */
} DsadGroups;

/* What dsad_prepare finds out about the rows. */
typedef struct DsadPlan
{
	bool		update;			/* goes on from a trained model instead of starting anew */
	const uint32_t *order;		/* rows in canonical order; NULL = as they come */
	DsadGroups	groups;
	uint64_t	count[DSAD_PARTS];
} DsadPlan;

#endif
