/*
 * aggregate_call.h
 *	  What functions of aggregates must not be called without.
 */
#ifndef DEEPSAD_AGGREGATE_CALL_H
#define DEEPSAD_AGGREGATE_CALL_H

#include "fmgr.h"

extern MemoryContext deepsad_aggregate_context(FunctionCallInfo fcinfo);

#endif
