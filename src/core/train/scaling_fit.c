/*
 * scaling_fit.c
 *	  Fits the input scaling; the kernels apply it (in double precision, so that epoch
 *	  seconds and large ids keep their meaning).
 */
#include "core/train/scaling_fit.h"

#include <math.h>
#include <string.h>

#include "core/random.h"
#include "core/statistics.h"

/* Running statistics of the features; sums are of value * shrink, so that they cannot overflow. */
typedef struct Statistics
{
	double	   *min;
	double	   *max;
	double	   *shrink;			/* a power of two that brings every value within +-1 */
	double	   *sum;			/* first of values, then of squared differences */
	uint64_t   *count;			/* present values */
} Statistics;

/* Rows drawn at random, one of each stretch of rows, for quantiles. */
typedef struct Sample
{
	double	   *value;			/* (features, rows), feature by feature */
	size_t		rows;
	size_t		taken;
	uint64_t	next;			/* the row that is taken next */
	DsadRandom	random;
} Sample;

#define SAMPLE_ROWS 4096
#define MIN_SAMPLE_ROWS 64
#define SAMPLE_BYTES ((size_t) 16 << 20)
#define NORMAL_IQR 1.349		/* of a standard normal variable */

/* Whether the method needs quantiles. */
static bool
is_robust(DsadScalingMethod method)
{
	return method == DSAD_SCALING_ROBUST || method == DSAD_SCALING_STANDARD_ROBUST;
}

/* Chooses the row that is taken next from its stretch. */
static void
choose_next(Sample *sample, uint64_t rows)
{
	uint64_t	start = sample->taken * rows / sample->rows;
	uint64_t	end = (sample->taken + 1) * rows / sample->rows;

	sample->next = start + dsad_random_next(&sample->random) % (end - start);
}

static bool
start_sample(Sample *sample, DsadArena *scratch, const DsadRowSource *rows)
{
	size_t		most = SAMPLE_BYTES / sizeof(double) / rows->features;

	most = most < MIN_SAMPLE_ROWS ? MIN_SAMPLE_ROWS : most > SAMPLE_ROWS ? SAMPLE_ROWS : most;
	sample->rows = rows->count < most ? (size_t) rows->count : most;
	sample->value = dsad_arena_array(scratch, sample->rows, rows->features * sizeof(double));
	/* the same rows whatever the seed: it is part of the data's description */
	dsad_random_seed(&sample->random, 0, 0, DSAD_STREAM_SAMPLE);
	choose_next(sample, rows->count);
	return sample->value != NULL;
}

/* Takes row i if it is its turn. */
static void
offer(Sample *sample, uint64_t i, const double *raw, const DsadRowSource *rows)
{
	if (i != sample->next || sample->taken == sample->rows)
		return;
	for (uint32_t j = 0; j < rows->features; j++)
		sample->value[(size_t) j * sample->rows + sample->taken] = raw[j] + 0.0;	/* no -0 */
	sample->taken++;
	if (sample->taken < sample->rows)
		choose_next(sample, rows->count);
}

/* Median and spread (as of a normal variable) of the present values of a sampled feature; false when there are none. */
static bool
find_middle(Sample *sample, uint32_t feature, double *median, double *spread)
{
	double	   *value = sample->value + (size_t) feature * sample->rows;
	size_t		count = 0;

	for (size_t i = 0; i < sample->taken; i++)
		if (!isnan(value[i]))
			value[count++] = value[i];
	if (count == 0)
		return false;
	dsad_sort(value, count);
	*median = dsad_sorted_quantile(value, count, 0.5);
	*spread = (dsad_sorted_quantile(value, count, 0.75) - dsad_sorted_quantile(value, count, 0.25)) / NORMAL_IQR;
	return isfinite(*median);	/* between the ends of the range there may be no middle */
}

/* Reads row i of the canonical order (order NULL: as they come), and polls now and then. */
static DsadStatus
read_row(const DsadEnv *env, const DsadRowSource *rows, const uint32_t *order, uint64_t i,
		 double *raw, int8_t *label, DsadError *error)
{
	if (rows->read(rows->ctx, order ? order[i] : i, raw, label) != 0)
		return dsad_fail(error, DSAD_BAD_DATA, NULL, "could not read training row");
	return i % 64 == 0 ? dsad_poll(env, error) : DSAD_OK;
}

/* First pass: range and count of each feature, and what the labels are. */
static DsadStatus
find_ranges(Statistics *s, const DsadEnv *env, const DsadRowSource *rows, const uint32_t *order,
			double *raw, Sample *sample, DsadFacts *facts, DsadError *error)
{
	for (uint64_t i = 0; i < rows->count; i++)
	{
		int8_t		label;
		DsadStatus	status = read_row(env, rows, order, i, raw, &label, error);

		if (status != DSAD_OK)
			return status;
		if (sample)
			offer(sample, i, raw, rows);
		facts->anomalies += label == DSAD_ANOMALY;
		facts->normals += label == DSAD_NORMAL;
		for (uint32_t j = 0; j < rows->features; j++)
		{
			if (isnan(raw[j]))
			{
				facts->missing++;
				continue;
			}
			if (s->count[j] == 0 || raw[j] < s->min[j])
				s->min[j] = raw[j] + 0.0;
			if (s->count[j] == 0 || raw[j] > s->max[j])
				s->max[j] = raw[j] + 0.0;
			s->count[j]++;
		}
	}
	for (uint32_t j = 0; j < rows->features; j++)
	{
		double		largest = fmax(fabs(s->min[j]), fabs(s->max[j]));
		int			exponent = 0;

		frexp(largest, &exponent);
		/* 2^1023 is the largest power of two there is */
		s->shrink[j] = ldexp(1, exponent < -1022 ? 1023 : -exponent);
	}
	return DSAD_OK;
}

/* One more pass: sum of the values (mean NULL), or of their squared differences from mean. */
static DsadStatus
find_sums(Statistics *s, const double *mean, const DsadEnv *env, const DsadRowSource *rows,
		  const uint32_t *order, double *raw, DsadError *error)
{
	for (uint32_t j = 0; j < rows->features; j++)
		s->sum[j] = 0;
	for (uint64_t i = 0; i < rows->count; i++)
	{
		int8_t		label;
		DsadStatus	status = read_row(env, rows, order, i, raw, &label, error);

		if (status != DSAD_OK)
			return status;
		for (uint32_t j = 0; j < rows->features; j++)
		{
			double		value = raw[j] * s->shrink[j];

			if (isnan(raw[j]))
				continue;
			if (mean != NULL)
			{
				double		d = value - mean[j] * s->shrink[j];

				value = d * d;
			}
			s->sum[j] += value;
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
fit_robust(DsadScaling *scaling, uint32_t i, uint32_t j, Sample *sample, const Statistics *s)
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

static DsadStatus
fit(DsadScaling *scaling, DsadArena *scratch, const DsadEnv *env, DsadScalingMethod method,
	const DsadRowSource *rows, const uint32_t *order, DsadFacts *facts, DsadError *error)
{
	uint32_t	features = rows->features;
	uint32_t	copy = features;
	Statistics	s;
	Sample		sample = {0};
	double	   *raw = dsad_arena_array(scratch, features, sizeof(double));
	double	   *mean = scaling->fill;
	DsadStatus	status;

	s.min = dsad_arena_array(scratch, features, sizeof(double));
	s.max = dsad_arena_array(scratch, features, sizeof(double));
	s.shrink = dsad_arena_array(scratch, features, sizeof(double));
	s.sum = dsad_arena_array(scratch, features, sizeof(double));
	s.count = dsad_arena_array(scratch, features, sizeof(uint64_t));
	if (!raw || !s.min || !s.max || !s.shrink || !s.sum || !s.count ||
		(is_robust(method) && !start_sample(&sample, scratch, rows)))
		return dsad_no_memory(error);

	status = find_ranges(&s, env, rows, order, raw, is_robust(method) ? &sample : NULL, facts, error);
	if (status == DSAD_OK)
		status = find_sums(&s, NULL, env, rows, order, raw, error);
	if (status != DSAD_OK)
		return status;
	for (uint32_t j = 0; j < features; j++)
		mean[j] = s.count[j] ? s.sum[j] / (double) s.count[j] / s.shrink[j] : 0;
	status = find_sums(&s, mean, env, rows, order, raw, error);
	for (uint32_t j = 0; j < features && status == DSAD_OK; j++)
	{
		DsadFeatureKind kind = (DsadFeatureKind) rows->encoder->kind[j];

		if (method == DSAD_SCALING_ROBUST && kind == DSAD_FEATURE_NUMBER)
			fit_robust(scaling, j, j, &sample, &s);
		else
			fit_input(scaling, j, j, is_robust(method) ? DSAD_SCALING_STANDARD : method, &s);
		if (kind == DSAD_FEATURE_FLAG && (is_robust(method) || method == DSAD_SCALING_STANDARD))
			bound_flag(scaling, j, &s);
		if (method == DSAD_SCALING_STANDARD_ROBUST && kind == DSAD_FEATURE_NUMBER)
		{
			scaling->copied[copy - features] = j;
			scaling->fill[copy] = mean[j];
			fit_robust(scaling, copy++, j, &sample, &s);
		}
		if (is_robust(method))
			status = dsad_poll(env, error);
	}
	return status;
}

/*
 * Fits scaling (its arrays are allocated) to all rows, visited in `order` (NULL:
 * as they come), and counts labels and missing elements into facts.  A constant
 * feature, or one never present, keeps scale 1.
 */
DsadStatus
dsad_scaling_fit(DsadScaling *scaling, const DsadEnv *env, DsadScalingMethod method,
				 const DsadRowSource *rows, const uint32_t *order, DsadFacts *facts,
				 DsadError *error)
{
	DsadArena	scratch;
	DsadStatus	status;

	dsad_arena_init(&scratch, env);
	status = fit(scaling, &scratch, env, method, rows, order, facts, error);
	dsad_arena_release(&scratch);
	return status;
}
