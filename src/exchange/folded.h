/*
 * folded.h
 *	  A model's nets as programs without BatchNorm compute them: out = leaky(in * weight + bias).
 */
#ifndef DEEPSAD_FOLDED_H
#define DEEPSAD_FOLDED_H

#include "core/dsad.h"

extern void deepsad_decode_for_export(DsadModel *model, DsadArena *arena, DsadEnv *env, bytea *bytes);
extern void deepsad_fold_layer(const DsadModel *model, int m, uint32 l, float *weight, float *bias);
extern void deepsad_fold_conv(const DsadModel *model, int m, uint32 c, float *weight, float *bias);
extern double deepsad_member_divisor(const DsadModel *model, int m);
extern double deepsad_input_factor(const DsadModel *model);

#endif
