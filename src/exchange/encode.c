/*
 * encode.c
 *	  deepsad_encode: a row's features as an exported graph takes them.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "model/model_cache.h"
#include "rows/row_features.h"

DEEPSAD_FUNCTION(deepsad_encode);

/* What a call site keeps. */
typedef struct EncodeCall
{
	DeepsadModelRef *model;
	DeepsadFeatures *features;
} EncodeCall;

/* deepsad_encode(model, VARIADIC features) -> float8[], a missing feature is NULL */
Datum
deepsad_encode(PG_FUNCTION_ARGS)
{
	EncodeCall *site = fcinfo->flinfo->fn_extra;
	const DsadScorer *scorer;
	DeepsadColumns columns;
	DsadRows	row;
	uint32		count;
	Datum	   *element;
	bool	   *null;
	int			dimension[1];
	int			lower[1] = {1};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(EncodeCall));
		site->features = deepsad_features_of_call(fcinfo, 1, true);
		site->model = deepsad_model_ref_create(fcinfo, 0);
		fcinfo->flinfo->fn_extra = site;
	}
	if (deepsad_features_null(site->features, fcinfo->args + 1))
		PG_RETURN_NULL();
	scorer = deepsad_model_ref_get(site->model, fcinfo);
	columns = (DeepsadColumns) {dsad_scorer_encoder(scorer), NULL, NULL, false};
	deepsad_features_read(site->features, &columns, fcinfo->args + 1, &row);
	count = dsad_scorer_features(scorer);
	element = palloc(count * sizeof(Datum));
	null = palloc(count * sizeof(bool));
	for (uint32 i = 0; i < count; i++)
	{
		double		value = dsad_row_number(&row, i);

		null[i] = isnan(value);
		element[i] = Float8GetDatum(value);
	}
	dimension[0] = (int) count;
	PG_RETURN_ARRAYTYPE_P(construct_md_array(element, null, 1, dimension, lower, FLOAT8OID, sizeof(float8),
											 FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
