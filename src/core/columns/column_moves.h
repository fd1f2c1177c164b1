/*
 * column_moves.h
 *	  Which columns of the training rows move with an instant or a serial number, and so
 *	  cannot mean the same tomorrow.
 */
#ifndef DSAD_COLUMN_MOVES_H
#define DSAD_COLUMN_MOVES_H

#include "core/columns/column_rules.h"
#include "core/columns/move_sample.h"

/* So many rows, chosen by their content, are enough to see what moves with what. */
#define DSAD_MOVE_ROWS 1000

extern bool dsad_column_moves_want_rows(const DsadEncoder *draft, const DsadCandidate *candidate);
extern DsadStatus dsad_column_moves(const DsadEncoder *draft, DsadCandidate *candidate, const double *cells,
									const double *digits, uint32_t rows, const DsadEnv *env, DsadError *error);

/* Inside: which columns are compared, and what becomes of them. */
extern bool dsad_is_measured(const DsadColumn *column, const DsadCandidate *candidate);
extern bool dsad_is_text(const DsadColumn *column, const DsadCandidate *candidate);
extern void dsad_moves_with(DsadCandidate *one, uint32_t clock);
extern DsadStatus dsad_judge_parts(DsadMoveSample *sample, DsadCandidate *candidate, uint32_t clock, const DsadEnv *env,
								   DsadError *error);

#endif
