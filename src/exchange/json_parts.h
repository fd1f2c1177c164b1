/*
 * json_parts.h
 *	  Numbers, texts and names in JSON: written with a stable form, read from jsonb that
 *	  nobody vouches for.
 */
#ifndef DEEPSAD_JSON_PARTS_H
#define DEEPSAD_JSON_PARTS_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include "core/dsad.h"

extern void deepsad_json_text(StringInfo out, DsadBytes text);
extern void deepsad_json_string(StringInfo out, const char *string);
extern void deepsad_json_double(StringInfo out, double number);
extern void deepsad_json_bool(StringInfo out, bool truth);
extern void deepsad_json_key(StringInfo out, const char *key);

extern Jsonb *deepsad_json_parse(const char *text);
extern JsonbContainer *deepsad_json_container(const JsonbValue *value, bool array, const char *what);
extern JsonbValue *deepsad_json_find(JsonbContainer *object, const char *key);
extern DsadBytes deepsad_json_get_text(JsonbContainer *object, const char *key, uint32 most);
extern DsadBytes deepsad_json_read_text(const JsonbValue *value, uint32 most, const char *what);
extern int64 deepsad_json_read_int(const JsonbValue *value, int64 least, int64 most, const char *what);
extern int64 deepsad_json_get_int(JsonbContainer *object, const char *key, int64 least, int64 most, int64 absent);
extern bool deepsad_json_get_bool(JsonbContainer *object, const char *key);
extern double deepsad_json_get_double(JsonbContainer *object, const char *key, double absent);
extern int	deepsad_json_get_name(JsonbContainer *object, const char *key, const char *const *names, int count);

DEEPSAD_NORETURN extern void deepsad_file_invalid(const char *format, ...) pg_attribute_printf(1, 2);

#endif
