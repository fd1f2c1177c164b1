/*
 * pvalues.c
 *	  p-values and decisions, by the scores of rows that were not trained on.
 *
 * Split: the rows were held out of all members.  A row's p-value is (1 + number of
 * those that score at least as high) / (1 + number of those), which is uniform or
 * larger when the row comes from where they came (Vovk et al., 2005).
 *
 * Cross: each member left out rows of its own, and says how many of those score, for
 * it alone, at least as high as the row.  The counts are added up (Vovk, 2015).
 */
#include "core/score/pvalues.h"

#include <math.h>

#include "core/score/scorer_parts.h"

/* The row's score beside each list of calibration scores; false when it has an infinite number. */
static bool
score_lists(const DsadScorer *scorer, const DsadRows *row, void *scratch, double *score)
{
	return scorer->cross ? dsad_member_scores(scorer, row, scratch, score, NULL) :
						   dsad_score(scorer, row, scratch, score) == 1;
}

/*
 * The row's score, and a p-value by each list of calibration scores alone (DSAD_MAX_MEMBERS at most, for which there
 * is room); false when the row has an infinite number.
 */
bool
dsad_list_pvalues(const DsadScorer *scorer, const DsadRows *row, void *scratch, double *score, double *pvalue)
{
	if (scorer->cross)
	{
		if (!dsad_member_scores(scorer, row, scratch, pvalue, score))
			return false;
	}
	else if (dsad_score(scorer, row, scratch, score) == 0)
		return false;
	else
		pvalue[0] = *score;
	for (uint32_t i = 0; i < scorer->calibration.lists; i++)
	{
		const DsadScoreList *list = &scorer->calibration.list[i];

		pvalue[i] = (1 + (double) dsad_count_at_least(list, pvalue[i])) / (1 + (double) list->rows);
	}
	return true;
}

/* How many calibration rows score at least as high as the row; false when it has an infinite number. */
static bool
count_row(const DsadScorer *scorer, const DsadRows *row, void *scratch, uint64_t *count)
{
	const DsadCalibration *calibration = &scorer->calibration;
	double		score[DSAD_MAX_MEMBERS];

	*count = 0;
	if (!score_lists(scorer, row, scratch, score))
		return false;
	for (uint32_t i = 0; i < calibration->lists; i++)
		*count += dsad_count_at_least(&calibration->list[i], score[i]);
	return true;
}

/* The row's p-value; 1 when no row was held out. */
bool
dsad_pvalue(const DsadScorer *scorer, const DsadRows *row, void *scratch, double *pvalue)
{
	uint64_t	count;

	if (!count_row(scorer, row, scratch, &count))
		return false;
	*pvalue = dsad_pvalue_of_count(&scorer->calibration, count);
	return true;
}

/* Whether the row is an anomaly, by a decision that is not NONE. */
bool
dsad_is_anomaly(const DsadScorer *scorer, const DsadRows *row, void *scratch, bool *anomaly)
{
	uint64_t	count;
	double		score;

	if (scorer->decision.kind == DSAD_DECISION_PVALUE)
	{
		if (!count_row(scorer, row, scratch, &count))
			return false;
		*anomaly = (int64_t) count <= scorer->decision.most;
		return true;
	}
	if (dsad_score(scorer, row, scratch, &score) == 0)
		return false;
	*anomaly = score >= scorer->decision.score && scorer->decision.score < INFINITY;
	return true;
}

const DsadDecision *
dsad_scorer_decision(const DsadScorer *scorer)
{
	return &scorer->decision;
}

const DsadCalibration *
dsad_scorer_calibration(const DsadScorer *scorer)
{
	return &scorer->calibration;
}
