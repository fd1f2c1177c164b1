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
	{
		size_t		j = 0;

#if WIDTH > 1
#if WIDTH == 16
		for (; j + 4 * WIDTH <= out; j += 4 * WIDTH)
			layer_block(layer, x, ldx, y, row, j, 1, 4);
#endif
		for (; j + 2 * WIDTH <= out; j += 2 * WIDTH)
			layer_block(layer, x, ldx, y, row, j, 1, 2);
#endif
		for (; j < out; j += WIDTH)
			layer_block(layer, x, ldx, y, row, j, 1, 1);
	}
}

#undef ROWS

/*
 * Scaling of n raw numbers, in double precision: NaN = missing.  The loops are
 * written for the compiler to vectorise; no lane depends on another.  False when
 * a number is infinite.
 */
#define SCALE_BODY(bits_type, exponent_and_sign_off, infinite) \
	do { \
		bits_type	found = 0; \
		for (size_t j = 0; j < n; j++) \
		{ \
			bits_type	bits; \
			double		value = raw[j]; \
			double		z; \
			memcpy(&bits, (const char *) raw + j * sizeof(bits), sizeof(bits)); \
			found |= (bits & exponent_and_sign_off) == infinite; \
			value = value != value ? scaling->fill[j] : value; \
			z = (value - scaling->offset[j]) * scaling->scale[j]; \
			z = z > DSAD_SCALED_MAX ? DSAD_SCALED_MAX : z; \
			z = z < -DSAD_SCALED_MAX ? -DSAD_SCALED_MAX : z; \
			scaled[j] = (float) z; \
		} \
		return !found; \
	} while (0)

TARGET static bool
NAME(scale) (const DsadScaling *scaling, const DsadAnyDouble *raw, size_t n, float *restrict scaled)
{
	SCALE_BODY(uint64_t, UINT64_C(0x7fffffffffffffff), UINT64_C(0x7ff0000000000000));
}

TARGET static bool
NAME(scale_float) (const DsadScaling *scaling, const DsadAnyFloat *raw, size_t n, float *restrict scaled)
{
	SCALE_BODY(uint32_t, UINT32_C(0x7fffffff), UINT32_C(0x7f800000));
}

#undef SCALE_BODY

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
