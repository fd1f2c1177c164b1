/*
 * statistics.h
 *	  Sorting, quantiles, and the interval of a ROC AUC.
 */
#ifndef DSAD_STATISTICS_H
#define DSAD_STATISTICS_H

#include <stddef.h>

extern void dsad_sort(double *values, size_t count);
extern double dsad_sorted_quantile(const double *values, size_t count, double q);
extern double dsad_select(double *values, size_t count, size_t rank);
extern void dsad_auc_interval(double auc, double anomalies, double normals, double z, double interval[2]);

#endif
