/*
 * sql_functions.c
 *	  deepsad_export_sql, deepsad_export_query: a model as a function, or as a query over a table,
 *	  that need no extension.
 */
#include "pg/pg_compat.h"

#include "access/relation.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "exchange/folded.h"
#include "exchange/sql_export.h"
#include "pg/core_env.h"
#include "rows/column_text.h"
#include "rows/value_reader.h"

DEEPSAD_FUNCTION(deepsad_export_sql);
DEEPSAD_FUNCTION(deepsad_export_query);

/* A name, perhaps with a schema, as SQL. */
static char *
quote_name(text *name)
{
	List	   *names = textToQualifiedNameList(name);
	StringInfoData quoted;
	ListCell   *cell;

	if (list_length(names) > 2)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("name of the function has %d parts, can have 2", list_length(names)),
				 errhint("For example my_schema.my_function.")));
	initStringInfo(&quoted);
	foreach (cell, names)
		appendStringInfo(&quoted, "%s%s", quoted.len > 0 ? "." : "", quote_identifier(strVal(lfirst(cell))));
	return quoted.data;
}

/* What tells anomalies, for people who find the function: numbers only. */
static void
put_comment(StringInfo out, const DsadModel *model)
{
	DsadDecision decision;

	dsad_decision(&decision, model);
	appendStringInfo(out, "-- deepsad " DEEPSAD_VERSION ": the anomaly score of a row");
	if (decision.kind == DSAD_DECISION_SCORE)
		appendStringInfo(out, "; an anomaly's is at least %.9g", decision.score);
	appendStringInfoChar(out, '\n');
}

/* A dollar quote that the text does not have. */
static char *
dollar_quote(const char *body)
{
	char	   *quote = pstrdup("$deepsad$");

	for (int i = 1; strstr(body, quote) != NULL; i++)
		quote = psprintf("$deepsad%d$", i);
	return quote;
}

/*
 * deepsad_export_sql(model, name) -> text: CREATE FUNCTION name(each column) RETURNS double precision, in PL/pgSQL,
 * which computes the same under any search_path.
 */
Datum
deepsad_export_sql(PG_FUNCTION_ARGS)
{
	char	   *name = quote_name(PG_GETARG_TEXT_PP(1));
	DeepsadSqlSource source = {.from = "", .carried = "", .prefix = "", .score = "score", .statements = true};
	const DsadEncoder *encoder;
	StringInfoData body;
	StringInfoData out;
	char	   *quote;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;

	deepsad_decode_for_export(&model, &arena, &env, PG_GETARG_BYTEA_PP(0));
	encoder = model.encoder;
	if (encoder->columns > FUNC_MAX_ARGS)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ARGUMENTS),
				 errmsg("model has %u columns, a function can have %d arguments", encoder->columns, FUNC_MAX_ARGS),
				 errhint("Use deepsad_export_query(model, 'table').")));
	deepsad_sql_check(&model, &source);
	source.value = palloc(encoder->columns * sizeof(char *));
	initStringInfo(&out);
	put_comment(&out, &model);
	appendStringInfo(&out, "CREATE FUNCTION %s(", name);
	for (uint32 c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];

		source.value[c] = psprintf("$%u", c + 1);
		appendStringInfo(&out, "%s%s %s", c > 0 ? ", " : "",
						 column->name.length == 0 ? "features" : quote_identifier(deepsad_sql_text(column->name)),
						 deepsad_sql_type(column));
	}
	initStringInfo(&body);
	deepsad_sql_statements(&body, &model, &source);
	quote = dollar_quote(body.data);
	/* operators of the server's own, whatever somebody has put beside them */
	appendStringInfo(&out, ")\nRETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000\n"
						   "SET search_path = pg_catalog, pg_temp AS %s\n%s\n%s;\n",
					 quote, body.data, quote);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* The table's column of that name, whose type must be as the model's column; raises an error. */
static int
find_column(Relation table, const DsadColumn *column, const char *name)
{
	TupleDesc	desc = RelationGetDescr(table);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		DeepsadValueReader reader;
		DeepsadRefusal why;

		if (attribute->attisdropped || strcmp(NameStr(attribute->attname), name) != 0)
			continue;
		if (!deepsad_value_resolve(&reader, attribute->atttypid, CurrentMemoryContext, &why) ||
			!deepsad_value_fits(&reader, (DsadColumnType) column->type))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" is of type %s, the model was trained on %s", name,
							format_type_be(attribute->atttypid), deepsad_utf8_text(&column->type_name)),
					 errhint("Make a view with a column of that type.")));
		return i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("table \"%s\" has no column \"%s\"", RelationGetRelationName(table), name),
			 errdetail("The model was trained on a column of that name, of type %s.",
					   deepsad_utf8_text(&column->type_name)),
			 errhint("Make a view with columns of these names.")));
}

/* The only column of a table that is an array of numbers; raises an error. */
static char *
only_array(Relation table)
{
	TupleDesc	desc = RelationGetDescr(table);
	char	   *found = NULL;
	int			arrays = 0;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		DeepsadValueReader reader;
		DeepsadRefusal why;

		if (!attribute->attisdropped &&
			deepsad_value_resolve(&reader, attribute->atttypid, CurrentMemoryContext, &why) &&
			reader.type == DSAD_TYPE_ARRAY)
		{
			found = NameStr(attribute->attname);
			arrays++;
		}
	}
	if (arrays != 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("table \"%s\" has %d columns that are arrays of numbers, must have one",
						RelationGetRelationName(table), arrays),
				 errdetail("The model was trained on arrays."),
				 errhint("Make a view with that column.")));
	return found;
}

/* Whether a column of the table begins so, or is called so. */
static bool
is_taken(Relation table, const char *name, bool whole)
{
	TupleDesc	desc = RelationGetDescr(table);

	for (int i = 0; i < desc->natts; i++)
	{
		const char *other = NameStr(TupleDescAttr(desc, i)->attname);

		if (whole ? strcmp(other, name) == 0 : strncmp(other, name, strlen(name)) == 0)
			return true;
	}
	return false;
}

/* A name that no column of the table has, or begins with. */
static char *
free_name(Relation table, const char *name, const char *other, bool whole)
{
	char	   *free = pstrdup(name);

	for (int i = 0; is_taken(table, free, whole); i++)
		free = i == 0 ? pstrdup(other) : psprintf("%s%d%s", other, i, whole ? "" : "_");
	return free;
}

/* What a query over the table reads; arrays are cast in a subquery of their own. */
static void
read_table(DeepsadSqlSource *source, const DsadModel *model, Relation table)
{
	const DsadEncoder *encoder = model->encoder;
	TupleDesc	desc = RelationGetDescr(table);
	StringInfoData columns;
	StringInfoData arrays;

	initStringInfo(&columns);
	initStringInfo(&arrays);
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
		{
			appendStringInfo(&columns, "%s, ", quote_identifier(NameStr(TupleDescAttr(desc, i)->attname)));
			source->carries++;
		}
	source->carried = columns.data;
	source->from = psprintf("\nFROM %s", quote_qualified_identifier(get_namespace_name(RelationGetNamespace(table)),
																	RelationGetRelationName(table)));
	source->prefix = free_name(table, "d_", "deepsad_", false);
	source->score = free_name(table, "score", "deepsad_score", true);
	source->value = palloc(encoder->columns * sizeof(char *));
	for (uint32 c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];
		const char *name;

		if (dsad_encoder_is_array(encoder))
			name = only_array(table);
		else
		{
			name = deepsad_sql_text(column->name);
			(void) find_column(table, column, name);
		}
		source->value[c] = psprintf("%s::%s", quote_identifier(name), deepsad_sql_type(column));
		if (column->type == DSAD_TYPE_ARRAY)
		{
			/* cast once, not for each element */
			appendStringInfo(&arrays, "%s%s AS %sa%u", arrays.len > 0 ? ", " : "", source->value[c], source->prefix, c);
			source->value[c] = psprintf("%sa%u", source->prefix, c);
		}
	}
	if (arrays.len > 0)
		source->from = psprintf("\nFROM (SELECT %s%s%s OFFSET 0) AS %st", source->carried, arrays.data, source->from,
								source->prefix);
}

/*
 * deepsad_export_query(model, source) -> text: a query that gives the table's columns and the score.
 */
Datum
deepsad_export_query(PG_FUNCTION_ARGS)
{
	DeepsadSqlSource source = {0};
	StringInfoData out;
	Relation	table;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;

	deepsad_decode_for_export(&model, &arena, &env, PG_GETARG_BYTEA_PP(0));
	table = try_relation_open(PG_GETARG_OID(1), AccessShareLock);
	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", PG_GETARG_OID(1))));
	read_table(&source, &model, table);
	deepsad_sql_check(&model, &source);
	initStringInfo(&out);
	put_comment(&out, &model);
	deepsad_sql_query(&out, &model, &source);
	relation_close(table, AccessShareLock);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
