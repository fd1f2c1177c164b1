/*
 * pixels.h
 *	  Pictures as inline SVG.
 */
#ifndef DEEPSAD_PIXELS_H
#define DEEPSAD_PIXELS_H

#include "core/dsad.h"
#include "report/html.h"

extern void deepsad_report_mean_pictures(StringInfo page, const DsadModel *model);
extern void deepsad_top_pictures(StringInfo page, const DsadEncoder *encoder, const DsadRows *row, const double *part);

#endif
