/*
 * update.h
 *	  Goes on training one member.
 */
#ifndef DSAD_UPDATE_H
#define DSAD_UPDATE_H

#include "core/train/dataset.h"

extern DsadStatus dsad_update_member(DsadModel *model, const DsadPlan *plan, uint32_t member,
									 const DsadEnv *env, const DsadDataset *parts, DsadError *error);

#endif
