/*
 * category_index.c
 *	  Finds a value among a column's categories: by a hash table or, when that is no good,
 *	  by their sorted order.
 */
#include "core/model/encoder.h"

#include <string.h>

#define MAX_PROBES 64			/* in a hash table: honest categories need fewer but once in 10^9 columns of any size */

/* Words with the multiplier of Evensen's rrmxmx (2018), the bytes after them with that of FNV-1a (Fowler, Noll, Vo). */
static uint32_t
hash_bytes(const char *bytes, uint32_t length)
{
	uint64_t	h = length;

	for (; length >= 8; length -= 8, bytes += 8)
	{
		uint64_t	word;

		memcpy(&word, bytes, 8);
		h = (h ^ word) * UINT64_C(0x9fb21c651e98df25);
		h ^= h >> 35;
	}
	for (; length > 0; length--, bytes++)
		h = (h ^ (uint8_t) *bytes) * UINT64_C(0x100000001b3);
	h ^= h >> 29;
	return (uint32_t) (h ^ (h >> 32));
}

/* By length, then by bytes: negative when a comes first. */
static int
compare_bytes(DsadBytes a, DsadBytes b)
{
	if (a.length != b.length)
		return a.length < b.length ? -1 : 1;
	return memcmp(a.bytes, b.bytes, a.length);
}

/* Moves order[root] down the heap of order[0 .. count - 1]. */
static void
sift_down(uint32_t *order, uint32_t root, uint32_t count, const DsadBytes *category)
{
	uint32_t	moved = order[root];

	for (uint32_t child; (child = 2 * root + 1) < count; root = child)
	{
		if (child + 1 < count && compare_bytes(category[order[child + 1]], category[order[child]]) > 0)
			child++;
		if (compare_bytes(category[order[child]], category[moved]) <= 0)
			break;
		order[root] = order[child];
	}
	order[root] = moved;
}

static DsadStatus
duplicate_category(DsadError *error)
{
	return dsad_fail(error, DSAD_CORRUPT, NULL, "invalid deepsad model: a column has a category twice");
}

/* Sorts the column's categories, for bytes that were made to collide in its table. */
static DsadStatus
sort_categories(DsadColumn *column, DsadArena *arena, DsadError *error)
{
	uint32_t	count = column->categories;
	uint32_t   *order = dsad_arena_array(arena, count, sizeof(uint32_t));
	DsadWatch	watch = {arena->env, false};

	if (order == NULL)
		return dsad_no_memory(error);
	for (uint32_t k = 0; k < count; k++)
		order[k] = k;
	for (uint32_t root = count / 2; root-- > 0;)
		sift_down(order, root, count, column->category);
	for (uint32_t end = count; end-- > 1;)
	{
		uint32_t	largest = order[0];

		order[0] = order[end];
		order[end] = largest;
		sift_down(order, 0, end, column->category);
		dsad_watch_rows(&watch, end, 1024);
	}
	for (uint32_t k = 1; k < count; k++)
		if (compare_bytes(column->category[order[k - 1]], column->category[order[k]]) == 0)
			return duplicate_category(error);
	column->slots = 0;
	column->sorted = order;
	return dsad_watch_status(&watch, error);
}

/*
 * Builds what finds a category: a hash table or, when some category is not near its place there, their
 * sorted order.  Two equal categories are an error.
 */
DsadStatus
dsad_index_categories(DsadColumn *column, DsadArena *arena, DsadError *error)
{
	column->slots = 0;
	column->sorted = NULL;
	if (column->encoding != DSAD_ENCODING_CATEGORY || column->categories == 0)
		return DSAD_OK;
	column->slots = 4;
	while (column->slots < 2 * column->categories)
		column->slots *= 2;
	column->slot = dsad_arena_array(arena, column->slots, sizeof(uint32_t));
	if (column->slot == NULL)
		return dsad_no_memory(error);
	for (uint32_t k = 0; k < column->categories; k++)
	{
		DsadBytes	category = column->category[k];
		uint32_t	at = hash_bytes(category.bytes, category.length);
		uint32_t	probes = 0;
		uint32_t	other;

		while ((other = column->slot[at & (column->slots - 1)]) != 0)
		{
			if (compare_bytes(column->category[other - 1], category) == 0)
				return duplicate_category(error);
			if (++probes == MAX_PROBES)
				return sort_categories(column, arena, error);
			at++;
		}
		column->slot[at & (column->slots - 1)] = k + 1;
	}
	return DSAD_OK;
}

/* The index of a category among the sorted ones, column->categories when it is none of them. */
static uint32_t
find_sorted(const DsadColumn *column, DsadBytes wanted)
{
	uint32_t	low = 0;
	uint32_t	high = column->categories;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;
		int			order = compare_bytes(column->category[column->sorted[middle]], wanted);

		if (order == 0)
			return column->sorted[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return column->categories;
}

/* The index of a category in its column, column->categories when it is none of the known ones. */
uint32_t
dsad_category_find(const DsadColumn *column, const char *bytes, uint32_t length)
{
	DsadBytes	wanted = {bytes, length};
	uint32_t	mask = column->slots - 1;

	if (column->slots == 0)
		return column->sorted ? find_sorted(column, wanted) : column->categories;
	for (uint32_t at = hash_bytes(bytes, length);; at++)
	{
		uint32_t	k = column->slot[at & mask];

		if (k == 0)
			return column->categories;
		if (compare_bytes(column->category[k - 1], wanted) == 0)
			return k - 1;
	}
}
