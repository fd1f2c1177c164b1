/*
 * value.h
 *	  Values of a table's columns, as the core's encoders take them.
 */
#ifndef DEEPSAD_VALUE_H
#define DEEPSAD_VALUE_H

#include "core/dsad.h"
#include "number.h"

/* How the values of one SQL type are read. */
typedef struct DeepsadValue
{
	DsadValue	value;
	Oid			type;			/* no domain */
	DeepsadNumber number;		/* of numbers, and of an array's elements */
	FmgrInfo	to_array;		/* types that are cast to an array */
	int16		element_length;
	bool		element_by_value;
	char		element_align;
} DeepsadValue;

/* Room for the text that a value may need. */
#define DEEPSAD_VALUE_TEXT 128

extern bool deepsad_value_resolve(DeepsadValue *value, Oid type, MemoryContext context);
extern bool deepsad_value_fits(const DeepsadValue *value, DsadValue expected);
extern double deepsad_value_read(DeepsadValue *value, Datum datum);
extern DsadBytes deepsad_value_bytes(DeepsadValue *value, uint8 prefix, Datum datum, char *buffer);
extern uint32 deepsad_value_elements(DeepsadValue *value, Datum datum, double **elements);
extern char *deepsad_value_type_name(Oid type);
extern DsadBytes deepsad_utf8(const char *text, Size length);
extern char *deepsad_utf8_text(const DsadBytes *bytes);

#endif
