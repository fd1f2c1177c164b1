/*
 * set_result.h
 *	  Functions that return a materialized set of rows.
 */
#ifndef DEEPSAD_SET_RESULT_H
#define DEEPSAD_SET_RESULT_H

#include "fmgr.h"

#include "access/tupdesc.h"
#include "utils/tuplestore.h"

extern Tuplestorestate *deepsad_set_begin(FunctionCallInfo fcinfo, TupleDesc *desc);

#endif
