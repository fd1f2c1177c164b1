/*
 * net.c
 *	  Forward and backward passes of a stack of layers.
 */
#include "core/train/net.h"

#include <math.h>
#include <string.h>

#include "core/train/conv_net.h"

/* So many columns, or rows, of a pass over activations go by between two polls. */
static size_t
part(size_t whole, size_t other)
{
	size_t		count = dsad_padded(dsad_poll_rows(DSAD_POLL_ELEMENTS, other));

	return count < whole ? count : whole;
}

/*
 * Allocates weights, gradients, BatchNorm statistics and the buffers of a batch
 * of batch_rows rows, all in arena.  Running variances start at 1, as PyTorch's.
 */
DsadStatus
dsad_net_alloc(DsadNet *net, DsadArena *arena, const uint32_t *dims, uint32_t layers,
			   uint32_t batch_rows, DsadError *error)
{
	size_t		widest = 0;

	memset(net, 0, sizeof(*net));
	net->layers = layers;
	for (uint32_t l = 0; l <= layers; l++)
	{
		net->dims[l] = dims[l];
		net->width[l] = dsad_padded(dims[l]);
		if (net->width[l] > widest)
			widest = net->width[l];
	}
	for (uint32_t l = 0; l < layers; l++)
	{
		size_t		out = net->width[l + 1];

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
		net->normalized[l] = dsad_arena_array(arena, batch_rows * out, sizeof(float));
		net->offset[l] = dsad_arena_array(arena, out, sizeof(float));
		if (!net->running_mean[l] || !net->running_var[l] || !net->inverse_std[l] ||
			!net->normalized[l] || !net->offset[l])
			return dsad_no_memory(error);
		for (size_t j = 0; j < dims[l + 1]; j++)
			net->running_var[l][j] = 1;
	}
	net->mean = dsad_arena_array(arena, widest, sizeof(float));
	net->unbiased = dsad_arena_array(arena, widest, sizeof(float));
	for (int i = 0; i < 2; i++)
		net->delta[i] = dsad_arena_array(arena, batch_rows * widest, sizeof(float));
	if (!net->mean || !net->unbiased || !net->delta[0] || !net->delta[1])
		return dsad_no_memory(error);
	return DSAD_OK;
}

/* Bytes that dsad_net_alloc takes; sums in double precision cannot wrap. */
double
dsad_net_memory(const uint32_t *dims, uint32_t layers, uint32_t batch_rows)
{
	double		floats = 0;
	double		widest = (double) dsad_padded(dims[0]);

	for (uint32_t l = 0; l < layers; l++)
	{
		double		out = (double) dsad_padded(dims[l + 1]);

		floats += 2 * (double) dims[l] * out + 2 * (double) batch_rows * out;
		if (out > widest)
			widest = out;
	}
	return (floats + 2 * (double) batch_rows * widest) * sizeof(float);
}

/* Allocates what the products of such a net, or of its mirror image, need. */
DsadStatus
dsad_net_products_alloc(DsadProducts *products, DsadArena *arena, const uint32_t *dims,
						uint32_t layers, DsadError *error)
{
	size_t		largest = 0;

	for (uint32_t l = 0; l < layers; l++)
	{
		size_t		weights = dsad_padded(dims[l]) * dsad_padded(dims[l + 1]);

		if (weights > largest)
			largest = weights;
	}
	products->transposed = dsad_arena_array(arena, largest, sizeof(float));
	products->panel = dsad_arena_array(arena, DSAD_PANEL_FLOATS, sizeof(float));
	if (!products->transposed || !products->panel)
		return dsad_no_memory(error);
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

		for (size_t i = 0; i < net->dims[l]; i++)
		{
			dsad_watch_rows(watch, i, net->width[l + 1]);
			for (size_t j = 0; j < net->dims[l + 1]; j++)
				net->weight[l][i * net->width[l + 1] + j] = dsad_random_uniform(random, -bound, bound);
		}
	}
	dsad_conv_net_init(net, random, init);
}

/* About a standard normal variable, without functions that differ between libraries: a sum of twelve uniform ones. */
static float
draw_normal(DsadRandom *random)
{
	float		sum = -6;

	for (int i = 0; i < 12; i++)
		sum += dsad_random_uniform(random, 0, 1);
	return sum;
}

/*
 * Draws the offsets of the hidden units, with this standard deviation.  Without them all units of the first
 * layer have their kink where the inputs are at their means: a point that no row is like.
 */
void
dsad_net_draw_offsets(DsadNet *net, DsadRandom *random, double deviation)
{
	for (uint32_t l = 0; l + 1 < net->layers; l++)
		for (size_t j = 0; j < net->dims[l + 1]; j++)
			net->offset[l][j] = (float) deviation * draw_normal(random);
}

/* Sets layer l's weights from weight (dims[l], dims[l + 1]), without padding. */
void
dsad_net_set_weights(DsadNet *net, uint32_t l, const float *weight)
{
	size_t		out = net->dims[l + 1];

	for (size_t i = 0; i < net->dims[l]; i++)
		memcpy(net->weight[l] + i * net->width[l + 1], weight + i * out, out * sizeof(float));
}

/* Copies layer l's weights to weight (dims[l], dims[l + 1]), without padding. */
void
dsad_net_get_weights(const DsadNet *net, uint32_t l, float *weight)
{
	size_t		out = net->dims[l + 1];

	for (size_t i = 0; i < net->dims[l]; i++)
		memcpy(weight + i * out, net->weight[l] + i * net->width[l + 1], out * sizeof(float));
}

/* Moves layer l's running statistics by what the batch had. */
static void
move_statistics(DsadNet *net, uint32_t l)
{
	const float momentum = DSAD_BATCHNORM_MOMENTUM;

	for (size_t j = 0; j < net->dims[l + 1]; j++)
	{
		net->running_mean[l][j] += momentum * (net->mean[j] - net->running_mean[l][j]);
		net->running_var[l][j] += momentum * (net->unbiased[j] - net->running_var[l][j]);
	}
}

/* BatchNorm with the running statistics, and leaky ReLU, on layer l's output y (n, width). */
static void
normalize_fixed(DsadNet *net, DsadProducts *products, uint32_t l, float *y, uint32_t n)
{
	size_t		width = net->width[l + 1];
	size_t		step = part(n, width);

	for (size_t j = 0; j < net->dims[l + 1]; j++)
		net->inverse_std[l][j] = 1 / sqrtf(net->running_var[l][j] + DSAD_BATCHNORM_EPS);
	for (size_t i = 0; i < n; i += step, dsad_watch(&products->watch))
		products->kernel->batchnorm_fixed(y + i * width, n - i < step ? n - i : step, width,
										  net->running_mean[l], net->inverse_std[l], net->offset[l]);
}

/* BatchNorm with the batch's statistics, which move the running ones, and leaky ReLU; as above. */
static void
normalize(DsadNet *net, DsadProducts *products, uint32_t l, float *y, uint32_t n)
{
	size_t		width = net->width[l + 1];
	size_t		step = part(width, n);

	for (size_t j = 0; j < width; j += step, dsad_watch(&products->watch))
		products->kernel->batchnorm_forward(y + j, net->normalized[l] + j, n, width,
											width - j < step ? width - j : step, net->offset[l] + j, net->mean + j,
											net->unbiased + j, net->inverse_std[l] + j);
	move_statistics(net, l);
}

/*
 * Forward in training mode over x (n, width[0]; with convolutions inputs padded), which must stay until backward.
 * Returns the output (n, width[layers]; of a decoder with convolutions inputs padded), the net's own memory.
 * A batch of one row has variance 0: eps alone keeps it finite.
 */
const float *
dsad_net_forward(DsadNet *net, DsadProducts *products, const float *x, uint32_t n)
{
	bool		encodes = net->conv.layers > 0 && !net->conv.decoder;
	bool		decodes = net->conv.layers > 0 && net->conv.decoder;

	if (encodes)
		x = dsad_conv_encode(net, products, x, n, net->fixed);
	net->input = x;
	for (uint32_t l = 0; l < net->layers; l++)
	{
		size_t		width = net->width[l + 1];
		float	   *y = net->output[l];

		dsad_product_nn(products, n, net->dims[l + 1], net->dims[l], x, net->width[l],
						net->weight[l], width, y, width);
		if (l + 1 < net->layers)
		{
			if (net->fixed)
				normalize_fixed(net, products, l, y, n);
			else
				normalize(net, products, l, y, n);
		}
		x = y;
	}
	return decodes ? dsad_conv_decode(net, products, net->output[net->layers - 1], n, net->fixed) : x;
}

/*
 * Forward of an encoder in evaluation mode: BatchNorm with the running statistics.  Spoils
 * what backward needs.  Returns the output (n, width[layers]), the net's memory.
 */
const float *
dsad_net_evaluate(DsadNet *net, DsadProducts *products, const float *x, uint32_t n)
{
	if (net->conv.layers > 0)
		x = dsad_conv_encode(net, products, x, n, true);
	for (uint32_t l = 0; l < net->layers; l++)
	{
		size_t		width = net->width[l + 1];
		float	   *y = net->output[l];

		dsad_product_nn(products, n, net->dims[l + 1], net->dims[l], x, net->width[l],
						net->weight[l], width, y, width);
		if (l + 1 < net->layers)
			normalize_fixed(net, products, l, y, n);
		x = y;
	}
	return x;
}

/* Backward through what followed layer l's product, in place on d (n, width). */
static void
backward_normalize(DsadNet *net, DsadProducts *products, uint32_t l, float *d, uint32_t n)
{
	size_t		width = net->width[l + 1];
	size_t		step = net->fixed ? part(n, width) : part(width, n);

	if (net->fixed)
		for (size_t i = 0; i < n; i += step, dsad_watch(&products->watch))
			products->kernel->batchnorm_fixed_backward(d + i * width, net->output[l] + i * width,
													   n - i < step ? n - i : step, width,
													   net->inverse_std[l]);
	else
		for (size_t j = 0; j < width; j += step, dsad_watch(&products->watch))
			products->kernel->batchnorm_backward(d + j, net->normalized[l] + j, n, width,
												 width - j < step ? width - j : step,
												 net->inverse_std[l] + j, net->offset[l] + j);
}

/*
 * Backward after dsad_net_forward of the same n rows: fills the weight
 * gradients from output_gradient (n, width[layers]).  Returns the gradient to
 * the input (n, width[0]) when wanted, in the net's own memory, else NULL; no net gives that of pictures.
 */
const float *
dsad_net_backward(DsadNet *net, DsadProducts *products, const float *output_gradient,
				  uint32_t n, bool want_input)
{
	const float *d = output_gradient;
	float	   *below = NULL;
	bool		encodes = net->conv.layers > 0 && !net->conv.decoder;

	if (net->conv.layers > 0 && net->conv.decoder)
		d = dsad_conv_decode_backward(net, products, d, n);

	for (uint32_t l = net->layers; l-- > 0;)
	{
		const float *x = l > 0 ? net->output[l - 1] : net->input;
		size_t		in = net->width[l];
		size_t		out = net->width[l + 1];

		dsad_product_tn(products, net->dims[l], net->dims[l + 1], n, x, in, d, out,
						net->gradient[l], out);
		if (l == 0 && !want_input && !encodes)
			return NULL;
		below = net->delta[l & 1];
		dsad_product_nt(products, n, net->dims[l], net->dims[l + 1], d, out, net->weight[l], out,
						below, in);
		if (l > 0)
			backward_normalize(net, products, l - 1, below, n);
		d = below;
	}
	if (encodes)
		dsad_conv_encode_backward(net, products, d, n);
	return encodes ? NULL : below;
}
