/*
 * sketch_fit.c
 *	  The sketch of a sample of the training rows: how many lie between the deciles of each
 *	  feature.
 */
#include "core/train/sketch_fit.h"

#include <math.h>
#include <string.h>

#include "core/model/sketch.h"

/* The highest double below a finite x. */
static double
just_below(double x)
{
	uint64_t	bits;

	if (x == 0)
		return -4.9406564584124654e-324;
	memcpy(&bits, &x, sizeof(bits));
	bits += x > 0 ? UINT64_MAX : 1;
	memcpy(&x, &bits, sizeof(x));
	return x;
}

/* The edges between cells, from the sorted values of a feature; how many. */
static uint32_t
find_edges(const double *sorted, size_t count, double *edge)
{
	uint32_t	edges = 0;

	for (int decile = 1; decile < 10 && count > 0; decile++)
	{
		double		value = sorted[count * (size_t) decile / 10];
		double		below = just_below(value);

		if (edges == 0 || value > edge[edges - 1])
			edge[edges++] = value;
		/* it comes again: a cell of its own, unless it has one */
		else if (isfinite(below) && (edges == 1 || below > edge[edges - 2]))
		{
			edge[edges - 1] = below;
			edge[edges++] = value;
		}
	}
	return edges;
}

/* Makes the sketch (allocated) of what was taken. */
DsadStatus
dsad_sketch_fit(DsadSketch *sketch, DsadSampler *sampler, const DsadEnv *env, DsadError *error)
{
	DsadStatus	status = DSAD_OK;

	sketch->rows = (uint32_t) sampler->taken;
	for (uint32_t j = 0; j < sampler->features && status == DSAD_OK; j++)
	{
		const double *value = sampler->value + (size_t) j * sampler->rows;
		double	   *edge = sketch->edge + (size_t) j * DSAD_SKETCH_EDGES;
		uint32_t   *count = sketch->count + (size_t) j * DSAD_SKETCH_CELLS;
		size_t		present = dsad_sampler_sort(sampler, j);

		sketch->edges[j] = find_edges(value, present, edge);
		memset(count, 0, DSAD_SKETCH_CELLS * sizeof(*count));
		count[0] = (uint32_t) (sampler->taken - present);
		for (size_t i = 0; i < present; i++)
			count[dsad_sketch_cell(edge, sketch->edges[j], value[i])]++;
		status = dsad_poll(env, error);
	}
	return status;
}
