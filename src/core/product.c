/*
 * product.c
 *	  Chooses the internal kernel or OpenBLAS for a product by its shape alone,
 *	  never by timing: the same seed must give the same model.
 */
#include "product.h"

/*
 * Below this many multiply-adds the internal kernel wins, because OpenBLAS packs
 * its operands first.  Measured with tests/bench/products.c: this choice costs
 * 3 % over the better of the two for each shape (AVX-512), 0.2 % (AVX2 and the
 * library's Haswell kernels) and 5 % (its Zen kernels).
 */
#define BLAS_MIN_WORK ((size_t) 128 << 10)

static bool
use_blas(const DsadProducts *products, size_t m, size_t n, size_t k)
{
	return products->sgemm != NULL && m * n * k >= BLAS_MIN_WORK;
}

/*
 * Rows of the result that one call computes: a product may take long, a single
 * call cannot be interrupted, so it is cut into pieces of a few milliseconds.
 */
static size_t
piece_rows(size_t m, size_t n, size_t k)
{
	size_t		rows = ((size_t) 256 << 20) / (n * k);

	rows = rows < 8 ? 8 : rows - rows % 8;
	return rows < m ? rows : m;
}

/* c (m, n) = a (m, k) * b (k, n) */
void
dsad_product_nn(DsadProducts *products, size_t m, size_t n, size_t k,
				const float *a, const float *b, float *c)
{
	size_t		step = piece_rows(m, n, k);
	bool		blas = use_blas(products, m, n, k);

	for (size_t i = 0; i < m; i += step, dsad_watch(&products->watch))
	{
		size_t		rows = m - i < step ? m - i : step;

		if (blas)
			products->sgemm(DSAD_CBLAS_ROW_MAJOR, DSAD_CBLAS_NO_TRANS, DSAD_CBLAS_NO_TRANS,
							(int) rows, (int) n, (int) k, 1, a + i * k, (int) k, b, (int) n,
							0, c + i * n, (int) n);
		else
			products->kernel->gemm_nn(rows, n, k, a + i * k, k, b, n, c + i * n, n);
	}
}

/* c (m, n) = a' * b with a (k, m) and b (k, n) */
void
dsad_product_tn(DsadProducts *products, size_t m, size_t n, size_t k,
				const float *a, const float *b, float *c)
{
	size_t		step = piece_rows(m, n, k);
	bool		blas = use_blas(products, m, n, k);

	for (size_t i = 0; i < m; i += step, dsad_watch(&products->watch))
	{
		size_t		rows = m - i < step ? m - i : step;

		if (blas)
			products->sgemm(DSAD_CBLAS_ROW_MAJOR, DSAD_CBLAS_TRANS, DSAD_CBLAS_NO_TRANS,
							(int) rows, (int) n, (int) k, 1, a + i, (int) m, b, (int) n,
							0, c + i * n, (int) n);
		else
			products->kernel->gemm_tn(rows, n, k, a + i, m, b, n, c + i * n, n);
	}
}

/* c (m, n) = a * b' with a (m, k) and b (n, k) */
void
dsad_product_nt(DsadProducts *products, size_t m, size_t n, size_t k,
				const float *a, const float *b, float *c)
{
	size_t		step = piece_rows(m, n, k);
	bool		blas = use_blas(products, m, n, k);

	if (!blas)
	{
		/* Vectors run over outputs, so b is turned once, a cache line of the result at a time. */
		for (size_t start = 0; start < n; start += 16)
			for (size_t p = 0; p < k; p++)
				for (size_t i = start; i < n && i < start + 16; i++)
					products->scratch[p * n + i] = b[i * k + p];
	}
	for (size_t i = 0; i < m; i += step, dsad_watch(&products->watch))
	{
		size_t		rows = m - i < step ? m - i : step;

		if (blas)
			products->sgemm(DSAD_CBLAS_ROW_MAJOR, DSAD_CBLAS_NO_TRANS, DSAD_CBLAS_TRANS,
							(int) rows, (int) n, (int) k, 1, a + i * k, (int) k, b, (int) k,
							0, c + i * n, (int) n);
		else
			products->kernel->gemm_nn(rows, n, k, a + i * k, k, products->scratch, n, c + i * n, n);
	}
}
