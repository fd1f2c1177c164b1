/*
 * core_env.c
 *	  Memory, interrupts, checksums and errors for the core.
 */
#include "pg/pg_compat.h"

#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "utils/memutils.h"

#include "pg/core_env.h"

/* Sizes may pass 1 GB; does not return when memory runs out. */
static void *
env_alloc(void *ctx, size_t size)
{
	CHECK_FOR_INTERRUPTS();
	return MemoryContextAllocHuge((MemoryContext) ctx, size);
}

static void *
env_resize(void *ctx, void *ptr, size_t size)
{
	CHECK_FOR_INTERRUPTS();
	return ptr ? repalloc_huge(ptr, size) : MemoryContextAllocHuge((MemoryContext) ctx, size);
}

static void
env_release(void *ctx, void *ptr)
{
	pfree(ptr);
}

/* Does not return when the statement was canceled: the core holds nothing but our memory. */
static int
env_poll(void *ctx)
{
	CHECK_FOR_INTERRUPTS();
	return 0;
}

static uint32_t
env_crc32c(const void *data, size_t length)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, data, length);
	FIN_CRC32C(crc);
	return crc;
}

/* An environment whose memory comes from context. */
void
deepsad_env_init(DsadEnv *env, MemoryContext context)
{
	env->alloc = env_alloc;
	env->resize = env_resize;
	env->release = env_release;
	env->poll = env_poll;
	env->report = NULL;
	env->report_ctx = NULL;
	env->crc32c = env_crc32c;
	env->ctx = context;
}

static int
error_code(DsadStatus status)
{
	switch (status)
	{
		case DSAD_CANCELED:
			return ERRCODE_QUERY_CANCELED;
		case DSAD_NO_MEMORY:
			return ERRCODE_OUT_OF_MEMORY;
		case DSAD_BAD_OPTION:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case DSAD_TOO_LARGE:
			return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
		case DSAD_NO_MODEL:
		case DSAD_CORRUPT:
			return ERRCODE_INVALID_BINARY_REPRESENTATION;
		case DSAD_NEWER_FORMAT:
		case DSAD_OLDER_FORMAT:
			return ERRCODE_FEATURE_NOT_SUPPORTED;
		case DSAD_BAD_DATA:
		case DSAD_NO_ELIGIBLE_ROWS:
		case DSAD_DIVERGED:
			return ERRCODE_DATA_EXCEPTION;
		case DSAD_OK:
			break;
	}
	return ERRCODE_INTERNAL_ERROR;
}

/* What to do about it: the core's own hint or, where SQL is the answer, ours; NULL = nothing. */
static const char *
error_hint(const DsadError *error)
{
	if (error->hint[0])
		return error->hint;
	switch (error->status)
	{
		case DSAD_NO_MODEL:
			return "A model is the value that deepsad_train returned: (SELECT model FROM ...).";
		case DSAD_CORRUPT:
			return "The value may have been damaged or cut short.";
		case DSAD_NEWER_FORMAT:
			return "Install a newer version of deepsad, then run ALTER EXTENSION deepsad UPDATE.";
		case DSAD_OLDER_FORMAT:
			return "Versions before 1.0 made it: train the model again.";
		default:
			return NULL;
	}
}

/* Reports the core's error. */
DEEPSAD_NORETURN static void
raise_error(const DsadError *error)
{
	const char *hint = error_hint(error);

	ereport(ERROR,
			(errcode(error_code(error->status)),
			 errmsg("%s", error->message),
			 hint ? errhint("%s", hint) : 0));
}

/* Reports the core's error unless status is DSAD_OK. */
void
deepsad_check(DsadStatus status, const DsadError *error)
{
	if (status != DSAD_OK)
		raise_error(error);
}
