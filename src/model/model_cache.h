/*
 * model_cache.h
 *	  Models made ready for scoring, kept for the session.
 */
#ifndef DEEPSAD_MODEL_CACHE_H
#define DEEPSAD_MODEL_CACHE_H

#include "fmgr.h"

#include "core/dsad.h"

/* A call site's hold on the model it scored with last. */
typedef struct DeepsadModelRef DeepsadModelRef;

extern void deepsad_model_cache_init(void);
extern DeepsadModelRef *deepsad_model_ref_create(FunctionCallInfo fcinfo, int argno);
extern const DsadScorer *deepsad_model_ref_get(DeepsadModelRef *ref, FunctionCallInfo fcinfo);
extern void *deepsad_model_ref_scratch(const DeepsadModelRef *ref);
extern uint64 deepsad_model_ref_changes(const DeepsadModelRef *ref);
extern void deepsad_model_ref_release(DeepsadModelRef *ref);

#endif
