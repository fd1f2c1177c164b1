/*
 * array_reader.c
 *	  The numbers of an array, or of a value that is cast to one, where they lie if
 *	  that can be.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "utils/array.h"
#include "utils/memutils.h"

#include "rows/picture.h"
#include "rows/value_reader.h"

/* Makes room for count values. */
static void
reserve(DeepsadValueReader *reader, uint32 count)
{
	if (count <= reader->capacity)
		return;
	if (reader->values)
		pfree(reader->values);
	reader->values = NULL;
	reader->capacity = 0;
	reader->values = MemoryContextAlloc(reader->context, count * sizeof(double));
	reader->capacity = count;
}

/*
 * A real[] or float8[] with a short header, without NULLs, is read where it
 * lies: copying it to an aligned place costs more than small nets do.
 */
static bool
view_short_array(const DeepsadValueReader *reader, const struct varlena *value, DsadRows *row, uint32 *count)
{
	const char *data = VARDATA_SHORT(value);
	ArrayType	header;			/* as it would lie behind a 4-byte length word */
	int			dimension[2];	/* length, lower bound */

	if (reader->number.type != FLOAT4OID && reader->number.type != FLOAT8OID)
		return false;
	memcpy((char *) &header + VARHDRSZ, data, sizeof(header) - VARHDRSZ);
	if (header.ndim != 1 || header.dataoffset != 0)
		return false;			/* the ordinary way deals with these */
	memcpy(dimension, data + sizeof(header) - VARHDRSZ, sizeof(dimension));
	*count = (uint32) dimension[0];
	*row = (DsadRows) {data + ARR_OVERHEAD_NONULLS(1) - VARHDRSZ, 1, reader->number.type == FLOAT4OID};
	return true;
}

/* The same of pgvector's types, as they lie. */
static bool
view_vector(DeepsadValueReader *reader, Datum datum, DsadRows *row, uint32 *count)
{
	const char *numbers;

	if (!deepsad_pgvector_open(reader->layout, datum, &numbers, count))
		return false;
	*row = (DsadRows) {numbers, 1, true};
	if (reader->layout == DEEPSAD_LAYOUT_VECTOR)
		return true;
	/* floats, in the memory of as many doubles */
	reserve(reader, *count);
	deepsad_pgvector_halves(numbers, *count, (float *) reader->values);
	*row = (DsadRows) {reader->values, 1, true};
	return true;
}

/* The numbers of an array without NULLs that are integers: a picture has many, and each as a Datum costs more. */
static bool
read_integers(DeepsadValueReader *reader, const ArrayType *array, uint32 count)
{
	const char *data = ARR_DATA_PTR(array);

	if (ARR_HASNULL(array) || (reader->number.type != INT2OID && reader->number.type != INT4OID))
		return false;
	if (reader->number.type == INT2OID)
		for (uint32 i = 0; i < count; i++)
			reader->values[i] = ((const int16 *) data)[i];
	else
		for (uint32 i = 0; i < count; i++)
			reader->values[i] = ((const int32 *) data)[i];
	return true;
}

/* The numbers of any array. */
static void
read_elements(DeepsadValueReader *reader, ArrayType *array)
{
	Datum	   *element;
	bool	   *null;
	int			elements;

	deconstruct_array(array, ARR_ELEMTYPE(array), reader->element_length, reader->element_by_value,
					  reader->element_align, &element, &null, &elements);
	for (int i = 0; i < elements; i++)
		reader->values[i] = null[i] ? NAN : deepsad_number_read(&reader->number, element[i]);
	pfree(element);
	pfree(null);
}

/*
 * The numbers of an array, or of what is cast to one: *count of them, NaN = missing,
 * where they lie or in the reader's memory, valid until the next call; *shape: if it has two or three
 * dimensions, else none.  Returns how many dimensions the array has (0: it is empty); of more than three
 * it reads nothing.  Where its subscripts begin does not matter.
 */
int
deepsad_value_array(DeepsadValueReader *reader, Datum datum, DsadRows *row, uint32 *count, DsadShape *shape)
{
	Oid			type = reader->number.type;
	const struct varlena *value;
	ArrayType  *array;

	*shape = (DsadShape) {0, 0, 0};
	if ((reader->layout == DEEPSAD_LAYOUT_VECTOR || reader->layout == DEEPSAD_LAYOUT_HALFVEC) &&
		view_vector(reader, datum, row, count))
		return 1;
	if (reader->oid == UNKNOWNOID)
		datum = InputFunctionCall(&reader->to_array.function, DatumGetCString(datum), FLOAT8OID, -1);
	else if (OidIsValid(reader->to_array.function.fn_oid))
		datum = deepsad_call_cast(&reader->to_array, datum);
	value = (const struct varlena *) DatumGetPointer(datum);
	if (VARATT_IS_SHORT(value) && !VARATT_IS_EXTERNAL(value) && view_short_array(reader, value, row, count))
		return 1;
	array = DatumGetArrayTypeP(datum);
	if (ARR_NDIM(array) == 0 || !deepsad_picture_shape(ARR_NDIM(array), ARR_DIMS(array), shape))
		return ARR_NDIM(array);
	*count = (uint32) ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	*row = (DsadRows) {ARR_DATA_PTR(array), 1, type == FLOAT4OID};
	if (!ARR_HASNULL(array) && (type == FLOAT4OID || type == FLOAT8OID))
		return ARR_NDIM(array);
	reserve(reader, *count);
	if (!read_integers(reader, array, *count))
		read_elements(reader, array);
	*row = (DsadRows) {reader->values, 1, false};
	return ARR_NDIM(array);
}
