/*
 * calibrate.h
 *	  Scores the rows that were held out for it.
 */
#ifndef DSAD_CALIBRATE_H
#define DSAD_CALIBRATE_H

#include "core/train/dataset.h"

extern DsadStatus dsad_calibrate(DsadModel *model, DsadArena *arena, const DsadEnv *env, const DsadDataset *parts,
								 const DsadGroups *groups, DsadError *error);

#endif
