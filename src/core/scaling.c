/*
 * scaling.c
 *	  Fits the input scaling; the kernels apply it (in double precision, so that epoch
 *	  seconds and large ids keep their meaning).
 */
#include "scaling.h"

#include <math.h>

#include "env.h"

/* Running statistics of the features; sums are of value * shrink, so that they cannot overflow. */
typedef struct Statistics
{
	double	   *min;
	double	   *max;
	double	   *shrink;			/* a power of two that brings every value within +-1 */
	double	   *sum;			/* first of values, then of squared differences */
	uint64_t   *count;			/* present values */
} Statistics;

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
			double *raw, DsadFacts *facts, DsadError *error)
{
	for (uint64_t i = 0; i < rows->count; i++)
	{
		int8_t		label;
		DsadStatus	status = read_row(env, rows, order, i, raw, &label, error);

		if (status != DSAD_OK)
			return status;
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
				s->min[j] = raw[j];
			if (s->count[j] == 0 || raw[j] > s->max[j])
				s->max[j] = raw[j];
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

static DsadStatus
fit(DsadScaling *scaling, DsadArena *scratch, const DsadEnv *env, DsadScalingMethod method,
	const DsadRowSource *rows, const uint32_t *order, DsadFacts *facts, bool *rows_differ,
	DsadError *error)
{
	uint32_t	features = rows->features;
	Statistics	s;
	double	   *raw = dsad_arena_array(scratch, features, sizeof(double));
	double	   *mean = scaling->fill;
	DsadStatus	status;

	s.min = dsad_arena_array(scratch, features, sizeof(double));
	s.max = dsad_arena_array(scratch, features, sizeof(double));
	s.shrink = dsad_arena_array(scratch, features, sizeof(double));
	s.sum = dsad_arena_array(scratch, features, sizeof(double));
	s.count = dsad_arena_array(scratch, features, sizeof(uint64_t));
	if (!raw || !s.min || !s.max || !s.shrink || !s.sum || !s.count)
		return dsad_no_memory(error);

	status = find_ranges(&s, env, rows, order, raw, facts, error);
	if (status == DSAD_OK)
		status = find_sums(&s, NULL, env, rows, order, raw, error);
	if (status != DSAD_OK)
		return status;
	for (uint32_t j = 0; j < features; j++)
		mean[j] = s.count[j] ? s.sum[j] / (double) s.count[j] / s.shrink[j] : 0;
	status = find_sums(&s, mean, env, rows, order, raw, error);
	if (status != DSAD_OK)
		return status;

	*rows_differ = false;
	for (uint32_t j = 0; j < features; j++)
	{
		double		largest = fmax(fabs(s.min[j]), fabs(s.max[j]));
		double		spread = 1;

		*rows_differ |= s.max[j] > s.min[j];
		scaling->offset[j] = 0;
		if (method == DSAD_SCALING_STANDARD)
		{
			scaling->offset[j] = mean[j];
			spread = s.count[j] ? sqrt(s.sum[j] / (double) s.count[j]) / s.shrink[j] : 0;
		}
		else if (method == DSAD_SCALING_MINMAX)
		{
			scaling->offset[j] = s.min[j];
			/* each half is finite where the difference may not be */
			spread = 2 * (s.max[j] / 2 - s.min[j] / 2);
			if (isinf(spread))
				spread = s.max[j];
		}
		/* rounding alone makes a constant's spread a little above zero; 1/spread must be finite */
		if (!(spread > 1e-13 * largest) || !(spread > 1e-300))
			spread = 1;
		scaling->scale[j] = 1 / spread;
	}
	return DSAD_OK;
}

/*
 * Fits scaling (its arrays are allocated) to all rows, visited in `order` (NULL:
 * as they come), and counts labels and missing elements into facts.  A constant
 * feature, or one never present, keeps scale 1.  *rows_differ tells whether any
 * feature varies.
 */
DsadStatus
dsad_scaling_fit(DsadScaling *scaling, const DsadEnv *env, DsadScalingMethod method,
				 const DsadRowSource *rows, const uint32_t *order, DsadFacts *facts,
				 bool *rows_differ, DsadError *error)
{
	DsadArena	scratch;
	DsadStatus	status;

	dsad_arena_init(&scratch, env);
	status = fit(scaling, &scratch, env, method, rows, order, facts, rows_differ, error);
	dsad_arena_release(&scratch);
	return status;
}
