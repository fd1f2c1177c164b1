/*
 * kernel_levels.h
 *	  The levels there are, for the files that make and choose them.
 */
#ifndef DSAD_KERNEL_LEVELS_H
#define DSAD_KERNEL_LEVELS_H

#include "core/kernel/kernel.h"

extern const DsadKernel dsad_kernel_plain;
#ifdef DSAD_VECTORS
extern const DsadKernel dsad_kernel_vector;
#endif
#ifdef DSAD_X86
extern const DsadKernel dsad_kernel_avx2;
extern const DsadKernel dsad_kernel_avx512;
#endif

#endif
