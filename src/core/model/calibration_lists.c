/*
 * calibration_lists.c
 *	  Lists of scores of rows that were not trained on, and the decision that they come to.
 */
#include "core/model/calibration_lists.h"

#include <math.h>
#include <string.h>

#include "core/statistics.h"

/* How many lists of scores a model trained under config has. */
uint32_t
dsad_calibration_lists(const DsadConfig *config)
{
	return config->calibration == DSAD_CALIBRATION_SPLIT ? 1 :
		   config->calibration == DSAD_CALIBRATION_CROSS ? (uint32_t) config->members :
														   0;
}

/* How many of so many scores are kept. */
uint32_t
dsad_scores_kept(uint32_t rows)
{
	return rows <= DSAD_CALIBRATION_EXACT ?
			   rows :
			   DSAD_CALIBRATION_EXACT + (rows - DSAD_CALIBRATION_EXACT) / DSAD_CALIBRATION_STEP;
}

/* How many scores are at least as high as kept score number i, itself included. */
static uint32_t
rank_of(uint32_t i)
{
	return i < DSAD_CALIBRATION_EXACT ?
			   i + 1 :
			   DSAD_CALIBRATION_EXACT + (i + 1 - DSAD_CALIBRATION_EXACT) * DSAD_CALIBRATION_STEP;
}

/* How many scores of the list are at least `score`; between two kept ones as many as there can be. */
uint32_t
dsad_count_at_least(const DsadScoreList *list, double score)
{
	uint32_t	low = 0;		/* all before it are at least score */
	uint32_t	high = list->kept;	/* this and all behind it are not */

	while (low < high)
	{
		uint32_t	middle = (low + high) / 2;

		if (list->score[middle] >= score)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->kept ? rank_of(low) - 1 : list->rows;
}

/* Makes a list of `rows` scores, which are sorted for it; false when out of memory. */
bool
dsad_make_list(DsadScoreList *list, DsadArena *arena, double *scores, uint32_t rows)
{
	list->rows = rows;
	list->kept = dsad_scores_kept(rows);
	list->score = dsad_arena_array(arena, list->kept, sizeof(double));
	if (!list->score)
		return false;
	dsad_sort(scores, rows);
	for (uint32_t i = 0; i < list->kept; i++)
		list->score[i] = scores[rows - rank_of(i)];
	return true;
}

/* The lowest double above x >= 0. */
static double
next_above(double x)
{
	uint64_t	bits;

	if (!isfinite(x))
		return INFINITY;
	memcpy(&bits, &x, sizeof(bits));
	bits++;
	memcpy(&x, &bits, sizeof(x));
	return x;
}

double
dsad_pvalue_of_count(const DsadCalibration *calibration, uint64_t at_least)
{
	return (1 + (double) at_least) / (1 + (double) calibration->rows);
}

/* The bin, of `bins` equal ones, that a p-value lies in: each has its upper end, not its lower. */
int
dsad_pvalue_bin(double pvalue, int bins)
{
	int			bin = (int) (pvalue * bins);

	if (bin > 0 && (double) bin >= pvalue * bins)
		bin--;
	return bin < bins ? bin : bins - 1;
}

/*
 * The share of p-values in each bin that new rows like the calibration rows have: as
 * uniform as ties allow.  A calibration row stands for a new one, the others for all.
 */
void
dsad_pvalue_bins(const DsadCalibration *calibration, double *share, int bins)
{
	for (int bin = 0; bin < bins; bin++)
		share[bin] = 0;
	for (uint32_t l = 0; l < calibration->lists; l++)
	{
		const DsadScoreList *list = &calibration->list[l];
		double		row = 1.0 / (double) calibration->rows;
		uint32_t	counted = 0;

		for (uint32_t i = 0; i < list->kept; i++)
		{
			uint32_t	rank = rank_of(i);
			uint32_t	at_least = dsad_count_at_least(list, list->score[i]);
			bool		tied = i > 0 && list->score[i - 1] == list->score[i];

			/* those between the last kept score and this one, then this one */
			share[dsad_pvalue_bin((double) (tied ? at_least : rank) / (double) list->rows, bins)] +=
				row * (rank - 1 - counted);
			share[dsad_pvalue_bin((double) at_least / (double) list->rows, bins)] += row;
			counted = rank;
		}
		share[bins - 1] += row * (list->rows - counted);
	}
}

/* How many calibration rows may score as high as an anomaly; -1 when nothing is one. */
static int64_t
most_at_least(const DsadModel *model)
{
	const DsadCalibration *calibration = &model->calibration;
	double		contamination = model->config.contamination;
	int64_t		low = -1;		/* may */
	int64_t		high = (int64_t) calibration->rows + 1;	/* may not */

	while (low + 1 < high)
	{
		int64_t		middle = (low + high) / 2;

		if (contamination > 0 ? (double) middle <= contamination * (double) calibration->rows :
								dsad_pvalue_of_count(calibration, (uint64_t) middle) <= model->config.alpha)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The lowest score that at most `most` rows of the list reach. */
static double
lowest_score(const DsadScoreList *list, int64_t most)
{
	double		above = -1;

	if (most < 0)
		return INFINITY;
	if (most >= list->rows)
		return 0;
	for (uint32_t i = 0; i < list->kept && rank_of(i) - 1 <= most; i++)
		above = list->score[i];
	return next_above(above);
}

/*
 * How the model tells anomalies: by its threshold or, without one, by contamination
 * or alpha and the calibration rows.  With one list that comes to a score; with a list
 * for each member it does not.
 */
void
dsad_decision(DsadDecision *decision, const DsadModel *model)
{
	const DsadCalibration *calibration = &model->calibration;

	decision->kind = DSAD_DECISION_SCORE;
	decision->score = model->config.threshold;
	decision->most = -1;
	if (model->config.threshold > 0)
		return;
	decision->kind = DSAD_DECISION_NONE;
	if (calibration->lists == 0)
		return;
	decision->most = most_at_least(model);
	decision->kind = model->config.calibration == DSAD_CALIBRATION_SPLIT ? DSAD_DECISION_SCORE : DSAD_DECISION_PVALUE;
	if (decision->kind == DSAD_DECISION_SCORE)
		decision->score = lowest_score(&calibration->list[0], decision->most);
}

/* Whether any calibration row is an anomaly by the model's decision, which has one. */
bool
dsad_decision_reached(const DsadModel *model)
{
	const DsadCalibration *calibration = &model->calibration;
	DsadDecision decision;

	dsad_decision(&decision, model);
	if (decision.kind == DSAD_DECISION_PVALUE)
		return decision.most >= 1;
	return calibration->lists > 0 && calibration->list[0].rows > 0 && calibration->list[0].score[0] >= decision.score;
}

/*
 * An update changes the scores of rows that are not there any more: no more p-values.
 * A threshold that comes to a score stays, because an update keeps the scores' meaning.
 */
void
dsad_calibration_drop(DsadModel *model)
{
	DsadDecision decision;

	dsad_decision(&decision, model);
	if (decision.kind == DSAD_DECISION_SCORE && decision.score >= DSAD_MIN_THRESHOLD &&
		decision.score <= DSAD_MAX_THRESHOLD)
		model->config.threshold = decision.score;
	model->config.calibration = DSAD_CALIBRATION_NONE;
	dsad_option_mark_given(dsad_option_find("calibration", 11), &model->config, false);
	memset(&model->calibration, 0, sizeof(model->calibration));
}

/* The smallest p-value there can be. */
double
dsad_smallest_pvalue(const DsadCalibration *calibration)
{
	return dsad_pvalue_of_count(calibration, 0);
}
