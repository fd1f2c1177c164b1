/*
 * kernel_level.h
 *	  The kernels at one level; kernel.c includes it once for each, with
 *	  LEVEL (name suffix), TARGET (function attribute), WIDTH (floats in a
 *	  vector, 1 = scalar), SQRT (of a vector), WIDEN (floats at an address to a
 *	  vector of doubles) and, unless scalar, NARROWER (the LEVEL that takes what is
 *	  less than a vector wide) defined.  No include
 *	  guard on purpose.
 */
#define PASTE2(a, b) a##_##b
#define PASTE(a, b) PASTE2(a, b)
#define NAME(x) PASTE(x, LEVEL)
#define vec NAME(vec)
#define loadv NAME(loadv)
#define storev NAME(storev)
#define splat NAME(splat)
#define leaky_slope NAME(leaky_slope)
#define leaky NAME(leaky)
#define INLINE static inline __attribute__((always_inline)) TARGET

#if WIDTH == 1
typedef float vec;
#else
typedef float vec __attribute__((vector_size(WIDTH * 4)));
#define mask NAME(mask)
typedef int32_t mask __attribute__((vector_size(WIDTH * 4)));
#endif

INLINE vec
loadv(const float *p)
{
	vec			v;

	memcpy(&v, p, sizeof(v));
	return v;
}

INLINE void
storev(float *p, vec v)
{
	memcpy(p, &v, sizeof(v));
}

/* All lanes x.  Subtracting zero, not adding it, keeps the sign of -0. */
INLINE vec
splat(float x)
{
	vec			zero = loadv(zeros);

	return x - zero;
}

/* v times leaky ReLU's slope at `at`, lane by lane; NaN counts as positive, because no comparison holds for it. */
INLINE vec
leaky_slope(vec v, vec at)
{
#if WIDTH == 1
	return at < 0 ? v * DSAD_LEAKY_SLOPE : v;
#else
	vec			negative = v * DSAD_LEAKY_SLOPE;
	mask		below = at < loadv(zeros);
	mask		result;
	mask		whole;
	mask		scaled;

	memcpy(&whole, &v, sizeof(v));
	memcpy(&scaled, &negative, sizeof(v));
	result = (below & scaled) | (~below & whole);
	memcpy(&v, &result, sizeof(v));
	return v;
#endif
}

/* Leaky ReLU lane by lane. */
INLINE vec
leaky(vec v)
{
	return leaky_slope(v, v);
}

#include "core/kernel/kernel_score.h"
#include "core/kernel/kernel_explain.h"
#include "core/kernel/kernel_train.h"

#undef INLINE
#undef leaky_slope
#undef leaky
#undef splat
#undef storev
#undef loadv
#undef vec
#undef mask
#undef NAME
#undef PASTE
#undef PASTE2
#undef LEVEL
#undef NARROWER
#undef TARGET
#undef WIDTH
#undef SQRT
#undef WIDEN
