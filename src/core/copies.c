/*
 * copies.c
 *	  How often equal rows have come, by their hashes.
 */
#include "core/copies.h"

#include <string.h>

#include "core/hash.h"

#define FIRST_SLOTS 64

/* The slot of a hash, or a free one. */
static uint32_t
find_slot(const DsadCopies *copies, uint64_t hash)
{
	uint32_t	at = dsad_hash_place(hash, copies->hash) & (copies->slots - 1);

	while (copies->number[at] != 0 && copies->hash[at] != hash)
		at = (at + 1) & (copies->slots - 1);
	return at;
}

/* A table with so many slots. */
static DsadStatus
rehash(DsadCopies *copies, const DsadEnv *env, uint32_t slots, DsadError *error)
{
	DsadCopies	larger = {copies->count, slots, NULL, NULL};

	larger.hash = env->alloc(env->ctx, slots * sizeof(uint64_t));
	larger.number = larger.hash ? env->alloc(env->ctx, slots * sizeof(uint32_t)) : NULL;
	if (larger.number == NULL)
	{
		if (larger.hash)
			env->release(env->ctx, larger.hash);
		return dsad_no_memory(error);
	}
	memset(larger.number, 0, slots * sizeof(uint32_t));
	for (uint32_t i = 0; i < copies->slots; i++)
		if (copies->number[i] != 0)
		{
			uint32_t	at = find_slot(&larger, copies->hash[i]);

			larger.hash[at] = copies->hash[i];
			larger.number[at] = copies->number[i];
		}
	dsad_copies_release(copies, env);
	*copies = larger;
	return DSAD_OK;
}

/* Another row with that hash; number: how many of them have come now. */
DsadStatus
dsad_copies_add(DsadCopies *copies, const DsadEnv *env, uint64_t hash, uint32_t *number, DsadError *error)
{
	uint32_t	at;

	if (4 * ((uint64_t) copies->count + 1) > 3 * (uint64_t) copies->slots)
	{
		DsadStatus	status = rehash(copies, env, copies->slots ? 2 * copies->slots : FIRST_SLOTS, error);

		if (status != DSAD_OK)
			return status;
	}
	at = find_slot(copies, hash);
	if (copies->number[at] == 0)
	{
		copies->hash[at] = hash;
		copies->count++;
	}
	if (copies->number[at] < UINT32_MAX)
		copies->number[at]++;
	*number = copies->number[at];
	return DSAD_OK;
}

/* Gives back its memory. */
void
dsad_copies_release(DsadCopies *copies, const DsadEnv *env)
{
	if (copies->hash)
		env->release(env->ctx, copies->hash);
	if (copies->number)
		env->release(env->ctx, copies->number);
	memset(copies, 0, sizeof(*copies));
}
