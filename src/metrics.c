/*
 * metrics.c
 *	  deepsad_roc_auc and deepsad_average_precision: exact, for any number of
 *	  rows, sorted within work_mem and on disk beyond it.
 */
#include "pg_compat.h"

#include <math.h>

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/tuplesort.h"

DSAD_FUNCTION(deepsad_metric_transition);
DSAD_FUNCTION(deepsad_roc_auc_final);
DSAD_FUNCTION(deepsad_average_precision_final);

/* float8 > float8: highest scores first */
#define FLOAT8_GT_OPERATOR 674

/* Rows of (score, label), in the aggregate's context; both metrics can share one state. */
typedef struct MetricState
{
	Tuplesortstate *sort;
	TupleTableSlot *slot;
	bool		sorted;			/* performsort was done, perhaps by the other metric */
	uint64		anomalies;
	uint64		normals;
} MetricState;

/* Ends the sort, and with it its files, when the aggregate's context goes. */
static void
end_sort(Datum arg)
{
	MetricState *state = (MetricState *) DatumGetPointer(arg);

	if (state->sort)
		tuplesort_end(state->sort);
	state->sort = NULL;
	if (state->slot)
		ExecDropSingleTupleTableSlot(state->slot);
	state->slot = NULL;
}

static MetricState *
start_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	AttrNumber	attribute[] = {1};
	Oid			operators[] = {FLOAT8_GT_OPERATOR};
	Oid			collation[] = {InvalidOid};
	bool		nulls_first[] = {false};
	MemoryContext old = MemoryContextSwitchTo(context);
	MetricState *state = palloc0(sizeof(MetricState));
	TupleDesc	desc = CreateTemplateTupleDesc(2);

	TupleDescInitEntry(desc, 1, "score", FLOAT8OID, -1, 0);
	TupleDescInitEntry(desc, 2, "label", BOOLOID, -1, 0);
	AggRegisterCallback(fcinfo, end_sort, PointerGetDatum(state));
	state->sort = tuplesort_begin_heap(desc, 1, attribute, operators, collation, nulls_first,
									   work_mem, NULL, DSAD_TUPLESORT_RANDOM_ACCESS);
	state->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	MemoryContextSwitchTo(old);
	return state;
}

/* (state, score float8, label boolean): rows where either is NULL are ignored */
Datum
deepsad_metric_transition(PG_FUNCTION_ARGS)
{
	MetricState *state = PG_ARGISNULL(0) ? NULL : (MetricState *) PG_GETARG_POINTER(0);
	MemoryContext context;
	TupleTableSlot *slot;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "deepsad_metric_transition called outside an aggregate");
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (isnan(PG_GETARG_FLOAT8(1)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("score is NaN"),
				 errhint("Leave such rows out with FILTER (WHERE score <> 'NaN').")));
	if (state == NULL)
		state = start_state(fcinfo, context);
	slot = state->slot;
	ExecClearTuple(slot);
	slot->tts_values[0] = PG_GETARG_DATUM(1);
	slot->tts_values[1] = PG_GETARG_DATUM(2);
	slot->tts_isnull[0] = false;
	slot->tts_isnull[1] = false;
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(state->sort, slot);
	if (PG_GETARG_BOOL(2))
		state->anomalies++;
	else
		state->normals++;
	PG_RETURN_POINTER(state);
}

/* Called for each distinct score, highest first, with the counts at that score. */
typedef void (*TieCallback) (void *arg, uint64 anomalies, uint64 normals);

/* Walks the sorted rows; may be done again for the other metric. */
static void
walk(MetricState *state, TieCallback callback, void *arg)
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
		bool		label = DatumGetBool(slot_getattr(slot, 2, &isnull));

		CHECK_FOR_INTERRUPTS();
		if (count[0] + count[1] > 0 && score != current)
		{
			callback(arg, count[1], count[0]);
			count[0] = count[1] = 0;
		}
		current = score;
		count[label]++;
	}
	callback(arg, count[1], count[0]);
	ExecClearTuple(slot);
}

/* Area under the ROC curve: pairs (anomaly, normal) in the right order, ties half. */
typedef struct RocSum
{
	uint64		anomalies;		/* above the current score */
	double		pairs;			/* twice the number of good pairs */
} RocSum;

static void
roc_tie(void *arg, uint64 anomalies, uint64 normals)
{
	RocSum	   *sum = arg;

	sum->pairs += (double) normals * (2 * (double) sum->anomalies + (double) anomalies);
	sum->anomalies += anomalies;
}

/* deepsad_roc_auc's result; NULL unless both labels occur */
Datum
deepsad_roc_auc_final(PG_FUNCTION_ARGS)
{
	MetricState *state = PG_ARGISNULL(0) ? NULL : (MetricState *) PG_GETARG_POINTER(0);
	RocSum		sum = {0, 0};

	if (state == NULL || state->anomalies == 0 || state->normals == 0)
		PG_RETURN_NULL();
	walk(state, roc_tie, &sum);
	PG_RETURN_FLOAT8(sum.pairs / 2 / ((double) state->anomalies * (double) state->normals));
}

/* Average precision: precision at each distinct score, weighted by the recall gained there. */
typedef struct PrecisionSum
{
	uint64		anomalies;		/* at or above the current score */
	uint64		rows;
	double		sum;
} PrecisionSum;

static void
precision_tie(void *arg, uint64 anomalies, uint64 normals)
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
	MetricState *state = PG_ARGISNULL(0) ? NULL : (MetricState *) PG_GETARG_POINTER(0);
	PrecisionSum sum = {0, 0, 0};

	if (state == NULL || state->anomalies == 0)
		PG_RETURN_NULL();
	walk(state, precision_tie, &sum);
	PG_RETURN_FLOAT8(sum.sum / (double) state->anomalies);
}
