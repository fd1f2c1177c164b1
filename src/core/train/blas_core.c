/*
 * blas_core.c
 *	  OpenBLAS's names of the CPUs that it has kernels for: which is best here, and
 *	  which are no good.
 */
#include <stdbool.h>
#include <string.h>

#include "core/port.h"
#include "core/train/blas.h"

#ifdef DSAD_X86

/* What a core's kernels need of CPU and operating system. */
typedef enum Needs
{
	NOTHING,
	AVX,
	FMA4,
	AVX2,
	AVX512
} Needs;

static const struct
{
	const char *name;
	Needs		needs;
} cores[] = {
	{"SkylakeX", AVX512},
	{"Cooperlake", AVX512},
	{"SapphireRapids", AVX512},
	{"Haswell", AVX2},
	{"Zen", AVX2},
	{"Excavator", FMA4},
	{"Steamroller", FMA4},
	{"Piledriver", FMA4},
	{"Bulldozer", FMA4},
	{"Sandybridge", AVX}};

/* Whether this CPU has it, and the operating system keeps it (XGETBV). */
static bool
have(Needs needs)
{
	__builtin_cpu_init();
	switch (needs)
	{
		case AVX512:
			return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
				   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
				   __builtin_cpu_supports("avx512vl");
		case AVX2:
			return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
		case FMA4:
			return __builtin_cpu_supports("avx") && __builtin_cpu_supports("fma4");
		case AVX:
			return __builtin_cpu_supports("avx");
		default:
			return true;
	}
}

/* The core to name in OPENBLAS_CORETYPE, NULL where OpenBLAS's own choice is as good. */
const char *
dsad_blas_best_core(void)
{
	return have(AVX512) ? "SkylakeX" : have(AVX2) ? "Haswell" :
													NULL;
}

/* Why OpenBLAS with the kernels of this core is not to be used here; NULL when it may be. */
const char *
dsad_blas_core_unfit(const char *core)
{
	Needs		needs = NOTHING;

	for (size_t i = 0; i < sizeof(cores) / sizeof(cores[0]); i++)
		if (strcmp(core, cores[i].name) == 0)
			needs = cores[i].needs;
	if (!have(needs))
		return "OpenBLAS has chosen a core that this CPU is not";
	if ((have(AVX512) && needs < AVX512) || (have(AVX2) && needs < AVX2))
		return "OpenBLAS has chosen a core slower than this CPU";
	return NULL;
}

#else

/* The core to name in OPENBLAS_CORETYPE: elsewhere OpenBLAS asks the operating system. */
const char *
dsad_blas_best_core(void)
{
	return NULL;
}

/* Why OpenBLAS with the kernels of this core is not to be used here. */
const char *
dsad_blas_core_unfit(const char *core)
{
	(void) core;
	return NULL;
}

#endif
