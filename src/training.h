/*
 * training.h
 *	  From collected rows to a model.
 */
#ifndef DEEPSAD_TRAINING_H
#define DEEPSAD_TRAINING_H

#include "rowstore.h"

extern bytea *deepsad_training_run(DeepsadRowStore *store, const DsadConfig *config, uint64 skipped,
								   bool shown);

#endif
