/*
 * net.c
 *	  Forward and backward passes of a stack of layers.
 */
#include "net.h"

#include <math.h>
#include <string.h>

#include "env.h"

/*
 * Allocates weights, gradients, BatchNorm statistics and the buffers of a batch
 * of batch_rows rows, all in arena.  Running variances start at 1, as PyTorch's.
 */
DsadStatus
dsad_net_alloc(DsadNet *net, DsadArena *arena, const uint32_t *dims, uint32_t layers,
			   uint32_t batch_rows, DsadError *error)
{
	uint32_t	widest = dims[0];

	memset(net, 0, sizeof(*net));
	net->layers = layers;
	memcpy(net->dims, dims, (layers + 1) * sizeof(*dims));
	for (uint32_t l = 0; l < layers; l++)
	{
		size_t		out = dims[l + 1];

		if (out > widest)
			widest = (uint32_t) out;
		net->weight[l] = dsad_arena_array(arena, dims[l] * out, sizeof(float));
		net->gradient[l] = dsad_arena_array(arena, dims[l] * out, sizeof(float));
		net->output[l] = dsad_arena_array(arena, batch_rows * out, sizeof(float));
		if (!net->weight[l] || !net->gradient[l] || !net->output[l])
			return dsad_no_memory(error);
		if (l + 1 == layers)
			break;
		net->running_mean[l] = dsad_arena_array(arena, out, sizeof(float));
		net->running_var[l] = dsad_arena_array(arena, out, sizeof(float));
		net->inverse_std[l] = dsad_arena_array(arena, out, sizeof(float));
		net->normalised[l] = dsad_arena_array(arena, batch_rows * out, sizeof(float));
		if (!net->running_mean[l] || !net->running_var[l] || !net->inverse_std[l] ||
			!net->normalised[l])
			return dsad_no_memory(error);
		for (size_t j = 0; j < out; j++)
			net->running_var[l][j] = 1;
	}
	for (int i = 0; i < 2; i++)
	{
		net->delta[i] = dsad_arena_array(arena, (size_t) batch_rows * widest, sizeof(float));
		net->column_sum[i] = dsad_arena_array(arena, widest, sizeof(double));
		if (!net->delta[i] || !net->column_sum[i])
			return dsad_no_memory(error);
	}
	return DSAD_OK;
}

/*
 * Draws the weights: PyTorch's default for a linear layer is uniform within
 * +-1/sqrt(in), Glorot's uniform within +-sqrt(6/(in + out)).
 */
void
dsad_net_init(DsadNet *net, DsadRandom *random, DsadInit init, DsadWatch *watch)
{
	for (uint32_t l = 0; l < net->layers; l++)
	{
		double		in = net->dims[l];
		double		out = net->dims[l + 1];
		float		bound = (float) (init == DSAD_INIT_GLOROT ? sqrt(6 / (in + out)) : 1 / sqrt(in));
		size_t		count = (size_t) net->dims[l] * net->dims[l + 1];

		for (size_t i = 0; i < count; i++)
		{
			dsad_watch_rows(watch, i, 1);
			net->weight[l][i] = dsad_random_uniform(random, -bound, bound);
		}
	}
}

static inline float
leaky_relu(float x)
{
	return x < 0 ? x * DSAD_LEAKY_SLOPE : x;
}

/*
 * BatchNorm and leaky ReLU in training mode, in place on x (n, width), which
 * also keeps the normalised values.  Uses the batch's biased variance and moves
 * the running statistics with the unbiased one.
 * A batch of one row has variance 0: eps alone keeps it finite.
 */
static void
batchnorm_forward(DsadNet *net, uint32_t l, float *x, uint32_t n, DsadWatch *watch)
{
	size_t		width = net->dims[l + 1];
	double	   *mean = net->column_sum[0];
	double	   *square = net->column_sum[1];
	float	   *normalised = net->normalised[l];

	memset(mean, 0, width * sizeof(double));
	memset(square, 0, width * sizeof(double));
	for (size_t i = 0; i < n; i++)
	{
		dsad_watch_rows(watch, i, width);
		for (size_t j = 0; j < width; j++)
			mean[j] += x[i * width + j];
	}
	for (size_t j = 0; j < width; j++)
		mean[j] /= n;
	for (size_t i = 0; i < n; i++)
	{
		dsad_watch_rows(watch, i, width);
		for (size_t j = 0; j < width; j++)
		{
			double		d = x[i * width + j] - mean[j];

			square[j] += d * d;
		}
	}
	for (size_t j = 0; j < width; j++)
	{
		double		var = square[j] / n;
		double		unbiased = n > 1 ? square[j] / (n - 1) : 0;
		float		momentum = DSAD_BATCHNORM_MOMENTUM;

		net->inverse_std[l][j] = (float) (1 / sqrt(var + DSAD_BATCHNORM_EPS));
		net->running_mean[l][j] += momentum * ((float) mean[j] - net->running_mean[l][j]);
		net->running_var[l][j] += momentum * ((float) unbiased - net->running_var[l][j]);
	}
	for (size_t i = 0; i < n; i++)
	{
		dsad_watch_rows(watch, i, width);
		for (size_t j = 0; j < width; j++)
		{
			size_t		at = i * width + j;

			normalised[at] = (x[at] - (float) mean[j]) * net->inverse_std[l][j];
			x[at] = leaky_relu(normalised[at]);
		}
	}
}

/*
 * Forward in training mode over x (n, dims[0]), which must stay until backward.
 * Returns the output (n, dims[layers]), the net's own memory.
 */
const float *
dsad_net_forward(DsadNet *net, DsadProducts *products, const float *x, uint32_t n)
{
	net->input = x;
	for (uint32_t l = 0; l < net->layers; l++)
	{
		size_t		width = net->dims[l + 1];
		float	   *y = net->output[l];

		dsad_product_nn(products, n, width, net->dims[l], x, net->weight[l], y);
		if (l + 1 < net->layers)
			batchnorm_forward(net, l, y, n, &products->watch);
		x = y;
	}
	return x;
}

/*
 * Forward in evaluation mode: BatchNorm with the running statistics.  Spoils
 * what backward needs.  Returns the output (n, dims[layers]), the net's memory.
 */
const float *
dsad_net_evaluate(DsadNet *net, DsadProducts *products, const float *x, uint32_t n)
{
	for (uint32_t l = 0; l < net->layers; l++)
	{
		size_t		width = net->dims[l + 1];
		float	   *y = net->output[l];

		dsad_product_nn(products, n, width, net->dims[l], x, net->weight[l], y);
		if (l + 1 < net->layers)
		{
			for (size_t j = 0; j < width; j++)
				net->inverse_std[l][j] = 1 / sqrtf(net->running_var[l][j] + DSAD_BATCHNORM_EPS);
			for (size_t i = 0; i < n; i++)
			{
				dsad_watch_rows(&products->watch, i, width);
				for (size_t j = 0; j < width; j++)
					y[i * width + j] = leaky_relu((y[i * width + j] - net->running_mean[l][j]) *
												  net->inverse_std[l][j]);
			}
		}
		x = y;
	}
	return x;
}

/*
 * Backward through leaky ReLU and BatchNorm of hidden layer l, in place on
 * d (n, width): with y the normalised values and g the gradient to them,
 * dx = inverse_std * (g - mean(g) - y * mean(g y)).
 */
static void
batchnorm_backward(DsadNet *net, uint32_t l, float *d, uint32_t n, DsadWatch *watch)
{
	size_t		width = net->dims[l + 1];
	const float *y = net->normalised[l];
	double	   *sum = net->column_sum[0];
	double	   *sum_y = net->column_sum[1];

	memset(sum, 0, width * sizeof(double));
	memset(sum_y, 0, width * sizeof(double));
	for (size_t i = 0; i < n; i++)
	{
		dsad_watch_rows(watch, i, width);
		for (size_t j = 0; j < width; j++)
		{
			size_t		at = i * width + j;

			d[at] = y[at] < 0 ? d[at] * DSAD_LEAKY_SLOPE : d[at];
			sum[j] += d[at];
			sum_y[j] += d[at] * y[at];
		}
	}
	for (size_t j = 0; j < width; j++)
	{
		sum[j] /= n;
		sum_y[j] /= n;
	}
	for (size_t i = 0; i < n; i++)
	{
		dsad_watch_rows(watch, i, width);
		for (size_t j = 0; j < width; j++)
		{
			size_t		at = i * width + j;

			d[at] = net->inverse_std[l][j] * (d[at] - (float) sum[j] - y[at] * (float) sum_y[j]);
		}
	}
}

/*
 * Backward after dsad_net_forward of the same n rows: fills the weight
 * gradients from output_gradient (n, dims[layers]).  Returns the gradient to
 * the input (n, dims[0]) when wanted, in the net's own memory, else NULL.
 */
const float *
dsad_net_backward(DsadNet *net, DsadProducts *products, const float *output_gradient,
				  uint32_t n, bool want_input)
{
	const float *d = output_gradient;
	float	   *below = NULL;

	for (uint32_t l = net->layers; l-- > 0;)
	{
		const float *x = l > 0 ? net->output[l - 1] : net->input;

		dsad_product_tn(products, net->dims[l], net->dims[l + 1], n, x, d, net->gradient[l]);
		if (l == 0 && !want_input)
			return NULL;
		below = net->delta[l & 1];
		dsad_product_nt(products, n, net->dims[l], net->dims[l + 1], d, net->weight[l], below);
		if (l > 0)
			batchnorm_backward(net, l - 1, below, n, &products->watch);
		d = below;
	}
	return below;
}
