/*
 * scaling.h
 *	  From the numbers of a row to the nets' inputs.
 */
#ifndef DSAD_SCALING_H
#define DSAD_SCALING_H

#include "core/kernel/kernel.h"
#include "core/rows.h"

extern bool dsad_scale_row(const DsadScaling *scaling, const DsadKernel *kernel, const DsadRows *rows, size_t i,
						   double *raw, float *scaled);

#endif
