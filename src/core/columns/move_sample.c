/*
 * move_sample.c
 *	  Some rows of a training, on which columns are compared.
 */
#include "core/columns/move_sample.h"

#include <math.h>

#define OUTER_PART 20			/* one in so many rows at each end may be far from the others */

/* The rows order[0 .. rows) that have both cells, or (start >= 0) the differences between the second and cell `start`;
 * how many. */
size_t
dsad_sample_take_pairs(const DsadMoveSample *sample, const uint32_t *order, uint32_t rows, uint32_t x, uint32_t y,
					   int64_t start)
{
	size_t		count = 0;

	for (uint32_t i = 0; i < rows; i++)
	{
		uint32_t	row = order[i];
		double value =
			dsad_sample_cell(sample, row, y) - (start >= 0 ? dsad_sample_cell(sample, row, (uint32_t) start) : 0);

		if (!isnan(dsad_sample_cell(sample, row, x)) && !isnan(value))
			sample->pair[count++] = (DsadPair) {dsad_sample_cell(sample, row, x), value};
	}
	return count;
}

/* Sorts the rows by a column; missing values are one that comes last. */
void
dsad_sample_sort_rows(DsadMoveSample *sample, uint32_t column)
{
	for (uint32_t i = 0; i < sample->rows; i++)
	{
		double		value = dsad_sample_cell(sample, i, column);

		sample->pair[i] = (DsadPair) {isnan(value) ? INFINITY : value, i};
	}
	dsad_sort_pairs(sample->pair, sample->room, sample->rows);
	for (uint32_t i = 0; i < sample->rows; i++)
		sample->order[i] = (uint32_t) sample->pair[i].y;
}

/* The end of the run of rows that begins at order[begin] and has one value in a column. */
uint32_t
dsad_sample_end_of_run(const DsadMoveSample *sample, uint32_t begin, uint32_t column)
{
	double		value = dsad_sample_cell(sample, sample->order[begin], column);
	uint32_t	end = begin + 1;

	for (; end < sample->rows; end++)
		if (!dsad_same_cell(dsad_sample_cell(sample, sample->order[end], column), value))
			break;
	return end;
}

/* How many different values a column has in the rows, which are sorted by it. */
uint32_t
dsad_sample_count_runs(const DsadMoveSample *sample, uint32_t column)
{
	uint32_t	runs = 0;

	for (uint32_t begin = 0; begin < sample->rows; begin = dsad_sample_end_of_run(sample, begin, column))
		runs++;
	return runs;
}

/* From where to where most rows lie, which are sorted by the clock; infinite when there are none. */
double
dsad_sample_span(const DsadMoveSample *sample, uint32_t clock)
{
	uint32_t	count = sample->rows;

	while (count > 0 && isnan(dsad_sample_cell(sample, sample->order[count - 1], clock)))
		count--;
	if (count == 0)
		return INFINITY;
	return dsad_sample_cell(sample, sample->order[count - 1 - count / OUTER_PART], clock) -
		   dsad_sample_cell(sample, sample->order[count / OUTER_PART], clock);
}
