/*
 * member_codec.h
 *	  Members within a model's bytes.
 */
#ifndef DSAD_MEMBER_CODEC_H
#define DSAD_MEMBER_CODEC_H

#include "core/model/codec_sections.h"

extern size_t dsad_member_section(const DsadModel *model);
extern void dsad_put_member(DsadWriter *w, const DsadModel *model, const DsadMember *member);
extern void dsad_put_history(DsadWriter *w, const DsadModel *model);
extern DsadStatus dsad_get_member(DsadReader *r, const DsadModel *model, DsadMember *member, DsadError *error);
extern DsadStatus dsad_get_history(DsadReader *r, DsadModel *model, DsadArena *arena, DsadError *error);

/* One member alone, without checksum or version: between processes of one training. */
extern size_t dsad_member_size(const DsadModel *model);
extern size_t dsad_member_encode(const DsadModel *model, uint32_t member, const DsadEnv *env, uint8_t *bytes,
								 size_t room);
extern DsadStatus dsad_member_decode(DsadModel *model, uint32_t member, const DsadEnv *env,
									 const uint8_t *bytes, size_t length, DsadError *error);

#endif
