/*
 * encoder_codec.h
 *	  An encoder as bytes.
 */
#ifndef DSAD_ENCODER_CODEC_H
#define DSAD_ENCODER_CODEC_H

#include "core/model/model.h"
#include "core/model/section_frame.h"

extern void dsad_put_encoder(DsadWriter *w, const DsadModel *model);
extern DsadStatus dsad_get_encoder(DsadReader *r, DsadModel *model, DsadArena *arena, DsadError *error);

#endif
