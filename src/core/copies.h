/*
 * copies.h
 *	  How often equal rows have come, by their hashes.
 */
#ifndef DSAD_COPIES_H
#define DSAD_COPIES_H

#include "core/env.h"

/* Different rows that are counted at most: 72 MB while the table grows, 48 MB then. */
#define DSAD_MAX_COPIES ((uint32_t) 3 << 20)

/* A hash table; all zero: none has come. */
typedef struct DsadCopies
{
	uint32_t	count;			/* different rows */
	uint32_t	slots;			/* a power of two */
	uint64_t   *hash;
	uint32_t   *number;			/* of each row's copies; 0 = the slot is free */
} DsadCopies;

extern DsadStatus dsad_copies_add(DsadCopies *copies, const DsadEnv *env, uint64_t hash, uint32_t *number,
								  DsadError *error);
extern void dsad_copies_release(DsadCopies *copies, const DsadEnv *env);

#endif
