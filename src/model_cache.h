/*
 * model_cache.h
 *	  Bytes of a model to a scorer, once per call site rather than per row.
 */
#ifndef DEEPSAD_MODEL_CACHE_H
#define DEEPSAD_MODEL_CACHE_H

#include "fmgr.h"

#include "core/dsad.h"

typedef struct DeepsadModelCache DeepsadModelCache;

extern DeepsadModelCache *deepsad_model_cache_create(FunctionCallInfo fcinfo, int argno);
extern DsadScorer *deepsad_model_cache_get(DeepsadModelCache *cache, FunctionCallInfo fcinfo);
extern void deepsad_model_decode(DsadModel *model, DsadArena *arena, const DsadEnv *env, bytea *bytes);

#endif
