/*
 * train_rows.c
 *	  deepsad_train_rows and deepsad_update_rows: what deepsad_train and deepsad_update do with
 *	  the rows that a training set stands for.
 */
#include "pg/pg_compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "sample/sample_rows.h"
#include "sample/sample_state.h"
#include "train/collector.h"

DEEPSAD_FUNCTION(deepsad_train_rows);
DEEPSAD_FUNCTION(deepsad_update_rows);

/* Hands a row to the collector as often as it came. */
static void
add_row(DeepsadCollector *collector, const DsadSampleView *view, DeepsadRowForm *form, const DsadSampleRow *row)
{
	NullableDatum features = {deepsad_row_datum(form, view, row->content), false};
	NullableDatum label = {BoolGetDatum(row->label == DSAD_ANOMALY), row->label == DSAD_UNLABELED};
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(outer, "deepsad copies", ALLOCSET_DEFAULT_SIZES);

	MemoryContextSwitchTo(context);
	for (uint64 i = 0; i < row->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		deepsad_collector_add(collector, &features, &label);
		if (i % 64 == 63)
			MemoryContextReset(context);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(context);
}

/* Trains or, with a model, updates. */
static struct varlena *
train(Datum value, struct varlena *model, Jsonb *options)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext row_context = AllocSetContextCreate(context, "deepsad row", ALLOCSET_DEFAULT_SIZES);
	DeepsadCollecting shared = {.label_kind = DEEPSAD_LABEL_BOOLEAN};
	NullableDatum null = {(Datum) 0, true};
	DeepsadCollector *collector;
	DsadSampleCursor cursor;
	DeepsadRows rows;
	DeepsadRowForm form;
	DsadSampleRow row;
	Oid			type;

	deepsad_rows_open(&rows, value, context);
	deepsad_rows_check_count(&rows.view);
	type = deepsad_row_form_type(&form, &rows.view);
	shared.features = deepsad_features_create(context, &type, 1, false);
	shared.hash = deepsad_row_hash_create(context);
	shared.report = deepsad_column_report_create(context);
	collector = deepsad_collector_create(context, &shared, model, options);
	dsad_sample_start(&cursor, &rows.view);
	while (deepsad_rows_next(&rows.view, &cursor, &row))
	{
		MemoryContext old = MemoryContextSwitchTo(row_context);

		add_row(collector, &rows.view, &form, &row);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
	}
	for (uint64 i = 0; i < rows.view.skipped; i++)
	{
		CHECK_FOR_INTERRUPTS();
		deepsad_collector_add(collector, &null, &null);
	}
	return deepsad_collector_train(collector);
}

static Jsonb *
get_options(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : PG_GETARG_JSONB_P(argument);
}

/* deepsad_train_rows(rows, options) */
Datum
deepsad_train_rows(PG_FUNCTION_ARGS)
{
	struct varlena *model = PG_ARGISNULL(0) ? NULL : train(PG_GETARG_DATUM(0), NULL, get_options(fcinfo, 1));

	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(model);
}

/* deepsad_update_rows(model, rows, options) */
Datum
deepsad_update_rows(PG_FUNCTION_ARGS)
{
	struct varlena *model;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("model is NULL"),
				 errhint("deepsad_update_rows goes on from a model that deepsad_train or deepsad_train_rows made.")));
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	model = train(PG_GETARG_DATUM(1), (struct varlena *) DatumGetPointer(PG_GETARG_DATUM(0)), get_options(fcinfo, 2));
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(model);
}
