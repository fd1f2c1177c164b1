/*
 * sample_aggregate.c
 *	  The aggregates deepsad_sample, which collects training sets, and deepsad_merge, which
 *	  puts them together.
 *
 * All that a state needs is in it: where another aggregate calls these functions, nothing of the call
 * can be asked, and nothing be kept there.
 */
#include "pg/pg_compat.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "pg/aggregate_call.h"
#include "pg/core_env.h"
#include "pg/version_check.h"
#include "rows/value_reader.h"
#include "sample/sample_options.h"
#include "sample/sample_reading.h"
#include "sample/sample_rows.h"
#include "sample/sample_state.h"

DEEPSAD_FUNCTION(deepsad_sample_row_transition);
DEEPSAD_FUNCTION(deepsad_sample_array_transition);
DEEPSAD_FUNCTION(deepsad_sample_combine);
DEEPSAD_FUNCTION(deepsad_sample_final);
DEEPSAD_FUNCTION(deepsad_record);

#define FEATURES_ARG 1
#define LABEL_ARG 2
#define OPTIONS_ARG 3
#define KEY_ARG 4

static bool
same_options(const Jsonb *a, const Jsonb *b)
{
	return a == b || (a && b && VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0);
}

/* Keeps the options of a row in the state. */
static void
keep_options(DeepsadSample *state, Jsonb *options)
{
	state->options = NULL;
	state->reading_serial = 0;
	state->any_options = true;
	if (options == NULL)
		return;
	state->options = MemoryContextAlloc(state->header.eoh_context, VARSIZE(options));
	memcpy(state->options, options, VARSIZE(options));
}

/* A state for a new group, or the group's. */
static DeepsadSample *
get_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	bool		given = PG_NARGS() > OPTIONS_ARG && !PG_ARGISNULL(OPTIONS_ARG);
	Jsonb	   *options = given ? PG_GETARG_JSONB_P(OPTIONS_ARG) : NULL;
	DeepsadSample *state = PG_ARGISNULL(0) ? NULL : deepsad_sample_writable(PG_GETARG_DATUM(0), context);
	DeepsadSampleOptions parsed;

	if (state && state->any_options && same_options(state->options, options))
		return state;
	deepsad_sample_options_parse(&parsed, options);
	if (state == NULL)
		state = deepsad_sample_create(context, parsed.seed, (uint32) parsed.max_rows, (uint64) parsed.max_bytes);
	else if (state->any_options || state->sample.seed != parsed.seed || state->sample.max_rows != parsed.max_rows ||
			 state->sample.max_bytes != (uint64) parsed.max_bytes)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options differ between rows of one training set"),
				 errhint("Give the same options for every row of a group.")));
	keep_options(state, options);
	return state;
}

/* The row's key. */
static DsadBytes
get_key(FunctionCallInfo fcinfo)
{
	const text *key;

	if (PG_ARGISNULL(KEY_ARG))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("key of a row is NULL"),
				 errhint("Give every row a key, or none: then its content is its key.")));
	key = PG_GETARG_TEXT_PP(KEY_ARG);
	return deepsad_utf8(VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key));
}

/* Adds a row to the group's set. */
static Datum
transition(FunctionCallInfo fcinfo, bool is_array)
{
	bool		keyed = PG_NARGS() > KEY_ARG;
	DsadSampleRow row = {.count = 1, .label = DSAD_UNLABELED};
	MemoryContext context;
	DeepsadSample *state;
	DsadBytes	key = {"", 0};
	DsadError	error;

	context = deepsad_aggregate_context(fcinfo);
	state = get_state(fcinfo, context);
	if (state->sample.typed && state->sample.keyed != keyed)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("one training set was collected with a key, another without"),
				 errhint("Give all parts a key, or none.")));
	state->sample.typed = true;
	state->sample.keyed = keyed;
	if (PG_ARGISNULL(FEATURES_ARG))
	{
		state->sample.skipped++;
		return EOHPGetRWDatum(&state->header);
	}
	if (keyed)
		key = get_key(fcinfo);
	deepsad_sample_read(state, PG_GETARG_DATUM(FEATURES_ARG), is_array, keyed ? &key : NULL, &row);
	if (PG_NARGS() > LABEL_ARG && !PG_ARGISNULL(LABEL_ARG))
		row.label = PG_GETARG_BOOL(LABEL_ARG) ? DSAD_ANOMALY : DSAD_NORMAL;
	state->sample.seen[row.label + 1]++;
	deepsad_check(dsad_sample_add(&state->sample, &row, &error), &error);
	return EOHPGetRWDatum(&state->header);
}

/* (state, row [, label [, options [, key]]]) */
Datum
deepsad_sample_row_transition(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, false);
}

/* (state, numeric array [, label [, options [, key]]]) */
Datum
deepsad_sample_array_transition(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, true);
}

/* (state, state or stored set): deepsad_merge's transition function too */
Datum
deepsad_sample_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	DeepsadSample *state;

	context = deepsad_aggregate_context(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
		{
			deepsad_check_versions();
			PG_RETURN_NULL();
		}
		return EOHPGetRWDatum(&deepsad_sample_writable(PG_GETARG_DATUM(0), context)->header);
	}
	if (PG_ARGISNULL(0))
		return EOHPGetRWDatum(&deepsad_sample_writable(PG_GETARG_DATUM(1), context)->header);
	state = deepsad_sample_writable(PG_GETARG_DATUM(0), context);
	deepsad_sample_merge_value(state, PG_GETARG_DATUM(1));
	return EOHPGetRWDatum(&state->header);
}

/* A row that is labeled as both is an error. */
static void
check_conflict(const DeepsadRows *rows)
{
	DsadSampleCursor cursor;
	DsadSampleRow row;
	bool		conflict = false;

	if (rows->view.entries[DSAD_ANOMALY + 1] == 0 || rows->view.entries[DSAD_NORMAL + 1] == 0)
		return;
	dsad_sample_start(&cursor, &rows->view);
	while (!conflict && dsad_sample_next(&cursor, &row, &conflict))
		CHECK_FOR_INTERRUPTS();
	if (conflict)
		deepsad_rows_conflict(&rows->view, &row);
}

/* Tells once in a statement which columns some rows did not have. */
static void
report_partial(FunctionCallInfo fcinfo, const DsadSampleView *view)
{
	static char said;
	StringInfoData names;

	initStringInfo(&names);
	for (uint32 c = 0; c < view->columns; c++)
		if (view->column[c].partial)
			appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "", deepsad_utf8_text(&view->column[c].name));
	if (names.len == 0 || fcinfo->flinfo->fn_extra)
		return;
	fcinfo->flinfo->fn_extra = &said;
	ereport(NOTICE,
			(errmsg("some rows of the training set have no column %s", names.data),
			 errdetail("It is NULL there.")));
}

/* The set, as it is stored; NULL without rows. */
Datum
deepsad_sample_final(PG_FUNCTION_ARGS)
{
	struct varlena *result;
	MemoryContext context;
	DeepsadRows rows;

	(void) deepsad_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	/* also what is expanded */
	result = pg_detoast_datum_copy((struct varlena *) DatumGetPointer(PG_GETARG_DATUM(0)));
	context = AllocSetContextCreate(CurrentMemoryContext, "deepsad checking", ALLOCSET_DEFAULT_SIZES);
	deepsad_rows_open(&rows, PointerGetDatum(result), context);
	check_conflict(&rows);
	report_partial(fcinfo, &rows.view);
	MemoryContextDelete(context);
	PG_RETURN_POINTER(result);
}

/*
 * (row) -> the same row, of type record as far as a planner can see: Citus gives an aggregate only arguments
 * of exactly its types, and the type of a table's rows is not record.  The value still knows its columns.
 */
Datum
deepsad_record(PG_FUNCTION_ARGS)
{
	deepsad_check_versions();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}
