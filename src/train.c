/*
 * train.c
 *	  The aggregate deepsad_train: collects rows, then trains.
 */
#include "pg_compat.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "input.h"
#include "options.h"
#include "progress.h"
#include "training.h"

DSAD_FUNCTION(deepsad_train_transition);
DSAD_FUNCTION(deepsad_train_final);

#define FEATURES_ARG 1
#define LABEL_ARG 2
#define OPTIONS_ARG 3

#define ROWS_PER_REPORT 1024

/* What a call site resolves once, for all its groups. */
typedef struct CallSite
{
	DeepsadFeatures *features;
	DeepsadLabelKind label_kind;
	bool		saw_anomaly;	/* in any group so far */
} CallSite;

/* One group's state, in the aggregate's context. */
typedef struct TrainState
{
	DeepsadRowStore *store;
	CallSite   *site;
	Jsonb	   *options;		/* NULL = defaults */
	uint64		skipped;		/* rows whose features are NULL */
	bool		shown;			/* this backend's progress entry is ours */
	bool		integer_labels;
	bool		saw_normal;
} TrainState;

static CallSite *
get_call_site(FunctionCallInfo fcinfo)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;

	if (site)
		return site;
	site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
	if (PG_NARGS() > LABEL_ARG)
		site->label_kind = deepsad_label_kind(fcinfo, LABEL_ARG);
	site->features = deepsad_features_of_call(fcinfo, FEATURES_ARG, false);
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

/* A state for a new group: its options are those of its first row. */
static TrainState *
start_group(FunctionCallInfo fcinfo, CallSite *site, MemoryContext context)
{
	TrainState *state = MemoryContextAllocZero(context, sizeof(TrainState));
	DsadConfig	config;

	dsad_config_defaults(&config, DSAD_PRESET_DEFAULT, 1, 1);
	state->site = site;
	state->integer_labels = site->label_kind >= DEEPSAD_LABEL_INT2;
	if (PG_NARGS() > OPTIONS_ARG && !PG_ARGISNULL(OPTIONS_ARG))
	{
		Jsonb	   *options = PG_GETARG_JSONB_P(OPTIONS_ARG);

		/* bad options are an error at the first row, not after collecting all of them */
		deepsad_options_parse(&config, options, 1, 1);
		state->options = MemoryContextAlloc(context, VARSIZE(options));
		memcpy(state->options, options, VARSIZE(options));
	}
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
	Jsonb	   *options = PG_ARGISNULL(OPTIONS_ARG) ? NULL : PG_GETARG_JSONB_P(OPTIONS_ARG);

	if ((options == NULL) != (state->options == NULL) ||
		(options && (VARSIZE(options) != VARSIZE(state->options) ||
					 memcmp(options, state->options, VARSIZE(options)) != 0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options differ between rows of one training"),
				 errhint("Give the same options for every row of a group.")));
}

/* deepsad_train's transition: (state, features [, label [, options]]) */
Datum
deepsad_train_transition(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	CallSite   *site;
	TrainState *state;
	DsadRows	row;
	uint32		count;
	int8		label = DSAD_UNLABELLED;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "deepsad_train_transition called outside an aggregate");
	site = get_call_site(fcinfo);
	if (PG_ARGISNULL(0))
		state = start_group(fcinfo, site, context);
	else
	{
		state = (TrainState *) PG_GETARG_POINTER(0);
		if (PG_NARGS() > OPTIONS_ARG)
			check_same_options(fcinfo, state);
	}
	if (!deepsad_features_read(site->features, fcinfo->args + FEATURES_ARG, &row, &count))
	{
		state->skipped++;
		PG_RETURN_POINTER(state);
	}
	if (!deepsad_features_finite(&row, count))
		deepsad_features_infinite(&row, count);
	if (PG_NARGS() > LABEL_ARG)
		label = deepsad_label_read(site->label_kind, fcinfo, LABEL_ARG);
	site->saw_anomaly |= label == DSAD_ANOMALY;
	state->saw_normal |= label == DSAD_NORMAL;
	deepsad_rowstore_add(state->store, &row, count, label);
	if (state->shown && deepsad_rowstore_seen(state->store) % ROWS_PER_REPORT == 0)
		deepsad_progress_collecting(deepsad_rowstore_seen(state->store));
	PG_RETURN_POINTER(state);
}

/*
 * An integer column with 1 but no -1 is almost certainly a 0/1 flag read upside
 * down; a group without known anomalies is not, once another had them.
 */
static void
check_label_meaning(const TrainState *state)
{
	if (state->integer_labels && state->saw_normal && !state->site->saw_anomaly)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("integer label is 1 in some rows and -1 in none"),
				 errdetail("As an integer, 1 means known normal and -1 known anomaly."),
				 errhint("If 1 marks anomalies, write label = 1; if 1 marks normal rows, write CASE label WHEN -1 THEN true WHEN 1 THEN false END.")));
}

/* deepsad_train's final function: the model, or NULL when there is nothing to learn from. */
Datum
deepsad_train_final(PG_FUNCTION_ARGS)
{
	TrainState *state = PG_ARGISNULL(0) ? NULL : (TrainState *) PG_GETARG_POINTER(0);
	DeepsadRowStore *store;
	DsadConfig	config;
	bytea	   *result;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "deepsad_train_final called outside an aggregate");
	if (state == NULL || deepsad_rowstore_count(state->store) == 0)
		PG_RETURN_NULL();
	check_label_meaning(state);
	deepsad_options_parse(&config, state->options, deepsad_rowstore_features(state->store),
						  deepsad_rowstore_count(state->store));
	/* the final function runs once a group (FINALFUNC_MODIFY = READ_WRITE): the rows can go early */
	store = state->store;
	state->store = NULL;
	result = deepsad_training_run(store, &config, state->skipped, state->shown);
	if (state->shown)
		deepsad_progress_end();
	state->shown = false;
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(result);
}
