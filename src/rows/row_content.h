/*
 * row_content.h
 *	  SQL rows as bytes that are the same for equal rows: what training sets hold, and
 *	  what digests are of.
 */
#ifndef DEEPSAD_ROW_CONTENT_H
#define DEEPSAD_ROW_CONTENT_H

#include "access/htup_details.h"

#include "core/sample/sample.h"
#include "rows/value_reader.h"

typedef struct DeepsadContentColumn
{
	int			index;			/* in the row */
	uint8		type;			/* DsadSampleType */
	FmgrInfo   *output;			/* of an enum */
	DeepsadValueReader reader;
	uint64		hash;			/* of the name */
} DeepsadContentColumn;

/* How rows of one type become bytes. */
typedef struct DeepsadContent
{
	MemoryContext context;		/* of all that follows */
	bool		lenient;		/* what cannot be read is as if it were not there */
	TupleDesc	desc;			/* NULL: they are arrays */
	int			columns;
	DeepsadContentColumn *column;	/* in the order of their names' bytes */
	DsadSampleColumn *described;	/* the same */
	Datum	   *values;			/* of the last row, by desc */
	bool	   *nulls;
	uint8	   *bytes;			/* of the last row */
	Size		room;
} DeepsadContent;

extern void deepsad_content_begin_row(DeepsadContent *content, MemoryContext context, TupleDesc desc, bool lenient);
extern void deepsad_content_add(DeepsadContent *content, int index, int position);
extern void deepsad_content_begin_array(DeepsadContent *content, MemoryContext context, Oid element);
extern void deepsad_content_deform(DeepsadContent *content, HeapTupleHeader header);
extern Size deepsad_content_cell(DeepsadContent *content, DeepsadContentColumn *column, Size used, Datum datum);

extern uint8 deepsad_content_type(const DeepsadValueReader *reader);
extern Oid	deepsad_content_oid(uint8 type);
extern Oid	deepsad_content_element(uint8 type);

#endif
