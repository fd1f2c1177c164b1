/*
 * encoder.h
 *	  Encoders within the core: their bytes, and copies of them.
 */
#ifndef DSAD_ENCODER_H
#define DSAD_ENCODER_H

#include "bytes.h"

/* Limits that a reader of bytes relies on. */
#define DSAD_MAX_NAME 1024		/* bytes of a column's or type's name */

extern void dsad_put_encoder(DsadWriter *w, const DsadEncoder *encoder);
extern DsadStatus dsad_encoder_read(DsadEncoder **encoder, DsadArena *arena, const uint8_t *bytes,
									size_t length, DsadError *error);
extern bool dsad_encoder_counts(const DsadEncoder *encoder, uint32_t feature);

#endif
