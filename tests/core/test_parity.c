/*
 * test_parity.c
 *	  The same start and batches as PyTorch (fixtures/generate.py) must give the
 *	  same losses, gradients, BatchNorm statistics and weights.
 *
 * Tolerances, relative to the largest value of a tensor: 1e-5 for the first
 * gradients and 1e-4 for anything after eight steps, where float32 rounding of
 * two different summation orders has been through Adam's division.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/train/loss.h"
#include "core/train/optimizer.h"
#include "core/statistics.h"

#define MAX_TENSORS 128
#define FIRST 1e-5
#define LATER 1e-4

typedef struct Tensor
{
	char		name[64];
	size_t		count;
	float	   *value;
} Tensor;

static Tensor tensors[MAX_TENSORS];
static int	tensor_count;

static void
load(const char *name)
{
	char		path[128];
	FILE	   *file;

	while (tensor_count > 0)
		free(tensors[--tensor_count].value);
	snprintf(path, sizeof(path), "fixtures/%s.txt", name);
	file = fopen(path, "r");
	CHECK(file != NULL);
	if (file == NULL)
		return;
	while (tensor_count < MAX_TENSORS &&
		   fscanf(file, "%63s %zu", tensors[tensor_count].name, &tensors[tensor_count].count) == 2)
	{
		Tensor	   *t = &tensors[tensor_count++];

		t->value = calloc(t->count + 1, sizeof(float));
		for (size_t i = 0; i < t->count; i++)
			CHECK(fscanf(file, "%f", &t->value[i]) == 1);
	}
	fclose(file);
}

static const Tensor *
tensor(const char *format, int number)
{
	char		name[64];

	snprintf(name, sizeof(name), format, number);
	for (int i = 0; i < tensor_count; i++)
		if (strcmp(tensors[i].name, name) == 0)
			return &tensors[i];
	printf("no tensor %s\n", name);
	exit(1);
}

/* Whether values equal the tensor within tolerance of its largest value. */
static bool
close_to(const float *values, const Tensor *t, double tolerance)
{
	double		largest = 0;
	double		worst = 0;

	for (size_t i = 0; i < t->count; i++)
	{
		largest = fmax(largest, fabs(t->value[i]));
		worst = fmax(worst, fabs((double) values[i] - t->value[i]));
	}
	if (worst > tolerance * largest)
		printf("%s is off by %g of %g\n", t->name, worst, largest);
	return worst <= tolerance * largest;
}

static void
set_weights(DsadNet *net, const char *format)
{
	for (uint32_t l = 0; l < net->layers; l++)
		dsad_net_set_weights(net, l, tensor(format, (int) l)->value);
}

/* Whether rows of `width` numbers, padded in memory, equal the tensor. */
static bool
rows_close_to(const float *values, size_t width, const Tensor *t, double tolerance)
{
	float	   *packed = malloc(t->count * sizeof(float));
	bool		result;

	for (size_t i = 0; i < t->count; i++)
		packed[i] = values[i / width * dsad_padded(width) + i % width];
	result = close_to(packed, t, tolerance);
	free(packed);
	return result;
}

static void
check_net(const DsadNet *net, const char *weight, const char *mean, const char *var)
{
	for (uint32_t l = 0; l < net->layers; l++)
	{
		CHECK(rows_close_to(net->weight[l], net->dims[l + 1], tensor(weight, (int) l), LATER));
		if (l + 1 == net->layers)
			break;
		CHECK(close_to(net->running_mean[l], tensor(mean, (int) l), LATER));
		CHECK(close_to(net->running_var[l], tensor(var, (int) l), LATER));
	}
}

static void
check_gradients(const DsadNet *net, const char *format)
{
	for (uint32_t l = 0; l < net->layers; l++)
		CHECK(rows_close_to(net->gradient[l], net->dims[l + 1], tensor(format, (int) l), FIRST));
}

/* Batch number `step` as the nets want it: (rows, features padded). */
static void
set_batch(float *x, uint32_t step, uint32_t rows, uint32_t features)
{
	const float *value = tensor("batches", 0)->value + (size_t) step * rows * features;

	for (size_t i = 0; i < (size_t) rows * features; i++)
		x[i / features * DSAD_LANES + i % features] = value[i];
}

typedef enum Objective
{
	AUTOENCODER,
	SAD
} Objective;

static void
run(const char *name, Objective objective)
{
	TestEnv		env;
	DsadArena	arena;
	DsadNet		encoder;
	DsadNet		decoder;
	DsadAdam	encoder_adam;
	DsadAdam	decoder_adam;
	DsadProducts products;
	DsadLoss	losses;
	DsadError	error;
	DsadConfig	config = test_config(4);
	const float *setting;
	uint32_t	dims[DSAD_MAX_LAYERS + 1];
	uint32_t	reversed[DSAD_MAX_LAYERS + 1];
	uint32_t	layers;
	uint32_t	rows;
	uint32_t	latent;
	float		gradient[64 * DSAD_LANES];
	float		center[DSAD_LANES] = {0};
	float		x[64 * DSAD_LANES] = {0};
	int8_t		label[64];

	load(name);
	setting = tensor("settings", 0)->value;
	layers = (uint32_t) tensor("dims", 0)->count - 1;
	for (uint32_t l = 0; l <= layers; l++)
		dims[l] = reversed[layers - l] = (uint32_t) tensor("dims", 0)->value[l];
	rows = (uint32_t) setting[0];
	latent = dims[layers];
	config.learning_rate = 1e-2;
	config.milestones.count = 1;
	config.milestones.value[0] = (int32_t) setting[4];
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	dsad_products_init(&products, &env.env);
	memset(&losses, 0, sizeof(losses));
	losses.kernel = products.kernel;
	losses.watch = &products.watch;
	losses.center = center;
	losses.eta = setting[2];
	CHECK(dims[0] <= DSAD_LANES && rows <= 64);
	CHECK(dsad_net_products_alloc(&products, &arena, dims, layers, &error) == DSAD_OK);
	CHECK(dsad_loss_alloc(&losses, &arena, latent, rows, &error) == DSAD_OK);
	CHECK(dsad_net_alloc(&encoder, &arena, dims, layers, rows, &error) == DSAD_OK);
	CHECK(dsad_net_alloc(&decoder, &arena, reversed, layers, rows, &error) == DSAD_OK);
	CHECK(dsad_adam_alloc(&encoder_adam, &arena, &encoder, &error) == DSAD_OK);
	CHECK(dsad_adam_alloc(&decoder_adam, &arena, &decoder, &error) == DSAD_OK);
	set_weights(&encoder, "encoder.before.weight.%d");
	set_weights(&decoder, "decoder.before.weight.%d");
	set_batch(x, 0, rows, dims[0]);
	CHECK(rows_close_to(dsad_net_evaluate(&encoder, &products, x, rows), latent, tensor("evaluated", 0),
						FIRST));
	memcpy(center, tensor("center", 0)->value, latent * sizeof(float));

	for (uint32_t step = 0; step < (uint32_t) setting[1]; step++)
	{
		const float *z;
		double		rate = dsad_learning_rate(&config, step);
		double		expected = tensor("losses", 0)->value[step];
		double		loss;

		set_batch(x, step, rows, dims[0]);
		z = dsad_net_forward(&encoder, &products, x, rows);
		for (uint32_t i = 0; i < rows; i++)
			label[i] = (int8_t) tensor("labels", 0)->value[step * rows + i];
		if (objective == AUTOENCODER)
		{
			float	   *y = (float *) dsad_net_forward(&decoder, &products, z, rows);

			loss = dsad_loss_reconstruction(&losses, x, y, label, rows, dims[0], (DsadReconstruction) setting[5], gradient);
			dsad_net_backward(&encoder, &products,
							  dsad_net_backward(&decoder, &products, gradient, rows, true), rows, false);
			if (step == 0)
				check_gradients(&decoder, "decoder.gradient.%d");
			dsad_adam_step(&decoder_adam, &decoder, &products, rate, setting[3]);
		}
		else
		{
			loss = dsad_loss_sad(&losses, z, label, rows, gradient);
			dsad_net_backward(&encoder, &products, gradient, rows, false);
		}
		if (step == 0)
			check_gradients(&encoder, "encoder.gradient.%d");
		dsad_adam_step(&encoder_adam, &encoder, &products, rate, setting[3]);
		CHECK(fabs(loss - expected) <= (step == 0 ? FIRST : LATER) * fabs(expected));
	}
	check_net(&encoder, "encoder.after.weight.%d", "encoder.after.mean.%d", "encoder.after.var.%d");
	if (objective == AUTOENCODER)
		check_net(&decoder, "decoder.after.weight.%d", "decoder.after.mean.%d", "decoder.after.var.%d");
	dsad_arena_release(&arena);
}

int
main(void)
{
	run("autoencoder_linear", AUTOENCODER);
	run("autoencoder_sigmoid", AUTOENCODER);
	run("sad", SAD);
	run("sad_deep_eta_decay", SAD);
	while (tensor_count > 0)
		free(tensors[--tensor_count].value);
	return check_report();
}
