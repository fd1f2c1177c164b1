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

#include "core/train/net_state.h"

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
