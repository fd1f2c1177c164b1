/*
 * column_collector.h
 *	  The columns of training rows: from the first row's type to the model's encoder.
 */
#ifndef DEEPSAD_COLUMN_COLLECTOR_H
#define DEEPSAD_COLUMN_COLLECTOR_H

#include "rows/column_binding.h"
#include "train/column_draft.h"
#include "train/column_report.h"

typedef struct DeepsadColumnCollector DeepsadColumnCollector;

extern DeepsadColumnCollector *deepsad_columns_of_row(MemoryContext parent, TupleDesc row, Jsonb *options,
													  const Datum *values, const bool *nulls, const bool *asked);
extern DeepsadColumnCollector *deepsad_columns_of_array(MemoryContext parent, uint32 elements, DsadShape shape);
extern DeepsadColumnCollector *deepsad_columns_of_model(MemoryContext parent, bytea *model);
extern const DeepsadColumns *deepsad_columns_reading(const DeepsadColumnCollector *collector);
extern const DsadEncoder *deepsad_columns_encoder(const DeepsadColumnCollector *collector);
extern void deepsad_columns_add(DeepsadColumnCollector *collector, const double *cells, int8 label);
extern void deepsad_columns_add_array(DeepsadColumnCollector *collector, const DsadRows *row, int8 label);
extern bool deepsad_columns_finish(DeepsadColumnCollector *collector, const DsadRowSource *rows,
								   DeepsadColumnReport *report);
extern bool deepsad_columns_wide(const DeepsadColumnCollector *collector);
extern Size deepsad_columns_memory(const DeepsadColumnCollector *collector);
extern void deepsad_columns_source(DeepsadColumnCollector *collector, const DsadRowSource *rows, DsadRowSource *result);

#endif
