/*
 * kernel_conv.h
 *	  The kernels of convolutional networks at one level; part of kernel_level.h.
 */

/* Where a is larger than b a, else b, lane by lane; b where they compare as equal or not at all. */
INLINE vec
larger(vec a, vec b)
{
#if WIDTH == 1
	return a > b ? a : b;
#else
	mask		above = a > b;

	return (vec) (((mask) a & above) | ((mask) b & ~above));
#endif
}

/* Output channels whose sums share each load of pixels: as many as the registers hold. */
#if WIDTH == 16
#define CONV_OUTS 4
#else
#define CONV_OUTS 2
#endif

/*
 * A vector of pooled pixels, from position `at` on, of CONV_OUTS channels from the o-th on in a block: of the four
 * convolutions that a pooled pixel is the largest of, in row-major order, each is four interleaved sums.
 */
INLINE void
conv_block(const DsadConvPlan *plan, const float *weight, const float *bias, const float *planes, size_t at,
		   float *maps)
{
	vec			best[CONV_OUTS];
	size_t		taps = plan->taps;

	UNROLL
	for (int corner = 0; corner < 4; corner++)
	{
		const int32_t *offset = plan->offset + corner * taps;
		const float *x = planes + at;
		const float *w = weight;
		vec			s[4][CONV_OUTS];
		size_t		k = 0;

		UNROLL
		for (int p = 0; p < 4; p++)
			UNROLL
			for (int o = 0; o < CONV_OUTS; o++)
				s[p][o] = splat(0);
		for (; k + 4 <= taps; k += 4, w += 4 * DSAD_CONV_BLOCK)
			UNROLL
			for (int p = 0; p < 4; p++)
			{
				vec			pixels = loadv(x + offset[k + p]);

				UNROLL
				for (int o = 0; o < CONV_OUTS; o++)
					s[p][o] += pixels * splat(w[p * DSAD_CONV_BLOCK + o]);
			}
		UNROLL
		for (int p = 0; p < 3; p++)
			if (k + p < taps)
			{
				vec			pixels = loadv(x + offset[k + p]);

				UNROLL
				for (int o = 0; o < CONV_OUTS; o++)
					s[p][o] += pixels * splat(w[p * DSAD_CONV_BLOCK + o]);
			}
		UNROLL
		for (int o = 0; o < CONV_OUTS; o++)
		{
			vec			sum = (s[0][o] + s[1][o]) + (s[2][o] + s[3][o]);

			best[o] = corner == 0 ? sum : larger(sum, best[o]);
		}
	}
	UNROLL
	for (int o = 0; o < CONV_OUTS; o++)
		storev(maps + o * plan->positions + at, leaky(best[o] + splat(bias[o])));
}

static void
conv(const DsadConvPlan *plan, const float *weight, const float *bias, const float *planes, float *maps)
{
	for (size_t block = 0; block < plan->out; block += DSAD_CONV_BLOCK)
		for (size_t o = 0; o < DSAD_CONV_BLOCK; o += CONV_OUTS)
			for (size_t at = 0; at < plan->positions && block + o < plan->out; at += WIDTH)
				conv_block(plan, weight + block * plan->taps + o, bias + block + o, planes, at,
						   maps + (block + o) * plan->positions);
}

/* ---- training: sums run in DSAD_LANES lanes, four partial sums each, whose totals are added as doubles ---- */

#define CONV_LANES (4 * DSAD_LANES)

/* The sum of (x - center) * (y - other) over count numbers, where each of both may be left out. */
INLINE double
conv_reduce(const float *x, float center, const float *y, size_t count, const bool products)
{
	double		lanes[DSAD_LANES] = {0};
	double		sum = 0;
	size_t		whole = count / CONV_LANES * CONV_LANES;
	vec			c = splat(center);

	for (size_t j = 0; j < DSAD_LANES; j += WIDTH)
	{
		double		total[WIDTH] = {0};

		for (size_t start = 0; start < whole; start += SUM_ROWS * CONV_LANES)
		{
			size_t		end = whole - start < SUM_ROWS * CONV_LANES ? whole : start + SUM_ROWS * CONV_LANES;
			vec			s[4] = {splat(0), splat(0), splat(0), splat(0)};

			for (size_t i = start + j; i < end; i += CONV_LANES)
				UNROLL
				for (int p = 0; p < 4; p++)
				{
					vec			v = loadv(x + i + p * DSAD_LANES) - c;

					s[p] += !products ? v : y != NULL ? v * loadv(y + i + p * DSAD_LANES) :
														v * v;
				}
			total_add(total, column_sum(s));
		}
		memcpy(lanes + j, total, sizeof(total));
	}
	for (int i = 0; i < DSAD_LANES; i++)
		sum += lanes[i];
	for (size_t i = whole; i < count; i++)
	{
		float		v = x[i] - center;

		sum += !products ? v : y != NULL ? v * y[i] :
										   v * v;
	}
	return sum;
}

static double
conv_sum(const float *x, size_t count)
{
	return conv_reduce(x, 0, NULL, count, false);
}

static double
conv_squares(const float *x, float center, size_t count)
{
	return conv_reduce(x, center, NULL, count, true);
}

static double
conv_products(const float *x, const float *y, size_t count)
{
	return conv_reduce(x, 0, y, count, true);
}

/* x = (x - mean) * inverse, and y = leaky ReLU of it. */
static void
conv_activate(float *x, size_t count, float mean, float inverse, float *y)
{
	for (size_t i = 0; i < count; i++)
	{
		float		v = (x[i] - mean) * inverse;

		x[i] = v;
		y[i] = v < 0 ? v * DSAD_LEAKY_SLOPE : v;
	}
}

/* g = d times leaky ReLU's slope at y. */
static void
conv_slope(const float *d, const float *y, size_t count, float *g)
{
	for (size_t i = 0; i < count; i++)
		g[i] = y[i] < 0 ? d[i] * DSAD_LEAKY_SLOPE : d[i];
}

/* d = inverse * (d - mean_d - y * mean_dy) */
static void
conv_center(float *d, const float *y, size_t count, float inverse, float mean_d, float mean_dy)
{
	for (size_t i = 0; i < count; i++)
		d[i] = inverse * (d[i] - mean_d - y[i] * mean_dy);
}

/* One row of the pool: of two rows of x, which are normalized in place. */
static inline void
pool_row(float *restrict upper, float *restrict lower, size_t width, size_t pooled, float mean, float inverse,
		 float *restrict top, uint8_t *restrict where)
{
	for (size_t i = 0; i < width; i++)
	{
		upper[i] = (upper[i] - mean) * inverse;
		lower[i] = (lower[i] - mean) * inverse;
	}
	for (size_t i = 0; i < pooled; i++)
	{
		float		a = upper[2 * i];
		float		b = upper[2 * i + 1];
		float		c = lower[2 * i];
		float		d = lower[2 * i + 1];
		/* the first of equals in each comparison, and the upper one */
		float		first = b > a ? b : a;
		float		second = d > c ? d : c;
		int32_t		at = b > a ? 1 : 0;
		int32_t		other = d > c ? 3 : 2;

		top[i] = second > first ? second : first;
		where[i] = (uint8_t) (second > first ? other : at);
	}
}

static void
conv_pool(float *x, size_t height, size_t width, float mean, float inverse, float *top, uint8_t *where, float *pooled)
{
	size_t		rows = height / 2;
	size_t		columns = width / 2;

	for (size_t r = 0; r < rows; r++)
		pool_row(x + 2 * r * width, x + (2 * r + 1) * width, width, columns, mean, inverse, top + r * columns,
				 where + r * columns);
	for (size_t i = 2 * rows * width; i < height * width; i++)
		x[i] = (x[i] - mean) * inverse;
	for (size_t i = 0; i < rows * columns; i++)
		pooled[i] = top[i] < 0 ? top[i] * DSAD_LEAKY_SLOPE : top[i];
}

/* One row of the way back: two rows of d. */
static inline void
unpool_row(float *restrict upper, float *restrict lower, const float *restrict y_upper, const float *restrict y_lower,
		   size_t pooled, float inverse, float mean_d, float mean_dy, const float *restrict g,
		   const uint8_t *restrict where)
{
	for (size_t i = 0; i < pooled; i++)
	{
		int32_t		at = where[i];

		upper[2 * i] = inverse * ((at == 0 ? g[i] : 0) - mean_d - y_upper[2 * i] * mean_dy);
		upper[2 * i + 1] = inverse * ((at == 1 ? g[i] : 0) - mean_d - y_upper[2 * i + 1] * mean_dy);
		lower[2 * i] = inverse * ((at == 2 ? g[i] : 0) - mean_d - y_lower[2 * i] * mean_dy);
		lower[2 * i + 1] = inverse * ((at == 3 ? g[i] : 0) - mean_d - y_lower[2 * i + 1] * mean_dy);
	}
}

static void
conv_unpool(float *d, const float *y, size_t height, size_t width, float inverse, float mean_d, float mean_dy,
			const float *g, const uint8_t *where)
{
	size_t		rows = height / 2;
	size_t		columns = width / 2;

	for (size_t r = 0; r < rows; r++)
	{
		size_t		upper = 2 * r * width;
		size_t		lower = upper + width;

		unpool_row(d + upper, d + lower, y + upper, y + lower, columns, inverse, mean_d, mean_dy, g + r * columns,
				   where + r * columns);
		if (width % 2 != 0)
		{
			d[lower - 1] = inverse * (0 - mean_d - y[lower - 1] * mean_dy);
			d[lower + width - 1] = inverse * (0 - mean_d - y[lower + width - 1] * mean_dy);
		}
	}
	for (size_t i = 2 * rows * width; i < height * width; i++)
		d[i] = inverse * (0 - mean_d - y[i] * mean_dy);
}

#define DOTS_VECS (DSAD_LANES / WIDTH)
#if WIDTH == 16
#define DOTS_SIDE 4
#else
#define DOTS_SIDE 2
#endif

/* `rows` x `columns` dot products of count numbers (whole lanes), each in DSAD_LANES lanes; added to c. */
INLINE void
dots_block(const float *a, size_t lda, const float *b, size_t ldb, size_t count, float *c, size_t ldc, const int rows,
		   const int columns)
{
	vec			s[DOTS_SIDE][DOTS_SIDE][DOTS_VECS];
	float		lane[DSAD_LANES];

	UNROLL
	for (int r = 0; r < rows; r++)
		UNROLL
		for (int k = 0; k < columns; k++)
			UNROLL
			for (int v = 0; v < DOTS_VECS; v++)
				s[r][k][v] = splat(0);
	for (size_t i = 0; i < count; i += DSAD_LANES)
		UNROLL
		for (int v = 0; v < DOTS_VECS; v++)
		{
			vec			x[DOTS_SIDE];

			UNROLL
			for (int r = 0; r < rows; r++)
				x[r] = loadv(a + r * lda + i + v * WIDTH);
			UNROLL
			for (int k = 0; k < columns; k++)
			{
				vec			y = loadv(b + k * ldb + i + v * WIDTH);

				UNROLL
				for (int r = 0; r < rows; r++)
					s[r][k][v] = multiply_add(x[r], y, s[r][k][v]);
			}
		}
	for (int r = 0; r < rows; r++)
		for (int k = 0; k < columns; k++)
		{
			memcpy(lane, s[r][k], sizeof(lane));
			/* halves onto halves */
			for (int half = DSAD_LANES / 2; half > 0; half /= 2)
				for (int i = 0; i < half; i++)
					lane[i] += lane[i + half];
			c[r * ldc + k] += lane[0];
		}
}

static void
conv_dots(const float *a, size_t rows, size_t lda, const float *b, size_t columns, size_t ldb, size_t count, float *c,
		  size_t ldc)
{
	size_t		r = 0;

	for (; r + DOTS_SIDE <= rows; r += DOTS_SIDE)
	{
		size_t		k = 0;

		for (; k + DOTS_SIDE <= columns; k += DOTS_SIDE)
			dots_block(a + r * lda, lda, b + k * ldb, ldb, count, c + r * ldc + k, ldc, DOTS_SIDE, DOTS_SIDE);
		for (; k < columns; k++)
			dots_block(a + r * lda, lda, b + k * ldb, ldb, count, c + r * ldc + k, ldc, DOTS_SIDE, 1);
	}
	for (; r < rows; r++)
	{
		size_t		k = 0;

		for (; k + DOTS_SIDE <= columns; k += DOTS_SIDE)
			dots_block(a + r * lda, lda, b + k * ldb, ldb, count, c + r * ldc + k, ldc, 1, DOTS_SIDE);
		for (; k < columns; k++)
			dots_block(a + r * lda, lda, b + k * ldb, ldb, count, c + r * ldc + k, ldc, 1, 1);
	}
}
