/*
 * product.c
 *	  Chooses the internal kernel or OpenBLAS for a product by its shape alone,
 *	  never by timing: the same seed must give the same model.
 */
#include "core/train/product.h"

#include <string.h>

/*
 * OpenBLAS takes products of at least so many multiply-adds: it packs its operands
 * first, which small ones do not repay.  A kernel that fuses multiplication and addition is
 * as fast up to larger ones, and on AMD's CPUs at any size.  tests/bench/products.c measures both.
 */
#define BLAS_MIN_WORK ((size_t) 1 << 20)
#define BLAS_MIN_WORK_FUSED ((size_t) 1 << 23)
#define BLAS_MIN_WORK_AMD ((size_t) 1 << 28)

/* b is packed into panels when it is no longer sure to lie in the first cache. */
#define PACK_MIN_FLOATS 4096
#define PACK_MIN_ROWS 32		/* of the result, which share the work of packing */

static size_t
blas_min_work(void)
{
#ifdef DSAD_X86
	__builtin_cpu_init();
	if (__builtin_cpu_is("amd"))
		return BLAS_MIN_WORK_AMD;
#endif
	return dsad_kernel_best()->fuses ? BLAS_MIN_WORK_FUSED : BLAS_MIN_WORK;
}

/* Whether any product of a net with these widths, in batches of so many rows, is OpenBLAS's. */
bool
dsad_wants_blas(const uint32_t *dims, uint32_t layers, size_t batch_rows)
{
	size_t		least = blas_min_work();

	for (uint32_t l = 0; l < layers; l++)
		if ((uint64_t) batch_rows * dims[l] * dims[l + 1] >= least)
			return true;
	return false;
}

/* Sets the kernel and library in use; the memory comes with dsad_net_products_alloc. */
void
dsad_products_init(DsadProducts *products, const DsadEnv *env)
{
	products->kernel = dsad_kernel_best();
	products->sgemm = dsad_blas_sgemm();
	products->blas_min_work = blas_min_work();
	products->watch.env = env;
	products->watch.canceled = false;
}

static bool
use_blas(const DsadProducts *products, size_t m, size_t n, size_t k)
{
	return products->sgemm != NULL && (uint64_t) m * n * k >= products->blas_min_work;
}

/*
 * Rows of the result that one call computes: a product may take long, a single
 * call cannot be interrupted, so it is cut into pieces of a few milliseconds.
 */
static size_t
piece_rows(size_t m, size_t n, size_t k)
{
	size_t		rows = DSAD_POLL_WORK / (n * k);

	rows = rows < 8 ? 8 : rows - rows % 8;
	return rows < m ? rows : m;
}

/* A product of the internal kernel: of a (m, k), or a' with a (k, m) when transposed. */
static void
kernel_product(DsadProducts *products, bool transposed, size_t m, size_t n, size_t k,
			   const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc)
{
	void		(*gemm) (size_t m, size_t n, size_t k, const float *a, size_t lda,
						 const float *b, size_t ldb, float *c, size_t ldc) =
		transposed ? products->kernel->gemm_tn : products->kernel->gemm_nn;
	size_t		columns = DSAD_PANEL_COLUMNS;

	if (n * k < PACK_MIN_FLOATS || m < PACK_MIN_ROWS || n <= columns ||
		columns * k > DSAD_PANEL_FLOATS)
	{
		gemm(m, n, k, a, lda, b, ldb, c, ldc);
		return;
	}
	for (size_t j = 0; j < n; j += columns)
	{
		size_t		width = n - j < columns ? n - j : columns;

		for (size_t p = 0; p < k; p++)
			memcpy(products->panel + p * width, b + p * ldb + j, width * sizeof(float));
		gemm(m, width, k, a, lda, products->panel, width, c + j, ldc);
	}
}

/* c (m, n) = a (m, k) * b (k, n) or, turned, a' * b with a (k, m), rows of c piece by piece. */
static void
product(DsadProducts *products, bool turned, size_t m, size_t n, size_t k,
		const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc)
{
	size_t		step = piece_rows(m, n, k);
	bool		blas = use_blas(products, m, n, k);

	for (size_t i = 0; i < m; i += step, dsad_watch(&products->watch))
	{
		size_t		rows = m - i < step ? m - i : step;
		const float *first = turned ? a + i : a + i * lda;

		if (blas)
			products->sgemm(DSAD_CBLAS_ROW_MAJOR, turned ? DSAD_CBLAS_TRANS : DSAD_CBLAS_NO_TRANS, DSAD_CBLAS_NO_TRANS,
							(int) rows, (int) dsad_padded(n), (int) k, 1, first, (int) lda, b, (int) ldb,
							0, c + i * ldc, (int) ldc);
		else
			kernel_product(products, turned, rows, dsad_padded(n), k, first, lda, b, ldb, c + i * ldc, ldc);
	}
}

/* c (m, n) = a (m, k) * b (k, n) */
void
dsad_product_nn(DsadProducts *products, size_t m, size_t n, size_t k,
				const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc)
{
	product(products, false, m, n, k, a, lda, b, ldb, c, ldc);
}

/* c (m, n) = a' * b with a (k, m) and b (k, n) */
void
dsad_product_tn(DsadProducts *products, size_t m, size_t n, size_t k,
				const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc)
{
	product(products, true, m, n, k, a, lda, b, ldb, c, ldc);
}

/* turned (columns, padded rows) = b' of b (rows, columns); vectors run over the result's columns. */
static void
transpose(const float *b, size_t rows, size_t columns, size_t ldb, float *turned, DsadWatch *watch)
{
	size_t		width = dsad_padded(rows);

	/* a cache line of the result at a time */
	for (size_t start = 0; start < width; start += DSAD_LANES)
	{
		dsad_watch_rows(watch, start / DSAD_LANES, columns * DSAD_LANES);
		for (size_t p = 0; p < columns; p++)
			for (size_t i = start; i < start + DSAD_LANES; i++)
				turned[p * width + i] = i < rows ? b[i * ldb + p] : 0;
	}
}

/* c (m, n) = a * b' with a (m, k) and b (n, k) */
void
dsad_product_nt(DsadProducts *products, size_t m, size_t n, size_t k,
				const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc)
{
	size_t		step = piece_rows(m, n, k);
	bool		blas = use_blas(products, m, n, k);

	if (!blas)
		transpose(b, n, k, ldb, products->transposed, &products->watch);
	for (size_t i = 0; i < m; i += step, dsad_watch(&products->watch))
	{
		size_t		rows = m - i < step ? m - i : step;

		if (blas)
		{
			products->sgemm(DSAD_CBLAS_ROW_MAJOR, DSAD_CBLAS_NO_TRANS, DSAD_CBLAS_TRANS,
							(int) rows, (int) n, (int) k, 1, a + i * lda, (int) lda, b, (int) ldb,
							0, c + i * ldc, (int) ldc);
			/* b has no rows for these columns */
			for (size_t r = i; r < i + rows && n < dsad_padded(n); r++)
				memset(c + r * ldc + n, 0, (dsad_padded(n) - n) * sizeof(float));
		}
		else
			kernel_product(products, false, rows, dsad_padded(n), k, a + i * lda, lda,
						   products->transposed, dsad_padded(n), c + i * ldc, ldc);
	}
}
