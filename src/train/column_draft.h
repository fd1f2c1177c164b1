/*
 * column_draft.h
 *	  The columns of training rows before it is known which of them become features.
 */
#ifndef DEEPSAD_COLUMN_DRAFT_H
#define DEEPSAD_COLUMN_DRAFT_H

#include "utils/jsonb.h"

#include "core/columns/column_statistics.h"
#include "model/column_options.h"
#include "rows/column_binding.h"
#include "train/dictionary.h"

/* What is learned of one column of the draft. */
typedef struct DeepsadDraftColumn
{
	DeepsadColumnOptions options;
	bool		asked;			/* the user named it, or how to encode it */
	bool		integer;		/* its SQL type is one */
	bool		counted;		/* its values may be integers */
	bool		group;			/* it is in "group_by" */
	DeepsadDictionary *dictionary;	/* categories only */
	DsadColumnStatistics statistics;
	uint32	   *category;		/* when finished: the category of each value of the dictionary */
} DeepsadDraftColumn;

typedef struct DeepsadDraft
{
	DsadEncoder encoder;		/* all columns that are not skipped, without categories */
	uint32		features;		/* so many may become features; those behind them only say which rows belong together */
	DeepsadDraftColumn *column;	/* encoder.columns; NULL = the encoder is a model's, which is finished */
	DsadLeftOut *skipped;		/* skips of them */
	uint32		skips;
} DeepsadDraft;

extern bool deepsad_draft_complete(TupleDesc desc, Jsonb *options, const bool *null);
extern void deepsad_draft_describe(DeepsadDraft *draft, TupleDesc desc, Jsonb *options, const Datum *values,
								   const bool *nulls, const bool *asked);

#endif
