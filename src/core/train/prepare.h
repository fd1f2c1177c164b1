/*
 * prepare.h
 *	  The steps of a training before its members: prepare fits the scaling, fill writes the scaled
 *	  rows of each part to where the caller wants them.  Each member is then trained or updated by
 *	  whoever likes, in any order, and dsad_finish does the rest.
 */
#ifndef DSAD_PREPARE_H
#define DSAD_PREPARE_H

#include "core/train/dataset.h"

extern DsadStatus dsad_prepare(DsadModel *model, DsadPlan *plan, DsadArena *arena, DsadArena *scratch,
							   const DsadEnv *env, const DsadConfig *config,
							   const DsadRowSource *rows, DsadError *error);
extern DsadStatus dsad_fill(DsadModel *model, const DsadPlan *plan, const DsadEnv *env,
							const DsadRowSource *rows, DsadDataset *parts, DsadError *error);
extern DsadStatus dsad_prepare_update(DsadModel *model, DsadPlan *plan, DsadArena *arena,
									  DsadArena *scratch, const DsadEnv *env,
									  const DsadRowSource *rows, DsadError *error);

#endif
