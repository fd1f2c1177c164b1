/*
 * reservoir.h
 *	  A uniform sample of a stream of unknown length.
 */
#ifndef DSAD_RESERVOIR_H
#define DSAD_RESERVOIR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/random.h"

/* A uniform sample of a stream: the caller keeps the items, in slots 0 .. capacity - 1. */
typedef struct DsadReservoir
{
	DsadRandom	random;
	uint64_t	capacity;
	uint64_t	seen;
} DsadReservoir;

extern void dsad_reservoir_init(DsadReservoir *reservoir, uint64_t capacity, int64_t seed);
extern bool dsad_reservoir_next(DsadReservoir *reservoir, uint64_t *slot);

#endif
