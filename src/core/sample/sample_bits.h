/*
 * sample_bits.h
 *	  Numbers as bytes of a training set, the least significant first.
 */
#ifndef DSAD_SAMPLE_BITS_H
#define DSAD_SAMPLE_BITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A number in so many bytes. */
static inline void
dsad_put_fixed(uint8_t *at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (uint8_t) (value >> (8 * i));
}

static inline uint64_t
dsad_get_fixed(const uint8_t *at, int bytes)
{
	uint64_t	value = 0;

	for (int i = 0; i < bytes; i++)
		value |= (uint64_t) at[i] << (8 * i);
	return value;
}

/* A float's bits; both zeros, and every NaN, are alike. */
static inline uint32_t
dsad_float_bits(float value)
{
	uint32_t	bits;

	value += 0.0f;
	memcpy(&bits, &value, sizeof(bits));
	return value != value ? UINT32_C(0x7fc00000) : bits;
}

static inline double
dsad_double_of(uint64_t bits)
{
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline double
dsad_float_of(uint32_t bits)
{
	float		value;

	memcpy(&value, &bits, sizeof(value));
	return (double) value;
}

/* Whether a number is exact in four bytes. */
static inline bool
dsad_is_float(double value)
{
	return value != value || (double) (float) value == value;
}

#endif
