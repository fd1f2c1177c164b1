/*
 * column_text.h
 *	  A model's columns and their values, for people.
 */
#ifndef DEEPSAD_COLUMN_TEXT_H
#define DEEPSAD_COLUMN_TEXT_H

#include "core/dsad.h"

extern char *deepsad_column_sql(const DsadEncoder *encoder, uint32 column);
extern char *deepsad_column_label(const DsadEncoder *encoder, uint32 column);
extern char *deepsad_cells_text(const DsadColumn *column, const double *cells);
extern char *deepsad_column_expected(const DsadEncoder *encoder, uint32 column, const double *mean);
extern char *deepsad_summary_label(const DsadEncoder *encoder, uint32 number);
extern char *deepsad_feature_label(const DsadEncoder *encoder, uint32 feature);
extern char *deepsad_encoding_text(const DsadEncoder *encoder, uint32 column);
extern char *deepsad_numbers_text(const DsadRows *row, uint32 first, uint32 count);
extern const char *deepsad_left_out_text(DsadLeftOutReason reason, DsadBytes other);

#endif
