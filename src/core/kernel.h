/*
 * kernel.h
 *	  The products of training and scoring, for each instruction set.
 *
 * Every level gives the same bits: each output is summed in an order that
 * depends on nothing but its own index, and the vectors run over outputs.
 */
#ifndef DSAD_KERNEL_H
#define DSAD_KERNEL_H

#include "dsad.h"

/* Numbers at any address: packed array values of PostgreSQL are not aligned. */
typedef double DsadAnyDouble __attribute__((aligned(1), may_alias));
typedef float DsadAnyFloat __attribute__((aligned(1), may_alias));

/* One folded layer of a scorer; out_padded is out rounded up to DSAD_LANES, weights zero there. */
typedef struct DsadPackedLayer
{
	uint32_t	in;
	uint32_t	out_padded;
	bool		activate;		/* leaky ReLU after it */
	const float *weight;		/* (out_padded / DSAD_LANES, in, DSAD_LANES) */
	const float *bias;			/* out_padded */
} DsadPackedLayer;

/* One member of a scorer. */
typedef struct DsadPackedNet
{
	uint32_t	layers;
	uint32_t	latent;
	DsadPackedLayer layer[DSAD_MAX_LAYERS];
	const float *centre;		/* latent */
	double		divisor;
} DsadPackedNet;

struct DsadKernel
{
	const char *name;

	/*
	 * y (n, out_padded) = act(x (n, in; row stride ldx) * weight + bias).  Each
	 * output is four interleaved partial sums, added as (0+1)+(2+3), plus bias.
	 */
	void		(*layer) (const DsadPackedLayer *layer, const float *x, size_t ldx, float *y, size_t n);

	/*
	 * scaled (n) = (raw (n) - offset) * scale, NaN filled, kept within
	 * +-DSAD_SCALED_MAX; raw need not be aligned.  False when one is infinite.
	 */
	bool		(*scale) (const DsadScaling *scaling, const DsadAnyDouble *raw, size_t n, float *scaled);
	bool		(*scale_float) (const DsadScaling *scaling, const DsadAnyFloat *raw, size_t n, float *scaled);

	/*
	 * Squared distance of z (n) to centre (n), in double precision: four
	 * interleaved sums, added as (0+1)+(2+3).
	 */
	double		(*distance) (const float *z, const float *centre, size_t n);

	/*
	 * One scaled row through all members, layer by layer, so that the members'
	 * work overlaps; the same bits as layer and distance give.  buffer is
	 * (members, 2, widest), distance (members).
	 */
	void		(*row) (const DsadPackedNet *net, size_t members, const float *scaled, float *buffer,
						size_t widest, double *distance);

	/* c (m, n) = a (m, k) * b (k, n); k is summed in order. */
	void		(*gemm_nn) (size_t m, size_t n, size_t k, const float *a, size_t lda,
							const float *b, size_t ldb, float *c, size_t ldc);

	/* c (m, n) = a' * b for a (k, m), b (k, n); k is summed in order. */
	void		(*gemm_tn) (size_t m, size_t n, size_t k, const float *a, size_t lda,
							const float *b, size_t ldb, float *c, size_t ldc);
};

#endif
