/*
 * sample_decode.c
 *	  Bytes -> training sets.  Nothing is trusted: a set that opens has columns, cells and an
 *	  order that are what they must be, whoever made the bytes.
 */
#include "core/sample/sample_codec.h"

#include <string.h>

#include "core/model/bytes.h"
#include "core/sample/sample_format.h"

static DsadStatus
corrupt(DsadError *error, const char *what)
{
	return dsad_fail(error, DSAD_CORRUPT, "The value may have been damaged or cut short.",
					 "invalid deepsad training set: %s", what);
}

/* The priority of an entry, from what it holds. */
uint64_t
dsad_sample_hash(int64_t seed, const DsadSampleColumn *column, bool keyed, DsadBytes key, DsadBytes content)
{
	uint64_t	h = dsad_hash_seed(seed);
	const uint8_t *at = (const uint8_t *) content.bytes;
	const uint8_t *end = at + content.length;

	if (keyed)
		return dsad_hash_priority(dsad_hash_bytes(h, (const uint8_t *) key.bytes, key.length));
	while (at < end)
	{
		DsadCell	cell;
		size_t		length = dsad_cell_read(at + 2, (size_t) (end - at) - 2, &cell);

		h = dsad_hash_bytes(dsad_hash_step(h, column[at[0] | at[1] << 8].hash), at + 2, length);
		at += 2 + length;
	}
	return dsad_hash_priority(h);
}

/* Reads the entry of a kind that is at `at`; where the next one is.  Of bytes that have been looked at. */
const uint8_t *
dsad_sample_entry(const DsadSampleView *view, int kind, const uint8_t *at, DsadSampleRow *row)
{
	const uint8_t *end = view->kind_end[kind];
	uint64_t	length = 0;

	at += dsad_get_varint(at, (size_t) (end - at), &row->count);
	row->key = (DsadBytes) {(const char *) at, 0};
	if (view->keyed)
	{
		at += dsad_get_varint(at, (size_t) (end - at), &length);
		row->key = (DsadBytes) {(const char *) at, (uint32_t) length};
		at += length;
	}
	at += dsad_get_varint(at, (size_t) (end - at), &length);
	row->content = (DsadBytes) {(const char *) at, (uint32_t) length};
	row->label = (int8_t) (kind - 1);
	row->hash = dsad_sample_hash(view->seed, view->column, view->keyed, row->key, row->content);
	return at + length;
}

static void
advance(DsadSampleCursor *cursor, int kind)
{
	cursor->there[kind] = cursor->next[kind] < cursor->view->kind_end[kind];
	if (cursor->there[kind])
		cursor->next[kind] = dsad_sample_entry(cursor->view, kind, cursor->next[kind], &cursor->row[kind]);
}

/* Starts to read a set's entries. */
void
dsad_sample_start(DsadSampleCursor *cursor, const DsadSampleView *view)
{
	cursor->view = view;
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
	{
		cursor->next[kind] = view->kind_at[kind];
		advance(cursor, kind);
	}
}

/* The order of entries of different kinds; 0 = they are one row. */
static int
compare_rows(const DsadSampleView *view, const DsadSampleRow *a, const DsadSampleRow *b)
{
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return view->keyed ? dsad_bytes_compare(a->key, b->key) : dsad_bytes_compare(a->content, b->content);
}

/*
 * The next row, false when there is none.  A row that came with and without a label has it, and what it was
 * then; with both labels it is a conflict.
 */
bool
dsad_sample_next(DsadSampleCursor *cursor, DsadSampleRow *row, bool *conflict)
{
	static const int order[DSAD_SAMPLE_KINDS] = {DSAD_ANOMALY + 1, DSAD_NORMAL + 1, DSAD_UNLABELED + 1};
	int			least = -1;
	int			labels = 0;

	*conflict = false;
	for (int i = 0; i < DSAD_SAMPLE_KINDS; i++)
		if (cursor->there[order[i]] &&
			(least < 0 || compare_rows(cursor->view, &cursor->row[order[i]], &cursor->row[least]) < 0))
			least = order[i];
	if (least < 0)
		return false;
	*row = cursor->row[least];
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
	{
		if (!cursor->there[kind] || (kind != least && compare_rows(cursor->view, &cursor->row[kind], row) != 0))
			continue;
		labels += kind != DSAD_UNLABELED + 1;
		if (kind != least)
			row->count = dsad_sample_sum(row->count, cursor->row[kind].count);
		advance(cursor, kind);
	}
	*conflict = labels == 2;
	return true;
}

/* Reads the bytes before the columns. */
static DsadStatus
read_header(DsadSampleView *view, DsadReader *r, DsadError *error)
{
	uint64_t	version;
	uint64_t	flags;

	if (r->left < DSAD_SAMPLE_HEADER || memcmp(r->at, DSAD_SAMPLE_MAGIC, 4) != 0)
		return corrupt(error, "it does not start as one");
	r->at += 4;
	r->left -= 4;
	version = dsad_get_int(r, 1);
	if (version > DSAD_SAMPLE_VERSION)
		return dsad_fail(error, DSAD_NEWER_FORMAT, NULL,
						 "training set has format %llu, this version of deepsad knows %d", (unsigned long long) version,
						 DSAD_SAMPLE_VERSION);
	flags = dsad_get_int(r, 1);
	if (flags > DSAD_SAMPLE_KEYED)
		return dsad_fail(error, DSAD_NEWER_FORMAT, NULL,
						 "training set has flags %llu, this version of deepsad knows %d", (unsigned long long) flags,
						 DSAD_SAMPLE_KEYED);
	view->keyed = flags == DSAD_SAMPLE_KEYED;
	view->columns = (uint32_t) dsad_get_int(r, 2);
	view->seed = (int64_t) dsad_get_int(r, 8);
	view->max_bytes = dsad_get_int(r, 8);
	view->max_rows = (uint32_t) dsad_get_int(r, 4);
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
		view->entries[kind] = (uint32_t) dsad_get_int(r, 4);
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
		view->seen[kind] = dsad_get_int(r, 8);
	view->skipped = dsad_get_int(r, 8);
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
		view->limit[kind] = dsad_get_int(r, 8);
	if (version == 0 || view->columns > DSAD_MAX_COLUMNS || view->max_rows == 0 ||
		view->max_rows > DSAD_SAMPLE_MAX_ROWS || view->max_bytes < DSAD_SAMPLE_MIN_BYTES ||
		view->max_bytes > DSAD_SAMPLE_MAX_BYTES)
		return corrupt(error, "its head is malformed");
	return DSAD_OK;
}

/* Reads the shape of a column's pictures, which are as many numbers as a cell can hold. */
static bool
read_shape(DsadShape *shape, DsadReader *r)
{
	shape->channels = (uint32_t) dsad_get_int(r, 4);
	shape->height = (uint32_t) dsad_get_int(r, 4);
	shape->width = (uint32_t) dsad_get_int(r, 4);
	return !r->failed && shape->channels > 0 && shape->height > 0 && shape->width > 0 &&
		   shape->height <= DSAD_SAMPLE_MAX_BYTES / shape->channels &&
		   shape->width <= DSAD_SAMPLE_MAX_BYTES / shape->channels / shape->height;
}

/* Reads a column, whose name stays where it lies. */
static bool
read_column(DsadSampleColumn *column, DsadReader *r)
{
	uint64_t	marks;
	bool		array;

	column->type = (uint8_t) dsad_get_int(r, 1);
	marks = dsad_get_int(r, 1);
	column->partial = (marks & DSAD_SAMPLE_PARTIAL) != 0;
	column->form = (uint8_t) (marks >> DSAD_SAMPLE_FORM_BIT);
	column->position = (uint16_t) dsad_get_int(r, 2);
	column->name.length = (uint32_t) dsad_get_int(r, 2);
	column->name.bytes = (const char *) r->at;
	if (r->failed || marks > DSAD_SAMPLE_MARKS || column->type == 0 || column->type >= DSAD_SAMPLE_TYPES ||
		column->name.length > DSAD_MAX_NAME || column->name.length > r->left)
		return false;
	array = dsad_sample_kind(column->type) == DSAD_TYPE_ARRAY;
	column->hash = dsad_sample_column_hash(column->name);
	r->at += column->name.length;
	r->left -= column->name.length;
	if ((column->name.length == 0 || column->form != DSAD_FORM_UNKNOWN) && !array)
		return false;
	return column->form != DSAD_FORM_PICTURE || read_shape(&column->shape, r);
}

/* Reads the columns, which lie in arena then. */
static DsadStatus
read_columns(DsadSampleView *view, DsadArena *arena, DsadReader *r, DsadError *error)
{
	view->column = dsad_arena_array(arena, view->columns + 1, sizeof(DsadSampleColumn));
	if (view->column == NULL)
		return dsad_no_memory(error);
	for (uint32_t c = 0; c < view->columns; c++)
	{
		DsadSampleColumn *column = &view->column[c];

		memset(column, 0, sizeof(*column));
		if (!read_column(column, r) || (c > 0 && dsad_bytes_compare(view->column[c - 1].name, column->name) >= 0) ||
			(column->name.length == 0 && view->columns > 1))
			return corrupt(error, "its columns are malformed");
	}
	return DSAD_OK;
}

/* Whether an array is what its column's are. */
static bool
good_array(const DsadSampleColumn *column, const DsadCell *cell)
{
	if (cell->tag == DSAD_CELL_PICTURE)
		return column->form == DSAD_FORM_PICTURE && memcmp(&column->shape, &cell->shape, sizeof(cell->shape)) == 0 &&
			   dsad_cell_is_narrow(cell);
	return column->form == DSAD_FORM_FLAT;
}

/* Whether content is columns in their order, each with a cell that it may have. */
static bool
good_content(const DsadSampleView *view, const uint8_t *at, size_t left)
{
	int			last = -1;

	while (left > 0)
	{
		DsadCell	cell;
		size_t		length;
		int			number;

		if (left < 3)
			return false;
		number = at[0] | at[1] << 8;
		length = dsad_cell_read(at + 2, left - 2, &cell);
		if (length == 0 || number <= last || number >= (int) view->columns ||
			!dsad_cell_fits(&cell, view->column[number].type) ||
			(dsad_cell_is_array(&cell) && !good_array(&view->column[number], &cell)))
			return false;
		last = number;
		at += 2 + length;
		left -= 2 + length;
	}
	return true;
}

/* Finds so many bytes behind a varint that tells how many. */
static bool
skip_bytes(DsadReader *r, DsadBytes *bytes)
{
	uint64_t	length;
	size_t		read = dsad_get_varint(r->at, r->left, &length);

	if (read == 0 || length > r->left - read || length > DSAD_SAMPLE_MAX_BYTES)
		return false;
	*bytes = (DsadBytes) {(const char *) r->at + read, (uint32_t) length};
	r->at += read + length;
	r->left -= read + length;
	return true;
}

/* Looks at one entry, behind `before` (NULL: it is the first of its kind). */
static bool
check_entry(const DsadSampleView *view, int kind, DsadReader *r, const DsadSampleRow *before, DsadSampleRow *row)
{
	size_t		read = dsad_get_varint(r->at, r->left, &row->count);

	if (read == 0 || row->count == 0)
		return false;
	r->at += read;
	r->left -= read;
	row->key = (DsadBytes) {(const char *) r->at, 0};
	if (view->keyed && !skip_bytes(r, &row->key))
		return false;
	if (!skip_bytes(r, &row->content) ||
		!good_content(view, (const uint8_t *) row->content.bytes, row->content.length))
		return false;
	/* rows that are arrays have one; others may be all NULL */
	if (row->content.length == 0 && view->columns == 1 && view->column[0].name.length == 0)
		return false;
	row->label = (int8_t) (kind - 1);
	row->hash = dsad_sample_hash(view->seed, view->column, view->keyed, row->key, row->content);
	if (row->hash >= view->limit[kind] ||
		dsad_sample_entry_bytes(row->key.length, row->content.length) > view->max_bytes / DSAD_SAMPLE_LABEL_SHARE)
		return false;
	/* rows of equal hash are that rare that any order of theirs will do */
	if (before == NULL || before->hash != row->hash)
		return before == NULL || before->hash < row->hash;
	return compare_rows(view, before, row) != 0;
}

/* Looks at all entries, and finds where each kind's are. */
static DsadStatus
check_entries(DsadSampleView *view, const DsadEnv *env, DsadReader *r, DsadError *error)
{
	DsadWatch	watch = {env, false};

	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
	{
		DsadSampleRow row[2];
		uint64_t	room = dsad_sample_room(view->max_bytes, kind);

		if (view->entries[kind] > view->max_rows)
			return corrupt(error, "it has more entries than it may");
		view->kind_at[kind] = r->at;
		for (uint32_t i = 0; i < view->entries[kind]; i++)
		{
			uint64_t	bytes;

			dsad_watch_rows(&watch, i, 256);
			if (watch.canceled)
				return dsad_watch_status(&watch, error);
			if (!check_entry(view, kind, r, i > 0 ? &row[(i - 1) % 2] : NULL, &row[i % 2]))
				return corrupt(error, "an entry is malformed");
			bytes = dsad_sample_entry_bytes(row[i % 2].key.length, row[i % 2].content.length);
			if (bytes > room)
				return corrupt(error, "its entries take more bytes than they may");
			room -= bytes;
		}
		view->kind_end[kind] = r->at;
	}
	return r->left == 0 ? DSAD_OK : corrupt(error, "there are bytes behind its entries");
}

/* Looks at the bytes of a set; the view is of them, and its columns lie in arena. */
DsadStatus
dsad_sample_open(DsadSampleView *view, DsadArena *arena, const DsadEnv *env, const uint8_t *bytes, size_t length,
				 DsadError *error)
{
	DsadReader	r = {.at = bytes, .left = length};
	DsadReader	checksum;
	DsadStatus	status;

	memset(view, 0, sizeof(*view));
	status = read_header(view, &r, error);
	if (status != DSAD_OK)
		return status;
	if (r.left < DSAD_SAMPLE_CHECKSUM)
		return corrupt(error, "it is cut short");
	r.left -= DSAD_SAMPLE_CHECKSUM;
	checksum = (DsadReader) {.at = bytes + length - DSAD_SAMPLE_CHECKSUM, .left = DSAD_SAMPLE_CHECKSUM};
	if (dsad_get_int(&checksum, DSAD_SAMPLE_CHECKSUM) != env->crc32c(bytes, length - DSAD_SAMPLE_CHECKSUM))
		return corrupt(error, "its checksum is wrong");
	status = read_columns(view, arena, &r, error);
	return status == DSAD_OK ? check_entries(view, env, &r, error) : status;
}
