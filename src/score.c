/*
 * score.c
 *	  deepsad_score and deepsad_embed.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "env.h"
#include "input.h"
#include "model_cache.h"

DSAD_FUNCTION(deepsad_score);
DSAD_FUNCTION(deepsad_embed);

#define MODEL_ARG 0
#define FEATURES_ARG 1

typedef struct CallSite
{
	DeepsadModelCache *cache;
	DeepsadFeatures *features;
} CallSite;

/* Reads model and features of a call; false when either is NULL as a whole. */
static bool
prepare(FunctionCallInfo fcinfo, DsadScorer **scorer, const double **values)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;
	uint32		count;

	if (PG_ARGISNULL(MODEL_ARG))
		return false;
	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
		site->features = deepsad_features_create(fcinfo, FEATURES_ARG, true);
		site->cache = deepsad_model_cache_create(fcinfo, MODEL_ARG);
		fcinfo->flinfo->fn_extra = site;
	}
	if (!deepsad_features_read(site->features, fcinfo, values, &count))
		return false;
	*scorer = deepsad_model_cache_get(site->cache, fcinfo);
	if (count != dsad_scorer_features(*scorer))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("row has %u features, the model was trained on %u",
						count, dsad_scorer_features(*scorer))));
	return true;
}

/* deepsad_score(model, VARIADIC features) -> float8 */
Datum
deepsad_score(PG_FUNCTION_ARGS)
{
	DsadScorer *scorer;
	const double *values;
	double		score;

	if (!prepare(fcinfo, &scorer, &values))
		PG_RETURN_NULL();
	dsad_score(scorer, values, 1, &score);
	PG_RETURN_FLOAT8(score);
}

/* deepsad_embed(model, VARIADIC features) -> real[] */
Datum
deepsad_embed(PG_FUNCTION_ARGS)
{
	DsadScorer *scorer;
	const double *values;
	uint32		size;
	Size		bytes;
	ArrayType  *result;

	if (!prepare(fcinfo, &scorer, &values))
		PG_RETURN_NULL();
	size = dsad_scorer_embedding_size(scorer);
	bytes = ARR_OVERHEAD_NONULLS(1) + size * sizeof(float4);
	result = palloc0(bytes);
	SET_VARSIZE(result, bytes);
	result->ndim = 1;
	result->elemtype = FLOAT4OID;
	ARR_DIMS(result)[0] = (int) size;
	ARR_LBOUND(result)[0] = 1;
	dsad_embed(scorer, values, (float *) ARR_DATA_PTR(result));
	PG_RETURN_ARRAYTYPE_P(result);
}
