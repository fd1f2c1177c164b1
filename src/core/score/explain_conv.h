/*
 * explain_conv.h
 *	  Explanations of convolutional networks.
 */
#ifndef DSAD_EXPLAIN_CONV_H
#define DSAD_EXPLAIN_CONV_H

#include "core/score/scorer.h"

extern DsadStatus dsad_conv_contributions(const DsadScorer *scorer, const DsadEnv *env, const float *from,
										  const float *to, double *contribution, DsadError *error);

#endif
