/*
 * calibration_scores.h
 *	  Scores of fresh rows, as many as there are.
 */
#ifndef DEEPSAD_CALIBRATION_SCORES_H
#define DEEPSAD_CALIBRATION_SCORES_H

#include "utils/tuplesort.h"

/* A score, and how many rows have it. */
typedef struct DeepsadScore
{
	double		score;
	uint64		count;
} DeepsadScore;

typedef struct DeepsadScores
{
	MemoryContext context;
	bool		bounded;		/* many scores are in a sort, which may go to a file */
	DeepsadScore *score;		/* before */
	uint32		entries;
	uint32		room;
	Tuplesortstate *sort;		/* NULL = all are in memory */
	uint64		rows;
} DeepsadScores;

extern void deepsad_scores_init(DeepsadScores *scores, MemoryContext context, bool bounded);
extern void deepsad_scores_add(DeepsadScores *scores, double score, uint64 count);
extern uint32 deepsad_scores_sample(DeepsadScores *scores, int64 seed, double *sample, uint32 most);
extern void deepsad_scores_end(DeepsadScores *scores);

#endif
