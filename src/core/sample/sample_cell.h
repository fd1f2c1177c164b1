/*
 * sample_cell.h
 *	  One value of a training set as bytes: equal values are equal bytes, whatever SQL
 *	  type of their kind they came in.
 */
#ifndef DSAD_SAMPLE_CELL_H
#define DSAD_SAMPLE_CELL_H

#include "core/model/encoder.h"
#include "core/rows.h"

/* SQL types that values go back to; these numbers are in stored values. */
typedef enum DsadSampleType
{
	DSAD_SAMPLE_INT2 = 1,
	DSAD_SAMPLE_INT4,
	DSAD_SAMPLE_INT8,
	DSAD_SAMPLE_NUMERIC,
	DSAD_SAMPLE_FLOAT4,
	DSAD_SAMPLE_FLOAT8,
	DSAD_SAMPLE_BOOLEAN,
	DSAD_SAMPLE_TEXT,
	DSAD_SAMPLE_VARCHAR,
	DSAD_SAMPLE_BPCHAR,
	DSAD_SAMPLE_NAME,
	DSAD_SAMPLE_CHAR,
	DSAD_SAMPLE_UUID,
	DSAD_SAMPLE_TIMESTAMP,
	DSAD_SAMPLE_TIMESTAMPTZ,
	DSAD_SAMPLE_DATE,
	DSAD_SAMPLE_TIME,
	DSAD_SAMPLE_TIMETZ,
	DSAD_SAMPLE_INTERVAL,
	DSAD_SAMPLE_INET,
	DSAD_SAMPLE_CIDR,
	DSAD_SAMPLE_INT2_ARRAY,
	DSAD_SAMPLE_INT4_ARRAY,
	DSAD_SAMPLE_INT8_ARRAY,
	DSAD_SAMPLE_NUMERIC_ARRAY,
	DSAD_SAMPLE_FLOAT4_ARRAY,
	DSAD_SAMPLE_FLOAT8_ARRAY,
	DSAD_SAMPLE_TYPES
} DsadSampleType;

/* How a cell's bytes go on; these numbers are in stored values. */
typedef enum DsadCellTag
{
	DSAD_CELL_INTEGER = 1,		/* numbers without a fraction, and times */
	DSAD_CELL_FLOAT,			/* numbers that are exact in four bytes */
	DSAD_CELL_DOUBLE,
	DSAD_CELL_FALSE,
	DSAD_CELL_TRUE,
	DSAD_CELL_TEXT,
	DSAD_CELL_INTERVAL,
	DSAD_CELL_ADDRESS,
	DSAD_CELL_FLOATS,			/* arrays whose elements all are exact in four bytes */
	DSAD_CELL_DOUBLES,
	DSAD_CELL_PICTURE			/* arrays of two or three dimensions */
} DsadCellTag;

/* A cell that was read; its bytes lie where it was read from. */
typedef struct DsadCell
{
	uint8_t		tag;			/* DsadCellTag */
	uint8_t		bits;			/* of an address's network */
	int32_t		day;			/* of an interval */
	int32_t		month;
	int64_t		integer;		/* an interval's microseconds, too */
	double		number;
	DsadBytes	bytes;			/* text; an address's 4 or 16 bytes; an array's elements */
	uint32_t	count;			/* elements */
	uint8_t		width;			/* bytes of each */
	DsadShape	shape;			/* of a picture */
} DsadCell;

#define DSAD_CELL_ROOM 32		/* bytes that any cell fits, beside those of text and elements */

extern size_t dsad_put_varint(uint8_t *at, uint64_t value);
extern size_t dsad_get_varint(const uint8_t *at, size_t left, uint64_t *value);

extern size_t dsad_cell_integer(uint8_t *at, int64_t value);
extern size_t dsad_cell_number(uint8_t *at, double value);
extern size_t dsad_cell_boolean(uint8_t *at, bool value);
extern size_t dsad_cell_text(uint8_t *at, DsadBytes text);
extern size_t dsad_cell_interval(uint8_t *at, int64_t microseconds, int32_t day, int32_t month);
extern size_t dsad_cell_address(uint8_t *at, const uint8_t *address, uint32_t length, uint8_t bits);
extern size_t dsad_cell_array(uint8_t *at, const DsadRows *row, uint32_t count);

extern size_t dsad_cell_read(const uint8_t *at, size_t left, DsadCell *cell);
extern size_t dsad_cell_picture(uint8_t *at, const DsadRows *row, uint32_t count, DsadShape shape);
extern size_t dsad_cell_read_array(const uint8_t *at, size_t left, DsadCell *cell);
extern bool dsad_cell_is_narrow(const DsadCell *cell);
extern double dsad_cell_element(const DsadCell *cell, uint32_t i);
extern DsadColumnType dsad_sample_kind(uint8_t type);
extern bool dsad_cell_fits(const DsadCell *cell, uint8_t type);
extern uint8_t dsad_sample_common_type(uint8_t a, uint8_t b);

/* Whether a cell that was read is an array's, flat or a picture. */
static inline bool
dsad_cell_is_array(const DsadCell *cell)
{
	return cell->tag >= DSAD_CELL_FLOATS;
}

#endif
