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
#define INLINE static inline __attribute__((always_inline)) TARGET

#if WIDTH == 1
typedef float vec;
#else
typedef float vec __attribute__((vector_size(WIDTH * 4)));
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

/* max(v, slope * v) lane by lane, written so that NaN stays NaN. */
INLINE vec
leaky(vec v)
{
	float		lane[WIDTH];

	storev(lane, v);
	for (int i = 0; i < WIDTH; i++)
		lane[i] = lane[i] < 0 ? lane[i] * DSAD_LEAKY_SLOPE : lane[i];
	return loadv(lane);
}

/* V vectors of outputs of R rows, from output j on: the body of the layer kernel. */
#define LAYER_BLOCK(R, V) \
	do { \
		vec			s[4][R][V]; \
		const float *w = layer->weight + j; \
		size_t		i = 0; \
		for (int p = 0; p < 4; p++) \
			for (int r = 0; r < (R); r++) \
				for (int v = 0; v < (V); v++) \
					s[p][r][v] = loadv(zeros); \
		for (; i + 4 <= in; i += 4) \
			for (int p = 0; p < 4; p++, w += ld) \
				for (int v = 0; v < (V); v++) \
				{ \
					vec			b = loadv(w + v * WIDTH); \
					for (int r = 0; r < (R); r++) \
						s[p][r][v] += splat(x[(row + r) * ldx + i + p]) * b; \
				} \
		for (int p = 0; p < 3; p++) \
			if (i + p < in) \
				for (int v = 0; v < (V); v++) \
				{ \
					vec			b = loadv(w + p * ld + v * WIDTH); \
					for (int r = 0; r < (R); r++) \
						s[p][r][v] += splat(x[(row + r) * ldx + i + p]) * b; \
				} \
		for (int v = 0; v < (V); v++) \
		{ \
			vec			bias = loadv(layer->bias + j + v * WIDTH); \
			for (int r = 0; r < (R); r++) \
			{ \
				vec			sum = ((s[0][r][v] + s[1][r][v]) + (s[2][r][v] + s[3][r][v])) + bias; \
				storev(y + (row + r) * ld + j + v * WIDTH, layer->activate ? leaky(sum) : sum); \
			} \
		} \
	} while (0)

TARGET static void
NAME(layer) (const DsadPackedLayer *layer, const float *x, size_t ldx, float *y, size_t n)
{
	size_t		in = layer->in;
	size_t		ld = layer->out_padded;
	size_t		row = 0;

	for (; row + 2 <= n; row += 2)
		for (size_t j = 0; j < ld; j += WIDTH)
			LAYER_BLOCK(2, 1);
	for (; row < n; row++)
	{
		size_t		j = 0;

		for (; j + 2 * WIDTH <= ld; j += 2 * WIDTH)
			LAYER_BLOCK(1, 2);
		for (; j < ld; j += WIDTH)
			LAYER_BLOCK(1, 1);
	}
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
#undef LAYER_BLOCK
#undef INLINE
#undef leaky
#undef splat
#undef storev
#undef loadv
#undef vec
#undef NAME
#undef PASTE
#undef PASTE2
#undef LEVEL
#undef NARROWER
#undef TARGET
#undef WIDTH
