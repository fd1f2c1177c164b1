/*
 * kernel_level.h
 *	  The kernels at one level.  Each level is a file, kernel_*.c, that includes this
 *	  one once, with KERNEL (the table's name), KERNEL_NAME (for people), WIDTH
 *	  (floats in a vector, 1 = scalar) and, unless scalar, NARROWER (the level that
 *	  scales what is less than half a vector) defined, and MULTIPLY_ADD where the level has
 *	  an instruction for multiply_add.  No include guard on purpose.
 *
 * Vectors are the compiler's own (GCC and clang), not one CPU's: lane by lane they
 * are the scalar's operations, so a level can only differ from another in the order
 * of its sums, and that order is laid down in kernel.h.
 */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "core/kernel/kernel.h"

#define INLINE static inline __attribute__((always_inline))

/* Before a loop whose count is known at compile time: its arrays are registers only when unrolled. */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 8")
#else
#define UNROLL
#endif

/* Vectors of WIDTH floats, and of half as many floats and doubles; masks have all bits of a lane set, or none. */
#if WIDTH == 1
#define DOUBLES 1
typedef float vec;
typedef float half_vec;
typedef double doubles;
typedef int flags;
#else
#define DOUBLES (WIDTH / 2)
typedef float vec __attribute__((vector_size(WIDTH * 4)));
typedef int32_t mask __attribute__((vector_size(WIDTH * 4)));
typedef float half_vec __attribute__((vector_size(DOUBLES * 4)));
typedef double doubles __attribute__((vector_size(DOUBLES * 8)));
typedef int64_t flags __attribute__((vector_size(DOUBLES * 8)));
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
	const vec	zero = {0};

	return x - zero;
}

/* x * y + sum, lane by lane, rounded once where the level has such an instruction: for training alone. */
INLINE vec
multiply_add(vec x, vec y, vec sum)
{
#ifdef MULTIPLY_ADD
	return (vec) MULTIPLY_ADD;
#else
	return x * y + sum;
#endif
}

/* Square roots, lane by lane: correctly rounded everywhere, as IEEE 754 asks. */
INLINE vec
roots(vec v)
{
	float		lane[WIDTH];

	storev(lane, v);
	for (int i = 0; i < WIDTH; i++)
		lane[i] = sqrtf(lane[i]);
	return loadv(lane);
}

/* v times leaky ReLU's slope at `at`, lane by lane; NaN counts as positive, because no comparison holds for it. */
INLINE vec
leaky_slope(vec v, vec at)
{
#if WIDTH == 1
	return at < 0 ? v * DSAD_LEAKY_SLOPE : v;
#else
	const vec	zero = {0};
	mask		below = at < zero;

	return (vec) ((mask) v ^ (((mask) v ^ (mask) (v * DSAD_LEAKY_SLOPE)) & below));
#endif
}

/* Leaky ReLU lane by lane. */
INLINE vec
leaky(vec v)
{
	return leaky_slope(v, v);
}

INLINE doubles
load_doubles(const double *p)
{
	doubles		v;

	memcpy(&v, p, sizeof(v));
	return v;
}

INLINE void
store_doubles(double *p, doubles v)
{
	memcpy(p, &v, sizeof(v));
}

/*
 * DOUBLES floats from p on, at any address, as doubles: written as what GCC 12 makes
 * one instruction of.  It takes apart a conversion of two floats, and in two one of more.
 */
INLINE doubles
widen(const void *p)
{
#if WIDTH == 4
	typedef double wide __attribute__((vector_size(32)));
	doubles		bits = {0};
	wide		both;

	memcpy(&bits, p, sizeof(float[DOUBLES]));
	both = __builtin_convertvector((vec) bits, wide);
	return (doubles) {both[0], both[1]};
#else
	const DsadAnyFloat *number = p;
	double		lane[DOUBLES];

	for (int i = 0; i < DOUBLES; i++)
		lane[i] = number[i];
	return load_doubles(lane);
#endif
}

/* DOUBLES doubles, rounded to floats from p on. */
INLINE void
store_narrowed(float *p, doubles v)
{
#if WIDTH == 1
	*p = (float) v;
#else
	half_vec	narrow = __builtin_convertvector(v, half_vec);

	memcpy(p, &narrow, sizeof(narrow));
#endif
}

/* All lanes x; subtracting zero keeps the sign of -0. */
INLINE doubles
all_doubles(double x)
{
	const doubles zero = {0};

	return x - zero;
}

/* a where the flag is set, else b. */
INLINE doubles
choose(flags set, doubles a, doubles b)
{
#if WIDTH == 1
	return set ? a : b;
#else
	return (doubles) ((set & (flags) a) | (~set & (flags) b));
#endif
}

/* Whether a flag is set. */
INLINE bool
any(flags set)
{
#if WIDTH == 1
	return set;
#else
	int64_t		found = 0;

	UNROLL
	for (int i = 0; i < DOUBLES; i++)
		found |= set[i];
	return found != 0;
#endif
}

#include "core/kernel/kernel_score.h"
#include "core/kernel/kernel_explain.h"
#include "core/kernel/kernel_train.h"
#include "core/kernel/kernel_conv.h"

const DsadKernel KERNEL = {
	.name = KERNEL_NAME,
#ifdef MULTIPLY_ADD
	.fuses = true,
#endif
	.layer = layer,
	.scale = scale,
	.scale_float = scale_float,
	.distance = distance,
	.row = row,
	.conv = conv,
	.conv_sum = conv_sum,
	.conv_squares = conv_squares,
	.conv_products = conv_products,
	.conv_activate = conv_activate,
	.conv_slope = conv_slope,
	.conv_center = conv_center,
	.conv_pool = conv_pool,
	.conv_unpool = conv_unpool,
	.conv_dots = conv_dots,
	.gemm_nn = gemm_nn,
	.gemm_tn = gemm_tn,
	.batchnorm_forward = batchnorm_forward,
	.batchnorm_fixed = batchnorm_fixed,
	.batchnorm_fixed_backward = batchnorm_fixed_backward,
	.batchnorm_backward = batchnorm_backward,
	.adam = adam,
	.distances = distances,
	.distance_gradients = distance_gradients,
	.residuals = residuals,
	.path_product = path_product,
	.path_add = path_add,
	.path_dots = path_dots,
	.path_move = path_move,
	.path_crossing = path_crossing
};
