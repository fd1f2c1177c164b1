/*
 * labeled_scores.h
 *	  The rows of a metric: scores and labels, sorted.
 */
#ifndef DEEPSAD_LABELED_SCORES_H
#define DEEPSAD_LABELED_SCORES_H

#include "pg/pg_compat.h"

#include "executor/tuptable.h"
#include "utils/tuplesort.h"

#include "core/rows.h"

/* Rows of (score, label), in the aggregate's context; several metrics can share one state. */
typedef struct DeepsadLabeledScores
{
	Tuplesortstate *sort;
	TupleTableSlot *slot;
	bool		sorted;			/* performsort was done, perhaps by another metric */
	uint64		anomalies;
	uint64		normals;
	uint64		unlabeled;
	bool		unlabeled_too;	/* walks count unlabeled rows as normal; else they leave them out */
	bool		has_parameter;	/* the aggregate has a third argument */
	double		parameter;
} DeepsadLabeledScores;

/* Called for each distinct score, highest first, with the counts at that score. */
typedef void (*DeepsadTieCallback) (void *arg, double score, uint64 anomalies, uint64 normals);

extern DeepsadLabeledScores *deepsad_labeled_scores_start(FunctionCallInfo fcinfo, MemoryContext context);
extern void deepsad_labeled_scores_add(DeepsadLabeledScores *state, double score, DsadLabel label);
extern DeepsadLabeledScores *deepsad_labeled_scores(FunctionCallInfo fcinfo);
extern void deepsad_labeled_scores_walk(DeepsadLabeledScores *state, DeepsadTieCallback callback, void *arg);

#endif
