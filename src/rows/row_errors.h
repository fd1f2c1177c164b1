/*
 * row_errors.h
 *	  Whether an array is what a model was trained on, and the errors of rows that are not.
 */
#ifndef DEEPSAD_ROW_ERRORS_H
#define DEEPSAD_ROW_ERRORS_H

#include "rows/picture.h"

/* Whether an array of this shape is what the encoder's column is, or all elements of several side by side. */
static inline bool
deepsad_fits_shape(const DsadEncoder *encoder, const DsadShape *shape)
{
	return encoder->columns == 1 ? deepsad_same_shape(shape, &encoder->column[0].shape) : shape->channels == 0;
}

DEEPSAD_NORETURN extern void deepsad_features_infinite(const DsadRows *row, uint32 count);
extern void deepsad_cell_infinite(const DsadEncoder *encoder, const double *cells);
extern void deepsad_check_array(const DsadEncoder *encoder, uint32 count, const DsadShape *shape);

#endif
