/*
 * kernel_score.h
 *	  Scoring's kernels at one level; part of kernel_level.h.
 */
#define layer_block NAME(layer_block)
#define layer_row NAME(layer_row)
#define squared_distance NAME(squared_distance)
#define wide NAME(wide)
#define wide_mask NAME(wide_mask)
#define load_wide NAME(load_wide)
#define blend NAME(blend)

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
			z = z > scaling->limit[j] ? scaling->limit[j] : z; \
			z = z < -scaling->limit[j] ? -scaling->limit[j] : z; \
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
			wide		limit; \
			floats		result; \
			if (j + WIDTH / 2 > n) \
				j = n - WIDTH / 2; \
			memcpy(&value, raw + j, sizeof(value)); \
			z = __builtin_convertvector(value, wide); \
			infinite |= (z == zero + INFINITY) | (z == zero - INFINITY); \
			z = blend(z != z, load_wide(scaling->fill + j), z); \
			z = (z - load_wide(scaling->offset + j)) * load_wide(scaling->scale + j); \
			limit = load_wide(scaling->limit + j); \
			z = blend(z > limit, limit, z); \
			z = blend(z < zero - limit, zero - limit, z); \
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
squared_distance(const float *z, const float *center, size_t n)
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
		memcpy(&b, center + j, sizeof(b));
		d = __builtin_convertvector(a, doubles) - __builtin_convertvector(b, doubles);
		total += d * d;
	}
	memcpy(sum, &total, sizeof(sum));
#endif
	for (; j < n; j++)
	{
		double		d = (double) z[j] - (double) center[j];

		sum[j & 3] += d * d;
	}
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

TARGET static double
NAME(distance) (const float *z, const float *center, size_t n)
{
	return squared_distance(z, center, n);
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
									   net[m].center, net[m].latent);
}

#undef layer_block
#undef layer_row
#undef squared_distance
#undef wide
#undef wide_mask
#undef load_wide
#undef blend
