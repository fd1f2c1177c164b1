/*
 * normalize.c
 *	  Makes 1 the mean score of all rows that are not known anomalies, those included
 *	  that some or all members were not trained on.
 *
 * A member's divisor is the mean distance of the rows it has seen.  Others lie farther, in
 * small tables several times as far, and would lift the mean.  All members' divisors and the
 * inputs' mean change by one factor, so scores keep their order.
 */
#include "core/train/normalize.h"

#include <math.h>
#include <string.h>

#include "core/score/scorer_parts.h"
#include "core/train/loader.h"

#define CHUNK 256				/* rows scored between two polls */

/* The sum of a model's scores over the rows that the loader hands out and that are no known anomalies; how many. */
static DsadStatus
sum_scores(const DsadModel *model, DsadArena *scratch, DsadLoader *loader, double *sum, double *count, DsadError *error)
{
	float	   *batch = dsad_arena_array(scratch, CHUNK, loader->width * sizeof(float));
	int8_t	   *label = dsad_arena_array(scratch, CHUNK, sizeof(int8_t));
	double		scores[CHUNK];
	DsadScorer *scorer;
	void	   *memory;
	uint32_t	n;
	DsadStatus	status;

	*sum = *count = 0;
	if (!batch || !label)
		return dsad_no_memory(error);
	status = dsad_scorer_begin(&scorer, &memory, scratch, model, dsad_kernel_best(), CHUNK, error);
	if (status != DSAD_OK)
		return status;
	dsad_loader_start(loader, false);
	while ((status = dsad_loader_next(loader, CHUNK, batch, label, &n)) == DSAD_OK && n > 0)
	{
		status = dsad_score_polled(scorer, scratch->env, batch, loader->width, n, memory, scores, error);
		if (status != DSAD_OK)
			return status;
		for (uint32_t i = 0; i < n; i++)
			if (label[i] != DSAD_ANOMALY)
			{
				*sum += scores[i];
				*count += 1;
			}
	}
	return status;
}

/*
 * The same of a part's rows (fold 0: all) or of one fold, by the member alone that has not seen it,
 * without its inputs.
 */
static DsadStatus
sum_part(const DsadModel *model, const DsadEnv *env, const DsadDataset *part, uint32_t fold, double *sum, double *count,
		 DsadError *error)
{
	DsadModel	scored = *model;
	DsadArena	scratch;
	DsadLoader	loader;
	DsadStatus	status;

	*sum = *count = 0;
	if (part->count == 0)
		return DSAD_OK;
	memset(&scored.calibration, 0, sizeof(scored.calibration));
	dsad_arena_init(&scratch, env);
	status = dsad_loader_alloc(&loader, &scratch, part, error);
	if (fold > 0)
	{
		scored.members = &model->members[fold - 1];
		scored.config.members = 1;
		scored.config.input_weight = 0;
		if (status == DSAD_OK)
			status = dsad_loader_leave_out(&loader, &scratch, fold, true);
	}
	if (status == DSAD_OK)
		status = sum_scores(&scored, &scratch, &loader, sum, count, error);
	dsad_arena_release(&scratch);
	return status;
}

/*
 * Sets the divisors and the inputs' mean of a model whose members are trained on parts.  Only rows
 * that were held out of something need to be scored: the mean of the others is 1.
 */
DsadStatus
dsad_normalize(DsadModel *model, const DsadEnv *env, const DsadDataset *parts, DsadError *error)
{
	const DsadFacts *facts = &model->facts;
	const DsadConfig *config = &model->config;
	double		weight = config->input_weight > 0 ? config->input_weight : 0;
	double		held_out = 0;
	double		total = 0;
	double		training;
	double		members = 0;
	double		factor;
	double		sum;
	double		count;
	DsadStatus	status = DSAD_OK;

	if (dsad_config_plain_score(config))
		return status;
	for (int part = 0; part < DSAD_PARTS && status == DSAD_OK; part++)
	{
		if (part == DSAD_PART_TRAINING)
			continue;
		status = sum_part(model, env, &parts[part], 0, &sum, &count, error);
		total += sum;
		held_out += count;
	}
	training = (double) facts->rows - (double) facts->anomalies - held_out;
	for (uint32_t m = 0; m < (uint32_t) config->members && status == DSAD_OK; m++)
	{
		sum = count = 0;
		if (config->calibration == DSAD_CALIBRATION_CROSS && m < DSAD_MAX_FOLDS)
			status = sum_part(model, env, &parts[DSAD_PART_TRAINING], m + 1, &sum, &count, error);
		members += training - count + sum;
	}
	factor = (total + (members / (double) config->members + weight * training) / (1 + weight)) / (held_out + training);
	if (status != DSAD_OK || !(factor > 0) || !isfinite(factor))
		return status;
	for (int64_t m = 0; m < config->members; m++)
		model->members[m].divisor *= factor;
	model->input_mean *= factor;
	return status;
}
