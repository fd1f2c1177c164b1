/*
 * labeled_scores.c
 *	  The rows of a metric: any number of scores and labels, sorted within
 *	  work_mem and on disk beyond it.
 */
#include "pg/pg_compat.h"

#include "metrics/labeled_scores.h"

#include <math.h>

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "utils/syscache.h"

#include "pg/aggregate_call.h"
#include "pg/version_check.h"

DEEPSAD_FUNCTION(deepsad_metric_transition);

/* float8 > float8: highest scores first */
#define FLOAT8_GT_OPERATOR 674

/* Ends the sort, and with it its files, when the aggregate's context goes. */
static void
end_sort(Datum arg)
{
	DeepsadLabeledScores *state = (DeepsadLabeledScores *) DatumGetPointer(arg);

	if (state->sort)
		tuplesort_end(state->sort);
	state->sort = NULL;
	if (state->slot)
		ExecDropSingleTupleTableSlot(state->slot);
	state->slot = NULL;
}

/* No rows yet, in the context of the aggregate that is being called. */
DeepsadLabeledScores *
deepsad_labeled_scores_start(FunctionCallInfo fcinfo, MemoryContext context)
{
	AttrNumber	attribute[] = {1};
	Oid			operators[] = {FLOAT8_GT_OPERATOR};
	Oid			collation[] = {InvalidOid};
	bool		nulls_first[] = {false};
	MemoryContext old = MemoryContextSwitchTo(context);
	DeepsadLabeledScores *state = palloc0(sizeof(DeepsadLabeledScores));
	TupleDesc	desc = CreateTemplateTupleDesc(2);

	TupleDescInitEntry(desc, 1, "score", FLOAT8OID, -1, 0);
	TupleDescInitEntry(desc, 2, "label", BOOLOID, -1, 0);
	AggRegisterCallback(fcinfo, end_sort, PointerGetDatum(state));
	state->sort = tuplesort_begin_heap(desc, 1, attribute, operators, collation, nulls_first,
									   work_mem, NULL, DEEPSAD_TUPLESORT_RANDOM_ACCESS);
	state->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	MemoryContextSwitchTo(old);
	return state;
}

/* Adds a row, whose score is not NaN. */
void
deepsad_labeled_scores_add(DeepsadLabeledScores *state, double score, DsadLabel label)
{
	TupleTableSlot *slot = state->slot;

	ExecClearTuple(slot);
	slot->tts_values[0] = Float8GetDatum(score);
	slot->tts_values[1] = BoolGetDatum(label == DSAD_ANOMALY);
	slot->tts_isnull[0] = false;
	slot->tts_isnull[1] = label == DSAD_UNLABELED;
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(state->sort, slot);
	if (label == DSAD_ANOMALY)
		state->anomalies++;
	else if (label == DSAD_NORMAL)
		state->normals++;
	else
		state->unlabeled++;
}

/* What the aggregate calls its third argument. */
static const char *
parameter_name(FunctionCallInfo fcinfo)
{
	const Aggref *aggregate = AggGetAggref(fcinfo);
	HeapTuple	tuple = aggregate ? SearchSysCache1(PROCOID, ObjectIdGetDatum(aggregate->aggfnoid)) : NULL;
	Oid		   *types;
	char	  **names = NULL;
	char	   *modes;
	int			count = HeapTupleIsValid(tuple) ? get_func_arg_info(tuple, &types, &names, &modes) : 0;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return count > 2 && names ? names[2] : "third argument";
}

/* The third argument, which must be the same in every row. */
static double
get_parameter(FunctionCallInfo fcinfo, const DeepsadLabeledScores *state)
{
	double		value;

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s is NULL", parameter_name(fcinfo))));
	value = get_fn_expr_argtype(fcinfo->flinfo, 3) == INT8OID ? (double) PG_GETARG_INT64(3) : PG_GETARG_FLOAT8(3);
	if (state && state->parameter != value && !(isnan(state->parameter) && isnan(value)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is %g in one row and %g in another", parameter_name(fcinfo), state->parameter, value),
				 errhint("Give the same value for every row of a group.")));
	return value;
}

/* (state, score float8, label boolean [, parameter]): rows where score or label is NULL are ignored */
Datum
deepsad_metric_transition(PG_FUNCTION_ARGS)
{
	DeepsadLabeledScores *state = PG_ARGISNULL(0) ? NULL : (DeepsadLabeledScores *) PG_GETARG_POINTER(0);
	MemoryContext context;
	double		parameter = 0;

	context = deepsad_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (PG_NARGS() > 3)
		parameter = get_parameter(fcinfo, state);
	if (isnan(PG_GETARG_FLOAT8(1)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("score is NaN"),
				 errhint("Leave such rows out with FILTER (WHERE score <> 'NaN').")));
	if (state == NULL)
	{
		deepsad_check_versions();
		state = deepsad_labeled_scores_start(fcinfo, context);
		state->has_parameter = PG_NARGS() > 3;
		state->parameter = parameter;
	}
	deepsad_labeled_scores_add(state, PG_GETARG_FLOAT8(1), PG_GETARG_BOOL(2) ? DSAD_ANOMALY : DSAD_NORMAL);
	PG_RETURN_POINTER(state);
}

/* Walks the sorted rows (at least one); may be done again, for another metric. */
void
deepsad_labeled_scores_walk(DeepsadLabeledScores *state, DeepsadTieCallback callback, void *arg)
{
	TupleTableSlot *slot = state->slot;
	double		current = 0;
	uint64		count[2] = {0, 0};

	if (state->sorted)
		tuplesort_rescan(state->sort);
	else
		tuplesort_performsort(state->sort);
	state->sorted = true;
	while (tuplesort_gettupleslot(state->sort, true, false, slot, NULL))
	{
		bool		isnull;
		double		score = DatumGetFloat8(slot_getattr(slot, 1, &isnull));
		bool		label = DatumGetBool(slot_getattr(slot, 2, &isnull)) && !isnull;

		CHECK_FOR_INTERRUPTS();
		if (isnull && !state->unlabeled_too)
			continue;
		if (count[0] + count[1] > 0 && score != current)
		{
			callback(arg, current, count[1], count[0]);
			count[0] = count[1] = 0;
		}
		current = score;
		count[label]++;
	}
	callback(arg, current, count[1], count[0]);
	ExecClearTuple(slot);
}

/* The state that a metric's final function was called with; NULL when there were no rows. */
DeepsadLabeledScores *
deepsad_labeled_scores(FunctionCallInfo fcinfo)
{
	(void) deepsad_aggregate_context(fcinfo);
	return PG_ARGISNULL(0) ? NULL : (DeepsadLabeledScores *) PG_GETARG_POINTER(0);
}
