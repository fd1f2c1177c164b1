/*
 * loss.c
 *	  Deep SAD, soft-boundary Deep SVDD and the autoencoder's reconstruction.
 *
 * n rows, z (n, latent) the encoder's output, centre (latent).  Every loss is
 * the mean over the batch, every gradient that of this mean.
 */
#include "loss.h"

#include <math.h>
#include <string.h>

/* The squared distance of z (latent) to the centre. */
double
dsad_distance(const float *z, const float *centre, uint32_t latent)
{
	double		sum = 0;

	for (uint32_t j = 0; j < latent; j++)
	{
		double		d = (double) z[j] - centre[j];

		sum += d * d;
	}
	return sum;
}

/* gradient = factor * d(distance)/dz = 2 factor (z - centre), for one row. */
static void
distance_gradient(const float *z, const float *centre, uint32_t latent, double factor,
				  float *gradient)
{
	for (uint32_t j = 0; j < latent; j++)
		gradient[j] = (float) (2 * factor * ((double) z[j] - centre[j]));
}

/* The loss of a known anomaly, eta / (distance + eps), and d(loss)/d(distance). */
static double
inverse_loss(double distance, double eta, double *slope)
{
	double		shifted = distance + DSAD_INVERSE_EPS;

	*slope = -eta / (shifted * shifted);
	return eta / shifted;
}

/*
 * Deep SAD, equation 8: unlabelled rows cost their squared distance, known
 * normals eta times it, known anomalies eta times its inverse.  Fills gradient
 * (n, latent) and returns the loss.
 */
double
dsad_loss_sad(const float *z, const float *centre, const int8_t *label, uint32_t n,
			  uint32_t latent, double eta, float *gradient)
{
	double		loss = 0;

	for (size_t i = 0; i < n; i++)
	{
		double		distance = dsad_distance(z + i * latent, centre, latent);
		double		slope = label[i] == DSAD_NORMAL ? eta : 1;

		if (label[i] == DSAD_ANOMALY)
			loss += inverse_loss(distance, eta, &slope);
		else
			loss += slope * distance;
		distance_gradient(z + i * latent, centre, latent, slope / n, gradient + i * latent);
	}
	return loss / n;
}

/*
 * Soft-boundary Deep SVDD: R^2 + 1/nu * mean(max(0, distance - R^2)).  Labels
 * act as in Deep SAD: eta weighs the term of a known normal, and a known
 * anomaly costs its inverse distance instead.
 */
double
dsad_loss_soft_boundary(const float *z, const float *centre, const int8_t *label, uint32_t n,
						uint32_t latent, double eta, double nu, double radius, float *gradient)
{
	double		loss = 0;

	for (size_t i = 0; i < n; i++)
	{
		double		distance = dsad_distance(z + i * latent, centre, latent);
		double		slope = 0;

		if (label[i] == DSAD_ANOMALY)
			loss += inverse_loss(distance, eta, &slope);
		else if (distance > radius * radius)
		{
			slope = (label[i] == DSAD_NORMAL ? eta : 1) / nu;
			loss += slope * (distance - radius * radius);
		}
		distance_gradient(z + i * latent, centre, latent, slope / n, gradient + i * latent);
	}
	return radius * radius + loss / n;
}

/*
 * Mean squared error over all elements of y (n, features), the decoder's
 * output, against x.  The sigmoid output layer is applied here, in place.
 */
double
dsad_loss_reconstruction(const float *x, float *y, size_t n, size_t features,
						 DsadReconstruction kind, float *gradient)
{
	size_t		count = n * features;
	float		factor = (float) (2.0 / (double) count);
	double		loss = 0;

	if (kind == DSAD_RECONSTRUCTION_SIGMOID)
		for (size_t i = 0; i < count; i++)
			y[i] = 1 / (1 + expf(-y[i]));
	for (size_t i = 0; i < count; i++)
	{
		float		d = y[i] - x[i];

		loss += (double) d * d;
		gradient[i] = factor * d;
	}
	if (kind == DSAD_RECONSTRUCTION_SIGMOID)
		for (size_t i = 0; i < count; i++)
			gradient[i] *= y[i] * (1 - y[i]);
	return loss / (double) count;
}

/* Moves values[root] down the heap of values[0 .. count - 1]. */
static void
sift_down(double *values, size_t root, size_t count)
{
	double		value = values[root];

	for (size_t child; (child = 2 * root + 1) < count; root = child)
	{
		if (child + 1 < count && values[child + 1] > values[child])
			child++;
		if (values[child] <= value)
			break;
		values[root] = values[child];
	}
	values[root] = value;
}

/* The q-quantile of values (count > 0), interpolated as numpy does; sorts values. */
double
dsad_quantile(double *values, size_t count, double q)
{
	double		position = q * (double) (count - 1);
	size_t		low = (size_t) position;

	for (size_t i = count / 2; i-- > 0;)
		sift_down(values, i, count);
	for (size_t end = count; end-- > 1;)
	{
		double		largest = values[0];

		values[0] = values[end];
		values[end] = largest;
		sift_down(values, 0, end);
	}
	if (low + 1 >= count)
		return values[count - 1];
	return values[low] + (position - (double) low) * (values[low + 1] - values[low]);
}
