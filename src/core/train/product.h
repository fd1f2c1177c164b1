/*
 * product.h
 *	  The matrix products of training, by the internal kernel or OpenBLAS.
 *
 * Rows of b and c are padded: ldb and ldc are multiples of DSAD_LANES, and what
 * lies beyond the real columns is zero.
 */
#ifndef DSAD_PRODUCT_H
#define DSAD_PRODUCT_H

#include "core/kernel/kernel.h"
#include "core/train/blas.h"

typedef struct DsadProducts
{
	const DsadKernel *kernel;
	DsadSgemm	sgemm;			/* NULL = internal kernel only */
	size_t		blas_min_work;	/* multiply-adds of the smallest product that is OpenBLAS's */
	float	   *transposed;		/* room for the largest b of dsad_product_nt, turned */
	float	   *panel;			/* DSAD_PANEL_FLOATS */
	DsadWatch	watch;			/* polled between pieces of a product, and by the nets */
} DsadProducts;

/* A panel is so many columns of b, for the kernel to walk through without gaps. */
#define DSAD_PANEL_COLUMNS 32
#define DSAD_PANEL_FLOATS (DSAD_PANEL_COLUMNS * 4096)

extern void dsad_products_init(DsadProducts *products, const DsadEnv *env);
extern void dsad_product_nn(DsadProducts *products, size_t m, size_t n, size_t k,
							const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc);
extern void dsad_product_tn(DsadProducts *products, size_t m, size_t n, size_t k,
							const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc);
extern void dsad_product_nt(DsadProducts *products, size_t m, size_t n, size_t k,
							const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc);

#endif
