/*
 * model_bytes.c
 *	  Models as SQL values.
 */
#include "pg/pg_compat.h"

#include "access/detoast.h"

#include "model/model_bytes.h"
#include "pg/core_env.h"
#include "pg/version_check.h"

/*
 * Decodes a model into context, with an environment and arena there; or raises the error.
 * encoder: the model's, if it was read before, else NULL.
 */
void
deepsad_model_decode(DsadModel *model, const DsadEncoder *encoder, DsadArena *arena, DsadEnv *env,
					 MemoryContext context, bytea *bytes)
{
	DsadError	error;

	deepsad_check_versions();
	deepsad_env_init(env, context);
	dsad_arena_init(arena, env);
	deepsad_check(dsad_model_decode_rest(model, encoder, arena, arena, (const uint8_t *) VARDATA_ANY(bytes),
										 VARSIZE_ANY_EXHDR(bytes), &error),
				  &error);
}

/* The same of a whole model, without an error: false when the bytes are no model. */
bool
deepsad_model_try_decode(DsadModel *model, DsadArena *arena, DsadEnv *env, MemoryContext context, bytea *bytes)
{
	DsadError	error;

	deepsad_env_init(env, context);
	dsad_arena_init(arena, env);
	return dsad_model_decode(model, arena, (const uint8_t *) VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
							 &error) == DSAD_OK;
}

/* A copy of a model as it is stored, in context; what it is stored in elsewhere in memory becomes part of it. */
struct varlena *
deepsad_model_keep(struct varlena *model, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	struct varlena *copy;

	if (VARATT_IS_EXTERNAL(model) && !VARATT_IS_EXTERNAL_ONDISK(model))
		copy = pg_detoast_datum_copy(model);
	else
	{
		copy = palloc(VARSIZE_ANY(model));
		memcpy(copy, model, VARSIZE_ANY(model));
	}
	MemoryContextSwitchTo(old);
	return copy;
}

/* Whether two models, as they are stored, are the same value, which may be stored in two ways. */
static bool
same_model(struct varlena *a, struct varlena *b)
{
	if (VARSIZE_ANY(a) == VARSIZE_ANY(b) && memcmp(a, b, VARSIZE_ANY(a)) == 0)
		return true;
	a = pg_detoast_datum_packed(a);
	b = pg_detoast_datum_packed(b);
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		   memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* Fails unless a row's model is that of its group; both as they are stored. */
void
deepsad_check_group_model(struct varlena *model, struct varlena *of_group)
{
	if (!same_model(model, of_group))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model differs between rows of one group"),
				 errhint("Give the same model for every row of a group, or group by it.")));
}

/* The model as bytes, in the current context. */
bytea *
deepsad_model_encode(const DsadModel *model)
{
	DsadEnv		env;
	DsadError	error;
	uint8_t    *bytes;
	size_t		size;

	deepsad_env_init(&env, CurrentMemoryContext);
	deepsad_check(dsad_model_encode(model, &env, VARHDRSZ, &bytes, &size, &error), &error);
	bytes = repalloc(bytes, size);
	SET_VARSIZE(bytes, size);
	return (bytea *) bytes;
}
