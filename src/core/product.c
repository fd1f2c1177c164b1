/*
 * product.c
 *	  Chooses the internal kernel or OpenBLAS for a product by its shape alone,
 *	  never by timing: the same seed must give the same model.
 */
#include "product.h"

/*
 * Below this many multiply-adds the internal kernel wins, because OpenBLAS packs
 * its operands first (measured with tests/bench/products.c).
 */
#define BLAS_MIN_WORK ((size_t) 512 << 10)

static bool
use_blas(const DsadProducts *products, size_t m, size_t n, size_t k)
{
	return products->sgemm != NULL && m * n * k >= BLAS_MIN_WORK;
}

/* c (m, n) = a (m, k) * b (k, n) */
void
dsad_product_nn(const DsadProducts *products, size_t m, size_t n, size_t k,
				const float *a, const float *b, float *c)
{
	if (use_blas(products, m, n, k))
		products->sgemm(DSAD_CBLAS_ROW_MAJOR, DSAD_CBLAS_NO_TRANS, DSAD_CBLAS_NO_TRANS,
						(int) m, (int) n, (int) k, 1, a, (int) k, b, (int) n, 0, c, (int) n);
	else
		products->kernel->gemm_nn(m, n, k, a, k, b, n, c, n);
}

/* c (m, n) = a' * b with a (k, m) and b (k, n) */
void
dsad_product_tn(const DsadProducts *products, size_t m, size_t n, size_t k,
				const float *a, const float *b, float *c)
{
	if (use_blas(products, m, n, k))
		products->sgemm(DSAD_CBLAS_ROW_MAJOR, DSAD_CBLAS_TRANS, DSAD_CBLAS_NO_TRANS,
						(int) m, (int) n, (int) k, 1, a, (int) m, b, (int) n, 0, c, (int) n);
	else
		products->kernel->gemm_tn(m, n, k, a, m, b, n, c, n);
}

/* c (m, n) = a * b' with a (m, k) and b (n, k) */
void
dsad_product_nt(const DsadProducts *products, size_t m, size_t n, size_t k,
				const float *a, const float *b, float *c)
{
	if (use_blas(products, m, n, k))
	{
		products->sgemm(DSAD_CBLAS_ROW_MAJOR, DSAD_CBLAS_NO_TRANS, DSAD_CBLAS_TRANS,
						(int) m, (int) n, (int) k, 1, a, (int) k, b, (int) k, 0, c, (int) n);
		return;
	}
	/* Vectors run over outputs, so b is turned once; it is small beside the product. */
	for (size_t i = 0; i < n; i++)
		for (size_t p = 0; p < k; p++)
			products->scratch[p * n + i] = b[i * k + p];
	products->kernel->gemm_nn(m, n, k, a, k, products->scratch, n, c, n);
}
