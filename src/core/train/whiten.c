/*
 * whiten.c
 *	  The inputs' own distance where they are many and of one unit: Mahalanobis' distance, with
 *	  the variances of a few directions and of all others together (probabilistic principal
 *	  components; Tipping and Bishop, 1999), each raised by a share of the mean variance.
 *
 * The directions are found in a sample of the scaled training rows by subspace iteration
 * (Halko et al., 2011).
 */
#include "core/train/whiten.h"

#include <math.h>
#include <string.h>

#include "core/kernel/kernel.h"
#include "core/random.h"
#include "core/train/trust.h"

#define SHRINKAGE 0.1			/* of the mean variance, which is added to each */
#define MORE_DIRECTIONS 8		/* that are followed, so that those wanted are found */
#define MOST_FOLLOWED (DSAD_MAX_DIRECTIONS + DSAD_LANES)
#define ITERATIONS 6
#define SWEEPS 30

/* Rows, and the directions (inputs, width) that are followed in them. */
typedef struct Subspace
{
	DsadDataset rows;
	uint32_t	width;			/* followed; a multiple of DSAD_LANES */
	float	   *direction;		/* (inputs, width) */
	float	   *along;			/* (rows, width): the rows' places in them */
	double		variance[MOST_FOLLOWED];
} Subspace;

/* Keeps the rows that are no known anomalies. */
static void
drop_anomalies(DsadDataset *rows)
{
	uint64_t	kept = 0;

	for (uint64_t i = 0; i < rows->count; i++)
		if (rows->label[i] != DSAD_ANOMALY)
			memmove(rows->scaled + rows->inputs * kept++, rows->scaled + rows->inputs * i,
					rows->inputs * sizeof(float));
	rows->count = kept;
}

/* Moves the rows to where their own distance is measured from. */
static void
center_rows(DsadDataset *rows, const DsadModel *model)
{
	for (uint32_t j = 0; j < rows->inputs && model->convs > 0; j++)
	{
		float		center = dsad_input_center(model, j);

		for (uint64_t i = 0; i < rows->count; i++)
			rows->scaled[i * rows->inputs + j] -= center;
	}
}

/* Makes the directions orthogonal, of length 1; one that the others span becomes 0 (Gram and Schmidt, twice). */
static void
orthogonalize(Subspace *s)
{
	uint32_t	inputs = s->rows.inputs;

	for (uint32_t d = 0; d < s->width; d++)
	{
		double		before = 0;
		double		length = 0;

		for (uint32_t i = 0; i < inputs; i++)
			before += (double) s->direction[i * s->width + d] * (double) s->direction[i * s->width + d];
		for (uint32_t turn = 0; turn < 2; turn++)
			for (uint32_t other = 0; other < d; other++)
			{
				double		common = 0;

				for (uint32_t i = 0; i < inputs; i++)
					common += (double) s->direction[i * s->width + d] * (double) s->direction[i * s->width + other];
				for (uint32_t i = 0; i < inputs; i++)
					s->direction[i * s->width + d] -= (float) (common * (double) s->direction[i * s->width + other]);
			}
		for (uint32_t i = 0; i < inputs; i++)
			length += (double) s->direction[i * s->width + d] * (double) s->direction[i * s->width + d];
		length = length > 1e-10 * before && length > 1e-30 ? 1 / sqrt(length) : 0;
		for (uint32_t i = 0; i < inputs; i++)
			s->direction[i * s->width + d] *= (float) length;
	}
}

/* One round of Jacobi's rotations of the symmetric matrix m (n, n), and of the vectors (n, n) that they make. */
static void
rotate(double *m, double *vector, uint32_t n)
{
	for (uint32_t p = 0; p < n; p++)
		for (uint32_t q = p + 1; q < n; q++)
		{
			double		theta;
			double		t;
			double		c;
			double		s;

			if (fabs(m[p * n + q]) <= 1e-14 * (fabs(m[p * n + p]) + fabs(m[q * n + q])))
				continue;
			theta = (m[q * n + q] - m[p * n + p]) / (2 * m[p * n + q]);
			t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
			c = 1 / sqrt(t * t + 1);
			s = t * c;
			for (uint32_t k = 0; k < n; k++)
			{
				double		a = m[k * n + p];
				double		b = m[k * n + q];

				m[k * n + p] = c * a - s * b;
				m[k * n + q] = s * a + c * b;
			}
			for (uint32_t k = 0; k < n; k++)
			{
				double		a = m[p * n + k];
				double		b = m[q * n + k];
				double		x = vector[k * n + p];
				double		y = vector[k * n + q];

				m[p * n + k] = c * a - s * b;
				m[q * n + k] = s * a + c * b;
				vector[k * n + p] = c * x - s * y;
				vector[k * n + q] = s * x + c * y;
			}
		}
}

/* Turns the directions within what they span so that the rows vary independently in them; sets their variances. */
static DsadStatus
turn(Subspace *s, DsadArena *scratch, const DsadEnv *env, DsadError *error)
{
	uint32_t	n = s->width;
	double	   *covariance = dsad_arena_array(scratch, (size_t) n * n, sizeof(double));
	double	   *vector = dsad_arena_array(scratch, (size_t) n * n, sizeof(double));
	double		turned[MOST_FOLLOWED];

	if (!covariance || !vector)
		return dsad_no_memory(error);
	for (uint64_t row = 0; row < s->rows.count; row++)
		for (uint32_t p = 0; p < n; p++)
			for (uint32_t q = 0; q < n; q++)
				covariance[p * n + q] += (double) s->along[row * n + p] * (double) s->along[row * n + q] /
										 (double) s->rows.count;
	for (uint32_t p = 0; p < n; p++)
		vector[p * n + p] = 1;
	for (int sweep = 0; sweep < SWEEPS; sweep++)
	{
		DsadStatus	status = dsad_poll(env, error);

		if (status != DSAD_OK)
			return status;
		rotate(covariance, vector, n);
	}
	for (uint32_t i = 0; i < s->rows.inputs; i++)
	{
		float	   *row = s->direction + (size_t) i * n;

		for (uint32_t q = 0; q < n; q++)
		{
			turned[q] = 0;
			for (uint32_t p = 0; p < n; p++)
				turned[q] += (double) row[p] * vector[p * n + q];
		}
		for (uint32_t q = 0; q < n; q++)
			row[q] = (float) turned[q];
	}
	for (uint32_t p = 0; p < n; p++)
		s->variance[p] = fmax(covariance[p * n + p], 0);
	return DSAD_OK;
}

/* Finds the directions in which the rows vary most. */
static DsadStatus
find_directions(Subspace *s, DsadArena *scratch, const DsadEnv *env, DsadError *error)
{
	const DsadKernel *kernel = dsad_kernel_best();
	uint32_t	inputs = s->rows.inputs;
	size_t		rows = s->rows.count;
	DsadRandom	random;
	DsadStatus	status = DSAD_OK;

	dsad_random_seed(&random, 0, 0, DSAD_STREAM_WHITEN);
	for (size_t i = 0; i < (size_t) inputs * s->width; i++)
		s->direction[i] = (float) dsad_random_below(&random, 2001) / 1000 - 1;
	for (int i = 0; i <= ITERATIONS && status == DSAD_OK; i++)
	{
		orthogonalize(s);
		kernel->gemm_nn(rows, s->width, inputs, s->rows.scaled, inputs, s->direction, s->width, s->along, s->width);
		status = dsad_poll(env, error);
		if (status == DSAD_OK && i < ITERATIONS)
		{
			kernel->gemm_tn(inputs, s->width, rows, s->rows.scaled, inputs, s->along, s->width, s->direction, s->width);
			status = dsad_poll(env, error);
		}
	}
	return status == DSAD_OK ? turn(s, scratch, env, error) : status;
}

/* The mean over the rows of their squared norm. */
static double
mean_norm(const Subspace *s)
{
	double		sum = 0;

	for (size_t i = 0; i < s->rows.count * (size_t) s->rows.inputs; i++)
		sum += (double) s->rows.scaled[i] * (double) s->rows.scaled[i];
	return sum / (double) s->rows.count;
}

/* The place of the direction with the next largest variance, which is crossed out. */
static uint32_t
take_largest(double *variance, uint32_t count)
{
	uint32_t	largest = 0;

	for (uint32_t d = 1; d < count; d++)
		if (variance[d] > variance[largest])
			largest = d;
	variance[largest] = -1;
	return largest;
}

/* What each direction is worth less than the others together; the model's mean of the distance. */
static void
weigh(DsadModel *model, const Subspace *s, uint32_t directions)
{
	uint32_t	inputs = s->rows.inputs;
	double		left[MOST_FOLLOWED];
	uint32_t	chosen[DSAD_MAX_DIRECTIONS];
	double		norm = mean_norm(s);
	double		mean = norm / inputs;
	double		rest = norm;
	double		distance;

	memcpy(left, s->variance, sizeof(left));
	for (uint32_t d = 0; d < directions; d++)
	{
		chosen[d] = take_largest(left, s->width);
		rest -= s->variance[chosen[d]];
	}
	rest = fmax(rest, 0) / (inputs - directions);
	model->white.own = mean / (rest + SHRINKAGE * mean);
	distance = model->white.own * norm;
	for (uint32_t d = 0; d < directions; d++)
	{
		double		less = fmax(model->white.own - mean / (s->variance[chosen[d]] + SHRINKAGE * mean), 0);

		for (uint32_t i = 0; i < inputs; i++)
			model->white.direction[(size_t) i * directions + d] =
				(float) (sqrt(less) * (double) s->direction[(size_t) i * s->width + chosen[d]]);
		distance -= less * s->variance[chosen[d]];
	}
	if (distance > 0)
		model->input_mean = distance;
}

/*
 * Whitens the inputs' own distance, if the model's scaling asks for it: sets its directions, for which there is room,
 * and its mean.  Working memory comes from scratch.
 */
DsadStatus
dsad_whiten(DsadModel *model, DsadArena *scratch, const DsadEnv *env, const DsadDataset *training, DsadError *error)
{
	uint32_t	directions = dsad_directions(&model->config, training->inputs);
	Subspace	s;
	double		norm;
	DsadStatus	status;

	if (directions == 0)
		return DSAD_OK;
	memset(&s, 0, sizeof(s));
	status = dsad_take_sample(&s.rows, scratch, env, training, error);
	if (status != DSAD_OK)
		return status;
	drop_anomalies(&s.rows);
	center_rows(&s.rows, model);
	s.width = (uint32_t) dsad_padded(directions + MORE_DIRECTIONS);
	s.direction = dsad_arena_array(scratch, (size_t) training->inputs * s.width, sizeof(float));
	s.along = dsad_arena_array(scratch, s.rows.count * s.width, sizeof(float));
	if (!s.direction || !s.along)
		return dsad_no_memory(error);
	norm = s.rows.count > 0 ? mean_norm(&s) : 0;
	/* a sample of rows that are all the same, or beyond what floats can tell */
	if (!(norm > 1e-12 && norm < 1e12))
		return DSAD_OK;
	status = find_directions(&s, scratch, env, error);
	if (status == DSAD_OK)
		weigh(model, &s, directions);
	return status;
}
