/*
 * scaling.h
 *	  Input scaling: raw doubles in, float32 for the net out.
 */
#ifndef DSAD_SCALING_H
#define DSAD_SCALING_H

#include "dsad.h"

/*
 * Scaled values are kept within this bound at least, so that no finite input can
 * overflow inside the net.
 */
#define DSAD_SCALED_MAX 1e9

#define DSAD_ROBUST_LIMIT 5		/* of robust inputs: bounded, or outliers would be all that counts */

#define DSAD_FLAG_SCALE 10		/* of a 0 or 1 that hardly varies, at most */

extern bool dsad_scaling_alloc(DsadScaling *scaling, DsadArena *arena, uint32_t features, uint32_t inputs);
extern bool dsad_scaling_copy(DsadScaling *scaling, DsadArena *arena, const DsadScaling *source);
extern bool dsad_scale_row(const DsadScaling *scaling, const DsadKernel *kernel, const DsadRows *rows, size_t i,
						   double *raw, float *scaled);

extern DsadStatus dsad_scaling_fit(DsadScaling *scaling, const DsadEnv *env,
								   DsadScalingMethod method, const DsadRowSource *rows,
								   const uint32_t *order, DsadFacts *facts,
								   DsadError *error);

#endif
