/*
 * freeze.c
 *	  deepsad_freeze: an IMMUTABLE function with a model inside, for expression
 *	  indexes and generated columns.
 */
#include "pg/pg_compat.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "commands/defrem.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/varlena.h"

#include "rows/column_text.h"
#include "rows/picture.h"
#include "model/model_bytes.h"
#include "rows/value_reader.h"

DEEPSAD_FUNCTION(deepsad_freeze);

/*
 * While PostgreSQL reads and stores a text of this size it cannot be canceled: a tenth of a
 * second on a slow machine.  Each planning of a call reads it once more.
 */
#define MAX_FROZEN_BYTES (2 * 1024 * 1024)

/* What frozen functions call for an array of this type, in the extension's schema: no other function can have its very
 * signature. */
static Oid
frozen_score(FunctionCallInfo fcinfo, Oid array, char **name)
{
	Oid			types[2] = {BYTEAOID, array};
	char	   *schema = get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid));
	List	   *names = list_make2(makeString(schema), makeString(pstrdup("_deepsad_frozen_score")));

	*name = quote_qualified_identifier(schema, "_deepsad_frozen_score");
	return LookupFuncName(names, lengthof(types), types, false);
}

/* Runs a command whose text is too long to be shown with an error, or to be read twice: the body is known to be right.
 */
static void
execute(const char *command)
{
	MemoryContext context = CurrentMemoryContext;
	int			level = NewGUCNestLevel();

	PG_TRY();
	{
		(void) set_config_option("check_function_bodies", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
								 false);
		/* where there is LZ4 (PostgreSQL 14), it sees at once that a model cannot be compressed */
		(void) set_config_option("default_toast_compression", "lz4", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, DEBUG1, false);
		if (SPI_connect() != SPI_OK_CONNECT)
			elog(ERROR, "SPI_connect failed");
		if (SPI_execute(command, false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not create the function");
		SPI_finish();
		AtEOXact_GUC(true, level);
	}
	PG_CATCH();
	{
		char	   *at;
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		/* one line of the context has the text once more; the others say who called */
		at = error->context ? strstr(error->context, command) : NULL;
		if (at)
			error->context = psprintf("%.*sdeepsad_freeze%s", (int) (at - error->context), error->context,
									  at + strlen(command));
		error->internalquery = NULL;
		ReThrowError(error);
	}
	PG_END_TRY();
}

/*
 * An SQL function's text that gives the model: it means the same under any setting and search_path.
 * Base64 is shorter than hexadecimal digits, and PostgreSQL sees soon that it cannot be compressed.
 */
static char *
model_text(bytea *model)
{
	text	   *encoded = DatumGetTextPP(DirectFunctionCall2(binary_encode, PointerGetDatum(model),
															 CStringGetTextDatum("base64")));

	return psprintf("SELECT pg_catalog.decode('%s', 'base64')", text_to_cstring(encoded));
}

/* A name for the function that holds the model of the function `name`; long names that share their first bytes get
 * different ones. */
static char *
model_function_name(const char *name)
{
	static const char label[] = "model";
	uint32		hash = DatumGetUInt32(hash_any((const unsigned char *) name, (int) strlen(name)));

	if (strlen(name) + 1 + strlen(label) < NAMEDATALEN)
		return makeObjectName(name, NULL, label);
	return makeObjectName(name, psprintf("%08x", (unsigned) hash), label);
}

/* Fails when a function is there already: it is never replaced, an index may hold its scores. */
static void
check_free(const char *schema, const char *name, int arguments, const Oid *types)
{
	Oid function =
		LookupFuncName(list_make2(makeString(pstrdup(schema)), makeString(pstrdup(name))), arguments, types, true);

	if (OidIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_FUNCTION),
				 errmsg("function %s already exists", format_procedure(function)),
				 errdetail("deepsad_freeze replaces no function, because an index may hold its scores."),
				 errhint("Choose another name, or: DROP FUNCTION %s.", format_procedure_qualified(function))));
}

/* Only numbers can be frozen, and only so many that no command with the model's text goes on for long after a cancel.
 */
static void
check_freezable(const DsadModel *model, Size length)
{
	const DsadEncoder *encoder = model->encoder;

	for (uint32 c = 0; !encoder->numeric && c < encoder->columns; c++)
		if (encoder->column[c].encoding != DSAD_ENCODING_NUMBER || encoder->column[c].type == DSAD_TYPE_INTERVAL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("model was trained on rows with a column of type %s, only numbers can be frozen",
							deepsad_utf8_text(&encoder->column[c].type_name)),
					 errhint("Score in a trigger, with the model in a table.")));
	if (length > MAX_FROZEN_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model of %zu bytes is too large to freeze, the limit is %d", length, MAX_FROZEN_BYTES),
				 errhint("Score in a trigger, with the model in a table, or train with fewer members.")));
}

/* What a frozen function is for people who find it: the columns that its array stands for. */
static void
comment(Oid function, const DsadEncoder *encoder)
{
	StringInfoData text;

	initStringInfo(&text);
	if (dsad_encoder_is_array(encoder) && encoder->column[0].shape.channels > 0)
		appendStringInfo(&text, "deepsad score of a picture, %s", deepsad_shape_sides(&encoder->column[0].shape));
	else
		appendStringInfo(&text, "deepsad score of %u numbers", encoder->cells);
	for (uint32 c = 0; !dsad_encoder_is_array(encoder) && c < encoder->columns; c++)
	{
		appendStringInfo(&text, "%s%s", c == 0 ? ": " : ", ", deepsad_column_label(encoder, c));
		if (encoder->column[c].cells > 1)
			appendStringInfo(&text, " (%u elements)", encoder->column[c].cells);
	}
	CreateComments(function, ProcedureRelationId, 0, text.data);
}

/* A function that is to be created, and its model's. */
typedef struct Frozen
{
	const char *schema;
	const char *name;
	const char *model_name;
	Oid			vector;			/* pgvector's type, if the function is made for it, too */
} Frozen;

/* Creates the function that holds the model. */
static void
create_model(const Frozen *frozen, bytea *model)
{
	execute(psprintf("CREATE FUNCTION %s() RETURNS pg_catalog.bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %s",
					 quote_qualified_identifier(frozen->schema, frozen->model_name),
					 quote_literal_cstr(model_text(model))));
}

/* Creates the function for features of this type, which its expression makes an array of that one. */
static Oid
create_scorer(FunctionCallInfo fcinfo, const Frozen *frozen, Oid type, const char *expression, Oid array,
			  const DsadEncoder *encoder)
{
	char	   *callee;
	Oid			called = frozen_score(fcinfo, array, &callee);
	char	   *model = quote_qualified_identifier(frozen->schema, frozen->model_name);
	List	   *names;
	Oid			function;

	execute(psprintf("CREATE FUNCTION %s(features %s) RETURNS pg_catalog.float8"
					 " LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 120 %s",
					 quote_qualified_identifier(frozen->schema, frozen->name), format_type_be_qualified(type),
					 deepsad_sql_body(psprintf("%s(%s(), %s)", callee, model, expression))));
	CommandCounterIncrement();
	names = list_make2(makeString(pstrdup(frozen->schema)), makeString(pstrdup(frozen->name)));
	function = LookupFuncName(names, 1, &type, false);
	deepsad_record_sql_body(function, called);
	names = list_make2(makeString(pstrdup(frozen->schema)), makeString(pstrdup(frozen->model_name)));
	deepsad_record_sql_body(function, LookupFuncName(names, 0, NULL, false));
	comment(function, encoder);
	return function;
}

/* pgvector's type vector, if it is installed, the caller may name it, and the model's rows can be vectors; else
 * InvalidOid. */
static Oid
usable_vector(const DsadEncoder *encoder)
{
	bool		fits = dsad_encoder_is_array(encoder) && encoder->cells <= DEEPSAD_VECTOR_MAX_NUMBERS &&
					   encoder->column[0].shape.channels == 0;
	Oid			type = fits ? deepsad_pgvector_type() : InvalidOid;
	DeepsadValueReader reader;
	DeepsadRefusal why;

	/* its cast to real[] must be one that may be called */
	if (!OidIsValid(type) || !deepsad_value_resolve(&reader, type, CurrentMemoryContext, &why) ||
		reader.type != DSAD_TYPE_ARRAY || reader.number.type != FLOAT4OID)
		return InvalidOid;
	return type;
}

/*
 * deepsad_freeze(model, name) -> regprocedure: creates name(float8[]) with the
 * caller's rights, and name(vector) where pgvector is installed and the model's rows
 * are arrays.
 *
 * The model is in a function of its own, name_model(), as text: a parsed body,
 * which name(float8[]) has so that what it needs is on record, would be read again
 * number by number in each planning, ten times as slowly.
 */
Datum
deepsad_freeze(PG_FUNCTION_ARGS)
{
	List	   *names = textToQualifiedNameList(PG_GETARG_TEXT_PP(1));
	bytea	   *model = PG_GETARG_BYTEA_P(0);
	Oid			array = FLOAT8ARRAYOID;
	Oid			function;
	Frozen		frozen;
	char	   *name;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	decoded;

	/* what is no model is an error now, not at the first call */
	deepsad_model_decode(&decoded, NULL, &arena, &env, CurrentMemoryContext, model);
	check_freezable(&decoded, VARSIZE_ANY_EXHDR(model));
	frozen.schema = get_namespace_name(QualifiedNameGetCreationNamespace(names, &name));
	frozen.name = name;
	frozen.model_name = model_function_name(name);
	frozen.vector = usable_vector(decoded.encoder);
	check_free(frozen.schema, name, 1, &array);
	check_free(frozen.schema, frozen.model_name, 0, NULL);
	if (OidIsValid(frozen.vector))
		check_free(frozen.schema, name, 1, &frozen.vector);
	create_model(&frozen, model);
	function = create_scorer(fcinfo, &frozen, array, "$1", array, decoded.encoder);
	if (OidIsValid(frozen.vector))
		(void) create_scorer(fcinfo, &frozen, frozen.vector, "$1::pg_catalog.float4[]", FLOAT4ARRAYOID,
							 decoded.encoder);
	PG_RETURN_OID(function);
}
