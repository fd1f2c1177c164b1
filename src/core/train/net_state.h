/*
 * net_state.h
 *	  What a net that is trained consists of: dense layers, and convolutions before or behind them.
 */
#ifndef DSAD_NET_STATE_H
#define DSAD_NET_STATE_H

#include "core/model/model.h"
#include "core/random.h"
#include "core/score/scorer_conv.h"
#include "core/train/conv_patches.h"
#include "core/train/product.h"

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

#endif
