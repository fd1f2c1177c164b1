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
#include "core/train/conv_net.h"
#include "core/train/loss.h"
#include "core/train/optimizer.h"
#include "core/statistics.h"

#define MAX_TENSORS 128
#define FIRST 1e-5
#define LATER 1e-4
#define CONV_FIRST 1e-4			/* sums over hundreds of pixels, whose order differs */
#define CONV_LATER 1e-3			/* where a gradient is near zero Adam makes a whole step of rounding */

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

/* A net's lists of weights against tensors: `what` is "before", "gradient" or "after". */
static void
check_conv(const DsadNet *net, const char *name, const char *what, float *const *list, double tolerance)
{
	char		format[64];

	snprintf(format, sizeof(format), "%s.%s.conv.%%d", name, what);
	for (uint32_t m = 0; m < net->conv.layers; m++)
		CHECK(close_to(list[net->layers + m], tensor(format, (int) m), tolerance));
	snprintf(format, sizeof(format), strcmp(what, "gradient") == 0 ? "%s.%s.gradient.%%d" : "%s.%s.weight.%%d", name, what);
	for (uint32_t l = 0; l < net->layers; l++)
		CHECK(rows_close_to(list[l], net->dims[l + 1], tensor(format, (int) l), tolerance));
}

/* BatchNorm's running statistics after all steps. */
static void
check_conv_statistics(const DsadNet *net, const char *name)
{
	char		format[64];

	for (uint32_t m = 0; m < net->conv.layers; m++)
	{
		uint32_t	t = net->layers + m;

		if (net->running_mean[t] == NULL)
			continue;
		snprintf(format, sizeof(format), "%s.after.conv_mean.%%d", name);
		CHECK(close_to(net->running_mean[t], tensor(format, (int) m), LATER));
		snprintf(format, sizeof(format), "%s.after.conv_var.%%d", name);
		CHECK(close_to(net->running_var[t], tensor(format, (int) m), LATER));
	}
}

/* A net with the fixture's first weights, in arena. */
static void
make_conv_net(DsadNet *net, DsadArena *arena, const DsadModel *model, bool decoder, uint32_t rows)
{
	const char *name = decoder ? "decoder" : "encoder";
	uint32_t	dims[DSAD_MAX_LAYERS + 1];
	char		format[64];
	DsadError	error;

	for (uint32_t l = 0; l <= model->layers; l++)
		dims[l] = model->dims[decoder ? model->layers - l : l];
	CHECK(dsad_net_alloc(net, arena, dims, model->layers, rows, &error) == DSAD_OK);
	CHECK(dsad_conv_net_alloc(net, arena, model, decoder, rows, &error) == DSAD_OK);
	snprintf(format, sizeof(format), "%s.before.weight.%%d", name);
	set_weights(net, format);
	snprintf(format, sizeof(format), "%s.before.conv.%%d", name);
	for (uint32_t m = 0; m < net->conv.layers; m++)
		memcpy(net->weight[net->layers + m], tensor(format, (int) m)->value,
			   dsad_conv_weights(&net->conv.layer[m].shape) * sizeof(float));
}

/* The model's shape of a fixture. */
static void
make_conv_model(DsadModel *model, DsadArena *arena)
{
	const Tensor *shape = tensor("shape", 0);
	const Tensor *channels = tensor("channels", 0);
	const Tensor *dims = tensor("dims", 0);
	DsadConfig	config = test_config(1);
	DsadPicture picture = {{(uint32_t) shape->value[0], (uint32_t) shape->value[1], (uint32_t) shape->value[2]}, 0};
	uint32_t	inputs = (uint32_t) dsad_shape_cells(picture.shape);
	DsadError	error;

	config.channels.count = (uint32_t) channels->count;
	for (size_t i = 0; i < channels->count; i++)
		config.channels.value[i] = (int32_t) channels->value[i];
	config.hidden.count = (uint32_t) dims->count - 2;
	for (size_t i = 1; i + 1 < dims->count; i++)
		config.hidden.value[i - 1] = (int32_t) dims->value[i];
	config.latent = (int64_t) dims->value[dims->count - 1];
	config.members = 1;
	CHECK(dsad_model_alloc(model, arena, &config, inputs, inputs, picture, &error) == DSAD_OK);
	CHECK(model->dims[0] == (uint32_t) dims->value[0]);
}

/* A convolutional net, step by step. */
static void
run_conv(const char *name)
{
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadNet		encoder;
	DsadNet		decoder;
	DsadAdam	encoder_adam;
	DsadAdam	decoder_adam;
	DsadProducts products;
	DsadLoss	losses;
	DsadError	error;
	float		center[64];
	int8_t		label[64] = {0};
	float	   *x;
	float	   *gradient;
	uint32_t	rows;
	uint32_t	inputs;
	uint32_t	latent;
	bool		reconstructs;

	load(name);
	rows = (uint32_t) tensor("settings", 0)->value[0];
	reconstructs = tensor("settings", 0)->value[2] != 0;
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	make_conv_model(&model, &arena);
	inputs = model.scaling.inputs;
	latent = model.dims[model.layers];
	make_conv_net(&encoder, &arena, &model, false, rows);
	make_conv_net(&decoder, &arena, &model, true, rows);
	dsad_products_init(&products, &env.env);
	memset(&losses, 0, sizeof(losses));
	losses.kernel = products.kernel;
	losses.watch = &products.watch;
	losses.center = center;
	losses.eta = 1;
	for (int i = 0; i < 64; i++)
		center[i] = i < (int) latent ? 0.5F : 0;
	CHECK(dsad_net_products_alloc(&products, &arena, model.dims, model.layers, &error) == DSAD_OK);
	CHECK(dsad_loss_alloc(&losses, &arena, latent, rows, &error) == DSAD_OK);
	CHECK(dsad_adam_alloc(&encoder_adam, &arena, &encoder, &error) == DSAD_OK);
	CHECK(dsad_adam_alloc(&decoder_adam, &arena, &decoder, &error) == DSAD_OK);
	x = dsad_arena_array(&arena, rows * dsad_padded(inputs), sizeof(float));
	gradient = dsad_arena_array(&arena, rows * (dsad_padded(inputs) + dsad_padded(latent)), sizeof(float));
	for (uint32_t step = 0; step < (uint32_t) tensor("settings", 0)->value[1]; step++)
	{
		double		expected = tensor("losses", 0)->value[step];
		double		loss;
		const float *z;
		const float *d = gradient;

		for (size_t i = 0; i < (size_t) rows * inputs; i++)
			x[i / inputs * dsad_padded(inputs) + i % inputs] = tensor("batches", 0)->value[(size_t) step * rows * inputs + i];
		for (uint32_t i = 0; i < rows; i++)
			label[i] = (int8_t) tensor("labels", 0)->value[step * rows + i];
		if (step == 0)
			CHECK(rows_close_to(dsad_net_evaluate(&encoder, &products, x, rows), latent, tensor("evaluated", 0), FIRST));
		z = dsad_net_forward(&encoder, &products, x, rows);
		if (reconstructs)
		{
			float	   *y = (float *) dsad_net_forward(&decoder, &products, z, rows);

			loss = dsad_loss_reconstruction(&losses, x, y, label, rows, inputs, DSAD_RECONSTRUCTION_LINEAR, gradient);
			d = dsad_net_backward(&decoder, &products, d, rows, true);
			dsad_adam_step(&decoder_adam, &decoder, &products, 1e-3, 1e-6);
		}
		else
			loss = dsad_loss_sad(&losses, z, label, rows, gradient);
		dsad_net_backward(&encoder, &products, d, rows, false);
		if (step == 0)
			check_conv(&encoder, "encoder", "gradient", encoder.gradient, CONV_FIRST);
		if (step == 0 && reconstructs)
			check_conv(&decoder, "decoder", "gradient", decoder.gradient, CONV_FIRST);
		dsad_adam_step(&encoder_adam, &encoder, &products, 1e-3, 1e-6);
		CHECK(fabs(loss - expected) <= (step == 0 ? FIRST : LATER) * fabs(expected));
	}
	check_conv(&encoder, "encoder", "after", encoder.weight, CONV_LATER);
	check_conv_statistics(&encoder, "encoder");
	if (reconstructs)
	{
		check_conv(&decoder, "decoder", "after", decoder.weight, CONV_LATER);
		check_conv_statistics(&decoder, "decoder");
	}
	dsad_arena_release(&arena);
}

int
main(void)
{
	run("autoencoder_linear", AUTOENCODER);
	run("autoencoder_sigmoid", AUTOENCODER);
	run("sad", SAD);
	run("sad_deep_eta_decay", SAD);
	run_conv("conv_odd");
	run_conv("conv_lenet_ae");
	run_conv("conv_lenet_sad");
	run_conv("conv_color");
	while (tensor_count > 0)
		free(tensors[--tensor_count].value);
	return check_report();
}
