/*
 * column_text.h
 *	  A model's columns and their values, for people.
 */
#ifndef DEEPSAD_COLUMN_TEXT_H
#define DEEPSAD_COLUMN_TEXT_H

#include "core/dsad.h"

extern char *deepsad_column_label(const DsadEncoder *encoder, uint32 column);
extern char *deepsad_cells_text(const DsadColumn *column, const double *cells);
extern char *deepsad_column_expected(const DsadEncoder *encoder, uint32 column, const double *mean);
extern char *deepsad_unit_label(const DsadEncoder *encoder, uint32 unit);
extern const char *deepsad_kind_name(const DsadColumn *column);

#endif
