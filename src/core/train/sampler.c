/*
 * sampler.c
 *	  A sample of rows: one of each stretch of them, drawn at random.  One pass takes it, and
 *	  the rows' order does not matter.
 */
#include "core/train/sampler.h"

#include <math.h>
#include <string.h>

#include "core/statistics.h"

#define MIN_SAMPLE_ROWS 64
#define SAMPLE_BYTES ((size_t) 16 << 20)

/* Chooses the row that is taken next from its stretch. */
static void
choose_next(DsadSampler *sampler)
{
	uint64_t	start = sampler->taken * sampler->all / sampler->rows;
	uint64_t	end = (sampler->taken + 1) * sampler->all / sampler->rows;

	sampler->next = start + dsad_random_next(&sampler->random) % (end - start);
}

/*
 * Begins to draw at most `most` of so many rows (at least one).  The stream alone names the
 * draw: a sample is the same whatever the training's seed, as part of the data's description.
 */
void
dsad_sampler_start(DsadSampler *sampler, uint64_t all, size_t most, DsadStream stream)
{
	memset(sampler, 0, sizeof(*sampler));
	sampler->all = all;
	sampler->rows = all < most ? (size_t) all : most;
	dsad_random_seed(&sampler->random, 0, 0, stream);
	choose_next(sampler);
}

/* The same, with memory from arena for the rows' numbers; false when there is none. */
bool
dsad_sampler_alloc(DsadSampler *sampler, DsadArena *arena, uint64_t all, uint32_t features, DsadStream stream)
{
	size_t		most = SAMPLE_BYTES / sizeof(double) / features;

	most = most < MIN_SAMPLE_ROWS ? MIN_SAMPLE_ROWS : most > DSAD_SAMPLE_ROWS ? DSAD_SAMPLE_ROWS :
																				most;
	dsad_sampler_start(sampler, all, most, stream);
	sampler->features = features;
	sampler->value = dsad_arena_array(arena, sampler->rows, features * sizeof(double));
	return sampler->value != NULL;
}

/* Whether row number `row` is the one that is drawn next. */
bool
dsad_sampler_wants(const DsadSampler *sampler, uint64_t row)
{
	return row == sampler->next && sampler->taken < sampler->rows;
}

/* Whether row number `row` is drawn; rows are asked about in order. */
bool
dsad_sampler_take(DsadSampler *sampler, uint64_t row)
{
	if (!dsad_sampler_wants(sampler, row))
		return false;
	if (++sampler->taken < sampler->rows)
		choose_next(sampler);
	return true;
}

/* Keeps the numbers (features) of row number `row` if it is drawn. */
void
dsad_sampler_offer(DsadSampler *sampler, uint64_t row, const double *values)
{
	size_t		place = sampler->taken;

	if (!dsad_sampler_take(sampler, row))
		return;
	for (uint32_t j = 0; j < sampler->features; j++)
		sampler->value[(size_t) j * sampler->rows + place] = values[j] + 0.0;	/* no -0 */
}

/* Sorts a feature's numbers; how many are not missing, which then come first. */
size_t
dsad_sampler_sort(DsadSampler *sampler, uint32_t feature)
{
	double	   *value = sampler->value + (size_t) feature * sampler->rows;
	size_t		present = 0;

	for (size_t i = 0; i < sampler->taken; i++)
		if (!isnan(value[i]))
			value[present++] = value[i];
	dsad_sort(value, present);
	return present;
}
