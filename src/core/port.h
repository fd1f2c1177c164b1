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

#define DSAD_ALIGN 64			/* of arena blocks and packed weights: one cache line */
#define DSAD_LANES 16			/* widths of packed weights are multiples of this */

#endif
