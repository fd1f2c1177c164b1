/*
 * trust.h
 *	  What a trained model is worth.
 */
#ifndef DSAD_TRUST_H
#define DSAD_TRUST_H

#include "core/train/dataset.h"

extern DsadStatus dsad_take_sample(DsadDataset *sample, DsadArena *arena, const DsadEnv *env,
								   const DsadDataset *training, DsadError *error);
extern DsadStatus dsad_trust_measure(DsadModel *model, const DsadEnv *env, const DsadDataset *parts, DsadError *error);
extern bool dsad_trust_failed(const DsadTrust *trust);

#endif
