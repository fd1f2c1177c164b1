/*
 * scaling.h
 *	  Input scaling: raw doubles in, float32 for the net out.
 */
#ifndef DSAD_SCALING_H
#define DSAD_SCALING_H

#include "dsad.h"

/*
 * Scaled values are kept within this bound, so that no finite input can
 * overflow inside the net.
 */
#define DSAD_SCALED_MAX 1e9

extern DsadStatus dsad_scaling_fit(DsadScaling *scaling, const DsadEnv *env,
								   DsadScalingMethod method, const DsadRowSource *rows,
								   const uint32_t *order, DsadFacts *facts, bool *rows_differ,
								   DsadError *error);

#endif
