/*
 * trust.h
 *	  What a trained model is worth.
 */
#ifndef DSAD_TRUST_H
#define DSAD_TRUST_H

#include "dsad.h"

extern DsadStatus dsad_trust_measure(DsadModel *model, const DsadEnv *env, const DsadDataset *parts, DsadError *error);

#endif
