/*
 * rounding.c
 *	  Whether this machine, or what plays it, rounds as IEEE 754 says: prints a hash of
 *	  a million sums, products, quotients, and roots of doubles and floats.
 *
 * An emulator that computes doubles in wider registers rounds some of them twice.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A number between 1/16 and 16 of either sign from the next bits of *state. */
static double
next(uint64_t *state)
{
	uint64_t	bits;
	double		x;

	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	bits = (*state >> 12) | (*state << 63) | (UINT64_C(1019) + (*state >> 61)) << 52;
	memcpy(&x, &bits, sizeof(x));
	return x;
}

int
main(void)
{
	uint64_t	state = 1;
	uint64_t	hash = 0;

	for (int i = 0; i < 250000; i++)
	{
		volatile double a = next(&state);
		volatile double b = next(&state);
		volatile float c = (float) a;
		volatile float d = (float) b;
		volatile double wide[4] = {a + b, a * b, a / b, sqrt(fabs(a))};
		volatile float narrow[4] = {c + d, c * d, c / d, sqrtf(fabsf(c))};

		for (int k = 0; k < 4; k++)
		{
			uint64_t	bits = 0;
			double		x = wide[k];
			float		y = narrow[k];
			uint32_t	bits32;

			memcpy(&bits, &x, sizeof(bits));
			memcpy(&bits32, &y, sizeof(bits32));
			hash = (hash ^ bits ^ (uint64_t) bits32 << 16) * UINT64_C(0x9e3779b97f4a7c15);
			hash ^= hash >> 29;
		}
	}
	printf("%016llx\n", (unsigned long long) hash);
	return 0;
}
