/*
 * freeze.c
 *	  deepsad_freeze: an IMMUTABLE function with a model inside, for expression
 *	  indexes and generated columns.
 */
#include "pg_compat.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "core_env.h"
#include "model_cache.h"
#include "value_reader.h"

DSAD_FUNCTION(deepsad_freeze);

/* What frozen functions call, in the extension's schema: no other function can have its very signature. */
static Oid
frozen_score(FunctionCallInfo fcinfo, char **name)
{
	Oid			types[2] = {BYTEAOID, FLOAT8ARRAYOID};
	char	   *schema = get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid));
	List	   *names = list_make2(makeString(schema), makeString(pstrdup("deepsad_frozen_score")));

	*name = quote_qualified_identifier(schema, "deepsad_frozen_score");
	return LookupFuncName(names, lengthof(types), types, false);
}

/* Runs a command whose text is too long to be shown with an error. */
static void
execute(const char *command)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		if (SPI_connect() != SPI_OK_CONNECT)
			elog(ERROR, "SPI_connect failed");
		if (SPI_execute(command, false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not create the function");
		SPI_finish();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		error->context = NULL;
		error->internalquery = NULL;
		ReThrowError(error);
	}
	PG_END_TRY();
}

/* An SQL function's text that gives the model: it means the same under any setting and search_path. */
static char *
model_text(bytea *model)
{
	static const char hex[] = "0123456789abcdef";
	Size		length = VARSIZE_ANY_EXHDR(model);
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(model);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "SELECT pg_catalog.decode('");
	enlargeStringInfo(&text, (int) (2 * length));
	for (Size i = 0; i < length; i++)
	{
		text.data[text.len++] = hex[bytes[i] >> 4];
		text.data[text.len++] = hex[bytes[i] & 15];
	}
	text.data[text.len] = '\0';
	appendStringInfoString(&text, "', 'hex')");
	return text.data;
}

/*
 * deepsad_freeze(name, model) -> regprocedure: creates name(float8[]) with the
 * caller's rights.  Never replaces a function: an index may hold its scores.
 *
 * The model is in a function of its own, name_model(), as text: a parsed body,
 * which name(float8[]) has so that what it needs is on record, would be read again
 * number by number in each planning, ten times as slowly.
 */
Datum
deepsad_freeze(PG_FUNCTION_ARGS)
{
	List	   *names = textToQualifiedNameList(PG_GETARG_TEXT_PP(0));
	bytea	   *model = PG_GETARG_BYTEA_PP(1);
	Oid			types[1] = {FLOAT8ARRAYOID};
	Size		length = VARSIZE_ANY_EXHDR(model);
	Size		limit = (MaxAllocSize - 4096) / 4;	/* in hex, and quoted */
	StringInfoData command;
	char	   *callee;
	char	   *name;
	char	   *function_name;
	char	   *model_name;
	Oid			schema;
	Oid			function;
	Oid			called;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	decoded;

	/* what is no model is an error now, not at the first call */
	deepsad_model_decode(&decoded, &arena, &env, CurrentMemoryContext, model);
	for (uint32 c = 0; !decoded.encoder->numeric && c < decoded.encoder->columns; c++)
		if (decoded.encoder->column[c].encoding != DSAD_ENCODING_NUMBER || decoded.encoder->column[c].type == DSAD_TYPE_INTERVAL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("model was trained on rows with a column of type %s, only numbers can be frozen",
							deepsad_utf8_text(&decoded.encoder->column[c].type_name)),
					 errhint("Score in a trigger, with the model in a table.")));
	if (length > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model of %zu bytes is too large to freeze, the limit is %zu", length, limit)));
	schema = QualifiedNameGetCreationNamespace(names, &name);
	called = frozen_score(fcinfo, &callee);
	function_name = pstrdup(quote_qualified_identifier(get_namespace_name(schema), name));
	model_name = quote_qualified_identifier(get_namespace_name(schema), makeObjectName(name, NULL, "model"));
	initStringInfo(&command);
	appendStringInfo(&command,
					 "CREATE FUNCTION %s() RETURNS pg_catalog.bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %s",
					 model_name, quote_literal_cstr(model_text(model)));
	execute(command.data);
	resetStringInfo(&command);
	appendStringInfo(&command,
					 "CREATE FUNCTION %s(features pg_catalog.float8[]) RETURNS pg_catalog.float8"
					 " LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100 %s",
					 function_name, deepsad_sql_body(psprintf("%s(%s(), $1)", callee, model_name)));
	execute(command.data);
	CommandCounterIncrement();
	function = LookupFuncName(list_make2(makeString(get_namespace_name(schema)), makeString(name)), 1, types, false);
	deepsad_record_sql_body(function, called);
	PG_RETURN_OID(function);
}
