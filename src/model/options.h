/*
 * options.h
 *	  Training options between SQL's jsonb and the core's DsadConfig.
 */
#ifndef DEEPSAD_OPTIONS_H
#define DEEPSAD_OPTIONS_H

#include "utils/jsonb.h"

#include "core/dsad.h"

extern void deepsad_options_parse(DsadConfig *config, Jsonb *options, const DsadEncoder *encoder, uint64 rows);
DEEPSAD_NORETURN extern void deepsad_option_wrong_type(const DsadOption *option);
extern void deepsad_options_parse_update(DsadConfig *config, Jsonb *options, uint64 rows);
extern void deepsad_option_push(JsonbParseState **state, const char *key, const DsadOption *option,
								const DsadConfig *config);
extern void deepsad_options_push(JsonbParseState **state, const DsadConfig *config);

#endif
