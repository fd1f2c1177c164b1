/*
 * sample_cut.c
 *	  Drops the entries of highest priority from a training set that has become too large.
 */
#include "core/sample/sample.h"

#include <string.h>

/* Cutting is put off until there are twice the entries that may be, or this part more bytes, so that it is rare. */
#define SLACK_PART 2
#define SLACK_ROWS 16
#define SLACK_BYTES 4096

typedef struct Item
{
	uint64_t	hash;
	uint64_t	bytes;
} Item;

/* Whether some kind has more than it may or, with slack, much more; or the log holds much that is dead. */
bool
dsad_sample_over(const DsadSample *sample, bool slack)
{
	if (slack && sample->dead_bytes > sample->max_bytes / SLACK_PART + SLACK_BYTES)
		return true;
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
	{
		uint64_t	rows = sample->max_rows;
		uint64_t	bytes = dsad_sample_room(sample->max_bytes, kind);

		if (slack)
		{
			rows += rows + SLACK_ROWS;
			bytes += bytes / SLACK_PART + SLACK_BYTES;
		}
		if (sample->entries[kind] > rows || sample->bytes[kind] > bytes)
			return true;
	}
	return false;
}

static void
swap(Item *a, Item *b)
{
	Item		other = *a;

	*a = *b;
	*b = other;
}

/* Moves those with less than the pivot's hash to the front, those with as much behind them; how many of each. */
static void
partition(Item *item, size_t count, uint64_t pivot, size_t *less, size_t *equal)
{
	size_t		i = 0;
	size_t		end = count;

	*less = 0;
	while (i < end)
	{
		if (item[i].hash < pivot)
			swap(&item[(*less)++], &item[i++]);
		else if (item[i].hash > pivot)
			swap(&item[i], &item[--end]);
		else
			i++;
	}
	*equal = end - *less;
}

static uint64_t
sum_bytes(const Item *item, size_t count)
{
	uint64_t	sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += item[i].bytes;
	return sum;
}

/* Lowers *limit so that those of lower hash fit; equal hashes stay or go together.  Shuffles the items. */
static DsadStatus
find_limit(const DsadEnv *env, Item *item, size_t count, uint64_t rows, uint64_t bytes, uint64_t *limit,
		   DsadError *error)
{
	while (count > 0 && (count > rows || sum_bytes(item, count) > bytes))
	{
		uint64_t	pivot = item[(item[0].hash + count) % count].hash;
		size_t		less;
		size_t		equal;
		size_t		taken;
		uint64_t	sum;
		DsadStatus	status = dsad_poll(env, error);

		if (status != DSAD_OK)
			return status;
		partition(item, count, pivot, &less, &equal);
		sum = sum_bytes(item, less);
		taken = less + equal;
		if (less > rows || sum > bytes)
		{
			count = less;
			continue;
		}
		sum += sum_bytes(item + less, equal);
		if (taken > rows || sum > bytes)
		{
			*limit = pivot;
			return DSAD_OK;
		}
		if (taken == count)
			return DSAD_OK;
		item += taken;
		count -= taken;
		rows -= taken;
		bytes -= sum;
	}
	return DSAD_OK;
}

/* Lowers a kind's limit to what fits. */
static DsadStatus
cut_kind(DsadSample *sample, int kind, DsadError *error)
{
	uint64_t	rows = sample->max_rows;
	uint64_t	bytes = dsad_sample_room(sample->max_bytes, kind);
	size_t		count = 0;
	Item	   *item;
	DsadStatus	status;

	if (sample->entries[kind] <= rows && sample->bytes[kind] <= bytes)
		return DSAD_OK;
	item = sample->env.alloc(sample->env.ctx, sample->entries[kind] * sizeof(Item));
	if (item == NULL)
		return dsad_no_memory(error);
	for (size_t at = 0; at < sample->log_length;)
	{
		const DsadSampleRecord *record = dsad_sample_record(sample, at);

		if (!record->dead && record->kind == kind)
			item[count++] = (Item) {record->hash, dsad_sample_entry_bytes(record->key, record->content)};
		at += dsad_record_size(record);
	}
	status = find_limit(&sample->env, item, count, rows, bytes, &sample->limit[kind], error);
	sample->env.release(sample->env.ctx, item);
	return status;
}

/* Removes what is dead or beyond its limit from the log. */
static void
sweep(DsadSample *sample)
{
	size_t		kept = 0;

	memset(sample->entries, 0, sizeof(sample->entries));
	memset(sample->bytes, 0, sizeof(sample->bytes));
	for (size_t at = 0; at < sample->log_length;)
	{
		const DsadSampleRecord *record = dsad_sample_record(sample, at);
		size_t		size = dsad_record_size(record);

		if (!record->dead && record->hash < sample->limit[record->kind])
		{
			sample->entries[record->kind]++;
			sample->bytes[record->kind] += dsad_sample_entry_bytes(record->key, record->content);
			if (kept != at)
				memmove(sample->log + kept, record, size);
			kept += size;
		}
		at += size;
	}
	sample->log_length = kept;
	sample->dead_bytes = 0;
}

/* Drops what may not stay. */
DsadStatus
dsad_sample_cut(DsadSample *sample, DsadError *error)
{
	DsadStatus	status = DSAD_OK;

	if (!sample->limited && sample->dead_bytes == 0 && !dsad_sample_over(sample, false))
		return DSAD_OK;
	/* entries beyond limits that merging has lowered do not count */
	if (sample->limited || sample->dead_bytes > 0)
		sweep(sample);
	sample->limited = false;
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS && status == DSAD_OK; kind++)
		status = cut_kind(sample, kind, error);
	if (status == DSAD_OK && dsad_sample_over(sample, false))
		sweep(sample);
	return status == DSAD_OK ? dsad_sample_rebuild(sample, error) : status;
}
