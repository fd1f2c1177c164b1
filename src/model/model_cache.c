/*
 * model_cache.c
 *	  Models made ready for scoring: one held by each call site, and all that the
 *	  session used lately, within deepsad.model_cache_size.
 *
 * A model is recognized by what cannot lie: the call's argument is a literal, or
 * it has the same TOAST identity and the same first bytes, or all its bytes are
 * equal.  Never by address (per-row memory is reused), never by a digest that a
 * caller could forge, and never by get_fn_expr_arg_stable, which also calls a
 * PL/pgSQL variable stable while it changes.
 */
#include "pg/pg_compat.h"

#include "access/detoast.h"
#include "common/hashfn.h"
#include "lib/ilist.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "pg/core_env.h"
#include "pg/version_check.h"
#include "model/model_bytes.h"
#include "model/model_cache.h"

#define HEADER_BYTES 64			/* hold the model's checksum and length */

typedef struct CachedModel
{
	dlist_node	recent;			/* in `models`, latest use first */
	struct CachedModel *next;	/* with the same fingerprint */
	uint64		fingerprint;
	MemoryContext context;		/* of all of this */
	Size		size;
	int			pins;			/* call sites that hold it */
	DsadEnv		env;
	DsadArena	arena;
	DsadScorer *scorer;
	void	   *scratch;		/* to score one row */

	/* How it is recognized: by TOAST identity ... */
	bool		toasted;
	struct varatt_external toast;
	char		header[HEADER_BYTES];
	LocalTransactionId verified;	/* the transaction in which header was compared */

	/* ... or by its bytes as they were stored: short, compressed or plain. */
	struct varlena *bytes;
} CachedModel;

/* All cached models with one fingerprint. */
typedef struct Bucket
{
	uint64		fingerprint;
	CachedModel *first;
} Bucket;

struct DeepsadModelRef
{
	int			argno;
	bool		literal;		/* the argument is a constant of the query */
	CachedModel *model;			/* pinned; NULL before the first call */
	uint64		changes;		/* how often that was another one */
	MemoryContextCallback callback;
};

static int	model_cache_size = 65536;	/* kB */
static MemoryContext cache_context = NULL;
static HTAB *by_fingerprint = NULL;
static dlist_head models = DLIST_STATIC_INIT(models);
static Size total = 0;			/* bytes of all models */

/* Defines the configuration parameter. */
void
deepsad_model_cache_init(void)
{
	DefineCustomIntVariable("deepsad.model_cache_size",
							"Sets the memory for models that were made ready for scoring.",
							"Models in use are kept even above it.",
							&model_cache_size, 65536, 0, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
}

static void
forget(CachedModel *model)
{
	Bucket	   *bucket = hash_search(by_fingerprint, &model->fingerprint, HASH_FIND, NULL);
	CachedModel **link = &bucket->first;

	while (*link != model)
		link = &(*link)->next;
	*link = model->next;
	if (bucket->first == NULL)
		hash_search(by_fingerprint, &model->fingerprint, HASH_REMOVE, NULL);
	dlist_delete(&model->recent);
	total -= model->size;
	MemoryContextDelete(model->context);
}

/* Forgets the models that were not used for longest until the rest fits; those in use stay. */
static void
shrink(void)
{
	dlist_node *node = total > (Size) model_cache_size * 1024 && !dlist_is_empty(&models) ?
						   dlist_tail_node(&models) :
						   NULL;

	while (node && total > (Size) model_cache_size * 1024)
	{
		CachedModel *model = dlist_container(CachedModel, recent, node);

		node = dlist_has_prev(&models, node) ? dlist_prev_node(&models, node) : NULL;
		if (model->pins == 0)
			forget(model);
	}
}

/* Lets go of a call site's model; also when the call site's memory goes. */
static void
unpin(void *arg)
{
	DeepsadModelRef *ref = arg;

	if (ref->model == NULL)
		return;
	ref->model->pins--;
	ref->model = NULL;
	shrink();
}

/* Lets go of the model; the hold itself can be used again. */
void
deepsad_model_ref_release(DeepsadModelRef *ref)
{
	unpin(ref);
}

/* Scratch memory to score one row with the model that was got last. */
void *
deepsad_model_ref_scratch(const DeepsadModelRef *ref)
{
	return ref->model->scratch;
}

/* Differs when the model is not the one that it was. */
uint64
deepsad_model_ref_changes(const DeepsadModelRef *ref)
{
	return ref->changes;
}

static void
pin(DeepsadModelRef *ref, CachedModel *model)
{
	model->pins++;
	unpin(ref);
	ref->model = model;
	ref->changes++;
	dlist_move_head(&models, &model->recent);
}

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

/* A hold on the model in argument argno; lives as long as the call site. */
DeepsadModelRef *
deepsad_model_ref_create(FunctionCallInfo fcinfo, int argno)
{
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	DeepsadModelRef *ref = MemoryContextAllocZero(context, sizeof(DeepsadModelRef));

	deepsad_check_versions();
	ref->argno = argno;
	ref->literal = argument_is_literal(fcinfo, argno);
	ref->callback.func = unpin;
	ref->callback.arg = ref;
	MemoryContextRegisterResetCallback(context, &ref->callback);
	shrink();					/* the setting may have been lowered */
	return ref;
}

/* Whether value, as stored, is this model; for a TOASTed one, by its identity alone. */
static inline bool
is_model(const CachedModel *model, const struct varlena *value)
{
	if (VARATT_IS_EXTERNAL(value))
		return model->toasted &&
			   memcmp(VARDATA_EXTERNAL(value), &model->toast, sizeof(model->toast)) == 0;
	return !model->toasted && VARSIZE_ANY(value) == VARSIZE_ANY(model->bytes) &&
		   memcmp(value, model->bytes, VARSIZE_ANY(value)) == 0;
}

/* What models are looked up by; says nothing about equality. */
static uint64
fingerprint(const struct varlena *value)
{
	if (VARATT_IS_EXTERNAL(value))
		return hash_bytes_extended((const unsigned char *) VARDATA_EXTERNAL(value),
								   sizeof(struct varatt_external), 0);
	return hash_bytes_extended((const unsigned char *) value,
							   Min(VARSIZE_ANY(value), 4 * HEADER_BYTES), VARSIZE_ANY(value));
}

/*
 * Whether a model found by TOAST identity still is that value.  The server may
 * give the identity of a deleted value to a new one, after four billion others,
 * so each transaction compares the first bytes once.
 */
static bool
verify(CachedModel *model, const struct varlena *value)
{
	struct varlena *header;
	bool		same;

	if (!model->toasted || model->verified == DEEPSAD_LOCAL_TRANSACTION)
		return true;
	header = pg_detoast_datum_slice((struct varlena *) value, 0, HEADER_BYTES);
	same = VARSIZE_ANY_EXHDR(header) == HEADER_BYTES &&
		   memcmp(VARDATA_ANY(header), model->header, HEADER_BYTES) == 0;
	pfree(header);
	if (same)
		model->verified = DEEPSAD_LOCAL_TRANSACTION;
	return same;
}

/* The cached model that value is, or NULL. */
static CachedModel *
find(const struct varlena *value, uint64 print)
{
	Bucket	   *bucket = by_fingerprint ? hash_search(by_fingerprint, &print, HASH_FIND, NULL) : NULL;

	for (CachedModel *model = bucket ? bucket->first : NULL; model; model = model->next)
		if (is_model(model, value) && verify(model, value))
			return model;
	return NULL;
}

static void
create_cache(void)
{
	HASHCTL		control = {0};

	cache_context = AllocSetContextCreate(TopMemoryContext, "deepsad model cache", ALLOCSET_SMALL_SIZES);
	control.keysize = sizeof(uint64);
	control.entrysize = sizeof(Bucket);
	control.hcxt = cache_context;
	by_fingerprint = hash_create("deepsad models", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Makes a model ready and puts it into the cache.  Until it is whole it lives in
 * the caller's memory, so that an error or a cancel leaves nothing behind.
 */
static CachedModel *
load(struct varlena *value, uint64 print)
{
	bytea	   *bytes = (bytea *) pg_detoast_datum_packed(value);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "deepsad model",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "deepsad decoding",
												  ALLOCSET_DEFAULT_SIZES);
	CachedModel *cached = MemoryContextAllocZero(context, sizeof(CachedModel));
	DsadEnv		env;
	DsadArena	members;
	DsadModel	model;
	DsadError	error;
	Bucket	   *bucket;
	bool		found;

	deepsad_env_init(&cached->env, context);
	dsad_arena_init(&cached->arena, &cached->env);
	deepsad_env_init(&env, scratch);
	dsad_arena_init(&members, &env);
	deepsad_check(dsad_model_decode_for_scoring(&model, &cached->arena, &members, (const uint8_t *) VARDATA_ANY(bytes),
												VARSIZE_ANY_EXHDR(bytes), &error),
				  &error);
	cached->toasted = VARATT_IS_EXTERNAL(value);
	Assert(VARSIZE_ANY_EXHDR(bytes) >= HEADER_BYTES);
	if (cached->toasted)
		memcpy(cached->header, VARDATA_ANY(bytes), HEADER_BYTES);
	/* the scorer can have this memory: untouched pages are dear in a new session */
	if ((struct varlena *) bytes != value)
		pfree(bytes);
	deepsad_check(dsad_scorer_create(&cached->scorer, &cached->arena, &model, dsad_kernel_best(), &error), &error);
	cached->scratch = MemoryContextAllocHuge(context, dsad_scorer_scratch(cached->scorer, 1));
	MemoryContextDelete(scratch);

	if (cached->toasted)
	{
		memcpy(&cached->toast, VARDATA_EXTERNAL(value), sizeof(cached->toast));
		cached->verified = DEEPSAD_LOCAL_TRANSACTION;
	}
	else
	{
		cached->bytes = MemoryContextAlloc(context, VARSIZE_ANY(value));
		memcpy(cached->bytes, value, VARSIZE_ANY(value));
	}

	if (by_fingerprint == NULL)
		create_cache();
	bucket = hash_search(by_fingerprint, &print, HASH_ENTER, &found);
	if (!found)
		bucket->first = NULL;
	/* nothing fails from here on */
	cached->fingerprint = print;
	cached->next = bucket->first;
	bucket->first = cached;
	dlist_push_head(&models, &cached->recent);
	MemoryContextSetParent(context, cache_context);
	cached->context = context;
	cached->size = MemoryContextMemAllocated(context, true);
	total += cached->size;
	return cached;
}

/* The scorer of this call's model (which is not NULL), valid until the next call. */
const DsadScorer *
deepsad_model_ref_get(DeepsadModelRef *ref, FunctionCallInfo fcinfo)
{
	struct varlena *value;
	CachedModel *model;
	uint64		print;

	if (ref->literal && ref->model)
		return ref->model->scorer;
	value = (struct varlena *) PG_GETARG_POINTER(ref->argno);
	/* expanded or indirect values have no bytes to compare */
	if (unlikely(VARATT_IS_EXTERNAL(value) && !VARATT_IS_EXTERNAL_ONDISK(value)))
		value = pg_detoast_datum(value);
	if (ref->model && is_model(ref->model, value))
		return ref->model->scorer;
	print = fingerprint(value);
	model = find(value, print);
	if (model == NULL)
		model = load(value, print);
	pin(ref, model);
	return model->scorer;
}
