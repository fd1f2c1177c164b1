/*
 * decision.c
 *	  From scores to decisions: deepsad_pvalue, deepsad_is_anomaly and
 *	  deepsad_set_threshold.
 */
#include "pg/pg_compat.h"

#include "access/parallel.h"
#include "access/xact.h"

#include "model/model_bytes.h"
#include "model/model_warnings.h"
#include "score/score_call.h"

DEEPSAD_FUNCTION(deepsad_pvalue);
DEEPSAD_FUNCTION(deepsad_is_anomaly);
DEEPSAD_FUNCTION(deepsad_set_threshold);

/*
 * Says, once a statement, that the model cannot answer: a query over many models goes on.  Of the processes of
 * a parallel plan two may say so, the leader and the first worker.  *warned: the statement that was told so last.
 */
static void
warn_unanswered(TimestampTz *warned, const char *message, const char *hint)
{
	if (*warned == GetCurrentStatementStartTimestamp() || (IsParallelWorker() && ParallelWorkerNumber > 0))
		return;
	*warned = GetCurrentStatementStartTimestamp();
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("%s: the result is NULL", message),
			 errhint("%s", hint)));
}

#define NO_CALIBRATION "model has no calibration rows"
#define NO_CALIBRATION_HINT \
	"Give it rows that it was not trained on, deepsad_calibrate(model, features), or train on at least 20 rows with " \
	"deepsad_options(calibration => 'auto'). deepsad_update drops them."

/* deepsad_pvalue(model, VARIADIC features) -> float8 */
Datum
deepsad_pvalue(PG_FUNCTION_ARGS)
{
	const DsadScorer *scorer;
	DsadRows	row;
	double		pvalue;
	static TimestampTz warned = 0;

	if (!deepsad_score_call(fcinfo, 1, &scorer, &row))
		PG_RETURN_NULL();
	if (unlikely(dsad_scorer_calibration(scorer)->lists == 0))
	{
		warn_unanswered(&warned, NO_CALIBRATION, NO_CALIBRATION_HINT);
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
	static TimestampTz warned = 0;

	if (!deepsad_score_call(fcinfo, 1, &scorer, &row))
		PG_RETURN_NULL();
	if (unlikely(dsad_scorer_decision(scorer)->kind == DSAD_DECISION_NONE))
	{
		warn_unanswered(&warned, "model has no threshold", "Set one: deepsad_set_threshold(model, threshold => 3).");
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
	deepsad_model_decode(&model, NULL, &arena, &env, CurrentMemoryContext, PG_GETARG_BYTEA_PP(0));
	if (PG_ARGISNULL(3) && model.calibration.lists == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg(NO_CALIBRATION),
				 errhint(NO_CALIBRATION_HINT)));
	model.config.contamination = 0;
	model.config.threshold = 0;
	dsad_option_mark_given(dsad_option_find("threshold", 9), &model.config, !PG_ARGISNULL(3));
	for (int i = 0; i < 3; i++)
	{
		const DsadOption *known = dsad_option_find(names[i], strlen(names[i]));

		if (PG_ARGISNULL(i + 1))
			continue;
		check_value(names[i], PG_GETARG_FLOAT8(i + 1), known->min, known->max);
		*option[i] = PG_GETARG_FLOAT8(i + 1);
	}
	deepsad_warn_decision(&model);
	PG_RETURN_BYTEA_P(deepsad_model_encode(&model));
}
