/*
 * scaling_fit.c
 *	  Fits the input scaling; the kernels apply it (in double precision, so that epoch
 *	  seconds and large ids keep their meaning).
 */
#include "core/train/scaling_fit.h"

#include <math.h>

#include "core/statistics.h"
#include "core/train/sampler.h"

/*
 * Statistics of the features.  Sums are of value * shrink, a power of two that brings every value
 * so far within +-1, so that they cannot overflow.
 */
typedef struct Statistics
{
	double	   *min;
	double	   *max;
	double	   *bound;			/* 1 / shrink: a value as large needs another one */
	double	   *shrink;
	double	   *sum;			/* first of values, then of squared differences */
	uint64_t   *count;			/* present values */
} Statistics;

#define SMALLEST_DOUBLE 4.9406564584124654e-324	/* above 0 */
#define NORMAL_IQR 1.349		/* of a standard normal variable */
#define ALIKE 16

/* Whether the method needs quantiles. */
static bool
is_robust(DsadScalingMethod method)
{
	return method == DSAD_SCALING_ROBUST || method == DSAD_SCALING_STANDARD_ROBUST;
}

/* Whether the method, or its stand-in for flags and constants, is by the standard deviation. */
static bool
needs_squares(DsadScalingMethod method)
{
	return method == DSAD_SCALING_STANDARD || method == DSAD_SCALING_COMMON || is_robust(method);
}

/* Median and spread (as of a normal variable) of the present values of a sampled feature; false when there are none. */
static bool
find_middle(DsadSampler *sample, uint32_t feature, double *median, double *spread)
{
	const double *value = sample->value + (size_t) feature * sample->rows;
	size_t		count = dsad_sampler_sort(sample, feature);

	if (count == 0)
		return false;
	*median = dsad_sorted_quantile(value, count, 0.5);
	*spread = (dsad_sorted_quantile(value, count, 0.75) - dsad_sorted_quantile(value, count, 0.25)) / NORMAL_IQR;
	return isfinite(*median);	/* between the ends of the range there may be no middle */
}

/* Reads row i, and polls now and then. */
static DsadStatus
read_row(const DsadEnv *env, const DsadRowSource *rows, uint64_t i, double *raw, DsadError *error)
{
	int8_t		label;

	if (rows->read(rows->ctx, i, raw, &label) != 0)
		return dsad_fail(error, DSAD_BAD_DATA, NULL, "could not read training row");
	return i % 64 == 0 ? dsad_poll(env, error) : DSAD_OK;
}

/* Shrinks a feature's sum, which changes no bit of it, until this value fits, too. */
static void
widen(Statistics *s, uint32_t j, double value)
{
	int			exponent;
	double		shrink;

	frexp(value, &exponent);
	/* 2^1023 is the largest power of two there is */
	shrink = ldexp(1, exponent < -1022 ? 1023 : -exponent);
	s->sum[j] *= shrink / s->shrink[j];
	s->shrink[j] = shrink;
	s->bound[j] = ldexp(1, exponent);
}

/* First pass: range, sum and count of each feature, and the sample if there is to be one. */
static DsadStatus
find_ranges(Statistics *s, const DsadEnv *env, const DsadRowSource *rows, double *raw, DsadSampler *sample,
			DsadError *error)
{
	for (uint32_t j = 0; j < rows->features; j++)
	{
		s->shrink[j] = 1;
		s->bound[j] = SMALLEST_DOUBLE;
	}
	for (uint64_t i = 0; i < rows->count; i++)
	{
		DsadStatus	status = read_row(env, rows, i, raw, error);

		if (status != DSAD_OK)
			return status;
		if (sample)
			dsad_sampler_offer(sample, i, raw);
		for (uint32_t j = 0; j < rows->features; j++)
		{
			if (isnan(raw[j]))
				continue;
			if (s->count[j] == 0 || raw[j] < s->min[j])
				s->min[j] = raw[j] + 0.0;
			if (s->count[j] == 0 || raw[j] > s->max[j])
				s->max[j] = raw[j] + 0.0;
			if (fabs(raw[j]) >= s->bound[j])
				widen(s, j, raw[j]);
			s->sum[j] += raw[j] * s->shrink[j];
			s->count[j]++;
		}
	}
	return DSAD_OK;
}

/* Second pass: sums of squared differences from mean. */
static DsadStatus
find_squares(Statistics *s, const double *mean, const DsadEnv *env, const DsadRowSource *rows, double *raw,
			 DsadError *error)
{
	for (uint32_t j = 0; j < rows->features; j++)
		s->sum[j] = 0;
	for (uint64_t i = 0; i < rows->count; i++)
	{
		DsadStatus	status = read_row(env, rows, i, raw, error);

		if (status != DSAD_OK)
			return status;
		for (uint32_t j = 0; j < rows->features; j++)
		{
			double		d = raw[j] * s->shrink[j] - mean[j] * s->shrink[j];

			if (!isnan(raw[j]))
				s->sum[j] += d * d;
		}
	}
	return DSAD_OK;
}

/* What is large enough to divide by: rounding alone makes a constant's spread a little above zero. */
static bool
is_spread(double spread, double largest)
{
	return spread > 1e-13 * largest && spread > 1e-300 && isfinite(spread);
}

/*
 * A flag that is hardly ever set would be a giant among the inputs, and one never set
 * would be nothing.
 */
static void
bound_flag(DsadScaling *scaling, uint32_t j, const Statistics *s)
{
	if (s->max[j] == s->min[j] || scaling->scale[j] > DSAD_FLAG_SCALE)
		scaling->scale[j] = DSAD_FLAG_SCALE;
}

/* The standard, min-max or no scaling of input i, from the values of feature j. */
static void
fit_input(DsadScaling *scaling, uint32_t i, uint32_t j, DsadScalingMethod method, const Statistics *s)
{
	double		largest = fmax(fabs(s->min[j]), fabs(s->max[j]));
	double		spread = 1;

	scaling->offset[i] = 0;
	scaling->limit[i] = DSAD_SCALED_MAX;
	if (method == DSAD_SCALING_STANDARD)
	{
		scaling->offset[i] = scaling->fill[i];
		spread = s->count[j] ? sqrt(s->sum[j] / (double) s->count[j]) / s->shrink[j] : 0;
	}
	else if (method == DSAD_SCALING_MINMAX)
	{
		scaling->offset[i] = s->min[j];
		/* each half is finite where the difference may not be */
		spread = 2 * (s->max[j] / 2 - s->min[j] / 2);
		if (isinf(spread))
			spread = s->max[j];
	}
	scaling->scale[i] = is_spread(spread, largest) ? 1 / spread : 1;
}

/*
 * Input i from feature j: (raw - median) * 1.349 / IQR, bounded.  Where half of the
 * values are the same the standard deviation stands in for the IQR.
 */
static void
fit_robust(DsadScaling *scaling, uint32_t i, uint32_t j, DsadSampler *sample, const Statistics *s)
{
	double		largest = fmax(fabs(s->min[j]), fabs(s->max[j]));
	double		median;
	double		spread;

	fit_input(scaling, i, j, DSAD_SCALING_STANDARD, s);
	scaling->limit[i] = DSAD_ROBUST_LIMIT;
	if (!find_middle(sample, j, &median, &spread))
		return;
	scaling->offset[i] = median;
	if (is_spread(spread, largest))
		scaling->scale[i] = 1 / spread;
}

/* The largest and smallest of `count` features' values from the first on, and how many values there are. */
static double
pool_range(const Statistics *s, uint32_t first, uint32_t count, double *min, double *max)
{
	double		values = 0;

	*min = *max = 0;
	for (uint32_t j = first; j < first + count; j++)
	{
		if (s->count[j] == 0)
			continue;
		*min = values == 0 || s->min[j] < *min ? s->min[j] : *min;
		*max = values == 0 || s->max[j] > *max ? s->max[j] : *max;
		values += (double) s->count[j];
	}
	return values;
}

/*
 * One scaling for all pixels of a channel, `count` inputs from the first on, as convolutions ask for: by the mean and
 * standard deviation over all of them, also for robust scalings (which bound them too), or by their range.
 */
static void
pool_channel(DsadScaling *scaling, uint32_t first, uint32_t count, DsadScalingMethod method, const Statistics *s)
{
	double		min;
	double		max;
	double		values = pool_range(s, first, count, &min, &max);
	double		largest = fmax(fabs(min), fabs(max));
	double		mean = 0;
	double		squares = 0;
	double		offset = 0;
	double		spread = 1;

	/* of numbers within +-1, whose squares cannot overflow */
	for (uint32_t j = first; j < first + count && largest > 0; j++)
		mean += (double) s->count[j] / values * (scaling->fill[j] / largest);
	for (uint32_t j = first; j < first + count && largest > 0 && needs_squares(method); j++)
	{
		double		d = scaling->fill[j] / largest - mean;
		double		shrink = s->shrink[j] * largest;

		if (s->count[j] > 0)
			squares += (s->sum[j] / shrink / shrink + (double) s->count[j] * d * d) / values;
	}
	if (needs_squares(method))
	{
		offset = mean * largest;
		spread = sqrt(squares) * largest;
	}
	else if (method == DSAD_SCALING_MINMAX)
	{
		offset = min;
		spread = 2 * (max / 2 - min / 2);
		spread = isinf(spread) ? max : spread;
	}
	for (uint32_t j = first; j < first + count; j++)
	{
		scaling->offset[j] = offset;
		scaling->scale[j] = is_spread(spread, largest) ? 1 / spread : 1;
		scaling->limit[j] = is_robust(method) ? DSAD_ROBUST_LIMIT : DSAD_SCALED_MAX;
	}
}

/* Scales the pixels of the picture that convolutions go over, channel by channel. */
static void
pool_picture(DsadScaling *scaling, const DsadPicture *picture, DsadScalingMethod method, const Statistics *s)
{
	uint32_t	pixels = picture->shape.height * picture->shape.width;

	for (uint32_t c = 0; c < picture->shape.channels; c++)
		pool_channel(scaling, picture->first + c * pixels, pixels, method, s);
}

/* A feature's standard deviation. */
static double
deviation(const Statistics *s, uint32_t j)
{
	return s->count[j] ? sqrt(s->sum[j] / (double) s->count[j]) / s->shrink[j] : 0;
}

/*
 * Whether the elements of each array vary alike enough to have one unit: none more than ALIKE times as much as half
 * of those that vary.
 */
static bool
are_alike(const DsadScaling *scaling, DsadArena *scratch, const DsadEncoder *encoder, const Statistics *s)
{
	double	   *spread = dsad_arena_array(scratch, scaling->features, sizeof(double));

	for (uint32_t c = 0; c < encoder->columns && spread; c++)
	{
		const DsadColumn *column = &encoder->column[c];
		size_t		count = 0;

		if (column->type != DSAD_TYPE_ARRAY)
			continue;
		for (uint32_t j = column->first_feature; j < column->first_feature + column->cells; j++)
			if ((spread[count] = deviation(s, j)) > 0)
				count++;
		dsad_sort(spread, count);
		if (count > 0 && !(spread[count - 1] <= ALIKE * spread[count / 2] && isfinite(spread[count - 1] * spread[count - 1])))
			return false;
	}
	return spread != NULL;
}

/* Gives the elements of each array one scale, by which their mean square becomes 1. */
static void
share_scales(DsadScaling *scaling, const DsadEncoder *encoder, const Statistics *s)
{
	for (uint32_t c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];
		double		squares = 0;

		if (column->type != DSAD_TYPE_ARRAY)
			continue;
		for (uint32_t j = column->first_feature; j < column->first_feature + column->cells; j++)
			squares += deviation(s, j) * deviation(s, j) / column->cells;
		for (uint32_t j = column->first_feature; j < column->first_feature + column->cells; j++)
			scaling->scale[j] = squares > 1e-300 ? 1 / sqrt(squares) : 1;
	}
}

/* All inputs of a method, whose copies are robust, from what the passes found; mean: of each feature. */
static DsadStatus
fit_inputs(DsadScaling *scaling, const DsadEnv *env, DsadScalingMethod method, const DsadEncoder *encoder,
		   const DsadPicture *picture, DsadSampler *sample, const Statistics *s, DsadError *error)
{
	uint32_t	copy = scaling->features;
	uint32_t	cells = (uint32_t) dsad_shape_cells(picture->shape);
	DsadStatus	status = DSAD_OK;

	for (uint32_t j = 0; j < scaling->features && status == DSAD_OK; j++)
	{
		DsadFeatureKind kind = (DsadFeatureKind) encoder->kind[j];

		if (j >= picture->first && j - picture->first < cells)
			continue;
		if (method == DSAD_SCALING_ROBUST && kind == DSAD_FEATURE_NUMBER)
			fit_robust(scaling, j, j, sample, s);
		else
			fit_input(scaling, j, j, is_robust(method) || method == DSAD_SCALING_COMMON ? DSAD_SCALING_STANDARD : method, s);
		if (kind == DSAD_FEATURE_FLAG && needs_squares(method))
			bound_flag(scaling, j, s);
		if (method == DSAD_SCALING_STANDARD_ROBUST && kind == DSAD_FEATURE_NUMBER)
		{
			scaling->copied[copy - scaling->features] = j;
			scaling->fill[copy] = scaling->fill[j];
			fit_robust(scaling, copy++, j, sample, s);
		}
		if (is_robust(method))
			status = dsad_poll(env, error);
	}
	return status;
}

static DsadStatus
fit(DsadScaling *scaling, DsadArena *scratch, const DsadEnv *env, DsadScalingMethod *chosen, const DsadPicture *picture,
	const DsadRowSource *rows, DsadError *error)
{
	DsadScalingMethod method = *chosen;
	uint32_t	features = rows->features;
	Statistics	s;
	DsadSampler sample;
	double	   *raw = dsad_arena_array(scratch, features, sizeof(double));
	double	   *mean = scaling->fill;
	DsadStatus	status;

	s.min = dsad_arena_array(scratch, features, sizeof(double));
	s.max = dsad_arena_array(scratch, features, sizeof(double));
	s.bound = dsad_arena_array(scratch, features, sizeof(double));
	s.shrink = dsad_arena_array(scratch, features, sizeof(double));
	s.sum = dsad_arena_array(scratch, features, sizeof(double));
	s.count = dsad_arena_array(scratch, features, sizeof(uint64_t));
	if (!raw || !s.min || !s.max || !s.bound || !s.shrink || !s.sum || !s.count ||
		(is_robust(method) && !dsad_sampler_alloc(&sample, scratch, rows->count, features, DSAD_STREAM_SAMPLE)))
		return dsad_no_memory(error);
	status = find_ranges(&s, env, rows, raw, is_robust(method) ? &sample : NULL, error);
	if (status != DSAD_OK)
		return status;
	for (uint32_t j = 0; j < features; j++)
		mean[j] = s.count[j] ? s.sum[j] / (double) s.count[j] / s.shrink[j] : 0;
	if (needs_squares(method))
		status = find_squares(&s, mean, env, rows, raw, error);
	if (status == DSAD_OK && method == DSAD_SCALING_COMMON && !are_alike(scaling, scratch, rows->encoder, &s))
		*chosen = method = DSAD_SCALING_STANDARD;
	if (status == DSAD_OK)
		status = fit_inputs(scaling, env, method, rows->encoder, picture, &sample, &s, error);
	if (status == DSAD_OK && method == DSAD_SCALING_COMMON)
		share_scales(scaling, rows->encoder, &s);
	if (status == DSAD_OK)
		pool_picture(scaling, picture, method, &s);
	return status;
}

/*
 * Fits scaling (its arrays are allocated) to all rows, read in order; where a common scale is asked for and the
 * elements of an array are of several units, *method becomes the standard one.  A constant feature, or
 * one never present, keeps scale 1.  picture: what convolutions go over, if anything.
 */
DsadStatus
dsad_scaling_fit(DsadScaling *scaling, const DsadEnv *env, DsadScalingMethod *method, const DsadPicture *picture,
				 const DsadRowSource *rows, DsadError *error)
{
	DsadArena	scratch;
	DsadStatus	status;

	dsad_arena_init(&scratch, env);
	status = fit(scaling, &scratch, env, method, picture, rows, error);
	dsad_arena_release(&scratch);
	return status;
}
