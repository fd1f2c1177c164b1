/*
 * kernel_avx512.c
 *	  The kernels with sixteen floats to a vector, by AVX-512.
 */
#include "core/port.h"

#ifdef DSAD_X86
#include <immintrin.h>

#ifdef __clang__
#pragma clang attribute push (__attribute__((target("avx512f"))), apply_to = function)
#else
#pragma GCC target("avx512f")
#endif

#define KERNEL dsad_kernel_avx512
#define KERNEL_NAME "avx512"
#define WIDTH 16
#define MULTIPLY_ADD _mm512_fmadd_ps((__m512) x, (__m512) y, (__m512) sum)
#define NARROWER dsad_kernel_avx2
#include "core/kernel/kernel_level.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
