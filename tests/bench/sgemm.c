/*
 * sgemm.c
 *	  The multiply-add rate of one large OpenBLAS sgemm on one thread, in
 *	  10^9 a second: the yardstick of tests/bench/score.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/train/blas.h"

#define N 1536
#define REPEATS 7

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

int
main(void)
{
	float	   *a = malloc(sizeof(float) * N * N);
	float	   *b = malloc(sizeof(float) * N * N);
	float	   *c = malloc(sizeof(float) * N * N);
	double		best = 1e9;
	DsadSgemm	sgemm;

	dsad_blas_bind();
	sgemm = dsad_blas_sgemm();
	if (sgemm == NULL)
	{
		fprintf(stderr, "OpenBLAS: %s\n", dsad_blas_info().reason);
		return 1;
	}
	for (int i = 0; i < N * N; i++)
	{
		a[i] = (float) (i % 17) - 8;
		b[i] = (float) (i % 13) - 6;
	}
	for (int i = 0; i < REPEATS; i++)
	{
		double		start = now();

		sgemm(101, 111, 111, N, N, N, 1, a, N, b, N, 0, c, N);
		if (now() - start < best)
			best = now() - start;
	}
	printf("%.1f\n", 1e-9 * N * (double) N * N / best);
	return 0;
}
