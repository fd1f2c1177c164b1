/*
 * sample.c
 *	  Collects a training set.
 *
 * Each kind of label has entries of its own: those of lowest priority, as many as there is
 * room for.  An entry that is among them in the end was so at every moment before, and in
 * every part of the rows; so its count is exact, and sets of parts merge into the very
 * set of all rows.  What was left out once stays out: the limit remembers it.
 *
 * Each kind has the same number of rows, and bytes of its own: what one may have must not depend on
 * the others, which would grow and shrink while rows come.
 */
#include "core/sample/sample.h"

#include <string.h>

#define FIRST_SLOTS 64
#define FIRST_LOG 1152			/* more than what memory contexts keep when it is given back */
#define SMALL_ROOM (64 * 1024)
#define POLL_PROBES 4096		/* of a hash table, between two polls */

/* An empty set for so many entries and bytes. */
DsadStatus
dsad_sample_init(DsadSample *sample, const DsadEnv *env, int64_t seed, uint32_t rows, uint64_t bytes, DsadError *error)
{
	memset(sample, 0, sizeof(*sample));
	sample->env = *env;
	sample->seed = seed;
	sample->max_rows = rows;
	sample->max_bytes = bytes;
	for (int kind = 0; kind < DSAD_SAMPLE_KINDS; kind++)
		sample->limit[kind] = DSAD_SAMPLE_NO_LIMIT;
	return dsad_sample_rebuild(sample, error);
}

/* Gives back a set's memory, where it does not go as a whole. */
void
dsad_sample_release(DsadSample *sample)
{
	for (uint32_t c = 0; c < sample->columns; c++)
		sample->env.release(sample->env.ctx, (void *) sample->column[c].name.bytes);
	if (sample->column)
		sample->env.release(sample->env.ctx, sample->column);
	if (sample->log)
		sample->env.release(sample->env.ctx, sample->log);
	if (sample->slot)
		sample->env.release(sample->env.ctx, sample->slot);
}

/* The order of bytes: that of the first difference, else of lengths. */
int
dsad_bytes_compare(DsadBytes a, DsadBytes b)
{
	uint32_t	shorter = a.length < b.length ? a.length : b.length;
	int			order = shorter > 0 ? memcmp(a.bytes, b.bytes, shorter) : 0;

	return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

/* Room for `size` bytes at *memory, which has *room of them and keeps them; small ones are many, and grow less. */
DsadStatus
dsad_sample_grow(const DsadEnv *env, void **memory, size_t *room, size_t size, bool exactly, DsadError *error)
{
	size_t		larger = *room + (*room >= SMALL_ROOM ? *room / 2 : exactly ? 0 :
																			  *room / 8);
	void	   *moved;

	if (size <= *room)
		return DSAD_OK;
	if (larger < size)
		larger = size;
	moved = env->resize(env->ctx, *memory, larger);
	if (moved == NULL)
		return dsad_no_memory(error);
	*memory = moved;
	*room = larger;
	return DSAD_OK;
}

static uint32_t
first_slot(const DsadSample *sample, uint64_t hash, int kind)
{
	return dsad_hash_place(hash + (uint64_t) kind * 0x9e3779b9, sample->slot) & (sample->slots - 1);
}

/*
 * The slot of a row's record; a free one when there is none; NULL when canceled: somebody may send many different rows
 * of one hash.
 */
static uint64_t *
find_slot(const DsadSample *sample, uint64_t hash, int kind, DsadBytes key, DsadBytes content)
{
	uint32_t	at = first_slot(sample, hash, kind);

	for (uint32_t probes = 1; sample->slot[at] != 0; probes++, at = (at + 1) & (sample->slots - 1))
	{
		const DsadSampleRecord *record;

		if (probes % POLL_PROBES == 0 && sample->env.poll(sample->env.ctx) != 0)
			return NULL;
		if ((sample->slot[at] ^ hash) >> 32 != 0)
			continue;
		record = dsad_sample_record(sample, dsad_slot_place(sample->slot[at]));
		if (record->hash == hash && record->kind == kind &&
			(sample->keyed ? dsad_bytes_compare(dsad_record_key(record), key) == 0 :
							 dsad_bytes_compare(dsad_record_content(record), content) == 0))
			break;
	}
	return &sample->slot[at];
}

static uint32_t
all_entries(const DsadSample *sample)
{
	return sample->entries[0] + sample->entries[1] + sample->entries[2];
}

/* Whether so many entries are too many for so many slots; the smallest, of which there may be many, is filled more. */
static bool
too_full(uint32_t entries, uint32_t slots)
{
	return slots == FIRST_SLOTS ? 5 * entries > 4 * slots : 2 * entries > slots;
}

/* A hash table of fitting size, with all records of the log, of which none is dead. */
DsadStatus
dsad_sample_rebuild(DsadSample *sample, DsadError *error)
{
	uint32_t	slots = FIRST_SLOTS;
	uint32_t	probes = 0;

	while (too_full(all_entries(sample) + 1, slots))
		slots *= 2;
	if (slots != sample->slots)
	{
		uint64_t   *slot = sample->env.alloc(sample->env.ctx, slots * sizeof(uint64_t));

		if (slot == NULL)
			return dsad_no_memory(error);
		if (sample->slot)
			sample->env.release(sample->env.ctx, sample->slot);
		sample->slot = slot;
		sample->slots = slots;
	}
	memset(sample->slot, 0, sample->slots * sizeof(uint64_t));
	for (size_t at = 0; at < sample->log_length;)
	{
		const DsadSampleRecord *record = dsad_sample_record(sample, at);
		uint32_t	place = first_slot(sample, record->hash, record->kind);

		for (; sample->slot[place] != 0; place = (place + 1) & (sample->slots - 1))
			if (++probes % POLL_PROBES == 0 && dsad_poll(&sample->env, error) != DSAD_OK)
				return error->status;
		if (!record->dead)
			sample->slot[place] = dsad_sample_slot(record->hash, at);
		at += dsad_record_size(record);
	}
	return DSAD_OK;
}

/* Makes room for so many bytes more in the log; exactly: for no more, while it is small. */
DsadStatus
dsad_sample_reserve(DsadSample *sample, size_t size, bool exactly, DsadError *error)
{
	void	   *log = sample->log;
	DsadStatus	status = dsad_sample_grow(&sample->env, &log, &sample->log_room, sample->log_length + size, exactly,
										  error);

	sample->log = log;
	return status;
}

/* Writes a record at the end of the log, and puts it in its slot. */
static DsadStatus
append(DsadSample *sample, const DsadSampleRow *row, uint64_t count, uint64_t *slot, DsadError *error)
{
	DsadSampleRecord record = {.hash = row->hash,
							   .count = count,
							   .key = row->key.length,
							   .kind = (uint32_t) (row->label + 1),
							   .content = row->content.length};
	size_t		size = dsad_record_size(&record);
	size_t		least = sample->log_room > 0 ? 0 : FIRST_LOG;
	DsadStatus	status = dsad_sample_reserve(sample, size > least ? size : least, false, error);
	uint8_t    *at;

	if (status != DSAD_OK)
		return status;
	at = sample->log + sample->log_length;
	memcpy(at, &record, sizeof(record));
	memcpy(at + sizeof(record), row->key.bytes, row->key.length);
	memcpy(at + sizeof(record) + row->key.length, row->content.bytes, row->content.length);
	*slot = dsad_sample_slot(row->hash, sample->log_length);
	sample->log_length += size;
	sample->entries[record.kind]++;
	sample->bytes[record.kind] += dsad_sample_entry_bytes(record.key, record.content);
	return DSAD_OK;
}

/* Whether content a goes before b: of the rows with one key the longest is kept, so that entries only grow. */
static bool
content_before(DsadBytes a, DsadBytes b)
{
	return a.length != b.length ? a.length > b.length : memcmp(a.bytes, b.bytes, a.length) < 0;
}

/* More rows with a key that is there. */
static DsadStatus
add_again(DsadSample *sample, const DsadSampleRow *row, uint64_t *slot, DsadError *error)
{
	DsadSampleRecord *record = dsad_sample_record(sample, dsad_slot_place(*slot));
	uint64_t	count = dsad_sample_sum(record->count, row->count);

	record->count = count;
	if (!content_before(row->content, dsad_record_content(record)))
		return DSAD_OK;
	if (row->content.length == record->content)
	{
		memcpy((char *) (record + 1) + record->key, row->content.bytes, row->content.length);
		return DSAD_OK;
	}
	record->dead = 1;
	sample->dead_bytes += dsad_record_size(record);
	sample->entries[record->kind]--;
	sample->bytes[record->kind] -= dsad_sample_entry_bytes(record->key, record->content);
	return append(sample, row, count, slot, error);
}

/*
 * Adds row->count equal rows, whose content lies outside the set.  They count as seen elsewhere
 * (sample->seen).
 */
DsadStatus
dsad_sample_add(DsadSample *sample, const DsadSampleRow *row, DsadError *error)
{
	int			kind = row->label + 1;
	uint64_t	most = sample->max_bytes / DSAD_SAMPLE_LABEL_SHARE;
	uint64_t	bytes = dsad_sample_entry_bytes(row->key.length, row->content.length);
	uint64_t   *slot;
	DsadStatus	status;

	if (bytes > most)
		return dsad_fail(error, DSAD_TOO_LARGE,
						 "Raise option \"max_bytes\", or leave large columns out with option \"columns\".",
						 "row takes %llu bytes, the limit is %llu, an eighth of option \"max_bytes\"",
						 (unsigned long long) bytes, (unsigned long long) most);
	if (row->hash >= sample->limit[kind])
		return DSAD_OK;
	slot = find_slot(sample, row->hash, kind, row->key, row->content);
	if (slot == NULL)
		return dsad_fail(error, DSAD_CANCELED, NULL, "canceled");
	if (*slot && !sample->keyed)
	{
		DsadSampleRecord *record = dsad_sample_record(sample, dsad_slot_place(*slot));

		record->count = dsad_sample_sum(record->count, row->count);
		return DSAD_OK;
	}
	status = *slot ? add_again(sample, row, slot, error) : append(sample, row, row->count, slot, error);
	if (status != DSAD_OK)
		return status;
	if (dsad_sample_over(sample, true))
		return dsad_sample_cut(sample, error);
	if (too_full(all_entries(sample) + 1, sample->slots))
		return dsad_sample_rebuild(sample, error);
	return DSAD_OK;
}
