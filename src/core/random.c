/*
 * random.c
 *	  xoshiro256++ (Blackman and Vigna, 2019) seeded through splitmix64.
 */
#include "core/random.h"

/* One step of splitmix64: advances *x and returns a well mixed number. */
static uint64_t
splitmix(uint64_t *x)
{
	uint64_t	z = (*x += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t
rotate(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

/* Starts the stream named by seed, member and purpose. */
void
dsad_random_seed(DsadRandom *random, uint64_t seed, uint32_t member, DsadStream stream)
{
	uint64_t	x = seed;

	/* Mix the name in two steps: nearby seeds and members must not give overlapping states. */
	x = splitmix(&x) ^ (((uint64_t) member << 8) | (uint64_t) stream);
	for (int i = 0; i < 4; i++)
		random->state[i] = splitmix(&x);
}

/* The next 64 random bits. */
uint64_t
dsad_random_next(DsadRandom *random)
{
	uint64_t   *s = random->state;
	uint64_t	result = rotate(s[0] + s[3], 23) + s[0];
	uint64_t	t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

/* Uniform in [low, high), 24 random bits. */
float
dsad_random_uniform(DsadRandom *random, float low, float high)
{
	float		unit = (float) (dsad_random_next(random) >> 40) * 0x1p-24f;

	return low + (high - low) * unit;
}

/*
 * Uniform in 0 .. bound - 1, without bias; bound > 0.  Multiplies instead of
 * dividing (Lemire, 2019).
 */
uint32_t
dsad_random_below(DsadRandom *random, uint32_t bound)
{
	uint64_t	product = (dsad_random_next(random) >> 32) * bound;

	if ((uint32_t) product < bound)
	{
		uint32_t	least = -bound % bound;

		while ((uint32_t) product < least)
			product = (dsad_random_next(random) >> 32) * bound;
	}
	return (uint32_t) (product >> 32);
}
