/*
 * rowstore.h
 *	  Keeps training rows until the final function trains on them.
 */
#ifndef DEEPSAD_ROWSTORE_H
#define DEEPSAD_ROWSTORE_H

#include "core/dsad.h"

typedef struct DeepsadRowStore DeepsadRowStore;

extern DeepsadRowStore *deepsad_rowstore_create(MemoryContext parent, bool single);
extern void deepsad_rowstore_add(DeepsadRowStore *store, const DsadRows *values, uint32 features,
								 int8 label);
extern void deepsad_rowstore_source(DeepsadRowStore *store, DsadRowSource *source);
extern uint64 deepsad_rowstore_count(const DeepsadRowStore *store);
extern void deepsad_rowstore_free(DeepsadRowStore *store);

#endif
