/*
 * codec.h
 *	  A model as bytes.
 */
#ifndef DSAD_CODEC_H
#define DSAD_CODEC_H

#include "core/model/model.h"

extern size_t dsad_model_size(const DsadModel *model);
extern DsadStatus dsad_model_encode(const DsadModel *model, const DsadEnv *env, size_t prefix, uint8_t **bytes,
									size_t *length, DsadError *error);
extern DsadStatus dsad_model_decode(DsadModel *model, DsadArena *arena, const uint8_t *bytes, size_t length,
									DsadError *error);
extern DsadStatus dsad_model_decode_encoder(const DsadEncoder **encoder, DsadArena *arena, const uint8_t *bytes,
											size_t length, DsadError *error);
extern DsadStatus dsad_model_decode_rest(DsadModel *model, const DsadEncoder *encoder, DsadArena *arena,
										 DsadArena *members, const uint8_t *bytes, size_t length,
										 DsadError *error);
extern DsadStatus dsad_model_decode_for_scoring(DsadModel *model, DsadArena *arena, DsadArena *members,
												const uint8_t *bytes, size_t length, DsadError *error);

#endif
