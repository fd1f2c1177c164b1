/*
 * waiting_rows.h
 *	  Rows that came before it was known how long their arrays are.
 */
#ifndef DEEPSAD_WAITING_ROWS_H
#define DEEPSAD_WAITING_ROWS_H

#include "rows/row_features.h"
#include "train/column_collector.h"

typedef struct DeepsadWaitingRows DeepsadWaitingRows;

/* What becomes of a row when its time has come; argument: its columns, to be read by features; hash: what it had. */
typedef void (*DeepsadWaitingRow) (void *ctx, DeepsadFeatures *features, const NullableDatum *argument, int8 label,
								   uint64 hash);

extern DeepsadWaitingRows *deepsad_waiting_create(MemoryContext context, TupleDesc row, Jsonb *options);
extern bool deepsad_waiting_add(DeepsadWaitingRows *waiting, TupleDesc row, const Datum *values, const bool *nulls,
								int8 label, uint64 hash, Jsonb *options);
extern DeepsadColumnCollector *deepsad_waiting_columns(const DeepsadWaitingRows *waiting, MemoryContext parent,
													   Jsonb *options, const bool *asked);
extern void deepsad_waiting_replay(DeepsadWaitingRows *waiting, DeepsadWaitingRow row, void *ctx);
extern void deepsad_waiting_end(DeepsadWaitingRows *waiting);

#endif
