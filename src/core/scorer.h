/*
 * scorer.h
 *	  What is inside a scorer, for those who walk through its nets.
 */
#ifndef DSAD_SCORER_H
#define DSAD_SCORER_H

#include "kernel.h"

struct DsadScorer
{
	const DsadKernel *kernel;
	uint32_t	features;
	uint32_t	inputs;
	uint32_t	latent;
	uint32_t	layers;
	uint32_t	members;
	uint32_t	widest;			/* padded layer */
	const DsadEncoder *encoder; /* the model's */
	DsadScaling scaling;
	DsadPackedNet *member;
	double		input_factor;	/* of the inputs' squared norm in the score */
	float	   *zeros;			/* inputs */
	DsadCalibration calibration;
	bool		cross;			/* each of its lists is a member's */
	DsadDecision decision;
};

extern bool dsad_list_pvalues(const DsadScorer *scorer, const DsadRows *row, void *scratch, double *pvalue);
extern bool dsad_member_scores(const DsadScorer *scorer, const DsadRows *row, void *scratch, double *scores);

#endif
