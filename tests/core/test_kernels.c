/*
 * test_kernels.c
 *	  Every kernel level this CPU has, against the summation order that
 *	  kernel.h promises, bit by bit, and against sums in double precision.  Levels
 *	  whose products fuse multiplication and addition are compared with fmaf.
 *
 * Tolerance of the latter: 1e-5 of the sum of the terms' magnitudes.  All
 * arrays have their exact size, so that the sanitizers see a step too far.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/train/product.h"

#define LANES 16
#define GUARD 12345.0f			/* stands where nothing may be written */

typedef enum Numbers
{
	ORDINARY,
	TINY,
	ZEROS,
	HUGE_NUMBERS,
	NUMBERS
} Numbers;

static uint64_t state = 17;

/* One test value: from -0.5 to 0.5, or of a kind that breaks shortcuts. */
static float
draw(Numbers kind)
{
	float		value = (float) (test_uniform(&state) - 0.5);

	switch (kind)
	{
		case TINY:				/* products are denormal or vanish */
			return value * (test_uniform(&state) < 0.5 ? 1e-38f : 1e-20f);
		case ZEROS:
			return test_uniform(&state) < 0.3 ? 0.0f : test_uniform(&state) < 0.5 ? -0.0f :
																					value;
		case HUGE_NUMBERS:		/* infinities, and NaN where they meet */
			return test_uniform(&state) < 0.1 ? copysignf(INFINITY, value) : value * 1e20f;
		default:
			return value;
	}
}

static float *
draw_array(size_t count, Numbers kind)
{
	float	   *values = malloc((count ? count : 1) * sizeof(float));

	for (size_t i = 0; i < count; i++)
		values[i] = draw(kind);
	return values;
}

/* Equal bits; any NaN equals any other, because hardware chooses their payload. */
static bool
same(const float *a, const float *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(&a[i], &b[i], sizeof(float)) != 0 && !(isnan(a[i]) && isnan(b[i])))
			return false;
	return true;
}

/* One output of a layer, in the promised order; *exact and *size are its sum in double precision. */
static float
layer_output(const DsadPackedLayer *layer, const float *x, size_t j, double *exact, double *size)
{
	float		s[4] = {0, 0, 0, 0};
	float		sum;

	*exact = layer->bias[j];
	*size = fabs(*exact);
	for (size_t i = 0; i < layer->in; i++)
	{
		float		w = layer->weight[(j / LANES * layer->in + i) * LANES + j % LANES];

		s[i % 4] += x[i] * w;
		*exact += (double) x[i] * w;
		*size += fabs((double) x[i] * w);
	}
	sum = ((s[0] + s[1]) + (s[2] + s[3])) + layer->bias[j];
	if (!layer->activate)
		return sum;
	if (*exact < 0)
		*exact *= DSAD_LEAKY_SLOPE;
	return sum < 0 ? sum * DSAD_LEAKY_SLOPE : sum;
}

/* One layer shape at every level. */
static void
check_layer(uint32_t in, uint32_t out, size_t n, Numbers kind)
{
	uint32_t	padded = (out + LANES - 1) / LANES * LANES;
	size_t		ldx = in + out % 3;
	float	   *weight = draw_array((size_t) in * padded, kind);
	float	   *bias = draw_array(padded, kind == HUGE_NUMBERS ? ORDINARY : kind);
	float	   *x = draw_array((n - 1) * ldx + in, kind);
	float	   *expected = malloc(n * padded * sizeof(float));
	float	   *y = malloc(n * padded * sizeof(float));
	DsadPackedLayer layer = {in, padded, (in + out) % 2 == 0, weight, bias};
	bool		accurate = true;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < padded; j++)
		{
			double		exact;
			double		size;

			expected[i * padded + j] = layer_output(&layer, x + i * ldx, j, &exact, &size);
			if (kind == ORDINARY && !(fabs(expected[i * padded + j] - exact) <= 1e-5 * size))
				accurate = false;
		}
	CHECK(accurate);
	for (int level = DSAD_KERNEL_PLAIN; level <= DSAD_KERNEL_AVX512; level++)
	{
		const DsadKernel *kernel = dsad_kernel((DsadKernelLevel) level);

		if (kernel == NULL)
			continue;
		kernel->layer(&layer, x, ldx, y, n);
		if (!same(y, expected, n * padded))
			printf("layer %s: in %u, out %u, rows %zu, numbers %d\n", dsad_kernel_name(kernel), in, out,
				   n, (int) kind);
		CHECK(same(y, expected, n * padded));
	}
	free(weight);
	free(bias);
	free(x);
	free(expected);
	free(y);
}

/* c = a * b, or a' * b, at every level, with gaps between the rows; n whole vectors. */
static void
check_gemm(size_t m, size_t vectors, size_t k, bool transposed, Numbers kind)
{
	size_t		n = vectors * LANES;
	size_t		lda = (transposed ? m : k) + m % 3;
	size_t		ldb = n + k % 2;
	size_t		ldc = n + m % 3;
	size_t		size_a = transposed ? (k - 1) * lda + m : (m - 1) * lda + k;
	size_t		size_c = (m - 1) * ldc + n;
	float	   *a = draw_array(size_a, kind);
	float	   *b = draw_array((k - 1) * ldb + n, kind);
	float	   *expected[2] = {malloc(size_c * sizeof(float)), malloc(size_c * sizeof(float))};	/* rounded twice, once */
	float	   *c = malloc(size_c * sizeof(float));
	bool		accurate = true;

	for (size_t i = 0; i < size_c; i++)
		expected[0][i] = expected[1][i] = GUARD;
	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < n; j++)
		{
			float		sum = 0;
			float		fused = 0;
			double		exact = 0;
			double		size = 0;

			for (size_t p = 0; p < k; p++)
			{
				float		x = transposed ? a[p * lda + i] : a[i * lda + p];

				sum += x * b[p * ldb + j];
				fused = fmaf(x, b[p * ldb + j], fused);
				exact += (double) x * b[p * ldb + j];
				size += fabs((double) x * b[p * ldb + j]);
			}
			expected[0][i * ldc + j] = sum;
			expected[1][i * ldc + j] = fused;
			if (kind == ORDINARY && !(fabs(sum - exact) <= 1e-5 * size))
				accurate = false;
		}
	CHECK(accurate);
	for (int level = DSAD_KERNEL_PLAIN; level <= DSAD_KERNEL_AVX512; level++)
	{
		const DsadKernel *kernel = dsad_kernel((DsadKernelLevel) level);

		if (kernel == NULL)
			continue;
		for (size_t i = 0; i < size_c; i++)
			c[i] = GUARD;
		(transposed ? kernel->gemm_tn : kernel->gemm_nn)(m, n, k, a, lda, b, ldb, c, ldc);
		if (!same(c, expected[kernel->fuses], size_c))
			printf("gemm_%s %s: %zu x %zu x %zu, numbers %d\n", transposed ? "tn" : "nn",
				   dsad_kernel_name(kernel), m, n, k, (int) kind);
		CHECK(same(c, expected[kernel->fuses], size_c));
	}
	free(a);
	free(b);
	free(expected[0]);
	free(expected[1]);
	free(c);
}

/*
 * Scaling of n numbers, doubles or floats, from an odd address, at every level:
 * the bits of the formula; one infinity, wherever it stands, is noticed.
 */
static void
check_scale(size_t n, bool single)
{
	size_t		size = single ? sizeof(float) : sizeof(double);
	char	   *memory = malloc(n * size + 1);
	char	   *raw = memory + 1;
	double	   *offset = malloc(n * sizeof(double));
	double	   *scale = malloc(n * sizeof(double));
	double	   *fill = malloc(n * sizeof(double));
	double	   *limit = malloc(n * sizeof(double));
	float	   *expected = malloc(n * sizeof(float));
	float	   *scaled = malloc(n * sizeof(float));
	DsadScaling scaling = {(uint32_t) n, (uint32_t) n, NULL, offset, scale, fill, limit};

	for (size_t j = 0; j < n; j++)
	{
		float		narrow = (float) (test_uniform(&state) * 100 - 50);
		double		wide = test_uniform(&state) < 0.1 ? -1.7e308 : test_uniform(&state) * 100;
		double		z;

		offset[j] = test_uniform(&state) * 10;
		scale[j] = test_uniform(&state) < 0.1 ? 1e9 : test_uniform(&state) + 0.1;
		fill[j] = test_uniform(&state);
		limit[j] = j % 3 == 0 ? 5 : 1e9;
		if (test_uniform(&state) < 0.2)
			narrow = (float) (wide = NAN);
		memcpy(raw + j * size, single ? (void *) &narrow : (void *) &wide, size);
		z = single ? narrow : wide;
		z = ((isnan(z) ? fill[j] : z) - offset[j]) * scale[j];
		expected[j] = (float) (z > limit[j] ? limit[j] : z < -limit[j] ? -limit[j] :
																		 z);
	}
	for (int level = DSAD_KERNEL_PLAIN; level <= DSAD_KERNEL_AVX512; level++)
	{
		const DsadKernel *kernel = dsad_kernel((DsadKernelLevel) level);

		if (kernel == NULL)
			continue;
		CHECK(single ? kernel->scale_float(&scaling, (DsadAnyFloat *) raw, n, scaled) :
					   kernel->scale(&scaling, (DsadAnyDouble *) raw, n, scaled));
		CHECK(memcmp(scaled, expected, n * sizeof(float)) == 0);
		for (size_t j = 0; j < n; j++)
		{
			char		kept[sizeof(double)];
			float		narrow = j % 2 ? INFINITY : -INFINITY;
			double		wide = narrow;

			memcpy(kept, raw + j * size, size);
			memcpy(raw + j * size, single ? (void *) &narrow : (void *) &wide, size);
			CHECK(!(single ? kernel->scale_float(&scaling, (DsadAnyFloat *) raw, n, scaled) :
							 kernel->scale(&scaling, (DsadAnyDouble *) raw, n, scaled)));
			memcpy(raw + j * size, kept, size);
		}
	}
	free(memory);
	free(offset);
	free(scale);
	free(fill);
	free(limit);
	free(expected);
	free(scaled);
}

/* Whether two numbers agree but for rounding. */
static bool
near(double a, double b)
{
	return fabs(a - b) <= 2e-5 * fmax(1, fabs(b));
}

/*
 * Training's kernels on n rows of which `real` columns are not padding: the plain
 * level against the formulas in double precision, the others bit by bit against it.
 */
static void
check_training(size_t n, size_t real)
{
	size_t		width = dsad_padded(real);
	size_t		count = n * width;
	float	   *x = draw_array(count, ORDINARY);
	float	   *other = draw_array(count, ORDINARY);
	float	   *factor = draw_array(n, ORDINARY);
	float	   *center = draw_array(width, ORDINARY);
	const DsadAdamStep step = {0.9f, 0.1f, 0.999f, 0.001f, 0.01f, 0.02f, 1.5f, 1e-8f, 0.25f};
	float	   *result[DSAD_KERNEL_AVX512 + 1][12] = {{NULL}};
	double	   *distance[DSAD_KERNEL_AVX512 + 1] = {NULL};
	double		residual[DSAD_KERNEL_AVX512 + 1];

	for (size_t i = 0; i < count; i++)
		if (i % width >= real)
			x[i] = other[i] = 0;
	for (size_t j = real; j < width; j++)
		center[j] = 0;
	for (int level = DSAD_KERNEL_PLAIN; level <= DSAD_KERNEL_AVX512; level++)
	{
		const DsadKernel *kernel = dsad_kernel((DsadKernelLevel) level);
		float	  **r = result[level];

		if (kernel == NULL)
			continue;
		for (int i = 0; i < 12; i++)
		{
			r[i] = calloc(count, sizeof(float));
			memcpy(r[i], i < 3 || i == 7 ? x : other, count * sizeof(float));
		}
		distance[level] = calloc(n, sizeof(double));
		kernel->batchnorm_forward(r[0], r[1], n, width, width, center, r[3], r[4], r[5]);
		kernel->batchnorm_fixed(r[2], n, width, center, r[5], center);
		kernel->batchnorm_backward(r[6], r[1], n, width, width, r[5], center);
		kernel->batchnorm_fixed_backward(r[10], x, n, width, r[5]);
		for (size_t i = 0; i < count; i++)
			r[9][i] = fabsf(r[9][i]);
		kernel->adam(r[7], other, r[8], r[9], r[11], count, &step);
		kernel->distances(x, n, width, center, real, distance[level]);
		kernel->distance_gradients(x, n, width, center, factor, r[4] + 0);
		residual[level] = kernel->residuals(x, other, count, 0.5f, r[3]);
		for (int i = 0; i < 12; i++)
			CHECK(memcmp(r[i], result[DSAD_KERNEL_PLAIN][i], count * sizeof(float)) == 0);
		CHECK(memcmp(distance[level], distance[DSAD_KERNEL_PLAIN], n * sizeof(double)) == 0);
		CHECK(residual[level] == residual[DSAD_KERNEL_PLAIN]);
	}
	for (size_t j = 0; j < width; j++)
	{
		float	  **r = result[DSAD_KERNEL_PLAIN];
		double		mean = 0;
		double		var = 0;
		double		inverse;
		double		sum_g = 0;
		double		sum_gy = 0;

		for (size_t i = 0; i < n; i++)
			mean += x[i * width + j] / (double) n;
		for (size_t i = 0; i < n; i++)
			var += pow(x[i * width + j] - mean, 2) / (double) n;
		inverse = 1 / sqrt(var + 1e-4);
		CHECK(near(r[5][j], inverse));
		for (size_t i = 0; i < n; i++)
		{
			double		y = (x[i * width + j] - mean) * inverse;
			double		moved = y + (double) center[j];
			double		g = other[i * width + j] * (moved < 0 ? 0.01 : 1);

			CHECK(near(r[1][i * width + j], y));
			CHECK(near(r[0][i * width + j], moved < 0 ? 0.01 * moved : moved));
			sum_g += g / (double) n;
			sum_gy += g * y / (double) n;
		}
		for (size_t i = 0; i < n; i++)
		{
			size_t		at = i * width + j;
			double		y = (x[at] - mean) * inverse;
			double		g = other[at] * (y + (double) center[j] < 0 ? 0.01 : 1);
			double		fixed_slope = x[at] < 0 ? 0.01 : 1;
			double		fixed = (x[at] - center[j]) * r[5][j] + center[j];
			double		gradient = other[at] + 0.01 * x[at];
			double		m = 0.9 * other[at] + 0.1 * gradient;
			double		v = 0.999 * fabs(other[at]) + 0.001 * gradient * gradient;

			CHECK(fabs(r[6][at] - inverse * (g - sum_g - y * sum_gy)) <= 1e-4 * inverse);
			CHECK(near(r[2][at], fixed < 0 ? 0.01 * fixed : fixed));
			CHECK(near(r[10][at], other[at] * fixed_slope * r[5][j]));
			CHECK(near(r[8][at], m));
			CHECK(near(r[9][at], v));
			CHECK(near(r[7][at], x[at] - 0.02 * m / (sqrt(v) * 1.5 + 1e-8)));
			CHECK(near(r[11][at], other[at] + 0.25 * (r[7][at] - other[at])));
			CHECK(near(r[4][at], factor[i] * (x[at] - center[j])));
			CHECK(near(r[3][at], 0.5 * (other[at] - x[at])));
		}
	}
	for (size_t i = 0; i < n; i++)
	{
		double		d = 0;

		for (size_t j = 0; j < real; j++)
			d += pow(x[i * width + j] - (double) center[j], 2);
		CHECK(near(distance[DSAD_KERNEL_PLAIN][i], d));
	}
	{
		double		sum = 0;

		for (size_t i = 0; i < count; i++)
			sum += pow(other[i] - (double) x[i], 2);
		CHECK(near(residual[DSAD_KERNEL_PLAIN], sum));
	}
	for (int level = DSAD_KERNEL_PLAIN; level <= DSAD_KERNEL_AVX512; level++)
	{
		for (int i = 0; i < 12; i++)
			free(result[level][i]);
		free(distance[level]);
	}
	free(x);
	free(other);
	free(factor);
	free(center);
}

/* Nobody cancels. */
static int
go_on(void *ctx)
{
	(void) ctx;
	return 0;
}

/* The three products, packed or not, and by OpenBLAS if it is there: equal but for rounding, padding zero. */
static void
check_products(size_t m, size_t n, size_t k)
{
	DsadEnv		env = {.poll = go_on};
	DsadProducts products;
	size_t		lda[3] = {dsad_padded(k), dsad_padded(m), dsad_padded(k)};
	size_t		ldb[3] = {dsad_padded(n), dsad_padded(n), dsad_padded(k)};
	size_t		rows_a[3] = {m, k, m};
	size_t		rows_b[3] = {k, k, n};
	size_t		columns_b[3] = {n, n, k};
	size_t		ldc = dsad_padded(n);

	dsad_products_init(&products, &env);
	products.transposed = malloc(dsad_padded(n) * dsad_padded(k) * sizeof(float));
	products.panel = malloc(DSAD_PANEL_FLOATS * sizeof(float));
	for (int kind = 0; kind < 3; kind++)
	{
		float	   *a = draw_array(rows_a[kind] * lda[kind], ORDINARY);
		float	   *b = draw_array(rows_b[kind] * ldb[kind], ORDINARY);
		float	   *c = draw_array(m * ldc, ORDINARY);
		void		(*product) (DsadProducts * products, size_t m, size_t n, size_t k, const float *a, size_t lda,
								const float *b, size_t ldb, float *c, size_t ldc) =
			kind == 0 ? dsad_product_nn : kind == 1 ? dsad_product_tn :
															  dsad_product_nt;

		for (size_t i = 0; i < rows_b[kind] * ldb[kind]; i++)
			if (i % ldb[kind] >= columns_b[kind])
				b[i] = 0;
		for (int blas = 0; blas < 2; blas++)
		{
			bool		good = true;

			if (blas && products.sgemm == NULL)
				continue;
			products.blas_min_work = blas ? 0 : SIZE_MAX;
			product(&products, m, n, k, a, lda[kind], b, ldb[kind], c, ldc);
			for (size_t i = 0; i < m; i++)
				for (size_t j = 0; j < ldc; j++)
				{
					double		sum = 0;
					double		size = 0;

					for (size_t p = 0; p < k && j < n; p++)
					{
						double		term = (double) (kind == 1 ? a[p * lda[1] + i] : a[i * lda[kind] + p]) *
										   (kind == 2 ? b[j * ldb[2] + p] : b[p * ldb[kind] + j]);

						sum += term;
						size += fabs(term);
					}
					good &= fabs(c[i * ldc + j] - sum) <= 1e-5 * size;
				}
			if (!good)
				printf("product %d, %zu x %zu x %zu, OpenBLAS %d\n", kind, m, n, k, blas);
			CHECK(good);
		}
		free(a);
		free(b);
		free(c);
	}
	free(products.transposed);
	free(products.panel);
}

/* A level that is there has a name, and the best one is the highest that is there. */
static void
check_levels(void)
{
	const DsadKernel *highest = NULL;

	for (int level = DSAD_KERNEL_PLAIN; level <= DSAD_KERNEL_AVX512; level++)
		if (dsad_kernel((DsadKernelLevel) level) != NULL)
		{
			highest = dsad_kernel((DsadKernelLevel) level);
			printf("ok: level %s\n", dsad_kernel_name(highest));
		}
	CHECK(dsad_kernel(DSAD_KERNEL_PLAIN) != NULL);
	CHECK(dsad_kernel_best() == highest);
}

/* Explaining's kernels: the same bits at every level, and what they say. */
static void
check_explaining(size_t in, size_t width)
{
	float	   *weight = draw_array(in * width, ORDINARY);
	double		x[2][300];
	double		result[DSAD_KERNEL_AVX512 + 1][4][300];
	double		number[DSAD_KERNEL_AVX512 + 1];
	double		dots[DSAD_KERNEL_AVX512 + 1][300] = {{0}};
	size_t		unit[DSAD_KERNEL_AVX512 + 1];

	for (int i = 0; i < 300; i++)
	{
		x[0][i] = test_uniform(&state) * 4 - 2;
		x[1][i] = test_uniform(&state) * 4 - 2;
	}
	for (int level = DSAD_KERNEL_PLAIN; level <= DSAD_KERNEL_AVX512; level++)
	{
		const DsadKernel *kernel = dsad_kernel((DsadKernelLevel) level);
		double(*r)[300] = result[level];

		if (kernel == NULL)
			continue;
		memset(r, 0, sizeof(result[level]));
		memcpy(r[1], x[1], sizeof(x[1]));
		memcpy(r[2], x[1], sizeof(x[1]));
		for (size_t j = 0; j < width; j++)
			r[3][j] = x[0][j] < 0 ? 0.01 : 1;	/* slopes */
		kernel->path_product(weight, in, width, x[0], r[0]);
		kernel->path_add(weight, in, width, in / 2, 1.7, r[1]);
		kernel->path_dots(weight, in, width, in / 3, in - in / 3, x[0], dots[level]);
		kernel->path_move(r[2], x[0], -0.3, width);
		number[level] = 0.9;
		unit[level] = kernel->path_crossing(x[0], x[1], r[3], width, &number[level]);
		CHECK(memcmp(r, result[DSAD_KERNEL_PLAIN], sizeof(result[level])) == 0);
		CHECK(number[level] == number[DSAD_KERNEL_PLAIN]);
		CHECK(memcmp(dots[level], dots[DSAD_KERNEL_PLAIN], sizeof(dots[level])) == 0);
		CHECK(unit[level] == unit[DSAD_KERNEL_PLAIN]);
	}
	for (size_t j = 0; j < width; j++)
	{
		double		sum = 0;

		for (size_t i = 0; i < in; i++)
			sum += x[0][i] * (double) weight[(j / DSAD_LANES * in + i) * DSAD_LANES + j % DSAD_LANES];
		CHECK(fabs(sum - result[0][0][j]) <= 1e-12 * (1 + fabs(sum)));
		CHECK(result[0][1][j] == x[1][j] + 1.7 * (double) weight[(j / DSAD_LANES * in + in / 2) * DSAD_LANES + j % DSAD_LANES]);
		CHECK(result[0][2][j] == x[1][j] + x[0][j] * -0.3);
	}
	for (size_t i = in / 3; i < in; i++)
	{
		double		dot = 0;

		for (size_t j = 0; j < width; j++)
			dot += x[0][j] * (double) weight[(j / DSAD_LANES * in + i) * DSAD_LANES + j % DSAD_LANES];
		CHECK(fabs(dot - dots[0][i - in / 3]) <= 1e-12 * (1 + fabs(dot)));
	}
	{
		double		first = 0.9;

		for (size_t j = 0; j < width; j++)
		{
			double		at = -x[0][j] / x[1][j];

			if (at > 0 && at < first)
				first = at;
		}
		CHECK(first == number[0]);
	}
	free(weight);
}

int
main(void)
{
	static const uint32_t sizes[] = {1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 32, 33, 40, 65};
	const int	count = sizeof(sizes) / sizeof(sizes[0]);

	check_levels();
	for (uint32_t in = 1; in <= 40; in++)
		for (int j = 0; j < count; j++)
			for (size_t n = 1; n <= 8; n++)
				check_layer(in, sizes[j], n, (Numbers) ((in + n) % NUMBERS));
	for (size_t n = 1; n <= 40; n++)
	{
		check_scale(n, false);
		check_scale(n, true);
	}
	for (size_t m = 1; m <= 40; m++)
		for (int j = 0; j < count; j++)
			check_gemm(m, 1 + (m + j) % 4, sizes[j], (m + j) % 2, (Numbers) ((m + j / 2) % NUMBERS));
	for (int kind = 0; kind < NUMBERS; kind++)
	{
		check_layer(257, 130, 67, (Numbers) kind);
		check_gemm(67, 9, 257, false, (Numbers) kind);
		check_gemm(67, 9, 257, true, (Numbers) kind);
		check_gemm(13, 3, 600, false, (Numbers) kind);
	}
	for (size_t n = 1; n <= 9; n++)
		check_training(n, n * 3);
	check_training(127, 40);
	check_training(300, 20);
	check_explaining(1, 16);
	check_explaining(7, 32);
	check_explaining(64, 128);
	check_products(1, 1, 1);
	check_products(5, 17, 3);
	check_products(40, 70, 130);
	check_products(33, 200, 9);
	dsad_blas_bind();
	printf("ok: OpenBLAS %s\n", dsad_blas_info().bound ? "bound" : dsad_blas_info().reason);
	check_products(5, 17, 3);
	check_products(40, 70, 130);
	return check_report();
}
