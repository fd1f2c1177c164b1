/*
 * sample_cell.c
 *	  One value of a training set as bytes, little-endian whatever the machine: a tag,
 *	  then what the tag says.  Numbers that are equal are the same bytes.
 */
#include "core/sample/sample_cell.h"

#include <string.h>

#include "core/hash.h"
#include "core/sample/sample_bits.h"

/* A number of 64 bits in as few bytes as it needs, at most ten; how many. */
size_t
dsad_put_varint(uint8_t *at, uint64_t value)
{
	size_t		length = 0;

	for (; value >= 128; value >>= 7)
		at[length++] = (uint8_t) (value | 128);
	at[length++] = (uint8_t) value;
	return length;
}

/* Reads it; 0 when it is cut short, too long, or longer than it need be. */
size_t
dsad_get_varint(const uint8_t *at, size_t left, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < left && i < 10; i++)
	{
		if (i == 9 && at[i] > 1)
			return 0;
		*value |= (uint64_t) (at[i] & 127) << (7 * i);
		if (at[i] < 128)
			return at[i] == 0 && i > 0 ? 0 : i + 1;
	}
	return 0;
}

/* Signed numbers near 0 are small ones. */
static size_t
put_signed(uint8_t *at, int64_t value)
{
	return dsad_put_varint(at, ((uint64_t) value << 1) ^ (uint64_t) - (int64_t) (value < 0));
}

static size_t
get_signed(const uint8_t *at, size_t left, int64_t *value)
{
	uint64_t	bits;
	size_t		length = dsad_get_varint(at, left, &bits);

	*value = (int64_t) ((bits >> 1) ^ (0 - (bits & 1)));
	return length;
}

size_t
dsad_cell_integer(uint8_t *at, int64_t value)
{
	at[0] = DSAD_CELL_INTEGER;
	return 1 + put_signed(at + 1, value);
}

size_t
dsad_cell_number(uint8_t *at, double value)
{
	if (value >= -9223372036854775808.0 && value < 9223372036854775808.0 && (double) (int64_t) value == value)
		return dsad_cell_integer(at, (int64_t) value);
	if (dsad_is_float(value))
	{
		at[0] = DSAD_CELL_FLOAT;
		dsad_put_fixed(at + 1, dsad_float_bits((float) value), 4);
		return 5;
	}
	at[0] = DSAD_CELL_DOUBLE;
	dsad_put_fixed(at + 1, dsad_number_bits(value), 8);
	return 9;
}

size_t
dsad_cell_boolean(uint8_t *at, bool value)
{
	at[0] = value ? DSAD_CELL_TRUE : DSAD_CELL_FALSE;
	return 1;
}

size_t
dsad_cell_text(uint8_t *at, DsadBytes text)
{
	size_t		length = 1;

	at[0] = DSAD_CELL_TEXT;
	length += dsad_put_varint(at + length, text.length);
	memcpy(at + length, text.bytes, text.length);
	return length + text.length;
}

size_t
dsad_cell_interval(uint8_t *at, int64_t microseconds, int32_t day, int32_t month)
{
	size_t		length = 1;

	at[0] = DSAD_CELL_INTERVAL;
	length += put_signed(at + length, microseconds);
	length += put_signed(at + length, day);
	return length + put_signed(at + length, month);
}

/* An address of 4 or 16 bytes. */
size_t
dsad_cell_address(uint8_t *at, const uint8_t *address, uint32_t length, uint8_t bits)
{
	at[0] = DSAD_CELL_ADDRESS;
	at[1] = (uint8_t) length;
	at[2] = bits;
	memcpy(at + 3, address, length);
	return 3 + (size_t) length;
}

static size_t
read_text(const uint8_t *at, size_t left, DsadCell *cell)
{
	uint64_t	bytes;
	size_t		length = dsad_get_varint(at, left, &bytes);

	if (length == 0 || bytes > left - length)
		return 0;
	cell->bytes = (DsadBytes) {(const char *) at + length, (uint32_t) bytes};
	return length + (size_t) bytes;
}

static size_t
read_interval(const uint8_t *at, size_t left, DsadCell *cell)
{
	int64_t		part[3];
	size_t		length = 0;

	for (int i = 0; i < 3; i++)
	{
		size_t		read = get_signed(at + length, left - length, &part[i]);

		if (read == 0)
			return 0;
		length += read;
	}
	if (part[1] != (int32_t) part[1] || part[2] != (int32_t) part[2])
		return 0;
	cell->integer = part[0];
	cell->day = (int32_t) part[1];
	cell->month = (int32_t) part[2];
	return length;
}

static size_t
read_address(const uint8_t *at, size_t left, DsadCell *cell)
{
	if (left < 2 || (at[0] != 4 && at[0] != 16) || at[1] > 8 * at[0] || left - 2 < at[0])
		return 0;
	cell->bits = at[1];
	cell->bytes = (DsadBytes) {(const char *) at + 2, at[0]};
	return 2 + (size_t) at[0];
}

/* Reads a cell; how many bytes it takes, 0 when it is no cell or is cut short. */
size_t
dsad_cell_read(const uint8_t *at, size_t left, DsadCell *cell)
{
	size_t		length = 0;

	if (left == 0)
		return 0;
	cell->tag = at[0];
	at++;
	left--;
	switch (cell->tag)
	{
		case DSAD_CELL_INTEGER:
			length = get_signed(at, left, &cell->integer);
			break;
		case DSAD_CELL_FLOAT:
			if (left < 4)
				return 0;
			cell->number = dsad_float_of((uint32_t) dsad_get_fixed(at, 4));
			return 5;
		case DSAD_CELL_DOUBLE:
			if (left < 8)
				return 0;
			cell->number = dsad_double_of(dsad_get_fixed(at, 8));
			return 9;
		case DSAD_CELL_FALSE:
		case DSAD_CELL_TRUE:
			return 1;
		case DSAD_CELL_TEXT:
			length = read_text(at, left, cell);
			break;
		case DSAD_CELL_INTERVAL:
			length = read_interval(at, left, cell);
			break;
		case DSAD_CELL_ADDRESS:
			length = read_address(at, left, cell);
			break;
		case DSAD_CELL_FLOATS:
		case DSAD_CELL_DOUBLES:
		case DSAD_CELL_PICTURE:
			length = dsad_cell_read_array(at, left, cell);
			break;
		default:
			return 0;
	}
	return length == 0 ? 0 : length + 1;
}

/* What the values of an SQL type are. */
DsadColumnType
dsad_sample_kind(uint8_t type)
{
	if (type <= DSAD_SAMPLE_FLOAT8)
		return DSAD_TYPE_NUMBER;
	if (type >= DSAD_SAMPLE_INT2_ARRAY)
		return DSAD_TYPE_ARRAY;
	switch (type)
	{
		case DSAD_SAMPLE_BOOLEAN:
			return DSAD_TYPE_BOOLEAN;
		case DSAD_SAMPLE_TIMESTAMP:
			return DSAD_TYPE_TIMESTAMP;
		case DSAD_SAMPLE_TIMESTAMPTZ:
			return DSAD_TYPE_TIMESTAMPTZ;
		case DSAD_SAMPLE_DATE:
			return DSAD_TYPE_DATE;
		case DSAD_SAMPLE_TIME:
		case DSAD_SAMPLE_TIMETZ:
			return DSAD_TYPE_TIME;
		case DSAD_SAMPLE_INTERVAL:
			return DSAD_TYPE_INTERVAL;
		case DSAD_SAMPLE_INET:
		case DSAD_SAMPLE_CIDR:
			return DSAD_TYPE_ADDRESS;
		default:
			return DSAD_TYPE_TEXT;
	}
}

/* Whether a cell may stand in a column of that type. */
bool
dsad_cell_fits(const DsadCell *cell, uint8_t type)
{
	switch (dsad_sample_kind(type))
	{
		case DSAD_TYPE_NUMBER:
			return cell->tag <= DSAD_CELL_DOUBLE;
		case DSAD_TYPE_BOOLEAN:
			return cell->tag == DSAD_CELL_FALSE || cell->tag == DSAD_CELL_TRUE;
		case DSAD_TYPE_TEXT:
			return cell->tag == DSAD_CELL_TEXT;
		case DSAD_TYPE_INTERVAL:
			return cell->tag == DSAD_CELL_INTERVAL;
		case DSAD_TYPE_ADDRESS:
			return cell->tag == DSAD_CELL_ADDRESS;
		case DSAD_TYPE_ARRAY:
			return dsad_cell_is_array(cell) && cell->count > 0;
		default:
			return cell->tag == DSAD_CELL_INTEGER;
	}
}

/* The type of numbers that holds both, each number's place being that of its type: integers, numeric, floats. */
static uint8_t
common_number(uint8_t a, uint8_t b, uint8_t float4, uint8_t float8)
{
	uint8_t		larger = a > b ? a : b;

	return a == b || larger < float4 ? larger : float8;
}

/* The type of a column that some rows have as a and others as b; 0 when they are of different kinds. */
uint8_t
dsad_sample_common_type(uint8_t a, uint8_t b)
{
	if (a == b)
		return a;
	if (dsad_sample_kind(a) != dsad_sample_kind(b))
		return 0;
	switch (dsad_sample_kind(a))
	{
		case DSAD_TYPE_NUMBER:
			return common_number(a, b, DSAD_SAMPLE_FLOAT4, DSAD_SAMPLE_FLOAT8);
		case DSAD_TYPE_ARRAY:
			return common_number(a, b, DSAD_SAMPLE_FLOAT4_ARRAY, DSAD_SAMPLE_FLOAT8_ARRAY);
		case DSAD_TYPE_TIME:
			return DSAD_SAMPLE_TIME;
		case DSAD_TYPE_ADDRESS:
			return DSAD_SAMPLE_INET;
		default:
			return DSAD_SAMPLE_TEXT;
	}
}
