/*
 * kernel_score.h
 *	  Scoring's kernels at one level; part of kernel_level.h.
 */

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
				s[p][r][v] = splat(0);
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
static __attribute__((noinline)) void
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

static void
layer(const DsadPackedLayer *layer, const float *x, size_t ldx, float *y, size_t n)
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

/* DOUBLES raw numbers from the j-th on, floats when `single`, at any address. */
INLINE doubles
load_raw(const void *raw, size_t j, const bool single)
{
	return single ? widen((const float *) raw + j) : load_doubles((const double *) raw + j);
}

/*
 * Scaling of n raw numbers, in double precision; NaN = missing.  False when one
 * is infinite.  The last vector overlaps the one before it when n is no multiple
 * of its width: it computes the same bits again.
 */
INLINE bool
scale_numbers(const DsadScaling *scaling, const void *raw, size_t n, float *scaled, const bool single)
{
	flags		infinite = {0};

	for (size_t j = 0; j < n; j += DOUBLES)
	{
		doubles		z;
		doubles		limit;

		if (j + DOUBLES > n)
			j = n - DOUBLES;
		z = load_raw(raw, j, single);
		infinite |= z == all_doubles(INFINITY);
		infinite |= z == all_doubles(-INFINITY);
		z = choose(z != z, load_doubles(scaling->fill + j), z);
		z = (z - load_doubles(scaling->offset + j)) * load_doubles(scaling->scale + j);
		limit = load_doubles(scaling->limit + j);
		z = choose(z > limit, limit, z);
		z = choose(z < -limit, -limit, z);
		store_narrowed(scaled + j, z);
	}
	return !any(infinite);
}

static bool
scale(const DsadScaling *scaling, const DsadAnyDouble *raw, size_t n, float *scaled)
{
#if WIDTH > 1
	if (n < DOUBLES)
		return NARROWER.scale(scaling, raw, n, scaled);
#endif
	return scale_numbers(scaling, raw, n, scaled, false);
}

static bool
scale_float(const DsadScaling *scaling, const DsadAnyFloat *raw, size_t n, float *scaled)
{
#if WIDTH > 1
	if (n < DOUBLES)
		return NARROWER.scale_float(scaling, raw, n, scaled);
#endif
	return scale_numbers(scaling, raw, n, scaled, true);
}

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

static double
distance(const float *z, const float *center, size_t n)
{
	return squared_distance(z, center, n);
}

static void
row(const DsadPackedNet *net, size_t members, const float *scaled, float *buffer,
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
