/*
 * sql_features.h
 *	  A model's cells and features as SQL expressions.
 */
#ifndef DEEPSAD_SQL_FEATURES_H
#define DEEPSAD_SQL_FEATURES_H

#include "lib/stringinfo.h"

#include "core/dsad.h"

extern char *deepsad_sql_text(DsadBytes text);
extern const char *deepsad_sql_type(const DsadColumn *column);
extern const char *deepsad_sql_cell_type(const DsadColumn *column);
extern void deepsad_sql_number(StringInfo out, double number);
extern void deepsad_sql_cell(StringInfo out, const DsadEncoder *encoder, uint32 column, uint32 cell, const char *value);
extern void deepsad_sql_input(StringInfo out, const DsadModel *model, uint32 input, const char *prefix);

#endif
