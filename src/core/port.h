/*
 * port.h
 *	  What the compilers and CPUs differ in.
 */
#ifndef DSAD_PORT_H
#define DSAD_PORT_H

#include <float.h>
#include <stdint.h>

/*
 * Every result here must be the same bits on every CPU, so a build that lets
 * the compiler rearrange floating point is refused.
 */
#ifdef __FAST_MATH__
#error "deepsad must not be compiled with -ffast-math: scores would differ between machines"
#endif

/* The old x87 unit keeps more digits than a float has. */
#if FLT_EVAL_METHOD != 0
#error "deepsad needs floats evaluated as floats: on 32-bit x86 compile with -msse2 -mfpmath=sse"
#endif

/* GCC and clang on x86-64 can compile one function for several instruction sets. */
#if defined(__x86_64__) && (defined(__clang__) || defined(__GNUC__)) && !defined(DSAD_PLAIN_ONLY)
#define DSAD_X86 1
#endif

/*
 * The name of the 128-bit vectors that the compiler's own vector types become here, for people.
 * Without them those types would be taken apart into single numbers, slower than plain C; -DDSAD_VECTORS
 * has them all the same, for tests.  Not 32-bit ARM's, which take denormal numbers for zero.
 */
#if !defined(DSAD_PLAIN_ONLY) && !defined(DSAD_VECTORS) && (defined(__clang__) || defined(__GNUC__))
#if defined(__SSE2__)
#define DSAD_VECTORS "sse2"
#elif defined(__aarch64__)
#define DSAD_VECTORS "neon"
#elif defined(__VSX__)
#define DSAD_VECTORS "vsx"
#elif defined(__s390x__) && defined(__VX__) && __ARCH__ >= 12	/* z14: vectors of floats */
#define DSAD_VECTORS "vx"
#elif defined(__loongarch_sx)
#define DSAD_VECTORS "lsx"
#endif
#endif

#define DSAD_ALIGN 64			/* of arena blocks and packed weights: one cache line */
#define DSAD_LANES 16			/* widths of packed weights are multiples of this */

#endif
