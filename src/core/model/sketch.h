/*
 * sketch.h
 *	  The cells of a sketch.
 */
#ifndef DSAD_SKETCH_H
#define DSAD_SKETCH_H

#include "core/model/model.h"

extern bool dsad_sketch_alloc(DsadSketch *sketch, DsadArena *arena, uint32_t summaries);
extern uint32_t dsad_sketch_cell(const double *edge, uint32_t edges, double value);

#endif
