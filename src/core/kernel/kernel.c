/*
 * kernel.c
 *	  One source, four instruction sets, the same bits; chosen at run time.
 */
#include "core/kernel/kernel.h"

#include <math.h>
#include <string.h>

#include "core/port.h"

#ifdef DSAD_X86
#include <immintrin.h>
#endif

static const float zeros[16] __attribute__((aligned(64)));

/* Before a loop whose count is known at compile time: its arrays are registers only when unrolled. */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 8")
#else
#define UNROLL
#endif

#define LEVEL plain
#define TARGET
#define WIDTH 1
#define SQRT(v) sqrtf(v)
#define WIDEN(p) ((double) *(p))
#include "core/kernel/kernel_level.h"

#ifdef DSAD_X86
#define LEVEL sse2
#define NARROWER plain
#define TARGET
#define WIDTH 4
#define SQRT(v) ((vec) _mm_sqrt_ps((__m128) (v)))
#define WIDEN(p) ((doubles) _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64((const void *) (p)))))
#include "core/kernel/kernel_level.h"

#define LEVEL avx2
#define NARROWER sse2
#define TARGET __attribute__((target("avx2")))
#define WIDTH 8
#define SQRT(v) ((vec) _mm256_sqrt_ps((__m256) (v)))
#define WIDEN(p) ((doubles) _mm256_cvtps_pd(_mm_loadu_ps(p)))
#include "core/kernel/kernel_level.h"

#define LEVEL avx512
#define NARROWER avx2
#define TARGET __attribute__((target("avx512f")))
#define WIDTH 16
#define SQRT(v) ((vec) _mm512_sqrt_ps((__m512) (v)))
#define WIDEN(p) ((doubles) _mm512_cvtps_pd(_mm256_loadu_ps(p)))
#include "core/kernel/kernel_level.h"
#endif

#define KERNEL(level) \
	{ \
		#level, layer_##level, scale_##level, scale_float_##level, distance_##level, row_##level, \
		gemm_nn_##level, gemm_tn_##level, batchnorm_forward_##level, batchnorm_fixed_##level, \
		batchnorm_fixed_backward_##level, \
		batchnorm_backward_##level, adam_##level, distances_##level, distance_gradients_##level, \
		residuals_##level, path_product_##level, path_add_##level, path_dots_##level, path_move_##level, \
		path_crossing_##level \
	}

/* The kernels of a level, or NULL when this build or CPU cannot run them. */
const DsadKernel *
dsad_kernel(DsadKernelLevel level)
{
	static const DsadKernel plain = KERNEL(plain);
#ifdef DSAD_X86
	static const DsadKernel sse2 = KERNEL(sse2);
	static const DsadKernel avx2 = KERNEL(avx2);
	static const DsadKernel avx512 = KERNEL(avx512);

	/* These ask the operating system too (XGETBV), not the CPU alone. */
	__builtin_cpu_init();
	if (level == DSAD_KERNEL_SSE2)
		return &sse2;
	if (level == DSAD_KERNEL_AVX2)
		return __builtin_cpu_supports("avx2") ? &avx2 : NULL;
	if (level == DSAD_KERNEL_AVX512)
		return __builtin_cpu_supports("avx512f") ? &avx512 : NULL;
#endif
	return level == DSAD_KERNEL_PLAIN ? &plain : NULL;
}

/* The fastest kernels this CPU can run. */
const DsadKernel *
dsad_kernel_best(void)
{
	for (int level = DSAD_KERNEL_AVX512; level > DSAD_KERNEL_PLAIN; level--)
	{
		const DsadKernel *kernel = dsad_kernel((DsadKernelLevel) level);

		if (kernel != NULL)
			return kernel;
	}
	return dsad_kernel(DSAD_KERNEL_PLAIN);
}

/* Its name, for people. */
const char *
dsad_kernel_name(const DsadKernel *kernel)
{
	return kernel->name;
}
