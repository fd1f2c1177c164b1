/*
 * sketcher.c
 *	  A sample of the training rows, and a sketch of it: how many lie between the deciles of
 *	  each feature.
 */
#include "core/train/sketcher.h"

#include <math.h>
#include <string.h>

#include "core/model/sketch.h"
#include "core/statistics.h"

#define SAMPLE_ROWS 4096
#define MIN_SAMPLE_ROWS 64
#define SAMPLE_BYTES ((size_t) 16 << 20)

/* Chooses the row that is taken next from its stretch. */
static void
choose_next(DsadSketcher *sketcher)
{
	uint64_t	start = sketcher->taken * sketcher->all / sketcher->rows;
	uint64_t	end = (sketcher->taken + 1) * sketcher->all / sketcher->rows;

	sketcher->next = start + dsad_random_next(&sketcher->random) % (end - start);
}

/* Begins a sample of the rows, with memory from scratch; false when there is none. */
bool
dsad_sketcher_start(DsadSketcher *sketcher, DsadArena *scratch, const DsadRowSource *rows)
{
	size_t		most = SAMPLE_BYTES / sizeof(double) / rows->features;

	memset(sketcher, 0, sizeof(*sketcher));
	most = most < MIN_SAMPLE_ROWS ? MIN_SAMPLE_ROWS : most > SAMPLE_ROWS ? SAMPLE_ROWS : most;
	sketcher->all = rows->count;
	sketcher->rows = rows->count < most ? (size_t) rows->count : most;
	sketcher->features = rows->features;
	sketcher->value = dsad_arena_array(scratch, sketcher->rows, rows->features * sizeof(double));
	dsad_random_seed(&sketcher->random, 0, 0, DSAD_STREAM_SKETCH);
	choose_next(sketcher);
	return sketcher->value != NULL;
}

/* Takes row number `row` if it is its turn. */
void
dsad_sketcher_offer(DsadSketcher *sketcher, uint64_t row, const double *values)
{
	if (row != sketcher->next || sketcher->taken == sketcher->rows)
		return;
	for (uint32_t j = 0; j < sketcher->features; j++)
		sketcher->value[(size_t) j * sketcher->rows + sketcher->taken] = values[j] + 0.0;	/* no -0 */
	sketcher->taken++;
	if (sketcher->taken < sketcher->rows)
		choose_next(sketcher);
}

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
dsad_sketcher_finish(DsadSketcher *sketcher, DsadSketch *sketch, const DsadEnv *env, DsadError *error)
{
	DsadStatus	status = DSAD_OK;

	sketch->rows = (uint32_t) sketcher->taken;
	for (uint32_t j = 0; j < sketcher->features && status == DSAD_OK; j++)
	{
		double	   *value = sketcher->value + (size_t) j * sketcher->rows;
		double	   *edge = sketch->edge + (size_t) j * DSAD_SKETCH_EDGES;
		uint32_t   *count = sketch->count + (size_t) j * DSAD_SKETCH_CELLS;
		size_t		present = 0;

		for (size_t i = 0; i < sketcher->taken; i++)
			if (!isnan(value[i]))
				value[present++] = value[i];
		dsad_sort(value, present);
		sketch->edges[j] = find_edges(value, present, edge);
		memset(count, 0, DSAD_SKETCH_CELLS * sizeof(*count));
		count[0] = (uint32_t) (sketcher->taken - present);
		for (size_t i = 0; i < present; i++)
			count[dsad_sketch_cell(edge, sketch->edges[j], value[i])]++;
		status = dsad_poll(env, error);
	}
	return status;
}
