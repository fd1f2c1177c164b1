/*
 * product.h
 *	  The matrix products of training, by the internal kernel or OpenBLAS.
 */
#ifndef DSAD_PRODUCT_H
#define DSAD_PRODUCT_H

#include "blas.h"
#include "env.h"
#include "kernel.h"

typedef struct DsadProducts
{
	const DsadKernel *kernel;
	DsadSgemm	sgemm;			/* NULL = internal kernel only */
	float	   *scratch;		/* room for the largest b of dsad_product_nt */
	DsadWatch	watch;			/* polled between pieces of a product, and by the nets */
} DsadProducts;

extern void dsad_product_nn(DsadProducts *products, size_t m, size_t n, size_t k,
							const float *a, const float *b, float *c);
extern void dsad_product_tn(DsadProducts *products, size_t m, size_t n, size_t k,
							const float *a, const float *b, float *c);
extern void dsad_product_nt(DsadProducts *products, size_t m, size_t n, size_t k,
							const float *a, const float *b, float *c);

#endif
