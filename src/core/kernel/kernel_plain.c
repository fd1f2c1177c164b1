/*
 * kernel_plain.c
 *	  The kernels in plain C, for every CPU and compiler.
 */
#define KERNEL dsad_kernel_plain
#define KERNEL_NAME "plain"
#define WIDTH 1
#include "core/kernel/kernel_level.h"
