/*
 * score_call.h
 *	  What all functions of (model, ..., VARIADIC features) do with their arguments;
 *	  inline, because deepsad_score is called for every row.
 */
#ifndef DEEPSAD_SCORE_CALL_H
#define DEEPSAD_SCORE_CALL_H

#include "utils/memutils.h"

#include "rows/row_features.h"
#include "model/model_cache.h"

/* What a call site keeps. */
typedef struct DeepsadScoreCall
{
	DeepsadModelRef *model;
	DeepsadFeatures *features;
	uint64		model_changes;	/* when the features were read last */
} DeepsadScoreCall;

/*
 * Fetches what a scan will score next: rows of a page lie one below the other, and
 * the weights of the last row have pushed everything else out of the first cache.
 * Where that guess is wrong, a fetch of any address does no harm.
 */
static inline void
deepsad_prefetch_next(const DsadRows *row, uint32 count)
{
	Size		bytes = count * (row->single ? sizeof(float) : sizeof(double));
	const char *next = (const char *) row->values - bytes - 64;

	for (Size at = 0; at < bytes; at += 64)
		__builtin_prefetch(next + at);
}

/*
 * Reads model (argument 0) and features (from argument features_arg on) of a call;
 * false when either is NULL as a whole.
 */
static inline bool
deepsad_score_call(FunctionCallInfo fcinfo, int features_arg, const DsadScorer **scorer, DsadRows *row)
{
	DeepsadScoreCall *site = fcinfo->flinfo->fn_extra;
	DeepsadColumns columns;
	uint64		changes;

	if (PG_ARGISNULL(0))
		return false;
	if (unlikely(site == NULL))
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(DeepsadScoreCall));
		site->features = deepsad_features_of_call(fcinfo, features_arg, true);
		site->model = deepsad_model_ref_create(fcinfo, 0);
		fcinfo->flinfo->fn_extra = site;
	}
	if (deepsad_features_null(site->features, fcinfo->args + features_arg))
		return false;
	*scorer = deepsad_model_ref_get(site->model, fcinfo);
	changes = deepsad_model_ref_changes(site->model);
	columns = (DeepsadColumns) {dsad_scorer_encoder(*scorer), NULL, NULL, changes == site->model_changes};
	deepsad_features_read(site->features, &columns, fcinfo->args + features_arg, row);
	site->model_changes = changes;
	if (deepsad_features_are_array(site->features))
		deepsad_prefetch_next(row, columns.encoder->features);
	return true;
}

/* Scratch memory to score the row that deepsad_score_call has read. */
static inline void *
deepsad_score_scratch(FunctionCallInfo fcinfo)
{
	return deepsad_model_ref_scratch(((DeepsadScoreCall *) fcinfo->flinfo->fn_extra)->model);
}

#endif
