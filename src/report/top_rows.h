/*
 * top_rows.h
 *	  The most anomalous rows, kept until they are explained.
 */
#ifndef DEEPSAD_TOP_ROWS_H
#define DEEPSAD_TOP_ROWS_H

#include "core/dsad.h"
#include "report/html.h"
#include "rows/row_features.h"

#define DEEPSAD_TOP_ROWS 10

/* One of them; all of it in a context of its own. */
typedef struct DeepsadTopRow
{
	MemoryContext context;
	double		score;
	double		pvalue;			/* NaN = the model has none */
	bool		anomaly;		/* by the model's decision */
	DsadLabel	label;
	uint64		number;			/* in the order in which rows came, from 1 */
	DsadRows	row;			/* features */
	char	  **value;			/* columns: the row's values as text, NULL = missing; NULL = rows are arrays */
	int			others;			/* columns of the row that the model does not look at */
	char	  **other;			/* others: name and value of each, in turn */
} DeepsadTopRow;

typedef struct DeepsadTopRows
{
	int			rows;
	DeepsadTopRow row[DEEPSAD_TOP_ROWS];	/* highest score first, then in order */
} DeepsadTopRows;

/* What is known of a row that may be one of the most anomalous. */
typedef struct DeepsadScored
{
	double		score;
	double		pvalue;
	bool		anomaly;
	DsadLabel	label;
	uint64		number;
} DeepsadScored;

extern void deepsad_top_offer(DeepsadTopRows *top, MemoryContext context, const DeepsadScored *scored,
							  const DsadEncoder *encoder, DeepsadFeatures *features, const NullableDatum *argument,
							  const DsadRows *row);
extern void deepsad_top_page(StringInfo page, const DeepsadTopRows *top, const DsadModel *model,
							 const DsadScorer *scorer);

#endif
