/*
 * label.h
 *	  Labels of whatever SQL type they come in.
 */
#ifndef DEEPSAD_LABEL_H
#define DEEPSAD_LABEL_H

#include "core/dsad.h"

typedef enum DeepsadLabelKind
{
	DEEPSAD_LABEL_NONE,			/* a NULL literal: every row unlabeled */
	DEEPSAD_LABEL_BOOLEAN,
	DEEPSAD_LABEL_INT2,
	DEEPSAD_LABEL_INT4,
	DEEPSAD_LABEL_INT8
} DeepsadLabelKind;

extern DeepsadLabelKind deepsad_label_kind(Oid type, bool is_null);
extern int8 deepsad_label_read(DeepsadLabelKind kind, const NullableDatum *label);

#endif
