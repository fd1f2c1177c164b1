/*
 * sample_codec.h
 *	  Training sets <-> bytes.
 */
#ifndef DSAD_SAMPLE_CODEC_H
#define DSAD_SAMPLE_CODEC_H

#include "core/sample/sample.h"

/* An entry that is about to be written. */
typedef struct DsadSampleItem
{
	uint64_t	hash;
	uint32_t	place;			/* in the log / 8 */
} DsadSampleItem;

/* A training set that is read where its bytes lie. */
typedef struct DsadSampleView
{
	int64_t		seed;
	uint32_t	max_rows;
	uint64_t	max_bytes;
	bool		keyed;
	uint64_t	seen[DSAD_SAMPLE_KINDS];
	uint64_t	skipped;
	uint64_t	limit[DSAD_SAMPLE_KINDS];
	uint32_t	entries[DSAD_SAMPLE_KINDS];
	uint32_t	columns;
	DsadSampleColumn *column;	/* in the order of their names' bytes */
	const uint8_t *kind_at[DSAD_SAMPLE_KINDS];	/* its first entry, and that of the next kind */
	const uint8_t *kind_end[DSAD_SAMPLE_KINDS];
} DsadSampleView;

/* Entries of all kinds in the order of their priority. */
typedef struct DsadSampleCursor
{
	const DsadSampleView *view;
	const uint8_t *next[DSAD_SAMPLE_KINDS];
	DsadSampleRow row[DSAD_SAMPLE_KINDS];	/* that comes next of each kind */
	bool		there[DSAD_SAMPLE_KINDS];
} DsadSampleCursor;

extern DsadStatus dsad_sample_encode_begin(DsadSample *sample, DsadArena *scratch, DsadSampleItem **order, size_t *size,
										   DsadError *error);
extern bool dsad_sample_encode(const DsadSample *sample, const DsadSampleItem *order, DsadArena *scratch,
							   uint8_t *bytes, size_t size);

extern DsadStatus dsad_sample_open(DsadSampleView *view, DsadArena *arena, const DsadEnv *env, const uint8_t *bytes,
								   size_t length, DsadError *error);
extern const uint8_t *dsad_sample_entry(const DsadSampleView *view, int kind, const uint8_t *at, DsadSampleRow *row);
extern void dsad_sample_start(DsadSampleCursor *cursor, const DsadSampleView *view);
extern bool dsad_sample_next(DsadSampleCursor *cursor, DsadSampleRow *row, bool *conflict);

extern uint64_t dsad_sample_hash(int64_t seed, const DsadSampleColumn *column, bool keyed, DsadBytes key,
								 DsadBytes content);
extern DsadStatus dsad_sample_merge(DsadSample *sample, const DsadSampleView *view, DsadArena *scratch,
									DsadError *error);

#endif
