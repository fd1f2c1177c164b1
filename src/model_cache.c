/*
 * model_cache.c
 *	  The model of a call site, made ready for scoring.
 *
 * A model is recognised by what cannot lie: it is a constant of the query, or
 * it has the same TOAST identity, or its bytes are equal.  Never by address (per-row
 * memory is reused), and never by get_fn_expr_arg_stable, which also calls a
 * PL/pgSQL variable stable while it changes.
 */
#include "pg_compat.h"

#include "access/detoast.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/memutils.h"

#include "env.h"
#include "model_cache.h"

struct DeepsadModelCache
{
	int			argno;
	bool		constant;		/* the argument is a literal */
	MemoryContext parent;
	MemoryContext context;		/* of the scorer and the bytes; NULL = empty */
	DsadEnv		env;
	DsadArena	arena;
	DsadScorer *scorer;
	struct varatt_external toast;	/* identity of a TOASTed model */
	bool		has_toast;
	bytea	   *bytes;			/* of a model that is not TOASTed, else NULL */
};

/* Whether argument argno of the call is a literal. */
static bool
argument_is_literal(FunctionCallInfo fcinfo, int argno)
{
	Node	   *call = fcinfo->flinfo->fn_expr;
	Node	   *argument;

	if (call == NULL || !IsA(call, FuncExpr) || list_length(((FuncExpr *) call)->args) <= argno)
		return false;
	argument = list_nth(((FuncExpr *) call)->args, argno);
	return IsA(argument, Const);
}

/* An empty cache for the model in argument argno; lives as long as the call site. */
DeepsadModelCache *
deepsad_model_cache_create(FunctionCallInfo fcinfo, int argno)
{
	DeepsadModelCache *cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(DeepsadModelCache));

	cache->argno = argno;
	cache->constant = argument_is_literal(fcinfo, argno);
	cache->parent = fcinfo->flinfo->fn_mcxt;
	return cache;
}

/* Decodes a model or raises the error. */
void
deepsad_model_decode(DsadModel *model, DsadArena *arena, const DsadEnv *env, bytea *bytes)
{
	DsadError	error;

	deepsad_check(dsad_model_decode(model, arena, env, (const uint8_t *) VARDATA_ANY(bytes),
									VARSIZE_ANY_EXHDR(bytes), &error), &error);
}

/* Whether value is the model in the cache; sets *toast when it is TOASTed on disk. */
static bool
is_cached(const DeepsadModelCache *cache, struct varlena *value, struct varatt_external *toast,
		  bool *has_toast)
{
	*has_toast = VARATT_IS_EXTERNAL_ONDISK(value);
	if (*has_toast)
		memcpy(toast, VARDATA_EXTERNAL(value), sizeof(*toast));
	if (cache->context == NULL)
		return false;
	if (cache->constant)
		return true;
	if (*has_toast)
		return cache->has_toast && memcmp(toast, &cache->toast, sizeof(*toast)) == 0;
	if (cache->bytes == NULL || VARATT_IS_EXTENDED(value) != VARATT_IS_EXTENDED(cache->bytes))
		return false;
	return VARSIZE_ANY(value) == VARSIZE_ANY(cache->bytes) &&
		memcmp(value, cache->bytes, VARSIZE_ANY(value)) == 0;
}

/* Puts a model in the cache; on error the cache stays empty. */
static void
fill(DeepsadModelCache *cache, struct varlena *value, const struct varatt_external *toast)
{
	bytea	   *bytes = (bytea *) pg_detoast_datum_packed(value);
	MemoryContext context;
	MemoryContext scratch;
	DsadEnv		scratch_env;
	DsadArena	scratch_arena;
	DsadModel	model;

	if (cache->context)
	{
		context = cache->context;
		cache->context = NULL;
		MemoryContextDelete(context);
	}
	scratch = AllocSetContextCreate(CurrentMemoryContext, "deepsad decoding", ALLOCSET_SMALL_SIZES);
	deepsad_env_init(&scratch_env, scratch);
	dsad_arena_init(&scratch_arena, &scratch_env);
	deepsad_model_decode(&model, &scratch_arena, &scratch_env, bytes);

	context = AllocSetContextCreate(cache->parent, "deepsad model", ALLOCSET_SMALL_SIZES);
	deepsad_env_init(&cache->env, context);
	dsad_arena_init(&cache->arena, &cache->env);
	if (dsad_scorer_create(&cache->scorer, &cache->arena, &model, dsad_kernel_best()) != DSAD_OK)
		elog(ERROR, "could not make a scorer");
	cache->has_toast = toast != NULL;
	cache->bytes = NULL;
	if (toast)
		cache->toast = *toast;
	else if (!cache->constant)
	{
		/* as it came (short, compressed or plain): that is what the next call will show */
		cache->bytes = MemoryContextAlloc(context, VARSIZE_ANY(value));
		memcpy(cache->bytes, value, VARSIZE_ANY(value));
	}
	cache->context = context;
	MemoryContextDelete(scratch);
	if ((struct varlena *) bytes != value)
		pfree(bytes);
}

/* The scorer of this call's model (which is not NULL), valid until the next call. */
DsadScorer *
deepsad_model_cache_get(DeepsadModelCache *cache, FunctionCallInfo fcinfo)
{
	struct varlena *value = (struct varlena *) PG_GETARG_POINTER(cache->argno);
	struct varatt_external toast;
	bool		has_toast;

	if (cache->constant && cache->context)
		return cache->scorer;
	/* expanded or indirect values have no bytes to compare */
	if (VARATT_IS_EXTERNAL(value) && !VARATT_IS_EXTERNAL_ONDISK(value))
		value = pg_detoast_datum(value);
	if (!is_cached(cache, value, &toast, &has_toast))
		fill(cache, value, has_toast ? &toast : NULL);
	return cache->scorer;
}
