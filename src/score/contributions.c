/*
 * contributions.c
 *	  What each feature of a call's row has to do with its score.
 */
#include "pg/pg_compat.h"

#include "pg/core_env.h"
#include "score/contributions.h"

/*
 * The contributions of all features of the row of a call (model, VARIADIC features), in the current context;
 * they add up to score - baseline_score.  NULL when model or row is NULL.
 */
double *
deepsad_contributions(FunctionCallInfo fcinfo, const DsadScorer **scorer, DsadRows *row)
{
	double	   *contribution;
	uint32		features;
	DsadEnv		env;
	DsadError	error;
	DsadStatus	status;

	if (!deepsad_score_call(fcinfo, 1, scorer, row))
		return NULL;
	features = dsad_scorer_features(*scorer);
	contribution = palloc(features * sizeof(double));
	deepsad_env_init(&env, CurrentMemoryContext);
	status = dsad_explain(*scorer, row, &env, contribution, &error);
	if (status == DSAD_BAD_DATA)
		deepsad_features_infinite(row, features);
	deepsad_check(status, &error);
	return contribution;
}
