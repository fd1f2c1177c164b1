/*
 * net.h
 *	  A stack of linear layers without bias, BatchNorm without affine part and
 *	  leaky ReLU; the last layer is linear.  The encoder is one such stack, the
 *	  decoder another with the widths reversed.
 *
 * n = rows of the batch; layer l maps dims[l] to dims[l + 1].  In memory every row
 * of activations or weights has width[l] numbers, dims[l] padded with zeros to
 * whole vectors.
 */
#ifndef DSAD_NET_H
#define DSAD_NET_H

#include "core/random.h"
#include "core/train/conv_net.h"

/* Weights that are trained: the dense layers', then, if there are any, the convolutions'. */
#define DSAD_MAX_TENSORS (DSAD_MAX_LAYERS + DSAD_MAX_CONVS)

typedef struct DsadNet
{
	uint32_t	layers;
	uint32_t	dims[DSAD_MAX_LAYERS + 1];
	size_t		width[DSAD_MAX_LAYERS + 1];
	bool		fixed;			/* BatchNorm keeps to its running statistics while training */
	float	   *weight[DSAD_MAX_TENSORS];	/* (dims[l], width[l + 1]); layers + m: (out, in, 5, 5) */
	float	   *gradient[DSAD_MAX_TENSORS];	/* same shapes; dsad_net_backward fills them */
	float	   *running_mean[DSAD_MAX_TENSORS];	/* width[l + 1], hidden layers; layers + m: channels; else NULL */
	float	   *running_var[DSAD_MAX_TENSORS];	/* unbiased, as PyTorch keeps it */
	float	   *offset[DSAD_MAX_HIDDEN];	/* width[l + 1], hidden layers; never trained: see DsadMember */

	/* The last forward pass in training mode, for backward. */
	const float *input;			/* (n, width[0]), the caller's */
	float	   *normalized[DSAD_MAX_HIDDEN];	/* (n, width[l + 1]): BatchNorm's output */
	float	   *output[DSAD_MAX_LAYERS];	/* (n, width[l + 1]): after the activation */
	float	   *inverse_std[DSAD_MAX_HIDDEN];	/* width[l + 1] */
	float	   *mean;			/* widest: of the batch */
	float	   *unbiased;		/* widest: variance of the batch */
	float	   *delta[2];		/* (n, widest): gradients on their way down */

	DsadConvNet conv;			/* convolutions before the dense layers or, of a decoder, behind them */
	const float *conv_input;	/* of the last forward pass, for backward */
} DsadNet;

/* How many lists of weights there are. */
static inline uint32_t
dsad_net_tensors(const DsadNet *net)
{
	return net->layers + net->conv.layers;
}

/* Floats of list t, whole vectors. */
static inline size_t
dsad_net_tensor_size(const DsadNet *net, uint32_t t)
{
	return t < net->layers ? net->dims[t] * net->width[t + 1] :
							 dsad_padded(dsad_conv_weights(&net->conv.layer[t - net->layers].shape));
}

/* Units of list t whose statistics BatchNorm keeps, if it has any. */
static inline size_t
dsad_net_tensor_units(const DsadNet *net, uint32_t t)
{
	return t < net->layers ? net->dims[t + 1] : net->conv.layer[t - net->layers].shape.out;
}

extern DsadStatus dsad_net_alloc(DsadNet *net, DsadArena *arena, const uint32_t *dims,
								 uint32_t layers, uint32_t batch_rows, DsadError *error);
extern double dsad_net_memory(const uint32_t *dims, uint32_t layers, uint32_t batch_rows);
extern DsadStatus dsad_net_products_alloc(DsadProducts *products, DsadArena *arena,
										  const uint32_t *dims, uint32_t layers, DsadError *error);
extern void dsad_net_init(DsadNet *net, DsadRandom *random, DsadInit init, DsadWatch *watch);
extern void dsad_net_draw_offsets(DsadNet *net, DsadRandom *random, double deviation);
extern void dsad_net_set_weights(DsadNet *net, uint32_t l, const float *weight);
extern void dsad_net_get_weights(const DsadNet *net, uint32_t l, float *weight);
extern const float *dsad_net_forward(DsadNet *net, DsadProducts *products, const float *x,
									 uint32_t n);
extern const float *dsad_net_evaluate(DsadNet *net, DsadProducts *products, const float *x,
									  uint32_t n);
extern const float *dsad_net_backward(DsadNet *net, DsadProducts *products,
									  const float *output_gradient, uint32_t n, bool want_input);

#endif
