/*
 * column_source.h
 *	  Kept rows as features.
 */
#ifndef DEEPSAD_COLUMN_SOURCE_H
#define DEEPSAD_COLUMN_SOURCE_H

#include "train/row_groups.h"

/* Rows of a draft's cells, and the encoder that makes features of those that it has kept. */
typedef struct DeepsadColumnSource
{
	const DeepsadDraft *draft;
	const DsadEncoder *encoder;
	const uint16 *draft_column;	/* encoder's columns: where each is in the draft */
	double	   *stored;			/* the draft's cells: one row that was kept */
	double	   *cells;			/* the encoder's */
	DsadRowSource rows;			/* that were kept */
	const DeepsadRowGroups *groups;
	uint64_t	group;			/* of the last row */
} DeepsadColumnSource;

extern void deepsad_column_source_init(DeepsadColumnSource *source, const DeepsadDraft *draft,
									   const DsadEncoder *encoder, const uint16 *draft_column,
									   const DeepsadRowGroups *groups);
extern void deepsad_column_source_read(DeepsadColumnSource *source, const DsadRowSource *rows, DsadRowSource *result);

#endif
