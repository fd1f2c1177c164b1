/*
 * move_sample.h
 *	  Some rows of a training, on which columns are compared.
 */
#ifndef DSAD_MOVE_SAMPLE_H
#define DSAD_MOVE_SAMPLE_H

#include "core/columns/column_statistics.h"
#include "core/columns/rank_correlation.h"

typedef struct DsadMoveSample
{
	const DsadEncoder *draft;
	const double *cells;		/* (rows, draft->columns) */
	const double *digits;		/* (rows, draft->columns): the number in a text; NaN = it has none */
	uint32_t	rows;
	DsadPair   *pair;			/* rows: scratch */
	DsadPair   *room;			/* rows: scratch */
	uint32_t   *order;			/* rows: sorted by some column */
	double		span;			/* of the clock, without the first and last rows */
} DsadMoveSample;

static inline double
dsad_sample_cell(const DsadMoveSample *sample, uint32_t row, uint32_t column)
{
	return sample->cells[(size_t) row * sample->draft->columns + column];
}

extern size_t dsad_sample_take_pairs(const DsadMoveSample *sample, const uint32_t *order, uint32_t rows, uint32_t x,
									 uint32_t y, int64_t start);
extern void dsad_sample_sort_rows(DsadMoveSample *sample, uint32_t column);
extern uint32_t dsad_sample_end_of_run(const DsadMoveSample *sample, uint32_t begin, uint32_t column);
extern uint32_t dsad_sample_count_runs(const DsadMoveSample *sample, uint32_t column);
extern double dsad_sample_span(const DsadMoveSample *sample, uint32_t clock);

#endif
