/*
 * binding.h
 *	  From a row value or loose arguments to the cells of a model's columns.
 */
#ifndef DEEPSAD_BINDING_H
#define DEEPSAD_BINDING_H

#include "access/htup.h"

#include "value.h"

/* Which column of a row is which of the model's; kept by a call site. */
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

extern DeepsadBinding *deepsad_binding_create(MemoryContext context);
extern const double *deepsad_binding_row(DeepsadBinding *binding, const DeepsadColumns *columns,
										 HeapTupleHeader row);
extern const double *deepsad_binding_loose(DeepsadBinding *binding, const DeepsadColumns *columns,
										   const Oid *types, int count, const NullableDatum *values);
extern const double *deepsad_binding_numbers(DeepsadBinding *binding, const DeepsadColumns *columns,
											 const DsadRows *row, uint32 count);
extern double *deepsad_binding_units(DeepsadBinding *binding, const DsadEncoder *encoder);
extern char *deepsad_binding_text(DeepsadBinding *binding, const DsadEncoder *encoder, uint32 column);

extern bool deepsad_row_has_names(TupleDesc desc);
extern void deepsad_check_order(TupleDesc desc);
extern DSAD_NORETURN void deepsad_duplicate_column(const char *name);

#endif
