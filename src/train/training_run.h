/*
 * training_run.h
 *	  From collected rows to a model.
 */
#ifndef DEEPSAD_TRAINING_RUN_H
#define DEEPSAD_TRAINING_RUN_H

#include "utils/jsonb.h"

#include "model/model_warnings.h"
#include "train/column_collector.h"
#include "train/progress.h"
#include "train/rowstore.h"

extern bytea *deepsad_training_run(DeepsadRowStore *store, DeepsadColumnCollector *columns, const DsadConfig *config,
								   uint64 skipped, const DsadDigest *digest, DeepsadProgress *progress,
								   DeepsadSaid *said);
extern bytea *deepsad_training_update(DeepsadRowStore *store, DeepsadColumnCollector *columns, bytea *model,
									  Jsonb *options, const DsadDigest *digest, DeepsadProgress *progress,
									  DeepsadSaid *said);

#endif
