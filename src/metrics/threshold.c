/*
 * threshold.c
 *	  deepsad_threshold: the best threshold for labeled scores.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "metrics/labeled_scores.h"

DEEPSAD_FUNCTION(deepsad_threshold_final);

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
	DeepsadLabeledScores *state = deepsad_labeled_scores(fcinfo);
	Search		search = {.precision = NAN, .best = -1};

	if (state == NULL || state->anomalies == 0)
		PG_RETURN_NULL();
	search.all_anomalies = state->anomalies;
	if (state->has_parameter)
	{
		if (!(state->parameter >= 0 && state->parameter <= 1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("precision is %g, must be from 0 to 1", state->parameter)));
		search.precision = state->parameter;
	}
	deepsad_labeled_scores_walk(state, search_tie, &search);
	if (search.best < 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(search.threshold);
}
