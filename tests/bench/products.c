/*
 * products.c
 *	  Times the products of training: our kernel against OpenBLAS, one thread.
 *
 * Prints a Markdown table, GFLOP/s, and for a range of thresholds on m * n * k
 * how much slower than the better of the two a choice by that threshold is: so
 * BLAS_MIN_WORK in src/core/train/product.c is chosen.  Build and run, for instance:
 *
 *	cc -O3 -std=gnu11 -ffp-contract=off -fno-math-errno -Isrc tests/bench/products.c $(find src/core -name '*.c') \
 *		-ldl -lm -lpthread -o build/products && build/products
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/train/product.h"

#define ROWS 128				/* of a batch */
#define LARGEST 784
#define MIN_SECONDS 0.002		/* of one timing */
#define REPEATS 7				/* timings; the fastest counts */

typedef enum Kind
{
	NN,
	TN,
	NT
} Kind;

static const char *const names[] = {"nn", "tn", "nt"};

typedef struct Shape
{
	Kind		kind;
	size_t		m;
	size_t		n;
	size_t		k;
	double		seconds[2];		/* kernel, OpenBLAS */
} Shape;

static float *a;
static float *b;
static float *c;

/* Nobody cancels. */
static int
go_on(void *ctx)
{
	(void) ctx;
	return 0;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/* One product; sgemm NULL = our kernel.  Not through product.c's choice, which is what we measure. */
static void
multiply(const Shape *s, DsadProducts *kernel, DsadSgemm sgemm)
{
	static void (*const ours[])(DsadProducts *, size_t, size_t, size_t, const float *, size_t,
								const float *, size_t, float *, size_t) =
		{dsad_product_nn, dsad_product_tn, dsad_product_nt};

	if (sgemm == NULL)
		ours[s->kind](kernel, s->m, s->n, s->k, a, s->kind == TN ? s->m : s->k,
					  b, dsad_padded(s->kind == NT ? s->k : s->n), c, dsad_padded(s->n));
	else
		sgemm(DSAD_CBLAS_ROW_MAJOR, s->kind == TN ? DSAD_CBLAS_TRANS : DSAD_CBLAS_NO_TRANS,
			  s->kind == NT ? DSAD_CBLAS_TRANS : DSAD_CBLAS_NO_TRANS, (int) s->m, (int) s->n,
			  (int) s->k, 1, a, (int) (s->kind == TN ? s->m : s->k), b,
			  (int) (s->kind == NT ? s->k : s->n), 0, c, (int) s->n);
}

/* Seconds of one call, the fastest of several runs. */
static double
time_product(const Shape *s, DsadProducts *kernel, DsadSgemm sgemm)
{
	double		best = INFINITY;
	long		calls = 1;

	for (int i = 0; i < REPEATS;)
	{
		double		start = now();
		double		seconds;

		for (long call = 0; call < calls; call++)
			multiply(s, kernel, sgemm);
		seconds = now() - start;
		if (seconds < MIN_SECONDS)
		{
			calls *= 2;
			continue;
		}
		best = fmin(best, seconds / (double) calls);
		i++;
	}
	return best;
}

/* The geometric mean, over the shapes of a kind (-1 = all), of the choice's time over the better one's. */
static double
cost(const Shape *shape, int count, double threshold, int kind)
{
	double		sum = 0;
	int			shapes = 0;

	for (int i = 0; i < count; i++)
	{
		const Shape *s = &shape[i];
		int			choice = (double) (s->m * s->n * s->k) >= threshold;

		if (kind >= 0 && (int) s->kind != kind)
			continue;
		sum += log(s->seconds[choice] / fmin(s->seconds[0], s->seconds[1]));
		shapes++;
	}
	return exp(sum / shapes);
}

/* An argument from 0 (plain) to 3 (avx512) names a kernel level other than the best. */
int
main(int argc, char **argv)
{
	static const size_t widths[] = {8, 16, 32, 64, 128, 256, 512, 784};
	static Shape shape[3 * 64];
	int			count = 0;
	DsadEnv		env = {.poll = go_on};
	DsadProducts kernel = {.kernel = dsad_kernel_best(), .watch = {&env, false}};
	DsadSgemm	sgemm;

	if (argc > 1)
		kernel.kernel = dsad_kernel((DsadKernelLevel) atoi(argv[1]));
	dsad_blas_bind();
	sgemm = dsad_blas_sgemm();
	if (sgemm == NULL || kernel.kernel == NULL)
	{
		printf("cannot measure: %s\n", sgemm ? "no such kernel level" : dsad_blas_info().reason);
		return 1;
	}
	a = malloc((size_t) LARGEST * LARGEST * sizeof(float));
	b = malloc(LARGEST * LARGEST * sizeof(float));
	c = malloc(LARGEST * LARGEST * sizeof(float));
	kernel.transposed = malloc(LARGEST * LARGEST * sizeof(float));
	kernel.panel = malloc(DSAD_PANEL_FLOATS * sizeof(float));
	for (int i = 0; i < LARGEST * LARGEST; i++)
		a[i] = b[i] = (float) (i % 17) / 17 - 0.5f;

	printf("kernel %s; %s\n\n", dsad_kernel_name(kernel.kernel), dsad_blas_info().config);
	printf("| product | m | n | k | m n k / 1000 | kernel | OpenBLAS | ratio |\n");
	printf("|---|---:|---:|---:|---:|---:|---:|---:|\n");
	for (int f = 0; f < 3; f++)
		for (int i = 0; i < 8; i++)
			for (int j = 0; j < 8; j++)
			{
				/* the batch is m, but k in the gradient of the weights */
				Shape		s = {(Kind) f, f == TN ? widths[i] : ROWS, widths[j], f == TN ? ROWS : widths[i], {0, 0}};
				double		operations = 2.0 * (double) (s.m * s.n * s.k);

				s.seconds[0] = time_product(&s, &kernel, NULL);
				s.seconds[1] = time_product(&s, &kernel, sgemm);
				printf("| %s | %zu | %zu | %zu | %.0f | %.1f | %.1f | %.2f |\n", names[f], s.m, s.n, s.k,
					   operations / 2e3, operations / s.seconds[0] / 1e9,
					   operations / s.seconds[1] / 1e9, s.seconds[0] / s.seconds[1]);
				shape[count++] = s;
			}
	printf("\nTime of a choice by m n k, over the better one's (geometric mean):\n\n");
	printf("| OpenBLAS from | all | nn | tn | nt |\n|---:|---:|---:|---:|---:|\n");
	for (int power = 13; power <= 28; power++)
	{
		double		threshold = ldexp(1, power);

		printf("| 2^%d | %.3f | %.3f | %.3f | %.3f |\n", power, cost(shape, count, threshold, -1),
			   cost(shape, count, threshold, NN), cost(shape, count, threshold, TN),
			   cost(shape, count, threshold, NT));
	}
	return 0;
}
