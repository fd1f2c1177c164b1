/*
 * drift_aggregate.c
 *	  The aggregate deepsad_drift: whether rows are still like the training rows.
 */
#include "pg/pg_compat.h"

#include "storage/shmem.h"
#include "utils/jsonb.h"

#include "rows/column_text.h"
#include "pg/aggregate_call.h"
#include "pg/core_env.h"
#include "rows/row_features.h"
#include "pg/jsonb_build.h"
#include "pg/version_check.h"
#include "model/model_bytes.h"
#include "score/score_call.h"

DEEPSAD_FUNCTION(deepsad_drift_transition);
DEEPSAD_FUNCTION(deepsad_drift_final);

#define MODEL_ARG 1
#define FEATURES_ARG 2

/* One group's state, in the aggregate's context. */
typedef struct DriftState
{
	struct varlena *stored;		/* the model as it came */
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadDrift	drift;
	void	   *scratch;		/* to score one row */
} DriftState;

/* Makes a state ready; the networks, of which the scorer is made, live in the current context. */
static void
read_model(DriftState *state, struct varlena *model, MemoryContext context)
{
	const bytea *bytes = (const bytea *) pg_detoast_datum_packed(model);
	DsadEnv		env;
	DsadArena	members;
	DsadError	error;

	deepsad_check_versions();
	deepsad_env_init(&state->env, context);
	dsad_arena_init(&state->arena, &state->env);
	deepsad_env_init(&env, CurrentMemoryContext);
	dsad_arena_init(&members, &env);
	deepsad_check(dsad_model_decode_rest(&state->model, NULL, &state->arena, &members,
										 (const uint8_t *) VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), &error),
				  &error);
	if (state->model.sketch.rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model has no summary of its training rows")));
	deepsad_check(dsad_drift_start(&state->drift, &state->arena, &state->model, &error), &error);
	state->model.members = NULL;
}

/* A state for a group that begins with this model. */
static DriftState *
start_group(struct varlena *model, MemoryContext context)
{
	MemoryContext reading = AllocSetContextCreate(context, "deepsad decoding", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(reading);
	DriftState *state = MemoryContextAllocZero(context, sizeof(DriftState));

	state->stored = deepsad_model_keep(model, context);
	read_model(state, model, context);
	state->scratch = MemoryContextAllocHuge(context, dsad_scorer_scratch(state->drift.scorer, 1));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(reading);
	return state;
}

/* (state, model, features): rows where either is NULL are ignored */
Datum
deepsad_drift_transition(PG_FUNCTION_ARGS)
{
	DriftState *state = PG_ARGISNULL(0) ? NULL : (DriftState *) PG_GETARG_POINTER(0);
	DeepsadFeatures *features = fcinfo->flinfo->fn_extra;
	struct varlena *model;
	MemoryContext context;
	DeepsadColumns columns;
	DsadRows	row;
	double		score;

	context = deepsad_aggregate_context(fcinfo);
	if (features == NULL)
		features = fcinfo->flinfo->fn_extra = deepsad_features_of_call(fcinfo, FEATURES_ARG, false);
	if (PG_ARGISNULL(MODEL_ARG) || PG_ARGISNULL(FEATURES_ARG))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	model = (struct varlena *) PG_GETARG_POINTER(MODEL_ARG);
	if (state == NULL)
		state = start_group(model, context);
	else
		deepsad_check_group_model(model, state->stored);
	columns = (DeepsadColumns) {state->model.encoder, NULL, NULL, false};
	deepsad_features_read(features, &columns, fcinfo->args + FEATURES_ARG, &row);
	if (!dsad_drift_add(&state->drift, &row, state->scratch, &score))
		deepsad_features_infinite(&row, state->model.scaling.features);
	PG_RETURN_POINTER(state);
}

#define SMALLEST_CHANCE 1e-12	/* smaller ones are 0: no test of distributions knows them */

static void
push_shift(JsonbParseState **state, const DsadShift *shift)
{
	deepsad_push_rounded(state, "psi", shift->psi);
	deepsad_push_rounded(state, "psi_by_chance", shift->psi_by_chance);
	deepsad_push_rounded(state, "ks", shift->ks);
	deepsad_push_rounded(state, "chance", shift->chance < SMALLEST_CHANCE ? 0 : shift->chance);
	deepsad_push_bool(state, "shifted", shift->shifted);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* deepsad_drift's result: the verdict, then each feature and the score; NULL without rows */
Datum
deepsad_drift_final(PG_FUNCTION_ARGS)
{
	DriftState *state = PG_ARGISNULL(0) ? NULL : (DriftState *) PG_GETARG_POINTER(0);
	JsonbParseState *json = NULL;
	uint32		features;
	bool		drifted = false;
	bool		scored;
	DsadShift  *shift;
	DsadShift	score;

	(void) deepsad_aggregate_context(fcinfo);
	if (state == NULL)
		PG_RETURN_NULL();
	features = state->drift.summaries;
	shift = palloc_extended(mul_size(features, sizeof(DsadShift)), MCXT_ALLOC_HUGE);
	scored = dsad_drift_score(&state->drift, &score);
	drifted = scored && score.shifted;
	for (uint32 j = 0; j < features; j++)
	{
		dsad_drift_feature(&state->drift, j, &shift[j]);
		drifted |= shift[j].shifted;
	}
	pushJsonbValue(&json, WJB_BEGIN_OBJECT, NULL);
	deepsad_push_string(&json, "verdict", drifted ? "drift" : "no drift");
	deepsad_push_int(&json, "rows", (int64) state->drift.rows);
	deepsad_push_key(&json, "shifted");
	pushJsonbValue(&json, WJB_BEGIN_ARRAY, NULL);
	for (uint32 j = 0; j < features; j++)
		if (shift[j].shifted)
			deepsad_push_string(&json, NULL, deepsad_summary_label(state->model.encoder, j));
	if (scored && score.shifted)
		deepsad_push_string(&json, NULL, "score");
	pushJsonbValue(&json, WJB_END_ARRAY, NULL);
	deepsad_push_key(&json, "features");
	pushJsonbValue(&json, WJB_BEGIN_ARRAY, NULL);
	for (uint32 j = 0; j < features; j++)
	{
		CHECK_FOR_INTERRUPTS();
		pushJsonbValue(&json, WJB_BEGIN_OBJECT, NULL);
		deepsad_push_string(&json, "feature", deepsad_summary_label(state->model.encoder, j));
		push_shift(&json, &shift[j]);
	}
	pushJsonbValue(&json, WJB_END_ARRAY, NULL);
	if (scored)
	{
		deepsad_push_key(&json, "score");
		pushJsonbValue(&json, WJB_BEGIN_OBJECT, NULL);
		push_shift(&json, &score);
	}
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&json, WJB_END_OBJECT, NULL)));
}
