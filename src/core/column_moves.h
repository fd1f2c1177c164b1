/*
 * column_moves.h
 *	  Which columns of the training rows move with an instant or a serial number, and so
 *	  cannot mean the same tomorrow.
 */
#ifndef DSAD_COLUMN_MOVES_H
#define DSAD_COLUMN_MOVES_H

#include "column_rules.h"

/* So many rows, chosen by their content, are enough to see what moves with what. */
#define DSAD_MOVE_ROWS 1000

extern bool dsad_column_moves_want_rows(const DsadEncoder *draft, const DsadCandidate *candidate);
extern DsadStatus dsad_column_moves(const DsadEncoder *draft, DsadCandidate *candidate, const double *cells,
									uint32_t rows, const DsadEnv *env, DsadError *error);

#endif
