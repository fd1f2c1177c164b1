/*
 * input.h
 *	  Reads features and labels of whatever SQL type they come in.
 */
#ifndef DEEPSAD_INPUT_H
#define DEEPSAD_INPUT_H

#include "fmgr.h"

#include "binding.h"
#include "core/dsad.h"

typedef struct DeepsadFeatures DeepsadFeatures;

extern DeepsadFeatures *deepsad_features_create(MemoryContext context, const Oid *types,
												int arguments, bool allow_loose);
extern DeepsadFeatures *deepsad_features_of_call(FunctionCallInfo fcinfo, int first, bool allow_loose);
extern bool deepsad_features_single(const DeepsadFeatures *features);
extern bool deepsad_features_read(DeepsadFeatures *features, const NullableDatum *argument,
								  DsadRows *row, uint32 *count);
extern bool deepsad_features_null(const DeepsadFeatures *features, const NullableDatum *argument);
extern TupleDesc deepsad_features_row(DeepsadFeatures *features, const NullableDatum *argument, Datum **values, bool **nulls);
extern const double *deepsad_features_cells(DeepsadFeatures *features, const DeepsadColumns *columns,
											const NullableDatum *argument);
extern DeepsadBinding *deepsad_features_binding(const DeepsadFeatures *features);
extern bool deepsad_features_finite(const DsadRows *row, uint32 count);
DSAD_NORETURN extern void deepsad_wrong_width(uint32 count, uint32 expected);
DSAD_NORETURN extern void deepsad_features_infinite(const DsadRows *row, uint32 count);

typedef enum DeepsadLabelKind
{
	DEEPSAD_LABEL_NONE,			/* a NULL literal: every row unlabelled */
	DEEPSAD_LABEL_BOOLEAN,
	DEEPSAD_LABEL_INT2,
	DEEPSAD_LABEL_INT4,
	DEEPSAD_LABEL_INT8
} DeepsadLabelKind;

extern DeepsadLabelKind deepsad_label_kind(FunctionCallInfo fcinfo, int argno);
extern int8 deepsad_label_read(DeepsadLabelKind kind, FunctionCallInfo fcinfo, int argno);

#endif
