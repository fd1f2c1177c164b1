/*
 * gather.h
 *	  The columns of training rows: what they hold is gathered while the rows come,
 *	  and becomes the model's encoder when all are there.
 */
#ifndef DEEPSAD_GATHER_H
#define DEEPSAD_GATHER_H

#include "access/tupdesc.h"
#include "utils/jsonb.h"

#include "binding.h"

typedef struct DeepsadGather DeepsadGather;

extern bool deepsad_gather_wanted(TupleDesc desc, Jsonb *options);
extern bool deepsad_gather_complete(TupleDesc desc, Jsonb *options, const bool *null);
extern DeepsadGather *deepsad_gather_create(MemoryContext context, TupleDesc desc, Jsonb *options,
											const bool *null, const Datum *datum, bool integer_labels);
extern DeepsadGather *deepsad_gather_create_for_model(MemoryContext context, const DsadEncoder *encoder);
extern const DeepsadColumns *deepsad_gather_columns(const DeepsadGather *gather);
extern uint32 deepsad_gather_cells(const DeepsadGather *gather);
extern void deepsad_gather_row(DeepsadGather *gather, const double *cells, int8 label);
extern void deepsad_gather_finish(DeepsadGather *gather);
extern uint32 deepsad_gather_units(const DeepsadGather *gather);
extern void deepsad_gather_source(DeepsadGather *gather, const DsadRowSource *rows, DsadRowSource *result);

#endif
