/*
 * conv_decode.c
 *	  A decoder's convolutions, the mirror image of an encoder's: the maps are made as large as they were before the
 *	  pool, a convolution follows, and behind all but the last BatchNorm and leaky ReLU.
 */
#include "core/train/conv_net.h"

#include <math.h>
#include <string.h>

/* The maps that layer m makes larger: columns of the dense layers' rows, or the output of the layer before. */
static DsadMaps
source_of(const DsadNet *net, float *x, uint32_t m)
{
	const DsadConvNet *conv = &net->conv;

	if (m > 0)
		return conv->layer[m - 1].output;
	return (DsadMaps) {x, net->width[net->layers], dsad_conv_pooled(&conv->layer[0].shape)};
}

/* Whether a layer is the last, whose output is the picture. */
static bool
is_linear(const DsadConvNet *conv, uint32_t m)
{
	return m + 1 == conv->layers;
}

/* The picture in rows (n, inputs padded). */
static DsadMaps
picture_of(const DsadConvNet *conv, float *rows)
{
	return (DsadMaps) {rows + conv->picture.first, dsad_padded(conv->inputs),
					   dsad_conv_pixels(&conv->layer[conv->layers - 1].shape)};
}

/* Pictures start .. start + count - 1 of layer m's source, made larger: pictures 0 .. count - 1 of the result. */
static DsadMaps
raise(DsadNet *net, float *x, uint32_t m, size_t start, size_t count)
{
	DsadConvNet *conv = &net->conv;
	const DsadConv *shape = &conv->layer[m].shape;
	size_t		pixels = dsad_conv_pixels(shape);
	DsadMaps	source = source_of(net, x, m);
	DsadMaps	raised = {conv->raised, shape->in * pixels, pixels};

	dsad_raise(&source, start, count, shape->in, shape->height, shape->width, &raised);
	return raised;
}

/* Copies `count` pictures between maps of the same size. */
static void
copy_maps(const DsadMaps *from, size_t from_start, const DsadMaps *to, size_t to_start, size_t count,
		  const DsadConv *shape)
{
	for (size_t i = 0; i < count; i++)
		for (uint32_t c = 0; c < shape->out; c++)
			memcpy(dsad_map(to, to_start + i, c), dsad_map(from, from_start + i, c),
				   dsad_conv_pixels(shape) * sizeof(float));
}

/* One channel's BatchNorm and activation. */
static void
activate_channel(DsadNet *net, DsadProducts *products, uint32_t m, uint32_t o, size_t count, bool fixed)
{
	DsadConvLayer *layer = &net->conv.layer[m];
	float		mean = dsad_conv_statistics(net, products, m, o, count, fixed);

	for (size_t i = 0; i < count; i += DSAD_POLL_ELEMENTS, dsad_watch(&products->watch))
		products->kernel->conv_activate(layer->normalized + o * layer->row + i,
										count - i < DSAD_POLL_ELEMENTS ? count - i : DSAD_POLL_ELEMENTS, mean,
										layer->inverse_std[o], layer->output.at + o * layer->output.channel + i);
}

/*
 * Forward over x (n, width of the dense output), to whose maps leaky ReLU is applied in place, and which must stay
 * until backward.  Returns the reconstructed rows (n, inputs padded), the net's memory, which the caller may overwrite.
 */
float *
dsad_conv_decode(DsadNet *net, DsadProducts *products, float *x, uint32_t n, bool fixed)
{
	DsadConvNet *conv = &net->conv;
	size_t		width = net->width[net->layers];
	size_t		inputs = dsad_padded(conv->inputs);
	size_t		end = conv->picture.first + dsad_shape_cells(conv->picture.shape);
	DsadMaps	picture = picture_of(conv, conv->rows);

	for (size_t i = 0; i < n; i++)
		products->kernel->conv_activate(x + i * width, conv->maps, 0, 1, x + i * width);
	for (uint32_t m = 0; m < conv->layers; m++)
	{
		DsadConvLayer *layer = &conv->layer[m];
		size_t		pixels = dsad_conv_pixels(&layer->shape);

		for (size_t i = 0; i < n; i += layer->chunk)
		{
			size_t		count = n - i < layer->chunk ? n - i : layer->chunk;
			size_t		ld = is_linear(conv, m) ? dsad_padded(count * pixels) : layer->row;
			DsadMaps	raised = raise(net, x, m, i, count);
			DsadMaps	result = {conv->result, pixels, ld};

			dsad_conv_multiply(conv, products, layer, net->weight[net->layers + m], &raised, 0, count,
							   is_linear(conv, m) ? conv->result : layer->normalized + i * pixels, ld);
			if (is_linear(conv, m))
				copy_maps(&result, 0, &picture, i, count, &layer->shape);
		}
		for (uint32_t o = 0; o < layer->shape.out && !is_linear(conv, m); o++)
			activate_channel(net, products, m, o, n * pixels, fixed);
	}
	for (size_t i = 0; i < n; i++)
	{
		const float *other = x + i * width + conv->maps;
		float	   *row = conv->rows + i * inputs;

		memcpy(row, other, conv->picture.first * sizeof(float));
		memcpy(row + end, other + conv->picture.first, (conv->inputs - end) * sizeof(float));
	}
	net->conv_input = x;
	return conv->rows;
}

/* One channel's way back through activation and BatchNorm: delta (count) from the gradient to the output. */
static void
deactivate_channel(DsadNet *net, DsadProducts *products, uint32_t m, uint32_t o, const DsadMaps *gradient, size_t count)
{
	DsadConvLayer *layer = &net->conv.layer[m];
	const float *y = layer->normalized + o * layer->row;
	float	   *d = net->conv.delta + o * layer->row;
	float		mean[2] = {0, 0};

	for (size_t i = 0; i < count; i += DSAD_POLL_ELEMENTS, dsad_watch(&products->watch))
		products->kernel->conv_slope(dsad_map(gradient, 0, o) + i, y + i,
									 count - i < DSAD_POLL_ELEMENTS ? count - i : DSAD_POLL_ELEMENTS, d + i);
	if (!net->fixed)
		dsad_conv_means(products, d, y, count, count, mean);
	for (size_t i = 0; i < count; i += DSAD_POLL_ELEMENTS, dsad_watch(&products->watch))
		products->kernel->conv_center(d + i, y + i, count - i < DSAD_POLL_ELEMENTS ? count - i : DSAD_POLL_ELEMENTS,
									  layer->inverse_std[o], mean[0], mean[1]);
}

/* Layer m's gradients, chunk by chunk: of its weights, and of the maps that it made larger, to below. */
static void
backward_layer(DsadNet *net, DsadProducts *products, uint32_t m, size_t n, const DsadMaps *delta, const DsadMaps *below)
{
	DsadConvNet *conv = &net->conv;
	const DsadConvLayer *layer = &conv->layer[m];
	const DsadConv *shape = &layer->shape;
	size_t		pixels = dsad_conv_pixels(shape);
	uint32_t	t = net->layers + m;

	memset(net->gradient[t], 0, dsad_conv_weights(shape) * sizeof(float));
	dsad_flip(net->weight[t], shape, conv->flipped);
	for (size_t i = 0; i < n; i += layer->chunk)
	{
		size_t		count = n - i < layer->chunk ? n - i : layer->chunk;
		size_t		ld = dsad_padded(count * pixels);
		DsadMaps	raised = raise(net, (float *) net->conv_input, m, i, count);
		/* of pictures whose maps lie in rows the gradients must be brought together */
		DsadMaps	result = {conv->result, pixels, ld};
		DsadMaps	part = {dsad_map(delta, i, 0), delta->picture, delta->channel};

		if (is_linear(conv, m))
		{
			memset(conv->result, 0, shape->out * ld * sizeof(float));
			copy_maps(delta, i, &result, 0, count, shape);
			part = result;
		}
		dsad_conv_weight_gradient(conv, products, layer, &raised, &part, 0, count, net->gradient[t]);
		dsad_conv_multiply_back(conv, products, layer, &part, 0, count, conv->result, ld);
		for (size_t p = 0; p < count; p++)
			for (uint32_t c = 0; c < shape->in; c++)
				dsad_lower(dsad_map(&result, p, c), shape->height, shape->width, dsad_map(below, i + p, c));
	}
}

/*
 * Fills the convolutions' weight gradients from gradient (n, inputs padded), after dsad_conv_decode.  Returns the
 * gradient to the dense output (n, its width), the net's memory.
 */
const float *
dsad_conv_decode_backward(DsadNet *net, DsadProducts *products, const float *gradient, uint32_t n)
{
	DsadConvNet *conv = &net->conv;
	size_t		width = net->width[net->layers];
	size_t		inputs = dsad_padded(conv->inputs);
	/* only read */
	DsadMaps	above = picture_of(conv, (float *) gradient);

	for (uint32_t m = conv->layers; m-- > 0;)
	{
		DsadConvLayer *layer = &conv->layer[m];
		size_t		pixels = dsad_conv_pixels(&layer->shape);
		DsadMaps	delta = {conv->delta, pixels, layer->row};
		DsadMaps	source = source_of(net, (float *) net->conv_input, m);
		DsadMaps	below = {m > 0 ? conv->map_delta[m & 1] : conv->below, source.picture, source.channel};

		for (uint32_t o = 0; o < layer->shape.out && !is_linear(conv, m); o++)
			deactivate_channel(net, products, m, o, &above, n * pixels);
		backward_layer(net, products, m, n, is_linear(conv, m) ? &above : &delta, &below);
		above = below;
	}
	for (size_t i = 0; i < n; i++)
	{
		float	   *below = conv->below + i * width;

		products->kernel->conv_slope(below, net->conv_input + i * width, conv->maps, below);
		dsad_conv_other_inputs(&conv->picture, conv->inputs, gradient + i * inputs, below + conv->maps);
	}
	return conv->below;
}
