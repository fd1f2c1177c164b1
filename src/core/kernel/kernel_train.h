/*
 * kernel_train.h
 *	  Training's kernels at one level; part of kernel_level.h.
 *
 * All rows are padded to a multiple of DSAD_LANES with zeros, which every kernel
 * here keeps zero.  Sums over rows run in four interleaved partial sums within
 * blocks of SUM_ROWS rows, whose totals are added in double precision.
 */

#define SUM_ROWS 128

/*
 * Rows and vectors of c whose sums one pass holds: as many as the registers do, beside a row
 * of b and a number of a.
 */
#if WIDTH == 16
#define GEMM_ROWS 8
#define GEMM_VECTORS 2
#else
#define GEMM_ROWS 4
#define GEMM_VECTORS 2
#endif
#define GEMM_DEPTH 256			/* rows of b that one pass takes: they stay in the first-level cache */

/* A product c (m, n) = a (m, k) * b (k, n); a's element (i, p) is a[i * row + p * column]. */
typedef struct Product
{
	size_t		m;
	size_t		n;
	size_t		k;
	const float *a;
	size_t		row;
	size_t		column;
	const float *b;
	size_t		ldb;
	float	   *c;
	size_t		ldc;
} Product;

/*
 * `rows` x (`vecs` vectors) of c (both constants of the caller), from row i and column j on:
 * the terms from `start` to `end`, added to c unless they are the first.
 */
INLINE void
gemm_block(const Product *g, size_t i, size_t j, size_t start, size_t end, const int rows, const int vecs)
{
	vec			s[GEMM_ROWS][GEMM_VECTORS];
	const float *a = g->a + i * g->row;
	const float *b = g->b + j;
	float	   *c = g->c + i * g->ldc + j;

	UNROLL
	for (int r = 0; r < rows; r++)
		UNROLL
		for (int v = 0; v < vecs; v++)
			s[r][v] = start == 0 ? splat(0) : loadv(c + r * g->ldc + v * WIDTH);
	for (size_t p = start; p < end; p++)
	{
		vec			x[GEMM_VECTORS];

		UNROLL
		for (int v = 0; v < vecs; v++)
			x[v] = loadv(b + p * g->ldb + v * WIDTH);
		UNROLL
		for (int r = 0; r < rows; r++)
			UNROLL
			for (int v = 0; v < vecs; v++)
				s[r][v] = multiply_add(splat(a[r * g->row + p * g->column]), x[v], s[r][v]);
	}
	UNROLL
	for (int r = 0; r < rows; r++)
		UNROLL
		for (int v = 0; v < vecs; v++)
			storev(c + r * g->ldc + v * WIDTH, s[r][v]);
}

/* `vecs` vectors of every row of c, from column j on. */
INLINE void
gemm_columns(const Product *g, size_t j, const int vecs)
{
	for (size_t start = 0; start < g->k; start += GEMM_DEPTH)
	{
		size_t		end = g->k - start < GEMM_DEPTH ? g->k : start + GEMM_DEPTH;
		size_t		i = 0;

		for (; i + GEMM_ROWS <= g->m; i += GEMM_ROWS)
			gemm_block(g, i, j, start, end, GEMM_ROWS, vecs);
		for (; GEMM_ROWS > 4 && i + 4 <= g->m; i += 4)
			gemm_block(g, i, j, start, end, 4, vecs);
		for (; i + 2 <= g->m; i += 2)
			gemm_block(g, i, j, start, end, 2, vecs);
		for (; i < g->m; i++)
			gemm_block(g, i, j, start, end, 1, vecs);
	}
}

INLINE void
gemm(const Product *g)
{
	size_t		j = 0;

	for (; j + GEMM_VECTORS * WIDTH <= g->n; j += GEMM_VECTORS * WIDTH)
		gemm_columns(g, j, GEMM_VECTORS);
	for (; j < g->n; j += WIDTH)
		gemm_columns(g, j, 1);
}

static void
gemm_nn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc)
{
	gemm(&(Product) {m, n, k, a, lda, 1, b, ldb, c, ldc});
}

static void
gemm_tn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc)
{
	gemm(&(Product) {m, n, k, a, 1, lda, b, ldb, c, ldc});
}

/* total += s, lane by lane. */
INLINE void
total_add(double *total, vec s)
{
	float		lane[WIDTH];

	memcpy(lane, &s, sizeof(s));
	for (int i = 0; i < WIDTH; i++)
		total[i] += lane[i];
}

/* The four partial sums together. */
INLINE vec
column_sum(const vec *s)
{
	return (s[0] + s[1]) + (s[2] + s[3]);
}

static void
batchnorm_forward(float *x, float *normalized, size_t n, size_t stride, size_t width, const float *offset,
				  float *mean, float *unbiased, float *inverse_std)
{
	for (size_t j = 0; j < width; j += WIDTH)
	{
		double		total[WIDTH] = {0};
		float		value[WIDTH];
		vec			center;
		vec			inverse;

		for (size_t start = 0; start < n; start += SUM_ROWS)
		{
			size_t		end = n - start < SUM_ROWS ? n : start + SUM_ROWS;
			size_t		i = start;
			vec			s[4] = {splat(0), splat(0), splat(0), splat(0)};

			for (; i + 4 <= end; i += 4)
				UNROLL
				for (int p = 0; p < 4; p++)
					s[p] += loadv(x + (i + p) * stride + j);
			for (int p = 0; i < end; i++, p++)
				s[p] += loadv(x + i * stride + j);
			total_add(total, column_sum(s));
		}
		for (int i = 0; i < WIDTH; i++)
			mean[j + i] = (float) (total[i] / (double) n);
		center = loadv(mean + j);
		memset(total, 0, sizeof(total));
		for (size_t start = 0; start < n; start += SUM_ROWS)
		{
			size_t		end = n - start < SUM_ROWS ? n : start + SUM_ROWS;
			size_t		i = start;
			vec			s[4] = {splat(0), splat(0), splat(0), splat(0)};

			for (; i + 4 <= end; i += 4)
				UNROLL
				for (int p = 0; p < 4; p++)
				{
					vec			d = loadv(x + (i + p) * stride + j) - center;

					s[p] += d * d;
				}
			for (int p = 0; i < end; i++, p++)
			{
				vec			d = loadv(x + i * stride + j) - center;

				s[p] += d * d;
			}
			total_add(total, column_sum(s));
		}
		for (int i = 0; i < WIDTH; i++)
		{
			unbiased[j + i] = n > 1 ? (float) (total[i] / (double) (n - 1)) : 0;
			value[i] = (float) (total[i] / (double) n) + DSAD_BATCHNORM_EPS;
		}
		inverse = splat(1) / roots(loadv(value));
		storev(inverse_std + j, inverse);
		for (size_t i = 0; i < n; i++)
		{
			vec			y = (loadv(x + i * stride + j) - center) * inverse;

			storev(normalized + i * stride + j, y);
			storev(x + i * stride + j, leaky(y + loadv(offset + j)));
		}
	}
}

static void
batchnorm_fixed(float *x, size_t n, size_t width, const float *mean, const float *inverse_std, const float *offset)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < width; j += WIDTH)
		{
			vec			y = (loadv(x + i * width + j) - loadv(mean + j)) * loadv(inverse_std + j);

			storev(x + i * width + j, leaky(y + loadv(offset + j)));
		}
}

static void
batchnorm_fixed_backward(float *d, const float *y, size_t n, size_t width, const float *inverse_std)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < width; j += WIDTH)
		{
			size_t		at = i * width + j;

			/* the activation keeps the sign */
			storev(d + at, leaky_slope(loadv(d + at), loadv(y + at)) * loadv(inverse_std + j));
		}
}

/* Takes a gradient d through the activation of y + offset, and sums it and its product with y. */
INLINE void
below_activation(float *d, const float *y, vec offset, vec *sum, vec *sum_y)
{
	vec			normalized = loadv(y);
	vec			g = leaky_slope(loadv(d), normalized + offset);

	storev(d, g);
	*sum += g;
	*sum_y += g * normalized;
}

static void
batchnorm_backward(float *d, const float *y, size_t n, size_t stride, size_t width,
				   const float *inverse_std, const float *offset)
{
	for (size_t j = 0; j < width; j += WIDTH)
	{
		double		total[2][WIDTH] = {{0}};
		vec			shift = loadv(offset + j);
		float		mean[2][WIDTH];
		vec			mean_d;
		vec			mean_dy;
		vec			inverse = loadv(inverse_std + j);

		for (size_t start = 0; start < n; start += SUM_ROWS)
		{
			size_t		end = n - start < SUM_ROWS ? n : start + SUM_ROWS;
			size_t		i = start;
			vec			s[2][4];

			for (int p = 0; p < 4; p++)
				s[0][p] = s[1][p] = splat(0);
			for (; i + 4 <= end; i += 4)
				UNROLL
				for (int p = 0; p < 4; p++)
					below_activation(d + (i + p) * stride + j, y + (i + p) * stride + j, shift, &s[0][p], &s[1][p]);
			for (int p = 0; i < end; i++, p++)
				below_activation(d + i * stride + j, y + i * stride + j, shift, &s[0][p], &s[1][p]);
			total_add(total[0], column_sum(s[0]));
			total_add(total[1], column_sum(s[1]));
		}
		for (int i = 0; i < WIDTH; i++)
		{
			mean[0][i] = (float) (total[0][i] / (double) n);
			mean[1][i] = (float) (total[1][i] / (double) n);
		}
		mean_d = loadv(mean[0]);
		mean_dy = loadv(mean[1]);
		for (size_t i = 0; i < n; i++)
		{
			size_t		at = i * stride + j;

			storev(d + at, inverse * (loadv(d + at) - mean_d - loadv(y + at) * mean_dy));
		}
	}
}

static void
adam(float *w, const float *gradient, float *first, float *second, float *average,
			size_t count, const DsadAdamStep *step)
{
	vec			rate = splat(step->average_rate);
	vec			beta1 = splat(step->beta1);
	vec			beta2 = splat(step->beta2);
	vec			rest1 = splat(step->rest1);
	vec			rest2 = splat(step->rest2);
	vec			decay = splat(step->decay);
	vec			size = splat(step->size);
	vec			second_scale = splat(step->second_scale);
	vec			eps = splat(step->eps);

	for (size_t i = 0; i < count; i += WIDTH)
	{
		vec			x = loadv(w + i);
		vec			g = loadv(gradient + i) + decay * x;
		vec			m = beta1 * loadv(first + i) + rest1 * g;
		vec			v = beta2 * loadv(second + i) + rest2 * (g * g);

		storev(first + i, m);
		storev(second + i, v);
		x -= size * m / (roots(v) * second_scale + eps);
		storev(w + i, x);
		if (average != NULL)
		{
			vec			a = loadv(average + i);

			storev(average + i, a + rate * (x - a));
		}
	}
}

static void
distances(const float *z, size_t n, size_t width, const float *center, size_t latent,
				 double *distance)
{
	for (size_t i = 0; i < n; i++)
		distance[i] = squared_distance(z + i * width, center, latent);
}

static void
distance_gradients(const float *z, size_t n, size_t width, const float *center,
						  const float *factor, float *gradient)
{
	for (size_t i = 0; i < n; i++)
	{
		vec			f = splat(factor[i]);

		for (size_t j = 0; j < width; j += WIDTH)
			storev(gradient + i * width + j, f * (loadv(z + i * width + j) - loadv(center + j)));
	}
}

static double
residuals(const float *x, const float *y, size_t count, float factor, float *gradient)
{
	vec			f = splat(factor);
	double		total[WIDTH] = {0};
	double		lanes[DSAD_LANES] = {0};
	double		sum = 0;

	/* sums of DSAD_LANES columns, so that the order does not depend on WIDTH */
	for (size_t j = 0; j < DSAD_LANES; j += WIDTH)
	{
		memset(total, 0, sizeof(total));
		for (size_t start = 0; start < count; start += SUM_ROWS * DSAD_LANES)
		{
			size_t		end = count - start < SUM_ROWS * DSAD_LANES ? count : start + SUM_ROWS * DSAD_LANES;
			vec			s = splat(0);

			for (size_t i = start + j; i < end; i += DSAD_LANES)
			{
				vec			d = loadv(y + i) - loadv(x + i);

				s += d * d;
				storev(gradient + i, f * d);
			}
			total_add(total, s);
		}
		memcpy(lanes + j, total, sizeof(total));
	}
	for (int i = 0; i < DSAD_LANES; i++)
		sum += lanes[i];
	return sum;
}
