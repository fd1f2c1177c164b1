/*
 * fail_malloc.c
 *	  For tests: the n-th request for memory of a process fails.
 *
 * Loaded into the server with LD_PRELOAD, so that every malloc of the process is
 * ours: those of the server's memory contexts, of the C library, of OpenBLAS.  The
 * same file gives the SQL functions that say which request fails.
 */
#include "postgres.h"

#include <errno.h>

#include "fmgr.h"

PG_MODULE_MAGIC;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);

/* Requests until one fails; 0 = none will. */
static volatile long countdown = 0;
static volatile long requests = 0;

/* Whether this request is the one. */
static bool
fails(void)
{
	__atomic_fetch_add(&requests, 1, __ATOMIC_RELAXED);
	if (countdown == 0 || __atomic_sub_fetch(&countdown, 1, __ATOMIC_RELAXED) != 0)
		return false;
	errno = ENOMEM;
	return true;
}

__attribute__((visibility("default"))) void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

__attribute__((visibility("default"))) void *
calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

__attribute__((visibility("default"))) void *
realloc(void *pointer, size_t size)
{
	return fails() ? NULL : __libc_realloc(pointer, size);
}

extern PGDLLEXPORT Datum fail_malloc(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum mallocs(PG_FUNCTION_ARGS);
PG_FUNCTION_INFO_V1(fail_malloc);
PG_FUNCTION_INFO_V1(mallocs);

/* fail_malloc(n bigint) -> void: the n-th request from now on fails, 0 = none */
Datum
fail_malloc(PG_FUNCTION_ARGS)
{
	countdown = (long) PG_GETARG_INT64(0);
	PG_RETURN_VOID();
}

/* mallocs() -> bigint: requests so far */
Datum
mallocs(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) requests);
}
