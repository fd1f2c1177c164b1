/*
 * conv_net.h
 *	  The convolutions of a net while it is trained: before an encoder's dense layers, or behind a decoder's.
 *
 * n = pictures of the batch.  Within the net's convolutions maps lie channel by channel, (channels, n, pixels), each
 * channel `row` floats long; the last maps of an encoder and the first of a decoder are columns of a batch's rows.
 */
#ifndef DSAD_CONV_NET_H
#define DSAD_CONV_NET_H

#include "core/train/net_state.h"

extern DsadStatus dsad_conv_net_alloc(DsadNet *net, DsadArena *arena, const DsadModel *model, bool decoder,
									  uint32_t batch_rows, DsadError *error);
extern double dsad_conv_net_memory(const DsadModel *model, bool decoder, uint32_t batch_rows);
extern void dsad_conv_net_init(DsadNet *net, DsadRandom *random, DsadInit init);

extern const float *dsad_conv_encode(DsadNet *net, DsadProducts *products, const float *x, uint32_t n,
									 bool fixed);
extern void dsad_conv_encode_backward(DsadNet *net, DsadProducts *products, const float *gradient, uint32_t n);
extern float *dsad_conv_decode(DsadNet *net, DsadProducts *products, float *x, uint32_t n, bool fixed);
extern const float *dsad_conv_decode_backward(DsadNet *net, DsadProducts *products, const float *gradient,
											  uint32_t n);

extern void dsad_conv_multiply(DsadConvNet *conv, DsadProducts *products, const DsadConvLayer *layer,
							   const float *weight, const DsadMaps *input, size_t start, size_t count, float *result,
							   size_t ld);
extern float dsad_conv_statistics(DsadNet *net, DsadProducts *products, uint32_t m, uint32_t o, size_t count,
								  bool fixed);
extern void dsad_conv_means(DsadProducts *products, const float *d, const float *y, size_t count, size_t total,
							float *mean);
extern void dsad_conv_multiply_back(DsadConvNet *conv, DsadProducts *products, const DsadConvLayer *layer,
									const DsadMaps *delta, size_t start, size_t count, float *result, size_t ld);
extern void dsad_conv_weight_gradient(DsadConvNet *conv, DsadProducts *products, const DsadConvLayer *layer,
									  const DsadMaps *input, const DsadMaps *delta, size_t start, size_t count,
									  float *gradient);

#endif
