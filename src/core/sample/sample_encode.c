/*
 * sample_encode.c
 *	  Training sets -> bytes, little-endian whatever the machine; doc/format.md tells
 *	  what lies where.  The same set is the same bytes, however it was collected.
 */
#include "core/sample/sample_codec.h"

#include <string.h>

#include "core/model/bytes.h"
#include "core/sample/sample_format.h"

/* Whether entry a of a kind goes before b: by priority, then by key. */
static bool
entry_before(const DsadSample *sample, const DsadSampleItem *a, const DsadSampleItem *b)
{
	const DsadSampleRecord *first;
	const DsadSampleRecord *second;

	if (a->hash != b->hash)
		return a->hash < b->hash;
	first = dsad_sample_record(sample, (size_t) a->place * 8);
	second = dsad_sample_record(sample, (size_t) b->place * 8);
	return (sample->keyed ? dsad_bytes_compare(dsad_record_key(first), dsad_record_key(second)) :
							dsad_bytes_compare(dsad_record_content(first), dsad_record_content(second))) < 0;
}

/* Lets item i of a heap sink to where it belongs. */
static void
sink(const DsadSample *sample, DsadSampleItem *heap, size_t i, size_t count)
{
	DsadSampleItem item = heap[i];

	for (;;)
	{
		size_t		child = 2 * i + 1;

		if (child + 1 < count && entry_before(sample, &heap[child], &heap[child + 1]))
			child++;
		if (child >= count || !entry_before(sample, &item, &heap[child]))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = item;
}

/* Sorts entries of one kind: heapsort, which takes no longer for those that somebody has chosen. */
static DsadStatus
sort_entries(const DsadSample *sample, DsadSampleItem *order, size_t count, DsadError *error)
{
	DsadWatch	watch = {&sample->env, false};

	for (size_t i = count / 2; i-- > 0;)
	{
		dsad_watch_rows(&watch, i, 64);
		sink(sample, order, i, count);
	}
	for (size_t end = count; end-- > 1;)
	{
		DsadSampleItem last = order[end];

		dsad_watch_rows(&watch, end, 64);
		order[end] = order[0];
		order[0] = last;
		sink(sample, order, 0, end);
	}
	return dsad_watch_status(&watch, error);
}

/* The columns in the order of their names: number[i] is where the i-th is in the set, place[c] the other way round. */
static void
sort_columns(const DsadSample *sample, uint16_t *number, uint16_t *place)
{
	for (uint32_t c = 0; c < sample->columns; c++)
	{
		uint32_t	i = c;

		for (; i > 0 && dsad_bytes_compare(sample->column[c].name, sample->column[number[i - 1]].name) < 0; i--)
			number[i] = number[i - 1];
		number[i] = (uint16_t) c;
	}
	for (uint32_t i = 0; i < sample->columns; i++)
		place[number[i]] = (uint16_t) i;
}

static size_t
varint_size(uint64_t value)
{
	uint8_t		scratch[10];

	return dsad_put_varint(scratch, value);
}

/*
 * Makes a set ready to be written: cuts it to what it may have, sorts its entries (order) and tells how many
 * bytes it takes.
 */
DsadStatus
dsad_sample_encode_begin(DsadSample *sample, DsadArena *scratch, DsadSampleItem **order, size_t *size, DsadError *error)
{
	DsadStatus	status = dsad_sample_cut(sample, error);
	size_t		next[DSAD_SAMPLE_KINDS];
	size_t		count = 0;

	*order = NULL;
	*size = DSAD_SAMPLE_HEADER + DSAD_SAMPLE_CHECKSUM;
	if (status != DSAD_OK)
		return status;
	for (uint32_t c = 0; c < sample->columns; c++)
	{
		*size += DSAD_SAMPLE_COLUMN + sample->column[c].name.length;
		if (sample->column[c].form == DSAD_FORM_PICTURE)
			*size += DSAD_SAMPLE_SHAPE;
	}
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
	{
		next[kind] = count;
		count += sample->entries[kind];
	}
	*order = dsad_arena_array(scratch, count + 1, sizeof(DsadSampleItem));
	if (*order == NULL)
		return dsad_no_memory(error);
	for (size_t at = 0; at < sample->log_length;)
	{
		const DsadSampleRecord *record = dsad_sample_record(sample, at);

		(*order)[next[record->kind]++] = (DsadSampleItem) {record->hash, (uint32_t) (at / 8)};
		*size += varint_size(record->count) + varint_size(record->content) + record->content;
		if (sample->keyed)
			*size += varint_size(record->key) + record->key;
		at += dsad_record_size(record);
	}
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS && status == DSAD_OK; kind++)
		status = sort_entries(sample, *order + next[kind] - sample->entries[kind], sample->entries[kind], error);
	return status;
}

static void
put_varint(DsadWriter *w, uint64_t value)
{
	uint8_t		bytes[10];

	dsad_put_bytes(w, (const char *) bytes, dsad_put_varint(bytes, value));
}

/* Content whose columns have other numbers. */
static void
put_content(DsadWriter *w, DsadBytes content, const uint16_t *place)
{
	const uint8_t *at = (const uint8_t *) content.bytes;
	const uint8_t *end = at + content.length;

	while (at < end)
	{
		DsadCell	cell;
		size_t		length = dsad_cell_read(at + 2, (size_t) (end - at) - 2, &cell);

		dsad_put_int(w, place[at[0] | at[1] << 8], 2);
		dsad_put_bytes(w, (const char *) (at + 2), length);
		at += 2 + length;
	}
}

/* The bytes before the columns. */
static void
put_header(DsadWriter *w, const DsadSample *sample)
{
	dsad_put_bytes(w, DSAD_SAMPLE_MAGIC, 4);
	dsad_put_int(w, DSAD_SAMPLE_VERSION, 1);
	dsad_put_int(w, sample->keyed, 1);
	dsad_put_int(w, sample->columns, 2);
	dsad_put_int(w, (uint64_t) sample->seed, 8);
	dsad_put_int(w, sample->max_bytes, 8);
	dsad_put_int(w, sample->max_rows, 4);
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
		dsad_put_int(w, sample->entries[kind], 4);
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
		dsad_put_int(w, sample->seen[kind], 8);
	dsad_put_int(w, sample->skipped, 8);
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
		dsad_put_int(w, sample->limit[kind], 8);
}

static void
put_column(DsadWriter *w, const DsadSampleColumn *column)
{
	dsad_put_int(w, column->type, 1);
	dsad_put_int(w, (column->partial ? DSAD_SAMPLE_PARTIAL : 0) | (uint64_t) column->form << DSAD_SAMPLE_FORM_BIT, 1);
	dsad_put_int(w, column->position, 2);
	dsad_put_int(w, column->name.length, 2);
	dsad_put_bytes(w, (const char *) (column->name.bytes), column->name.length);
	if (column->form != DSAD_FORM_PICTURE)
		return;
	dsad_put_int(w, column->shape.channels, 4);
	dsad_put_int(w, column->shape.height, 4);
	dsad_put_int(w, column->shape.width, 4);
}

/* Writes a set that dsad_sample_encode_begin has made ready; false when it is not of that size. */
bool
dsad_sample_encode(const DsadSample *sample, const DsadSampleItem *order, DsadArena *scratch, uint8_t *bytes,
				   size_t size)
{
	DsadWriter	w = {.bytes = bytes, .room = size, .watch = {&sample->env, false}};
	uint16_t   *number = dsad_arena_array(scratch, sample->columns + 1, sizeof(uint16_t));
	uint16_t   *place = dsad_arena_array(scratch, sample->columns + 1, sizeof(uint16_t));
	size_t		count = (size_t) sample->entries[0] + sample->entries[1] + sample->entries[2];

	if (number == NULL || place == NULL)
		return false;
	sort_columns(sample, number, place);
	put_header(&w, sample);
	for (uint32_t i = 0; i < sample->columns; i++)
		put_column(&w, &sample->column[number[i]]);
	for (size_t i = 0; i < count; i++)
	{
		const DsadSampleRecord *record = dsad_sample_record(sample, (size_t) order[i].place * 8);

		dsad_watch_rows(&w.watch, i, 64);
		put_varint(&w, record->count);
		if (sample->keyed)
		{
			put_varint(&w, record->key);
			dsad_put_bytes(&w, (const char *) (dsad_record_key(record).bytes), record->key);
		}
		put_varint(&w, record->content);
		put_content(&w, dsad_record_content(record), place);
	}
	if (w.failed || w.length + DSAD_SAMPLE_CHECKSUM != size)
		return false;
	dsad_put_int(&w, sample->env.crc32c(bytes, w.length), DSAD_SAMPLE_CHECKSUM);
	return !w.failed;
}
