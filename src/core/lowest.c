/*
 * lowest.c
 *	  The items of lowest priority of a stream (bottom-k sampling; Cohen and Kaplan, 2007).
 *	  Items of one priority must be the same, or it is arrival that decides between them.
 */
#include "core/lowest.h"

#include <string.h>

#define FIRST_ROOM 64

/* Lets item i sink to where it belongs. */
static void
sink(DsadLowest *lowest, uint32_t i)
{
	DsadLowestItem item = lowest->item[i];

	for (;;)
	{
		size_t		child = 2 * (size_t) i + 1;

		if (child + 1 < lowest->count && lowest->item[child].priority < lowest->item[child + 1].priority)
			child++;
		if (child >= lowest->count || item.priority >= lowest->item[child].priority)
			break;
		lowest->item[i] = lowest->item[child];
		i = (uint32_t) child;
	}
	lowest->item[i] = item;
}

static DsadStatus
make_room(DsadLowest *lowest, const DsadEnv *env, DsadError *error)
{
	uint64_t	room = lowest->room ? 2 * (uint64_t) lowest->room : FIRST_ROOM;
	void	   *item;

	if (lowest->count < lowest->room)
		return DSAD_OK;
	if (room > lowest->capacity)
		room = lowest->capacity;
	item = env->resize(env->ctx, lowest->item, (size_t) room * sizeof(DsadLowestItem));
	if (item == NULL)
		return dsad_no_memory(error);
	lowest->item = item;
	lowest->room = (uint32_t) room;
	return DSAD_OK;
}

/* Whether the next item is kept, and if so in which slot: the next one, or that of an item that goes. */
DsadStatus
dsad_lowest_add(DsadLowest *lowest, const DsadEnv *env, uint64_t priority, bool *kept, uint32_t *slot, DsadError *error)
{
	DsadStatus	status;

	*kept = lowest->count < lowest->capacity || priority < lowest->item[0].priority;
	if (!*kept)
		return DSAD_OK;
	if (lowest->count == lowest->capacity)
	{
		*slot = lowest->item[0].slot;
		lowest->item[0].priority = priority;
		sink(lowest, 0);
		return DSAD_OK;
	}
	status = make_room(lowest, env, error);
	if (status != DSAD_OK)
		return status;
	*slot = lowest->count;
	lowest->item[lowest->count++] = (DsadLowestItem) {priority, *slot};
	if (lowest->count == lowest->capacity)
		for (uint32_t i = lowest->count / 2; i-- > 0;)
			sink(lowest, i);
	return DSAD_OK;
}

/* Gives back its memory. */
void
dsad_lowest_release(DsadLowest *lowest, const DsadEnv *env)
{
	if (lowest->item)
		env->release(env->ctx, lowest->item);
	memset(lowest, 0, sizeof(*lowest));
}
