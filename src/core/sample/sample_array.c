/*
 * sample_array.c
 *	  Arrays of numbers as cells of a training set.  Equal arrays are equal bytes: a picture's pixels take the
 *	  fewest bytes that hold all of them, as in the store of training rows.
 */
#include "core/sample/sample_cell.h"

#include <math.h>

#include "core/hash.h"
#include "core/sample/sample_bits.h"

#define MISSING_SHORT INT16_MIN

/* Elements that are floats already.  Most are their own bits, and then copying is all there is to do. */
static void
put_floats(uint8_t *at, const DsadRows *row, uint32_t count)
{
	const char *from = row->values;
	uint32_t	other = 0;

	for (uint32_t i = 0; i < count; i++)
	{
		uint32_t	bits;

		memcpy(&bits, from + (size_t) i * 4, 4);
		other |= (uint32_t) (bits == UINT32_C(0x80000000)) |
				 (uint32_t) ((bits & UINT32_C(0x7fffffff)) > UINT32_C(0x7f800000));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		bits = __builtin_bswap32(bits);
#endif
		memcpy(at + (size_t) i * 4, &bits, 4);
	}
	for (uint32_t i = 0; i < count && other; i++)
		dsad_put_fixed(at + (size_t) i * 4, dsad_float_bits((float) dsad_row_number(row, i)), 4);
}

/* An array of so many numbers, NaN = missing. */
size_t
dsad_cell_array(uint8_t *at, const DsadRows *row, uint32_t count)
{
	size_t		length = 1;
	bool		narrow = true;

	for (uint32_t i = 0; i < count && narrow && !row->single; i++)
		narrow = dsad_is_float(dsad_row_number(row, i));
	at[0] = narrow ? DSAD_CELL_FLOATS : DSAD_CELL_DOUBLES;
	length += dsad_put_varint(at + length, count);
	if (row->single)
		put_floats(at + length, row, count);
	else
		for (uint32_t i = 0; i < count; i++)
		{
			double		value = dsad_row_number(row, i);

			if (narrow)
				dsad_put_fixed(at + length + 4 * i, dsad_float_bits((float) value), 4);
			else
				dsad_put_fixed(at + length + 8 * i, dsad_number_bits(value), 8);
		}
	return length + (size_t) (narrow ? 4 : 8) * count;
}

/* The fewest bytes, from so many on, that hold a pixel: 1 and 2 are integers, 2 may be missing, too. */
static uint8_t
pixel_width(double pixel, uint8_t width)
{
	if (width == 1 && pixel >= 0 && pixel <= UINT8_MAX && pixel == (double) (uint8_t) pixel)
		return 1;
	if (width <= 2 && (pixel != pixel ||
					   (pixel > INT16_MIN && pixel <= INT16_MAX && pixel == (double) (int16_t) pixel)))
		return 2;
	return width <= 4 && dsad_is_float(pixel) ? 4 : 8;
}

static void
put_pixel(uint8_t *at, double pixel, uint8_t width)
{
	if (width == 1)
		at[0] = (uint8_t) pixel;
	else if (width == 2)
		dsad_put_fixed(at, (uint16_t) (pixel != pixel ? MISSING_SHORT : (int16_t) pixel), 2);
	else if (width == 4)
		dsad_put_fixed(at, dsad_float_bits((float) pixel), 4);
	else
		dsad_put_fixed(at, dsad_number_bits(pixel), 8);
}

/* A picture of so many numbers, NaN = missing: how wide a pixel is, its shape, its pixels. */
size_t
dsad_cell_picture(uint8_t *at, const DsadRows *row, uint32_t count, DsadShape shape)
{
	size_t		length = 2;
	uint8_t		width = 1;

	for (uint32_t i = 0; i < count && width < 8; i++)
		width = pixel_width(dsad_row_number(row, i), width);
	at[0] = DSAD_CELL_PICTURE;
	at[1] = width;
	length += dsad_put_varint(at + length, shape.channels);
	length += dsad_put_varint(at + length, shape.height);
	length += dsad_put_varint(at + length, shape.width);
	for (uint32_t i = 0; i < count; i++)
		put_pixel(at + length + (size_t) width * i, dsad_row_number(row, i), width);
	return length + (size_t) width * count;
}

/* Reads a shape, and how many pixels it has; the bytes that it takes, 0 if it is none. */
static size_t
read_shape(const uint8_t *at, size_t left, DsadShape *shape, uint64_t *count)
{
	uint64_t	side[3];
	size_t		length = 0;

	*count = 1;
	for (int i = 0; i < 3; i++)
	{
		size_t		read = dsad_get_varint(at + length, left - length, &side[i]);

		if (read == 0 || side[i] == 0 || side[i] > left / *count)
			return 0;
		*count *= side[i];
		length += read;
	}
	*shape = (DsadShape) {(uint32_t) side[0], (uint32_t) side[1], (uint32_t) side[2]};
	return length;
}

/* Reads what is behind the tag of an array's cell, which cell has; 0 when it is none or is cut short. */
size_t
dsad_cell_read_array(const uint8_t *at, size_t left, DsadCell *cell)
{
	uint64_t	count;
	size_t		length;
	bool		picture = cell->tag == DSAD_CELL_PICTURE;

	cell->shape = (DsadShape) {0, 0, 0};
	cell->width = cell->tag == DSAD_CELL_FLOATS ? 4 : 8;
	if (picture)
	{
		if (left == 0 || (at[0] != 1 && at[0] != 2 && at[0] != 4 && at[0] != 8))
			return 0;
		cell->width = at[0];
		length = read_shape(at + 1, left - 1, &cell->shape, &count);
		length += length > 0;
	}
	else
		length = dsad_get_varint(at, left, &count);
	if (length == 0 || count > (left - length) / cell->width)
		return 0;
	cell->count = (uint32_t) count;
	cell->bytes = (DsadBytes) {(const char *) at + length, (uint32_t) (count * cell->width)};
	return length + (size_t) count * cell->width;
}

/* Element i of an array. */
double
dsad_cell_element(const DsadCell *cell, uint32_t i)
{
	const uint8_t *at = (const uint8_t *) cell->bytes.bytes + (size_t) cell->width * i;
	int16_t		number;

	switch (cell->width)
	{
		case 1:
			return at[0];
		case 2:
			number = (int16_t) dsad_get_fixed(at, 2);
			return number == MISSING_SHORT ? (double) NAN : number;
		case 4:
			return dsad_float_of((uint32_t) dsad_get_fixed(at, 4));
		default:
			return dsad_double_of(dsad_get_fixed(at, 8));
	}
}

/* Whether a picture's pixels are not wider than they need be. */
bool
dsad_cell_is_narrow(const DsadCell *cell)
{
	uint8_t		width = 1;

	for (uint32_t i = 0; i < cell->count && width < cell->width; i++)
		width = pixel_width(dsad_cell_element(cell, i), width);
	return width == cell->width;
}
