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

/* Output channels of a convolution whose weights lie side by side. */
#define DSAD_CONV_BLOCK 4

/*
 * How one module of a scorer reads its input.  The pixels, padded with zeros, lie apart by the parity of their row and
 * column: in each channel four planes, (pooled height + 2, stride).  Pixels of a pooled map that follow each other, two
 * at the end of each row that are none, then need inputs that follow each other, at the same offsets from where they
 * are.
 */
typedef struct DsadConvPlan
{
	DsadConv	shape;
	uint32_t	out;			/* channels, padded to DSAD_CONV_BLOCK */
	uint32_t	taps;			/* in * 25 */
	uint32_t	stride;			/* of a row of a plane: pooled width + 2 */
	size_t		plane;			/* floats of one */
	size_t		planes;			/* floats of all channels', and of what a vector may read beyond */
	size_t		positions;		/* of a pooled map, whole vectors */
	const int32_t *offset;		/* (4, taps): of each corner of the pool's square */
} DsadConvPlan;

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

	/*
	 * One module: from planes (plan->planes) to maps (plan->out, plan->positions), with weight (plan->out /
	 * DSAD_CONV_BLOCK, taps, DSAD_CONV_BLOCK) and bias (plan->out), BatchNorm folded in.  A convolution's sum runs over
	 * channel, row and column, padding included, in four interleaved partial sums, added as (0+1)+(2+3); the
	 * largest of the pool's four, the first of equals, then gets the bias and leaky ReLU.
	 */
	void		(*conv) (const DsadConvPlan *plan, const float *weight, const float *bias, const float *planes,
						 float *maps);

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

	/* Sums of x (count), of (x - center)^2, and of x * y. */
	double		(*conv_sum) (const float *x, size_t count);
	double		(*conv_squares) (const float *x, float center, size_t count);
	double		(*conv_products) (const float *x, const float *y, size_t count);

	/* BatchNorm in place on x (count) of one map, and leaky ReLU of it. */
	void		(*conv_activate) (float *x, size_t count, float mean, float inverse, float *y);

	/* g = d * the slope of leaky ReLU at y; then d = inverse * (d - mean_d - y * mean_dy), as batchnorm_backward. */
	void		(*conv_slope) (const float *d, const float *y, size_t count, float *g);
	void		(*conv_center) (float *d, const float *y, size_t count, float inverse, float mean_d, float mean_dy);

	/*
	 * BatchNorm in place on a map x (height, width), and 2 x 2 max-pool: top (height / 2, width / 2) are the largest,
	 * the first of equals, `where` their places (0 to 3), pooled leaky ReLU of them.
	 */
	void		(*conv_pool) (float *x, size_t height, size_t width, float mean, float inverse, float *top,
							  uint8_t *where, float *pooled);

	/* Backward through both: d (height, width) from g, the gradient to top, and y, what conv_pool left in x. */
	void		(*conv_unpool) (float *d, const float *y, size_t height, size_t width, float inverse, float mean_d,
								float mean_dy, const float *g, const uint8_t *where);

	/*
	 * c (rows, columns) += a (rows, count) * b (columns, count)'; count is a multiple of DSAD_LANES.  Each is summed in
	 * DSAD_LANES lanes, whose halves are added onto each other.
	 */
	void		(*conv_dots) (const float *a, size_t rows, size_t lda, const float *b, size_t columns, size_t ldb,
							  size_t count, float *c, size_t ldc);

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
