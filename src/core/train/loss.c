/*
 * loss.c
 *	  Deep SAD's loss and the autoencoder's reconstruction.
 *
 * n rows, z (n, width) the encoder's output.  Every loss is the mean over the
 * batch, every gradient that of this mean.
 */
#include "core/train/loss.h"

#include <math.h>
#include <string.h>

#include "core/statistics.h"

#define SMOOTHING_ROWS 256		/* a batch of so many rows would be all that counts, were there no ceiling of a half */
#define ANOMALY_QUARTILE 0.25	/* farther than this share of the known anomalies looks like one */
#define SEEN_RATE 0.02			/* of a batch's counts in the smoothed ones */
#define RECONSTRUCTED 0.9		/* share of the unlabeled rows that pretraining learns to reconstruct */

/* Memory for batches of batch_rows rows, in arena; the caller sets the rest. */
DsadStatus
dsad_loss_alloc(DsadLoss *loss, DsadArena *arena, uint32_t latent, uint32_t batch_rows,
				DsadError *error)
{
	loss->latent = latent;
	loss->width = dsad_padded(latent);
	loss->distance = dsad_arena_array(arena, batch_rows, sizeof(double));
	loss->factor = dsad_arena_array(arena, batch_rows, sizeof(float));
	loss->sorted = dsad_arena_array(arena, batch_rows, sizeof(double));
	if (!loss->distance || !loss->factor || !loss->sorted)
		return dsad_no_memory(error);
	return DSAD_OK;
}

/* The loss of a known anomaly, eta / (distance + eps), and d(loss)/d(distance). */
static double
inverse_loss(double distance, double eta, double *slope)
{
	double		shifted = distance + DSAD_INVERSE_EPS;

	*slope = -eta / (shifted * shifted);
	return eta / shifted;
}

/* Rows of z between two polls. */
static uint32_t
poll_rows(const DsadLoss *loss)
{
	return (uint32_t) dsad_poll_rows(DSAD_POLL_ELEMENTS, loss->width);
}

/* Fills loss->distance. */
static void
find_distances(const DsadLoss *loss, const float *z, uint32_t n)
{
	uint32_t	step = poll_rows(loss);

	for (uint32_t i = 0; i < n; i += step, dsad_watch(loss->watch))
		loss->kernel->distances(z + i * loss->width, n - i < step ? n - i : step, loss->width,
								loss->center, loss->latent, loss->distance + i);
}

/* gradient = d(loss)/dz from loss->factor: twice the slope of each row over n. */
static void
find_gradient(const DsadLoss *loss, const float *z, uint32_t n, float *gradient)
{
	uint32_t	step = poll_rows(loss);

	for (uint32_t i = 0; i < n; i += step, dsad_watch(loss->watch))
		loss->kernel->distance_gradients(z + i * loss->width, n - i < step ? n - i : step, loss->width,
										 loss->center, loss->factor + i, gradient + i * loss->width);
}

/* Moves a smoothed value towards that of a batch of `count` rows: few rows move it little. */
static void
smooth(double *value, double of_batch, size_t count)
{
	double		rate = count < SMOOTHING_ROWS / 2 ? (double) count / SMOOTHING_ROWS : 0.5;

	*value = *value == 0 ? of_batch : *value + rate * (of_batch - *value);
}

/*
 * The loss above which an unlabeled row is so suspicious that it does not count:
 * factor times the quantile of such rows' losses, smoothed over batches.
 */
static double
trim_limit(DsadLoss *loss, const double *value, const int8_t *label, uint32_t n, double quantile, double factor)
{
	size_t		count = 0;

	if (loss->trim == 0)
		return INFINITY;
	for (uint32_t i = 0; i < n && !loss->hold; i++)
		if (label[i] == DSAD_UNLABELED && value[i] < INFINITY)
			loss->sorted[count++] = value[i];
	if (count > 0)
		smooth(&loss->usual, dsad_select(loss->sorted, count, (size_t) (quantile * (double) (count - 1))), count);
	return factor * loss->usual;
}

/*
 * How much laxer trimming is, at least 1, for the anomalies that are left to find: an unlabeled row looks like a known
 * anomaly when it is farther than the first quartile of them.  The fewer such rows there are for each known anomaly,
 * the fewer unlabeled anomalies there can be, and the more of what is far are ordinary rows.
 */
static double
laxity(DsadLoss *loss, const int8_t *label, uint32_t n)
{
	size_t		known = 0;
	double		alike = 0;

	if (loss->enough == 0)
		return 1;
	for (uint32_t i = 0; i < n && !loss->hold; i++)
		if (label[i] == DSAD_ANOMALY && loss->distance[i] < INFINITY)
			loss->sorted[known++] = log(loss->distance[i] + DSAD_INVERSE_EPS);
	if (known > 0)
		smooth(&loss->anomaly_log, dsad_select(loss->sorted, known, (size_t) (ANOMALY_QUARTILE * (double) (known - 1))),
			   known);
	if (loss->anomaly_log == 0)
		return 1;
	if (!loss->hold)
	{
		double		far = exp(loss->anomaly_log);

		for (uint32_t i = 0; i < n; i++)
			alike += label[i] == DSAD_UNLABELED && loss->distance[i] >= far;
		loss->alike += SEEN_RATE * (alike / (1 - ANOMALY_QUARTILE) - loss->alike);
		loss->known += SEEN_RATE * ((double) known - loss->known);
	}
	return fmax(1, loss->enough * loss->known / fmax(loss->alike, 1e-9));
}

/*
 * Deep SAD, equation 8: unlabeled rows cost their squared distance, known
 * normals eta times it, known anomalies eta times its inverse.  With trim,
 * unlabeled rows beyond so many median distances, times laxity, cost nothing.  Fills gradient (n, width)
 * and returns the loss.
 */
double
dsad_loss_sad(DsadLoss *loss, const float *z, const int8_t *label, uint32_t n, float *gradient)
{
	double		sum = 0;
	double		limit;

	find_distances(loss, z, n);
	limit = trim_limit(loss, loss->distance, label, n, 0.5, fmax(loss->trim, 1));
	limit *= laxity(loss, label, n);
	for (uint32_t i = 0; i < n; i++)
	{
		double		distance = loss->distance[i];
		double		slope = label[i] == DSAD_NORMAL ? loss->eta : 1;

		if (label[i] == DSAD_ANOMALY)
			sum += inverse_loss(distance, loss->eta, &slope);
		else
		{
			if (label[i] == DSAD_UNLABELED && distance > limit)
				slope = 0;
			sum += slope * distance;
		}
		loss->factor[i] = (float) (2 * slope / n);
	}
	find_gradient(loss, z, n, gradient);
	return sum / n;
}

/*
 * With trim: known anomalies and the tenth of the unlabeled rows that is
 * reconstructed worst cost nothing.
 */
static double
trimmed_residuals(DsadLoss *loss, const float *x, const float *y, const int8_t *label, uint32_t n,
				  size_t width, double elements, float *gradient)
{
	double		sum = 0;
	double		limit;

	for (uint32_t i = 0; i < n; i++)
	{
		dsad_watch_rows(loss->watch, i, width);
		loss->distance[i] = loss->kernel->distance(y + i * width, x + i * width, width);
	}
	limit = trim_limit(loss, loss->distance, label, n, RECONSTRUCTED, 1);
	for (uint32_t i = 0; i < n; i++)
	{
		bool		counts = label[i] == DSAD_NORMAL || (label[i] == DSAD_UNLABELED && !(loss->distance[i] > limit));
		double		error = loss->kernel->residuals(x + i * width, y + i * width, width,
													counts ? (float) (2 / elements) : 0, gradient + i * width);

		dsad_watch_rows(loss->watch, i, width);
		if (counts)
			sum += error;
	}
	return sum;
}

/*
 * Mean squared error over all elements of y (n, inputs padded), the decoder's
 * output, against x.  The sigmoid output layer is applied here, in place.
 */
double
dsad_loss_reconstruction(DsadLoss *loss, const float *x, float *y, const int8_t *label, uint32_t n,
						 size_t inputs, DsadReconstruction kind, float *gradient)
{
	size_t		width = dsad_padded(inputs);
	size_t		count = n * width;
	double		elements = (double) n * (double) inputs;
	bool		sigmoid = kind == DSAD_RECONSTRUCTION_SIGMOID;
	double		sum = 0;

	for (size_t i = 0; i < count && sigmoid; i++)
	{
		if (i % DSAD_POLL_ELEMENTS == 0)
			dsad_watch(loss->watch);
		y[i] = i % width < inputs ? 1 / (1 + expf(-y[i])) : 0;
	}
	if (loss->trim > 0)
		sum = trimmed_residuals(loss, x, y, label, n, width, elements, gradient);
	else
		for (size_t start = 0; start < count; start += DSAD_POLL_ELEMENTS, dsad_watch(loss->watch))
		{
			size_t		part = count - start < DSAD_POLL_ELEMENTS ? count - start : DSAD_POLL_ELEMENTS;

			sum += loss->kernel->residuals(x + start, y + start, part, (float) (2 / elements), gradient + start);
		}
	for (size_t i = 0; i < count && sigmoid; i++)
	{
		if (i % DSAD_POLL_ELEMENTS == 0)
			dsad_watch(loss->watch);
		gradient[i] *= y[i] * (1 - y[i]);
	}
	return sum / elements;
}
