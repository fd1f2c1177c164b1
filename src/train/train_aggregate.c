/*
 * train_aggregate.c
 *	  The aggregates deepsad_train and deepsad_update: collect rows, then train.
 */
#include "pg/pg_compat.h"

#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "nodes/plannodes.h"
#include "utils/memutils.h"

#include "pg/aggregate_call.h"
#include "train/collector.h"

DEEPSAD_FUNCTION(deepsad_train_transition);
DEEPSAD_FUNCTION(deepsad_update_transition);
DEEPSAD_FUNCTION(deepsad_train_final);

/* What a call site resolves once, for all its groups. */
typedef struct CallSite
{
	int			model_arg;		/* deepsad_update's, else 0 */
	int			features_arg;
	int			label_arg;		/* 0 = not given, as for those below */
	int			options_arg;
	DeepsadCollecting shared;
} CallSite;

/* One group's state, in the aggregate's context. */
typedef struct TrainState
{
	CallSite   *site;
	DeepsadCollector *collector;
} TrainState;

/* ExprContextCallbackFunction: the statement has ended. */
static void
send_report(Datum arg)
{
	deepsad_column_report_send((DeepsadColumnReport *) DatumGetPointer(arg));
}

/*
 * Whether the aggregate has groups; then what there is to say of columns is said when the statement ends: the
 * context of input rows is the one that is not shut down after each group.
 */
static bool
watch_groups(FunctionCallInfo fcinfo, DeepsadColumnReport *report)
{
	AggState   *state = (AggState *) fcinfo->context;

	if (!IsA(state, AggState) || ((const Agg *) state->ss.ps.plan)->aggstrategy == AGG_PLAIN)
		return false;
	RegisterExprContextCallback(state->tmpcontext, send_report, PointerGetDatum(report));
	return true;
}

/* Resolves the arguments (state [, model], features [, label [, options]]). */
static CallSite *
get_call_site(FunctionCallInfo fcinfo, bool update)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	DeepsadCollecting *shared;

	if (site)
		return site;
	site = MemoryContextAllocZero(context, sizeof(CallSite));
	site->model_arg = update ? 1 : 0;
	site->features_arg = site->model_arg + 1;
	site->label_arg = PG_NARGS() > site->features_arg + 1 ? site->features_arg + 1 : 0;
	site->options_arg = PG_NARGS() > site->features_arg + 2 ? site->features_arg + 2 : 0;
	shared = &site->shared;
	if (site->label_arg)
		shared->label_kind = deepsad_label_kind(get_fn_expr_argtype(fcinfo->flinfo, site->label_arg),
												PG_ARGISNULL(site->label_arg));
	shared->features = deepsad_features_of_call(fcinfo, site->features_arg, false);
	shared->hash = deepsad_row_hash_create(context);
	shared->report = deepsad_column_report_create(context);
	shared->grouped = watch_groups(fcinfo, shared->report);
	fcinfo->flinfo->fn_extra = site;
	return site;
}

/* Gives back what a group holds beside memory, when it ends before its final function has. */
static void
end_group(Datum arg)
{
	deepsad_collector_end((DeepsadCollector *) DatumGetPointer(arg));
}

/* The model of this call, as it is stored; NULL is an error. */
static struct varlena *
get_model(FunctionCallInfo fcinfo, const CallSite *site)
{
	if (PG_ARGISNULL(site->model_arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("model is NULL"),
				 errhint("deepsad_update goes on from a model that deepsad_train made.")));
	return (struct varlena *) PG_GETARG_POINTER(site->model_arg);
}

/* The options of this call. */
static Jsonb *
get_options(FunctionCallInfo fcinfo, const CallSite *site)
{
	return site->options_arg && !PG_ARGISNULL(site->options_arg) ? PG_GETARG_JSONB_P(site->options_arg) : NULL;
}

/* A state for a new group: its model and options are those of its first row. */
static TrainState *
start_group(FunctionCallInfo fcinfo, CallSite *site, MemoryContext context)
{
	TrainState *state = MemoryContextAllocZero(context, sizeof(TrainState));

	state->site = site;
	state->collector = deepsad_collector_create(
		context, &site->shared, site->model_arg ? get_model(fcinfo, site) : NULL, get_options(fcinfo, site));
	AggRegisterCallback(fcinfo, end_group, PointerGetDatum(state->collector));
	return state;
}

/* Model and options belong to the group: a row that brings others is an error. */
static void
check_same_group(FunctionCallInfo fcinfo, const CallSite *site, const TrainState *state)
{
	if (site->model_arg)
		deepsad_collector_check_model(state->collector, get_model(fcinfo, site));
	if (site->options_arg && !deepsad_collector_same_options(state->collector, get_options(fcinfo, site)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options differ between rows of one training"),
				 errhint("Give the same options for every row of a group.")));
}

/* One row of either aggregate. */
static Datum
transition(FunctionCallInfo fcinfo, bool update)
{
	MemoryContext context;
	CallSite   *site;
	TrainState *state;

	context = deepsad_aggregate_context(fcinfo);
	site = get_call_site(fcinfo, update);
	if (PG_ARGISNULL(0))
		state = start_group(fcinfo, site, context);
	else
	{
		state = (TrainState *) PG_GETARG_POINTER(0);
		check_same_group(fcinfo, site, state);
	}
	deepsad_collector_add(state->collector, &fcinfo->args[site->features_arg],
						  site->label_arg ? &fcinfo->args[site->label_arg] : NULL);
	PG_RETURN_POINTER(state);
}

/* deepsad_train's transition: (state, features [, label [, options]]) */
Datum
deepsad_train_transition(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, false);
}

/* deepsad_update's transition: (state, model, features [, label [, options]]) */
Datum
deepsad_update_transition(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, true);
}

/*
 * The final function of both: the model, or NULL when there is nothing to learn from.  It
 * runs once a group (FINALFUNC_MODIFY = READ_WRITE): the rows can go early.
 */
Datum
deepsad_train_final(PG_FUNCTION_ARGS)
{
	TrainState *state = PG_ARGISNULL(0) ? NULL : (TrainState *) PG_GETARG_POINTER(0);
	struct varlena *result;

	(void) deepsad_aggregate_context(fcinfo);
	if (state == NULL)
		PG_RETURN_NULL();
	result = deepsad_collector_train(state->collector);
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(result);
}
