/*
 * model_bytes.h
 *	  Models as SQL values.
 */
#ifndef DEEPSAD_MODEL_BYTES_H
#define DEEPSAD_MODEL_BYTES_H

#include "core/dsad.h"

extern struct varlena *deepsad_model_keep(struct varlena *model, MemoryContext context);
extern void deepsad_check_group_model(struct varlena *model, struct varlena *of_group);
extern bytea *deepsad_model_encode(const DsadModel *model);
extern void deepsad_model_decode(DsadModel *model, const DsadEncoder *encoder, DsadArena *arena, DsadEnv *env,
								 MemoryContext context, bytea *bytes);
extern bool deepsad_model_try_decode(DsadModel *model, DsadArena *arena, DsadEnv *env, MemoryContext context,
									 bytea *bytes);

#endif
