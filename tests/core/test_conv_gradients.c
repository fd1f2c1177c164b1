/*
 * test_conv_gradients.c
 *	  Convolutional nets against a reference in double precision, written here from the formulas: losses, and
 *	  every weight's gradient against central differences, of encoder and decoder.
 *
 * Tolerance: 5e-5 of the largest gradient of a list of weights.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/train/loss.h"
#include "core/train/conv_net.h"
#include "core/train/net.h"

#define MAX_ROWS 6

typedef enum Objective
{
	LINEAR,
	SAD,
	OBJECTIVES
} Objective;

/* One weight moved by a step. */
typedef struct Change
{
	const float *weight;
	double		step;
} Change;

static double
weight_at(const float *weight, const Change *change)
{
	return (double) *weight + (weight == change->weight ? change->step : 0);
}

/* y (rows, out, h, w) = convolution of x (rows, in, h, w), allocated. */
static double *
reference_conv(const DsadConv *c, const float *weight, const double *x, int rows, const Change *change)
{
	int			h = (int) c->height;
	int			w = (int) c->width;
	size_t		pixels = dsad_conv_pixels(c);
	double	   *y = calloc(rows * c->out * pixels, sizeof(double));

	for (int r = 0; r < rows; r++)
		for (uint32_t o = 0; o < c->out; o++)
			for (uint32_t i = 0; i < c->in; i++)
				for (int tap = 0; tap < 25; tap++)
				{
					double		value = weight_at(&weight[(o * c->in + i) * 25 + tap], change);

					for (int row = 0; row < h; row++)
						for (int column = 0; column < w; column++)
						{
							int			from_row = row + tap / 5 - 2;
							int			from_column = column + tap % 5 - 2;

							if (from_row >= 0 && from_row < h && from_column >= 0 && from_column < w)
								y[((r * c->out + o) * h + row) * w + column] +=
									value * x[((r * c->in + i) * h + from_row) * w + from_column];
						}
				}
	return y;
}

/* BatchNorm of each of `channels`, of which a row has `pixels`, and leaky ReLU, in place. */
static void
reference_norm(double *y, int rows, uint32_t channels, size_t pixels, const float *mean, const float *var,
			   const float *offset)
{
	for (uint32_t o = 0; o < channels; o++)
	{
		double		m = 0;
		double		v = 0;
		double		count = (double) (rows * pixels);

		for (int r = 0; r < rows; r++)
			for (size_t p = 0; p < pixels; p++)
				m += y[(r * channels + o) * pixels + p] / count;
		for (int r = 0; r < rows; r++)
			for (size_t p = 0; p < pixels; p++)
				v += pow(y[(r * channels + o) * pixels + p] - m, 2) / count;
		if (mean != NULL)
		{
			m = mean[o];
			v = var[o];
		}
		for (int r = 0; r < rows; r++)
			for (size_t p = 0; p < pixels; p++)
			{
				double	   *at = &y[(r * channels + o) * pixels + p];

				*at = (*at - m) / sqrt(v + 1e-4) + (offset ? (double) offset[o] : 0);
				*at = *at < 0 ? *at * 0.01 : *at;
			}
	}
}

static double *
reference_pool(const DsadConv *c, const double *y, int rows)
{
	uint32_t	h = c->height / 2;
	uint32_t	w = c->width / 2;
	double	   *pooled = calloc(rows * c->out * h * w, sizeof(double));

	for (size_t m = 0; m < rows * c->out; m++)
		for (uint32_t r = 0; r < h; r++)
			for (uint32_t q = 0; q < w; q++)
			{
				const double *at = y + m * dsad_conv_pixels(c) + 2 * r * c->width + 2 * q;

				pooled[(m * h + r) * w + q] = fmax(fmax(at[0], at[1]), fmax(at[c->width], at[c->width + 1]));
			}
	return pooled;
}

static double *
reference_raise(const DsadConv *c, const double *x, int rows)
{
	int			h = (int) c->height / 2;
	int			w = (int) c->width / 2;
	double	   *raised = calloc(rows * c->in * dsad_conv_pixels(c), sizeof(double));

	for (size_t m = 0; m < rows * c->in; m++)
		for (int r = 0; r < (int) c->height; r++)
			for (int q = 0; q < (int) c->width; q++)
				raised[m * dsad_conv_pixels(c) + r * c->width + q] =
					x[(m * h + (r / 2 < h ? r / 2 : h - 1)) * w + (q / 2 < w ? q / 2 : w - 1)];
	return raised;
}

/* x (rows, dims[0]) through the dense layers; frees x. */
static double *
reference_dense(const DsadNet *net, double *x, int rows, const Change *change)
{
	for (uint32_t l = 0; l < net->layers; l++)
	{
		uint32_t	in = net->dims[l];
		uint32_t	out = net->dims[l + 1];
		double	   *y = calloc((size_t) rows * out, sizeof(double));

		for (int r = 0; r < rows; r++)
			for (uint32_t i = 0; i < in; i++)
				for (uint32_t j = 0; j < out; j++)
					y[r * out + j] += x[r * in + i] * weight_at(&net->weight[l][i * net->width[l + 1] + j], change);
		if (l + 1 < net->layers)
			reference_norm(y, rows, out, 1, net->fixed ? net->running_mean[l] : NULL, net->running_var[l], net->offset[l]);
		free(x);
		x = y;
	}
	return x;
}

/* The encoder's output (rows, latent) of x (rows, inputs), allocated. */
static double *
reference_encode(const DsadNet *net, const double *x, int rows, const Change *change)
{
	const DsadConvNet *conv = &net->conv;
	size_t		cells = dsad_shape_cells(conv->picture.shape);
	double	   *maps = malloc(rows * cells * sizeof(double));
	double	   *dense = malloc((size_t) rows * net->dims[0] * sizeof(double));

	for (int r = 0; r < rows; r++)
		memcpy(maps + r * cells, x + (size_t) r * conv->inputs + conv->picture.first, cells * sizeof(double));
	for (uint32_t m = 0; m < conv->layers; m++)
	{
		const DsadConv *c = &conv->layer[m].shape;
		uint32_t	t = net->layers + m;
		double	   *y = reference_conv(c, net->weight[t], maps, rows, change);

		free(maps);
		reference_norm(y, rows, c->out, dsad_conv_pixels(c), net->fixed ? net->running_mean[t] : NULL,
					   net->running_var[t], NULL);
		maps = reference_pool(c, y, rows);
		free(y);
	}
	for (int r = 0; r < rows; r++)
	{
		double	   *to = dense + (size_t) r * net->dims[0];

		memcpy(to, maps + r * conv->maps, conv->maps * sizeof(double));
		to += conv->maps;
		for (uint32_t i = 0; i < conv->inputs; i++)
			if (i < conv->picture.first || i >= conv->picture.first + cells)
				*to++ = x[(size_t) r * conv->inputs + i];
	}
	free(maps);
	return reference_dense(net, dense, rows, change);
}

/* The decoder's rows (rows, inputs) of z (rows, latent), which is freed. */
static double *
reference_decode(const DsadNet *net, double *z, int rows, const Change *change)
{
	const DsadConvNet *conv = &net->conv;
	size_t		cells = dsad_shape_cells(conv->picture.shape);
	double	   *dense = reference_dense(net, z, rows, change);
	double	   *maps = malloc(rows * conv->maps * sizeof(double));
	double	   *x = malloc((size_t) rows * conv->inputs * sizeof(double));

	for (int r = 0; r < rows; r++)
		for (size_t i = 0; i < conv->maps; i++)
		{
			double		v = dense[r * net->dims[net->layers] + i];

			maps[r * conv->maps + i] = v < 0 ? v * 0.01 : v;
		}
	for (uint32_t m = 0; m < conv->layers; m++)
	{
		const DsadConv *c = &conv->layer[m].shape;
		uint32_t	t = net->layers + m;
		double	   *raised = reference_raise(c, maps, rows);

		free(maps);
		maps = reference_conv(c, net->weight[t], raised, rows, change);
		free(raised);
		if (m + 1 < conv->layers)
			reference_norm(maps, rows, c->out, dsad_conv_pixels(c), NULL, NULL, NULL);
	}
	for (int r = 0; r < rows; r++)
	{
		const double *other = dense + r * net->dims[net->layers] + conv->maps;

		for (uint32_t i = 0; i < conv->inputs; i++)
			x[(size_t) r * conv->inputs + i] = i < conv->picture.first || i >= conv->picture.first + cells ?
												   *other++ :
												   maps[r * cells + i - conv->picture.first];
	}
	free(maps);
	free(dense);
	return x;
}

typedef struct Setup
{
	DsadModel	model;
	DsadNet		encoder;
	DsadNet		decoder;
	DsadProducts products;
	DsadLoss	loss;
	int			rows;
	float	   *x;				/* (rows, inputs padded) */
	double	   *row;			/* (rows, inputs) */
	float	   *gradient;
	float		center[64];
	int8_t		label[MAX_ROWS];
} Setup;

static double
reference_loss(const Setup *s, Objective objective, const Change *change)
{
	double	   *z = reference_encode(&s->encoder, s->row, s->rows, change);
	uint32_t	latent = s->model.dims[s->model.layers];
	uint32_t	inputs = s->model.scaling.inputs;
	double		loss = 0;

	if (objective == LINEAR)
	{
		double	   *y = reference_decode(&s->decoder, z, s->rows, change);

		for (size_t i = 0; i < (size_t) s->rows * inputs; i++)
			loss += pow(y[i] - s->row[i], 2) / (s->rows * inputs);
		free(y);
		return loss;
	}
	for (int r = 0; r < s->rows; r++)
	{
		double		d = 0;

		for (uint32_t j = 0; j < latent; j++)
			d += pow(z[r * latent + j] - s->center[j], 2);
		loss += s->label[r] == -1 ? 1 / (d + 1e-6) : d;
	}
	free(z);
	return loss / s->rows;
}

static double
core_loss(Setup *s, Objective objective)
{
	const float *z = dsad_net_forward(&s->encoder, &s->products, s->x, (uint32_t) s->rows);

	if (objective == LINEAR)
		return dsad_loss_reconstruction(&s->loss, s->x, (float *) dsad_net_forward(&s->decoder, &s->products, z, (uint32_t) s->rows),
										s->label, (uint32_t) s->rows, s->model.scaling.inputs, DSAD_RECONSTRUCTION_LINEAR,
										s->gradient);
	return dsad_loss_sad(&s->loss, z, s->label, (uint32_t) s->rows, s->gradient);
}

static void
core_backward(Setup *s, Objective objective)
{
	const float *d = s->gradient;

	if (objective == LINEAR)
		d = dsad_net_backward(&s->decoder, &s->products, d, (uint32_t) s->rows, true);
	dsad_net_backward(&s->encoder, &s->products, d, (uint32_t) s->rows, false);
}

/* Up to 150 weights of each list, spread over it. */
static void
check_net(const Setup *s, Objective objective, const DsadNet *net, const char *name)
{
	const double step = 1e-6;

	for (uint32_t t = 0; t < dsad_net_tensors(net); t++)
	{
		size_t		size = t < net->layers ? dsad_net_tensor_size(net, t) : dsad_conv_weights(&net->conv.layer[t - net->layers].shape);
		size_t		jump = size / 150 + 1;
		double		largest = 0;
		double		worst = 0;

		for (size_t i = 0; i < size; i += jump)
		{
			const float *w = &net->weight[t][i];
			double		numeric;

			if (t < net->layers && i % net->width[t + 1] >= net->dims[t + 1])
				continue;
			numeric = (reference_loss(s, objective, &(Change) {w, step}) - reference_loss(s, objective, &(Change) {w, -step})) /
					  (2 * step);
			largest = fmax(largest, fabs(numeric));
			worst = fmax(worst, fabs(numeric - net->gradient[t][i]));
		}
		if (worst > 5e-5 * largest + 1e-9)
			printf("objective %d, %s, list %u: off by %g of %g\n", (int) objective, name, t, worst, largest);
		CHECK(worst <= 5e-5 * largest + 1e-9);
	}
}

/* A net of one shape, with `before` inputs before the picture and `after` behind it. */
static void
test_shape(DsadShape shape, uint32_t before, uint32_t after, const int32_t *channels, uint32_t modules, uint32_t hidden,
		   int rows, bool fixed, const DsadKernel *kernel)
{
	DsadConfig	config = test_config(1);
	uint32_t	inputs = before + (uint32_t) dsad_shape_cells(shape) + after;
	uint32_t	reversed[DSAD_MAX_LAYERS + 1];
	TestEnv		env;
	DsadArena	arena;
	DsadError	error;
	DsadRandom	random;
	Setup		s;
	uint64_t	state = 5;
	DsadModel  *m = &s.model;

	memset(&s, 0, sizeof(s));
	config.channels.count = modules;
	memcpy(config.channels.value, channels, modules * sizeof(int32_t));
	config.hidden.count = hidden > 0;
	config.hidden.value[0] = (int32_t) hidden;
	config.latent = 3;
	config.members = 1;
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(dsad_model_alloc(m, &arena, &config, inputs, inputs, (DsadPicture) {shape, before}, &error) == DSAD_OK);
	s.rows = rows;
	dsad_products_init(&s.products, &env.env);
	s.products.kernel = s.loss.kernel = kernel;
	s.loss.watch = &s.products.watch;
	s.loss.center = s.center;
	s.loss.eta = 1;
	for (uint32_t l = 0; l <= m->layers; l++)
		reversed[m->layers - l] = m->dims[l];
	CHECK(dsad_net_products_alloc(&s.products, &arena, m->dims, m->layers, &error) == DSAD_OK);
	CHECK(dsad_loss_alloc(&s.loss, &arena, 3, MAX_ROWS, &error) == DSAD_OK);
	CHECK(dsad_net_alloc(&s.encoder, &arena, m->dims, m->layers, MAX_ROWS, &error) == DSAD_OK);
	CHECK(dsad_conv_net_alloc(&s.encoder, &arena, m, false, MAX_ROWS, &error) == DSAD_OK);
	CHECK(dsad_net_alloc(&s.decoder, &arena, reversed, m->layers, MAX_ROWS, &error) == DSAD_OK);
	CHECK(dsad_conv_net_alloc(&s.decoder, &arena, m, true, MAX_ROWS, &error) == DSAD_OK);
	dsad_random_seed(&random, 3, 0, DSAD_STREAM_ENCODER_INIT);
	dsad_net_init(&s.encoder, &random, DSAD_INIT_GLOROT, &s.products.watch);
	dsad_net_init(&s.decoder, &random, DSAD_INIT_GLOROT, &s.products.watch);
	s.encoder.fixed = fixed;
	for (uint32_t t = 0; t < dsad_net_tensors(&s.encoder) && fixed; t++)
		for (size_t i = 0; s.encoder.running_mean[t] && i < dsad_net_tensor_units(&s.encoder, t); i++)
		{
			s.encoder.running_mean[t][i] = (float) test_uniform(&state) - 0.5F;
			s.encoder.running_var[t][i] = (float) test_uniform(&state) + 0.1F;
		}
	s.x = dsad_arena_array(&arena, (size_t) MAX_ROWS * dsad_padded(inputs), sizeof(float));
	s.gradient = dsad_arena_array(&arena, (size_t) MAX_ROWS * (dsad_padded(inputs) + DSAD_LANES), sizeof(float));
	s.row = dsad_arena_array(&arena, (size_t) MAX_ROWS * inputs, sizeof(double));
	for (int r = 0; r < rows; r++)
		for (uint32_t i = 0; i < inputs; i++)
			s.row[(size_t) r * inputs + i] = s.x[r * dsad_padded(inputs) + i] = (float) (test_uniform(&state) * 2 - 1);
	for (int i = 0; i < 3; i++)
		s.center[i] = (float) (test_uniform(&state) * 4 - 2);
	for (int i = 0; i < rows; i++)
		s.label[i] = (int8_t) (i % 3 - 1);
	for (int objective = fixed ? SAD : LINEAR; objective < OBJECTIVES; objective++)
	{
		Change		none = {NULL, 0};
		double		loss = core_loss(&s, (Objective) objective);
		double		expected = reference_loss(&s, (Objective) objective, &none);

		core_backward(&s, (Objective) objective);
		CHECK(fabs(loss - expected) <= 1e-5 * fabs(expected));
		check_net(&s, (Objective) objective, &s.encoder, "encoder");
		if (objective == LINEAR)
			check_net(&s, (Objective) objective, &s.decoder, "decoder");
	}
	dsad_arena_release(&arena);
}

int
main(void)
{
	static const int32_t lenet[] = {8, 4};
	static const int32_t small[] = {3, 2};
	static const int32_t three[] = {4, 5, 3};
	static const int32_t one[] = {5};

	for (int level = DSAD_KERNEL_PLAIN; level <= DSAD_KERNEL_AVX512; level++)
	{
		const DsadKernel *kernel = dsad_kernel((DsadKernelLevel) level);

		if (kernel == NULL)
			continue;
		test_shape((DsadShape) {1, 5, 7}, 0, 0, small, 2, 0, 6, false, kernel);
		test_shape((DsadShape) {1, 5, 7}, 0, 0, small, 2, 0, 6, true, kernel);
		test_shape((DsadShape) {2, 7, 5}, 2, 3, one, 1, 4, 5, false, kernel);
		test_shape((DsadShape) {1, 4, 4}, 0, 1, small, 2, 5, 6, false, kernel);
	}
	test_shape((DsadShape) {1, 28, 28}, 0, 0, lenet, 2, 0, 3, false, dsad_kernel_best());
	test_shape((DsadShape) {3, 32, 32}, 0, 0, three, 3, 6, 3, false, dsad_kernel_best());
	test_shape((DsadShape) {1, 64, 48}, 1, 1, one, 1, 0, 2, false, dsad_kernel_best());
	return check_report();
}
