/*
 * train.c
 *	  Times the core's training, one thread: rows a second of the pretraining and
 *	  Deep SAD phases, and of OpenBLAS doing the Deep SAD phase's matrix products
 *	  and nothing else, in CPU time.  The kernel and the core to stderr; one line for each shape:
 *
 *	shape  pretraining_rows_per_second  training_rows_per_second  products_rows_per_second
 *
 *	With the argument "lenet" the paper's network for MNIST alone, whose last number is rows scored a second.
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

/* A picture of 28 x 28, as the paper's LeNet for MNIST sees it. */
static void
make_picture(DsadEncoder *encoder, DsadArena *arena)
{
	DsadError	error;

	memset(encoder, 0, sizeof(*encoder));
	encoder->columns = 1;
	encoder->column = dsad_arena_array(arena, 1, sizeof(DsadColumn));
	encoder->column[0].type = DSAD_TYPE_ARRAY;
	encoder->column[0].type_name = (DsadBytes) {"real", 4};
	encoder->column[0].cells = 784;
	encoder->column[0].shape = (DsadShape) {1, 28, 28};
	if (dsad_encoder_finish(encoder, arena, &error) != DSAD_OK)
		exit(1);
}

/* Rows a second that a model scores, all rows at once. */
static double
time_scores(const DsadModel *model, DsadArena *arena)
{
	double	   *scores = malloc(ROWS * sizeof(double));
	DsadScorer *scorer;
	DsadError	error;
	void	   *scratch;
	double		fastest = INFINITY;

	if (dsad_scorer_create(&scorer, arena, model, dsad_kernel_best(), &error) != DSAD_OK)
		exit(1);
	scratch = malloc(dsad_scorer_scratch(scorer, ROWS));
	for (int round = 0; round < 5; round++)
	{
		double		start = now();

		if (dsad_score(scorer, &(DsadRows) {values, ROWS, false}, scratch, scores) != ROWS)
			exit(1);
		fastest = fmin(fastest, now() - start);
	}
	free(scratch);
	free(scores);
	return ROWS / fastest;
}

/* Trains one network, and prints its line: the dense layers' sizes, or (dims NULL) the LeNet with what scoring takes. */
static void
time_network(const uint32_t *dims)
{
	DsadEnv		env = {.alloc = take, .release = give_back, .poll = go_on, .report = epoch_ended};
	DsadConfig	config;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadEncoder encoder;
	DsadRowSource source;

	features = dims ? dims[0] : 784;
	source = (DsadRowSource) {NULL, ROWS, features, false, read_row, NULL, (ROWS + 49) / 50, 0, NULL};
	values = malloc((size_t) ROWS * features * sizeof(double));
	for (size_t i = 0; i < (size_t) ROWS * features; i++)
		values[i] = sin((double) i * 0.37 + (double) (i % features * (i / features)) * 0.001);
	dsad_arena_init(&arena, &env);
	dsad_config_defaults(&config, DSAD_PRESET_FAST, features, ROWS);
	config.hidden.count = dims ? 2 : 0;
	config.hidden.value[0] = dims ? (int32_t) dims[1] : 0;
	config.hidden.value[1] = dims ? (int32_t) dims[2] : 0;
	config.latent = dims ? dims[3] : 32;
	config.batch_size = BATCH;
	config.members = 1;
	config.pretrain_epochs = features > 500 ? 6 : 20;
	config.epochs = features > 500 ? 10 : 40;
	/* an epoch visits every row, and the networks see as many inputs as PyTorch's */
	config.calibration = DSAD_CALIBRATION_NONE;
	config.scaling = DSAD_SCALING_STANDARD;
	if (dims == NULL)
	{
		make_picture(&encoder, &arena);
		source.encoder = &encoder;
		config.network = DSAD_NETWORK_CONV;
		config.input_weight = 0;
	}
	for (int phase = 0; phase <= DSAD_PHASE_NORMALIZING; phase++)
		best[phase] = INFINITY;
	if (test_train(&model, &arena, &env, &config, &source, &error) != DSAD_OK)
	{
		fprintf(stderr, "%s\n", error.message);
		exit(1);
	}
	if (dims)
		printf("%u-%u-%u-%u", dims[0], dims[1], dims[2], dims[3]);
	else
		printf("LeNet-8-4-32");
	printf(" %.0f %.0f %.0f\n", ROWS / best[DSAD_PHASE_PRETRAINING], ROWS / best[DSAD_PHASE_TRAINING],
		   dims ? BATCH / time_products(dims) : time_scores(&model, &arena));
	dsad_arena_release(&arena);
	free(values);
}

int
main(int argc, char **argv)
{
	dsad_blas_bind();
	if (dsad_blas_info().bound)
		fprintf(stderr, "deepsad: kernel %s, OpenBLAS core %s\n", dsad_kernel_name(dsad_kernel_best()), dsad_blas_info().core);
	else
		fprintf(stderr, "deepsad: kernel %s, no OpenBLAS: %s\n", dsad_kernel_name(dsad_kernel_best()), dsad_blas_info().reason);
	if (argc > 1 && strcmp(argv[1], "lenet") == 0)
		time_network(NULL);
	else
		for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
			time_network(shapes[s]);
	return 0;
}
