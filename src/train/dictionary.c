/*
 * dictionary.c
 *	  The different values of a category column, as rows come: each has a number, in
 *	  order of arrival, and a count.  When all rows are there the most frequent values
 *	  become the categories.
 *
 * A value that is too long to be a category is known by its hash alone.  When there
 * are too many values all are forgotten: such a column is no category.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "train/dictionary.h"

#define MAX_DISTINCT 100000
#define MAX_DIGITS 15			/* that a double holds */
#define MIN_CATEGORY_ROWS 2		/* a value seen once is like one never seen */

/* One value, as the hash table has it. */
typedef struct DictionaryEntry
{
	DsadBytes	key;
	uint32		hash;
	uint32		number;
	char		status;
} DictionaryEntry;

#define SH_PREFIX dictionary
#define SH_ELEMENT_TYPE DictionaryEntry
#define SH_KEY_TYPE DsadBytes
#define SH_KEY key
#define SH_HASH_KEY(table, key) hash_bytes((const unsigned char *) (key).bytes, (int) (key).length)
#define SH_EQUAL(table, a, b) ((a).length == (b).length && memcmp((a).bytes, (b).bytes, (a).length) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* One value and how often it came. */
typedef struct Counted
{
	DsadBytes	value;
	bool		is_long;		/* value is a hash */
	uint64		rows;
	uint32		number;			/* in order of arrival */
} Counted;

struct DeepsadDictionary
{
	MemoryContext context;
	dictionary_hash *table;		/* NULL = full */
	Counted    *counted;		/* capacity; in order of arrival */
	uint32		distinct;
	uint32		capacity;
	Size		bytes;			/* about */
	Size		most;			/* there may be */
};

/* An empty dictionary of so many bytes at most, in a context of its own. */
DeepsadDictionary *
deepsad_dictionary_create(MemoryContext parent, Size most)
{
	MemoryContext context = AllocSetContextCreate(parent, "deepsad dictionary", ALLOCSET_SMALL_SIZES);
	DeepsadDictionary *dictionary = MemoryContextAllocZero(parent, sizeof(DeepsadDictionary));

	dictionary->context = context;
	dictionary->most = most;
	dictionary->table = dictionary_create(context, 16, NULL);
	return dictionary;
}

/* Whether there were too many values to count. */
bool
deepsad_dictionary_full(const DeepsadDictionary *dictionary)
{
	return dictionary->table == NULL;
}

/* How many different values there were, when it became full at least. */
uint32
deepsad_dictionary_distinct(const DeepsadDictionary *dictionary)
{
	return dictionary->distinct;
}

/* Room for one more value. */
static void
reserve(DeepsadDictionary *dictionary)
{
	if (dictionary->distinct < dictionary->capacity)
		return;
	dictionary->capacity = Max(16, 2 * dictionary->capacity);
	dictionary->counted = dictionary->counted ?
							  repalloc(dictionary->counted, dictionary->capacity * sizeof(Counted)) :
							  MemoryContextAlloc(dictionary->context, dictionary->capacity * sizeof(Counted));
}

/* Counts a value; its number, which means nothing once the dictionary is full. */
uint32
deepsad_dictionary_add(DeepsadDictionary *dictionary, DsadBytes value)
{
	bool		is_long = value.length > DSAD_MAX_CATEGORY;
	uint64		digest[2];
	DictionaryEntry *entry;
	bool		found;
	char	   *copy;

	if (dictionary->table == NULL)
		return 0;
	if (is_long)
	{
		digest[0] = hash_bytes_extended((const unsigned char *) value.bytes, (int) value.length, 0);
		digest[1] = hash_bytes_extended((const unsigned char *) value.bytes, (int) value.length, value.length);
		value = (DsadBytes) {(const char *) digest, sizeof(digest)};
	}
	entry = dictionary_insert(dictionary->table, value, &found);
	if (!found)
	{
		reserve(dictionary);
		copy = MemoryContextAlloc(dictionary->context, Max(value.length, 1));
		memcpy(copy, value.bytes, value.length);
		entry->key = (DsadBytes) {copy, value.length};
		entry->number = dictionary->distinct;
		dictionary->counted[dictionary->distinct] = (Counted) {entry->key, is_long, 0, dictionary->distinct};
		dictionary->distinct++;
		dictionary->bytes += value.length + 3 * sizeof(DictionaryEntry) + 2 * sizeof(Counted);
		if (dictionary->distinct > MAX_DISTINCT || dictionary->bytes > dictionary->most)
		{
			MemoryContextReset(dictionary->context);
			dictionary->table = NULL;
			dictionary->counted = NULL;
			dictionary->bytes = 0;
			return 0;
		}
	}
	dictionary->counted[entry->number].rows++;
	return entry->number;
}

/* A hash of a value's bytes, by its number; of one that is not full. */
uint64
deepsad_dictionary_hash(const DeepsadDictionary *dictionary, uint32 number)
{
	DsadBytes	value = dictionary->counted[number].value;

	return hash_bytes_extended((const unsigned char *) value.bytes, (int) value.length, 0);
}

/* The digits of a value as one number; NaN when it has none, or too many, or is too long to be kept. */
double
deepsad_dictionary_digits(const DeepsadDictionary *dictionary, uint32 number)
{
	const Counted *counted = &dictionary->counted[number];
	double		digits = 0;
	int			count = 0;

	for (uint32 i = 0; i < counted->value.length && !counted->is_long; i++)
	{
		char		c = counted->value.bytes[i];

		if (c < '0' || c > '9')
			continue;
		digits = 10 * digits + (c - '0');
		count++;
	}
	return count > 0 && count <= MAX_DIGITS ? digits : NAN;
}

/* More frequent first, then by bytes. */
static int
compare_counted(const void *a, const void *b)
{
	const Counted *x = a;
	const Counted *y = b;
	int			order;

	if (x->rows != y->rows)
		return x->rows > y->rows ? -1 : 1;
	order = memcmp(x->value.bytes, y->value.bytes, Min(x->value.length, y->value.length));
	return order != 0 ? order : x->value.length < y->value.length ? -1 :
																	1;
}

/*
 * Makes the most frequent values, `top` at most, the column's categories, in the current context, where the
 * result lies too: the category of each number.  Of one that is not full; it is of no use afterwards.
 */
uint32 *
deepsad_dictionary_choose(DeepsadDictionary *dictionary, uint32 top, DsadColumn *column)
{
	uint32	   *category = palloc(Max(dictionary->distinct, 1) * sizeof(uint32));
	uint32		kept = 0;
	uint32		chosen = 0;

	if (deepsad_dictionary_full(dictionary))
		elog(ERROR, "column has too many different values to be a category");
	if (dictionary->distinct > 1)
		qsort(dictionary->counted, dictionary->distinct, sizeof(Counted), compare_counted);
	while (kept < dictionary->distinct && kept < top && dictionary->counted[kept].rows >= MIN_CATEGORY_ROWS)
		kept++;
	column->category = palloc(Max(kept, 1) * sizeof(DsadBytes));
	for (uint32 i = 0; i < dictionary->distinct; i++)
	{
		const Counted *counted = &dictionary->counted[i];
		bool		chooses = i < kept && !counted->is_long;

		if (chooses)
			column->category[chosen] = counted->value;
		category[counted->number] = chooses ? chosen++ : PG_UINT32_MAX;
	}
	column->categories = chosen;
	for (uint32 i = 0; i < dictionary->distinct; i++)
		category[i] = Min(category[i], chosen);
	return category;
}
