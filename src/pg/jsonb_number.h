/*
 * jsonb_number.h
 *	  Numbers of jsonb as C has them.
 */
#ifndef DEEPSAD_JSONB_NUMBER_H
#define DEEPSAD_JSONB_NUMBER_H

#include "utils/jsonb.h"

extern bool deepsad_jsonb_is_integer(const JsonbValue *value);
extern bool deepsad_jsonb_int64(const JsonbValue *number, int64 *result);
extern double deepsad_jsonb_double(const JsonbValue *number);

#endif
