/*
 * sketcher.h
 *	  What training rows were like: a sketch of a sample.
 */
#ifndef DSAD_SKETCHER_H
#define DSAD_SKETCHER_H

#include "core/random.h"
#include "core/train/dataset.h"

/* Rows drawn at random, one of each stretch of rows. */
typedef struct DsadSketcher
{
	double	   *value;			/* (features, rows), feature by feature */
	uint64_t	all;			/* rows there are */
	size_t		rows;			/* to take */
	size_t		taken;
	uint64_t	next;			/* the row that is taken next */
	uint32_t	features;
	DsadRandom	random;
} DsadSketcher;

extern bool dsad_sketcher_start(DsadSketcher *sketcher, DsadArena *scratch, const DsadRowSource *rows);
extern void dsad_sketcher_offer(DsadSketcher *sketcher, uint64_t row, const double *values);
extern DsadStatus dsad_sketcher_finish(DsadSketcher *sketcher, DsadSketch *sketch, const DsadEnv *env,
									   DsadError *error);

#endif
