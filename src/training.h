/*
 * training.h
 *	  From collected rows to a model.
 */
#ifndef DEEPSAD_TRAINING_H
#define DEEPSAD_TRAINING_H

#include "utils/jsonb.h"

#include "column_collector.h"
#include "rowstore.h"

/* What a statement's trainings have warned of already. */
typedef struct DeepsadSaid
{
	bool		decision;
	bool		collapsed;
	bool		useless;
	bool		no_rows;		/* to learn from */
	bool		no_column;
} DeepsadSaid;

extern bytea *deepsad_training_run(DeepsadRowStore *store, DeepsadColumnCollector *columns, const DsadConfig *config,
								   uint64 skipped, bool shown, DeepsadSaid *said);
extern bytea *deepsad_training_update(DeepsadRowStore *store, DeepsadColumnCollector *columns, bytea *model, Jsonb *options,
									  bool shown);

#endif
