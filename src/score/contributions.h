/*
 * contributions.h
 *	  What each feature of a call's row has to do with its score.
 */
#ifndef DEEPSAD_CONTRIBUTIONS_H
#define DEEPSAD_CONTRIBUTIONS_H

#include "score/score_call.h"

extern double *deepsad_contributions(FunctionCallInfo fcinfo, const DsadScorer **scorer, DsadRows *row);

#endif
