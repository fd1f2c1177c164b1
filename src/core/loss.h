/*
 * loss.h
 *	  The objectives, each with its gradient.
 */
#ifndef DSAD_LOSS_H
#define DSAD_LOSS_H

#include "dsad.h"

#define DSAD_INVERSE_EPS 1e-6	/* added to an anomaly's squared distance before the inverse */

extern double dsad_loss_sad(const float *z, const float *centre, const int8_t *label, uint32_t n,
							uint32_t latent, double eta, float *gradient);
extern double dsad_loss_soft_boundary(const float *z, const float *centre, const int8_t *label,
									  uint32_t n, uint32_t latent, double eta, double nu,
									  double radius, float *gradient);
extern double dsad_loss_reconstruction(const float *x, float *y, size_t n, size_t features,
									   DsadReconstruction kind, float *gradient);
extern double dsad_distance(const float *z, const float *centre, uint32_t latent);
extern double dsad_quantile(double *values, size_t count, double q);

#endif
