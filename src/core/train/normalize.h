/*
 * normalize.h
 *	  The scale of the scores: 1 is the mean row.
 */
#ifndef DSAD_NORMALIZE_H
#define DSAD_NORMALIZE_H

#include "core/train/dataset.h"

extern DsadStatus dsad_normalize(DsadModel *model, const DsadEnv *env, const DsadDataset *parts, DsadError *error);

#endif
