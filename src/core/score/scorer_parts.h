/*
 * scorer_parts.h
 *	  What a scorer is made of.
 */
#ifndef DSAD_SCORER_PARTS_H
#define DSAD_SCORER_PARTS_H

#include <math.h>

#include "core/model/calibration_lists.h"
#include "core/score/scorer.h"
#include "core/score/scorer_conv.h"

struct DsadScorer
{
	const DsadKernel *kernel;
	uint32_t	features;
	uint32_t	inputs;
	uint32_t	latent;
	uint32_t	layers;
	uint32_t	members;
	uint32_t	widest;			/* padded layer */
	double		work;			/* multiply-adds of a row through a member */
	const DsadEncoder *encoder;	/* the model's */
	DsadScaling scaling;
	DsadScorerConv conv;		/* modules before the dense layers, if any */
	DsadPackedConv *packed_conv;	/* (members, conv.modules) */
	DsadPackedNet *member;
	double		input_factor;	/* of the inputs' squared norm in the score */
	float	   *zeros;			/* inputs */
	float	   *input_center;	/* inputs: of their own distance */
	uint32_t	directions;		/* of whitened inputs, else 0 */
	double		own;			/* of their squared norm */
	DsadPackedLayer white;		/* to their directions */
	double	   *shrink;			/* directions: how much of each their embedding lacks */
	DsadCalibration calibration;
	bool		cross;			/* each of its lists is a member's */
	DsadDecision decision;
};

/* A scorer and its scratch memory, for who scores rows that are scaled already, each `stride` floats after the last. */
extern DsadStatus dsad_scorer_begin(DsadScorer **scorer, void **scratch, DsadArena *arena, const DsadModel *model,
									const DsadKernel *kernel, size_t count, DsadError *error);
extern DsadStatus dsad_score_polled(const DsadScorer *scorer, const DsadEnv *env, const float *scaled, size_t stride,
									size_t count, void *scratch, double *scores, DsadError *error);
extern void dsad_score_scaled(const DsadScorer *scorer, const float *scaled, size_t stride, size_t count,
							  void *scratch, double *scores);

extern bool dsad_member_scores(const DsadScorer *scorer, const DsadRows *row, void *scratch, double *scores,
							   double *score);

/* A whitened distance: rounding may bring the difference below 0; one beyond all numbers is infinite, never NaN. */
static inline double
dsad_whitened_in_range(double distance)
{
	return isnan(distance) ? INFINITY : fmax(distance, 0);
}

/* Whitened inputs. */
extern DsadStatus dsad_pack_whitening(DsadScorer *scorer, DsadArena *arena, const DsadModel *model, DsadError *error);
extern double dsad_whitened_distance(const DsadScorer *scorer, const float *scaled, double *x);
extern void dsad_embed_inputs(const DsadScorer *scorer, const float *scaled, float *embedding);

#endif
