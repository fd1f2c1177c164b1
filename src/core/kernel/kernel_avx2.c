/*
 * kernel_avx2.c
 *	  The kernels with eight floats to a vector, by AVX2 and FMA.
 */
#include "core/port.h"

#ifdef DSAD_X86
#include <immintrin.h>

#ifdef __clang__
#pragma clang attribute push (__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define KERNEL dsad_kernel_avx2
#define KERNEL_NAME "avx2"
#define WIDTH 8
#define MULTIPLY_ADD _mm256_fmadd_ps((__m256) x, (__m256) y, (__m256) sum)
#define NARROWER dsad_kernel_vector
#include "core/kernel/kernel_level.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
