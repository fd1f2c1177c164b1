/*
 * curves.c
 *	  deepsad_roc_curve and deepsad_pr_curve: the points of a curve as an array of
 *	  rows, highest threshold first.
 */
#include "pg/pg_compat.h"

#include "metrics/labeled_scores.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

DEEPSAD_FUNCTION(deepsad_roc_curve_final);
DEEPSAD_FUNCTION(deepsad_pr_curve_final);

/* What an array of rows can take within the server's largest allocation. */
#define MAX_POINTS 5000000

/* One distinct score, or a stretch of them. */
typedef struct Point
{
	double		threshold;
	uint64		anomalies;		/* at or above the threshold */
	uint64		normals;
} Point;

typedef struct Curve
{
	ArrayBuildState *points;
	TupleDesc	desc;
	Oid			type;
	double		total[2];		/* normals, anomalies */
	bool		precision;		/* a precision-recall curve */
	Point		last;			/* not yet written */
	int			step;			/* what led to it: 1 = anomalies alone, 2 = normals alone, 3 = both */
	uint64		written;
} Curve;

/* Appends (threshold, false positive rate, true positive rate) or (threshold, recall, precision). */
static void
write_point(Curve *curve, const Point *point)
{
	double		recall = (double) point->anomalies / curve->total[1];
	Datum		values[3];
	bool		nulls[3] = {false, false, false};
	HeapTuple	tuple;

	if (++curve->written > MAX_POINTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("curve has more than %d points", MAX_POINTS),
				 errhint("Round the scores.")));
	values[0] = Float8GetDatum(point->threshold);
	values[1] = Float8GetDatum(curve->precision ? recall : (double) point->normals / curve->total[0]);
	values[2] = Float8GetDatum(
		!curve->precision ? recall : (double) point->anomalies / ((double) point->anomalies + (double) point->normals));
	tuple = heap_form_tuple(curve->desc, values, nulls);
	curve->points = accumArrayResult(curve->points, HeapTupleGetDatum(tuple), false, curve->type, CurrentMemoryContext);
	heap_freetuple(tuple);
}

/*
 * The next distinct score.  A point between two steps along the same axis says
 * nothing that its neighbors do not, and is left out.
 */
static void
add_point(void *arg, double score, uint64 anomalies, uint64 normals)
{
	Curve	   *curve = arg;
	int			step = (anomalies > 0 ? 1 : 0) | (normals > 0 ? 2 : 0);
	bool		first = curve->last.anomalies + curve->last.normals == 0;

	/* normals alone lower the precision along a curve, anomalies alone raise it along another */
	if (!first && !(step == curve->step && (step == 2 || (step == 1 && !curve->precision))))
		write_point(curve, &curve->last);
	curve->step = step;
	curve->last.threshold = score;
	curve->last.anomalies += anomalies;
	curve->last.normals += normals;
}

/* The curve as an array; NULL unless both labels occur. */
static Datum
make_curve(FunctionCallInfo fcinfo, bool precision)
{
	DeepsadLabeledScores *state = deepsad_labeled_scores(fcinfo);
	Curve		curve = {0};

	if (state == NULL || state->anomalies == 0 || state->normals == 0)
		PG_RETURN_NULL();
	curve.type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	curve.desc = lookup_rowtype_tupdesc_copy(curve.type, -1);
	curve.total[0] = (double) state->normals;
	curve.total[1] = (double) state->anomalies;
	curve.precision = precision;
	deepsad_labeled_scores_walk(state, add_point, &curve);
	write_point(&curve, &curve.last);
	PG_RETURN_DATUM(makeArrayResult(curve.points, CurrentMemoryContext));
}

/* deepsad_roc_curve's result */
Datum
deepsad_roc_curve_final(PG_FUNCTION_ARGS)
{
	return make_curve(fcinfo, false);
}

/* deepsad_pr_curve's result */
Datum
deepsad_pr_curve_final(PG_FUNCTION_ARGS)
{
	return make_curve(fcinfo, true);
}
