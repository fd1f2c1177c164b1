/*
 * loss.h
 *	  The objectives, each with its gradient.
 */
#ifndef DSAD_LOSS_H
#define DSAD_LOSS_H

#include "env.h"
#include "kernel.h"

#define DSAD_INVERSE_EPS 1e-6	/* added to an anomaly's squared distance before the inverse */

/* What the losses of one member share. */
typedef struct DsadLoss
{
	const DsadKernel *kernel;
	uint32_t	latent;
	size_t		width;			/* latent, padded: of rows of z and of their gradients */
	const float *centre;		/* width, zero beyond latent */
	double		eta;			/* weight of labelled rows */
	double	   *distance;		/* batch rows: squared distances of the last batch */
	float	   *factor;			/* batch rows: working memory */
	DsadWatch  *watch;
} DsadLoss;

extern DsadStatus dsad_loss_alloc(DsadLoss *loss, DsadArena *arena, uint32_t latent,
								  uint32_t batch_rows, DsadError *error);
extern double dsad_loss_sad(const DsadLoss *loss, const float *z, const int8_t *label, uint32_t n,
							float *gradient);
extern double dsad_loss_soft_boundary(const DsadLoss *loss, const float *z, const int8_t *label,
									  uint32_t n, double nu, double radius, float *gradient);
extern double dsad_loss_reconstruction(const DsadLoss *loss, const float *x, float *y, size_t n,
									   size_t features, DsadReconstruction kind, float *gradient);

#endif
