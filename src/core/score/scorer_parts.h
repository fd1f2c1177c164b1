/*
 * scorer_parts.h
 *	  What a scorer is made of.
 */
#ifndef DSAD_SCORER_PARTS_H
#define DSAD_SCORER_PARTS_H

#include "core/model/calibration_lists.h"
#include "core/score/scorer.h"

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

extern bool dsad_member_scores(const DsadScorer *scorer, const DsadRows *row, void *scratch, double *scores);

#endif
