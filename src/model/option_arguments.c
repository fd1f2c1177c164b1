/*
 * option_arguments.c
 *	  The SQL function deepsad_options: arguments by name become checked jsonb.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "model/column_options.h"
#include "pg/jsonb_build.h"
#include "pg/version_check.h"
#include "model/options.h"

DEEPSAD_FUNCTION(deepsad_options);

/* Pushes an int[] argument as a JSON array. */
static void
push_list(JsonbParseState **state, const DsadOption *option, ArrayType *array)
{
	Datum	   *element;
	bool	   *null;
	int			count;

	if (ARR_NDIM(array) > 1)
		deepsad_option_wrong_type(option);
	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &element, &null, &count);
	deepsad_push_key(state, option->name);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < count; i++)
	{
		if (null[i])
			deepsad_option_wrong_type(option);
		deepsad_push_int(state, NULL, DatumGetInt32(element[i]));
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* Fails unless the function's arguments are the core's table, in its order, and "columns" and "group_by" behind it. */
static void
check_arguments(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	char	  **names = NULL;
	char	   *modes;
	Oid		   *types;
	int			count = HeapTupleIsValid(tuple) ? get_func_arg_info(tuple, &types, &names, &modes) : 0;

	if (count != dsad_option_count + 2 || names == NULL)
		elog(ERROR, "deepsad_options has %d arguments, its library knows %d", count, dsad_option_count + 2);
	for (int i = 0; i < dsad_option_count; i++)
		if (strcmp(names[i], dsad_options[i].name) != 0)
			elog(ERROR, "argument %d of deepsad_options is \"%s\", its library knows \"%s\"", i + 1, names[i],
				 dsad_options[i].name);
	ReleaseSysCache(tuple);
}

/* Pushes a text[] argument as a JSON array of names. */
static void
push_names(JsonbParseState **state, const char *key, ArrayType *array)
{
	Datum	   *element;
	bool	   *null;
	int			count;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &element, &null, &count);
	deepsad_push_key(state, key);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < count; i++)
		deepsad_push_string(state, NULL, null[i] ? NULL : TextDatumGetCString(element[i]));
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/*
 * deepsad_options(every option by name) -> jsonb with the keys given, checked.
 * The arguments stand in the order of the core's table.
 */
Datum
deepsad_options(PG_FUNCTION_ARGS)
{
	JsonbParseState *state = NULL;
	JsonbValue *object;
	Jsonb	   *options;
	DsadConfig	config;

	deepsad_check_versions();
	check_arguments(fcinfo->flinfo->fn_oid);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < dsad_option_count; i++)
	{
		const DsadOption *option = &dsad_options[i];

		if (PG_ARGISNULL(i))
			continue;
		switch (option->kind)
		{
			case DSAD_OPTION_INT:
				/* the SQL type is bigint where integer would not hold the range */
				deepsad_push_int(&state, option->name,
								 option->max > PG_INT32_MAX ? PG_GETARG_INT64(i) : PG_GETARG_INT32(i));
				break;
			case DSAD_OPTION_BOOL:
				deepsad_push_bool(&state, option->name, PG_GETARG_BOOL(i));
				break;
			case DSAD_OPTION_FLOAT:
				if (!isfinite(PG_GETARG_FLOAT8(i)))
					deepsad_option_wrong_type(option);
				deepsad_push_float(&state, option->name, PG_GETARG_FLOAT8(i));
				break;
			case DSAD_OPTION_ENUM:
				deepsad_push_string(&state, option->name, text_to_cstring(PG_GETARG_TEXT_PP(i)));
				break;
			case DSAD_OPTION_INT_LIST:
				push_list(&state, option, PG_GETARG_ARRAYTYPE_P(i));
				break;
		}
	}
	if (!PG_ARGISNULL(dsad_option_count))
	{
		JsonbValue	columns;

		columns.type = jbvBinary;
		columns.val.binary.data = &PG_GETARG_JSONB_P(dsad_option_count)->root;
		columns.val.binary.len = VARSIZE(PG_GETARG_JSONB_P(dsad_option_count)) - VARHDRSZ;
		deepsad_push_key(&state, "columns");
		pushJsonbValue(&state, WJB_VALUE, &columns);
	}
	if (!PG_ARGISNULL(dsad_option_count + 1))
		push_names(&state, "group_by", PG_GETARG_ARRAYTYPE_P(dsad_option_count + 1));
	object = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	options = JsonbValueToJsonb(object);
	deepsad_options_parse(&config, options, NULL, 1);
	deepsad_columns_validate(deepsad_columns_option(options));
	deepsad_group_by_option(options);
	PG_RETURN_JSONB_P(options);
}
