/*
 * encoder_codec.h
 *	  An encoder as bytes.
 */
#ifndef DSAD_ENCODER_CODEC_H
#define DSAD_ENCODER_CODEC_H

#include "core/model/bytes.h"
#include "core/model/encoder.h"

extern void dsad_put_encoder(DsadWriter *w, const DsadEncoder *encoder);
extern DsadStatus dsad_encoder_read(DsadEncoder **encoder, DsadArena *arena, const uint8_t *bytes,
									size_t length, DsadError *error);

#endif
