/*
 * codec_sections.h
 *	  What a model knows beside its nets, as bytes.
 */
#ifndef DSAD_CODEC_SECTIONS_H
#define DSAD_CODEC_SECTIONS_H

#include "core/model/model.h"
#include "core/model/section_frame.h"

extern void dsad_put_options(DsadWriter *w, const DsadModel *model);
extern void dsad_put_scaling(DsadWriter *w, const DsadModel *model);
extern void dsad_put_whitening(DsadWriter *w, const DsadModel *model);
extern void dsad_put_facts(DsadWriter *w, const DsadModel *model);
extern void dsad_put_calibration(DsadWriter *w, const DsadModel *model);
extern void dsad_put_trust(DsadWriter *w, const DsadModel *model);
extern void dsad_put_sketch(DsadWriter *w, const DsadModel *model);

extern DsadStatus dsad_get_options(DsadReader *r, DsadModel *model, DsadError *error);
extern DsadStatus dsad_get_scaling(DsadReader *r, DsadModel *model, DsadError *error);
extern DsadStatus dsad_get_whitening(DsadReader *r, DsadModel *model, DsadError *error);
extern DsadStatus dsad_get_facts(DsadReader *r, DsadModel *model, DsadError *error);
extern DsadStatus dsad_get_trust(DsadReader *r, DsadModel *model, DsadError *error);
extern DsadStatus dsad_get_calibration(DsadReader *r, DsadModel *model, DsadArena *arena, DsadError *error);
extern DsadStatus dsad_get_sketch(DsadReader *r, DsadModel *model, DsadArena *arena, DsadError *error);

#endif
