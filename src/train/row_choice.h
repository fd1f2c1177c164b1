/*
 * row_choice.h
 *	  Training rows that are kept: all, or a uniform sample, which does not depend on the order in which
 *	  they come.
 */
#ifndef DEEPSAD_ROW_CHOICE_H
#define DEEPSAD_ROW_CHOICE_H

#include "train/rowstore.h"

typedef struct DeepsadRowChoice DeepsadRowChoice;

extern DeepsadRowChoice *deepsad_choice_create(MemoryContext context, bool single, uint64 max_rows, int64 seed);
extern DeepsadRowStore *deepsad_choice_store(const DeepsadRowChoice *choice);
extern uint64 deepsad_choice_seen(const DeepsadRowChoice *choice);
extern void deepsad_choice_add(DeepsadRowChoice *choice, const DsadRows *values, uint32 features, int8 label,
							   uint64 hash);
extern DeepsadRowStore *deepsad_choice_finish(DeepsadRowChoice *choice);
extern void deepsad_choice_end(DeepsadRowChoice *choice);

#endif
