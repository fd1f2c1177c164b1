/*
 * kernel_explain.h
 *	  Explaining's kernels at one level, in double precision over the float weights
 *	  of a scorer; part of kernel_level.h.
 */
#define VECS (DSAD_LANES / DOUBLES)
#define PATH_UNITS 4

static void
path_product(const float *weight, size_t in, size_t width, const double *x, double *y)
{
	for (size_t j = 0; j < width; j += DSAD_LANES, weight += in * DSAD_LANES)
		for (size_t v = 0; v < DSAD_LANES; v += 2 * DOUBLES)
		{
			/* two vectors side by side, where there are two */
			const int	pair = DSAD_LANES / DOUBLES > 1 ? 2 : 1;
			doubles		sum[4][2];
			size_t		i = 0;

			UNROLL
			for (int p = 0; p < 4; p++)
				UNROLL
				for (int k = 0; k < pair; k++)
					sum[p][k] = all_doubles(0);
			for (; i + 4 <= in; i += 4)
				UNROLL
				for (int p = 0; p < 4; p++)
					UNROLL
					for (int k = 0; k < pair; k++)
						sum[p][k] += all_doubles(x[i + p]) * widen(weight + (i + p) * DSAD_LANES + v + k * DOUBLES);
			UNROLL
			for (int p = 0; p < 3; p++)
				if (i + p < in)
					UNROLL
					for (int k = 0; k < pair; k++)
						sum[p][k] += all_doubles(x[i + p]) * widen(weight + (i + p) * DSAD_LANES + v + k * DOUBLES);
			UNROLL
			for (int k = 0; k < pair; k++)
				store_doubles(y + j + v + k * DOUBLES, (sum[0][k] + sum[1][k]) + (sum[2][k] + sum[3][k]));
		}
}

static void
path_add(const float *weight, size_t in, size_t width, size_t i, double x, double *y)
{
	weight += i * DSAD_LANES;
	for (size_t j = 0; j < width; j += DSAD_LANES, weight += in * DSAD_LANES)
		UNROLL
		for (size_t v = 0; v < DSAD_LANES; v += DOUBLES)
			store_doubles(y + j + v, load_doubles(y + j + v) + all_doubles(x) * widen(weight + v));
}

/* Of `units` inputs from i on; so many at a time share the loads of y. */
INLINE void
dots(const float *weight, size_t in, size_t width, size_t i, const int units, const double *y, double *result)
{
	doubles		sum[PATH_UNITS][VECS];
	double		lane[DOUBLES];

	UNROLL
	for (int u = 0; u < units; u++)
		UNROLL
		for (int v = 0; v < VECS; v++)
			sum[u][v] = all_doubles(0);
	weight += i * DSAD_LANES;
	for (size_t j = 0; j < width; j += DSAD_LANES, weight += in * DSAD_LANES)
		UNROLL
		for (int v = 0; v < VECS; v++)
		{
			doubles		value = load_doubles(y + j + v * DOUBLES);

			UNROLL
			for (int u = 0; u < units; u++)
				sum[u][v] += value * widen(weight + u * DSAD_LANES + v * DOUBLES);
		}
	UNROLL
	for (int u = 0; u < units; u++)
	{
		/* halves onto halves: first whole vectors, then lanes of the last */
		UNROLL
		for (int half = VECS / 2; half > 0; half /= 2)
			UNROLL
			for (int v = 0; v < half; v++)
				sum[u][v] += sum[u][v + half];
		store_doubles(lane, sum[u][0]);
		UNROLL
		for (int half = DOUBLES / 2; half > 0; half /= 2)
			UNROLL
			for (int k = 0; k < half; k++)
				lane[k] += lane[k + half];
		result[u] = lane[0];
	}
}

static void
path_dots(const float *weight, size_t in, size_t width, size_t i, size_t count, const double *y, double *result)
{
	size_t		end = i + count;

	for (; i + PATH_UNITS <= end; i += PATH_UNITS, result += PATH_UNITS)
		dots(weight, in, width, i, PATH_UNITS, y, result);
	for (; i < end; i++, result++)
		dots(weight, in, width, i, 1, y, result);
}

static void
path_move(double *y, const double *x, double factor, size_t width)
{
	for (size_t j = 0; j < width; j += DOUBLES)
		store_doubles(y + j, load_doubles(y + j) + load_doubles(x + j) * all_doubles(factor));
}

static size_t
path_crossing(const double *p, const double *v, const double *slope, size_t width, double *distance)
{
	size_t		unit = width;

	for (size_t j = 0; j < width; j += DOUBLES)
	{
#if WIDTH > 1
		/* few vectors hold a unit that gets to zero in time: up from below, or down from above */
		doubles		zero = {0};
		doubles		value = load_doubles(p + j);
		doubles		end = value + load_doubles(v + j) * all_doubles(*distance);
		flags		above = load_doubles(slope + j) == all_doubles(1);
		flags		crosses = (above & (end < zero)) | (~above & (end > zero));
		int64_t		any = 0;

		UNROLL
		for (int k = 0; k < DOUBLES; k++)
			any |= crosses[k];
		if (!any)
			continue;
#endif
		for (size_t k = j; k < j + DOUBLES; k++)
		{
			double		to = p[k] + v[k] * *distance;

			if (slope[k] == 1 ? to < 0 && v[k] < 0 : to > 0 && v[k] > 0)
			{
				double		d = -p[k] / v[k];

				unit = k;
				*distance = d > 0 ? d : 0;
			}
		}
	}
	return unit;
}
