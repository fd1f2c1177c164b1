/*
 * column_options.c
 *	  The option "columns": {"country": {"as": "category", "top": 50}, "id": "skip"}.
 */
#include "pg_compat.h"

#include "utils/builtins.h"

#include "column_options.h"

#define DEFAULT_TOP 64
#define MAX_TOP 10000
#define DEFAULT_PREFIX 16

static const char *const as_names[] = {NULL, "number", "boolean", "category", "time", "skip"};

/* The value of key in an object, or NULL. */
static JsonbValue *
find_key(JsonbContainer *object, const char *key, int length)
{
	JsonbValue	wanted;

	wanted.type = jbvString;
	wanted.val.string.val = (char *) key;
	wanted.val.string.len = length;
	return findJsonbValueFromContainer(object, JB_FOBJECT, &wanted);
}

/* What the option "columns" is in options (which may be NULL), NULL when it is not given. */
JsonbContainer *
deepsad_columns_option(Jsonb *options)
{
	JsonbValue *value;

	if (options == NULL || !JB_ROOT_IS_OBJECT(options))
		return NULL;
	value = find_key(&options->root, "columns", strlen("columns"));
	if (value == NULL || value->type == jbvNull)
		return NULL;
	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns\" must be an object"),
				 errhint("For example {\"country\": {\"as\": \"category\", \"top\": 50}, \"id\": \"skip\"}.")));
	return value->val.binary.data;
}

static DeepsadAs
parse_as(const char *column, const JsonbValue *value)
{
	if (value->type == jbvString)
		for (int i = 1; i < (int) lengthof(as_names); i++)
			if ((int) strlen(as_names[i]) == value->val.string.len &&
				memcmp(as_names[i], value->val.string.val, value->val.string.len) == 0)
				return (DeepsadAs) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"columns\": column \"%s\" cannot be \"%s\"", column,
					value->type == jbvString ? pnstrdup(value->val.string.val, value->val.string.len) : "(no name)"),
			 errhint("It can be one of \"number\", \"boolean\", \"category\", \"time\", \"skip\".")));
}

/* An integer from 1 to most. */
static int
parse_integer(const char *column, const char *key, const JsonbValue *value, int most)
{
	double		number = value->type != jbvNumeric ? 0 :
		DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));

	if (!(number >= 1 && number <= most && number == (int) number))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns\": \"%s\" of column \"%s\" must be an integer from 1 to %d", key, column, most)));
	return (int) number;
}

/* What "columns" (which may be NULL) says of the column of that name. */
DeepsadColumnOptions
deepsad_column_options(JsonbContainer *columns, const char *name)
{
	DeepsadColumnOptions result = {DEEPSAD_AS_DEFAULT, DEFAULT_TOP, DEFAULT_PREFIX};
	JsonbValue *value = columns ? find_key(columns, name, (int) strlen(name)) : NULL;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;
	char	   *key = NULL;

	if (value == NULL || value->type == jbvNull)
		return result;
	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
	{
		result.as = parse_as(name, value);
		return result;
	}
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = pnstrdup(item.val.string.val, item.val.string.len);
		else if (token != WJB_VALUE)
			continue;
		else if (strcmp(key, "as") == 0)
			result.as = parse_as(name, &item);
		else if (strcmp(key, "top") == 0)
			result.top = (uint32) parse_integer(name, key, &item, MAX_TOP);
		else if (strcmp(key, "prefix") == 0)
			result.prefix = (uint8) parse_integer(name, key, &item, 32);
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"columns\" has the unknown key \"%s\" for column \"%s\"", key, name),
					 errhint("Valid keys are: as, top, prefix.")));
	}
	return result;
}

/* A column in "columns" that the rows lack is an error. */
void
deepsad_columns_check(JsonbContainer *columns, char *const *names, int count)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;

	if (columns == NULL)
		return;
	iterator = JsonbIteratorInit(columns);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		bool		found = token != WJB_KEY;

		for (int i = 0; i < count && !found; i++)
			found = (int) strlen(names[i]) == item.val.string.len &&
				memcmp(names[i], item.val.string.val, item.val.string.len) == 0;
		if (!found)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("option \"columns\" names column \"%.*s\", which the rows do not have",
							item.val.string.len, item.val.string.val)));
	}
}
