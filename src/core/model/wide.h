/*
 * wide.h
 *	  Defaults for rows that are one long array.
 */
#ifndef DSAD_WIDE_H
#define DSAD_WIDE_H

#include "core/model/encoder.h"

extern bool dsad_is_wide(const DsadEncoder *encoder);
extern void dsad_wide_defaults(DsadConfig *config, const DsadEncoder *encoder);

#endif
