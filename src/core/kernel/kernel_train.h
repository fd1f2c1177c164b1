/*
 * kernel_train.h
 *	  Training's kernels at one level; part of kernel_level.h.
 *
 * All rows are padded to a multiple of DSAD_LANES with zeros, which every kernel
 * here keeps zero.  Sums over rows run in four interleaved partial sums within
 * blocks of SUM_ROWS rows, whose totals are added in double precision.
 */
#define column_sum NAME(column_sum)
#define total_add NAME(total_add)
#define below_activation NAME(below_activation)

#define SUM_ROWS 128

/* R x (V vectors) of c, from row i and column j on; A(i, p) is element p of a's row i. */
#define GEMM_BLOCK(R, V, A) \
	do { \
		vec			s[R][V]; \
		for (int r = 0; r < (R); r++) \
			for (int v = 0; v < (V); v++) \
				s[r][v] = loadv(zeros); \
		for (size_t p = 0; p < k; p++) \
		{ \
			vec			x[V]; \
			for (int v = 0; v < (V); v++) \
				x[v] = loadv(b + p * ldb + j + v * WIDTH); \
			for (int r = 0; r < (R); r++) \
				for (int v = 0; v < (V); v++) \
					s[r][v] += splat(A(i + r, p)) * x[v]; \
		} \
		for (int r = 0; r < (R); r++) \
			for (int v = 0; v < (V); v++) \
				storev(c + (i + r) * ldc + j + v * WIDTH, s[r][v]); \
	} while (0)

/* Rows of c that share each load of b: as many as the registers hold. */
#if WIDTH == 16
#define GEMM_ROWS 8
#else
#define GEMM_ROWS 4
#endif

/* V vectors of every row of c, from column j on. */
#define GEMM_COLUMNS(V, A) \
	do { \
		size_t		i = 0; \
		for (; i + GEMM_ROWS <= m; i += GEMM_ROWS) \
			GEMM_BLOCK(GEMM_ROWS, V, A); \
		for (; GEMM_ROWS > 4 && i + 4 <= m; i += 4) \
			GEMM_BLOCK(4, V, A); \
		for (; i + 2 <= m; i += 2) \
			GEMM_BLOCK(2, V, A); \
		for (; i < m; i++) \
			GEMM_BLOCK(1, V, A); \
	} while (0)

#define GEMM_BODY(A) \
	do { \
		size_t		j = 0; \
		for (; j + 2 * WIDTH <= n; j += 2 * WIDTH) \
			GEMM_COLUMNS(2, A); \
		for (; j < n; j += WIDTH) \
			GEMM_COLUMNS(1, A); \
	} while (0)

#define A_NORMAL(i, p) a[(i) * lda + (p)]
#define A_TRANSPOSED(i, p) a[(p) * lda + (i)]

TARGET static void
NAME(gemm_nn) (size_t m, size_t n, size_t k, const float *a, size_t lda,
			   const float *b, size_t ldb, float *c, size_t ldc)
{
	GEMM_BODY(A_NORMAL);
}

TARGET static void
NAME(gemm_tn) (size_t m, size_t n, size_t k, const float *a, size_t lda,
			   const float *b, size_t ldb, float *c, size_t ldc)
{
	GEMM_BODY(A_TRANSPOSED);
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

TARGET static void
NAME(batchnorm_forward) (float *x, float *normalized, size_t n, size_t stride, size_t width,
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
			vec			s[4] = {loadv(zeros), loadv(zeros), loadv(zeros), loadv(zeros)};

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
			vec			s[4] = {loadv(zeros), loadv(zeros), loadv(zeros), loadv(zeros)};

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
		inverse = splat(1) / SQRT(loadv(value));
		storev(inverse_std + j, inverse);
		for (size_t i = 0; i < n; i++)
		{
			vec			y = (loadv(x + i * stride + j) - center) * inverse;

			storev(normalized + i * stride + j, y);
			storev(x + i * stride + j, leaky(y));
		}
	}
}

TARGET static void
NAME(batchnorm_fixed) (float *x, size_t n, size_t width, const float *mean, const float *inverse_std)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < width; j += WIDTH)
		{
			vec			y = (loadv(x + i * width + j) - loadv(mean + j)) * loadv(inverse_std + j);

			storev(x + i * width + j, leaky(y));
		}
}

TARGET static void
NAME(batchnorm_fixed_backward) (float *d, const float *y, size_t n, size_t width, const float *inverse_std)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < width; j += WIDTH)
		{
			size_t		at = i * width + j;

			/* the activation keeps the sign */
			storev(d + at, leaky_slope(loadv(d + at), loadv(y + at)) * loadv(inverse_std + j));
		}
}

/* Takes a gradient d through the activation of y, and sums it and its product with y. */
INLINE void
below_activation(float *d, const float *y, vec *sum, vec *sum_y)
{
	vec			normalized = loadv(y);
	vec			g = leaky_slope(loadv(d), normalized);

	storev(d, g);
	*sum += g;
	*sum_y += g * normalized;
}

TARGET static void
NAME(batchnorm_backward) (float *d, const float *y, size_t n, size_t stride, size_t width,
						  const float *inverse_std)
{
	for (size_t j = 0; j < width; j += WIDTH)
	{
		double		total[2][WIDTH] = {{0}};
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
				s[0][p] = s[1][p] = loadv(zeros);
			for (; i + 4 <= end; i += 4)
				UNROLL
				for (int p = 0; p < 4; p++)
					below_activation(d + (i + p) * stride + j, y + (i + p) * stride + j, &s[0][p], &s[1][p]);
			for (int p = 0; i < end; i++, p++)
				below_activation(d + i * stride + j, y + i * stride + j, &s[0][p], &s[1][p]);
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

TARGET static void
NAME(adam) (float *w, const float *gradient, float *first, float *second, float *average,
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
		x -= size * m / (SQRT(v) * second_scale + eps);
		storev(w + i, x);
		if (average != NULL)
		{
			vec			a = loadv(average + i);

			storev(average + i, a + rate * (x - a));
		}
	}
}

TARGET static void
NAME(distances) (const float *z, size_t n, size_t width, const float *center, size_t latent,
				 double *distance)
{
	for (size_t i = 0; i < n; i++)
		distance[i] = NAME(distance) (z + i * width, center, latent);
}

TARGET static void
NAME(distance_gradients) (const float *z, size_t n, size_t width, const float *center,
						  const float *factor, float *gradient)
{
	for (size_t i = 0; i < n; i++)
	{
		vec			f = splat(factor[i]);

		for (size_t j = 0; j < width; j += WIDTH)
			storev(gradient + i * width + j, f * (loadv(z + i * width + j) - loadv(center + j)));
	}
}

TARGET static double
NAME(residuals) (const float *x, const float *y, size_t count, float factor, float *gradient)
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
			vec			s = loadv(zeros);

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

#undef column_sum
#undef total_add
#undef below_activation
#undef SUM_ROWS
#undef GEMM_BLOCK
#undef GEMM_ROWS
#undef GEMM_COLUMNS
#undef GEMM_BODY
#undef A_NORMAL
#undef A_TRANSPOSED
