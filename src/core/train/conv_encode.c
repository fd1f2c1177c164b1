/*
 * conv_encode.c
 *	  An encoder's convolutions: modules of convolution, BatchNorm, leaky ReLU and max-pool, forward and backward.
 */
#include "core/train/conv_net.h"

#include <math.h>
#include <string.h>

/* The input of layer m: pictures in rows of the batch, or the maps of the layer before. */
static DsadMaps
input_of(const DsadConvNet *conv, const float *x, uint32_t m)
{
	if (m > 0)
		return conv->layer[m - 1].output;
	/* only read */
	return (DsadMaps) {(float *) x + conv->picture.first, dsad_padded(conv->inputs),
					   dsad_conv_pixels(&conv->layer[0].shape)};
}

/* One channel's BatchNorm and pool, on x (n, pixels). */
static void
pool_channel(DsadNet *net, DsadProducts *products, uint32_t m, uint32_t o, size_t n, bool fixed)
{
	DsadConvLayer *layer = &net->conv.layer[m];
	const DsadConv *shape = &layer->shape;
	size_t		pixels = dsad_conv_pixels(shape);
	size_t		pooled = dsad_conv_pooled(shape);
	float	   *x = layer->normalized + o * layer->row;
	float		mean = dsad_conv_statistics(net, products, m, o, n * pixels, fixed);

	for (size_t i = 0; i < n; i++)
	{
		size_t		at = (o * net->conv.batch_rows + i) * pooled;

		products->kernel->conv_pool(x + i * pixels, shape->height, shape->width, mean, layer->inverse_std[o],
									layer->top + at, layer->where + at, dsad_map(&layer->output, i, o));
		dsad_watch_rows(&products->watch, i + 1, pixels);
	}
}

/*
 * Forward over x (n, inputs padded), which must stay until backward, with the batch's statistics or, if fixed, the
 * running ones.  Returns what the dense layers take, (n, width of their input): the last maps, then the other inputs.
 */
const float *
dsad_conv_encode(DsadNet *net, DsadProducts *products, const float *x, uint32_t n, bool fixed)
{
	DsadConvNet *conv = &net->conv;
	size_t		width = net->width[0];

	for (uint32_t m = 0; m < conv->layers; m++)
	{
		DsadConvLayer *layer = &conv->layer[m];
		DsadMaps	input = input_of(conv, x, m);

		for (size_t i = 0; i < n; i += layer->chunk)
			dsad_conv_multiply(conv, products, layer, net->weight[net->layers + m], &input, i,
							   n - i < layer->chunk ? n - i : layer->chunk,
							   layer->normalized + i * dsad_conv_pixels(&layer->shape), layer->row);
		for (uint32_t o = 0; o < layer->shape.out; o++)
			pool_channel(net, products, m, o, n, fixed);
	}
	for (size_t i = 0; i < n; i++)
		dsad_conv_other_inputs(&conv->picture, conv->inputs, x + i * dsad_padded(conv->inputs),
							   conv->rows + i * width + conv->maps);
	net->conv_input = x;
	return conv->rows;
}

/* One channel's way back through pool and BatchNorm: delta from the gradient to the pooled maps. */
static void
unpool_channel(DsadNet *net, DsadProducts *products, uint32_t m, uint32_t o, const DsadMaps *gradient, size_t n)
{
	DsadConvNet *conv = &net->conv;
	DsadConvLayer *layer = &conv->layer[m];
	const DsadConv *shape = &layer->shape;
	size_t		pixels = dsad_conv_pixels(shape);
	size_t		pooled = dsad_conv_pooled(shape);
	size_t		first = o * conv->batch_rows * pooled;
	float		mean[2] = {0, 0};

	for (size_t i = 0; i < n; i++)
	{
		products->kernel->conv_slope(dsad_map(gradient, i, o), layer->top + first + i * pooled, pooled,
									 conv->slopes + i * pooled);
		dsad_watch_rows(&products->watch, i + 1, pooled);
	}
	if (!net->fixed)
		dsad_conv_means(products, conv->slopes, layer->top + first, n * pooled, n * pixels, mean);
	for (size_t i = 0; i < n; i++)
	{
		size_t		at = o * layer->row + i * pixels;

		products->kernel->conv_unpool(conv->delta + at, layer->normalized + at, shape->height, shape->width,
									  layer->inverse_std[o], mean[0], mean[1], conv->slopes + i * pooled,
									  layer->where + first + i * pooled);
		dsad_watch_rows(&products->watch, i + 1, pixels);
	}
}

/* Layer m's gradients, chunk by chunk: of its weights and, unless NULL, of its input, to below. */
static void
backward_layer(DsadNet *net, DsadProducts *products, uint32_t m, size_t n, const DsadMaps *input, const DsadMaps *delta,
			   const DsadMaps *below)
{
	DsadConvNet *conv = &net->conv;
	const DsadConvLayer *layer = &conv->layer[m];
	uint32_t	t = net->layers + m;

	memset(net->gradient[t], 0, dsad_conv_weights(&layer->shape) * sizeof(float));
	if (below != NULL)
		dsad_flip(net->weight[t], &layer->shape, conv->flipped);
	for (size_t i = 0; i < n; i += layer->chunk)
	{
		size_t		count = n - i < layer->chunk ? n - i : layer->chunk;

		dsad_conv_weight_gradient(conv, products, layer, input, delta, i, count, net->gradient[t]);
		if (below != NULL)
			dsad_conv_multiply_back(conv, products, layer, delta, i, count, dsad_map(below, i, 0), below->channel);
	}
}

/* Fills the convolutions' weight gradients from gradient (n, width of the dense input), after dsad_conv_encode. */
void
dsad_conv_encode_backward(DsadNet *net, DsadProducts *products, const float *gradient, uint32_t n)
{
	DsadConvNet *conv = &net->conv;
	/* only read */
	DsadMaps	above = {(float *) gradient, net->width[0], dsad_conv_pooled(&conv->layer[conv->layers - 1].shape)};

	for (uint32_t m = conv->layers; m-- > 0;)
	{
		DsadConvLayer *layer = &conv->layer[m];
		size_t		pixels = dsad_conv_pixels(&layer->shape);
		DsadMaps	input = input_of(conv, net->conv_input, m);
		DsadMaps	delta = {conv->delta, pixels, layer->row};
		DsadMaps	below = {conv->map_delta[m & 1], input.picture, input.channel};

		for (uint32_t o = 0; o < layer->shape.out; o++)
			unpool_channel(net, products, m, o, &above, n);
		backward_layer(net, products, m, n, &input, &delta, m > 0 ? &below : NULL);
		above = below;
	}
}
