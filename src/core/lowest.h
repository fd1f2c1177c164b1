/*
 * lowest.h
 *	  The items of lowest priority of a stream: the same whatever order they come in.
 */
#ifndef DSAD_LOWEST_H
#define DSAD_LOWEST_H

#include "core/env.h"

typedef struct DsadLowestItem
{
	uint64_t	priority;
	uint32_t	slot;
} DsadLowestItem;

/* The caller keeps the items themselves, in slots 0 .. capacity - 1; all zero but the capacity: none has come. */
typedef struct DsadLowest
{
	uint32_t	capacity;		/* at least 1 */
	uint32_t	count;
	uint32_t	room;
	DsadLowestItem *item;		/* once there are `capacity`, a heap with the highest on top */
} DsadLowest;

extern DsadStatus dsad_lowest_add(DsadLowest *lowest, const DsadEnv *env, uint64_t priority, bool *kept,
								  uint32_t *slot, DsadError *error);
extern void dsad_lowest_release(DsadLowest *lowest, const DsadEnv *env);

#endif
