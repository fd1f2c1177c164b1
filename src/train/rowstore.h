/*
 * rowstore.h
 *	  Keeps training rows until the final function trains on them: in memory as
 *	  long as all stores of this backend fit their budget, then in temporary files.
 */
#ifndef DEEPSAD_ROWSTORE_H
#define DEEPSAD_ROWSTORE_H

#include "core/dsad.h"

typedef struct DeepsadRowStore DeepsadRowStore;

extern DeepsadRowStore *deepsad_rowstore_create(MemoryContext parent, bool single);
extern void deepsad_rowstore_picture(DeepsadRowStore *store, uint32 first, uint32 pixels);
extern void deepsad_rowstore_add(DeepsadRowStore *store, const DsadRows *values, uint32 features,
								 int8 label);
extern void deepsad_rowstore_put(DeepsadRowStore *store, const DsadRows *values, uint64 slot, int8 label);
extern void deepsad_rowstore_check(const DeepsadRowStore *store, uint32 features);
extern DeepsadRowStore *deepsad_rowstore_like(const DeepsadRowStore *store);
extern void deepsad_rowstore_source(DeepsadRowStore *store, DsadRowSource *source);
extern uint64 deepsad_rowstore_count(const DeepsadRowStore *store);
extern Size deepsad_rowstore_memory(const DeepsadRowStore *store);
extern uint64 deepsad_rowstore_bytes(const DeepsadRowStore *store);
extern void deepsad_rowstore_spill(DeepsadRowStore *store);
extern const char *deepsad_rowstore_last(const DeepsadRowStore *store, Size *bytes);
extern void deepsad_rowstore_reorder(DeepsadRowStore *store, void (*next)(void *ctx, char *row), void *ctx);
extern void deepsad_rowstore_make_room(Size size, const DeepsadRowStore *keep);
extern void deepsad_rowstore_free(DeepsadRowStore *store);

#endif
