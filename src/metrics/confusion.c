/*
 * confusion.c
 *	  deepsad_confusion: how decisions compare with labels.
 */
#include "pg/pg_compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"

#include "pg/jsonb_build.h"
#include "pg/version_check.h"

DEEPSAD_FUNCTION(deepsad_confusion_transition);
DEEPSAD_FUNCTION(deepsad_confusion_combine);
DEEPSAD_FUNCTION(deepsad_confusion_final);

/* Counts in the state, a bigint[]. */
enum
{
	TRUE_POSITIVES,
	FALSE_POSITIVES,
	FALSE_NEGATIVES,
	TRUE_NEGATIVES,
	COUNTS
};

/* The counts of a state, to be changed in place inside an aggregate; every function here begins with them. */
static int64 *
get_counts(FunctionCallInfo fcinfo, int argno, bool change)
{
	ArrayType  *array = NULL;

	deepsad_check_versions();
	if (!PG_ARGISNULL(argno))
		array = change && AggCheckCallContext(fcinfo, NULL) ? PG_GETARG_ARRAYTYPE_P(argno) :
															  PG_GETARG_ARRAYTYPE_P_COPY(argno);
	if (array == NULL || ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != COUNTS || ARR_HASNULL(array) ||
		ARR_ELEMTYPE(array) != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("state of deepsad_confusion must be an array of %d bigint", COUNTS)));
	return (int64 *) ARR_DATA_PTR(array);
}

/* The array that holds the counts. */
static Datum
counts_datum(int64 *counts)
{
	return PointerGetDatum((char *) counts - ARR_OVERHEAD_NONULLS(1));
}

/* (state, decision boolean, label boolean): rows where either is NULL are ignored */
Datum
deepsad_confusion_transition(PG_FUNCTION_ARGS)
{
	int64	   *counts = get_counts(fcinfo, 0, true);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		bool		decision = PG_GETARG_BOOL(1);

		counts[PG_GETARG_BOOL(2) ? (decision ? TRUE_POSITIVES : FALSE_NEGATIVES) :
								   (decision ? FALSE_POSITIVES : TRUE_NEGATIVES)]++;
	}
	PG_RETURN_DATUM(counts_datum(counts));
}

/* Adds the second state to the first. */
Datum
deepsad_confusion_combine(PG_FUNCTION_ARGS)
{
	int64	   *counts = get_counts(fcinfo, 0, true);
	const int64 *other = get_counts(fcinfo, 1, false);

	for (int i = 0; i < COUNTS; i++)
		counts[i] += other[i];
	PG_RETURN_DATUM(counts_datum(counts));
}

/* A ratio, null when it has no meaning. */
static void
push_ratio(JsonbParseState **state, const char *key, int64 part, int64 whole)
{
	deepsad_push_float(state, key, whole > 0 ? (double) part / (double) whole : get_float8_nan());
}

/* The counts and the usual ratios, as jsonb */
Datum
deepsad_confusion_final(PG_FUNCTION_ARGS)
{
	const int64 *count = get_counts(fcinfo, 0, false);
	int64		decided = count[TRUE_POSITIVES] + count[FALSE_POSITIVES];
	int64		anomalies = count[TRUE_POSITIVES] + count[FALSE_NEGATIVES];
	int64		normals = count[FALSE_POSITIVES] + count[TRUE_NEGATIVES];
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	deepsad_push_int(&state, "true_positives", count[TRUE_POSITIVES]);
	deepsad_push_int(&state, "false_positives", count[FALSE_POSITIVES]);
	deepsad_push_int(&state, "false_negatives", count[FALSE_NEGATIVES]);
	deepsad_push_int(&state, "true_negatives", count[TRUE_NEGATIVES]);
	push_ratio(&state, "precision", count[TRUE_POSITIVES], decided);
	push_ratio(&state, "recall", count[TRUE_POSITIVES], anomalies);
	push_ratio(&state, "f1", 2 * count[TRUE_POSITIVES], decided + anomalies);
	push_ratio(&state, "false_positive_rate", count[FALSE_POSITIVES], normals);
	push_ratio(&state, "accuracy", count[TRUE_POSITIVES] + count[TRUE_NEGATIVES], anomalies + normals);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}
