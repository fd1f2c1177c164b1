/*
 * order.h
 *	  An order of the rows that depends on their content alone.
 */
#ifndef DSAD_ORDER_H
#define DSAD_ORDER_H

#include "core/train/dataset.h"

extern uint64_t dsad_canonical_hash(const DsadRowSource *rows, const double *raw, int8_t label);
extern DsadStatus dsad_canonical_order(uint32_t *order, const DsadEnv *env,
									   const DsadRowSource *rows, DsadError *error);

#endif
