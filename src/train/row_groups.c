/*
 * row_groups.c
 *	  Which training rows belong together.
 *
 * Rows of one group have the same values in the columns of "group_by".  An instant among
 * them stands for a stretch of time: the rows of a series follow one another, and each
 * resembles those before and after it.  A window of n readings shares some with n - 1 rows on
 * either side; a row's numbers are at least as many.  So a stretch is ten times as many
 * rows long as a row has numbers, if the series is long enough for LEAST_STRETCHES of them, and
 * as many rows at its ends judge nobody.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "miscadmin.h"

#include "train/row_groups.h"

#define STRETCH_ROWS 10			/* times the numbers of a row */
#define LEAST_STRETCHES 10		/* of a series */
#define MOST_STRETCHES 1000
#define MOST_EDGE 0.25
#define SERIES_BITS 65536		/* to count series by */

/* The columns of the draft that are in "group_by". */
static void
list_columns(DeepsadRowGroups *groups, const DeepsadDraft *draft)
{
	groups->column = palloc0(draft->encoder.columns * sizeof(DeepsadGroupColumn));
	for (uint32 c = 0; c < draft->encoder.columns; c++)
	{
		const DsadColumn *column = &draft->encoder.column[c];

		if (draft->column[c].group)
			groups->column[groups->columns++] = (DeepsadGroupColumn) {
				column->first_cell, column->type >= DSAD_TYPE_TIMESTAMP && column->type <= DSAD_TYPE_DATE, INFINITY, -INFINITY};
	}
}

/* A hash of the values that are no instants: which series a row is of. */
static uint64
hash_series(const DeepsadRowGroups *groups, const double *cells)
{
	uint64		h = 0;

	for (uint32 c = 0; c < groups->columns; c++)
		if (!groups->column[c].instant)
			h = dsad_hash_step(h, dsad_number_bits(cells[groups->column[c].cell]));
	return dsad_hash_end(h);
}

/* Finds first and last instants, the last in `stretch`; about how many series there are (Whang et al., 1990). */
static double
look_at_rows(DeepsadRowGroups *groups, const DeepsadDraft *draft, const DsadRowSource *rows)
{
	double	   *cells = palloc(draft->encoder.cells * sizeof(double));
	uint8	   *seen = palloc0(SERIES_BITS / 8);
	uint32		occupied = 0;

	for (uint64 row = 0; row < rows->count; row++)
	{
		uint32		bit;
		int8_t		label;

		if (row % 64 == 0)
			CHECK_FOR_INTERRUPTS();
		rows->read(rows->ctx, row, cells, &label);
		bit = (uint32) (hash_series(groups, cells) % SERIES_BITS);
		occupied += !(seen[bit / 8] >> bit % 8 & 1);
		seen[bit / 8] |= (uint8) (1 << bit % 8);
		for (uint32 c = 0; c < groups->columns; c++)
		{
			DeepsadGroupColumn *column = &groups->column[c];
			double		value = cells[column->cell];

			if (column->instant && value < column->first)
				column->first = value;
			if (column->instant && value > column->stretch)
				column->stretch = value;
		}
	}
	pfree(seen);
	pfree(cells);
	return occupied == SERIES_BITS ? (double) rows->count : -SERIES_BITS * log(1 - (double) occupied / SERIES_BITS);
}

/*
 * Finds out how rows that are kept in `rows`, as cells of the draft, belong together, with memory from the
 * current context.  The set of rows decides, not their order.
 */
void
deepsad_row_groups_find(DeepsadRowGroups *groups, const DeepsadDraft *draft, const DsadRowSource *rows)
{
	bool		instants = false;
	double		length;			/* rows of a series */
	double		stretches;

	memset(groups, 0, sizeof(*groups));
	if (draft->column == NULL)
		return;
	list_columns(groups, draft);
	for (uint32 c = 0; c < groups->columns; c++)
		instants |= groups->column[c].instant;
	if (!instants)
		return;
	length = (double) rows->count / look_at_rows(groups, draft, rows);
	stretches = floor(length / (STRETCH_ROWS * (double) draft->encoder.cells));
	stretches = Min(Max(stretches, LEAST_STRETCHES), MOST_STRETCHES);
	groups->edge = Min(draft->encoder.cells * stretches / length, MOST_EDGE);
	for (uint32 c = 0; c < groups->columns; c++)
	{
		DeepsadGroupColumn *column = &groups->column[c];

		if (column->instant)
			column->stretch = Max((column->stretch - column->first + 1) / stretches, 1);
	}
}

/* The group of a row of the draft's cells, for the core. */
uint64
deepsad_row_group(const DeepsadRowGroups *groups, const double *cells)
{
	uint64		h = hash_series(groups, cells);
	bool		edge = false;

	for (uint32 c = 0; c < groups->columns; c++)
	{
		const DeepsadGroupColumn *column = &groups->column[c];
		double		place = (cells[column->cell] - column->first) / column->stretch;

		if (!column->instant)
			continue;
		h = dsad_hash_step(h, dsad_number_bits(floor(place)));
		edge |= place - floor(place) < groups->edge || place - floor(place) > 1 - groups->edge;
	}
	h = dsad_hash_end(h);
	return edge ? h | DSAD_GROUP_EDGE : h & ~DSAD_GROUP_EDGE;
}
