/*
 * judged_rows.h
 *	  Rows that a model is judged by: what the aggregate deepsad_report keeps of them.
 */
#ifndef DEEPSAD_JUDGED_ROWS_H
#define DEEPSAD_JUDGED_ROWS_H

#include "core/dsad.h"
#include "metrics/labeled_scores.h"
#include "report/top_rows.h"
#include "rows/label.h"

#define DEEPSAD_KINDS 3			/* labels: anomaly, unlabeled, normal; DsadLabel + 1 */

/* Scores are counted in bins of an eighth of an octave, from the first one's lower end on. */
#define DEEPSAD_SCORE_BINS 1024
#define DEEPSAD_BINS_PER_OCTAVE 8
#define DEEPSAD_FIRST_OCTAVE (-64)

/* p-values at which alarms are counted. */
#define DEEPSAD_ALPHAS 7
extern const double deepsad_alphas[DEEPSAD_ALPHAS];

/* One group's state, in the aggregate's context. */
typedef struct DeepsadJudged
{
	struct varlena *stored;		/* the model as it came */
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadDecision decision;
	DsadDrift	drift;			/* counts only if the model has a sketch */
	void	   *scratch;		/* to score one row */
	char	   *name;
	DeepsadLabelKind label_kind;

	uint64		count[DEEPSAD_KINDS];
	uint64		skipped;		/* rows that are NULL */
	uint64		alarm[DEEPSAD_KINDS];	/* by the model's decision */
	uint64		at_alpha[DEEPSAD_ALPHAS][DEEPSAD_KINDS];
	uint64		bin[DEEPSAD_KINDS][DEEPSAD_SCORE_BINS];
	DeepsadLabeledScores *scores;
	DeepsadTopRows top;
} DeepsadJudged;

extern void deepsad_judged_page(StringInfo page, DeepsadJudged *judged);
extern void deepsad_judged_alarms(StringInfo page, DeepsadJudged *judged);
extern void deepsad_judged_drift(StringInfo page, DeepsadJudged *judged);

/* All rows that were judged. */
static inline uint64
deepsad_judged_count(const DeepsadJudged *judged)
{
	return judged->count[0] + judged->count[1] + judged->count[2];
}

#endif
