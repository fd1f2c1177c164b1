/*
 * heatmap.c
 *	  deepsad_heatmap: which pixels of a picture made its score.
 */
#include "pg/pg_compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "score/contributions.h"

DEEPSAD_FUNCTION(deepsad_heatmap);

/* The first column that is a picture; an error when there is none. */
static const DsadColumn *
find_picture(const DsadEncoder *encoder)
{
	for (uint32 c = 0; c < encoder->columns; c++)
		if (encoder->column[c].shape.channels > 0)
			return &encoder->column[c];
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model was not trained on pictures"),
			 errhint("Pictures are arrays of two or three dimensions; deepsad_explain explains other rows.")));
	return NULL;
}

/* An array of this shape. */
static ArrayType *
shaped_array(const DsadShape *shape, const double *numbers)
{
	int			dimensions = shape->channels > 1 ? 3 : 2;
	int			length[3] = {(int) shape->channels, (int) shape->height, (int) shape->width};
	Size		size = ARR_OVERHEAD_NONULLS(dimensions) + dsad_shape_cells(*shape) * sizeof(double);
	ArrayType  *array = palloc0(size);

	SET_VARSIZE(array, size);
	array->ndim = dimensions;
	array->elemtype = FLOAT8OID;
	for (int i = 0; i < dimensions; i++)
	{
		ARR_DIMS(array)
		[i] = length[3 - dimensions + i];
		ARR_LBOUND(array)
		[i] = 1;
	}
	memcpy(ARR_DATA_PTR(array), numbers, dsad_shape_cells(*shape) * sizeof(double));
	return array;
}

/*
 * deepsad_heatmap(model, VARIADIC features) -> float8[] of the picture's shape: each pixel's part in the score, as
 * deepsad_explain has it.  Of a row with other columns it is the first picture's.
 */
Datum
deepsad_heatmap(PG_FUNCTION_ARGS)
{
	const DsadScorer *scorer;
	DsadRows	row;
	double	   *contribution = deepsad_contributions(fcinfo, &scorer, &row);
	const DsadColumn *picture;

	if (contribution == NULL)
		PG_RETURN_NULL();
	picture = find_picture(dsad_scorer_encoder(scorer));
	PG_RETURN_ARRAYTYPE_P(shaped_array(&picture->shape, contribution + picture->first_feature));
}
