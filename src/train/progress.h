/*
 * progress.h
 *	  Shows other sessions how a training goes (the view deepsad_progress).
 */
#ifndef DEEPSAD_PROGRESS_H
#define DEEPSAD_PROGRESS_H

#include "core/dsad.h"

/* All members of a training together.  Its address tells whose this backend's entry is. */
typedef struct DeepsadProgress
{
	bool		verbose;		/* notices, too */
	bool		update;			/* of a model */
	uint32		members;
	uint32		members_done;
	uint32		workers;		/* launched */
	uint64		rows;			/* to train on */
	uint64		bytes;			/* that they take */
	uint64		visited;		/* visits to rows by all members */
	uint64		visits;			/* how many there will be at most */
	int			tenths;			/* that were told of in notices */
} DeepsadProgress;

extern void deepsad_progress_start(const DeepsadProgress *progress);
extern void deepsad_progress_collecting(const DeepsadProgress *progress, uint64 rows, uint64 bytes);
extern void deepsad_progress_begin(const DeepsadProgress *progress);
extern void deepsad_progress_update(DeepsadProgress *progress, const DsadProgress *member);
extern void deepsad_progress_end(const DeepsadProgress *progress);

#endif
