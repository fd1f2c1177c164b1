/*
 * statistics.h
 *	  Quantiles.
 */
#ifndef DSAD_STATISTICS_H
#define DSAD_STATISTICS_H

#include "dsad.h"

extern void dsad_sort(double *values, size_t count);
extern double dsad_sorted_quantile(const double *values, size_t count, double q);
extern double dsad_select(double *values, size_t count, size_t rank);
extern double dsad_quantile(double *values, size_t count, double q);

#endif
