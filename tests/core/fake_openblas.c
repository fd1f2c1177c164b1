/*
 * fake_openblas.c
 *	  What stands for OpenBLAS in test_blas: a shared library with its functions, whose
 *	  faults the environment chooses: FAKE_CORE, the core it takes whatever it is told;
 *	  FAKE_PARALLEL, how it was built; FAKE_WRONG, what is added to one number of each product.
 */
#include <stdio.h>
#include <stdlib.h>

static char core[32];

/* As the real one, it chooses its core while it is loaded. */
static void __attribute__((constructor))
choose_core(void)
{
	const char *told = getenv("FAKE_CORE") ? getenv("FAKE_CORE") : getenv("OPENBLAS_CORETYPE");

	snprintf(core, sizeof(core), "%s", told ? told : "Prescott");
}

char *
openblas_get_corename(void)
{
	return core;
}

char *
openblas_get_config(void)
{
	return "fake";
}

int
openblas_get_parallel(void)
{
	return getenv("FAKE_PARALLEL") ? atoi(getenv("FAKE_PARALLEL")) : 1;
}

void
openblas_set_num_threads(int threads)
{
	(void) threads;
}

/* c = a * b, all of them by rows, as the binding's first product has them. */
void
cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
			const float *b, int ldb, float beta, float *c, int ldc)
{
	(void) order;
	(void) transpose_a;
	(void) transpose_b;
	(void) alpha;
	(void) beta;
	for (int i = 0; i < m; i++)
		for (int j = 0; j < n; j++)
		{
			double		sum = 0;

			for (int p = 0; p < k; p++)
				sum += (double) a[i * lda + p] * b[p * ldb + j];
			c[i * ldc + j] = (float) sum;
		}
	if (getenv("FAKE_WRONG"))
		c[(m - 1) * ldc + n / 2] += strtof(getenv("FAKE_WRONG"), NULL);
}
