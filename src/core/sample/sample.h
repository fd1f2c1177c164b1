/*
 * sample.h
 *	  A training set while it is collected: of each kind of label the entries of lowest
 *	  priority, and how often each came.
 */
#ifndef DSAD_SAMPLE_H
#define DSAD_SAMPLE_H

#include "core/sample/sample_cell.h"
#include "core/sample/sample_hash.h"

#define DSAD_SAMPLE_KINDS 3		/* of labels; a label's kind is label + 1 */
#define DSAD_SAMPLE_MAX_ROWS 10000000
#define DSAD_SAMPLE_MIN_BYTES 1000
#define DSAD_SAMPLE_MAX_BYTES ((uint64_t) 256 << 20)
#define DSAD_SAMPLE_ENTRY_BYTES 24	/* that an entry counts for beside its key and content */
#define DSAD_SAMPLE_LABEL_SHARE 8	/* known labels of either kind take this part of the bytes at most */
#define DSAD_SAMPLE_NO_LIMIT UINT64_MAX

/* What a column's arrays are; these numbers are in stored values. */
typedef enum DsadForm
{
	DSAD_FORM_UNKNOWN = 0,		/* none has come */
	DSAD_FORM_FLAT,
	DSAD_FORM_PICTURE			/* all of one shape */
} DsadForm;

typedef struct DsadSampleColumn
{
	DsadBytes	name;			/* UTF-8; empty: rows are arrays */
	uint8_t		type;			/* DsadSampleType */
	bool		partial;		/* some rows had no such column */
	uint16_t	position;		/* the least it has had among a row's columns */
	uint64_t	hash;			/* of the name */
	uint8_t		form;			/* DsadForm */
	DsadShape	shape;			/* of pictures */
} DsadSampleColumn;

/*
 * A row, or equal rows.  Content is the row's columns that are not NULL, in the order of their
 * names' bytes: a column's number in two bytes, then its cell.
 */
typedef struct DsadSampleRow
{
	uint64_t	hash;			/* priority */
	uint64_t	count;
	int8_t		label;
	DsadBytes	key;			/* of sets with keys */
	DsadBytes	content;
} DsadSampleRow;

/* What it holds of a row, in its log; key and content follow. */
typedef struct DsadSampleRecord
{
	uint64_t	hash;
	uint64_t	count;
	uint32_t key : 29;			/* bytes, DSAD_SAMPLE_MAX_BYTES at most */
	uint32_t kind : 2;
	uint32_t dead : 1;			/* another has taken its place */
	uint32_t	content;		/* bytes */
} DsadSampleRecord;

typedef struct DsadSample
{
	DsadEnv		env;
	int64_t		seed;
	uint32_t	max_rows;
	uint64_t	max_bytes;
	bool		typed;			/* there has been a row, so that it is known whether there are keys */
	bool		keyed;
	uint64_t	seen[DSAD_SAMPLE_KINDS];	/* rows that came */
	uint64_t	skipped;		/* rows that are NULL */
	uint64_t	limit[DSAD_SAMPLE_KINDS];	/* priorities from here on do not get in */
	bool		limited;		/* merging has lowered a limit: there may be entries beyond it */
	uint32_t	entries[DSAD_SAMPLE_KINDS];
	uint64_t	bytes[DSAD_SAMPLE_KINDS];	/* that the entries count for */
	DsadSampleColumn *column;
	uint32_t	columns;
	uint32_t	column_room;
	uint8_t    *log;			/* records one behind the other, each at a multiple of eight bytes */
	size_t		log_length;
	size_t		log_room;
	size_t		dead_bytes;		/* of the log */
	uint64_t   *slot;			/* hash table: upper half of the hash, then place in the log / 8 + 1; 0 = free */
	uint32_t	slots;			/* a power of two */
} DsadSample;

extern DsadStatus dsad_sample_init(DsadSample *sample, const DsadEnv *env, int64_t seed, uint32_t rows, uint64_t bytes,
								   DsadError *error);
extern void dsad_sample_release(DsadSample *sample);
extern DsadStatus dsad_sample_columns(DsadSample *sample, const DsadSampleColumn *columns, uint32_t count,
									  uint16_t *number, DsadError *error);
extern DsadStatus dsad_sample_join_form(DsadSampleColumn *column, DsadForm form, DsadShape shape, DsadError *error);
extern DsadStatus dsad_sample_array(DsadSample *sample, uint16_t number, const uint8_t *cell, size_t length,
									DsadError *error);
extern DsadStatus dsad_sample_grow(const DsadEnv *env, void **memory, size_t *room, size_t size, bool exactly,
								   DsadError *error);
extern DsadStatus dsad_sample_reserve(DsadSample *sample, size_t size, bool exactly, DsadError *error);
extern DsadStatus dsad_sample_add(DsadSample *sample, const DsadSampleRow *row, DsadError *error);
extern DsadStatus dsad_sample_cut(DsadSample *sample, DsadError *error);
extern DsadStatus dsad_sample_rebuild(DsadSample *sample, DsadError *error);

extern uint64_t dsad_sample_column_hash(DsadBytes name);
extern int	dsad_bytes_compare(DsadBytes a, DsadBytes b);
extern bool dsad_sample_over(const DsadSample *sample, bool slack);

/* a + b, or the largest number */
static inline uint64_t
dsad_sample_sum(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static inline uint64_t
dsad_sample_entry_bytes(uint32_t key, uint32_t content)
{
	return DSAD_SAMPLE_ENTRY_BYTES + (uint64_t) key + content;
}

/* The bytes that a kind's entries may count for, whatever the others have. */
static inline uint64_t
dsad_sample_room(uint64_t max_bytes, int kind)
{
	uint64_t	share = max_bytes / DSAD_SAMPLE_LABEL_SHARE;

	return kind == DSAD_UNLABELED + 1 ? max_bytes - 2 * share : share;
}

/* What stands in the slot of a record. */
static inline uint64_t
dsad_sample_slot(uint64_t hash, size_t at)
{
	return (hash & ~(uint64_t) UINT32_MAX) | (at / 8 + 1);
}

static inline size_t
dsad_slot_place(uint64_t slot)
{
	return ((size_t) (slot & UINT32_MAX) - 1) * 8;
}

/* Bytes of a record with what follows it. */
static inline size_t
dsad_record_size(const DsadSampleRecord *record)
{
	return (sizeof(DsadSampleRecord) + (size_t) record->key + record->content + 7) & ~(size_t) 7;
}

static inline DsadBytes
dsad_record_key(const DsadSampleRecord *record)
{
	return (DsadBytes) {(const char *) (record + 1), record->key};
}

static inline DsadBytes
dsad_record_content(const DsadSampleRecord *record)
{
	return (DsadBytes) {(const char *) (record + 1) + record->key, record->content};
}

static inline DsadSampleRecord *
dsad_sample_record(const DsadSample *sample, size_t at)
{
	return (DsadSampleRecord *) (void *) (sample->log + at);
}

#endif
