/*
 * sample_rows.c
 *	  deepsad_sample_rows: the rows of a training set, as rows of a table or as JSON.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#include "pg/jsonb_build.h"
#include "pg/set_result.h"
#include "sample/sample_rows.h"
#include "sample/sample_state.h"

DEEPSAD_FUNCTION(deepsad_sample_rows);
DEEPSAD_FUNCTION(deepsad_sample_rows_typed);

#define MAX_ROWS PG_INT32_MAX
#define NAME_BYTES 200			/* of a row's key or content in a message */

/* So many elements of an array, in arrays of `sides` sides; those that are missing are null. */
static JsonbValue *
push_part(JsonbParseState **state, const DsadCell *cell, const uint32 *side, int sides, uint32 first, uint32 count)
{
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	if (sides > 1)
		for (uint32 i = 0; i < *side; i++)
			push_part(state, cell, side + 1, sides - 1, first + i * (count / *side), count / *side);
	for (uint32 i = first; sides == 1 && i < first + count; i++)
	{
		JsonbValue	null = {.type = jbvNull};
		double		number = dsad_cell_element(cell, i);

		if (isfinite(number))
			deepsad_push_float(state, NULL, number);
		else
			pushJsonbValue(state, WJB_ELEM, &null);
	}
	return pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* An array of numbers, in its shape. */
static JsonbValue *
push_array(JsonbParseState **state, const DsadCell *cell)
{
	const uint32 side[3] = {cell->shape.channels, cell->shape.height, cell->shape.width};
	int			sides = deepsad_cell_sides(cell);

	return push_part(state, cell, side + 3 - sides, sides, 0, cell->count);
}

/* A column's value as JSON: numbers and booleans themselves, arrays of numbers, all else as text. */
static void
push_value(JsonbParseState **state, const char *key, const DsadCell *cell, uint8 type)
{
	FmgrInfo	output;
	Oid			function;
	bool		is_varlena;

	if (dsad_cell_is_array(cell))
	{
		deepsad_push_key(state, key);
		push_array(state, cell);
	}
	else if (cell->tag == DSAD_CELL_FALSE || cell->tag == DSAD_CELL_TRUE)
		deepsad_push_bool(state, key, cell->tag == DSAD_CELL_TRUE);
	else if (dsad_sample_kind(type) == DSAD_TYPE_NUMBER && cell->tag == DSAD_CELL_INTEGER)
		deepsad_push_int(state, key, cell->integer);
	else if (dsad_sample_kind(type) == DSAD_TYPE_NUMBER && isfinite(cell->number))
		deepsad_push_float(state, key, cell->number);
	else
	{
		getTypeOutputInfo(deepsad_content_oid(type), &function, &is_varlena);
		fmgr_info(function, &output);
		deepsad_push_string(state, key, OutputFunctionCall(&output, deepsad_cell_datum(cell, type)));
	}
}

/* An entry's columns that are not NULL as an object; an array as an array. */
static Jsonb *
content_json(DeepsadRowForm *form, const DsadSampleView *view, DsadBytes content)
{
	const uint8 *at = (const uint8 *) content.bytes;
	const uint8 *end = at + content.length;
	JsonbParseState *state = NULL;
	DsadCell	cell;

	if (form->desc == NULL && at < end)
	{
		dsad_cell_read(at + 2, (Size) (end - at) - 2, &cell);
		return JsonbValueToJsonb(push_array(&state, &cell));
	}
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	while (at < end)
	{
		const DsadSampleColumn *column = &view->column[at[0] | at[1] << 8];

		at += 2 + dsad_cell_read(at + 2, (Size) (end - at) - 2, &cell);
		push_value(&state, deepsad_server_text(column->name), &cell, column->type);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Raises the error of a row that is labeled as both. */
void
deepsad_rows_conflict(const DsadSampleView *view, const DsadSampleRow *row)
{
	DeepsadRowForm form;
	char	   *name;

	if (view->keyed)
		name = deepsad_utf8_text(&row->key);
	else
	{
		Jsonb	   *json;

		deepsad_row_form(&form, view);
		json = content_json(&form, view, row->content);
		name = JsonbToCString(NULL, &json->root, VARSIZE(json));
	}
	if (strlen(name) > NAME_BYTES)
		name = psprintf("%s...", pnstrdup(name, pg_mbcliplen(name, (int) strlen(name), NAME_BYTES)));
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("row is labeled as an anomaly and as normal: %s", name),
			 errdetail("A row's label may be missing in some of its copies, but not differ."),
			 view->keyed ? errhint("Correct the label of this key.") :
						   errhint("Correct the label, or give rows a key of their own.")));
}

/* The next row of a set; a conflict is an error. */
bool
deepsad_rows_next(const DsadSampleView *view, DsadSampleCursor *cursor, DsadSampleRow *row)
{
	bool		conflict;

	CHECK_FOR_INTERRUPTS();
	if (!dsad_sample_next(cursor, row, &conflict))
		return false;
	if (conflict)
		deepsad_rows_conflict(view, row);
	return true;
}

/* A set that stands for more rows than a training or a calibration can have is an error. */
void
deepsad_rows_check_count(const DsadSampleView *view)
{
	uint64		sum = view->skipped;
	DsadSampleCursor cursor;
	DsadSampleRow row;

	dsad_sample_start(&cursor, view);
	while (deepsad_rows_next(view, &cursor, &row))
		sum = dsad_sample_sum(sum, row.count);
	if (sum > MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("training set stands for %llu rows, the limit is %d", (unsigned long long) sum,
						MAX_ROWS),
				 errhint("Give rows a key of their own, so that they do not count as copies of one.")));
}

/* Adds a row to the digest of those that a training would get: neither seed nor keys count. */
void
deepsad_rows_digest_add(DsadDigest *digest, const DsadSampleView *view, const DsadSampleRow *row)
{
	uint64		hash = view->keyed || view->seed != 0 ?
						   dsad_sample_hash(0, view->column, false, row->key, row->content) :
						   row->hash;

	dsad_digest_add(digest, hash, row->label, row->count);
}

/* deepsad_sample_rows(rows) -> (key, label, count, features) */
Datum
deepsad_sample_rows(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store = deepsad_set_begin(fcinfo, &desc);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "deepsad row", ALLOCSET_DEFAULT_SIZES);
	DsadSampleCursor cursor;
	DeepsadRows rows;
	DeepsadRowForm form;
	DsadSampleRow row;

	deepsad_rows_open(&rows, PG_GETARG_DATUM(0), CurrentMemoryContext);
	deepsad_row_form(&form, &rows.view);
	dsad_sample_start(&cursor, &rows.view);
	while (deepsad_rows_next(&rows.view, &cursor, &row))
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		Datum		values[4];
		bool		nulls[4] = {!rows.view.keyed, row.label == DSAD_UNLABELED, false, false};

		values[0] = rows.view.keyed ? CStringGetTextDatum(deepsad_server_text(row.key)) : (Datum) 0;
		values[1] = BoolGetDatum(row.label == DSAD_ANOMALY);
		values[2] = Int64GetDatum((int64) Min(row.count, (uint64) PG_INT64_MAX));
		values[3] = JsonbPGetDatum(content_json(&form, &rows.view, row.content));
		tuplestore_putvalues(store, desc, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	return (Datum) 0;
}

/* How an attribute of the wanted type is filled. */
typedef struct Filled
{
	int			from;			/* the set's attribute, -1 = none */
	bool		direct;			/* it is of the same type */
	FmgrInfo	output;
	FmgrInfo	input;
	Oid			parameter;
	int32		typmod;
} Filled;

/* The set's attribute that fills one of this name and type, or -1. */
static int
find_attribute(const DeepsadRowForm *form, Form_pg_attribute attribute)
{
	if (attribute->attisdropped)
		return -1;
	if (form->desc == NULL)
		return OidIsValid(get_element_type(getBaseType(attribute->atttypid))) ? 0 : -1;
	for (int i = 0; i < form->columns; i++)
		if (strcmp(NameStr(TupleDescAttr(form->desc, i)->attname), NameStr(attribute->attname)) == 0)
			return i;
	return -1;
}

/* Finds out how rows of a type are filled. */
static Filled *
fill_plan(const DeepsadRowForm *form, const DsadSampleView *view, TupleDesc desc)
{
	Filled	   *filled = palloc0((desc->natts + 1) * sizeof(Filled));
	bool		any = false;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		Oid			type;
		Oid			function;
		bool		is_varlena;

		filled[i].from = find_attribute(form, attribute);
		if (filled[i].from < 0)
			continue;
		any = true;
		type = deepsad_content_oid(view->column[form->column[filled[i].from]].type);
		filled[i].direct = type == attribute->atttypid && attribute->atttypmod < 0;
		filled[i].typmod = attribute->atttypmod;
		getTypeOutputInfo(type, &function, &is_varlena);
		fmgr_info(function, &filled[i].output);
		getTypeInputInfo(attribute->atttypid, &function, &filled[i].parameter);
		fmgr_info(function, &filled[i].input);
	}
	if (!any)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type %s has no column of the training set", format_type_be(desc->tdtypeid)),
				 errhint("deepsad_sample_info(rows) lists the set's columns.")));
	return filled;
}

/* Puts the form's row into the store, as often as it came. */
static void
put_row(Tuplestorestate *store, TupleDesc desc, Filled *filled, const DeepsadRowForm *form, uint64 count)
{
	Datum	   *values = palloc0((desc->natts + 1) * sizeof(Datum));
	bool	   *nulls = palloc((desc->natts + 1) * sizeof(bool));

	for (int i = 0; i < desc->natts; i++)
	{
		Filled	   *fill = &filled[i];

		nulls[i] = fill->from < 0 || form->nulls[fill->from];
		if (nulls[i])
			continue;
		values[i] = form->values[fill->from];
		if (!fill->direct)
			values[i] = InputFunctionCall(&fill->input, OutputFunctionCall(&fill->output, values[i]), fill->parameter,
										  fill->typmod);
	}
	for (uint64 i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(store, desc, values, nulls);
	}
}

/* deepsad_sample_rows(rows, NULL::t) -> rows of t, by name, each as often as it came */
Datum
deepsad_sample_rows_typed(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "deepsad row", ALLOCSET_DEFAULT_SIZES);
	DsadSampleCursor cursor;
	DeepsadRows rows;
	DeepsadRowForm form;
	DsadSampleRow row;
	Filled	   *filled;

	if (!type_is_rowtype(get_fn_expr_argtype(fcinfo->flinfo, 1)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("second argument must be a row, for example NULL::mytable")));
	store = deepsad_set_begin(fcinfo, &desc);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	deepsad_rows_open(&rows, PG_GETARG_DATUM(0), CurrentMemoryContext);
	deepsad_row_form(&form, &rows.view);
	filled = fill_plan(&form, &rows.view, desc);
	dsad_sample_start(&cursor, &rows.view);
	while (deepsad_rows_next(&rows.view, &cursor, &row))
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		deepsad_row_values(&form, &rows.view, row.content);
		put_row(store, desc, filled, &form, row.count);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	return (Datum) 0;
}
