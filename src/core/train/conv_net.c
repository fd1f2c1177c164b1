/*
 * conv_net.c
 *	  The convolutions of a net: memory, first weights, and the passes that both directions share.
 */
#include "core/train/conv_net.h"

#include <math.h>
#include <string.h>

#define PATCH_FLOATS ((size_t) 1 << 17)	/* patches made at a time: they stay in the second-level cache */
#define MAX_BATCH_BYTES 2e9		/* what a batch takes at most */

/* Memory that is taken, or (arena NULL) only counted. */
typedef struct Memory
{
	DsadArena  *arena;
	double		bytes;
	bool		failed;
} Memory;

static void *
take(Memory *memory, size_t count, size_t size)
{
	void	   *taken = NULL;

	memory->bytes += (double) count * (double) size;
	if (memory->arena != NULL && !memory->failed)
	{
		taken = dsad_arena_array(memory->arena, count, size);
		memory->failed = taken == NULL;
	}
	return taken;
}

/* Raises *most to value. */
static void
at_least(size_t *most, size_t value)
{
	if (value > *most)
		*most = value;
}

/* The layers' shapes, in the order in which they run. */
static void
set_shapes(DsadConvNet *conv, const DsadModel *model, bool decoder, uint32_t batch_rows, size_t dense_width)
{
	const DsadConv *last = &model->conv[model->convs - 1];

	memset(conv, 0, sizeof(*conv));
	conv->layers = model->convs;
	conv->decoder = decoder;
	conv->inputs = model->scaling.inputs;
	conv->picture = model->picture;
	conv->maps = last->out * dsad_conv_pooled(last);
	conv->batch_rows = batch_rows;
	for (uint32_t m = 0; m < conv->layers; m++)
	{
		DsadConvLayer *layer = &conv->layer[m];
		const DsadConv *module = &model->conv[decoder ? conv->layers - 1 - m : m];
		size_t		pixels = dsad_conv_pixels(module);
		size_t		taps;

		layer->shape = *module;
		if (decoder)
		{
			layer->shape.in = module->out;
			layer->shape.out = module->in;
		}
		/* patches of the output, on the way back, may be more than those of the input */
		taps = (size_t) (layer->shape.in > layer->shape.out ? layer->shape.in : layer->shape.out) * DSAD_CONV_TAPS;
		layer->chunk = PATCH_FLOATS / (taps * pixels);
		layer->chunk = layer->chunk < 1 ? 1 : layer->chunk < batch_rows ? layer->chunk :
																		  batch_rows;
		layer->row = dsad_padded(batch_rows * pixels) + DSAD_LANES;
		layer->output = (DsadMaps) {NULL, pixels, layer->row};
		if (!decoder)
			layer->output = m + 1 < conv->layers ?
								(DsadMaps) {NULL, dsad_conv_pooled(module),
											dsad_padded(batch_rows * dsad_conv_pooled(module)) + DSAD_LANES} :
								(DsadMaps) {NULL, dense_width, dsad_conv_pooled(module)};
	}
}

/* Memory of all layers, and of what they share. */
static void
take_buffers(DsadConvNet *conv, Memory *memory, size_t dense_width)
{
	size_t		delta = 0;
	size_t		map_delta = 0;
	size_t		patches = 0;
	size_t		raised = 0;
	size_t		result = 0;
	size_t		flipped = 0;

	for (uint32_t m = 0; m < conv->layers; m++)
	{
		DsadConvLayer *layer = &conv->layer[m];
		const DsadConv *shape = &layer->shape;
		size_t		pooled = dsad_conv_pooled(shape);
		bool		linear = conv->decoder && m + 1 == conv->layers;
		size_t		widest = shape->in > shape->out ? shape->in : shape->out;
		size_t		ld = dsad_padded(layer->chunk * dsad_conv_pixels(shape));

		if (!linear)
		{
			layer->normalized = take(memory, shape->out, layer->row * sizeof(float));
			layer->inverse_std = take(memory, shape->out, sizeof(float));
			at_least(&delta, shape->out * layer->row);
		}
		if (m + 1 < conv->layers)
		{
			layer->output.at = take(memory, shape->out, layer->output.channel * sizeof(float));
			at_least(&map_delta, shape->out * layer->output.channel);
		}
		if (!conv->decoder)
		{
			layer->top = take(memory, shape->out, conv->batch_rows * pooled * sizeof(float));
			layer->where = take(memory, shape->out, conv->batch_rows * pooled);
		}
		at_least(&patches, widest * DSAD_CONV_TAPS * ld);
		at_least(&raised, shape->in * layer->chunk * dsad_conv_pixels(shape));
		at_least(&result, widest * ld);
		at_least(&flipped, dsad_conv_weights(shape));
	}
	conv->rows = take(memory, conv->batch_rows,
					  (conv->decoder ? dsad_padded(conv->inputs) : dense_width) * sizeof(float));
	if (!conv->decoder)
		conv->layer[conv->layers - 1].output.at = conv->rows;
	conv->delta = take(memory, delta, sizeof(float));
	for (int i = 0; i < 2; i++)
		conv->map_delta[i] = take(memory, map_delta, sizeof(float));
	conv->patches = take(memory, patches, sizeof(float));
	conv->flipped = take(memory, flipped, sizeof(float));
	conv->result = take(memory, result, sizeof(float));
	if (conv->decoder)
	{
		conv->below = take(memory, conv->batch_rows, dense_width * sizeof(float));
		conv->raised = take(memory, raised, sizeof(float));
	}
	else
		conv->slopes = take(memory, conv->batch_rows, dsad_conv_pooled(&conv->layer[0].shape) * sizeof(float));
}

/* Weights, gradients and statistics, in the net's own lists behind the dense layers'. */
static void
take_weights(DsadNet *net, Memory *memory)
{
	for (uint32_t m = 0; m < net->conv.layers; m++)
	{
		const DsadConv *shape = &net->conv.layer[m].shape;
		uint32_t	t = net->layers + m;

		net->weight[t] = take(memory, dsad_padded(dsad_conv_weights(shape)), sizeof(float));
		net->gradient[t] = take(memory, dsad_padded(dsad_conv_weights(shape)), sizeof(float));
		if (net->conv.layer[m].inverse_std == NULL)
			continue;
		net->running_mean[t] = take(memory, dsad_padded(shape->out), sizeof(float));
		net->running_var[t] = take(memory, dsad_padded(shape->out), sizeof(float));
		for (uint32_t o = 0; o < shape->out && net->running_var[t] != NULL; o++)
			net->running_var[t][o] = 1;
	}
}

/*
 * Adds the convolutions of such a model to a net that dsad_net_alloc has made of its dense layers, all memory in arena.
 * Errors: a batch would take too much, or out of memory.
 */
DsadStatus
dsad_conv_net_alloc(DsadNet *net, DsadArena *arena, const DsadModel *model, bool decoder, uint32_t batch_rows,
					DsadError *error)
{
	Memory		memory = {.arena = arena};
	double		bytes = dsad_conv_net_memory(model, decoder, batch_rows);

	if (bytes > MAX_BATCH_BYTES)
		return dsad_fail(error, DSAD_TOO_LARGE,
						 "Use a smaller \"batch_size\", fewer \"channels\", or smaller pictures.",
						 "convolutions of a batch take %.0f MB, the limit is %.0f MB", bytes / 1e6,
						 MAX_BATCH_BYTES / 1e6);
	set_shapes(&net->conv, model, decoder, batch_rows, net->width[decoder ? net->layers : 0]);
	take_buffers(&net->conv, &memory, net->width[decoder ? net->layers : 0]);
	take_weights(net, &memory);
	return memory.failed ? dsad_no_memory(error) : DSAD_OK;
}

/* Bytes of the buffers that dsad_conv_net_alloc takes. */
double
dsad_conv_net_memory(const DsadModel *model, bool decoder, uint32_t batch_rows)
{
	Memory		memory = {.arena = NULL};
	DsadConvNet conv;
	double		map;

	if (model->convs == 0)
		return 0;
	map = (double) batch_rows * (double) dsad_conv_pixels(&model->conv[0]) * sizeof(float);
	/* so much takes any of the first maps alone; what is below fits sizes of 32 bits */
	if (map > MAX_BATCH_BYTES)
		return map;
	set_shapes(&conv, model, decoder, batch_rows, dsad_padded(model->dims[0]));
	take_buffers(&conv, &memory, dsad_padded(model->dims[0]));
	return memory.bytes;
}

/* Draws the weights, as dsad_net_init does: a layer's inputs are those of one pixel, and its outputs the same. */
void
dsad_conv_net_init(DsadNet *net, DsadRandom *random, DsadInit init)
{
	for (uint32_t m = 0; m < net->conv.layers; m++)
	{
		const DsadConv *shape = &net->conv.layer[m].shape;
		double		in = (double) shape->in * DSAD_CONV_TAPS;
		double		out = (double) shape->out * DSAD_CONV_TAPS;
		float		bound = (float) (init == DSAD_INIT_GLOROT ? sqrt(6 / (in + out)) : 1 / sqrt(in));

		for (size_t i = 0; i < dsad_conv_weights(shape); i++)
			net->weight[net->layers + m][i] = dsad_random_uniform(random, -bound, bound);
	}
}

/*
 * result (out, ld) = a layer's convolution, with these weights, of `count` pictures of input, side by side; whole
 * vectors are written.
 */
void
dsad_conv_multiply(DsadConvNet *conv, DsadProducts *products, const DsadConvLayer *layer, const float *weight,
				   const DsadMaps *input, size_t start, size_t count, float *result, size_t ld)
{
	const DsadConv *shape = &layer->shape;
	size_t		pixels = count * dsad_conv_pixels(shape);
	size_t		width = dsad_padded(pixels);
	size_t		taps = (size_t) shape->in * DSAD_CONV_TAPS;

	dsad_patches(input, start, count, shape->in, shape->height, shape->width, conv->patches, width);
	dsad_product_nn(products, shape->out, pixels, taps, weight, taps, conv->patches, width, result, ld);
}

/* result (in, ld) = the gradient to the input of `count` pictures, from that to the output, by conv->flipped. */
void
dsad_conv_multiply_back(DsadConvNet *conv, DsadProducts *products, const DsadConvLayer *layer, const DsadMaps *delta,
						size_t start, size_t count, float *result, size_t ld)
{
	const DsadConv *shape = &layer->shape;
	size_t		pixels = count * dsad_conv_pixels(shape);
	size_t		width = dsad_padded(pixels);
	size_t		taps = (size_t) shape->out * DSAD_CONV_TAPS;

	dsad_patches(delta, start, count, shape->out, shape->height, shape->width, conv->patches, width);
	dsad_product_nn(products, shape->in, pixels, taps, conv->flipped, taps, conv->patches, width, result, ld);
}

/* The sum over count numbers, between polls. */
static double
watched_sum(DsadProducts *products, const float *x, const float *y, float center, size_t count, int power)
{
	double		sum = 0;

	for (size_t i = 0; i < count; i += DSAD_POLL_ELEMENTS, dsad_watch(&products->watch))
	{
		size_t		part = count - i < DSAD_POLL_ELEMENTS ? count - i : DSAD_POLL_ELEMENTS;

		sum += y != NULL  ? products->kernel->conv_products(x + i, y + i, part) :
			   power == 1 ? products->kernel->conv_sum(x + i, part) :
							products->kernel->conv_squares(x + i, center, part);
	}
	return sum;
}

/*
 * BatchNorm's statistics of layer m's channel o, of which there are count numbers: the batch's, which move the running
 * ones, or, if fixed, those.  Sets its inverse_std and returns its mean.
 */
float
dsad_conv_statistics(DsadNet *net, DsadProducts *products, uint32_t m, uint32_t o, size_t count, bool fixed)
{
	DsadConvLayer *layer = &net->conv.layer[m];
	const float *x = layer->normalized + o * layer->row;
	float	   *running_mean = &net->running_mean[net->layers + m][o];
	float	   *running_var = &net->running_var[net->layers + m][o];
	float		mean = *running_mean;
	float		var = *running_var;

	if (!fixed)
	{
		double		squares;
		float		unbiased;

		mean = (float) (watched_sum(products, x, NULL, 0, count, 1) / (double) count);
		squares = watched_sum(products, x, NULL, mean, count, 2);
		var = (float) (squares / (double) count);
		unbiased = count > 1 ? (float) (squares / (double) (count - 1)) : 0;
		*running_mean += DSAD_BATCHNORM_MOMENTUM * (mean - *running_mean);
		*running_var += DSAD_BATCHNORM_MOMENTUM * (unbiased - *running_var);
	}
	layer->inverse_std[o] = 1 / sqrtf(var + DSAD_BATCHNORM_EPS);
	return mean;
}

/* The means over `total` numbers of d and d * y, of which all but count are zero: BatchNorm's on the way back. */
void
dsad_conv_means(DsadProducts *products, const float *d, const float *y, size_t count, size_t total, float *mean)
{
	mean[0] = (float) (watched_sum(products, d, NULL, 0, count, 1) / (double) total);
	mean[1] = (float) (watched_sum(products, d, y, 0, count, 2) / (double) total);
}

/*
 * gradient (out, in, 5, 5) += that of a layer's weights, of `count` pictures: of its input, and of delta, the gradient
 * to its output, whose pictures must lie side by side and be finite for a vector beyond.
 */
void
dsad_conv_weight_gradient(DsadConvNet *conv, DsadProducts *products, const DsadConvLayer *layer, const DsadMaps *input,
						  const DsadMaps *delta, size_t start, size_t count, float *gradient)
{
	const DsadConv *shape = &layer->shape;
	size_t		width = dsad_padded(count * dsad_conv_pixels(shape));
	size_t		taps = (size_t) shape->in * DSAD_CONV_TAPS;
	size_t		step = dsad_poll_rows(DSAD_POLL_WORK, width * shape->out);

	dsad_patches(input, start, count, shape->in, shape->height, shape->width, conv->patches, width);
	for (size_t k = 0; k < taps; k += step, dsad_watch(&products->watch))
		products->kernel->conv_dots(dsad_map(delta, start, 0), shape->out, delta->channel, conv->patches + k * width,
									taps - k < step ? taps - k : step, width, width, gradient + k, taps);
}
