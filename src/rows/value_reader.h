/*
 * value_reader.h
 *	  SQL values as the core's encoders take them.
 */
#ifndef DEEPSAD_VALUE_READER_H
#define DEEPSAD_VALUE_READER_H

#include "core/dsad.h"
#include "rows/number.h"
#include "rows/pgvector.h"

/* How the values of one SQL type are read. */
typedef struct DeepsadValueReader
{
	DsadColumnType type;
	Oid			oid;			/* no domain */
	DeepsadNumber number;		/* of numbers, and of an array's elements */
	MemoryContext context;		/* of what follows */
	DeepsadCast to_array;		/* types that are cast to an array */
	DeepsadLayout layout;		/* of those: when it is known, values that have it are read without the cast */
	int16		element_length;
	bool		element_by_value;
	char		element_align;
	double	   *values;			/* an array's elements, when they cannot be read where they lie */
	uint32		capacity;
} DeepsadValueReader;

/* Room for the text that a value may need. */
#define DEEPSAD_VALUE_TEXT 128

extern bool deepsad_value_resolve(DeepsadValueReader *reader, Oid type, MemoryContext context, DeepsadRefusal *why);
extern bool deepsad_value_calls(const DeepsadValueReader *reader);
extern bool deepsad_value_fits(DeepsadValueReader *reader, DsadColumnType expected);
extern double deepsad_value_number(DeepsadValueReader *reader, Datum datum);
extern DsadBytes deepsad_value_category(DeepsadValueReader *reader, uint8 prefix, Datum datum, char *buffer);
extern int	deepsad_value_array(DeepsadValueReader *reader, Datum datum, DsadRows *row, uint32 *count,
								DsadShape *shape);
extern void deepsad_array_literal(DeepsadValueReader *reader, MemoryContext context);
extern char *deepsad_type_name(Oid type);
extern DsadBytes deepsad_utf8(const char *text, Size length);
extern char *deepsad_utf8_text(const DsadBytes *bytes);

#endif
