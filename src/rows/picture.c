/*
 * picture.c
 *	  The shapes of pictures: height x width, or channels x height x width, in the order in which
 *	  PostgreSQL keeps an array.  One channel is the same as none.
 */
#include "pg/pg_compat.h"

#include "rows/picture.h"

/* The shape of an array with such dimensions: none of one dimension.  False when there are too many. */
bool
deepsad_picture_shape(int dimensions, const int *length, DsadShape *shape)
{
	*shape = (DsadShape) {0, 0, 0};
	if (dimensions == 2)
		*shape = (DsadShape) {1, (uint32) length[0], (uint32) length[1]};
	else if (dimensions == 3)
		*shape = (DsadShape) {(uint32) length[0], (uint32) length[1], (uint32) length[2]};
	return dimensions <= 3;
}

/* A picture's shape for people. */
char *
deepsad_shape_sides(const DsadShape *shape)
{
	return shape->channels == 1 ? psprintf("%u x %u", shape->height, shape->width) :
								  psprintf("%u x %u x %u", shape->channels, shape->height, shape->width);
}

/* A shape for people; of a flat array, how many elements it has. */
char *
deepsad_shape_text(const DsadShape *shape, uint32 count)
{
	return shape->channels > 0 ? psprintf("%s elements", deepsad_shape_sides(shape)) :
		   count == 1		   ? pstrdup("1 element") :
								 psprintf("%u elements", count);
}

static bool
is_color(uint32 length)
{
	return length == 1 || length == 3 || length == 4;
}

/* Whether it looks as if a picture's channels came last. */
bool
deepsad_channels_last(const DsadShape *shape)
{
	return is_color(shape->width) && shape->channels > 0 && !is_color(shape->channels);
}

/* For ereport: a hint, if channels seem to come last. */
int
deepsad_shape_hint(const DsadShape *shape)
{
	return deepsad_channels_last(shape) ? errhint("Channels come first: channels x height x width.") : 0;
}
