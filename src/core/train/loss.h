/*
 * loss.h
 *	  The objectives, each with its gradient.
 */
#ifndef DSAD_LOSS_H
#define DSAD_LOSS_H

#include "core/kernel/kernel.h"
#include "core/rows.h"

#define DSAD_INVERSE_EPS 1e-6	/* added to an anomaly's squared distance before the inverse */

/* What the losses of one member share. */
typedef struct DsadLoss
{
	const DsadKernel *kernel;
	uint32_t	latent;
	size_t		width;			/* latent, padded: of rows of z and of their gradients */
	const float *center;		/* width, zero beyond latent */
	double		eta;			/* weight of labeled rows */
	double	   *distance;		/* batch rows: squared distances of the last batch */
	float	   *factor;			/* batch rows: working memory */
	double	   *sorted;			/* batch rows: working memory */
	double		trim;			/* see dsad_loss_sad; 0 = off */
	double		usual;			/* a quantile of unlabeled rows' losses, smoothed over batches; 0 = none yet */
	double		anomaly_log;	/* log of a quartile of known anomalies' distances, smoothed; 0 = none yet */
	double		enough;			/* times the known anomalies: with fewer rows like them trimming grows lax; 0 = never */
	double		known;			/* known anomalies of a batch, and unlabeled rows that look like them, smoothed */
	double		alike;
	bool		hold;			/* keep to it: the batch is not a training's */
	DsadWatch  *watch;
} DsadLoss;

extern DsadStatus dsad_loss_alloc(DsadLoss *loss, DsadArena *arena, uint32_t latent,
								  uint32_t batch_rows, DsadError *error);
extern double dsad_loss_sad(DsadLoss *loss, const float *z, const int8_t *label, uint32_t n,
							float *gradient);
extern double dsad_loss_reconstruction(DsadLoss *loss, const float *x, float *y, const int8_t *label,
									   uint32_t n, size_t inputs, DsadReconstruction kind, float *gradient);

#endif
