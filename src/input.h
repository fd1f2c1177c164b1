/*
 * input.h
 *	  Reads features and labels of whatever SQL type they come in.
 */
#ifndef DEEPSAD_INPUT_H
#define DEEPSAD_INPUT_H

#include "fmgr.h"

typedef struct DeepsadFeatures DeepsadFeatures;

extern DeepsadFeatures *deepsad_features_create(FunctionCallInfo fcinfo, int first, bool allow_loose);
extern bool deepsad_features_single(const DeepsadFeatures *features);
extern bool deepsad_features_read(DeepsadFeatures *features, FunctionCallInfo fcinfo,
								  const double **values, uint32 *count);

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
