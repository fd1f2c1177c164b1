/*
 * column_draft.c
 *	  Describes the columns of training rows: from the rows' SQL type and the options to a
 *	  draft of the encoder.
 */
#include "pg/pg_compat.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "model/column_options.h"
#include "rows/value_reader.h"
#include "train/column_draft.h"

/* A copy in the current context. */
static DsadBytes
copy_bytes(DsadBytes source)
{
	char	   *copy = palloc(Max(source.length, 1));

	memcpy(copy, source.bytes, source.length);
	return (DsadBytes) {copy, source.length};
}

/* How a column is encoded, by its type and by what the options say; an error when it cannot be. */
static void
choose_encoding(DsadColumn *column, const char *name, Oid type, uint8 as)
{
	static const uint8 by_type[] = {
		[DSAD_TYPE_NUMBER] = DEEPSAD_AS_NUMBER,
		[DSAD_TYPE_BOOLEAN] = DEEPSAD_AS_BOOLEAN,
		[DSAD_TYPE_TEXT] = DEEPSAD_AS_CATEGORY,
		[DSAD_TYPE_TIMESTAMP] = DEEPSAD_AS_TIME,
		[DSAD_TYPE_TIMESTAMPTZ] = DEEPSAD_AS_TIME,
		[DSAD_TYPE_DATE] = DEEPSAD_AS_TIME,
		[DSAD_TYPE_TIME] = DEEPSAD_AS_TIME,
		[DSAD_TYPE_INTERVAL] = DEEPSAD_AS_NUMBER,
		[DSAD_TYPE_ADDRESS] = DEEPSAD_AS_CATEGORY,
		[DSAD_TYPE_ARRAY] = DEEPSAD_AS_NUMBER,
	};
	static const uint8 possible[] = {
		[DSAD_TYPE_NUMBER] = DEEPSAD_AS_NUMBER | DEEPSAD_AS_CATEGORY,
		[DSAD_TYPE_BOOLEAN] = DEEPSAD_AS_BOOLEAN | DEEPSAD_AS_CATEGORY,
		[DSAD_TYPE_TEXT] = DEEPSAD_AS_CATEGORY,
		[DSAD_TYPE_TIMESTAMP] = DEEPSAD_AS_TIME | DEEPSAD_AS_NUMBER,
		[DSAD_TYPE_TIMESTAMPTZ] = DEEPSAD_AS_TIME | DEEPSAD_AS_NUMBER,
		[DSAD_TYPE_DATE] = DEEPSAD_AS_TIME | DEEPSAD_AS_NUMBER,
		[DSAD_TYPE_TIME] = DEEPSAD_AS_TIME | DEEPSAD_AS_NUMBER,
		[DSAD_TYPE_INTERVAL] = DEEPSAD_AS_NUMBER,
		[DSAD_TYPE_ADDRESS] = DEEPSAD_AS_CATEGORY,
		[DSAD_TYPE_ARRAY] = DEEPSAD_AS_NUMBER,
	};
	bool		is_time = column->type >= DSAD_TYPE_TIMESTAMP && column->type <= DSAD_TYPE_TIME;
	uint8		wanted = as ? as : by_type[column->type];

	StaticAssertStmt(lengthof(by_type) == DSAD_TYPES && lengthof(possible) == DSAD_TYPES, "every type is listed");
	if (wanted & ~possible[column->type])
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("option \"columns\": column \"%s\" of type %s cannot be encoded as \"%s\"", name,
						format_type_be(type), deepsad_column_as(wanted & ~possible[column->type])),
				 errhint("Cast the column in the query, or leave \"as\" out.")));
	column->encoding = (uint8) (is_time ? DSAD_ENCODING_TIME : wanted == DEEPSAD_AS_NUMBER ? DSAD_ENCODING_NUMBER :
														   wanted == DEEPSAD_AS_BOOLEAN	   ? DSAD_ENCODING_BOOLEAN :
																							 DSAD_ENCODING_CATEGORY);
	if (!is_time)
		return;
	if (wanted & DEEPSAD_AS_TIME)
		column->time |= (column->type != DSAD_TYPE_DATE ? DSAD_TIME_CLOCK : 0) |
						(column->type != DSAD_TYPE_TIME ? DSAD_TIME_CALENDAR : 0);
	if (wanted & DEEPSAD_AS_NUMBER)
		column->time |= DSAD_TIME_ITSELF;
}

/* The shape of a column's arrays, from its first one; without any, one missing number. */
static void
measure(DsadColumn *column, DeepsadValueReader *reader, const char *name, bool null, Datum datum)
{
	DsadRows	row;
	int			dimensions = null ? 1 : deepsad_value_array(reader, datum, &row, &column->cells, &column->shape);

	if (dimensions == 0 || dimensions > 3)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 dimensions == 0 ?
					 errmsg("array in column \"%s\" is empty", name) :
					 errmsg("array in column \"%s\" has %d dimensions, can have 1 to 3", name, dimensions)));
}

/* Raises the error of a column whose values cannot be read. */
static void
unsupported(const char *name, Oid type, const DeepsadRefusal *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of the features row is of type %s, which is not supported", name,
					format_type_be(type)),
			 why->detail[0] ? errdetail("%s", why->detail) : 0,
			 why->cast[0] ?
				 errhint("Cast it in the query, %s::%s, or leave it out: %s.", quote_identifier(name), why->cast,
						 deepsad_column_example(name, "skip")) :
				 errhint("Leave it out: %s, or cast it in the query.", deepsad_column_example(name, "skip"))));
}

/* Takes note of a column that the options skip. */
static void
skip(DeepsadDraft *draft, const DsadColumn *column)
{
	draft->skipped[draft->skips++] = (DsadLeftOut) {column->name, column->type_name, DSAD_LEFT_OUT_SKIPPED, {"", 0}};
}

/* Whether a column is an instant: part of a group as a stretch of time, and a feature all the same. */
static bool
is_instant(Oid type)
{
	Oid			base = getBaseType(type);

	return base == TIMESTAMPOID || base == TIMESTAMPTZOID || base == DATEOID;
}

/* Makes a column say which rows belong together, and nothing else. */
static void
describe_group(DeepsadDraft *draft, DsadColumn *column, DeepsadDraftColumn *learned, const char *name)
{
	if ((learned->options.as != 0 && learned->options.as != DEEPSAD_AS_SKIP) || column->type == DSAD_TYPE_ARRAY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 column->type == DSAD_TYPE_ARRAY ?
					 errmsg("option \"group_by\": column \"%s\" is an array", name) :
					 errmsg("column \"%s\" is in option \"group_by\", and option \"columns\" makes it a feature", name),
				 errhint("Give it twice, under two names.")));
	column->encoding = column->type == DSAD_TYPE_TEXT || column->type == DSAD_TYPE_ADDRESS ? DSAD_ENCODING_CATEGORY :
																							 DSAD_ENCODING_NUMBER;
	column->prefix = column->type == DSAD_TYPE_ADDRESS ? 32 : 0;
	draft->skipped[draft->skips++] = (DsadLeftOut) {column->name, column->type_name, DSAD_LEFT_OUT_GROUP, {"", 0}};
}

/* Raises the error of options that would say nothing of a feature so encoded. */
static void
check_details(const DsadColumn *column, const DeepsadColumnOptions *options, const char *name, Oid type)
{
	bool		category = column->encoding == DSAD_ENCODING_CATEGORY;

	if (options->says_prefix && column->type != DSAD_TYPE_ADDRESS)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("option \"columns\": \"prefix\" is for addresses, column \"%s\" is of type %s", name,
						format_type_be(type)),
				 errhint("Leave \"prefix\" out.")));
	if (options->says_top && !category)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("option \"columns\": \"top\" is for categories, column \"%s\" is none", name),
				 errhint("Add \"as\": \"category\", or leave \"top\" out.")));
}

/* Describes one column of the rows, whose first value is known. */
static void
describe(DeepsadDraft *draft, Form_pg_attribute attribute, JsonbContainer *options, bool asked, bool group, bool only,
		 bool null, Datum datum)
{
	DsadEncoder *encoder = &draft->encoder;
	DsadColumn *column = &encoder->column[encoder->columns];
	DeepsadDraftColumn *learned = &draft->column[encoder->columns];
	char	   *name = pstrdup(NameStr(attribute->attname));
	Oid			base = getBaseType(attribute->atttypid);
	char	   *type = deepsad_type_name(attribute->atttypid);
	DeepsadValueReader reader;
	DeepsadRefusal why;

	*column = (DsadColumn) {.name = copy_bytes(deepsad_utf8(name, strlen(name))),
							.type_name = copy_bytes(deepsad_utf8(type, strlen(type))),
							.cells = 1};
	learned->options = deepsad_column_options(options, name);
	learned->asked = asked || learned->options.as != 0;
	learned->integer = base == INT2OID || base == INT4OID || base == INT8OID;
	learned->counted = learned->integer || base == NUMERICOID;
	learned->group = group;
	if (learned->options.as == DEEPSAD_AS_SKIP && !group)
	{
		skip(draft, column);
		return;
	}
	if (!deepsad_value_resolve(&reader, attribute->atttypid, CurrentMemoryContext, &why))
		unsupported(name, attribute->atttypid, &why);
	column->type = (uint8) reader.type;
	if (group && only)
		describe_group(draft, column, learned, name);
	else
	{
		choose_encoding(column, name, attribute->atttypid, learned->options.as);
		check_details(column, &learned->options, name, attribute->atttypid);
	}
	/* who names a time and not how to encode it wants it as a time */
	if (column->encoding == DSAD_ENCODING_TIME && !asked && learned->options.as == 0)
		column->time = 0;
	if (!only)
		column->prefix = column->type == DSAD_TYPE_ADDRESS ? learned->options.prefix : 0;
	if (column->type == DSAD_TYPE_ARRAY)
		measure(column, &reader, name, null, datum);
	for (uint32 c = 0; c < encoder->columns; c++)
		if (encoder->column[c].name.length == column->name.length &&
			memcmp(encoder->column[c].name.bytes, column->name.bytes, column->name.length) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("features row has two columns \"%s\"", name),
					 errhint("Rename one of them in a subquery.")));
	encoder->columns++;
}

/*
 * Whether all arrays among a row's columns are there, so that their lengths are known;
 * only then is there a point in starting to collect, unless no such row comes.
 */
bool
deepsad_draft_complete(TupleDesc desc, Jsonb *options, const bool *null)
{
	JsonbContainer *columns = deepsad_columns_option(options);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		DeepsadValueReader reader;
		DeepsadRefusal why;

		if (null[i] && !attribute->attisdropped &&
			deepsad_column_options(columns, NameStr(attribute->attname)).as != DEEPSAD_AS_SKIP &&
			deepsad_value_resolve(&reader, attribute->atttypid, CurrentMemoryContext, &why) &&
			reader.type == DSAD_TYPE_ARRAY)
			return false;
	}
	return true;
}

/* A column in "group_by" that the rows lack is an error. */
static void
check_group_by(const DeepsadGroupBy *group_by, char *const *names, int count)
{
	for (int g = 0; g < group_by->count; g++)
	{
		int			i = 0;

		while (i < count && strcmp(names[i], group_by->name[g]) != 0)
			i++;
		if (i == count)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("option \"group_by\" names column \"%s\", which the rows do not have", group_by->name[g])));
	}
}

/*
 * Describes all columns of rows of this type, in the current context; values and nulls are those of
 * a row that is complete, if there is one.  asked (NULL: none): the columns that the user has named.
 */
void
deepsad_draft_describe(DeepsadDraft *draft, TupleDesc desc, Jsonb *options, const Datum *values, const bool *nulls,
					   const bool *asked)
{
	JsonbContainer *columns = deepsad_columns_option(options);
	DeepsadGroupBy group_by = deepsad_group_by_option(options);
	int			most = Max(desc->natts, 1);
	char	  **names = palloc(most * sizeof(char *));
	int			count = 0;

	draft->encoder.column = palloc0(most * sizeof(DsadColumn));
	draft->column = palloc0(most * sizeof(DeepsadDraftColumn));
	draft->skipped = palloc0(most * sizeof(DsadLeftOut));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped)
			continue;
		names[count++] = pstrdup(NameStr(attribute->attname));
	}
	check_group_by(&group_by, names, count);
	/* those that only say which rows belong together come last */
	for (int i = 0; i < 2 * desc->natts; i++)
	{
		int			place = i % desc->natts;
		Form_pg_attribute attribute = TupleDescAttr(desc, place);
		bool		group = deepsad_groups_by(&group_by, NameStr(attribute->attname));
		bool		only = group && (!is_instant(attribute->atttypid) || (asked && !asked[place]) ||
									 deepsad_column_options(columns,
															NameStr(attribute->attname))
											 .as == DEEPSAD_AS_SKIP);

		if (i == desc->natts)
			draft->features = draft->encoder.columns;
		if (attribute->attisdropped || only != (i >= desc->natts))
			continue;
		describe(draft, attribute, columns, asked && asked[place], group, only, nulls[place], values[place]);
	}
	draft->encoder.left = draft->skipped;
	draft->encoder.left_out = draft->skips;
	deepsad_columns_check(columns, names, count);
	if (draft->features == 0)
		ereport(ERROR,
				(errcode(count == 0 ? ERRCODE_DATATYPE_MISMATCH : ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(count == 0 ? "features row has no columns" : "no column is left to train on")));
	if (draft->encoder.columns > DSAD_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row has %u columns, the limit is %d", draft->encoder.columns, DSAD_MAX_COLUMNS)));
}
