/*
 * finish.h
 *	  What remains to be done when all members are trained.
 */
#ifndef DSAD_FINISH_H
#define DSAD_FINISH_H

#include "core/train/dataset.h"

extern DsadStatus dsad_finish(DsadModel *model, const DsadPlan *plan, DsadArena *arena, const DsadEnv *env,
							  const DsadDataset *parts, DsadError *error);

#endif
