/*
 * jsonb_build.h
 *	  Small helpers to build jsonb objects.
 */
#ifndef DEEPSAD_JSONB_BUILD_H
#define DEEPSAD_JSONB_BUILD_H

#include "utils/jsonb.h"

extern void deepsad_push_key(JsonbParseState **state, const char *key);
extern void deepsad_push_int(JsonbParseState **state, const char *key, int64 value);
extern void deepsad_push_float(JsonbParseState **state, const char *key, double value);
extern void deepsad_push_rounded(JsonbParseState **state, const char *key, double value);
extern void deepsad_push_string(JsonbParseState **state, const char *key, const char *value);
extern void deepsad_push_bool(JsonbParseState **state, const char *key, bool value);

#endif
