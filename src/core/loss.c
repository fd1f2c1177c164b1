/*
 * loss.c
 *	  Deep SAD, soft-boundary Deep SVDD and the autoencoder's reconstruction.
 *
 * n rows, z (n, width) the encoder's output.  Every loss is the mean over the
 * batch, every gradient that of this mean.
 */
#include "loss.h"

#include <math.h>
#include <string.h>

/* Memory for batches of batch_rows rows, in arena; the caller sets the rest. */
DsadStatus
dsad_loss_alloc(DsadLoss *loss, DsadArena *arena, uint32_t latent, uint32_t batch_rows,
				DsadError *error)
{
	loss->latent = latent;
	loss->width = dsad_padded(latent);
	loss->distance = dsad_arena_array(arena, batch_rows, sizeof(double));
	loss->factor = dsad_arena_array(arena, batch_rows, sizeof(float));
	if (!loss->distance || !loss->factor)
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
	return (uint32_t) (DSAD_POLL_ELEMENTS / loss->width) + 1;
}

/* Fills loss->distance. */
static void
find_distances(const DsadLoss *loss, const float *z, uint32_t n)
{
	uint32_t	step = poll_rows(loss);

	for (uint32_t i = 0; i < n; i += step, dsad_watch(loss->watch))
		loss->kernel->distances(z + i * loss->width, n - i < step ? n - i : step, loss->width,
								loss->centre, loss->latent, loss->distance + i);
}

/* gradient = d(loss)/dz from loss->factor: twice the slope of each row over n. */
static void
find_gradient(const DsadLoss *loss, const float *z, uint32_t n, float *gradient)
{
	uint32_t	step = poll_rows(loss);

	for (uint32_t i = 0; i < n; i += step, dsad_watch(loss->watch))
		loss->kernel->distance_gradients(z + i * loss->width, n - i < step ? n - i : step, loss->width,
										 loss->centre, loss->factor + i, gradient + i * loss->width);
}

/*
 * Deep SAD, equation 8: unlabelled rows cost their squared distance, known
 * normals eta times it, known anomalies eta times its inverse.  Fills gradient
 * (n, width) and returns the loss.
 */
double
dsad_loss_sad(const DsadLoss *loss, const float *z, const int8_t *label, uint32_t n, float *gradient)
{
	double		sum = 0;

	find_distances(loss, z, n);
	for (uint32_t i = 0; i < n; i++)
	{
		double		distance = loss->distance[i];
		double		slope = label[i] == DSAD_NORMAL ? loss->eta : 1;

		if (label[i] == DSAD_ANOMALY)
			sum += inverse_loss(distance, loss->eta, &slope);
		else
			sum += slope * distance;
		loss->factor[i] = (float) (2 * slope / n);
	}
	find_gradient(loss, z, n, gradient);
	return sum / n;
}

/*
 * Soft-boundary Deep SVDD: R^2 + 1/nu * mean(max(0, distance - R^2)).  Labels
 * act as in Deep SAD: eta weighs the term of a known normal, and a known
 * anomaly costs its inverse distance instead.
 */
double
dsad_loss_soft_boundary(const DsadLoss *loss, const float *z, const int8_t *label, uint32_t n,
						double nu, double radius, float *gradient)
{
	double		sum = 0;

	find_distances(loss, z, n);
	for (uint32_t i = 0; i < n; i++)
	{
		double		distance = loss->distance[i];
		double		slope = 0;

		if (label[i] == DSAD_ANOMALY)
			sum += inverse_loss(distance, loss->eta, &slope);
		else if (distance > radius * radius)
		{
			slope = (label[i] == DSAD_NORMAL ? loss->eta : 1) / nu;
			sum += slope * (distance - radius * radius);
		}
		loss->factor[i] = (float) (2 * slope / n);
	}
	find_gradient(loss, z, n, gradient);
	return radius * radius + sum / n;
}

/*
 * Mean squared error over all elements of y (n, features padded), the decoder's
 * output, against x.  The sigmoid output layer is applied here, in place.
 */
double
dsad_loss_reconstruction(const DsadLoss *loss, const float *x, float *y, size_t n, size_t features,
						 DsadReconstruction kind, float *gradient)
{
	size_t		width = dsad_padded(features);
	size_t		count = n * width;
	double		elements = (double) n * (double) features;
	double		sum = 0;

	for (size_t start = 0; start < count; start += DSAD_POLL_ELEMENTS, dsad_watch(loss->watch))
	{
		size_t		part = count - start < DSAD_POLL_ELEMENTS ? count - start : DSAD_POLL_ELEMENTS;

		if (kind == DSAD_RECONSTRUCTION_SIGMOID)
			for (size_t i = start; i < start + part; i++)
				y[i] = i % width < features ? 1 / (1 + expf(-y[i])) : 0;
		sum += loss->kernel->residuals(x + start, y + start, part, (float) (2 / elements),
									   gradient + start);
		if (kind == DSAD_RECONSTRUCTION_SIGMOID)
			for (size_t i = start; i < start + part; i++)
				gradient[i] *= y[i] * (1 - y[i]);
	}
	return sum / elements;
}
