/*
 * whiten.h
 *	  Finds the directions of whitened inputs.
 */
#ifndef DSAD_WHITEN_H
#define DSAD_WHITEN_H

#include "core/train/dataset.h"

extern DsadStatus dsad_whiten(DsadModel *model, DsadArena *scratch, const DsadEnv *env, const DsadDataset *training,
							  DsadError *error);

#endif
