/*
 * env.c
 *	  The arena allocator, polling and error texts.
 */
#include "core/env.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/port.h"

/* Blocks for small pieces double from one size to the other: small models stay small. */
#define FIRST_BLOCK_SIZE ((size_t) 2 << 10)
#define LAST_BLOCK_SIZE ((size_t) 64 << 10)
#define SMALL_ALIGN 16
#define CLEAR_SIZE ((size_t) 16 << 20)	/* so many bytes are cleared between two polls */

struct DsadArenaBlock
{
	DsadArenaBlock *next;
};

/* An empty arena over env, which must outlive it. */
void
dsad_arena_init(DsadArena *arena, const DsadEnv *env)
{
	arena->env = env;
	arena->blocks = NULL;
	arena->used = 0;
	arena->size = 0;
	arena->next_size = FIRST_BLOCK_SIZE;
}

/* Clears size bytes and returns them; NULL when canceled meanwhile. */
static void *
clear(const DsadEnv *env, uintptr_t start, size_t size)
{
	for (size_t at = 0; at < size; at += CLEAR_SIZE)
	{
		if (at > 0 && env->poll(env->ctx) != 0)
			return NULL;
		memset((char *) start + at, 0, size - at < CLEAR_SIZE ? size - at : CLEAR_SIZE);
	}
	return (void *) start;
}

/* The first address from `at` on that a piece of so many bytes may have: a cache line is not worth its room for a few.
 */
static uintptr_t
aligned(uintptr_t at, size_t size)
{
	uintptr_t	mask = (size < DSAD_ALIGN ? SMALL_ALIGN : DSAD_ALIGN) - 1;

	return (at + mask) & ~mask;
}

/*
 * size bytes, zeroed, aligned to DSAD_ALIGN if there are so many; NULL when out of memory.
 * What is large gets a block of its own, and small pieces go on filling theirs.
 */
void *
dsad_arena_alloc(DsadArena *arena, size_t size)
{
	size_t		rounded;
	size_t		block_size;
	bool		large;
	DsadArenaBlock *block;
	uintptr_t	start;

	/* what aligning may cost, too */
	if (!dsad_add_size(size, DSAD_ALIGN, &rounded))
		return NULL;
	if (arena->blocks != NULL && rounded <= arena->size - arena->used)
	{
		start = aligned((uintptr_t) arena->blocks + arena->used, size);
		arena->used = start - (uintptr_t) arena->blocks + size;
		return clear(arena->env, start, size);
	}
	large = rounded > arena->next_size / 4;
	/* room for the link */
	if (!dsad_add_size(large ? rounded : arena->next_size, DSAD_ALIGN, &block_size))
		return NULL;
	block = arena->env->alloc(arena->env->ctx, block_size);
	if (block == NULL)
		return NULL;
	start = aligned((uintptr_t) (block + 1), size);
	if (large && arena->blocks != NULL)
	{
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	}
	else
	{
		block->next = arena->blocks;
		arena->blocks = block;
		arena->used = start - (uintptr_t) block + size;
		arena->size = block_size;
		if (arena->next_size < LAST_BLOCK_SIZE)
			arena->next_size *= 2;
	}
	return clear(arena->env, start, size);
}

/* count elements of size bytes, as dsad_arena_alloc. */
void *
dsad_arena_array(DsadArena *arena, size_t count, size_t size)
{
	size_t		bytes;

	if (!dsad_mul_size(count, size, &bytes))
		return NULL;
	return dsad_arena_alloc(arena, bytes);
}

/* Gives everything back to the environment. */
void
dsad_arena_release(DsadArena *arena)
{
	while (arena->blocks != NULL)
	{
		DsadArenaBlock *block = arena->blocks;

		arena->blocks = block->next;
		arena->env->release(arena->env->ctx, block);
	}
	arena->used = 0;
	arena->size = 0;
}

/* Fills *error and returns status; hint may be NULL. */
DsadStatus
dsad_fail(DsadError *error, DsadStatus status, const char *hint, const char *format, ...)
{
	va_list		arguments;

	error->status = status;
	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	snprintf(error->hint, sizeof(error->hint), "%s", hint ? hint : "");
	return status;
}

/* What a finished piece of watched work is worth. */
DsadStatus
dsad_watch_status(const DsadWatch *watch, DsadError *error)
{
	if (watch->canceled)
		return dsad_fail(error, DSAD_CANCELED, NULL, "canceled");
	return DSAD_OK;
}

/* Asks the environment whether to go on. */
DsadStatus
dsad_poll(const DsadEnv *env, DsadError *error)
{
	if (env->poll(env->ctx) != 0)
		return dsad_fail(error, DSAD_CANCELED, NULL, "canceled");
	return DSAD_OK;
}
