/*
 * features.c
 *	  deepsad_features: what each column of the training rows became.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "column_text.h"
#include "env.h"
#include "model_cache.h"
#include "set_result.h"
#include "value.h"

DSAD_FUNCTION(deepsad_features);

#define RESULT_COLUMNS 8

/* The categories of a column, most frequent first. */
static Datum
categories(const DsadColumn *column)
{
	Datum	   *value = palloc(Max(column->categories, 1) * sizeof(Datum));

	for (uint32 k = 0; k < column->categories; k++)
		value[k] = CStringGetTextDatum(deepsad_utf8_text(&column->category[k]));
	return PointerGetDatum(construct_array(value, (int) column->categories, TEXTOID, -1, false, TYPALIGN_INT));
}

/* The inputs of the nets that come from features first .. first + count - 1. */
static int
count_inputs(const DsadScaling *scaling, uint32 first, uint32 count)
{
	int			inputs = (int) count;

	for (uint32 i = 0; i < scaling->inputs - scaling->features; i++)
		inputs += scaling->copied[i] >= first && scaling->copied[i] < first + count;
	return inputs;
}

/*
 * deepsad_features(model) -> (feature, type, encoding, features, inputs, missing,
 * expected, categories) rows, in the order of the columns.
 */
Datum
deepsad_features(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;

	deepsad_model_decode(&model, &arena, &env, CurrentMemoryContext, PG_GETARG_BYTEA_PP(0));
	store = deepsad_set_begin(fcinfo, &desc);
	for (uint32 c = 0; c < (model.encoder ? model.encoder->columns : model.scaling.features); c++)
	{
		const DsadColumn *column = model.encoder ? &model.encoder->column[c] : NULL;
		Datum		value[RESULT_COLUMNS];
		bool		null[RESULT_COLUMNS] = {false};

		CHECK_FOR_INTERRUPTS();
		value[0] = CStringGetTextDatum(column && model.encoder->named ? deepsad_utf8_text(&column->name) :
									   psprintf("%u", c + 1));
		null[1] = column == NULL;
		value[1] = column ? CStringGetTextDatum(deepsad_utf8_text(&column->type)) : (Datum) 0;
		value[2] = CStringGetTextDatum(column ? deepsad_kind_name(column) : "number");
		value[3] = Int32GetDatum(column ? (int32) column->units : 1);
		value[4] = Int32GetDatum(count_inputs(&model.scaling, column ? column->first_unit : c, column ? column->units : 1));
		null[5] = column == NULL;
		value[5] = BoolGetDatum(column && column->indicator);
		value[6] = CStringGetTextDatum(column ? deepsad_column_expected(model.encoder, c, model.scaling.fill) :
									   psprintf("%.6g", model.scaling.fill[c]));
		null[7] = column == NULL || column->kind != DSAD_KIND_CATEGORY;
		value[7] = null[7] ? (Datum) 0 : categories(column);
		tuplestore_putvalues(store, desc, value, null);
	}
	return (Datum) 0;
}
