/*
 * scaling_fit.h
 *	  Fits the scaling to the training rows.
 */
#ifndef DSAD_SCALING_FIT_H
#define DSAD_SCALING_FIT_H

#include "core/train/dataset.h"

extern DsadStatus dsad_scaling_fit(DsadScaling *scaling, const DsadEnv *env, DsadScalingMethod *method,
								   const DsadPicture *picture,
								   const DsadRowSource *rows, DsadError *error);

#endif
