/*
 * sample_state.c
 *	  Values of type deepsad_rows: flat when stored, an expanded object while rows come.
 */
#include "pg/pg_compat.h"

#include "utils/memutils.h"

#include "pg/core_env.h"
#include "pg/version_check.h"
#include "sample/sample_state.h"

#define FIRST_BLOCK 1536		/* holds all of a small set but its log: there may be many */

/* Gives back the order of the last writing. */
static void
forget_order(DeepsadSample *state)
{
	if (state->order == NULL)
		return;
	state->order = NULL;
	dsad_arena_release(&state->arena);
}

/* ExpandedObjectMethods.get_flat_size: cuts the set to what it may have, and sorts it. */
static Size
get_flat_size(ExpandedObjectHeader *header)
{
	DeepsadSample *state = (DeepsadSample *) header;
	DsadError	error;

	forget_order(state);
	dsad_arena_init(&state->arena, &state->sample.env);
	deepsad_check(dsad_sample_encode_begin(&state->sample, &state->arena, &state->order, &state->size, &error), &error);
	return VARHDRSZ + state->size;
}

/* ExpandedObjectMethods.flatten_into */
static void
flatten_into(ExpandedObjectHeader *header, void *result, Size size)
{
	DeepsadSample *state = (DeepsadSample *) header;

	SET_VARSIZE(result, size);
	if (size != VARHDRSZ + state->size ||
		!dsad_sample_encode(&state->sample, state->order, &state->arena, (uint8_t *) VARDATA(result), state->size))
		elog(ERROR, "training set is not as large as it was reckoned");
	forget_order(state);
}

static const ExpandedObjectMethods methods = {get_flat_size, flatten_into};

/* An empty set in a context under parent. */
DeepsadSample *
deepsad_sample_create(MemoryContext parent, int64 seed, uint32 rows, uint64 bytes)
{
	MemoryContext context = AllocSetContextCreate(parent, "deepsad training set", 0, FIRST_BLOCK,
												  ALLOCSET_SMALL_MAXSIZE);
	DeepsadSample *state = MemoryContextAllocZero(context, sizeof(DeepsadSample));
	DsadEnv		env;
	DsadError	error;

	deepsad_check_versions();
	EOH_init_header(&state->header, &methods, context);
	deepsad_env_init(&env, context);
	deepsad_check(dsad_sample_init(&state->sample, &env, seed, rows, bytes, &error), &error);
	return state;
}

/* The expanded object that a value is; NULL when it is flat. */
static DeepsadSample *
expanded(Datum value)
{
	DeepsadSample *state;

	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value)))
		return NULL;
	state = (DeepsadSample *) DatumGetEOHP(value);
	return state->header.eoh_methods == &methods ? state : NULL;
}

/* Reads a stored set, all of which is looked at; what that needs lives in context. */
void
deepsad_rows_open(DeepsadRows *rows, Datum value, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	DsadError	error;

	deepsad_check_versions();
	rows->value = pg_detoast_datum_packed((struct varlena *) DatumGetPointer(value));
	deepsad_env_init(&rows->env, context);
	dsad_arena_init(&rows->arena, &rows->env);
	deepsad_check(dsad_sample_open(&rows->view, &rows->arena, &rows->env, (const uint8_t *) VARDATA_ANY(rows->value),
								   VARSIZE_ANY_EXHDR(rows->value), &error),
				  &error);
	MemoryContextSwitchTo(old);
}

/* Adds the rows of a value to a set. */
void
deepsad_sample_merge_value(DeepsadSample *state, Datum value)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "deepsad merging", ALLOCSET_DEFAULT_SIZES);
	DeepsadRows rows;
	DsadError	error;

	deepsad_rows_open(&rows, value, context);
	deepsad_check(dsad_sample_merge(&state->sample, &rows.view, &rows.arena, &error), &error);
	MemoryContextDelete(context);
}

/* A value as a set that may be changed: itself, if it is an aggregate's own in this context, or a copy there. */
DeepsadSample *
deepsad_sample_writable(Datum value, MemoryContext parent)
{
	DeepsadSample *state = expanded(value);
	MemoryContext context;
	DeepsadRows rows;
	DsadError	error;

	if (state && VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(value)) &&
		MemoryContextGetParent(state->header.eoh_context) == parent)
		return state;
	context = AllocSetContextCreate(CurrentMemoryContext, "deepsad merging", ALLOCSET_DEFAULT_SIZES);
	deepsad_rows_open(&rows, value, context);
	state = deepsad_sample_create(parent, rows.view.seed, rows.view.max_rows, rows.view.max_bytes);
	deepsad_check(dsad_sample_merge(&state->sample, &rows.view, &rows.arena, &error), &error);
	MemoryContextDelete(context);
	return state;
}
