/*
 * score_call.h
 *	  What all functions of (model, ..., VARIADIC features) do with their arguments;
 *	  inline, because deepsad_score is called for every row.
 */
#ifndef DEEPSAD_SCORE_CALL_H
#define DEEPSAD_SCORE_CALL_H

#include "utils/memutils.h"

#include "input.h"
#include "model_cache.h"

/* What a call site keeps. */
typedef struct DeepsadScoreCall
{
	DeepsadModelRef *model;
	DeepsadFeatures *features;
	int			features_arg;
} DeepsadScoreCall;

/*
 * Reads model (argument 0) and features (from argument features_arg on) of a call;
 * false when either is NULL as a whole.
 */
static inline bool
deepsad_score_call(FunctionCallInfo fcinfo, int features_arg, const DsadScorer **scorer, DsadRows *row)
{
	DeepsadScoreCall *site = fcinfo->flinfo->fn_extra;
	uint32		count;

	if (PG_ARGISNULL(0))
		return false;
	if (unlikely(site == NULL))
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(DeepsadScoreCall));
		site->features = deepsad_features_of_call(fcinfo, features_arg, true);
		site->model = deepsad_model_ref_create(fcinfo, 0);
		fcinfo->flinfo->fn_extra = site;
	}
	if (!deepsad_features_read(site->features, fcinfo->args + features_arg, row, &count))
		return false;
	*scorer = deepsad_model_ref_get(site->model, fcinfo);
	if (unlikely(count != dsad_scorer_features(*scorer)))
		deepsad_wrong_width(count, dsad_scorer_features(*scorer));
	return true;
}

/*
 * Scratch memory of at least that size; kept for the session, and only ever grows.
 * Until the next call of anything that asks for it.
 */
extern void *deepsad_scratch(Size size);

#endif
