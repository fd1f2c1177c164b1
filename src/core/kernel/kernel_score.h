/*
 * kernel_score.h
 *	  Scoring's kernels at one level; part of kernel_level.h.
 */

/* Where the weights of input 0 and output j stand: in panels of DSAD_LANES outputs. */
INLINE const float *
weights_of(const DsadPackedLayer *layer, size_t j)
{
	return layer->weight + j / DSAD_LANES * DSAD_LANES * layer->in + j % DSAD_LANES;
}

/* An output's four sums together. */
INLINE vec
layer_output(const DsadPackedLayer *layer, size_t j, vec s0, vec s1, vec s2, vec s3)
{
	vec			sum = ((s0 + s1) + (s2 + s3)) + loadv(layer->bias + j);

	return layer->activate ? leaky(sum) : sum;
}

/* Rows that share each load of weights: their 4 sums each must fit the registers. */
#if WIDTH == 16
#define ROWS 6
#else
#define ROWS 3
#endif

/* A vector of outputs of `rows` rows (a constant of the caller), from output j and row `row` on. */
INLINE void
layer_rows(const DsadPackedLayer *layer, const float *x, size_t ldx, float *y, size_t row, size_t j, const int rows)
{
	vec			s[4][ROWS];
	size_t		in = layer->in;
	size_t		ldy = layer->out_padded;
	const float *w = weights_of(layer, j);
	size_t		i = 0;

	x += row * ldx;
	y += row * ldy + j;
	UNROLL
	for (int p = 0; p < 4; p++)
		UNROLL
		for (int r = 0; r < rows; r++)
			s[p][r] = splat(0);
	for (; i + 4 <= in; i += 4)
		UNROLL
		for (int p = 0; p < 4; p++)
			UNROLL
			for (int r = 0; r < rows; r++)
				s[p][r] += splat(x[r * ldx + i + p]) * loadv(w + (i + p) * DSAD_LANES);
	UNROLL
	for (int p = 0; p < 3; p++)
		if (i + p < in)
			UNROLL
			for (int r = 0; r < rows; r++)
				s[p][r] += splat(x[r * ldx + i + p]) * loadv(w + (i + p) * DSAD_LANES);
	UNROLL
	for (int r = 0; r < rows; r++)
		storev(y + r * ldy, layer_output(layer, j, s[0][r], s[1][r], s[2][r], s[3][r]));
}

/*
 * `vecs` vectors of outputs, from output j on, of one row in each of `nets` layers
 * of one shape (both constants of the caller): their sums do not wait for each other.
 * The inputs stand ldx apart, the outputs ldy.
 */
INLINE void
layer_block(const DsadPackedLayer *const *layer, const float *x, size_t ldx, float *y, size_t ldy, size_t j,
			const int nets, const int vecs)
{
	vec			s[4][2][2];
	size_t		in = layer[0]->in;
	const float *w[2][2];
	size_t		i = 0;

	UNROLL
	for (int m = 0; m < nets; m++)
		UNROLL
		for (int v = 0; v < vecs; v++)
		{
			w[m][v] = weights_of(layer[m], j + v * WIDTH);
			UNROLL
			for (int p = 0; p < 4; p++)
				s[p][m][v] = splat(0);
		}
	for (; i + 4 <= in; i += 4)
		UNROLL
		for (int p = 0; p < 4; p++)
			UNROLL
			for (int m = 0; m < nets; m++)
				UNROLL
				for (int v = 0; v < vecs; v++)
					s[p][m][v] += splat(x[m * ldx + i + p]) * loadv(w[m][v] + (i + p) * DSAD_LANES);
	UNROLL
	for (int p = 0; p < 3; p++)
		if (i + p < in)
			UNROLL
			for (int m = 0; m < nets; m++)
				UNROLL
				for (int v = 0; v < vecs; v++)
					s[p][m][v] += splat(x[m * ldx + i + p]) * loadv(w[m][v] + (i + p) * DSAD_LANES);
	UNROLL
	for (int m = 0; m < nets; m++)
		UNROLL
		for (int v = 0; v < vecs; v++)
			storev(y + m * ldy + j + v * WIDTH,
				   layer_output(layer[m], j + v * WIDTH, s[0][m][v], s[1][m][v], s[2][m][v], s[3][m][v]));
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
layer_row(const DsadPackedLayer *layer, const float *x, float *y)
{
	size_t		out = layer->out_padded;
	size_t		j = 0;

#if WIDTH > 1
	if (WIDTH < DSAD_LANES || out < 4 * WIDTH)
		for (; j + 2 * WIDTH <= out; j += 2 * WIDTH)
			layer_block(&layer, x, 0, y, 0, j, 1, 2);
#endif
	for (; j < out; j += WIDTH)
		layer_block(&layer, x, 0, y, 0, j, 1, 1);
}

/*
 * Layer l of two members side by side, of the row x, or, behind the first layer, of
 * their own inputs; a row's inputs and outputs stand ld apart.
 */
INLINE void
layer_pair(const DsadPackedNet *net, uint32_t l, const float *x, float *y, size_t ld)
{
	const DsadPackedLayer *const layer[2] = {&net[0].layer[l], &net[1].layer[l]};
	size_t		out = layer[0]->out_padded;
	size_t		j = 0;

#if WIDTH == 16
	/* registers enough for two vectors of both, which share the row */
	for (; l == 0 && j + 2 * WIDTH <= out; j += 2 * WIDTH)
		layer_block(layer, x, 0, y, ld, j, 2, 2);
#endif
	for (; j < out; j += WIDTH)
		layer_block(layer, x, l == 0 ? 0 : ld, y, ld, j, 2, 1);
}

static void
layer(const DsadPackedLayer *layer, const float *x, size_t ldx, float *y, size_t n)
{
	size_t		out = layer->out_padded;
	size_t		blocked = n - n % ROWS;

	/* a panel of weights stays in the cache while the rows pass by */
	for (size_t j = 0; blocked > 0 && j < out; j += WIDTH)
		for (size_t row = 0; row < blocked; row += ROWS)
			layer_rows(layer, x, ldx, y, row, j, ROWS);
	for (size_t row = blocked; row < n; row++)
		layer_row(layer, x + row * ldx, y + row * out);
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
	typedef double four __attribute__((vector_size(32)));
	four		total = {0};

	for (; j + DOUBLES <= n; j += DOUBLES)
	{
		doubles		d = widen(z + j) - widen(center + j);

		d *= d;
		total += (four) {d[0], d[1], d[2], d[3]};
#if WIDTH == 16				/* the vector's upper half */
		total += (four) {d[4], d[5], d[6], d[7]};
#endif
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

#define GROUP 4					/* members that a row passes side by side */
#define NARROW (2 * DSAD_LANES)	/* outputs of a layer whose sums end before many have begun */

/* One row through the members net (members), layer by layer. */
INLINE void
row_group(const DsadPackedNet *net, size_t members, const float *scaled, float *buffer, size_t widest)
{
	for (uint32_t l = 0; l < net->layers; l++)
	{
		const float *x = l == 0 ? scaled : buffer + (~l & 1) * widest;
		size_t		ldx = l == 0 ? 0 : 2 * widest;
		float	   *y = buffer + (l & 1) * widest;
		bool		narrow = net->layer[l].out_padded <= NARROW && (WIDTH == 16 || l > 0);
		size_t		m = 0;

		for (; narrow && m + 2 <= members; m += 2)
			layer_pair(net + m, l, x + m * ldx, y + m * 2 * widest, 2 * widest);
		for (; m < members; m++)
			layer_row(&net[m].layer[l], x + m * ldx, y + m * 2 * widest);
	}
}

/*
 * The groups of members take turns at being first: what a row used last is still in
 * the first-level cache, which is too small for all, when the next row comes.  Their
 * order changes no bit, nor does another thread's turn in between.
 */
static void
row(const DsadPackedNet *net, size_t members, const float *scaled, float *buffer, size_t widest, double *distance)
{
	static atomic_uchar turn;
	size_t		groups = (members + GROUP - 1) / GROUP;
	bool		back = groups > 1 && !atomic_load_explicit(&turn, memory_order_relaxed);

	if (groups > 1)
		atomic_store_explicit(&turn, back, memory_order_relaxed);
	for (size_t g = 0; g < groups; g++)
	{
		size_t		m = (back ? groups - 1 - g : g) * GROUP;
		size_t		end = m + GROUP < members ? m + GROUP : members;

		row_group(net + m, end - m, scaled, buffer + 2 * m * widest, widest);
		for (; m < end; m++)
			distance[m] = squared_distance(buffer + (2 * m + (~net->layers & 1)) * widest, net[m].center,
										   net[m].latent);
	}
}
