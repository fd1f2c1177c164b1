/*
 * kernel_vector.c
 *	  The kernels with four floats to a vector, by whatever 128-bit vectors the CPU has.
 */
#include "core/port.h"

#ifdef DSAD_VECTORS
#define KERNEL dsad_kernel_vector
#define KERNEL_NAME DSAD_VECTORS
#define WIDTH 4
#define NARROWER dsad_kernel_plain
#include "core/kernel/kernel_level.h"
#endif
