/*
 * drift.c
 *	  Whether rows are still like the training rows: each feature's distribution over
 *	  cells that the training rows gave, and the scores' p-values.
 *
 * A feature's cells end at its deciles; a value that holds several deciles has a cell of
 * its own, and missing values are the first cell.  Two numbers compare the rows' shares
 * with the training rows': PSI says how large a shift is, the largest difference of the
 * cumulative shares (Kolmogorov and Smirnov) how sure.
 */
#include "drift.h"

#include <math.h>
#include <string.h>

#include "calibration.h"
#include "env.h"
#include "scorer.h"
#include "statistics.h"

#define SAMPLE_ROWS 4096
#define MIN_SAMPLE_ROWS 64
#define SAMPLE_BYTES ((size_t) 16 << 20)

#define MIN_PSI 0.1				/* above what chance makes: the usual mark of a moderate shift */
#define SURE 0.01				/* chance that any feature or the score is called shifted when none is */

/* Room for a sketch, in arena; false when out of memory. */
bool
dsad_sketch_alloc(DsadSketch *sketch, DsadArena *arena, uint32_t features)
{
	sketch->rows = 0;
	sketch->edges = dsad_arena_array(arena, features, sizeof(uint32_t));
	sketch->edge = dsad_arena_array(arena, (size_t) features * DSAD_SKETCH_EDGES, sizeof(double));
	sketch->count = dsad_arena_array(arena, (size_t) features * DSAD_SKETCH_CELLS, sizeof(uint32_t));
	return sketch->edges && sketch->edge && sketch->count;
}

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

/* The cell of a value: 0 missing, then those that end at each edge, then the last. */
static uint32_t
cell_of(const double *edge, uint32_t edges, double value)
{
	uint32_t	cell = 1;

	if (isnan(value))
		return 0;
	while (cell <= edges && value > edge[cell - 1])
		cell++;
	return cell;
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
			count[cell_of(edge, sketch->edges[j], value[i])]++;
		status = dsad_poll(env, error);
	}
	return status;
}

/* Starts counting rows against a model's sketch; all memory from arena, false when there is none. */
bool
dsad_drift_start(DsadDrift *drift, DsadArena *arena, const DsadModel *model)
{
	memset(drift, 0, sizeof(*drift));
	drift->model = model;
	drift->count = dsad_arena_array(arena, (size_t) model->scaling.features * DSAD_SKETCH_CELLS, sizeof(uint64_t));
	drift->pvalue = dsad_arena_array(arena, DSAD_MAX_MEMBERS, sizeof(double));
	return drift->count && drift->pvalue &&
		dsad_scorer_create(&drift->scorer, arena, model, dsad_kernel_best()) == DSAD_OK;
}

/* Counts a row, with scratch memory for scoring one; false when it has an infinite number. */
bool
dsad_drift_add(DsadDrift *drift, const DsadRows *row, void *scratch)
{
	const DsadModel *model = drift->model;
	const DsadCalibration *calibration = &model->calibration;

	if (!dsad_list_pvalues(drift->scorer, row, scratch, drift->pvalue))
		return false;
	for (uint32_t j = 0; j < model->scaling.features; j++)
	{
		double		value;

		if (row->single)
			value = ((const DsadAnyFloat *) row->values)[j];
		else
			value = ((const DsadAnyDouble *) row->values)[j];
		drift->count[(size_t) j * DSAD_SKETCH_CELLS +
					 cell_of(model->sketch.edge + (size_t) j * DSAD_SKETCH_EDGES, model->sketch.edges[j], value)]++;
	}
	for (uint32_t i = 0; i < calibration->lists; i++)
		drift->bin[dsad_pvalue_bin(drift->pvalue[i], DSAD_DRIFT_BINS)] += (double) calibration->list[i].rows / calibration->rows;
	drift->rows++;
	return true;
}

/*
 * Compares the shares of `cells` cells: expected ones, of so many rows, and those counted.
 * Half a row is added to each cell for PSI, which knows no empty ones.  The chance is
 * that of the two-sample inequality of Dvoretzky, Kiefer and Wolfowitz.
 */
static void
compare(DsadShift *shift, const double *expected, double expected_rows, const double *counted, double rows,
		int cells, uint32_t tests)
{
	double		difference = 0;
	int			used = 0;

	memset(shift, 0, sizeof(*shift));
	for (int i = 0; i < cells; i++)
		used += expected[i] > 0 || counted[i] > 0;
	for (int i = 0; i < cells; i++)
	{
		double		a = (expected[i] * expected_rows + 0.5) / (expected_rows + 0.5 * used);
		double		b = (counted[i] + 0.5) / (rows + 0.5 * used);

		if (expected[i] > 0 || counted[i] > 0)
			shift->psi += (b - a) * log(b / a);
		difference += counted[i] / rows - expected[i];
		if (fabs(difference) > shift->ks)
			shift->ks = fabs(difference);
	}
	shift->psi_by_chance = (used - 1) * (1 / rows + 1 / expected_rows);
	shift->chance = 2 * exp(-2 * (rows * expected_rows / (rows + expected_rows)) * shift->ks * shift->ks) * tests;
	if (shift->chance > 1)
		shift->chance = 1;
	shift->shifted = shift->chance < SURE && shift->psi > MIN_PSI + shift->psi_by_chance;
}

/* How feature j of the rows that were counted (at least one) differs from the training rows. */
void
dsad_drift_feature(const DsadDrift *drift, uint32_t j, DsadShift *shift)
{
	const DsadSketch *sketch = &drift->model->sketch;
	double		expected[DSAD_SKETCH_CELLS];
	double		counted[DSAD_SKETCH_CELLS];

	for (size_t i = 0; i < DSAD_SKETCH_CELLS; i++)
	{
		expected[i] = (double) sketch->count[j * (size_t) DSAD_SKETCH_CELLS + i] / sketch->rows;
		counted[i] = (double) drift->count[j * (size_t) DSAD_SKETCH_CELLS + i];
	}
	compare(shift, expected, sketch->rows, counted, (double) drift->rows, DSAD_SKETCH_CELLS,
			drift->model->scaling.features + 1);
}

/* How their scores differ from those of the calibration rows; false when there are none. */
bool
dsad_drift_score(const DsadDrift *drift, DsadShift *shift)
{
	const DsadCalibration *calibration = &drift->model->calibration;
	double		expected[DSAD_DRIFT_BINS];

	if (calibration->rows == 0)
		return false;
	dsad_pvalue_bins(calibration, expected, DSAD_DRIFT_BINS);
	compare(shift, expected, calibration->rows, drift->bin, (double) drift->rows, DSAD_DRIFT_BINS,
			drift->model->scaling.features + 1);
	return true;
}
