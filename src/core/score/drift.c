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
#include "core/score/drift.h"

#include <math.h>
#include <string.h>

#include "core/model/sketch.h"
#include "core/model/summary.h"
#include "core/score/pvalues.h"

#define MIN_PSI 0.1				/* above what chance makes: the usual mark of a moderate shift */
#define SURE 0.01				/* chance that any feature or the score is called shifted when none is */

/* Starts counting rows against a model's sketch, all memory from arena.  Errors: canceled, or out of memory. */
DsadStatus
dsad_drift_start(DsadDrift *drift, DsadArena *arena, const DsadModel *model, DsadError *error)
{
	memset(drift, 0, sizeof(*drift));
	drift->model = model;
	drift->summaries = dsad_summaries(model->encoder);
	drift->summary = dsad_arena_array(arena, drift->summaries, sizeof(double));
	drift->count = dsad_arena_array(arena, (size_t) drift->summaries * DSAD_SKETCH_CELLS, sizeof(uint64_t));
	drift->pvalue = dsad_arena_array(arena, DSAD_MAX_MEMBERS, sizeof(double));
	if (!drift->summary || !drift->count || !drift->pvalue)
		return dsad_no_memory(error);
	return dsad_scorer_create(&drift->scorer, arena, model, dsad_kernel_best(), error);
}

/* Scores a row and counts it, if the model has a sketch; false when it has an infinite number. */
bool
dsad_drift_add(DsadDrift *drift, const DsadRows *row, void *scratch, double *score)
{
	const DsadModel *model = drift->model;
	const DsadCalibration *calibration = &model->calibration;

	if (!dsad_list_pvalues(drift->scorer, row, scratch, score, drift->pvalue))
		return false;
	if (model->sketch.rows == 0)
		return true;
	dsad_summarize(model->encoder, row, drift->summary);
	for (uint32_t j = 0; j < drift->summaries; j++)
		drift->count[(size_t) j * DSAD_SKETCH_CELLS +
					 dsad_sketch_cell(model->sketch.edge + (size_t) j * DSAD_SKETCH_EDGES, model->sketch.edges[j],
									  drift->summary[j])]++;
	for (uint32_t i = 0; i < calibration->lists; i++)
		drift->bin[dsad_pvalue_bin(drift->pvalue[i], DSAD_DRIFT_BINS)] +=
			(double) calibration->list[i].rows / calibration->rows;
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

/* How number j of the summaries of the rows that were counted (at least one) differs from the training rows. */
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
			drift->summaries + 1);
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
			drift->summaries + 1);
	return true;
}
