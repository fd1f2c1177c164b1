/*
 * kernel.c
 *	  Chooses among the levels at run time; each scores the same bits.
 */
#include "core/kernel/kernel.h"

/* The kernels of a level, or NULL when this build or CPU cannot run them. */
const DsadKernel *
dsad_kernel(DsadKernelLevel level)
{
#ifdef DSAD_VECTORS
	if (level == DSAD_KERNEL_VECTOR)
		return &dsad_kernel_vector;
#endif
#ifdef DSAD_X86
	/* These ask the operating system too (XGETBV), not the CPU alone. */
	__builtin_cpu_init();
	if (level == DSAD_KERNEL_AVX2)
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &dsad_kernel_avx2 : NULL;
	if (level == DSAD_KERNEL_AVX512)
		return __builtin_cpu_supports("avx512f") ? &dsad_kernel_avx512 : NULL;
#endif
	return level == DSAD_KERNEL_PLAIN ? &dsad_kernel_plain : NULL;
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
