/*
 * digest.h
 *	  What tells whether two trainings had the same rows: sums of hashes, the same in
 *	  whatever order the rows come.  No protection against forgers.
 */
#ifndef DSAD_DIGEST_H
#define DSAD_DIGEST_H

#include "core/hash.h"

/* All zero: of no rows, or not known. */
typedef struct DsadDigest
{
	uint64_t	rows;			/* of their content */
	uint64_t	labels;			/* of content and label */
} DsadDigest;

/* Adds `count` equal rows, whose content has that hash. */
static inline void
dsad_digest_add(DsadDigest *digest, uint64_t hash, int8_t label, uint64_t count)
{
	digest->rows += hash * count;
	digest->labels += dsad_hash_end(dsad_hash_step(hash, (uint64_t) (label + 2))) * count;
}

#endif
