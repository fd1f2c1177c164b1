/*
 * reservoir.c
 *	  A uniform sample of a stream of unknown length (Vitter's algorithm R).
 */
#include "core/reservoir.h"

/* An empty sample of at most capacity items. */
void
dsad_reservoir_init(DsadReservoir *reservoir, uint64_t capacity, int64_t seed)
{
	dsad_random_seed(&reservoir->random, (uint64_t) seed, 0, DSAD_STREAM_RESERVOIR);
	reservoir->capacity = capacity;
	reservoir->seen = 0;
}

/* Whether the next item joins the sample, and if so where: at the end, or in place of another. */
bool
dsad_reservoir_next(DsadReservoir *reservoir, uint64_t *slot)
{
	*slot = reservoir->seen++;
	if (*slot < reservoir->capacity)
		return true;
	/* the bias of a modulo by less than 2^40 is below one in ten million */
	*slot = dsad_random_next(&reservoir->random) % reservoir->seen;
	return *slot < reservoir->capacity;
}
