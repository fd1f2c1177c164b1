/*
 * parallel.h
 *	  Trains the members of a model in PostgreSQL's parallel workers.
 */
#ifndef DEEPSAD_PARALLEL_H
#define DEEPSAD_PARALLEL_H

#include "train/progress.h"

typedef struct DeepsadParallel DeepsadParallel;

extern DeepsadParallel *deepsad_parallel_begin(const DsadModel *model, const DsadPlan *plan,
											   const DsadEnv *env, bool in_blocks,
											   Size window_bytes, int workers);
extern DsadDataset *deepsad_parallel_parts(DeepsadParallel *parallel);
extern void deepsad_parallel_train(DeepsadParallel *parallel, DsadModel *model, const DsadPlan *plan,
								   const DsadEnv *env, DeepsadProgress *progress);
extern void deepsad_parallel_end(DeepsadParallel *parallel);

#endif
