/*
 * freeze.c
 *	  deepsad_freeze: an IMMUTABLE function with a model inside, for expression
 *	  indexes and generated columns.
 */
#include "pg_compat.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "env.h"
#include "model_cache.h"

DSAD_FUNCTION(deepsad_freeze);

/* The name of the function that holds this call's deepsad_score: in the extension's schema. */
static char *
score_function(FunctionCallInfo fcinfo)
{
	Oid			schema = get_func_namespace(fcinfo->flinfo->fn_oid);

	return quote_qualified_identifier(get_namespace_name(schema), "deepsad_score");
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

/*
 * deepsad_freeze(name, model) -> regprocedure: creates name(float8[]) with the
 * caller's rights.  Never replaces a function: an index may hold its scores.
 */
Datum
deepsad_freeze(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	bytea	   *model = PG_GETARG_BYTEA_PP(1);
	static const char hex[] = "0123456789abcdef";
	Oid			types[1] = {FLOAT8ARRAYOID};
	List	   *names = textToQualifiedNameList(name);
	Size		length = VARSIZE_ANY_EXHDR(model);
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(model);
	const char *separator = "";
	StringInfoData command;
	ListCell   *cell;
	Oid			function;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	decoded;

	/* what is no model is an error now, not at the first call */
	deepsad_env_init(&env, CurrentMemoryContext);
	dsad_arena_init(&arena, &env);
	deepsad_model_decode(&decoded, &arena, &env, model);
	if (length > (MaxAllocSize - 4096) / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model of %zu bytes is too large to freeze, the limit is %zu",
						length, (Size) (MaxAllocSize - 4096) / 2)));
	initStringInfo(&command);
	appendStringInfoString(&command, "CREATE FUNCTION ");
	foreach(cell, names)
	{
		appendStringInfo(&command, "%s%s", separator, quote_identifier(strVal(lfirst(cell))));
		separator = ".";
	}
	/* schema-qualified, so that no search_path can change what it means */
	appendStringInfo(&command,
					 "(features pg_catalog.float8[]) RETURNS pg_catalog.float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100"
					 " AS 'SELECT %s(''\\x", score_function(fcinfo));
	enlargeStringInfo(&command, (int) (2 * length));
	for (Size i = 0; i < length; i++)
	{
		command.data[command.len++] = hex[bytes[i] >> 4];
		command.data[command.len++] = hex[bytes[i] & 15];
	}
	command.data[command.len] = '\0';
	appendStringInfoString(&command, "''::pg_catalog.bytea, $1)'");
	execute(command.data);
	CommandCounterIncrement();
	function = LookupFuncName(names, 1, types, false);
	PG_RETURN_OID(function);
}
