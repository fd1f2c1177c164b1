/*
 * explain.c
 *	  deepsad_explain and deepsad_explain_json: which features made a row's score.
 */
#include "pg_compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "column_text.h"
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

/* What an explanation is of: a row's features, or the columns that they were made of. */
typedef struct Explained
{
	const DsadScorer *scorer;
	const DsadEncoder *encoder; /* NULL = features are not of columns */
	DeepsadBinding *binding;
	DsadRows	row;			/* features */
	uint32		count;			/* of contributions */
	Contribution *contribution; /* count, ranked */
} Explained;

/* All features, or columns, of the call's row, ranked; false when model or row is NULL. */
static bool
explain(FunctionCallInfo fcinfo, int features_arg, Explained *explained)
{
	double	   *contribution;
	uint32		features;
	DsadEnv		env;
	DsadStatus	status;

	if (!deepsad_score_call(fcinfo, features_arg, &explained->scorer, &explained->row))
		return false;
	features = dsad_scorer_features(explained->scorer);
	explained->encoder = dsad_scorer_encoder(explained->scorer);
	explained->binding = deepsad_features_binding(((DeepsadScoreCall *) fcinfo->flinfo->fn_extra)->features);
	explained->count = explained->encoder ? explained->encoder->columns : features;
	contribution = palloc(features * sizeof(double));
	explained->contribution = palloc(explained->count * sizeof(Contribution));
	deepsad_env_init(&env, CurrentMemoryContext);
	status = dsad_explain(explained->scorer, &explained->row, &env,
						  deepsad_scratch(dsad_explain_scratch(explained->scorer)), contribution);
	if (status != DSAD_OK)
		deepsad_features_infinite(&explained->row, features);
	for (uint32 i = 0; i < explained->count; i++)
		explained->contribution[i] = (Contribution) {i, 0};
	/* a column's part is the sum of its features' */
	for (uint32 i = 0; i < features; i++)
		explained->contribution[explained->encoder ? explained->encoder->unit_column[i] : i].contribution += contribution[i];
	pfree(contribution);
	qsort(explained->contribution, explained->count, sizeof(Contribution), compare_contributions);
	return true;
}

/* A feature's name: its column's, or its number. */
static char *
feature_text(const Explained *explained, uint32 feature)
{
	if (explained->encoder && explained->encoder->named)
		return deepsad_utf8_text(&explained->encoder->column[feature].name);
	return psprintf("%u", feature + 1);
}

/* A feature's value in the row, as text; NULL when it is missing. */
static char *
value_text(const Explained *explained, uint32 feature)
{
	const DsadRows *row = &explained->row;
	char	   *text;
	float		single;
	double		value;

	if (explained->encoder)
		return deepsad_binding_text(explained->binding, explained->encoder, feature);
	/* the shortest text whatever extra_float_digits says: the function is immutable */
	text = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);
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

/* What a missing value stands for: the training mean, of a column what is nearest to it. */
static char *
expected_text(const Explained *explained, uint32 feature)
{
	const double *mean = dsad_scorer_expected(explained->scorer);

	if (explained->encoder)
		return deepsad_column_expected(explained->encoder, feature, mean);
	return psprintf("%.6g", mean[feature]);
}

/* deepsad_explain(model, VARIADIC features) -> (feature, value, expected, contribution, rank) rows */
Datum
deepsad_explain(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store = deepsad_set_begin(fcinfo, &desc);
	Explained	explained;

	if (!explain(fcinfo, 1, &explained))
		return (Datum) 0;
	for (uint32 i = 0; i < explained.count; i++)
	{
		uint32		feature = explained.contribution[i].feature;
		char	   *value = value_text(&explained, feature);
		Datum		values[5];
		bool		nulls[5] = {false, value == NULL, false, false, false};

		values[0] = CStringGetTextDatum(feature_text(&explained, feature));
		values[1] = value ? CStringGetTextDatum(value) : (Datum) 0;
		values[2] = CStringGetTextDatum(expected_text(&explained, feature));
		values[3] = Float8GetDatum(explained.contribution[i].contribution);
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
	Explained	explained;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_GETARG_INT32(1) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("top_k is %d, must be at least 1", PG_GETARG_INT32(1))));
	if (!explain(fcinfo, 2, &explained))
		PG_RETURN_NULL();
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (uint32 i = 0; i < Min((uint32) PG_GETARG_INT32(1), explained.count); i++)
	{
		uint32		feature = explained.contribution[i].feature;

		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		deepsad_push_string(&state, "feature", feature_text(&explained, feature));
		deepsad_push_string(&state, "value", value_text(&explained, feature));
		deepsad_push_string(&state, "expected", expected_text(&explained, feature));
		deepsad_push_float(&state, "contribution", explained.contribution[i].contribution);
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)));
}
