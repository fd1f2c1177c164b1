/*
 * row_groups.h
 *	  Which training rows belong together: the option "group_by".
 */
#ifndef DEEPSAD_ROW_GROUPS_H
#define DEEPSAD_ROW_GROUPS_H

#include "train/column_draft.h"

/* A column that says so: rows with the same value in it, or with instants of the same stretch of time. */
typedef struct DeepsadGroupColumn
{
	uint32		cell;			/* of the draft */
	bool		instant;
	double		first;			/* instants: the first one ... */
	double		stretch;		/* ... and how long each stretch is, in microseconds */
} DeepsadGroupColumn;

typedef struct DeepsadRowGroups
{
	uint32		columns;		/* 0 = each row stands alone */
	DeepsadGroupColumn *column;
	double		edge;			/* the part of a stretch, on either side, whose rows resemble its neighbors' */
} DeepsadRowGroups;

extern void deepsad_row_groups_find(DeepsadRowGroups *groups, const DeepsadDraft *draft, const DsadRowSource *rows);
extern uint64 deepsad_row_group(const DeepsadRowGroups *groups, const double *cells);

#endif
