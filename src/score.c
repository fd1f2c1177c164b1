/*
 * score.c
 *	  deepsad_score and deepsad_embed.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "env.h"
#include "input.h"
#include "model_cache.h"

DSAD_FUNCTION(deepsad_score);
DSAD_FUNCTION(deepsad_embed);

#define MODEL_ARG 0
#define FEATURES_ARG 1

typedef struct CallSite
{
	DeepsadModelRef *model;
	DeepsadFeatures *features;
} CallSite;

static CallSite *
create_call_site(FunctionCallInfo fcinfo)
{
	CallSite   *site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));

	site->features = deepsad_features_of_call(fcinfo, FEATURES_ARG, true);
	site->model = deepsad_model_ref_create(fcinfo, MODEL_ARG);
	fcinfo->flinfo->fn_extra = site;
	return site;
}

/*
 * Fetches what a scan will score next: rows of a page lie one below the other, and
 * the weights of the last row have pushed everything else out of the first cache.
 * Where that guess is wrong, a fetch of any address does no harm.
 */
static inline void
prefetch_next(const DsadRows *row, uint32 count)
{
	Size		bytes = count * (row->single ? sizeof(float) : sizeof(double));
	const char *next = (const char *) row->values - bytes - 64;

	for (Size at = 0; at < bytes; at += 64)
		__builtin_prefetch(next + at);
}

/* Reads model and features of a call; false when either is NULL as a whole. */
static inline bool
prepare(FunctionCallInfo fcinfo, const DsadScorer **scorer, DsadRows *row)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;
	uint32		count;

	if (PG_ARGISNULL(MODEL_ARG))
		return false;
	if (unlikely(site == NULL))
		site = create_call_site(fcinfo);
	if (!deepsad_features_read(site->features, fcinfo->args + FEATURES_ARG, row, &count))
		return false;
	prefetch_next(row, count);
	*scorer = deepsad_model_ref_get(site->model, fcinfo);
	if (unlikely(count != dsad_scorer_features(*scorer)))
		deepsad_wrong_width(count, dsad_scorer_features(*scorer));
	return true;
}

/* Scratch memory to score one row; kept for the session, and only ever grows. */
static void *
one_row_scratch(const DsadScorer *scorer)
{
	static void *scratch = NULL;
	static Size capacity = 0;
	Size		size = dsad_scorer_scratch(scorer, 1);

	if (unlikely(size > capacity))
	{
		void	   *larger = MemoryContextAlloc(TopMemoryContext, size);

		if (scratch)
			pfree(scratch);
		scratch = larger;
		capacity = size;
	}
	return scratch;
}

/* deepsad_score(model, VARIADIC features) -> float8 */
Datum
deepsad_score(PG_FUNCTION_ARGS)
{
	const DsadScorer *scorer;
	DsadRows	row;
	double		score;

	if (!prepare(fcinfo, &scorer, &row))
		PG_RETURN_NULL();
	if (unlikely(dsad_score(scorer, &row, one_row_scratch(scorer), &score) == 0))
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

	if (!prepare(fcinfo, &scorer, &row))
		PG_RETURN_NULL();
	size = dsad_scorer_embedding_size(scorer);
	bytes = ARR_OVERHEAD_NONULLS(1) + size * sizeof(float4);
	result = palloc0(bytes);
	SET_VARSIZE(result, bytes);
	result->ndim = 1;
	result->elemtype = FLOAT4OID;
	ARR_DIMS(result)[0] = (int) size;
	ARR_LBOUND(result)[0] = 1;
	if (!dsad_embed(scorer, &row, one_row_scratch(scorer), (float *) ARR_DATA_PTR(result)))
		deepsad_features_infinite(&row, dsad_scorer_features(scorer));
	PG_RETURN_ARRAYTYPE_P(result);
}
