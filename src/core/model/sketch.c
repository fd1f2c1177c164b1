/*
 * sketch.c
 *	  What training rows were like: the cells that each feature's values are counted in.
 */
#include "core/model/sketch.h"

#include <math.h>

/* Room for a sketch of so many numbers, in arena; false when out of memory. */
bool
dsad_sketch_alloc(DsadSketch *sketch, DsadArena *arena, uint32_t summaries)
{
	sketch->rows = 0;
	sketch->edges = dsad_arena_array(arena, summaries, sizeof(uint32_t));
	sketch->edge = dsad_arena_array(arena, (size_t) summaries * DSAD_SKETCH_EDGES, sizeof(double));
	sketch->count = dsad_arena_array(arena, (size_t) summaries * DSAD_SKETCH_CELLS, sizeof(uint32_t));
	return sketch->edges && sketch->edge && sketch->count;
}

/* The cell of a value: 0 missing, then those that end at each edge, then the last. */
uint32_t
dsad_sketch_cell(const double *edge, uint32_t edges, double value)
{
	uint32_t	cell = 1;

	if (isnan(value))
		return 0;
	while (cell <= edges && value > edge[cell - 1])
		cell++;
	return cell;
}
