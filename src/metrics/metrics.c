/*
 * metrics.c
 *	  Single numbers that tell how well scores separate anomalies: ROC AUC with its
 *	  confidence interval, average precision, precision and recall at k.  All exact.
 */
#include "pg/pg_compat.h"

#include "metrics/labeled_scores.h"

#include <math.h>

#include "access/htup_details.h"
#include "core/dsad.h"
#include "funcapi.h"

DEEPSAD_FUNCTION(deepsad_roc_auc_final);
DEEPSAD_FUNCTION(deepsad_roc_auc_ci_final);
DEEPSAD_FUNCTION(deepsad_average_precision_final);
DEEPSAD_FUNCTION(deepsad_precision_at_k_final);
DEEPSAD_FUNCTION(deepsad_recall_at_k_final);

#define DEFAULT_CONFIDENCE 0.95

/* Area under the ROC curve: pairs (anomaly, normal) in the right order, ties half. */
typedef struct RocSum
{
	uint64		anomalies;		/* above the current score */
	double		pairs;			/* twice the number of good pairs */
} RocSum;

static void
roc_tie(void *arg, double score, uint64 anomalies, uint64 normals)
{
	RocSum	   *sum = arg;

	sum->pairs += (double) normals * (2 * (double) sum->anomalies + (double) anomalies);
	sum->anomalies += anomalies;
}

static bool
has_both(const DeepsadLabeledScores *state)
{
	return state != NULL && state->anomalies > 0 && state->normals > 0;
}

/* Over rows of both labels. */
static double
roc_auc(DeepsadLabeledScores *state)
{
	RocSum		sum = {0, 0};

	deepsad_labeled_scores_walk(state, roc_tie, &sum);
	return sum.pairs / 2 / ((double) state->anomalies * (double) state->normals);
}

/* deepsad_roc_auc's result; NULL unless both labels occur */
Datum
deepsad_roc_auc_final(PG_FUNCTION_ARGS)
{
	DeepsadLabeledScores *state = deepsad_labeled_scores(fcinfo);

	if (!has_both(state))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(roc_auc(state));
}

/* The standard normal quantile that a two-sided interval of that confidence needs. */
static double
normal_quantile(double confidence)
{
	double		low = 0;
	double		high = 40;

	for (int i = 0; i < 100; i++)
	{
		double		middle = (low + high) / 2;

		if (erfc(middle / sqrt(2)) > 1 - confidence)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* deepsad_roc_auc_ci's result (roc_auc, lower, upper); NULL unless both labels occur */
Datum
deepsad_roc_auc_ci_final(PG_FUNCTION_ARGS)
{
	DeepsadLabeledScores *state = deepsad_labeled_scores(fcinfo);
	double		confidence;
	double		auc;
	double		interval[2];
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (!has_both(state))
		PG_RETURN_NULL();
	confidence = state->has_parameter ? state->parameter : DEFAULT_CONFIDENCE;
	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence is %g, must be between 0 and 1", confidence)));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	auc = roc_auc(state);
	dsad_auc_interval(auc, (double) state->anomalies, (double) state->normals, normal_quantile(confidence), interval);
	values[0] = Float8GetDatum(auc);
	values[1] = Float8GetDatum(interval[0]);
	values[2] = Float8GetDatum(interval[1]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* Average precision: precision at each distinct score, weighted by the recall gained there. */
typedef struct PrecisionSum
{
	uint64		anomalies;		/* at or above the current score */
	uint64		rows;
	double		sum;
} PrecisionSum;

static void
precision_tie(void *arg, double score, uint64 anomalies, uint64 normals)
{
	PrecisionSum *sum = arg;

	sum->anomalies += anomalies;
	sum->rows += anomalies + normals;
	sum->sum += (double) anomalies * ((double) sum->anomalies / (double) sum->rows);
}

/* deepsad_average_precision's result; NULL unless an anomaly occurs */
Datum
deepsad_average_precision_final(PG_FUNCTION_ARGS)
{
	DeepsadLabeledScores *state = deepsad_labeled_scores(fcinfo);
	PrecisionSum sum = {0, 0, 0};

	if (state == NULL || state->anomalies == 0)
		PG_RETURN_NULL();
	deepsad_labeled_scores_walk(state, precision_tie, &sum);
	PG_RETURN_FLOAT8(sum.sum / (double) state->anomalies);
}

/* Anomalies among the k highest scores; of rows tied at the k-th, the share that would be expected by chance. */
typedef struct TopSum
{
	double		left;			/* rows of the k still to come */
	double		anomalies;
} TopSum;

static void
top_tie(void *arg, double score, uint64 anomalies, uint64 normals)
{
	TopSum	   *sum = arg;
	double		rows = (double) anomalies + (double) normals;
	double		taken = Min(sum->left, rows);

	sum->anomalies += (double) anomalies * (taken / rows);
	sum->left -= taken;
}

/* Anomalies among the k rows (all, if there are fewer) with the highest scores; *k becomes their number. */
static double
top(DeepsadLabeledScores *state, double *k)
{
	TopSum		sum = {0, 0};

	if (!(state->parameter >= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %.0f, must be at least 1", state->parameter)));
	*k = Min(state->parameter, (double) state->anomalies + (double) state->normals);
	sum.left = *k;
	deepsad_labeled_scores_walk(state, top_tie, &sum);
	return sum.anomalies;
}

/* deepsad_precision_at_k's result; NULL when there are no rows */
Datum
deepsad_precision_at_k_final(PG_FUNCTION_ARGS)
{
	DeepsadLabeledScores *state = deepsad_labeled_scores(fcinfo);
	double		k;
	double		anomalies;

	if (state == NULL)
		PG_RETURN_NULL();
	anomalies = top(state, &k);
	PG_RETURN_FLOAT8(anomalies / k);
}

/* deepsad_recall_at_k's result; NULL unless an anomaly occurs */
Datum
deepsad_recall_at_k_final(PG_FUNCTION_ARGS)
{
	DeepsadLabeledScores *state = deepsad_labeled_scores(fcinfo);
	double		k;

	if (state == NULL || state->anomalies == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(top(state, &k) / (double) state->anomalies);
}
