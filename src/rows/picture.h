/*
 * picture.h
 *	  Arrays of two or three dimensions.
 */
#ifndef DEEPSAD_PICTURE_H
#define DEEPSAD_PICTURE_H

#include "core/dsad.h"

extern bool deepsad_picture_shape(int dimensions, const int *length, DsadShape *shape);
extern char *deepsad_shape_sides(const DsadShape *shape);
extern char *deepsad_shape_text(const DsadShape *shape, uint32 count);
extern bool deepsad_channels_last(const DsadShape *shape);
extern int	deepsad_shape_hint(const DsadShape *shape);

/* Whether two arrays are of one shape; both may be none. */
static inline bool
deepsad_same_shape(const DsadShape *a, const DsadShape *b)
{
	return a->channels == b->channels && a->height == b->height && a->width == b->width;
}

#endif
