/*
 * train_table.c
 *	  deepsad_train_table: trains on a table's columns by name, with the caller's
 *	  rights.
 *
 * The query names the table and its columns and nothing else: no function, operator or
 * cast that somebody could put a better match beside.  What the rows mean is found out
 * here.
 */
#include "pg/pg_compat.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "model/column_options.h"
#include "train/collector.h"

DEEPSAD_FUNCTION(deepsad_train_table);

#define FETCH_ROWS 1000

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

/* Appends the columns that are asked for; how many. */
static int
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
	return count;
}

/* Appends all columns but the label; how many. */
static int
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
	return count;
}

/* Appends the columns of "group_by" that are not among the features; how many. */
static int
append_groups(StringInfo query, Oid relation, ArrayType *features, const char *label, Jsonb *options)
{
	DeepsadGroupBy group_by = deepsad_group_by_option(options);
	Datum	   *element;
	bool	   *null;
	int			listed;
	int			count = 0;

	deconstruct_array(features, TEXTOID, -1, false, TYPALIGN_INT, &element, &null, &listed);
	for (int g = 0; g < group_by.count; g++)
	{
		bool		found = label && strcmp(group_by.name[g], label) == 0;

		for (int i = 0; i < listed && !found; i++)
			found = strcmp(group_by.name[g], TextDatumGetCString(element[i])) == 0;
		for (int i = 0; i < g && !found; i++)
			found = strcmp(group_by.name[g], group_by.name[i]) == 0;
		if (found)
			continue;
		check_column(relation, group_by.name[g]);
		appendStringInfo(query, ", t.%s", quote_identifier(group_by.name[g]));
		count++;
	}
	return count;
}

/* Takes over the rows that were fetched: `count` columns, then the label if there is one. */
static void
collect_fetched(DeepsadCollector *collector, int count, bool labeled)
{
	TupleDesc	desc = SPI_tuptable->tupdesc;
	NullableDatum *argument = palloc((count + 1) * sizeof(NullableDatum));
	Datum	   *value = palloc((count + 1) * sizeof(Datum));
	bool	   *null = palloc((count + 1) * sizeof(bool));
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "deepsad row", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(row_context);

	for (uint64 row = 0; row < SPI_processed; row++)
	{
		heap_deform_tuple(SPI_tuptable->vals[row], desc, value, null);
		for (int i = 0; i < count + labeled; i++)
			argument[i] = (NullableDatum) {value[i], null[i]};
		deepsad_collector_add(collector, argument, labeled ? &argument[count] : NULL);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(row_context);
	pfree(argument);
	pfree(value);
	pfree(null);
}

/* The features' columns of a query that has the label's behind them. */
static TupleDesc
features_type(TupleDesc desc, int count)
{
	TupleDesc	type = CreateTemplateTupleDesc(count);

	for (int i = 0; i < count; i++)
		TupleDescCopyEntry(type, (AttrNumber) (i + 1), desc, (AttrNumber) (i + 1));
	return type;
}

/*
 * Trains on the rows of a query with so many columns, and the label's; all but the last few are asked for, or
 * none is (-1).
 */
static struct varlena *
train_on_query(const char *query, int count, bool labeled, int not_asked, Jsonb *options)
{
	MemoryContext context = CurrentMemoryContext;
	DeepsadCollecting shared = {0};
	bool	   *all = palloc(count * sizeof(bool));
	DeepsadCollector *collector;
	SPIPlanPtr	plan = SPI_prepare_cursor(query, 0, NULL, CURSOR_OPT_NO_SCROLL);
	Portal		portal;

	if (plan == NULL)
		elog(ERROR, "could not prepare the query of a table");
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	for (int i = 0; i < count; i++)
		all[i] = i < count - not_asked;
	shared.features = deepsad_features_of_columns(context, features_type(portal->tupDesc, count));
	shared.columns = deepsad_features_desc(shared.features);
	shared.hash = deepsad_row_hash_create(context);
	shared.report = deepsad_column_report_create(context);
	shared.asked = not_asked >= 0 ? all : NULL;
	if (labeled)
		shared.label_kind = deepsad_label_kind(TupleDescAttr(portal->tupDesc, count)->atttypid, false);
	collector = deepsad_collector_create(context, &shared, NULL, options);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		if (SPI_processed == 0)
			break;
		collect_fetched(collector, count, labeled);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	return deepsad_collector_train(collector);
}

/* deepsad_train_table(source, features, label, options) -> the model */
Datum
deepsad_train_table(PG_FUNCTION_ARGS)
{
	bool		asked = !PG_ARGISNULL(1);
	Jsonb	   *options = PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3);
	int			groups = -1;
	char	   *label = NULL;
	StringInfoData query;
	Oid			relation;
	int			count;
	struct varlena *model;
	struct varlena *result = NULL;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("source is NULL, must be a table")));
	relation = PG_GETARG_OID(0);
	initStringInfo(&query);
	if (!PG_ARGISNULL(2))
	{
		label = text_to_cstring(PG_GETARG_TEXT_PP(2));
		check_column(relation, label);
	}
	appendStringInfoString(&query, "SELECT ");
	count = asked ? append_features(&query, relation, PG_GETARG_ARRAYTYPE_P(1), label) :
					append_all(&query, relation, label);
	if (asked)
		count += groups = append_groups(&query, relation, PG_GETARG_ARRAYTYPE_P(1), label, options);
	if (label)
		appendStringInfo(&query, ", t.%s", quote_identifier(label));
	appendStringInfo(&query, " FROM %s AS t", relation_name(relation));

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	model = train_on_query(query.data, count, label != NULL, groups, options);
	if (model)
	{
		result = SPI_palloc(VARSIZE_ANY(model));
		memcpy(result, model, VARSIZE_ANY(model));
	}
	SPI_finish();
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(result);
}
