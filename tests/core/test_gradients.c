/*
 * test_gradients.c
 *	  The core's gradients against central differences of a reference forward
 *	  pass in double precision, written here from the formulas: the nets compute
 *	  in float32, where differences would drown in rounding.
 *
 * Tolerance: 2e-5 of the largest gradient of the layer.
 */
#include <math.h>
#include <string.h>

#include "check.h"
#include "core/train/loss.h"
#include "core/train/net.h"

enum
{
	ROWS = 9,
	FEATURES = 4,
	HIDDEN = 6,
	SECOND = 5,
	LATENT = 3,
	WIDEST = 6,
	WIDTH = DSAD_LANES			/* of every row, padded */
};

typedef enum Objective
{
	LINEAR,
	SIGMOID,
	SAD,
	SAD_ETA,
	OBJECTIVES
} Objective;

typedef struct Setup
{
	DsadNet		encoder;
	DsadNet		decoder;
	DsadProducts products;
	DsadLoss	loss;
	float		x[ROWS * WIDTH];
	float		center[WIDTH];
	int8_t		label[ROWS];
	float		gradient[ROWS * WIDTH];
} Setup;

static double
eta_of(Objective objective)
{
	return objective == SAD_ETA ? 2.5 : 1;
}

/* The core's forward pass and loss, with the gradient to the last output. */
static double
core_loss(Setup *s, Objective objective)
{
	const float *z = dsad_net_forward(&s->encoder, &s->products, s->x, ROWS);

	s->loss.eta = eta_of(objective);
	if (objective == LINEAR || objective == SIGMOID)
	{
		float	   *y = (float *) dsad_net_forward(&s->decoder, &s->products, z, ROWS);

		return dsad_loss_reconstruction(&s->loss, s->x, y, s->label, ROWS, FEATURES, objective == SIGMOID ? DSAD_RECONSTRUCTION_SIGMOID : DSAD_RECONSTRUCTION_LINEAR,
										s->gradient);
	}
	return dsad_loss_sad(&s->loss, z, s->label, ROWS, s->gradient);
}

static void
core_backward(Setup *s, Objective objective)
{
	if (objective == LINEAR || objective == SIGMOID)
		dsad_net_backward(&s->encoder, &s->products,
						  dsad_net_backward(&s->decoder, &s->products, s->gradient, ROWS, true), ROWS, false);
	else
		dsad_net_backward(&s->encoder, &s->products, s->gradient, ROWS, false);
}

/* Reference: x (ROWS, dims[0]) through a stack, in place; *changed weight is moved by step. */
static void
reference_net(const DsadNet *net, double x[ROWS][WIDEST], const float *changed, double step)
{
	for (uint32_t l = 0; l < net->layers; l++)
	{
		uint32_t	out = net->dims[l + 1];
		double		y[ROWS][WIDEST];

		for (int r = 0; r < ROWS; r++)
			for (uint32_t j = 0; j < out; j++)
			{
				y[r][j] = 0;
				for (uint32_t i = 0; i < net->dims[l]; i++)
				{
					const float *w = &net->weight[l][i * WIDTH + j];

					y[r][j] += x[r][i] * ((double) *w + (w == changed ? step : 0));
				}
			}
		for (uint32_t j = 0; j < out && l + 1 < net->layers; j++)
		{
			double		mean = 0;
			double		var = 0;

			for (int r = 0; r < ROWS; r++)
				mean += y[r][j] / ROWS;
			for (int r = 0; r < ROWS; r++)
				var += (y[r][j] - mean) * (y[r][j] - mean) / ROWS;
			if (net->fixed)
			{
				mean = net->running_mean[l][j];
				var = net->running_var[l][j];
			}
			for (int r = 0; r < ROWS; r++)
			{
				y[r][j] = (y[r][j] - mean) / sqrt(var + 1e-4) + (double) net->offset[l][j];
				if (y[r][j] < 0)
					y[r][j] *= 0.01;
			}
		}
		memcpy(x, y, sizeof(y));
	}
}

/* The loss in double precision with one weight moved by step. */
static double
reference_loss(const Setup *s, Objective objective, const float *changed, double step)
{
	double		z[ROWS][WIDEST];
	double		loss = 0;

	for (int r = 0; r < ROWS; r++)
		for (int j = 0; j < FEATURES; j++)
			z[r][j] = s->x[r * WIDTH + j];
	reference_net(&s->encoder, z, changed, step);
	if (objective == LINEAR || objective == SIGMOID)
	{
		reference_net(&s->decoder, z, changed, step);
		for (int r = 0; r < ROWS; r++)
			for (int j = 0; j < FEATURES; j++)
			{
				double		y = objective == SIGMOID ? 1 / (1 + exp(-z[r][j])) : z[r][j];

				loss += pow(y - s->x[r * WIDTH + j], 2) / (ROWS * FEATURES);
			}
		return loss;
	}
	for (int r = 0; r < ROWS; r++)
	{
		double		d = 0;

		for (int j = 0; j < LATENT; j++)
			d += pow(z[r][j] - s->center[j], 2);
		if (s->label[r] == -1)
			loss += eta_of(objective) / (d + 1e-6);
		else
			loss += s->label[r] == 1 ? eta_of(objective) * d : d;
	}
	return loss / ROWS;
}

/* Every weight of one layer. */
static void
check_layer(const Setup *s, Objective objective, const DsadNet *net, uint32_t l)
{
	const double step = 1e-6;
	double		largest = 0;
	double		worst = 0;

	for (size_t i = 0; i < net->dims[l] * WIDTH; i++)
	{
		const float *w = &net->weight[l][i];

		if (i % WIDTH >= net->dims[l + 1])
		{
			CHECK(net->gradient[l][i] == 0);	/* the padding stays out of it */
			continue;
		}
		{
			double		numeric = (reference_loss(s, objective, w, step) -
								   reference_loss(s, objective, w, -step)) /
								  (2 * step);

			largest = fmax(largest, fabs(numeric));
			worst = fmax(worst, fabs(numeric - net->gradient[l][i]));
		}
	}
	if (worst > 2e-5 * largest + 1e-9)
		printf("objective %d, layer %u: off by %g of %g\n", (int) objective, l, worst, largest);
	CHECK(worst <= 2e-5 * largest + 1e-9);
}

int
main(void)
{
	static const uint32_t dims[] = {FEATURES, HIDDEN, SECOND, LATENT};
	static const uint32_t reversed[] = {LATENT, SECOND, HIDDEN, FEATURES};
	Setup		s;
	TestEnv		env;
	DsadArena	arena;
	DsadError	error;
	DsadRandom	random;
	uint64_t	state = 3;		/* rows that leave no unit almost constant: float32 could not follow */

	memset(&s, 0, sizeof(s));
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	dsad_products_init(&s.products, &env.env);
	s.products.kernel = dsad_kernel(DSAD_KERNEL_PLAIN);
	CHECK(dsad_net_products_alloc(&s.products, &arena, dims, 3, &error) == DSAD_OK);
	CHECK(dsad_loss_alloc(&s.loss, &arena, LATENT, ROWS, &error) == DSAD_OK);
	s.loss.kernel = s.products.kernel;
	s.loss.watch = &s.products.watch;
	s.loss.center = s.center;
	CHECK(dsad_net_alloc(&s.encoder, &arena, dims, 3, ROWS, &error) == DSAD_OK);
	CHECK(dsad_net_alloc(&s.decoder, &arena, reversed, 3, ROWS, &error) == DSAD_OK);
	for (int seed = 0; seed < 10; seed++)
		for (int objective = 0; objective < OBJECTIVES; objective++)
		{
			double		loss;

			/* as while an update trains */
			s.encoder.fixed = seed >= 5;
			dsad_random_seed(&random, (uint64_t) seed, 0, DSAD_STREAM_ENCODER_INIT);
			dsad_net_init(&s.encoder, &random, DSAD_INIT_GLOROT, &s.products.watch);
			dsad_net_init(&s.decoder, &random, DSAD_INIT_GLOROT, &s.products.watch);
			dsad_net_draw_offsets(&s.encoder, &random, seed % 2);
			dsad_net_draw_offsets(&s.decoder, &random, seed % 2);
			for (int j = 0; j < SECOND && s.encoder.fixed; j++)
			{
				s.encoder.running_mean[1][j] = (float) test_uniform(&state);
				s.encoder.running_var[1][j] = (float) test_uniform(&state);
			}
			for (int i = 0; i < ROWS * WIDTH; i++)
				s.x[i] = i % WIDTH < FEATURES ? (float) test_uniform(&state) : 0;
			for (int i = 0; i < LATENT; i++)
				s.center[i] = (float) (test_uniform(&state) * 4 - 2);
			for (int i = 0; i < ROWS; i++)
				s.label[i] = (int8_t) (i % 3 - 1);
			loss = core_loss(&s, (Objective) objective);
			core_backward(&s, (Objective) objective);
			CHECK(fabs(loss - reference_loss(&s, (Objective) objective, NULL, 0)) <= 1e-5 * fabs(loss));
			for (uint32_t l = 0; l < 3; l++)
			{
				check_layer(&s, (Objective) objective, &s.encoder, l);
				if (objective == LINEAR || objective == SIGMOID)
					check_layer(&s, (Objective) objective, &s.decoder, l);
			}
		}
	dsad_arena_release(&arena);
	return check_report();
}
