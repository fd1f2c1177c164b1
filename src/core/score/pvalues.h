/*
 * pvalues.h
 *	  p-values of rows, and whether they are anomalies.
 */
#ifndef DSAD_PVALUES_H
#define DSAD_PVALUES_H

#include "core/model/calibration_lists.h"
#include "core/score/scorer.h"

/* Of one row; false when it has an infinite number. */
extern bool dsad_pvalue(const DsadScorer *scorer, const DsadRows *row, void *scratch, double *pvalue);
extern bool dsad_is_anomaly(const DsadScorer *scorer, const DsadRows *row, void *scratch, bool *anomaly);
extern const DsadDecision *dsad_scorer_decision(const DsadScorer *scorer);
extern const DsadCalibration *dsad_scorer_calibration(const DsadScorer *scorer);
extern bool dsad_list_pvalues(const DsadScorer *scorer, const DsadRows *row, void *scratch, double *score,
							  double *pvalue);

#endif
