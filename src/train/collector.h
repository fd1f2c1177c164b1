/*
 * collector.h
 *	  One group's training rows, and the training of its model when all have come.
 */
#ifndef DEEPSAD_COLLECTOR_H
#define DEEPSAD_COLLECTOR_H

#include "utils/jsonb.h"

#include "train/column_report.h"
#include "rows/row_features.h"
#include "rows/row_hash.h"
#include "rows/label.h"
#include "train/training_run.h"

typedef struct DeepsadCollector DeepsadCollector;

/* What all groups of a statement share. */
typedef struct DeepsadCollecting
{
	bool		grouped;		/* there may be many groups */
	DeepsadFeatures *features;
	TupleDesc	columns;		/* of values that are given one by one; NULL: rows, or arrays */
	DeepsadRowHash *hash;		/* for the models' digests */
	const bool *asked;			/* columns that the user has named; NULL: none */
	DeepsadLabelKind label_kind;
	DeepsadColumnReport *report;
	DeepsadSaid said;
} DeepsadCollecting;

extern DeepsadCollector *deepsad_collector_create(MemoryContext context, DeepsadCollecting *shared,
												  struct varlena *model, Jsonb *options);
extern bool deepsad_collector_same_options(const DeepsadCollector *collector, const Jsonb *options);
extern void deepsad_collector_check_model(const DeepsadCollector *collector, struct varlena *model);
extern void deepsad_collector_add(DeepsadCollector *collector, const NullableDatum *features,
								  const NullableDatum *label);
extern struct varlena *deepsad_collector_train(DeepsadCollector *collector);
extern void deepsad_collector_end(DeepsadCollector *collector);

#endif
