/*
 * calibrate_aggregate.c
 *	  The aggregate deepsad_calibrate and the function deepsad_calibrate_rows: p-values by rows that
 *	  a model was not trained on.
 */
#include "pg/pg_compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "pg/aggregate_call.h"
#include "rows/label.h"
#include "sample/calibration.h"
#include "sample/sample_rows.h"
#include "sample/sample_state.h"

DEEPSAD_FUNCTION(deepsad_calibrate_transition);
DEEPSAD_FUNCTION(deepsad_calibrate_final);
DEEPSAD_FUNCTION(deepsad_calibrate_rows);

#define MODEL_ARG 1
#define FEATURES_ARG 2
#define LABEL_ARG 3

/* What a call site resolves once, for all its groups. */
typedef struct CallSite
{
	DeepsadFeatures *features;
	DeepsadRowHash *hash;
	DeepsadLabelKind label_kind;
} CallSite;

static CallSite *
get_call_site(FunctionCallInfo fcinfo)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;

	if (site)
		return site;
	site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
	if (PG_NARGS() > LABEL_ARG)
		site->label_kind = deepsad_label_kind(get_fn_expr_argtype(fcinfo->flinfo, LABEL_ARG), PG_ARGISNULL(LABEL_ARG));
	site->features = deepsad_features_of_call(fcinfo, FEATURES_ARG, false);
	site->hash = deepsad_row_hash_create(fcinfo->flinfo->fn_mcxt);
	fcinfo->flinfo->fn_extra = site;
	return site;
}

/* Gives back what a group holds beside memory, when it ends before its final function has. */
static void
end_group(Datum arg)
{
	deepsad_calibrator_end((DeepsadCalibrator *) DatumGetPointer(arg));
}

/* (state, model, features [, label]) */
Datum
deepsad_calibrate_transition(PG_FUNCTION_ARGS)
{
	DeepsadCalibrator *state = PG_ARGISNULL(0) ? NULL : (DeepsadCalibrator *) PG_GETARG_POINTER(0);
	MemoryContext context;
	CallSite   *site;
	struct varlena *model;

	context = deepsad_aggregate_context(fcinfo);
	site = get_call_site(fcinfo);
	if (PG_ARGISNULL(MODEL_ARG))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("model is NULL")));
	model = (struct varlena *) PG_GETARG_POINTER(MODEL_ARG);
	if (state == NULL)
	{
		state = deepsad_calibrator_create(context, model, true);
		AggRegisterCallback(fcinfo, end_group, PointerGetDatum(state));
	}
	else
		deepsad_calibrator_check_model(state, model);
	deepsad_calibrator_note(state, site->hash, site->features, &fcinfo->args[FEATURES_ARG], 1);
	if (PG_NARGS() <= LABEL_ARG || deepsad_label_read(site->label_kind, &fcinfo->args[LABEL_ARG]) != DSAD_ANOMALY)
		deepsad_calibrator_add(state, site->features, &fcinfo->args[FEATURES_ARG], 1);
	PG_RETURN_POINTER(state);
}

/* The model, NULL without rows; the state is no good afterwards (FINALFUNC_MODIFY = READ_WRITE). */
Datum
deepsad_calibrate_final(PG_FUNCTION_ARGS)
{
	(void) deepsad_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(deepsad_calibrator_finish((DeepsadCalibrator *) PG_GETARG_POINTER(0)));
}

/* deepsad_calibrate_rows(model, rows) */
Datum
deepsad_calibrate_rows(PG_FUNCTION_ARGS)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "deepsad row", ALLOCSET_DEFAULT_SIZES);
	DeepsadCalibrator *calibrator = deepsad_calibrator_create(CurrentMemoryContext,
															  (struct varlena *) PG_GETARG_POINTER(0), false);
	DeepsadRowHash *hash = deepsad_row_hash_create(CurrentMemoryContext);
	DeepsadFeatures *features;
	DsadSampleCursor cursor;
	DeepsadRows rows;
	DeepsadRowForm form;
	DsadSampleRow row;
	Oid			type;

	deepsad_rows_open(&rows, PG_GETARG_DATUM(1), CurrentMemoryContext);
	deepsad_rows_check_count(&rows.view);
	type = deepsad_row_form_type(&form, &rows.view);
	features = deepsad_features_create(CurrentMemoryContext, &type, 1, false);
	dsad_sample_start(&cursor, &rows.view);
	while (deepsad_rows_next(&rows.view, &cursor, &row))
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		NullableDatum argument = {deepsad_row_datum(&form, &rows.view, row.content), false};

		deepsad_calibrator_note(calibrator, hash, features, &argument, row.count);
		if (row.label != DSAD_ANOMALY)
			deepsad_calibrator_add(calibrator, features, &argument, row.count);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	PG_RETURN_BYTEA_P(deepsad_calibrator_finish(calibrator));
}
