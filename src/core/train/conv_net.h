/*
 * conv_net.h
 *	  The convolutions of a net while it is trained: before an encoder's dense layers, or behind a decoder's.
 *
 * n = pictures of the batch.  Within the net's convolutions maps lie channel by channel, (channels, n, pixels), each
 * channel `row` floats long; the last maps of an encoder and the first of a decoder are columns of a batch's rows.
 */
#ifndef DSAD_CONV_NET_H
#define DSAD_CONV_NET_H

#include "core/model/model.h"
#include "core/random.h"
#include "core/score/scorer_conv.h"
#include "core/train/conv_patches.h"
#include "core/train/product.h"

struct DsadNet;

/* One convolution and what follows it; arrays are channel by channel. */
typedef struct DsadConvLayer
{
	DsadConv	shape;			/* of the convolution */
	size_t		row;			/* floats of a channel of full maps, a batch of them */
	size_t		chunk;			/* pictures whose patches are made together */
	float	   *normalized;		/* (out, row): the convolution's, then BatchNorm's output */
	float	   *inverse_std;	/* out */
	DsadMaps	output;			/* what goes on: pooled in an encoder, as large as the input in a decoder */
	float	   *top;			/* encoders: (out, n, pooled), the largest before the activation */
	uint8_t    *where;			/* encoders: (out, n, pooled), its place in the pool's square */
} DsadConvLayer;

typedef struct DsadConvNet
{
	uint32_t	layers;			/* 0 = the net has no convolutions */
	bool		decoder;		/* the pictures become larger again, the last layer is linear */
	uint32_t	inputs;			/* of a row, the picture's among them */
	DsadPicture picture;
	size_t		maps;			/* columns of the dense layers' rows that are maps */
	size_t		batch_rows;
	DsadConvLayer layer[DSAD_MAX_CONVS];	/* in the order in which they run */
	float	   *rows;			/* encoders: (n, width of the dense input); decoders: (n, inputs padded) */
	float	   *below;			/* decoders: gradient to the dense layers' output */
	float	   *delta;			/* (out, row): gradient to a convolution's output */
	float	   *map_delta[2];	/* the same to the maps between two layers */
	float	   *slopes;			/* encoders: gradient to one channel's pooled maps */
	float	   *patches;		/* of a chunk */
	float	   *raised;			/* decoders: a chunk's pictures made larger */
	float	   *result;			/* decoders: a chunk of a product whose place is elsewhere */
	float	   *flipped;		/* a layer's weights on the way back */
} DsadConvNet;

extern DsadStatus dsad_conv_net_alloc(struct DsadNet *net, DsadArena *arena, const DsadModel *model, bool decoder,
									  uint32_t batch_rows, DsadError *error);
extern double dsad_conv_net_memory(const DsadModel *model, bool decoder, uint32_t batch_rows);
extern bool dsad_conv_wants_blas(const DsadModel *model);
extern void dsad_conv_net_init(struct DsadNet *net, DsadRandom *random, DsadInit init);

extern const float *dsad_conv_encode(struct DsadNet *net, DsadProducts *products, const float *x, uint32_t n,
									 bool fixed);
extern void dsad_conv_encode_backward(struct DsadNet *net, DsadProducts *products, const float *gradient, uint32_t n);
extern float *dsad_conv_decode(struct DsadNet *net, DsadProducts *products, float *x, uint32_t n, bool fixed);
extern const float *dsad_conv_decode_backward(struct DsadNet *net, DsadProducts *products, const float *gradient,
											  uint32_t n);

extern void dsad_conv_multiply(DsadConvNet *conv, DsadProducts *products, const DsadConvLayer *layer,
							   const float *weight, const DsadMaps *input, size_t start, size_t count, float *result, size_t ld);
extern float dsad_conv_statistics(struct DsadNet *net, DsadProducts *products, uint32_t m, uint32_t o, size_t count,
								  bool fixed);
extern void dsad_conv_means(DsadProducts *products, const float *d, const float *y, size_t count, size_t total,
							float *mean);
extern void dsad_conv_multiply_back(DsadConvNet *conv, DsadProducts *products, const DsadConvLayer *layer,
									const DsadMaps *delta, size_t start, size_t count, float *result, size_t ld);
extern void dsad_conv_weight_gradient(DsadConvNet *conv, DsadProducts *products, const DsadConvLayer *layer,
									  const DsadMaps *input, const DsadMaps *delta, size_t start, size_t count,
									  float *gradient);

#endif
