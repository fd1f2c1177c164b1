/*
 * column_binding_parts.h
 *	  What a binding is made of.
 */
#ifndef DEEPSAD_COLUMN_BINDING_PARTS_H
#define DEEPSAD_COLUMN_BINDING_PARTS_H

#include "rows/column_binding.h"

/* How a value becomes cells, by what is frequent. */
typedef enum DeepsadCellReader
{
	READ_INT2,
	READ_INT4,
	READ_INT8,
	READ_FLOAT4,
	READ_FLOAT8,
	READ_NUMBER,				/* other single numbers */
	READ_TEXT,					/* a category that is text in UTF-8 */
	READ_CATEGORY,
	READ_ARRAY
} DeepsadCellReader;

/* Where the cells of a column, or one cell of an array, come from. */
typedef struct DeepsadCellSource
{
	uint16		index;			/* in datum and null */
	uint16		reader;			/* DeepsadCellReader */
	uint32		column;
	uint32		cell;
} DeepsadCellSource;

struct DeepsadBinding
{
	MemoryContext bound;		/* of what is made for one row type and encoder */
	bool		valid;
	DsadBytes	signature;		/* of the encoder */
	DeepsadCellSource *source;	/* sources, as value */
	uint32		sources;
	DeepsadValueReader *value;
	Datum	   *datum;
	bool	   *null;
	double	   *cells;			/* encoder->cells; the last row's */
};

/* Where the columns come from, in messages. */
static inline const char *
deepsad_trained_on(const DeepsadColumns *columns)
{
	return columns->find ? "the rows before have" : "the model was trained on";
}

#endif
