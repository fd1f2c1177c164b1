/*
 * decide.c
 *	  From scores to decisions: deepsad_pvalue, deepsad_is_anomaly,
 *	  deepsad_set_threshold, and the aggregate deepsad_threshold.
 */
#include "labelled_scores.h"

#include <math.h>

#include "access/parallel.h"
#include "access/xact.h"

#include "decide.h"
#include "core_env.h"
#include "score_call.h"

DSAD_FUNCTION(deepsad_pvalue);
DSAD_FUNCTION(deepsad_is_anomaly);
DSAD_FUNCTION(deepsad_set_threshold);
DSAD_FUNCTION(deepsad_threshold_final);

/* Warns when the model's decision is one that no row, or no calibration row, can meet; whether it did. */
bool
deepsad_warn_decision(const DsadModel *model)
{
	const DsadCalibration *calibration = &model->calibration;
	const DsadConfig *config = &model->config;
	bool		few = config->contamination == 0 && config->alpha < dsad_smallest_pvalue(calibration);

	if (calibration->lists == 0 || config->threshold > 0 ||
		(config->contamination > 0 ? dsad_decision_reached(model) : !few))
		return false;
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 few ?
			 errmsg("alpha is %g, the smallest p-value of %u calibration rows is %g: no row will be an anomaly",
					config->alpha, calibration->rows, dsad_smallest_pvalue(calibration)) :
			 errmsg("contamination is %g, the highest score of %u calibration rows is that of more: none of them is an anomaly",
					config->contamination, calibration->rows),
			 errhint("Train on more rows, or set another threshold with deepsad_set_threshold.")));
	return true;
}

/*
 * Says, once a statement, that the model cannot answer: a query over many models goes on.  Of the processes of
 * a parallel plan two may say so, the leader and the first worker.
 */
static void
warn_unanswered(const char *message, const char *hint)
{
	static TimestampTz warned = 0;

	if (warned == GetCurrentStatementStartTimestamp() || (IsParallelWorker() && ParallelWorkerNumber > 0))
		return;
	warned = GetCurrentStatementStartTimestamp();
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("%s: the result is NULL", message),
			 errhint("%s", hint)));
}

#define NO_CALIBRATION "model has no calibration rows"
#define NO_CALIBRATION_HINT "Train on at least 20 rows with deepsad_options(calibration => 'auto'). deepsad_update drops them."

/* deepsad_pvalue(model, VARIADIC features) -> float8 */
Datum
deepsad_pvalue(PG_FUNCTION_ARGS)
{
	const DsadScorer *scorer;
	DsadRows	row;
	double		pvalue;

	if (!deepsad_score_call(fcinfo, 1, &scorer, &row))
		PG_RETURN_NULL();
	if (unlikely(dsad_scorer_calibration(scorer)->lists == 0))
	{
		warn_unanswered(NO_CALIBRATION, NO_CALIBRATION_HINT);
		PG_RETURN_NULL();
	}
	if (unlikely(!dsad_pvalue(scorer, &row, deepsad_score_scratch(fcinfo), &pvalue)))
		deepsad_features_infinite(&row, dsad_scorer_features(scorer));
	PG_RETURN_FLOAT8(pvalue);
}

/* deepsad_is_anomaly(model, VARIADIC features) -> boolean */
Datum
deepsad_is_anomaly(PG_FUNCTION_ARGS)
{
	const DsadScorer *scorer;
	DsadRows	row;
	bool		anomaly;

	if (!deepsad_score_call(fcinfo, 1, &scorer, &row))
		PG_RETURN_NULL();
	if (unlikely(dsad_scorer_decision(scorer)->kind == DSAD_DECISION_NONE))
	{
		warn_unanswered("model has no threshold", "Set one: deepsad_set_threshold(model, threshold => 3).");
		PG_RETURN_NULL();
	}
	if (unlikely(!dsad_is_anomaly(scorer, &row, deepsad_score_scratch(fcinfo), &anomaly)))
		deepsad_features_infinite(&row, dsad_scorer_features(scorer));
	PG_RETURN_BOOL(anomaly);
}

/* Fails unless the option may have the value. */
static void
check_value(const char *name, double value, double min, double max)
{
	if (!(value >= min && value <= max))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is %g, must be from %g to %g", name, value, min, max)));
}

/* deepsad_set_threshold(model, alpha, contamination, threshold) -> bytea: exactly one is not NULL */
Datum
deepsad_set_threshold(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"alpha", "contamination", "threshold"};
	int			given = 0;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;
	double	   *option[3] = {&model.config.alpha, &model.config.contamination, &model.config.threshold};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	for (int i = 0; i < 3; i++)
		given += !PG_ARGISNULL(i + 1);
	if (given != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d of alpha, contamination and threshold are given, must be 1", given),
				 given == 0 ? errhint("NULL counts as not given.") : 0));
	deepsad_model_decode(&model, &arena, &env, CurrentMemoryContext, PG_GETARG_BYTEA_PP(0));
	if (PG_ARGISNULL(3) && model.calibration.lists == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg(NO_CALIBRATION),
				 errhint(NO_CALIBRATION_HINT)));
	model.config.contamination = 0;
	model.config.threshold = 0;
	for (int i = 0; i < 3; i++)
	{
		const DsadOption *known = dsad_option_find(names[i], strlen(names[i]));

		if (PG_ARGISNULL(i + 1))
			continue;
		/* 0 means "not by this" */
		check_value(names[i], PG_GETARG_FLOAT8(i + 1), i == 0 ? known->min : 1e-9, known->max);
		*option[i] = PG_GETARG_FLOAT8(i + 1);
	}
	deepsad_warn_decision(&model);
	PG_RETURN_BYTEA_P(deepsad_model_encode(&model, &env));
}

/* The search for a threshold, from the highest score down. */
typedef struct Search
{
	uint64		anomalies;		/* at or above the current score */
	uint64		rows;
	uint64		all_anomalies;
	double		precision;		/* at least this; NaN = the best F1 */
	double		best;			/* F1, or anomalies found; -1 = nothing yet */
	double		threshold;
	bool		pending;		/* the last score was the best: the threshold is halfway to the next */
} Search;

static void
search_tie(void *arg, double score, uint64 anomalies, uint64 normals)
{
	Search	   *s = arg;
	double		found;

	if (s->pending)
	{
		double		middle = score + (s->threshold - score) / 2;

		if (middle > score && isfinite(middle))
			s->threshold = middle;
		s->pending = false;
	}
	s->anomalies += anomalies;
	s->rows += anomalies + normals;
	if (isnan(s->precision))
		found = 2 * (double) s->anomalies / ((double) s->rows + (double) s->all_anomalies);
	else
		found = (double) s->anomalies >= s->precision * (double) s->rows ? (double) s->anomalies : -1;
	if (found <= s->best || s->anomalies == 0)
		return;
	s->best = found;
	s->threshold = score;
	s->pending = true;
}

/* deepsad_threshold's result; NULL when no anomaly occurs or no threshold has the precision */
Datum
deepsad_threshold_final(PG_FUNCTION_ARGS)
{
	DeepsadLabelledScores *state = deepsad_labelled_scores(fcinfo);
	Search		search = {.precision = NAN, .best = -1};

	if (state == NULL || state->anomalies == 0)
		PG_RETURN_NULL();
	search.all_anomalies = state->anomalies;
	if (state->has_parameter)
	{
		check_value("precision", state->parameter, 0, 1);
		search.precision = state->parameter;
	}
	deepsad_labelled_scores_walk(state, search_tie, &search);
	if (search.best < 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(search.threshold);
}
