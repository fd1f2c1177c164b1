/*
 * column_source.h
 *	  Kept rows as features.
 */
#ifndef DEEPSAD_COLUMN_SOURCE_H
#define DEEPSAD_COLUMN_SOURCE_H

#include "train/column_draft.h"

/* Rows of a draft's cells, and the encoder that makes features of those that it has kept. */
typedef struct DeepsadColumnSource
{
	const DeepsadDraft *draft;
	const DsadEncoder *encoder;
	const uint16 *draft_column;	/* encoder's columns: where each is in the draft */
	double	   *stored;			/* the draft's cells: one row that was kept */
	double	   *cells;			/* the encoder's */
	DsadRowSource rows;			/* that were kept */
} DeepsadColumnSource;

extern void deepsad_column_source_init(DeepsadColumnSource *source, const DeepsadDraft *draft,
									   const DsadEncoder *encoder, const uint16 *draft_column);
extern void deepsad_column_source_read(DeepsadColumnSource *source, const DsadRowSource *rows, DsadRowSource *result);

#endif
