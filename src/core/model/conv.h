/*
 * conv.h
 *	  The shapes of a convolutional network: modules of a 5 x 5 convolution without bias, padded by 2, BatchNorm
 *	  without affine part, leaky ReLU and a 2 x 2 max-pool (Ruff et al., appendix D); the maps that the last makes
 *	  are the first inputs of the dense layers, the inputs beside the picture are the others.
 */
#ifndef DSAD_CONV_H
#define DSAD_CONV_H

#include "core/model/encoder.h"

#define DSAD_CONV_SIDE 5
#define DSAD_CONV_TAPS (DSAD_CONV_SIDE * DSAD_CONV_SIDE)
#define DSAD_CONV_PAD 2
#define DSAD_MOST_CONV_EPOCHS 60	/* of training, where the options do not say */

/* One module; a side that is odd loses its last row or column in the pool. */
typedef struct DsadConv
{
	uint32_t	in;				/* channels */
	uint32_t	out;
	uint32_t	height;			/* of its input */
	uint32_t	width;
} DsadConv;

/* Weights of a module, in order (out, in, row, column). */
static inline size_t
dsad_conv_weights(const DsadConv *conv)
{
	return (size_t) conv->out * conv->in * DSAD_CONV_TAPS;
}

/* Pixels of each map that goes in, and of each after the pool. */
static inline size_t
dsad_conv_pixels(const DsadConv *conv)
{
	return (size_t) conv->height * conv->width;
}

static inline size_t
dsad_conv_pooled(const DsadConv *conv)
{
	return (size_t) (conv->height / 2) * (conv->width / 2);
}

extern DsadStatus dsad_network_check(const DsadConfig *config, const DsadEncoder *encoder, DsadError *error);
extern uint32_t dsad_conv_shapes(DsadConv *conv, const DsadIntList *channels, DsadShape shape);
extern double dsad_conv_work(const DsadConv *conv, uint32_t convs);
extern int64_t dsad_conv_epochs(int64_t most, int64_t members, uint64_t rows, double work);
extern void dsad_conv_defaults(DsadConfig *config, const DsadEncoder *encoder, uint64_t rows);

#endif
