/*
 * row_features.h
 *	  One row's features of whatever SQL type they come in.
 */
#ifndef DEEPSAD_ROW_FEATURES_H
#define DEEPSAD_ROW_FEATURES_H

#include "fmgr.h"

#include "rows/column_binding.h"
#include "rows/row_errors.h"

/* How the features of a call site are read. */
typedef struct DeepsadFeatures DeepsadFeatures;

extern DeepsadFeatures *deepsad_features_create(MemoryContext context, const Oid *types, int arguments,
												bool allow_loose);
extern DeepsadFeatures *deepsad_features_of_call(FunctionCallInfo fcinfo, int first, bool allow_loose);
extern DeepsadFeatures *deepsad_features_of_columns(MemoryContext context, TupleDesc desc);
extern bool deepsad_features_null(const DeepsadFeatures *features, const NullableDatum *argument);

/* For an encoder. */
extern const double *deepsad_features_cells(DeepsadFeatures *features, const DeepsadColumns *columns,
											const NullableDatum *argument);
extern void deepsad_features_read(DeepsadFeatures *features, const DeepsadColumns *columns,
								  const NullableDatum *argument, DsadRows *row);
extern char *deepsad_features_text(DeepsadFeatures *features, const DsadEncoder *encoder, uint32 column);

/* Where there is none yet. */
extern bool deepsad_features_are_array(const DeepsadFeatures *features);
extern bool deepsad_features_single(const DeepsadFeatures *features);
extern TupleDesc deepsad_features_desc(const DeepsadFeatures *features);
extern uint32 deepsad_features_numbers(DeepsadFeatures *features, const NullableDatum *argument, DsadRows *row,
									   DsadShape *shape);
extern void deepsad_features_row(DeepsadFeatures *features, const NullableDatum *argument, DeepsadRowType *type,
								 Datum **values, bool **nulls);

#endif
