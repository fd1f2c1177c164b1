/*
 * explain.c
 *	  deepsad_explain and deepsad_explain_json: which features made a row's score.
 */
#include "pg_compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "env.h"
#include "jsonb_build.h"
#include "score_call.h"
#include "set_result.h"

DSAD_FUNCTION(deepsad_explain);
DSAD_FUNCTION(deepsad_explain_json);

/* One feature's part in a score. */
typedef struct Contribution
{
	uint32		feature;
	double		contribution;
} Contribution;

/* Larger contributions first, then features in order. */
static int
compare_contributions(const void *a, const void *b)
{
	const Contribution *x = a;
	const Contribution *y = b;

	if (x->contribution != y->contribution)
		return x->contribution > y->contribution ? -1 : 1;
	return x->feature < y->feature ? -1 : 1;
}

/* All features of the call's row, ranked; NULL when model or row is NULL. */
static Contribution *
explain(FunctionCallInfo fcinfo, int features_arg, const DsadScorer **scorer, DsadRows *row)
{
	Contribution *result;
	double	   *contribution;
	uint32		features;
	DsadEnv		env;
	DsadStatus	status;

	if (!deepsad_score_call(fcinfo, features_arg, scorer, row))
		return NULL;
	features = dsad_scorer_features(*scorer);
	contribution = palloc(features * sizeof(double));
	result = palloc(features * sizeof(Contribution));
	deepsad_env_init(&env, CurrentMemoryContext);
	status = dsad_explain(*scorer, row, &env, deepsad_scratch(dsad_explain_scratch(*scorer)), contribution);
	if (status != DSAD_OK)
		deepsad_features_infinite(row, features);
	for (uint32 i = 0; i < features; i++)
		result[i] = (Contribution) {i, contribution[i]};
	pfree(contribution);
	qsort(result, features, sizeof(Contribution), compare_contributions);
	return result;
}

/* A feature's value in the row, as text; NULL when it is missing. */
static char *
value_text(const DsadRows *row, uint32 feature)
{
	char	   *text = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);
	float		single;
	double		value;

	/* the shortest text whatever extra_float_digits says: the function is immutable */
	if (row->single)
	{
		memcpy(&single, (const char *) row->values + feature * sizeof(float), sizeof(float));
		value = single;
		float_to_shortest_decimal_buf(single, text);
	}
	else
	{
		memcpy(&value, (const char *) row->values + feature * sizeof(double), sizeof(double));
		double_to_shortest_decimal_buf(value, text);
	}
	return isnan(value) ? NULL : text;
}

/* What a missing value stands for: the training mean. */
static char *
expected_text(const DsadScorer *scorer, uint32 feature)
{
	return psprintf("%.6g", dsad_scorer_expected(scorer)[feature]);
}

/* deepsad_explain(model, VARIADIC features) -> (feature, value, expected, contribution, rank) rows */
Datum
deepsad_explain(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store = deepsad_set_begin(fcinfo, &desc);
	const DsadScorer *scorer;
	DsadRows	row;
	Contribution *contribution = explain(fcinfo, 1, &scorer, &row);

	for (uint32 i = 0; contribution && i < dsad_scorer_features(scorer); i++)
	{
		char	   *value = value_text(&row, contribution[i].feature);
		Datum		values[5];
		bool		nulls[5] = {false, value == NULL, false, false, false};

		values[0] = CStringGetTextDatum(psprintf("%u", contribution[i].feature + 1));
		values[1] = value ? CStringGetTextDatum(value) : (Datum) 0;
		values[2] = CStringGetTextDatum(expected_text(scorer, contribution[i].feature));
		values[3] = Float8GetDatum(contribution[i].contribution);
		values[4] = Int32GetDatum((int32) i + 1);
		tuplestore_putvalues(store, desc, values, nulls);
	}
	return (Datum) 0;
}

/* deepsad_explain_json(model, top_k, VARIADIC features) -> jsonb: an array of the first top_k of those rows */
Datum
deepsad_explain_json(PG_FUNCTION_ARGS)
{
	JsonbParseState *state = NULL;
	const DsadScorer *scorer;
	DsadRows	row;
	Contribution *contribution;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_GETARG_INT32(1) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("top_k is %d, must be at least 1", PG_GETARG_INT32(1))));
	contribution = explain(fcinfo, 2, &scorer, &row);
	if (contribution == NULL)
		PG_RETURN_NULL();
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (uint32 i = 0; i < Min((uint32) PG_GETARG_INT32(1), dsad_scorer_features(scorer)); i++)
	{
		char	   *value = value_text(&row, contribution[i].feature);

		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		deepsad_push_string(&state, "feature", psprintf("%u", contribution[i].feature + 1));
		deepsad_push_string(&state, "value", value);
		deepsad_push_string(&state, "expected", expected_text(scorer, contribution[i].feature));
		deepsad_push_float(&state, "contribution", contribution[i].contribution);
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)));
}
