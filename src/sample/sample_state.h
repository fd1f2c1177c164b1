/*
 * sample_state.h
 *	  Values of type deepsad_rows: flat when stored, an expanded object while rows come.
 */
#ifndef DEEPSAD_SAMPLE_STATE_H
#define DEEPSAD_SAMPLE_STATE_H

#include "utils/expandeddatum.h"
#include "utils/jsonb.h"

#include "core/sample/sample_codec.h"

/* A set in memory, in a context of its own. */
typedef struct DeepsadSample
{
	ExpandedObjectHeader header;
	DsadSample	sample;
	Jsonb	   *options;		/* of the last row, NULL = none */
	bool		any_options;	/* there has been a row */
	int			reading;		/* how the last row was read ... */
	uint64		reading_serial;	/* ... if that is still kept; 0 = no row yet */
	uint16	   *number;			/* what the columns of those rows are in the set */
	DsadArena	arena;			/* of order */
	DsadSampleItem *order;		/* of the entries, when it is about to be written */
	Size		size;			/* without VARHDRSZ */
} DeepsadSample;

/* A stored set that is read. */
typedef struct DeepsadRows
{
	struct varlena *value;
	DsadEnv		env;
	DsadArena	arena;
	DsadSampleView view;
} DeepsadRows;

extern DeepsadSample *deepsad_sample_create(MemoryContext parent, int64 seed, uint32 rows, uint64 bytes);
extern DeepsadSample *deepsad_sample_writable(Datum value, MemoryContext parent);
extern void deepsad_sample_merge_value(DeepsadSample *state, Datum value);
extern void deepsad_rows_open(DeepsadRows *rows, Datum value, MemoryContext context);

#endif
