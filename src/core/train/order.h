/*
 * order.h
 *	  An order of the rows that depends on their content alone.
 */
#ifndef DSAD_ORDER_H
#define DSAD_ORDER_H

#include "core/train/dataset.h"

extern DsadStatus dsad_canonical_order(uint32_t *order, const DsadEnv *env,
									   const DsadRowSource *rows, DsadError *error);

#endif
