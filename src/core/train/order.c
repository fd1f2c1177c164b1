/*
 * order.c
 *	  Sorts rows by a hash of their content, so that parallel and synchronized
 *	  scans, which bring rows in another order each time, give the same model.
 */
#include "core/train/order.h"

#include "core/hash.h"

/* A hash of the row that was read last: its features, label, and group if it has one.  Canonical order is by it. */
uint64_t
dsad_canonical_hash(const DsadRowSource *rows, const double *raw, int8_t label)
{
	uint64_t	h = (uint64_t) (label + 2);

	for (uint32_t j = 0; j < rows->features; j++)
		h = dsad_hash_step(h, dsad_number_bits(raw[j]));
	if (rows->group)
		h = dsad_hash_step(h, *rows->group);
	return dsad_hash_end(h);
}

/* One stable counting pass over byte `shift` of the hashes. */
static void
radix_pass(const uint64_t *hash, const uint32_t *from, uint32_t *to, uint32_t count, int shift,
		   DsadWatch *watch)
{
	uint32_t	start[257] = {0};

	for (uint32_t i = 0; i < count; i++)
	{
		dsad_watch_rows(watch, i, 1);
		start[((hash[i] >> shift) & 255) + 1]++;
	}
	for (int b = 0; b < 256; b++)
		start[b + 1] += start[b];
	for (uint32_t i = 0; i < count; i++)
	{
		dsad_watch_rows(watch, i, 8);	/* far apart in memory */
		to[start[(hash[from[i]] >> shift) & 255]++] = from[i];
	}
}

/*
 * Fills order (rows->count) with the row numbers in canonical order.  Two
 * different rows with equal 64-bit hashes would keep the order of arrival;
 * that is left to chance (one in 10^5 for ten million rows).
 */
DsadStatus
dsad_canonical_order(uint32_t *order, const DsadEnv *env, const DsadRowSource *rows,
					 DsadError *error)
{
	uint32_t	count = (uint32_t) rows->count;
	DsadArena	scratch;
	uint64_t   *hash;
	uint32_t   *other;
	double	   *raw;
	DsadWatch	watch = {env, false};
	DsadStatus	status = DSAD_OK;

	dsad_arena_init(&scratch, env);
	hash = dsad_arena_array(&scratch, count, sizeof(uint64_t));
	other = dsad_arena_array(&scratch, count, sizeof(uint32_t));
	raw = dsad_arena_array(&scratch, rows->features, sizeof(double));
	if (!hash || !other || !raw)
		status = dsad_no_memory(error);
	for (uint32_t i = 0; i < count && status == DSAD_OK; i++)
	{
		int8_t		label = DSAD_UNLABELED;

		if (rows->read(rows->ctx, i, raw, &label) != 0)
			status = dsad_fail(error, DSAD_BAD_DATA, NULL, "could not read training row");
		else if (i % 64 == 0)
			status = dsad_poll(env, error);
		hash[i] = dsad_canonical_hash(rows, raw, label);
		order[i] = i;
	}
	/* an even number of passes ends in `order` */
	for (int shift = 0; shift < 64 && status == DSAD_OK; shift += 16)
	{
		radix_pass(hash, order, other, count, shift, &watch);
		radix_pass(hash, other, order, count, shift + 8, &watch);
		status = dsad_watch_status(&watch, error);
	}
	dsad_arena_release(&scratch);
	return status;
}
