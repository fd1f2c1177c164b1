/*
 * kernels.c
 *	  Times the kernels, level by level, without PostgreSQL and without training.
 *
 * Build: cc -O3 -std=gnu11 -ffp-contract=off -fno-math-errno -Isrc tests/bench/kernels.c src/core/kernel/kernel*.c -lm
 *
 *	kernels						a table: nanoseconds a call, the fastest of many
 *	kernels LEVEL WORK CALLS	calls one of them so often and prints nothing: for counting instructions
 *
 * LEVEL is 0 (plain) to 3 (avx512), WORK a number of the table's first column.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/kernel/kernel.h"

#define BATCH 128
#define MEMBERS 8
#define FLOATS (1 << 20)
#define LEVELS (DSAD_KERNEL_AVX512 + 1)

static float *memory[6];
static double *doubles;
static DsadPackedNet net[2][MEMBERS];	/* 32-32-16-8, 128-128-64-32 */
static double distance[BATCH];

/* Memory that the work reads, zero behind its first `count` floats: small numbers of both signs. */
static void
fill(int count)
{
	for (int i = 0; i < 6; i++)
	{
		char	   *block = calloc(FLOATS * sizeof(float) + DSAD_ALIGN, 1);

		memory[i] = (float *) (((uintptr_t) block + DSAD_ALIGN - 1) & ~(uintptr_t) (DSAD_ALIGN - 1));
		for (int j = 0; j < count; j++)
			memory[i][j] = (float) ((j % 1009 * 7919 + i * 31) % 1009) / 1009 - 0.5f;
	}
	for (int j = 0; j < count; j++)
		memory[5][j] = fabsf(memory[5][j]);
	doubles = malloc(4096 * sizeof(double));
	for (int j = 0; j < 4096; j++)
		doubles[j] = (double) (j * 7919 % 1009) / 1009 + 0.1;
}

/* Nets whose members' weights lie one after the other, as in a scorer. */
static void
make_nets(void)
{
	static const uint32_t dims[2][4] = {{32, 32, 16, 8}, {128, 128, 64, 32}};
	const float *weight = memory[0];

	for (int n = 0; n < 2; n++)
		for (int m = 0; m < MEMBERS; m++)
		{
			net[n][m] = (DsadPackedNet) {.layers = 3, .latent = dims[n][3], .center = memory[1], .divisor = 1};
			for (int l = 0; l < 3; l++)
			{
				uint32_t	padded = (uint32_t) dsad_padded(dims[n][l + 1]);

				net[n][m].layer[l] = (DsadPackedLayer) {dims[n][l], padded, l < 2, weight, memory[2]};
				weight += dims[n][l] * padded;
			}
		}
}

/* One training step of one 32-32-16-8 net but for the loss: what the kernels do in it. */
static void
train_step(const DsadKernel *k)
{
	static const size_t dims[] = {32, 32, 16, 16};
	static const DsadAdamStep step = {0.9f, 0.1f, 0.999f, 0.001f, 0, 1e-3f, 1, 1e-8f, 0.01f};

	for (int l = 0; l < 3; l++)
	{
		k->gemm_nn(BATCH, dims[l + 1], dims[l], memory[0], dims[l], memory[1], dims[l + 1], memory[2], dims[l + 1]);
		if (l < 2)
			k->batchnorm_forward(memory[2], memory[3], BATCH, dims[l + 1], dims[l + 1], memory[5], memory[4], memory[4] + 64,
								 memory[4] + 128);
	}
	k->distances(memory[0], BATCH, 16, memory[1], 8, distance);
	k->distance_gradients(memory[0], BATCH, 16, memory[1], memory[5], memory[2]);
	for (int l = 2; l >= 0; l--)
	{
		k->gemm_tn(dims[l], dims[l + 1], BATCH, memory[0], dims[l], memory[1], dims[l + 1], memory[2], dims[l + 1]);
		if (l > 0)
		{
			k->gemm_nn(BATCH, dims[l], dims[l + 1], memory[0], dims[l + 1], memory[1], dims[l], memory[2], dims[l]);
			k->batchnorm_backward(memory[2], memory[0], BATCH, dims[l], dims[l], memory[5], memory[5]);
		}
		k->adam(memory[2], memory[0], memory[3], memory[5], memory[4], dims[l] * dims[l + 1], &step);
	}
}

/* The work numbered so: its name; done unless the kernel is NULL. */
static const char *
work(int number, const DsadKernel *k)
{
	static DsadScaling scaling;
	static const DsadAdamStep step = {0.9f, 0.1f, 0.999f, 0.001f, 0, 1e-3f, 1, 1e-8f, 0.01f};

	switch (number)
	{
		case 0:
			if (k)
				k->row(net[0], 1, memory[3], memory[4], 32, distance);
			return "one row, 32-32-16-8, 1 member";
		case 1:
			if (k)
				k->row(net[0], MEMBERS, memory[3], memory[4], 32, distance);
			return "one row, 32-32-16-8, 8 members";
		case 2:
			if (k)
				k->row(net[1], MEMBERS, memory[3], memory[4], 128, distance);
			return "one row, 128-128-64-32, 8 members";
		case 3:
			for (int l = 0; k && l < 3; l++)
				k->layer(&net[0][0].layer[l], memory[3], net[0][0].layer[l].in, memory[4], 64);
			return "64 rows, 32-32-16-8, 1 member";
		case 4:
			if (k)
				train_step(k);
			return "training step of 128 rows, 32-32-16-8";
		case 5:
			if (k)
				k->gemm_nn(BATCH, 256, 512, memory[0], 512, memory[1], 256, memory[2], 256);
			return "gemm_nn 128 x 256 x 512";
		case 6:
			if (k)
				k->gemm_tn(512, 256, BATCH, memory[0], 512, memory[1], 256, memory[2], 256);
			return "gemm_tn 512 x 256 x 128";
		case 7:
			if (k)
				k->adam(memory[2], memory[0], memory[3], memory[5], memory[4], 4096, &step);
			return "adam, 4096 weights";
		case 8:
			if (k)
				k->path_product(memory[0], 128, 128, doubles, doubles + 1024);
			return "path_product 128 x 128";
		case 9:
			if (k)
				k->path_dots(memory[0], 128, 128, 0, 128, doubles, doubles + 1024);
			return "path_dots 128 x 128";
		case 10:
			scaling = (DsadScaling) {32, 32, NULL, doubles, doubles + 256, doubles + 512, doubles + 768};
			if (k)
				k->scale_float(&scaling, (const DsadAnyFloat *) memory[0], 32, memory[2]);
			return "scale_float, 32 features";
		case 11:
			if (k)
				k->residuals(memory[0], memory[1], 4096, 0.5f, memory[2]);
			return "residuals, 4096 numbers";
		default:
			return NULL;
	}
}

/* Nanoseconds of one call: the fastest round. */
static double
time_work(int number, const DsadKernel *kernel)
{
	double		fastest = INFINITY;
	int			calls = 1;

	for (int round = 0; round < 60;)
	{
		struct timespec start;
		struct timespec end;
		double		ns;

		clock_gettime(CLOCK_MONOTONIC, &start);
		for (int i = 0; i < calls; i++)
			work(number, kernel);
		clock_gettime(CLOCK_MONOTONIC, &end);
		ns = 1e9 * (double) (end.tv_sec - start.tv_sec) + (double) (end.tv_nsec - start.tv_nsec);
		if (ns < 5e5)
			calls *= 2;
		else
		{
			fastest = fmin(fastest, ns / calls);
			round++;
		}
	}
	return fastest;
}

int
main(int argc, char **argv)
{
	fill(argc > 3 ? 4096 : FLOATS);	/* few instructions where they are counted */
	make_nets();
	if (argc > 3)
	{
		const DsadKernel *kernel = dsad_kernel((DsadKernelLevel) atoi(argv[1]));

		for (int i = 0; kernel != NULL && i < atoi(argv[3]); i++)
			work(atoi(argv[2]), kernel);
		return kernel == NULL;
	}
	printf("| | ns a call |");
	for (int level = 0; level < LEVELS; level++)
		if (dsad_kernel((DsadKernelLevel) level))
			printf(" %s |", dsad_kernel_name(dsad_kernel((DsadKernelLevel) level)));
	printf("\n");
	for (int number = 0; work(number, NULL) != NULL; number++)
	{
		printf("| %d | %s |", number, work(number, NULL));
		for (int level = 0; level < LEVELS; level++)
			if (dsad_kernel((DsadKernelLevel) level))
				printf(" %.0f |", time_work(number, dsad_kernel((DsadKernelLevel) level)));
		printf("\n");
	}
	return 0;
}
