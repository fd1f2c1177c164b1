/*
 * calibration_lists.h
 *	  Scores of rows that were not trained on, and how they tell anomalies.
 */
#ifndef DSAD_CALIBRATION_LISTS_H
#define DSAD_CALIBRATION_LISTS_H

#include "core/model/model.h"

/* How a model tells anomalies. */
typedef enum DsadDecisionKind
{
	DSAD_DECISION_NONE,			/* it cannot */
	DSAD_DECISION_SCORE,		/* by the score */
	DSAD_DECISION_PVALUE		/* by the rows of calibration that score as high */
} DsadDecisionKind;

typedef struct DsadDecision
{
	DsadDecisionKind kind;
	double		score;			/* the lowest that is an anomaly, perhaps infinity; SCORE only */
	int64_t		most;			/* so many rows of calibration may score as high; PVALUE only */
} DsadDecision;

extern void dsad_decision(DsadDecision *decision, const DsadModel *model);
extern bool dsad_decision_reached(const DsadModel *model);
extern double dsad_smallest_pvalue(const DsadCalibration *calibration);

extern uint32_t dsad_calibration_lists(const DsadConfig *config);
extern uint32_t dsad_scores_kept(uint32_t rows);
extern bool dsad_make_list(DsadScoreList *list, DsadArena *arena, double *scores, uint32_t rows);
extern uint32_t dsad_count_at_least(const DsadScoreList *list, double score);
extern double dsad_pvalue_of_count(const DsadCalibration *calibration, uint64_t at_least);
extern int	dsad_pvalue_bin(double pvalue, int bins);
extern void dsad_pvalue_bins(const DsadCalibration *calibration, double *share, int bins);
extern void dsad_calibration_drop(DsadModel *model);

#endif
