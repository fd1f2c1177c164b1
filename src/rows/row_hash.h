/*
 * row_hash.h
 *	  Hashes of rows' content, for digests.
 */
#ifndef DEEPSAD_ROW_HASH_H
#define DEEPSAD_ROW_HASH_H

#include "core/rows.h"
#include "rows/row_content.h"

typedef struct DeepsadRowHash DeepsadRowHash;

extern DeepsadRowHash *deepsad_row_hash_create(MemoryContext context);
extern uint64 deepsad_row_hash_array(DeepsadRowHash *hash, const DsadRows *row, uint32 count, DsadShape shape);
extern uint64 deepsad_row_hash_record(DeepsadRowHash *hash, Datum record);
extern uint64 deepsad_row_hash_columns(DeepsadRowHash *hash, TupleDesc desc, const NullableDatum *value);

#endif
