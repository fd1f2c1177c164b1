/*
 * drift.h
 *	  How later rows differ from those of the training.
 */
#ifndef DSAD_DRIFT_H
#define DSAD_DRIFT_H

#include "core/score/scorer.h"

#define DSAD_DRIFT_BINS 20		/* of p-values */

/* Rows counted against a model's sketch and calibration. */
typedef struct DsadDrift
{
	const DsadModel *model;
	DsadScorer *scorer;
	uint64_t	rows;
	uint32_t	summaries;		/* numbers that are looked at */
	double	   *summary;		/* the last row's */
	uint64_t   *count;			/* (summaries, DSAD_SKETCH_CELLS) */
	double		bin[DSAD_DRIFT_BINS];
	double	   *pvalue;			/* DSAD_MAX_MEMBERS */
} DsadDrift;

/* How two distributions differ. */
typedef struct DsadShift
{
	double		psi;			/* population stability index */
	double		psi_by_chance;	/* about what it is when nothing has changed */
	double		ks;				/* largest difference of cumulative shares */
	double		chance;			/* at most, of so large a ks anywhere when nothing has changed */
	bool		shifted;
} DsadShift;

extern DsadStatus dsad_drift_start(DsadDrift *drift, DsadArena *arena, const DsadModel *model, DsadError *error);
extern bool dsad_drift_add(DsadDrift *drift, const DsadRows *row, void *scratch, double *score);
extern void dsad_drift_feature(const DsadDrift *drift, uint32_t j, DsadShift *shift);
extern bool dsad_drift_score(const DsadDrift *drift, DsadShift *shift);

#endif
