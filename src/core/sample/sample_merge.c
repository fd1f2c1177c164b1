/*
 * sample_merge.c
 *	  Adds a training set to another: the result is the set of all their rows.
 */
#include "core/sample/sample_codec.h"

#include <string.h>

#define SMALL_BYTES (64 * 1024)

/* Whether two sets can be merged. */
static DsadStatus
check_same(const DsadSample *sample, const DsadSampleView *view, DsadError *error)
{
	if (sample->seed != view->seed)
		return dsad_fail(error, DSAD_BAD_DATA, "Collect all parts with the same option \"seed\".",
						 "training sets were collected with different seeds, %lld and %lld", (long long) sample->seed,
						 (long long) view->seed);
	if (sample->typed && sample->keyed != view->keyed)
		return dsad_fail(error, DSAD_BAD_DATA, "Give all parts a key, or none.",
						 "one training set was collected with a key, another without");
	return DSAD_OK;
}

/* The entry's content with the columns' numbers in the set. */
static DsadBytes
renumber(DsadBytes content, const uint16_t *number, uint8_t *copy)
{
	size_t		done = 0;

	memcpy(copy, content.bytes, content.length);
	while (done < content.length)
	{
		DsadCell	cell;
		uint16_t	column = number[copy[done] | copy[done + 1] << 8];

		copy[done] = (uint8_t) column;
		copy[done + 1] = (uint8_t) (column >> 8);
		done += 2 + dsad_cell_read(copy + done + 2, content.length - done - 2, &cell);
	}
	return (DsadBytes) {(const char *) copy, content.length};
}

/* Entries that are larger than a smaller bound allows stay out, and those beyond them. */
static void
leave_out_large(DsadSample *sample)
{
	for (size_t at = 0; at < sample->log_length;)
	{
		const DsadSampleRecord *record = dsad_sample_record(sample, at);

		if (!record->dead && record->hash < sample->limit[record->kind] &&
			dsad_sample_entry_bytes(record->key, record->content) > sample->max_bytes / DSAD_SAMPLE_LABEL_SHARE)
			sample->limit[record->kind] = record->hash;
		at += dsad_record_size(record);
	}
}

static DsadStatus
merge_entries(DsadSample *sample, const DsadSampleView *view, const uint16_t *number, uint8_t *copy, DsadError *error)
{
	DsadWatch	watch = {&sample->env, false};
	DsadStatus	status = DSAD_OK;
	size_t		i = 0;

	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
		for (const uint8_t *at = view->kind_at[kind]; at < view->kind_end[kind] && status == DSAD_OK;)
		{
			DsadSampleRow row;

			dsad_watch_rows(&watch, i++, 256);
			at = dsad_sample_entry(view, kind, at, &row);
			if (dsad_sample_entry_bytes(row.key.length, row.content.length) >
				sample->max_bytes / DSAD_SAMPLE_LABEL_SHARE)
			{
				if (row.hash < sample->limit[kind])
					sample->limit[kind] = row.hash;
				continue;
			}
			row.content = renumber(row.content, number, copy);
			status = dsad_sample_add(sample, &row, error);
		}
	return status == DSAD_OK ? dsad_watch_status(&watch, error) : status;
}

/* Adds a set to another.  The smaller of two bounds holds, and what either left out stays out. */
DsadStatus
dsad_sample_merge(DsadSample *sample, const DsadSampleView *view, DsadArena *scratch, DsadError *error)
{
	DsadStatus	status = check_same(sample, view, error);
	uint16_t   *number = dsad_arena_array(scratch, view->columns + 1, sizeof(uint16_t));
	size_t		bytes = (size_t) (view->kind_end[DSAD_SAMPLE_KINDS - 1] - view->kind_at[0]);
	uint64_t	most = view->max_bytes / DSAD_SAMPLE_LABEL_SHARE;
	uint8_t    *copy = dsad_arena_alloc(scratch, bytes < most ? bytes : (size_t) most);

	if (status != DSAD_OK)
		return status;
	if (number == NULL || copy == NULL)
		return dsad_no_memory(error);
	status = dsad_sample_columns(sample, view->column, view->columns, number, error);
	if (status != DSAD_OK)
		return status;
	sample->typed = true;
	sample->keyed = view->keyed;
	sample->limited = true;
	if (view->max_rows < sample->max_rows)
		sample->max_rows = view->max_rows;
	if (view->max_bytes < sample->max_bytes)
	{
		sample->max_bytes = view->max_bytes;
		leave_out_large(sample);
	}
	sample->skipped = dsad_sample_sum(sample->skipped, view->skipped);
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
	{
		sample->seen[kind] = dsad_sample_sum(sample->seen[kind], view->seen[kind]);
		if (view->limit[kind] < sample->limit[kind])
			sample->limit[kind] = view->limit[kind];
	}
	/* small sets are many: at once what a large one takes step by step */
	bytes += ((size_t) view->entries[0] + view->entries[1] + view->entries[2]) * (sizeof(DsadSampleRecord) + 7);
	if (bytes < SMALL_BYTES)
		status = dsad_sample_reserve(sample, bytes, true, error);
	return status == DSAD_OK ? merge_entries(sample, view, number, copy, error) : status;
}
