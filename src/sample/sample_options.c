/*
 * sample_options.c
 *	  Options of deepsad_sample: {"max_rows": 200000, "max_bytes": 67108864, "seed": 0, "columns": ...}.
 *	  Columns are ["a", "b"], those to take, or {"c": "skip"}, those to leave out.
 */
#include "pg/pg_compat.h"

#include "utils/builtins.h"

#include "core/sample/sample.h"
#include "model/column_options.h"
#include "pg/jsonb_number.h"
#include "sample/sample_options.h"

#define DEFAULT_ROWS 200000
#define DEFAULT_BYTES (64 * 1024 * 1024)

/* An integer from least to most. */
static int64
parse_integer(const char *name, const JsonbValue *value, int64 least, int64 most)
{
	int64		number;

	if (!deepsad_jsonb_is_integer(value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must be an integer", name)));
	if (!deepsad_jsonb_int64(value, &number) || number < least || number > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" is %.15g, must be from " INT64_FORMAT " to " INT64_FORMAT, name,
						deepsad_jsonb_double(value), least, most)));
	return number;
}

/* The value of option "columns", NULL when it is not given. */
static JsonbContainer *
find_columns(Jsonb *options)
{
	JsonbValue	key;
	JsonbValue *value;

	if (options == NULL)
		return NULL;
	key.type = jbvString;
	key.val.string.val = "columns";
	key.val.string.len = strlen("columns");
	value = findJsonbValueFromContainer(&options->root, JB_FOBJECT, &key);
	return value && value->type == jbvBinary ? value->val.binary.data : NULL;
}

/* Raises the error of "columns" that say nothing we understand. */
static void
check_columns(const JsonbValue *value)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;
	bool		good = value->type == jbvBinary;

	if (good)
	{
		iterator = JsonbIteratorInit(value->val.binary.data);
		while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
			if (token == WJB_ELEM)
				good &= item.type == jbvString;
			else if (token == WJB_VALUE)
				good &= item.type == jbvString && item.val.string.len == 4 &&
						memcmp(item.val.string.val, "skip", 4) == 0;
	}
	if (!good && value->type != jbvNull)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns\" of a training set says which columns it takes or leaves out"),
				 errhint("For example [\"amount\", \"country\"] or {\"name\": \"skip\"}; "
						 "how columns are encoded is said when the model is trained.")));
}

/* Reads the options; jsonb may be NULL. */
void
deepsad_sample_options_parse(DeepsadSampleOptions *options, Jsonb *jsonb)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;
	const char *key = "";

	*options = (DeepsadSampleOptions) {DEFAULT_ROWS, DEFAULT_BYTES, 0};
	if (jsonb == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(jsonb))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object")));
	iterator = JsonbIteratorInit(&jsonb->root);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = pnstrdup(item.val.string.val, item.val.string.len);
		else if (token != WJB_VALUE)
			continue;
		else if (strcmp(key, "columns") == 0)
			check_columns(&item);
		else if (item.type == jbvNull)
			continue;
		else if (strcmp(key, "max_rows") == 0)
			options->max_rows = parse_integer(key, &item, 1, DSAD_SAMPLE_MAX_ROWS);
		else if (strcmp(key, "max_bytes") == 0)
			options->max_bytes = parse_integer(key, &item, DSAD_SAMPLE_MIN_BYTES, (int64) DSAD_SAMPLE_MAX_BYTES);
		else if (strcmp(key, "seed") == 0)
			options->seed = parse_integer(key, &item, PG_INT64_MIN, PG_INT64_MAX);
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown option \"%s\"", key),
					 errhint("Valid options are: columns, max_bytes, max_rows, seed.")));
	}
}

static bool
names(const JsonbValue *item, const char *column)
{
	return (int) strlen(column) == item->val.string.len &&
		   memcmp(column, item->val.string.val, item->val.string.len) == 0;
}

/* Whether the options (checked, or NULL) let a column into the set. */
bool
deepsad_sample_takes(Jsonb *options, const char *column)
{
	JsonbContainer *columns = find_columns(options);
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;
	bool		named = false;

	if (columns == NULL)
		return true;
	iterator = JsonbIteratorInit(columns);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
		if (token == WJB_KEY || token == WJB_ELEM)
			named |= names(&item, column);
	return JsonContainerIsArray(columns) ? named : !named;
}

/* A column in the options (checked, or NULL) that the rows lack is an error. */
void
deepsad_sample_check_names(Jsonb *options, char *const *columns, int count)
{
	deepsad_columns_check(find_columns(options), columns, count);
}
