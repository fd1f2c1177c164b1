/*
 * train.h
 *	  Trains one member.
 */
#ifndef DSAD_TRAIN_H
#define DSAD_TRAIN_H

#include "core/train/dataset.h"

extern DsadStatus dsad_train_member(DsadModel *model, const DsadPlan *plan, uint32_t member,
									const DsadEnv *env, const DsadDataset *parts, DsadError *error);

#endif
