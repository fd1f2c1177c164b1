/*
 * column_binding.h
 *	  From the values of a row to the cells of an encoder's columns.
 */
#ifndef DEEPSAD_COLUMN_BINDING_H
#define DEEPSAD_COLUMN_BINDING_H

#include "access/tupdesc.h"

#include "rows/value_reader.h"

/* Which value of a row is which of an encoder's columns; kept by a call site. */
typedef struct DeepsadBinding DeepsadBinding;

/* Gives the index of a category; the rows' own dictionaries while a model is being made. */
typedef uint32 (*DeepsadFindCategory) (void *ctx, uint32 column, DsadBytes category);

/* Whose cells are wanted. */
typedef struct DeepsadColumns
{
	const DsadEncoder *encoder;
	DeepsadFindCategory find;	/* NULL = the encoder's own categories */
	void	   *ctx;
	bool		same;			/* the encoder is surely that of the last call */
} DeepsadColumns;

/* What the values of a row are. */
typedef struct DeepsadRowType
{
	TupleDesc	desc;			/* of a row with columns ... */
	bool		nameless;		/* ... that are only called as those of ROW(...) are: f1, f2, ... */
	const Oid  *types;			/* or loose values, so many, of these types */
	int			count;
} DeepsadRowType;

extern DeepsadBinding *deepsad_binding_create(MemoryContext context);
extern bool deepsad_binding_fits(const DeepsadBinding *binding, const DeepsadColumns *columns);
extern void deepsad_binding_bind(DeepsadBinding *binding, const DeepsadColumns *columns, const DeepsadRowType *row);
extern Datum *deepsad_binding_values(const DeepsadBinding *binding, bool **nulls);
extern const double *deepsad_binding_cells(DeepsadBinding *binding, const DeepsadColumns *columns);
extern char *deepsad_binding_text(DeepsadBinding *binding, const DsadEncoder *encoder, uint32 column);
extern bool deepsad_row_is_nameless(TupleDesc desc);

#endif
