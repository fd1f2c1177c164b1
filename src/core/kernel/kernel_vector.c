/*
 * kernel_vector.c
 *	  The kernels with four floats to a vector, by whatever 128-bit vectors the CPU has.
 */
#include "core/port.h"

#ifdef DSAD_VECTORS
#ifdef __aarch64__
#include <arm_neon.h>

#define MULTIPLY_ADD vfmaq_f32((float32x4_t) sum, (float32x4_t) x, (float32x4_t) y)
#endif

#define KERNEL dsad_kernel_vector
#define KERNEL_NAME DSAD_VECTORS
#define WIDTH 4
#define NARROWER dsad_kernel_plain
#include "core/kernel/kernel_level.h"
#endif
