/*
 * train.c
 *	  Times the core's training, one thread: rows a second of the pretraining and
 *	  Deep SAD phases, and of OpenBLAS doing the Deep SAD phase's matrix products
 *	  and nothing else, in CPU time.  The kernel and the core to stderr; one line for each shape:
 *
 *	shape  pretraining_rows_per_second  training_rows_per_second  products_rows_per_second
 *
 * tests/bench/train builds and runs it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "core/train/product.h"

#define BATCH 128
#define ROWS (BATCH * 64)

static const uint32_t shapes[][4] = {
	{9, 32, 16, 8}, {21, 32, 16, 8}, {274, 128, 64, 32}, {784, 512, 256, 128}};

static uint32_t features;
static double *values;
static double best[DSAD_PHASE_NORMALIZING + 1];	/* seconds of an epoch, the fastest of each phase */
static double last_epoch;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static void *
take(void *ctx, size_t size)
{
	(void) ctx;
	return malloc(size);
}

static void
give_back(void *ctx, void *block)
{
	(void) ctx;
	free(block);
}

static int
go_on(void *ctx)
{
	(void) ctx;
	return 0;
}

static void
epoch_ended(void *ctx, const DsadProgress *progress)
{
	double		t = now();

	(void) ctx;
	if (!progress->epoch_ended)
		return;
	if (progress->epoch > 0)
		best[progress->phase] = fmin(best[progress->phase], t - last_epoch);
	last_epoch = t;
}

static int
read_row(void *ctx, uint64_t row, double *out, int8_t *label)
{
	(void) ctx;
	memcpy(out, values + row * features, features * sizeof(double));
	*label = row % 50 == 0 ? DSAD_ANOMALY : DSAD_UNLABELED;
	return 0;
}

/* Seconds that OpenBLAS takes for the products of one step: outputs, weight gradients, inner gradients. */
static double
time_products(const uint32_t *dims)
{
	DsadSgemm	sgemm = dsad_blas_sgemm();
	float	   *memory[3];
	double		fastest = INFINITY;

	if (sgemm == NULL)
		return NAN;
	for (int i = 0; i < 3; i++)
	{
		memory[i] = malloc(784 * 784 * sizeof(float));
		for (int j = 0; j < 784 * 784; j++)
			memory[i][j] = (float) (j % 17) / 17 - 0.5f;
	}
	for (int round = 0; round < 20; round++)
	{
		double		start = now();
		int			repeats = dims[0] > 100 ? 8 : 400;

		for (int r = 0; r < repeats; r++)
			for (int l = 0; l < 3; l++)
			{
				int			in = (int) dims[l];
				int			out = (int) dims[l + 1];

				sgemm(DSAD_CBLAS_ROW_MAJOR, DSAD_CBLAS_NO_TRANS, DSAD_CBLAS_NO_TRANS, BATCH, out, in, 1,
					  memory[0], in, memory[1], out, 0, memory[2], out);
				sgemm(DSAD_CBLAS_ROW_MAJOR, DSAD_CBLAS_TRANS, DSAD_CBLAS_NO_TRANS, in, out, BATCH, 1,
					  memory[0], in, memory[1], out, 0, memory[2], out);
				if (l > 0)
					sgemm(DSAD_CBLAS_ROW_MAJOR, DSAD_CBLAS_NO_TRANS, DSAD_CBLAS_TRANS, BATCH, in, out, 1,
						  memory[0], out, memory[1], out, 0, memory[2], in);
			}
		fastest = fmin(fastest, (now() - start) / repeats);
	}
	for (int i = 0; i < 3; i++)
		free(memory[i]);
	return fastest;
}

int
main(void)
{
	DsadEnv		env = {.alloc = take, .release = give_back, .poll = go_on, .report = epoch_ended};

	dsad_blas_bind();
	if (dsad_blas_info().bound)
		fprintf(stderr, "deepsad: kernel %s, OpenBLAS core %s\n", dsad_kernel_name(dsad_kernel_best()), dsad_blas_info().core);
	else
		fprintf(stderr, "deepsad: kernel %s, no OpenBLAS: %s\n", dsad_kernel_name(dsad_kernel_best()), dsad_blas_info().reason);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
	{
		const uint32_t *dims = shapes[s];
		DsadConfig	config;
		DsadRowSource source = {NULL, ROWS, dims[0], false, read_row, NULL, (ROWS + 49) / 50, 0, NULL};
		DsadArena	arena;
		DsadModel	model;
		DsadError	error;

		features = dims[0];
		values = malloc((size_t) ROWS * features * sizeof(double));
		for (size_t i = 0; i < (size_t) ROWS * features; i++)
			values[i] = sin((double) i * 0.37 + (double) (i % features * (i / features)) * 0.001);
		dsad_config_defaults(&config, DSAD_PRESET_FAST, features, ROWS);
		config.hidden.count = 2;
		config.hidden.value[0] = (int32_t) dims[1];
		config.hidden.value[1] = (int32_t) dims[2];
		config.latent = dims[3];
		config.batch_size = BATCH;
		config.members = 1;
		config.pretrain_epochs = features > 500 ? 6 : 20;
		config.epochs = features > 500 ? 10 : 40;
		for (int phase = 0; phase <= DSAD_PHASE_NORMALIZING; phase++)
			best[phase] = INFINITY;
		dsad_arena_init(&arena, &env);
		if (test_train(&model, &arena, &env, &config, &source, &error) != DSAD_OK)
		{
			fprintf(stderr, "%s\n", error.message);
			return 1;
		}
		printf("%u-%u-%u-%u %.0f %.0f %.0f\n", dims[0], dims[1], dims[2], dims[3],
			   ROWS / best[DSAD_PHASE_PRETRAINING], ROWS / best[DSAD_PHASE_TRAINING], BATCH / time_products(dims));
		dsad_arena_release(&arena);
		free(values);
	}
	return 0;
}
