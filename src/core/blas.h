/*
 * blas.h
 *	  OpenBLAS, bound at run time for training only.
 */
#ifndef DSAD_BLAS_H
#define DSAD_BLAS_H

#include "dsad.h"

/* cblas_sgemm with 32-bit integers; the enums are plain ints in the C ABI. */
typedef void (*DsadSgemm) (int order, int transpose_a, int transpose_b, int m, int n, int k,
						   float alpha, const float *a, int lda, const float *b, int ldb,
						   float beta, float *c, int ldc);

#define DSAD_CBLAS_ROW_MAJOR 101
#define DSAD_CBLAS_NO_TRANS 111
#define DSAD_CBLAS_TRANS 112

extern DsadSgemm dsad_blas_sgemm(void);

#endif
