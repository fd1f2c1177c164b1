/*
 * row_errors.c
 *	  The errors of rows that are not what a model was trained on, or hold infinite numbers.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "rows/column_text.h"
#include "rows/value_reader.h"
#include "rows/row_errors.h"

/* Raises the error of a number that is infinite, in a row of an array's elements. */
void
deepsad_features_infinite(const DsadRows *row, uint32 count)
{
	uint32		i = 0;

	while (i + 1 < count && !isinf(dsad_row_number(row, i)))
		i++;
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("feature %u is infinite, or beyond the range of double precision", i + 1),
			 errhint("Use NULL for a missing value.")));
}

/* Raises the error of a row with an infinite cell. */
void
deepsad_cell_infinite(const DsadEncoder *encoder, const double *cells)
{
	for (uint32 c = 0; c < encoder->columns && !dsad_encoder_is_array(encoder); c++)
		for (uint32 i = 0; i < encoder->column[c].cells; i++)
			if (isinf(cells[encoder->column[c].first_cell + i]))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("column %s is infinite, or beyond the range of double precision",
								deepsad_column_label(encoder, c)),
						 errhint("Use NULL for a missing value.")));
	deepsad_features_infinite(&(DsadRows) {cells, 1, false}, encoder->cells);
}

/* An array of so many numbers, of this shape, must be what the encoder's columns are. */
void
deepsad_check_array(const DsadEncoder *encoder, uint32 count, const DsadShape *shape)
{
	static const DsadShape flat = {0, 0, 0};
	uint32		c = 0;

	while (!encoder->numeric && encoder->column[c].encoding == DSAD_ENCODING_NUMBER &&
		   encoder->column[c].type != DSAD_TYPE_INTERVAL)
		c++;
	if (!encoder->numeric)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("features are an array, the model was trained on rows"),
				 errdetail("Column %s is of type %s.", deepsad_column_label(encoder, c),
						   deepsad_utf8_text(&encoder->column[c].type_name)),
				 errhint("Give a row, deepsad_score(model, t) FROM t, or loose columns.")));
	if (!deepsad_fits_shape(encoder, shape))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("array has %s, the model was trained on %s", deepsad_shape_text(shape, count),
						deepsad_shape_text(encoder->columns == 1 ? &encoder->column[0].shape : &flat, encoder->cells)),
				 deepsad_shape_hint(shape)));
	if (count != encoder->cells)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg_plural("row has %u feature, the model was trained on %u",
							   "row has %u features, the model was trained on %u", count, count, encoder->cells)));
}
