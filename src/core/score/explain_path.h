/*
 * explain_path.h
 *	  How much each input adds to a score.
 */
#ifndef DSAD_EXPLAIN_PATH_H
#define DSAD_EXPLAIN_PATH_H

#include "core/score/scorer.h"

extern DsadStatus dsad_explain(const DsadScorer *scorer, const DsadRows *row, const DsadEnv *env,
							   double *contribution, DsadError *error);

#endif
