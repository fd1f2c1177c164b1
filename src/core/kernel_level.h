/*
 * kernel_level.h
 *	  The kernels at one level; kernel.c includes it once for each, with
 *	  LEVEL (name suffix), TARGET (function attribute), WIDTH (floats in a
 *	  vector, 1 = scalar) and, unless scalar, NARROWER (the LEVEL that takes what
 *	  is less than a vector wide) defined.  No include guard on purpose.
 */
#define PASTE2(a, b) a##_##b
#define PASTE(a, b) PASTE2(a, b)
#define NAME(x) PASTE(x, LEVEL)
#define vec NAME(vec)
#define loadv NAME(loadv)
#define storev NAME(storev)
#define splat NAME(splat)
#define leaky NAME(leaky)
#define layer_block NAME(layer_block)
#define layer_row NAME(layer_row)
#define squared_distance NAME(squared_distance)
#define wide NAME(wide)
#define wide_mask NAME(wide_mask)
#define load_wide NAME(load_wide)
#define blend NAME(blend)
#define INLINE static inline __attribute__((always_inline)) TARGET

#if WIDTH == 1
typedef float vec;
#else
typedef float vec __attribute__((vector_size(WIDTH * 4)));
#define mask NAME(mask)
typedef int32_t mask __attribute__((vector_size(WIDTH * 4)));
#endif

INLINE vec
loadv(const float *p)
{
	vec			v;

	memcpy(&v, p, sizeof(v));
	return v;
}

INLINE void
storev(float *p, vec v)
{
	memcpy(p, &v, sizeof(v));
}

/* All lanes x.  Subtracting zero, not adding it, keeps the sign of -0. */
INLINE vec
splat(float x)
{
	vec			zero = loadv(zeros);

	return x - zero;
}

/* Leaky ReLU lane by lane; NaN stays NaN, because no comparison holds for it. */
INLINE vec
leaky(vec v)
{
#if WIDTH == 1
	return v < 0 ? v * DSAD_LEAKY_SLOPE : v;
#else
	vec			negative = v * DSAD_LEAKY_SLOPE;
	mask		below = v < loadv(zeros);
	mask		result;
	mask		whole;
	mask		scaled;

	memcpy(&whole, &v, sizeof(v));
	memcpy(&scaled, &negative, sizeof(v));
	result = (below & scaled) | (~below & whole);
	memcpy(&v, &result, sizeof(v));
	return v;
#endif
}

/*
 * `vecs` vectors of outputs of `rows` rows (both constants of the caller), from
 * output j and row `row` on.  Weights lie in panels of DSAD_LANES outputs.
 */
INLINE void
layer_block(const DsadPackedLayer *layer, const float *x, size_t ldx, float *y,
			size_t row, size_t j, int rows, int vecs)
{
	vec			s[4][6][4];		/* more than any caller's rows and vecs */
	size_t		in = layer->in;
	size_t		ldy = layer->out_padded;
	const float *w[4];
	size_t		i = 0;

	x += row * ldx;
	y += row * ldy + j;
	UNROLL
	for (int v = 0; v < vecs; v++)
		w[v] = layer->weight + (j + v * WIDTH) / DSAD_LANES * DSAD_LANES * in + (j + v * WIDTH) % DSAD_LANES;
	UNROLL
	for (int p = 0; p < 4; p++)
		UNROLL
		for (int r = 0; r < rows; r++)
			UNROLL
			for (int v = 0; v < vecs; v++)
				s[p][r][v] = loadv(zeros);
	for (; i + 4 <= in; i += 4)
		UNROLL
		for (int p = 0; p < 4; p++)
			UNROLL
			for (int r = 0; r < rows; r++)
				UNROLL
				for (int v = 0; v < vecs; v++)
					s[p][r][v] += splat(x[r * ldx + i + p]) * loadv(w[v] + (i + p) * DSAD_LANES);
	UNROLL
	for (int p = 0; p < 3; p++)
		if (i + p < in)
			UNROLL
			for (int r = 0; r < rows; r++)
				UNROLL
				for (int v = 0; v < vecs; v++)
					s[p][r][v] += splat(x[r * ldx + i + p]) * loadv(w[v] + (i + p) * DSAD_LANES);
	UNROLL
	for (int v = 0; v < vecs; v++)
	{
		vec			bias = loadv(layer->bias + j + v * WIDTH);

		UNROLL
		for (int r = 0; r < rows; r++)
		{
			vec			sum = ((s[0][r][v] + s[1][r][v]) + (s[2][r][v] + s[3][r][v])) + bias;

			storev(y + r * ldy + v * WIDTH, layer->activate ? leaky(sum) : sum);
		}
	}
}

/*
 * One row through a layer.  A wide layer runs panel by panel, in the order of its
 * memory: it comes from the second-level cache, which one stream reads fastest.
 * Inlined where there are registers enough for that.
 */
#if WIDTH == 16
INLINE void
#else
TARGET static __attribute__((noinline)) void
#endif
layer_row(const DsadPackedLayer *layer, const float *x, size_t ldx, float *y, size_t row)
{
	size_t		out = layer->out_padded;
	size_t		j = 0;

#if WIDTH > 1
	if (WIDTH < DSAD_LANES || out < 4 * WIDTH)
		for (; j + 2 * WIDTH <= out; j += 2 * WIDTH)
			layer_block(layer, x, ldx, y, row, j, 1, 2);
#endif
	for (; j < out; j += WIDTH)
		layer_block(layer, x, ldx, y, row, j, 1, 1);
}

/* Rows that share each load of weights: their 4 sums each must fit the registers. */
#if WIDTH == 16
#define ROWS 6
#else
#define ROWS 3
#endif

TARGET static void
NAME(layer) (const DsadPackedLayer *layer, const float *x, size_t ldx, float *y, size_t n)
{
	size_t		out = layer->out_padded;
	size_t		blocked = n - n % ROWS;

	/* a panel of weights stays in the cache while the rows pass by */
	for (size_t j = 0; blocked > 0 && j < out; j += WIDTH)
		for (size_t row = 0; row < blocked; row += ROWS)
			layer_block(layer, x, ldx, y, row, j, ROWS, 1);
	for (size_t row = blocked; row < n; row++)
		layer_row(layer, x, ldx, y, row);
}

#undef ROWS

/*
 * Scaling of n raw numbers, in double precision; NaN = missing.  False when one
 * is infinite.  The last vector overlaps the one before it when n is no multiple
 * of its width: it computes the same bits again.
 */
#if WIDTH == 1
#define SCALE_BODY(number, narrower) \
	do { \
		bool		infinite = false; \
		for (size_t j = 0; j < n; j++) \
		{ \
			double		value = raw[j]; \
			double		z; \
			infinite |= value == INFINITY || value == -INFINITY; \
			value = value != value ? scaling->fill[j] : value; \
			z = (value - scaling->offset[j]) * scaling->scale[j]; \
			z = z > DSAD_SCALED_MAX ? DSAD_SCALED_MAX : z; \
			z = z < -DSAD_SCALED_MAX ? -DSAD_SCALED_MAX : z; \
			scaled[j] = (float) z; \
		} \
		return !infinite; \
	} while (0)
#else
typedef double wide __attribute__((vector_size(WIDTH * 4)));
typedef int64_t wide_mask __attribute__((vector_size(WIDTH * 4)));

INLINE wide
load_wide(const double *p)
{
	wide		v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* a where the mask is set, else b. */
INLINE wide
blend(wide_mask set, wide a, wide b)
{
	wide_mask	result = (set & (wide_mask) a) | (~set & (wide_mask) b);

	return (wide) result;
}

#define SCALE_BODY(number, narrower) \
	do { \
		typedef number numbers __attribute__((vector_size(WIDTH / 2 * sizeof(number)))); \
		typedef float floats __attribute__((vector_size(WIDTH * 2))); \
		const wide	zero = {0}; \
		wide_mask	infinite = {0}; \
		int64_t		found = 0; \
		if (n < WIDTH / 2) \
			return narrower(scaling, raw, n, scaled); \
		for (size_t j = 0; j < n; j += WIDTH / 2) \
		{ \
			numbers		value; \
			wide		z; \
			floats		result; \
			if (j + WIDTH / 2 > n) \
				j = n - WIDTH / 2; \
			memcpy(&value, raw + j, sizeof(value)); \
			z = __builtin_convertvector(value, wide); \
			infinite |= (z == zero + INFINITY) | (z == zero - INFINITY); \
			z = blend(z != z, load_wide(scaling->fill + j), z); \
			z = (z - load_wide(scaling->offset + j)) * load_wide(scaling->scale + j); \
			z = blend(z > zero + DSAD_SCALED_MAX, zero + DSAD_SCALED_MAX, z); \
			z = blend(z < zero - DSAD_SCALED_MAX, zero - DSAD_SCALED_MAX, z); \
			result = __builtin_convertvector(z, floats); \
			memcpy(scaled + j, &result, sizeof(result)); \
		} \
		for (int i = 0; i < WIDTH / 2; i++) \
			found |= infinite[i]; \
		return found == 0; \
	} while (0)
#endif

TARGET static bool
NAME(scale) (const DsadScaling *scaling, const DsadAnyDouble *raw, size_t n, float *scaled)
{
	SCALE_BODY(double, PASTE(scale, NARROWER));
}

TARGET static bool
NAME(scale_float) (const DsadScaling *scaling, const DsadAnyFloat *raw, size_t n, float *scaled)
{
	SCALE_BODY(float, PASTE(scale_float, NARROWER));
}

#undef SCALE_BODY

/* Squared distance in double precision, where no float can overflow; see kernel.h. */
INLINE double
squared_distance(const float *z, const float *centre, size_t n)
{
	double		sum[4] = {0, 0, 0, 0};
	size_t		j = 0;

#if WIDTH >= 8
	typedef float floats __attribute__((vector_size(16)));
	typedef double doubles __attribute__((vector_size(32)));
	doubles		total = {0};

	for (; j + 4 <= n; j += 4)
	{
		floats		a;
		floats		b;
		doubles		d;

		memcpy(&a, z + j, sizeof(a));
		memcpy(&b, centre + j, sizeof(b));
		d = __builtin_convertvector(a, doubles) - __builtin_convertvector(b, doubles);
		total += d * d;
	}
	memcpy(sum, &total, sizeof(sum));
#endif
	for (; j < n; j++)
	{
		double		d = (double) z[j] - (double) centre[j];

		sum[j & 3] += d * d;
	}
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

TARGET static double
NAME(distance) (const float *z, const float *centre, size_t n)
{
	return squared_distance(z, centre, n);
}

TARGET static void
NAME(row) (const DsadPackedNet *net, size_t members, const float *scaled, float *buffer,
		   size_t widest, double *distance)
{
	uint32_t	layers = net->layers;

	for (uint32_t l = 0; l < layers; l++)
		for (size_t m = 0; m < members; m++)
		{
			float	   *y = buffer + (2 * m + (l & 1)) * widest;
			const float *x = l == 0 ? scaled : buffer + (2 * m + (~l & 1)) * widest;

			layer_row(&net[m].layer[l], x, 0, y, 0);
		}
	for (size_t m = 0; m < members; m++)
		distance[m] = squared_distance(buffer + (2 * m + (~layers & 1)) * widest,
									   net[m].centre, net[m].latent);
}

/* R x (V vectors) of c, from row i and column j on; A(i, p) is element p of a's row i. */
#define GEMM_BLOCK(R, V, A) \
	do { \
		vec			s[R][V]; \
		for (int r = 0; r < (R); r++) \
			for (int v = 0; v < (V); v++) \
				s[r][v] = loadv(zeros); \
		for (size_t p = 0; p < k; p++) \
			for (int v = 0; v < (V); v++) \
			{ \
				vec			x = loadv(b + p * ldb + j + v * WIDTH); \
				for (int r = 0; r < (R); r++) \
					s[r][v] += splat(A(i + r, p)) * x; \
			} \
		for (int r = 0; r < (R); r++) \
			for (int v = 0; v < (V); v++) \
				storev(c + (i + r) * ldc + j + v * WIDTH, s[r][v]); \
	} while (0)

/*
 * All of c: blocks of 4 rows and 2 vectors, then narrower ones.  The last vector
 * of a row overlaps the one before it when n is no multiple of WIDTH: it
 * computes the same bits again.  n is at least WIDTH.
 */
#define GEMM_BODY(A) \
	do { \
		for (size_t j = 0; j < n;) \
		{ \
			size_t		i = 0; \
			if (j + 2 * WIDTH <= n) \
			{ \
				for (; i + 4 <= m; i += 4) \
					GEMM_BLOCK(4, 2, A); \
				for (; i < m; i++) \
					GEMM_BLOCK(1, 2, A); \
				j += 2 * WIDTH; \
				continue; \
			} \
			if (j + WIDTH > n) \
				j = n - WIDTH; \
			for (; i + 4 <= m; i += 4) \
				GEMM_BLOCK(4, 1, A); \
			for (; i < m; i++) \
				GEMM_BLOCK(1, 1, A); \
			j += WIDTH; \
		} \
	} while (0)

#define A_NORMAL(i, p) a[(i) * lda + (p)]
#define A_TRANSPOSED(i, p) a[(p) * lda + (i)]

TARGET static void
NAME(gemm_nn) (size_t m, size_t n, size_t k, const float *a, size_t lda,
			   const float *b, size_t ldb, float *c, size_t ldc)
{
#ifdef NARROWER
	if (n < WIDTH)
	{
		PASTE(gemm_nn, NARROWER) (m, n, k, a, lda, b, ldb, c, ldc);
		return;
	}
#endif
	GEMM_BODY(A_NORMAL);
}

TARGET static void
NAME(gemm_tn) (size_t m, size_t n, size_t k, const float *a, size_t lda,
			   const float *b, size_t ldb, float *c, size_t ldc)
{
#ifdef NARROWER
	if (n < WIDTH)
	{
		PASTE(gemm_tn, NARROWER) (m, n, k, a, lda, b, ldb, c, ldc);
		return;
	}
#endif
	GEMM_BODY(A_TRANSPOSED);
}

#undef A_NORMAL
#undef A_TRANSPOSED
#undef GEMM_BODY
#undef GEMM_BLOCK
#undef layer_block
#undef layer_row
#undef squared_distance
#undef wide
#undef wide_mask
#undef load_wide
#undef blend
#undef INLINE
#undef leaky
#undef splat
#undef storev
#undef loadv
#undef vec
#undef mask
#undef NAME
#undef PASTE
#undef PASTE2
#undef LEVEL
#undef NARROWER
#undef TARGET
#undef WIDTH
