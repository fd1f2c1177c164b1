/*
 * kernel.h
 *	  The inner loops of scoring, training and explaining, at several levels of
 *	  instructions, with the same bits at each, but for training's products where a level fuses.
 */
#ifndef DSAD_KERNEL_H
#define DSAD_KERNEL_H

#include "core/model/model.h"
#include "core/port.h"

typedef struct DsadKernel DsadKernel;

/* Kernel levels from plain C up; NULL when this CPU or build lacks the level. */
typedef enum DsadKernelLevel
{
	DSAD_KERNEL_PLAIN, DSAD_KERNEL_VECTOR, DSAD_KERNEL_AVX2, DSAD_KERNEL_AVX512
} DsadKernelLevel;

/* The levels of this build, each made by a file of its own; of these a CPU runs those that dsad_kernel gives. */
extern const DsadKernel dsad_kernel_plain;
#ifdef DSAD_VECTORS
extern const DsadKernel dsad_kernel_vector;
#endif
#ifdef DSAD_X86
extern const DsadKernel dsad_kernel_avx2;
extern const DsadKernel dsad_kernel_avx512;
#endif

extern const DsadKernel *dsad_kernel(DsadKernelLevel level);
extern const DsadKernel *dsad_kernel_best(void);
extern const char *dsad_kernel_name(const DsadKernel *kernel);

/* A row's width in memory: whole vectors. */
static inline size_t
dsad_padded(size_t width)
{
	return (width + DSAD_LANES - 1) / DSAD_LANES * DSAD_LANES;
}

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
	const float *center;		/* latent */
	double		divisor;
} DsadPackedNet;

/* The numbers of one step of Adam: as torch.optim.Adam, weight decay added to the gradient. */
typedef struct DsadAdamStep
{
	float		beta1;
	float		rest1;			/* 1 - beta1 */
	float		beta2;
	float		rest2;
	float		decay;
	float		size;			/* learning rate / (1 - beta1 ^ steps) */
	float		second_scale;	/* 1 / sqrt(1 - beta2 ^ steps) */
	float		eps;
	float		average_rate;	/* how far an average of the weights moves to them */
} DsadAdamStep;

struct DsadKernel
{
	const char *name;
	bool		fuses;			/* training's products round x * y + sum once, not twice */

	/*
	 * y (n, out_padded) = act(x (n, in; row stride ldx) * weight + bias).  Each
	 * output is four interleaved partial sums, added as (0+1)+(2+3), plus bias.
	 */
	void		(*layer) (const DsadPackedLayer *layer, const float *x, size_t ldx, float *y, size_t n);

	/*
	 * scaled (n) = (raw (n) - offset) * scale, NaN filled, kept within +-limit;
	 * raw need not be aligned.  False when one is infinite.
	 */
	bool		(*scale) (const DsadScaling *scaling, const DsadAnyDouble *raw, size_t n, float *scaled);
	bool		(*scale_float) (const DsadScaling *scaling, const DsadAnyFloat *raw, size_t n, float *scaled);

	/*
	 * Squared distance of z (n) to center (n), in double precision: four
	 * interleaved sums, added as (0+1)+(2+3).
	 */
	double		(*distance) (const float *z, const float *center, size_t n);

	/*
	 * One scaled row through all members, layer by layer, so that the members'
	 * work overlaps; the same bits as layer and distance give.  buffer is
	 * (members, 2, widest), distance (members).
	 */
	void		(*row) (const DsadPackedNet *net, size_t members, const float *scaled, float *buffer,
						size_t widest, double *distance);

	/* ---- training; n rows are padded to `width`, a multiple of DSAD_LANES, with zeros ---- */

	/* c (m, n) = a (m, k) * b (k, n), n a multiple of DSAD_LANES, k at least 1; k is summed in order. */
	void		(*gemm_nn) (size_t m, size_t n, size_t k, const float *a, size_t lda,
							const float *b, size_t ldb, float *c, size_t ldc);

	/* c (m, n) = a' * b for a (k, m), b (k, n); as above. */
	void		(*gemm_tn) (size_t m, size_t n, size_t k, const float *a, size_t lda,
							const float *b, size_t ldb, float *c, size_t ldc);

	/*
	 * BatchNorm in training mode, an offset (width) and leaky ReLU, in place on x (n, width; row
	 * stride `stride`); also keeps the normalized values.  Fills, for each column,
	 * the batch's mean, its unbiased variance (0 for one row) and
	 * 1 / sqrt(biased variance + eps).
	 */
	void		(*batchnorm_forward) (float *x, float *normalized, size_t n, size_t stride, size_t width,
									  const float *offset, float *mean, float *unbiased, float *inverse_std);

	/* The same in evaluation mode: with statistics that are given. */
	void		(*batchnorm_fixed) (float *x, size_t n, size_t width, const float *mean,
									const float *inverse_std, const float *offset);

	/* Backward through that, in place on d (n, width); y is what batchnorm_fixed gave. */
	void		(*batchnorm_fixed_backward) (float *d, const float *y, size_t n, size_t width,
											 const float *inverse_std);

	/*
	 * Backward through both, in place on d (n, width; row stride `stride`): with y
	 * the normalized values and g the gradient to them,
	 * inverse_std * (g - mean(g) - y * mean(g y)).
	 */
	void		(*batchnorm_backward) (float *d, const float *y, size_t n, size_t stride, size_t width,
									   const float *inverse_std, const float *offset);

	/* One step of Adam on count weights (a multiple of DSAD_LANES), and of their average unless NULL. */
	void		(*adam) (float *w, const float *gradient, float *first, float *second, float *average,
						 size_t count, const DsadAdamStep *step);

	/* Squared distances (n) of z (n, width) to center (latent). */
	void		(*distances) (const float *z, size_t n, size_t width, const float *center, size_t latent,
							  double *distance);

	/* gradient (n, width) = factor (n) * (z - center (width)), row by row. */
	void		(*distance_gradients) (const float *z, size_t n, size_t width, const float *center,
									   const float *factor, float *gradient);

	/* gradient = factor * (y - x), count elements (a multiple of DSAD_LANES); the sum of (y - x)^2. */
	double		(*residuals) (const float *x, const float *y, size_t count, float factor, float *gradient);

	/*
	 * ---- explaining: double precision over weights (width / DSAD_LANES, in, DSAD_LANES), `width`
	 * outputs, a multiple of DSAD_LANES ----
	 */

	/* y (width) = x (in) * weights; four interleaved sums, added as (0+1)+(2+3). */
	void		(*path_product) (const float *weight, size_t in, size_t width, const double *x, double *y);

	/* y (width) += x * the weights of input i. */
	void		(*path_add) (const float *weight, size_t in, size_t width, size_t i, double x, double *y);

	/*
	 * result (count) = the weights of inputs i .. i + count - 1 times y (width): each is summed
	 * in DSAD_LANES lanes, whose halves are added onto each other.
	 */
	void		(*path_dots) (const float *weight, size_t in, size_t width, size_t i, size_t count, const double *y,
							  double *result);

	/* y (width) += factor * x (width). */
	void		(*path_move) (double *y, const double *x, double factor, size_t width);

	/*
	 * The first of the units (width) with value p, change v and slope 1 above zero
	 * that crosses zero within *distance, which becomes its own; width when none does.
	 */
	size_t		(*path_crossing) (const double *p, const double *v, const double *slope, size_t width,
								  double *distance);
};

#endif
