/*
 * scorer.h
 *	  Scores rows with a trained model.
 */
#ifndef DSAD_SCORER_H
#define DSAD_SCORER_H

#include "core/kernel/kernel.h"
#include "core/rows.h"

/* A model made ready for scoring: BatchNorm folded, weights padded and aligned. */
typedef struct DsadScorer DsadScorer;

extern DsadStatus dsad_scorer_create(DsadScorer **scorer, DsadArena *arena, const DsadModel *model,
									 const DsadKernel *kernel, DsadError *error);
extern uint32_t dsad_scorer_features(const DsadScorer *scorer);
extern const double *dsad_scorer_expected(const DsadScorer *scorer);
extern const DsadEncoder *dsad_scorer_encoder(const DsadScorer *scorer);
extern uint32_t dsad_scorer_embedding_size(const DsadScorer *scorer);

/* Rows that one call should score at most, so that a poll comes every few milliseconds. */
extern size_t dsad_scorer_poll_rows(const DsadScorer *scorer);

extern size_t dsad_scorer_scratch(const DsadScorer *scorer, size_t count);

/* Scores (count); their bits do not depend on count. */
extern size_t dsad_score(const DsadScorer *scorer, const DsadRows *rows, void *scratch, double *scores);

/* One row's embedding: members x latent floats whose squared length is the score. */
extern bool dsad_embed(const DsadScorer *scorer, const DsadRows *row, void *scratch, float *embedding);

#endif
