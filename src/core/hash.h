/*
 * hash.h
 *	  Hashes of rows: 64 bits that go on step by step, number by number.
 */
#ifndef DSAD_HASH_H
#define DSAD_HASH_H

#include <stdint.h>
#include <string.h>

/* A number's bits; both zeros, and every NaN, are alike. */
static inline uint64_t
dsad_number_bits(double value)
{
	uint64_t	bits;

	value += 0.0;
	memcpy(&bits, &value, sizeof(bits));
	return value != value ? UINT64_C(0x7ff8000000000000) : bits;
}

/* Goes on from h; the multiplier of Evensen's rrmxmx (2018). */
static inline uint64_t
dsad_hash_step(uint64_t h, uint64_t bits)
{
	h = (h ^ bits) * UINT64_C(0x9fb21c651e98df25);
	return h ^ (h >> 32);
}

/* Mixes the last step's bits; the multiplier of Degski's 64-bit mixer. */
static inline uint64_t
dsad_hash_end(uint64_t h)
{
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ (h >> 32);
}

/*
 * Where a hash goes in a table, whose address is the secret: rows' hashes are known, and somebody may send rows whose
 * hashes are alike in some bits.
 */
static inline uint32_t
dsad_hash_place(uint64_t hash, const void *table)
{
	return (uint32_t) dsad_hash_end(dsad_hash_step((uint64_t) (uintptr_t) table, hash));
}

#endif
