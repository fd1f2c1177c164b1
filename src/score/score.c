/*
 * score.c
 *	  deepsad_score and deepsad_embed.
 */
#include "pg/pg_compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "score/score_call.h"

DEEPSAD_FUNCTION(deepsad_score);
DEEPSAD_FUNCTION(deepsad_embed);

#define FEATURES_ARG 1

/* deepsad_score(model, VARIADIC features) -> float8 */
Datum
deepsad_score(PG_FUNCTION_ARGS)
{
	const DsadScorer *scorer;
	DsadRows	row;
	double		score;

	if (!deepsad_score_call(fcinfo, FEATURES_ARG, &scorer, &row))
		PG_RETURN_NULL();
	if (unlikely(dsad_score(scorer, &row, deepsad_score_scratch(fcinfo), &score) == 0))
		deepsad_features_infinite(&row, dsad_scorer_features(scorer));
	PG_RETURN_FLOAT8(score);
}

/* deepsad_embed(model, VARIADIC features) -> real[] */
Datum
deepsad_embed(PG_FUNCTION_ARGS)
{
	const DsadScorer *scorer;
	DsadRows	row;
	uint32		size;
	Size		bytes;
	ArrayType  *result;

	if (!deepsad_score_call(fcinfo, FEATURES_ARG, &scorer, &row))
		PG_RETURN_NULL();
	size = dsad_scorer_embedding_size(scorer);
	bytes = ARR_OVERHEAD_NONULLS(1) + size * sizeof(float4);
	result = palloc0(bytes);
	SET_VARSIZE(result, bytes);
	result->ndim = 1;
	result->elemtype = FLOAT4OID;
	ARR_DIMS(result)
	[0] = (int) size;
	ARR_LBOUND(result)
	[0] = 1;
	if (!dsad_embed(scorer, &row, deepsad_score_scratch(fcinfo), (float *) ARR_DATA_PTR(result)))
		deepsad_features_infinite(&row, dsad_scorer_features(scorer));
	PG_RETURN_ARRAYTYPE_P(result);
}
