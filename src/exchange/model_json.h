/*
 * model_json.h
 *	  What a model holds beside its numbers, as JSON; what safetensors files, ONNX's metadata
 *	  and deepsad_export_json have in common.
 */
#ifndef DEEPSAD_MODEL_JSON_H
#define DEEPSAD_MODEL_JSON_H

#include "exchange/json_parts.h"

extern void deepsad_json_columns(StringInfo out, const DsadEncoder *encoder);
extern void deepsad_json_left_out(StringInfo out, const DsadEncoder *encoder);
extern void deepsad_json_options(StringInfo out, const DsadConfig *config);
extern void deepsad_json_given(StringInfo out, const DsadConfig *config);
extern void deepsad_json_facts(StringInfo out, const DsadFacts *facts);
extern void deepsad_json_trust(StringInfo out, const DsadTrust *trust);
extern void deepsad_json_member(StringInfo out, const DsadMember *member);
extern void deepsad_json_threshold(StringInfo out, const DsadModel *model);

extern void deepsad_read_columns(DsadEncoder *encoder, DsadArena *arena, JsonbContainer *columns);
extern void deepsad_read_left_out(DsadEncoder *encoder, DsadArena *arena, JsonbContainer *left_out);
extern void deepsad_read_facts(DsadFacts *facts, JsonbContainer *object);
extern void deepsad_read_trust(DsadTrust *trust, JsonbContainer *object);
extern void deepsad_read_member(DsadMember *member, JsonbContainer *object);

#endif
