/*
 * sample_type.h
 *	  A training set's cells as SQL values.
 */
#ifndef DEEPSAD_SAMPLE_TYPE_H
#define DEEPSAD_SAMPLE_TYPE_H

#include "access/tupdesc.h"

#include "core/sample/sample_codec.h"
#include "rows/row_content.h"

extern Oid	deepsad_array_element_type(Datum array);
extern char *deepsad_server_text(DsadBytes utf8);
extern int	deepsad_cell_sides(const DsadCell *cell);
extern Datum deepsad_cell_datum(const DsadCell *cell, uint8 type);

/* A set's columns in the order that they had in the rows, and as a row type. */
typedef struct DeepsadRowForm
{
	TupleDesc	desc;			/* NULL: rows are arrays */
	int			columns;
	int		   *column;			/* which column of the view each is */
	int		   *attribute;		/* the other way round */
	Datum	   *values;			/* of one row */
	bool	   *nulls;
} DeepsadRowForm;

extern void deepsad_row_form(DeepsadRowForm *form, const DsadSampleView *view);
extern Oid	deepsad_row_form_type(DeepsadRowForm *form, const DsadSampleView *view);
extern Datum deepsad_row_datum(DeepsadRowForm *form, const DsadSampleView *view, DsadBytes content);
extern void deepsad_row_values(DeepsadRowForm *form, const DsadSampleView *view, DsadBytes content);

#endif
