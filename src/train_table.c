/*
 * train_table.c
 *	  deepsad_train_table: deepsad_train over a table's columns by name, with the
 *	  caller's rights.
 */
#include "pg_compat.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

DSAD_FUNCTION(deepsad_train_table);

/* The name of a relation for SQL, with its schema. */
static char *
relation_name(Oid relation)
{
	char	   *name = get_rel_name(relation);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name);
}

/* A column must be one of the relation's. */
static void
check_column(Oid relation, const char *column)
{
	if (get_attnum(relation, column) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", column, get_rel_name(relation))));
}

/* Appends the columns that are asked for. */
static void
append_features(StringInfo query, Oid relation, ArrayType *features, const char *label)
{
	Datum	   *element;
	bool	   *null;
	int			count;

	deconstruct_array(features, TEXTOID, -1, false, TYPALIGN_INT, &element, &null, &count);
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("features are empty"),
				 errhint("NULL means all columns but the label.")));
	for (int i = 0; i < count; i++)
	{
		char	   *column;

		if (null[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a feature is NULL, must be the name of a column")));
		column = TextDatumGetCString(element[i]);
		check_column(relation, column);
		if (label && strcmp(column, label) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" is the label, it cannot be a feature", column)));
		for (int j = 0; j < i; j++)
			if (strcmp(column, TextDatumGetCString(element[j])) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("column \"%s\" is given twice", column)));
		appendStringInfo(query, "%st.%s", i ? ", " : "", quote_identifier(column));
	}
}

/* Appends all columns but the label. */
static void
append_all(StringInfo query, Oid relation, const char *label)
{
	int			count = 0;
	Relation	source = relation_open(relation, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(source);

	for (int i = 0; i < desc->natts; i++)
	{
		const char *column = NameStr(TupleDescAttr(desc, i)->attname);

		if (TupleDescAttr(desc, i)->attisdropped || (label && strcmp(column, label) == 0))
			continue;
		appendStringInfo(query, "%st.%s", count++ ? ", " : "", quote_identifier(column));
	}
	relation_close(source, NoLock);
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("relation \"%s\" has no column to train on", get_rel_name(relation))));
}

/* deepsad_train_table(source, features, label, options) -> the model */
Datum
deepsad_train_table(PG_FUNCTION_ARGS)
{
	const char *schema = quote_identifier(get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid)));
	Oid			types[1] = {JSONBOID};
	Datum		values[1];
	char		nulls[1];
	char	   *label = NULL;
	bytea	   *result = NULL;
	bool		is_null = true;
	StringInfoData query;
	Oid			relation;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("source is NULL, must be a table")));
	relation = PG_GETARG_OID(0);
	values[0] = PG_ARGISNULL(3) ? (Datum) 0 : PG_GETARG_DATUM(3);
	nulls[0] = PG_ARGISNULL(3) ? 'n' : ' ';
	initStringInfo(&query);
	if (!PG_ARGISNULL(2))
	{
		label = text_to_cstring(PG_GETARG_TEXT_PP(2));
		check_column(relation, label);
		appendStringInfo(&query, "SELECT %s.deepsad_train(f.*, t.%s, $1)", schema, quote_identifier(label));
	}
	else
		appendStringInfo(&query, "SELECT %s.deepsad_train(f.*, NULL::pg_catalog.bool, $1)", schema);
	appendStringInfo(&query, " FROM %s AS t, LATERAL (SELECT ", relation_name(relation));
	if (PG_ARGISNULL(1))
		append_all(&query, relation, label);
	else
		append_features(&query, relation, PG_GETARG_ARRAYTYPE_P(1), label);
	appendStringInfoString(&query, ") AS f");

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(query.data, 1, types, values, nulls, true, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not train on the table");
	values[0] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
	if (!is_null)
	{
		bytea	   *model = DatumGetByteaPP(values[0]);

		result = SPI_palloc(VARSIZE_ANY(model));
		memcpy(result, model, VARSIZE_ANY(model));
	}
	SPI_finish();
	if (is_null)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(result);
}
