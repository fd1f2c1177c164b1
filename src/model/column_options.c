/*
 * column_options.c
 *	  The option "columns": {"country": {"as": "category", "top": 50}, "id": "skip"}.
 */
#include "pg/pg_compat.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "model/column_options.h"
#include "pg/jsonb_number.h"

#define DEFAULT_TOP 64
#define MAX_TOP 10000
#define DEFAULT_PREFIX 16

static const struct
{
	const char *name;
	uint8		as;
} as_names[] = {
	{"number", DEEPSAD_AS_NUMBER},
	{"boolean", DEEPSAD_AS_BOOLEAN},
	{"category", DEEPSAD_AS_CATEGORY},
	{"time", DEEPSAD_AS_TIME},
	{"skip", DEEPSAD_AS_SKIP}};

/* The name of the first of these encodings. */
const char *
deepsad_column_as(uint8 as)
{
	int			i = 0;

	while (!(as_names[i].as & as))
		i++;
	return as_names[i].name;
}

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

/* Raises the error of a "group_by" that is no list of names. */
static void
wrong_group_by(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"group_by\" must be the name of a column, or a list of names"),
			 errhint("For example {\"group_by\": [\"customer\"]}.")));
}

/* What the option "group_by" is in options (which may be NULL), in the current context. */
DeepsadGroupBy
deepsad_group_by_option(Jsonb *options)
{
	DeepsadGroupBy result = {0, NULL};
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;
	JsonbValue *value;

	if (options == NULL || !JB_ROOT_IS_OBJECT(options))
		return result;
	value = find_key(&options->root, "group_by", strlen("group_by"));
	if (value == NULL || value->type == jbvNull)
		return result;
	if (value->type == jbvString)
	{
		result.name = palloc(sizeof(char *));
		result.name[result.count++] = pnstrdup(value->val.string.val, value->val.string.len);
		return result;
	}
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data) || JsonContainerSize(value->val.binary.data) == 0)
		wrong_group_by();
	result.name = palloc(JsonContainerSize(value->val.binary.data) * sizeof(char *));
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (item.type != jbvString)
			wrong_group_by();
		result.name[result.count++] = pnstrdup(item.val.string.val, item.val.string.len);
	}
	return result;
}

/* Whether the column of that name is one of them. */
bool
deepsad_groups_by(const DeepsadGroupBy *group_by, const char *name)
{
	for (int i = 0; i < group_by->count; i++)
		if (strcmp(group_by->name[i], name) == 0)
			return true;
	return false;
}

/* One name of what a column may become. */
static uint8
parse_name(const char *column, const JsonbValue *value)
{
	if (value->type == jbvString)
		for (int i = 0; i < (int) lengthof(as_names); i++)
			if ((int) strlen(as_names[i].name) == value->val.string.len &&
				memcmp(as_names[i].name, value->val.string.val, value->val.string.len) == 0)
				return as_names[i].as;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 value->type == jbvString ?
				 errmsg("option \"columns\": column \"%s\" cannot be \"%.*s\"", column, value->val.string.len,
						value->val.string.val) :
				 errmsg("option \"columns\": what column \"%s\" is to be must be a name", column),
			 errhint("It can be one of \"number\", \"boolean\", \"category\", \"time\", \"skip\", "
					 "or [\"time\", \"number\"].")));
}

/* A name, or the list of the two that can stand together. */
static uint8
parse_as(const char *column, const JsonbValue *value)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;
	uint8		as = 0;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		return parse_name(column, value);
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			as |= parse_name(column, &item);
	if (as == 0 || ((as & (as - 1)) != 0 && as != (DEEPSAD_AS_TIME | DEEPSAD_AS_NUMBER)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns\": column \"%s\" cannot be that list", column),
				 errhint("The only list of two is [\"time\", \"number\"].")));
	return as;
}

/* An integer from 1 to most. */
static int
parse_integer(const char *column, const char *key, const JsonbValue *value, int most)
{
	int64		number;

	if (!deepsad_jsonb_is_integer(value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns\": \"%s\" of column \"%s\" must be an integer", key, column)));
	if (!deepsad_jsonb_int64(value, &number) || number < 1 || number > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns\": \"%s\" of column \"%s\" is %.15g, must be from 1 to %d", key, column,
						deepsad_jsonb_double(value), most)));
	return (int) number;
}

/* What "columns" (which may be NULL) says of the column of that name. */
DeepsadColumnOptions
deepsad_column_options(JsonbContainer *columns, const char *name)
{
	DeepsadColumnOptions result = {.top = DEFAULT_TOP, .prefix = DEFAULT_PREFIX};
	JsonbValue *value = columns ? find_key(columns, name, (int) strlen(name)) : NULL;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;
	char	   *key = NULL;

	if (value == NULL || value->type == jbvNull)
		return result;
	if (value->type != jbvBinary || JsonContainerIsArray(value->val.binary.data))
	{
		result.as = parse_as(name, value);
		return result;
	}
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = pnstrdup(item.val.string.val, item.val.string.len);
		else if (token != WJB_VALUE || key == NULL)
			continue;
		else if (strcmp(key, "as") == 0)
			result.as = parse_as(name, &item);
		else if (strcmp(key, "top") == 0)
		{
			result.top = (uint32) parse_integer(name, key, &item, MAX_TOP);
			result.says_top = true;
		}
		else if (strcmp(key, "prefix") == 0)
		{
			result.prefix = (uint8) parse_integer(name, key, &item, 32);
			result.says_prefix = true;
		}
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"columns\" has the unknown key \"%s\" for column \"%s\"", key, name),
					 errhint("Valid keys are: as, top, prefix.")));
	}
	return result;
}

/* Raises the error of whatever is wrong in "columns" (which may be NULL), whatever the rows are. */
void
deepsad_columns_validate(JsonbContainer *columns)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;

	if (columns == NULL)
		return;
	iterator = JsonbIteratorInit(columns);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
		if (token == WJB_KEY)
			deepsad_column_options(columns, pnstrdup(item.val.string.val, item.val.string.len));
}

/* The options that say what a column is to become, as somebody would write them in SQL. */
char *
deepsad_column_example(const char *name, const char *as)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"columns\": {");
	escape_json(&json, name);
	appendStringInfo(&json, ": \"%s\"}}", as);
	return quote_literal_cstr(json.data);
}

/* A column in "columns", an object or a list of names, that the rows lack is an error. */
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
		bool		found = token != WJB_KEY && token != WJB_ELEM;

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
