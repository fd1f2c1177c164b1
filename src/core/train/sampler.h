/*
 * sampler.h
 *	  A sample of rows: one of each stretch of them, drawn at random.
 */
#ifndef DSAD_SAMPLER_H
#define DSAD_SAMPLER_H

#include <stdbool.h>

#include "core/env.h"
#include "core/random.h"

#define DSAD_SAMPLE_ROWS 4096	/* the most there are */

/* Which rows are drawn, and the numbers of those that were. */
typedef struct DsadSampler
{
	uint64_t	all;			/* rows there are */
	size_t		rows;			/* to take */
	size_t		taken;
	uint64_t	next;			/* the row that is taken next */
	DsadRandom	random;
	uint32_t	features;
	double	   *value;			/* (features, rows), feature by feature */
} DsadSampler;

extern void dsad_sampler_start(DsadSampler *sampler, uint64_t all, size_t most, DsadStream stream);
extern bool dsad_sampler_alloc(DsadSampler *sampler, DsadArena *arena, uint64_t all, uint32_t features,
							   DsadStream stream);
extern bool dsad_sampler_wants(const DsadSampler *sampler, uint64_t row);
extern bool dsad_sampler_take(DsadSampler *sampler, uint64_t row);
extern void dsad_sampler_offer(DsadSampler *sampler, uint64_t row, const double *values);
extern size_t dsad_sampler_sort(DsadSampler *sampler, uint32_t feature);

#endif
