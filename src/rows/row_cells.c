/*
 * row_cells.c
 *	  The cells of a row whose values are bound to an encoder's columns.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "rows/column_binding_parts.h"
#include "rows/column_text.h"
#include "rows/picture.h"

/* An array's cells. */
static void
read_elements(DeepsadValueReader *value, const DeepsadColumns *columns, uint32 c, Datum datum, double *cells)
{
	const DsadEncoder *encoder = columns->encoder;
	const DsadColumn *column = &encoder->column[c];
	DsadRows	row;
	uint32		count = 0;
	DsadShape	shape;
	int			dimensions = deepsad_value_array(value, datum, &row, &count, &shape);

	if (dimensions > 3)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("array in column %s has %d dimensions, can have 1 to 3", deepsad_column_label(encoder, c),
						dimensions)));
	if (dimensions > 0 && !deepsad_same_shape(&shape, &column->shape))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("array in column %s has %s, %s %s", deepsad_column_label(encoder, c),
						deepsad_shape_text(&shape, count), deepsad_trained_on(columns),
						deepsad_shape_text(&column->shape, column->cells)),
				 deepsad_shape_hint(&shape)));
	if (count != column->cells)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg_plural("array in column %s has %u element, %s %u", "array in column %s has %u elements, %s %u",
							   count, deepsad_column_label(encoder, c), count, deepsad_trained_on(columns),
							   column->cells)));
	for (uint32 i = 0; i < count; i++)
		cells[i] = dsad_row_number(&row, i);
}

/* The category that a value is. */
static double
find_category(const DeepsadColumns *columns, uint32 c, DsadBytes category)
{
	return columns->find ? columns->find(columns->ctx, c, category) :
						   dsad_category_find(&columns->encoder->column[c], category.bytes, category.length);
}

/* A value that is no text where it lies, as a category; a number that is none is missing. */
static double
read_category(DeepsadBinding *binding, const DeepsadColumns *columns, const DeepsadCellSource *source, Datum datum)
{
	DeepsadValueReader *value = &binding->value[source - binding->source];
	const DsadColumn *column = &columns->encoder->column[source->column];
	double		number = value->type == DSAD_TYPE_NUMBER ? deepsad_number_read(&value->number, datum) : 0;
	char		buffer[DEEPSAD_VALUE_TEXT];

	if (isnan(number) || isinf(number))
		return number;
	return find_category(columns, source->column, deepsad_value_category(value, column->prefix, datum, buffer));
}

/* Text as it lies in a row, unless it is compressed or elsewhere. */
static inline DsadBytes
text_bytes(Datum datum)
{
	const struct varlena *text = (const struct varlena *) DatumGetPointer(datum);

	if (unlikely(VARATT_IS_COMPRESSED(text) || VARATT_IS_EXTERNAL(text)))
		text = PG_DETOAST_DATUM_PACKED(datum);
	return (DsadBytes) {VARDATA_ANY(text), (uint32) VARSIZE_ANY_EXHDR(text)};
}

/*
 * All cells of the row whose values lie where deepsad_binding_values says; valid until
 * the next call.  Whether they are finite is for the caller to find out.
 */
const double *
deepsad_binding_cells(DeepsadBinding *binding, const DeepsadColumns *columns)
{
	const DsadEncoder *encoder = columns->encoder;

	for (uint32 s = 0; s < binding->sources; s++)
	{
		const DeepsadCellSource *source = &binding->source[s];
		double	   *cell = binding->cells + source->cell;
		Datum		datum = binding->datum[source->index];

		if (binding->null[source->index])
		{
			*cell = NAN;
			for (uint32 i = 1; source->reader == READ_ARRAY && i < encoder->column[source->column].cells; i++)
				cell[i] = NAN;
			continue;
		}
		switch ((DeepsadCellReader) source->reader)
		{
			case READ_INT2:
				*cell = DatumGetInt16(datum);
				break;
			case READ_INT4:
				*cell = DatumGetInt32(datum);
				break;
			case READ_INT8:
				*cell = (double) DatumGetInt64(datum);
				break;
			case READ_FLOAT4:
				*cell = DatumGetFloat4(datum);
				break;
			case READ_FLOAT8:
				*cell = DatumGetFloat8(datum);
				break;
			case READ_NUMBER:
				*cell = deepsad_value_number(&binding->value[s], datum);
				break;
			case READ_TEXT:
				*cell = find_category(columns, source->column, text_bytes(datum));
				break;
			case READ_CATEGORY:
				*cell = read_category(binding, columns, source, datum);
				break;
			case READ_ARRAY:
				read_elements(&binding->value[s], columns, source->column, datum, cell);
				break;
		}
	}
	return binding->cells;
}

/* The last row's value in one of the encoder's columns, as text; NULL when it is missing. */
char *
deepsad_binding_text(DeepsadBinding *binding, const DsadEncoder *encoder, uint32 c)
{
	const DsadColumn *column = &encoder->column[c];
	const double *cells = binding->cells + column->first_cell;
	char		buffer[DEEPSAD_VALUE_TEXT];
	DsadBytes	bytes;

	/* a category that the model does not know is shown all the same */
	if (column->encoding == DSAD_ENCODING_CATEGORY && *cells >= column->categories)
		for (uint32 s = 0; s < binding->sources; s++)
			if (binding->source[s].column == c)
			{
				bytes = deepsad_value_category(&binding->value[s], column->prefix,
											   binding->datum[binding->source[s].index], buffer);
				return deepsad_utf8_text(&bytes);
			}
	return deepsad_cells_text(column, cells);
}
