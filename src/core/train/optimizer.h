/*
 * optimizer.h
 *	  Adam with coupled (L2) weight decay, as torch.optim.Adam.
 */
#ifndef DSAD_OPTIMIZER_H
#define DSAD_OPTIMIZER_H

#include "core/train/net.h"

#define DSAD_ADAM_BETA1 0.9
#define DSAD_ADAM_BETA2 0.999
#define DSAD_ADAM_EPS 1e-8

/* Moments of one net's weights; two nets that train together have one each, stepped alike. */
typedef struct DsadAdam
{
	double		beta1_power;	/* beta1 ^ steps, a running product: powf differs between libms */
	double		beta2_power;
	float	   *first[DSAD_MAX_TENSORS];
	float	   *second[DSAD_MAX_TENSORS];
	float	   *average[DSAD_MAX_TENSORS];	/* of the weights over the steps, NULL = none */
	double		average_rate;	/* how far it moves in a step */
} DsadAdam;

extern DsadStatus dsad_adam_alloc(DsadAdam *adam, DsadArena *arena, const DsadNet *net,
								  DsadError *error);
extern void dsad_adam_step(DsadAdam *adam, DsadNet *net, DsadProducts *products,
						   double learning_rate, double weight_decay);
extern double dsad_learning_rate(const DsadConfig *config, uint32_t epoch);

#endif
