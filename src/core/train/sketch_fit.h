/*
 * sketch_fit.h
 *	  What training rows were like: the sketch of a sample.
 */
#ifndef DSAD_SKETCH_FIT_H
#define DSAD_SKETCH_FIT_H

#include "core/model/model.h"
#include "core/train/sampler.h"

extern DsadStatus dsad_sketch_fit(DsadSketch *sketch, DsadSampler *sampler, const DsadEnv *env, DsadError *error);

#endif
