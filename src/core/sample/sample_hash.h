/*
 * sample_hash.h
 *	  A hash of bytes, the same on every machine: what decides which rows a training
 *	  set holds.
 */
#ifndef DSAD_SAMPLE_HASH_H
#define DSAD_SAMPLE_HASH_H

#include <stddef.h>

#include "core/hash.h"

/* Eight bytes, the least significant first whatever the machine. */
static inline uint64_t
dsad_hash_word(const uint8_t *at)
{
	uint64_t	word;

	memcpy(&word, at, sizeof(word));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

#define DSAD_HASH_LANES 4		/* four steps at a time, of which none waits for another */
#define DSAD_HASH_LONG 64		/* bytes from which on that pays */

/* Goes on from h by so many bytes, and by how many they are. */
static inline uint64_t
dsad_hash_bytes(uint64_t h, const uint8_t *at, size_t length)
{
	size_t		left = length;

	if (left >= DSAD_HASH_LONG)
	{
		uint64_t	lane[DSAD_HASH_LANES];

		for (uint64_t i = 0; i < DSAD_HASH_LANES; i++)
			lane[i] = h ^ (i * UINT64_C(0x9e3779b97f4a7c15));
		for (; left >= 8 * DSAD_HASH_LANES; left -= 8 * DSAD_HASH_LANES, at += 8 * DSAD_HASH_LANES)
			for (int i = 0; i < DSAD_HASH_LANES; i++)
				lane[i] = dsad_hash_step(lane[i], dsad_hash_word(at + 8 * i));
		for (int i = 0; i < DSAD_HASH_LANES; i++)
			h = dsad_hash_step(h, lane[i]);
	}

	for (; left >= 8; left -= 8, at += 8)
		h = dsad_hash_step(h, dsad_hash_word(at));
	if (left > 0)
	{
		uint64_t	word = 0;

		for (size_t i = 0; i < left; i++)
			word |= (uint64_t) at[i] << (8 * i);
		h = dsad_hash_step(h, word);
	}
	return dsad_hash_step(h, length);
}

/* Where a hash under a seed starts. */
static inline uint64_t
dsad_hash_seed(int64_t seed)
{
	return dsad_hash_end(dsad_hash_step(UINT64_C(0x2545f4914f6cdd1d), (uint64_t) seed));
}

/*
 * A priority: every bit depends on every bit (Stafford's mix 13, as in SplitMix64).  Never the
 * largest number, which stands for no bound.
 */
static inline uint64_t
dsad_hash_priority(uint64_t h)
{
	h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
	h ^= h >> 31;
	return h == UINT64_MAX ? h - 1 : h;
}

#endif
