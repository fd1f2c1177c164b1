/*
 * options.c
 *	  Options in jsonb.  Names, ranges and defaults are
 *	  the core's (core/model/config.c).
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "model/column_options.h"
#include "pg/core_env.h"
#include "pg/jsonb_build.h"
#include "pg/jsonb_number.h"
#include "model/options.h"

#define MAX_SHOWN_KEY 64		/* bytes of a wrong key or name in the message */

/* The names that an option may have as its value. */
static char *
valid_names(const DsadOption *option)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; option->labels[i] != NULL; i++)
		appendStringInfo(&names, "%s\"%s\"", i ? ", " : "", option->labels[i]);
	return names.data;
}

/* Raises the error of a value of the wrong JSON type. */
void
deepsad_option_wrong_type(const DsadOption *option)
{
	static const char *const kind[] = {
		[DSAD_OPTION_INT] = "an integer",
		[DSAD_OPTION_FLOAT] = "a number",
		[DSAD_OPTION_ENUM] = "one of the names",
		[DSAD_OPTION_INT_LIST] = "an array of integers",
		[DSAD_OPTION_BOOL] = "true or false"};

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be %s", option->name, kind[option->kind]),
			 option->kind == DSAD_OPTION_ENUM ? errhint("Valid values are: %s.", valid_names(option)) : 0));
}

/* The integer in a JSON value; an error names the option when it is none or does not fit. */
static int64
json_int(const DsadOption *option, const JsonbValue *value)
{
	int64		number;

	if (!deepsad_jsonb_is_integer(value))
		deepsad_option_wrong_type(option);
	if (!deepsad_jsonb_int64(value, &number))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" is %.15g, must be from %.15g to %.15g", option->name,
						deepsad_jsonb_double(value), option->min, option->max)));
	return number;
}

/* The index of a name among an option's labels. */
static int64
enum_value(const DsadOption *option, const char *name, int length)
{
	for (int i = 0; option->labels[i] != NULL; i++)
		if (strlen(option->labels[i]) == (size_t) length && memcmp(option->labels[i], name, length) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" is \"%.*s\"", option->name, pg_mbcliplen(name, length, MAX_SHOWN_KEY), name),
			 errhint("Valid values are: %s.", valid_names(option))));
	return -1;
}

/* Reads a JSON array of integers. */
static void
json_list(const DsadOption *option, const JsonbValue *value, DsadIntList *list)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	element;
	int			count;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
		deepsad_option_wrong_type(option);
	count = JsonContainerSize(value->val.binary.data);
	if (count < (int) option->min_count || count > (int) option->max_count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" has %d elements, must have from %u to %u",
						option->name, count, option->min_count, option->max_count)));
	list->count = 0;
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
		if (token == WJB_ELEM)
		{
			int64		number = json_int(option, &element);

			if (number < option->min || number > option->max)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("option \"%s\" has the element %lld, must be from %.15g to %.15g",
								option->name, (long long) number, option->min, option->max)));
			list->value[list->count++] = (int32_t) number;
		}
}

/* Sets one option from its JSON value, which is not null: what stands for NULL in config is refused. */
static void
set_option(DsadConfig *config, const DsadOption *option, const JsonbValue *value)
{
	void	   *field = (char *) config + option->offset;
	DsadError	error;

	dsad_option_mark_given(option, config, true);
	switch (option->kind)
	{
		case DSAD_OPTION_INT:
			*(int64_t *) field = json_int(option, value);
			deepsad_check(dsad_option_check(option, (double) *(int64_t *) field, &error), &error);
			break;
		case DSAD_OPTION_BOOL:
			if (value->type != jbvBool)
				deepsad_option_wrong_type(option);
			*(int64_t *) field = value->val.boolean;
			break;
		case DSAD_OPTION_FLOAT:
			if (value->type != jbvNumeric)
				deepsad_option_wrong_type(option);
			*(double *) field = deepsad_jsonb_double(value);
			deepsad_check(dsad_option_check(option, *(double *) field, &error), &error);
			break;
		case DSAD_OPTION_ENUM:
			if (value->type != jbvString)
				deepsad_option_wrong_type(option);
			*(int64_t *) field = enum_value(option, value->val.string.val, value->val.string.len);
			break;
		case DSAD_OPTION_INT_LIST:
			json_list(option, value, field);
			break;
	}
}

/* The names of all options, or of those that an update may change. */
static char *
valid_options(bool update)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < dsad_option_count; i++)
		if (dsad_options[i].update || !update)
			appendStringInfo(&names, "%s%s", names.len ? ", " : "", dsad_options[i].name);
	if (!update)
		appendStringInfoString(&names, ", columns, group_by");
	return names.data;
}

/* The option of a jsonb key, or an error that lists the valid ones; NULL for those that are not the core's. */
static const DsadOption *
find_option(const JsonbValue *key)
{
	const DsadOption *option = dsad_option_find(key->val.string.val, key->val.string.len);

	if (option || (key->val.string.len == 7 && memcmp(key->val.string.val, "columns", 7) == 0) ||
		(key->val.string.len == 8 && memcmp(key->val.string.val, "group_by", 8) == 0))
		return option;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown option \"%.*s\"", pg_mbcliplen(key->val.string.val, key->val.string.len, MAX_SHOWN_KEY),
					key->val.string.val),
			 errhint("Valid options are: %s.", valid_options(false))));
}

/* Options must be an object, or nothing. */
static void
check_object(Jsonb *options)
{
	if (options && !JB_ROOT_IS_OBJECT(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object"),
				 errhint("Make one with deepsad_options(epochs => 20).")));
}

/* Whether other options' defaults depend on this one. */
static bool
decides_defaults(const DsadOption *option)
{
	return option->offset == offsetof(DsadConfig, preset) || option->offset == offsetof(DsadConfig, network);
}

/* Sets the options that have a key and decide the defaults of others, or those that do not. */
static void
set_options(DsadConfig *config, Jsonb *options, bool deciding)
{
	const DsadOption *option = NULL;
	JsonbIterator *iterator = JsonbIteratorInit(&options->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			option = find_option(&value);
		else if (token == WJB_VALUE && option && value.type != jbvNull && decides_defaults(option) == deciding)
			set_option(config, option, &value);
	}
}

/*
 * The effective options for `rows` rows: a key, else its preset,
 * else the default preset, and what the encoder's rows want (NULL: it is not known yet).  options may be
 * NULL.  A JSON null counts as absent.
 */
void
deepsad_options_parse(DsadConfig *config, Jsonb *options, const DsadEncoder *encoder, uint64 rows)
{
	DsadConfig	decided;
	DsadError	error;

	check_object(options);
	dsad_config_defaults(config, DSAD_PRESET_DEFAULT, 1, rows);
	if (options)
		set_options(config, options, true);
	decided = *config;
	dsad_defaults(config, (DsadPreset) decided.preset, decided.network, encoder, rows);
	config->given = decided.given;
	if (options)
		set_options(config, options, false);
	deepsad_check(dsad_config_check(config, &error), &error);
}

/*
 * The options of an update on so many rows, over those of the model in config: only what does not
 * change what the model is.
 */
void
deepsad_options_parse_update(DsadConfig *config, Jsonb *options, uint64 rows)
{
	const DsadOption *option = NULL;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	JsonbValue	key = {0};
	DsadError	error;

	dsad_config_update(config, rows);
	check_object(options);
	if (options)
	{
		iterator = JsonbIteratorInit(&options->root);
		while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
		{
			if (token == WJB_KEY)
			{
				option = find_option(&value);
				key = value;
			}
			else if (token == WJB_VALUE && value.type != jbvNull)
			{
				if (option == NULL || !option->update)
					ereport(ERROR,
							(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							 errmsg("option \"%.*s\" cannot be changed by deepsad_update", key.val.string.len,
									key.val.string.val),
							 errhint("It can change: %s.", valid_options(true))));
				set_option(config, option, &value);
			}
		}
	}
	deepsad_check(dsad_config_check(config, &error), &error);
}

/* Pushes an option's value under a key. */
void
deepsad_option_push(JsonbParseState **state, const char *key, const DsadOption *option, const DsadConfig *config)
{
	const void *field = (const char *) config + option->offset;
	const DsadIntList *list = field;

	if (dsad_option_is_null(option, config))
		deepsad_push_string(state, key, NULL);
	else if (option->kind == DSAD_OPTION_INT)
		deepsad_push_int(state, key, *(const int64_t *) field);
	else if (option->kind == DSAD_OPTION_FLOAT)
		deepsad_push_float(state, key, *(const double *) field);
	else if (option->kind == DSAD_OPTION_ENUM)
		deepsad_push_string(state, key, option->labels[*(const int64_t *) field]);
	else
	{
		Assert(option->kind == DSAD_OPTION_INT_LIST);
		deepsad_push_key(state, key);
		pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
		for (uint32 j = 0; j < list->count; j++)
			deepsad_push_int(state, NULL, list->value[j]);
		pushJsonbValue(state, WJB_END_ARRAY, NULL);
	}
}

/* Pushes every option of a model as key and value, into an object that is being built. */
void
deepsad_options_push(JsonbParseState **state, const DsadConfig *config)
{
	for (int i = 0; i < dsad_option_count; i++)
		if (dsad_option_is_kept(&dsad_options[i], config))
			deepsad_option_push(state, dsad_options[i].name, &dsad_options[i], config);
}
