/*
 * model_columns.c
 *	  deepsad_columns: what each column of the training rows became.
 */
#include "pg/pg_compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "rows/column_text.h"
#include "model/model_bytes.h"
#include "pg/set_result.h"
#include "rows/value_reader.h"

DEEPSAD_FUNCTION(deepsad_columns);

#define RESULT_COLUMNS 9

/* The categories of a column, most frequent first. */
static Datum
categories(const DsadColumn *column)
{
	Datum	   *value = palloc(Max(column->categories, 1) * sizeof(Datum));

	for (uint32 k = 0; k < column->categories; k++)
		value[k] = CStringGetTextDatum(deepsad_utf8_text(&column->category[k]));
	return PointerGetDatum(construct_array(value, (int) column->categories, TEXTOID, -1, false, TYPALIGN_INT));
}

/* The inputs of the nets that come from the features before each (features + 1). */
static int *
sum_inputs(const DsadScaling *scaling)
{
	int		   *sum = palloc0((scaling->features + 1) * sizeof(int));

	for (uint32 i = 0; i < scaling->inputs - scaling->features; i++)
		sum[scaling->copied[i] + 1]++;
	for (uint32 i = 0; i < scaling->features; i++)
		sum[i + 1] += sum[i] + 1;
	return sum;
}

/* One row of the result: NULL for what has no meaning. */
static void
put_row(Tuplestorestate *store, TupleDesc desc, Datum *value)
{
	bool		null[RESULT_COLUMNS];

	for (int i = 0; i < RESULT_COLUMNS; i++)
		null[i] = value[i] == (Datum) 0;
	/* those that are no pointers are known whenever the encoding is */
	null[3] = null[4] = null[5] = null[2];
	tuplestore_putvalues(store, desc, value, null);
}

/* The elements of an array, each by its number; inputs: those of the features before each. */
static void
put_elements(Tuplestorestate *store, TupleDesc desc, const DsadModel *model, const int *inputs)
{
	for (uint32 i = 0; i < model->scaling.features; i++)
	{
		Datum		value[RESULT_COLUMNS] = {0};

		CHECK_FOR_INTERRUPTS();
		value[0] = CStringGetTextDatum(psprintf("%u", i + 1));
		value[2] = CStringGetTextDatum(deepsad_encoding_text(model->encoder, 0));
		value[3] = Int32GetDatum(1);
		value[4] = Int32GetDatum(inputs[i + 1] - inputs[i]);
		value[6] = CStringGetTextDatum(psprintf("%.6g", model->scaling.fill[i]));
		put_row(store, desc, value);
	}
}

/* A column that became features, or rows that are pictures; inputs: those of the features before each. */
static void
put_column(Tuplestorestate *store, TupleDesc desc, const DsadModel *model, const int *inputs, uint32 c)
{
	const DsadColumn *column = &model->encoder->column[c];
	char	   *expected = column->shape.channels == 0 ?
							   deepsad_column_expected(model->encoder, c, model->scaling.fill) :
							   NULL;
	Datum		value[RESULT_COLUMNS] = {0};

	value[0] = CStringGetTextDatum(column->name.length > 0 ? deepsad_utf8_text(&column->name) : "picture");
	value[1] = column->name.length > 0 ? CStringGetTextDatum(deepsad_utf8_text(&column->type_name)) : (Datum) 0;
	value[2] = CStringGetTextDatum(deepsad_encoding_text(model->encoder, c));
	value[3] = Int32GetDatum((int32) column->features);
	value[4] = Int32GetDatum(inputs[column->first_feature + column->features] - inputs[column->first_feature]);
	value[5] = BoolGetDatum(column->indicator != 0);
	value[6] = expected ? CStringGetTextDatum(expected) : (Datum) 0;
	value[7] = column->encoding == DSAD_ENCODING_CATEGORY ? categories(column) : (Datum) 0;
	put_row(store, desc, value);
}

/*
 * deepsad_columns(model) -> (feature, type, encoding, features, inputs, missing,
 * expected, categories, left_out) rows: the columns in their order, then those that are left out.
 */
Datum
deepsad_columns(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;
	int		   *inputs;

	deepsad_model_decode(&model, NULL, &arena, &env, CurrentMemoryContext, PG_GETARG_BYTEA_PP(0));
	inputs = sum_inputs(&model.scaling);
	store = deepsad_set_begin(fcinfo, &desc);
	if (dsad_encoder_is_array(model.encoder) && model.encoder->column[0].shape.channels == 0)
	{
		put_elements(store, desc, &model, inputs);
		return (Datum) 0;
	}
	for (uint32 c = 0; c < model.encoder->columns; c++)
	{
		CHECK_FOR_INTERRUPTS();
		put_column(store, desc, &model, inputs, c);
	}
	for (uint32 i = 0; i < model.encoder->left_out; i++)
	{
		const DsadLeftOut *left = &model.encoder->left[i];
		Datum		value[RESULT_COLUMNS] = {0};

		value[0] = CStringGetTextDatum(deepsad_utf8_text(&left->name));
		value[1] = CStringGetTextDatum(deepsad_utf8_text(&left->type_name));
		value[8] = CStringGetTextDatum(deepsad_left_out_text((DsadLeftOutReason) left->reason, left->other));
		put_row(store, desc, value);
	}
	return (Datum) 0;
}
