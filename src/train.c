/*
 * train.c
 *	  The aggregates deepsad_train and deepsad_update: collect rows, then train.
 */
#include "pg_compat.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/plannodes.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "column_options.h"
#include "env.h"
#include "input.h"
#include "model_cache.h"
#include "options.h"
#include "progress.h"
#include "training.h"

DSAD_FUNCTION(deepsad_train_transition);
DSAD_FUNCTION(deepsad_update_transition);
DSAD_FUNCTION(deepsad_train_final);

#define ROWS_PER_REPORT 1024

/* What a call site resolves once, for all its groups. */
typedef struct CallSite
{
	int			model_arg;		/* deepsad_update's, else 0 */
	int			features_arg;
	int			label_arg;		/* 0 = not given, as for those below */
	int			options_arg;
	DeepsadFeatures *features;
	DeepsadLabelKind label_kind;
	bool		alpha_warned;
} CallSite;

/* A row that came before it was known how long its arrays are. */
typedef struct WaitingRow
{
	Datum		row;
	int8		label;
} WaitingRow;

#define MAX_WAITING_ROWS 10000

/* One group's state, in the aggregate's context. */
typedef struct TrainState
{
	DeepsadRowStore *store;
	CallSite   *site;
	struct varlena *model;		/* deepsad_update's, as it was stored; NULL for deepsad_train */
	Jsonb	   *options;		/* NULL = defaults */
	DeepsadGather *gather;		/* the rows' columns; NULL = rows are features */
	bool		started;		/* it is known what rows are like */
	struct WaitingRow *waiting; /* rows before that */
	int			waiting_count;
	TupleDesc	desc;			/* their type; NULL = rows do not wait */
	Datum	   *values;			/* of the first of them that has one, for each column */
	bool	   *nulls;
	uint64		skipped;		/* rows whose features are NULL */
	bool		shown;			/* this backend's progress entry is ours */
	bool		integer_labels;
	bool		saw_normal;
	bool		saw_anomaly;
} TrainState;

/* Resolves the arguments (state [, model], features [, label [, options]]). */
static CallSite *
get_call_site(FunctionCallInfo fcinfo, bool update)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;

	if (site)
		return site;
	site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
	site->model_arg = update ? 1 : 0;
	site->features_arg = site->model_arg + 1;
	site->label_arg = PG_NARGS() > site->features_arg + 1 ? site->features_arg + 1 : 0;
	site->options_arg = PG_NARGS() > site->features_arg + 2 ? site->features_arg + 2 : 0;
	if (site->label_arg)
		site->label_kind = deepsad_label_kind(fcinfo, site->label_arg);
	site->features = deepsad_features_of_call(fcinfo, site->features_arg, false);
	fcinfo->flinfo->fn_extra = site;
	return site;
}

/* What a group holds beside memory, when it ends before its final function has. */
static void
end_group(Datum arg)
{
	TrainState *state = (TrainState *) DatumGetPointer(arg);

	if (state->store)
		deepsad_rowstore_free(state->store);
	state->store = NULL;
	if (state->shown)
		deepsad_progress_end();
	state->shown = false;
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

/*
 * Reads the group's model: what is no model is an error at the first row, not after
 * collecting all of them.  If it has columns, rows are read by them.
 */
static void
read_model(TrainState *state, MemoryContext context)
{
	MemoryContext decoding = AllocSetContextCreate(context, "deepsad decoding", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(decoding);
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;

	deepsad_model_decode(&model, &arena, &env, decoding, (bytea *) pg_detoast_datum_packed(state->model));
	MemoryContextSwitchTo(old);
	if (model.encoder)			/* which must stay */
		state->gather = deepsad_gather_create_for_model(context, model.encoder);
	else
		MemoryContextDelete(decoding);
}

/* The model belongs to the group: a row that brings another is an error. */
static void
check_same_model(struct varlena *model, const TrainState *state)
{
	if (!deepsad_same_model(model, state->model))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model differs between rows of one update"),
				 errhint("Give the same model for every row of a group, or group by it.")));
}

/* Reads the group's options into config: what there is to know before all rows have come. */
static void
parse_options(DsadConfig *config, const TrainState *state, uint32 features, uint64 rows)
{
	if (state->site->model_arg)
		deepsad_options_parse_update(config, state->options, rows);
	else
		deepsad_options_parse(config, state->options, features, rows);
}

/* A state for a new group: its options are those of its first row. */
static TrainState *
start_group(FunctionCallInfo fcinfo, CallSite *site, MemoryContext context)
{
	TrainState *state = MemoryContextAllocZero(context, sizeof(TrainState));
	DsadConfig	config;

	dsad_config_defaults(&config, DSAD_PRESET_DEFAULT, 1, 1);
	state->site = site;
	state->integer_labels = site->label_kind >= DEEPSAD_LABEL_INT2;
	if (site->model_arg)
	{
		struct varlena *model = get_model(fcinfo, site);

		state->model = MemoryContextAlloc(context, VARSIZE_ANY(model));
		memcpy(state->model, model, VARSIZE_ANY(model));
		read_model(state, context);
	}
	if (site->options_arg && !PG_ARGISNULL(site->options_arg))
	{
		Jsonb	   *options = PG_GETARG_JSONB_P(site->options_arg);

		state->options = MemoryContextAlloc(context, VARSIZE(options));
		memcpy(state->options, options, VARSIZE(options));
	}
	/* bad options are an error at the first row, not after collecting all of them */
	parse_options(&config, state, 1, 1);
	state->store = deepsad_rowstore_create(context, deepsad_features_single(site->features),
										   (uint64) config.max_rows, config.seed);
	state->shown = deepsad_progress_start();
	AggRegisterCallback(fcinfo, end_group, PointerGetDatum(state));
	return state;
}

/* Options belong to the group: a row that brings others is an error. */
static void
check_same_options(FunctionCallInfo fcinfo, const TrainState *state)
{
	int			argno = state->site->options_arg;
	Jsonb	   *options = PG_ARGISNULL(argno) ? NULL : PG_GETARG_JSONB_P(argno);

	if ((options == NULL) != (state->options == NULL) ||
		(options && (VARSIZE(options) != VARSIZE(state->options) ||
					 memcmp(options, state->options, VARSIZE(options)) != 0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options differ between rows of one training"),
				 errhint("Give the same options for every row of a group.")));
}

/* Adds a row whose features are not NULL. */
static void
add_row(TrainState *state, const NullableDatum *argument, int8 label)
{
	DeepsadFeatures *features = state->site->features;
	DsadRows	row;
	uint32		count;

	if (state->gather)
	{
		row.values = deepsad_features_cells(features, deepsad_gather_columns(state->gather), argument);
		row.count = 1;
		row.single = false;
		count = deepsad_gather_cells(state->gather);
		deepsad_gather_row(state->gather, row.values, label);
	}
	else
	{
		deepsad_features_read(features, argument, &row, &count);
		if (!deepsad_features_finite(&row, count))
			deepsad_features_infinite(&row, count);
	}
	deepsad_rowstore_add(state->store, &row, count, label);
	if (state->shown && deepsad_rowstore_seen(state->store) % ROWS_PER_REPORT == 0)
		deepsad_progress_collecting(deepsad_rowstore_seen(state->store));
}

/* Keeps a row, and its values where rows before had none. */
static void
wait_for_arrays(TrainState *state, const NullableDatum *argument, int8 label)
{
	NullableDatum copy = {PointerGetDatum(DatumGetHeapTupleHeaderCopy(argument->value)), false};
	TupleDesc	desc;
	Datum	   *values;
	bool	   *nulls;

	if (state->waiting_count == MAX_WAITING_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an array column is NULL in the first %d rows, its length is not known", MAX_WAITING_ROWS),
				 errhint("Leave the column or such rows out, or begin with a row that has the array.")));
	if (state->waiting == NULL)
		state->waiting = palloc(sizeof(WaitingRow));
	else if ((state->waiting_count & (state->waiting_count - 1)) == 0)
		state->waiting = repalloc(state->waiting, 2 * state->waiting_count * sizeof(WaitingRow));
	state->waiting[state->waiting_count++] = (WaitingRow) {copy.value, label};
	desc = deepsad_features_row(state->site->features, &copy, &values, &nulls);
	if (state->desc == NULL)
	{
		state->desc = desc;
		state->values = values;
		state->nulls = nulls;
		return;
	}
	for (int i = 0; i < Min(desc->natts, state->desc->natts); i++)
		if (state->nulls[i] && !nulls[i] && TupleDescAttr(desc, i)->atttypid == TupleDescAttr(state->desc, i)->atttypid)
		{
			state->values[i] = values[i];
			state->nulls[i] = false;
		}
	pfree(values);
	pfree(nulls);
	FreeTupleDesc(desc);
}

/* Starts to gather from the rows that wait, when all arrays have come or no row will. */
static void
start_gathering(TrainState *state, MemoryContext context, bool last)
{
	if (!last && !deepsad_gather_complete(state->desc, state->options, state->nulls))
		return;
	state->gather = deepsad_gather_create(context, state->desc, state->options, state->nulls, state->values,
										  state->integer_labels);
	state->started = true;
	for (int i = 0; i < state->waiting_count; i++)
	{
		NullableDatum argument = {state->waiting[i].row, false};

		CHECK_FOR_INTERRUPTS();
		add_row(state, &argument, state->waiting[i].label);
	}
	for (int i = 0; i < state->waiting_count; i++)
		pfree(DatumGetPointer(state->waiting[i].row));
	pfree(state->waiting);
	state->waiting = NULL;
	state->waiting_count = 0;
}

/* Whether rows like this one are gathered by their columns. */
static bool
is_gathered(TrainState *state, const NullableDatum *argument)
{
	Datum	   *values;
	bool	   *nulls;
	TupleDesc	desc = deepsad_features_row(state->site->features, argument, &values, &nulls);

	if (desc == NULL && deepsad_columns_option(state->options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns\" is given, but features are no row"),
				 errhint("Give a row: deepsad_train(f, label, options) FROM t, LATERAL (SELECT a, b) f.")));
	return desc && deepsad_gather_wanted(desc, state->options);
}

/* One row of either aggregate. */
static Datum
transition(FunctionCallInfo fcinfo, bool update)
{
	MemoryContext context;
	CallSite   *site;
	TrainState *state;
	const NullableDatum *argument;
	int8		label = DSAD_UNLABELLED;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "transition function of deepsad called outside an aggregate");
	site = get_call_site(fcinfo, update);
	argument = &fcinfo->args[site->features_arg];
	if (PG_ARGISNULL(0))
		state = start_group(fcinfo, site, context);
	else
	{
		state = (TrainState *) PG_GETARG_POINTER(0);
		if (site->model_arg)
			check_same_model(get_model(fcinfo, site), state);
		if (site->options_arg)
			check_same_options(fcinfo, state);
	}
	if (argument->isnull)
	{
		state->skipped++;
		PG_RETURN_POINTER(state);
	}
	if (site->label_arg)
		label = deepsad_label_read(site->label_kind, fcinfo, site->label_arg);
	state->saw_anomaly |= label == DSAD_ANOMALY;
	state->saw_normal |= label == DSAD_NORMAL;
	if (!state->started && (state->desc || (!update && is_gathered(state, argument))))
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		wait_for_arrays(state, argument, label);
		MemoryContextSwitchTo(old);
		start_gathering(state, context, false);
		PG_RETURN_POINTER(state);
	}
	state->started = true;
	add_row(state, argument, label);
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
 * An integer column with 1 but no -1 is almost certainly a 0/1 flag read upside
 * down.  One group among many may well have no known anomaly, and an update may
 * bring none: that is a warning, or nothing.
 */
static void
check_label_meaning(FunctionCallInfo fcinfo, const TrainState *state)
{
	bool		grouped = IsA(fcinfo->context, AggState) &&
		((const Agg *) ((AggState *) fcinfo->context)->ss.ps.plan)->aggstrategy != AGG_PLAIN;

	if (state->integer_labels && state->saw_normal && !state->saw_anomaly && !state->model)
		ereport(grouped ? WARNING : ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("integer label is 1 in some rows and -1 in none"),
				 errdetail("As an integer, 1 means known normal and -1 known anomaly."),
				 errhint("If 1 marks anomalies, write label = 1; if 1 marks normal rows, write CASE label WHEN -1 THEN true WHEN 1 THEN false END.")));
}

/* The final function of both: the model, or NULL when there is nothing to learn from. */
Datum
deepsad_train_final(PG_FUNCTION_ARGS)
{
	TrainState *state = PG_ARGISNULL(0) ? NULL : (TrainState *) PG_GETARG_POINTER(0);
	DeepsadRowStore *store;
	DsadConfig	config;
	bytea	   *result;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "deepsad_train_final called outside an aggregate");
	if (state == NULL)
		PG_RETURN_NULL();
	if (state->waiting_count > 0)
		start_gathering(state, GetMemoryChunkContext(state), true);
	if (deepsad_rowstore_count(state->store) == 0)
	{
		/* only rows without features */
		if (state->model)
			PG_RETURN_POINTER(state->model);
		PG_RETURN_NULL();
	}
	check_label_meaning(fcinfo, state);
	/* the final function runs once a group (FINALFUNC_MODIFY = READ_WRITE): the rows can go early */
	if (state->gather)
		deepsad_gather_finish(state->gather);
	store = state->store;
	state->store = NULL;
	if (state->model)
		result = deepsad_training_update(store, state->gather, (bytea *) state->model, state->options, state->shown);
	else
	{
		parse_options(&config, state, deepsad_rowstore_features(store), deepsad_rowstore_count(store));
		result = deepsad_training_run(store, state->gather, &config, state->skipped, state->shown,
									  &state->site->alpha_warned);
	}
	if (state->shown)
		deepsad_progress_end();
	state->shown = false;
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(result);
}
