/*
 * scorer_conv.h
 *	  The convolutions of a scorer.
 */
#ifndef DSAD_SCORER_CONV_H
#define DSAD_SCORER_CONV_H

#include "core/kernel/kernel.h"

/* What the modules of all members have in common; no module in networks without convolutions. */
typedef struct DsadScorerConv
{
	uint32_t	modules;
	uint32_t	inputs;			/* of a row, the picture among them */
	DsadPicture picture;
	size_t		dense;			/* inputs of the dense layers */
	size_t		planes;			/* floats of the largest module's input */
	size_t		maps;			/* floats of the largest module's output */
	DsadConvPlan plan[DSAD_MAX_CONVS];
} DsadScorerConv;

/* One member's module. */
typedef struct DsadPackedConv
{
	const float *weight;		/* (plan->out / DSAD_CONV_BLOCK, taps, DSAD_CONV_BLOCK) */
	const float *bias;			/* plan->out */
} DsadPackedConv;

extern DsadStatus dsad_scorer_conv_plan(DsadScorerConv *conv, DsadArena *arena, const DsadModel *model,
										DsadError *error);
extern DsadStatus dsad_scorer_conv_pack(DsadPackedConv *packed, const DsadScorerConv *conv, DsadArena *arena,
										const DsadModel *model, const DsadMember *member, DsadError *error);
extern void dsad_scorer_conv_run(const DsadScorerConv *conv, const DsadPackedConv *packed, const DsadKernel *kernel,
								 const float *scaled, float *planes, float *maps, float *dense);
extern void dsad_conv_other_inputs(const DsadPicture *picture, uint32_t inputs, const float *row, float *others);

#endif
