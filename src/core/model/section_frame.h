/*
 * section_frame.h
 *	  Sections of a model's bytes.
 */
#ifndef DSAD_SECTION_FRAME_H
#define DSAD_SECTION_FRAME_H

#include "core/model/bytes.h"

extern size_t dsad_begin_section(DsadWriter *w, const char *tag);
extern void dsad_end_section(DsadWriter *w, size_t start);

extern DsadStatus dsad_find_section(DsadReader *r, const char *tag, DsadReader *body, DsadError *error);
extern DsadStatus dsad_finish_section(const DsadReader *body, const char *tag, DsadError *error);
extern DsadStatus dsad_end_sections(DsadReader *r, DsadError *error);
extern DsadStatus dsad_corrupt(DsadError *error, const char *what);
extern DsadStatus dsad_newer(const DsadReader *r, DsadError *error);

#endif
