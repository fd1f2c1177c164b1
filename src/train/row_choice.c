/*
 * row_choice.c
 *	  Which training rows are kept: all, or with max_rows a uniform sample, by hashes of their content, so that
 *	  the same rows are the same sample in any order.
 *
 * Each copy of a row has a priority of its own, by its number among the copies, and the rows of lowest priority
 * are the sample: every row has the same chance.  The copies of more than DSAD_MAX_COPIES different rows cannot be
 * counted.  Then they come or go together: the sample is one by the hashes of first copies, which has been
 * kept beside the other, as nobody knows before how many rows will differ.
 */
#include "pg/pg_compat.h"

#include "core/copies.h"
#include "core/sample/sample_hash.h"
#include "pg/core_env.h"
#include "train/row_choice.h"

#define FIRST_HASHES 64

/* Rows that are chosen by one rule. */
typedef struct Chosen
{
	DeepsadRowStore *store;
	DsadLowest	lowest;
} Chosen;

struct DeepsadRowChoice
{
	MemoryContext context;
	DsadEnv		env;
	uint32		max_rows;		/* 0 = all */
	int64		seed;
	uint64		seen;
	Chosen		apart;			/* copies are chosen each for itself; of all rows while these are few */
	Chosen		together;		/* once there are too many */
	DsadCopies	copies;
	uint64	   *hash;			/* of the rows before that; NULL = none, or they were too many */
	uint64		hashes;
};

/* For rows that are single numbers or double ones; max_rows 0 = all are kept. */
DeepsadRowChoice *
deepsad_choice_create(MemoryContext context, bool single, uint64 max_rows, int64 seed)
{
	DeepsadRowChoice *choice = MemoryContextAllocZero(context, sizeof(DeepsadRowChoice));

	choice->context = context;
	deepsad_env_init(&choice->env, context);
	choice->max_rows = (uint32) max_rows;
	choice->seed = seed;
	choice->apart.store = deepsad_rowstore_create(context, single);
	return choice;
}

/* The rows so far, some of which may not stay. */
DeepsadRowStore *
deepsad_choice_store(const DeepsadRowChoice *choice)
{
	return choice->apart.store ? choice->apart.store : choice->together.store;
}

/* Rows that came, kept or not. */
uint64
deepsad_choice_seen(const DeepsadRowChoice *choice)
{
	return choice->seen;
}

/* The priority of copy `number` of rows with such a hash. */
static uint64
priority_of(const DeepsadRowChoice *choice, uint64 hash, uint32 number)
{
	return dsad_hash_priority(dsad_hash_step(dsad_hash_step(dsad_hash_seed(choice->seed), hash), number));
}

/* Whether a row is chosen, and its slot. */
static bool
choose(DeepsadRowChoice *choice, Chosen *chosen, uint64 priority, uint32 *slot)
{
	DsadError	error;
	bool		kept;

	deepsad_check(dsad_lowest_add(&chosen->lowest, &choice->env, priority, &kept, slot, &error), &error);
	return kept;
}

/* The number of a row among its copies; these may be too many to count. */
static uint32
count_copy(DeepsadRowChoice *choice, uint64 hash)
{
	uint32		number;
	DsadError	error;

	deepsad_check(dsad_copies_add(&choice->copies, &choice->env, hash, &number, &error), &error);
	return number;
}

/* Gives back the rows that were chosen by one rule. */
static void
drop(DeepsadRowChoice *choice, Chosen *chosen)
{
	if (chosen->store)
		deepsad_rowstore_free(chosen->store);
	chosen->store = NULL;
	dsad_lowest_release(&chosen->lowest, &choice->env);
}

/* A store with the same rows. */
static DeepsadRowStore *
copy_rows(DeepsadRowStore *store)
{
	DeepsadRowStore *copy = deepsad_rowstore_like(store);
	DsadRowSource source;
	double	   *features;

	deepsad_rowstore_source(store, &source);
	features = palloc(source.features * sizeof(double));
	for (uint64 row = 0; row < source.count; row++)
	{
		int8_t		label = 0;

		CHECK_FOR_INTERRUPTS();
		source.read(source.ctx, row, features, &label);
		deepsad_rowstore_add(copy, &(DsadRows) {features, 1, false}, source.features, label);
	}
	pfree(features);
	return copy;
}

/* The first row that is one too many: from now on they are chosen, by both rules. */
static void
begin_choosing(DeepsadRowChoice *choice)
{
	uint32		slot;

	choice->together.store = copy_rows(choice->apart.store);
	choice->apart.lowest.capacity = choice->together.lowest.capacity = choice->max_rows;
	for (uint64 i = 0; i < choice->hashes; i++)
	{
		uint64		hash = choice->hash[i];

		CHECK_FOR_INTERRUPTS();
		choose(choice, &choice->apart, priority_of(choice, hash, count_copy(choice, hash)), &slot);
		choose(choice, &choice->together, priority_of(choice, hash, 1), &slot);
	}
	pfree(choice->hash);
	choice->hash = NULL;
}

/* Keeps the hash of one of the first rows. */
static void
keep_hash(DeepsadRowChoice *choice, uint64 hash)
{
	uint64		room = choice->hashes;

	if (choice->hash == NULL)
		choice->hash = MemoryContextAlloc(choice->context, FIRST_HASHES * sizeof(uint64));
	else if (room >= FIRST_HASHES && (room & (room - 1)) == 0)
		choice->hash = repalloc_huge(choice->hash, mul_size(2 * room, sizeof(uint64)));
	choice->hash[choice->hashes++] = hash;
}

/* Adds a row whose content has that hash; all rows must have as many features as the first. */
void
deepsad_choice_add(DeepsadRowChoice *choice, const DsadRows *values, uint32 features, int8 label, uint64 hash)
{
	uint32		slot;

	choice->seen++;
	if (choice->max_rows == 0 || choice->seen <= choice->max_rows)
	{
		deepsad_rowstore_add(choice->apart.store, values, features, label);
		if (choice->max_rows > 0)
			keep_hash(choice, dsad_hash_end(dsad_hash_step(hash, (uint64) (label + 2))));
		return;
	}
	if (choice->hash)
		begin_choosing(choice);
	deepsad_rowstore_check(deepsad_choice_store(choice), features);
	hash = dsad_hash_end(dsad_hash_step(hash, (uint64) (label + 2)));
	if (choose(choice, &choice->together, priority_of(choice, hash, 1), &slot))
		deepsad_rowstore_put(choice->together.store, values, slot, label);
	if (choice->apart.store == NULL)
		return;
	if (choose(choice, &choice->apart, priority_of(choice, hash, count_copy(choice, hash)), &slot))
		deepsad_rowstore_put(choice->apart.store, values, slot, label);
	if (choice->copies.count > DSAD_MAX_COPIES)
	{
		drop(choice, &choice->apart);
		dsad_copies_release(&choice->copies, &choice->env);
	}
}

/* All rows have come: those that are chosen, which are the caller's now. */
DeepsadRowStore *
deepsad_choice_finish(DeepsadRowChoice *choice)
{
	DeepsadRowStore *store = deepsad_choice_store(choice);

	if (choice->apart.store)
		choice->apart.store = NULL;
	else
		choice->together.store = NULL;
	deepsad_choice_end(choice);
	return store;
}

/* Gives back all that is kept; may be called again. */
void
deepsad_choice_end(DeepsadRowChoice *choice)
{
	drop(choice, &choice->apart);
	drop(choice, &choice->together);
	dsad_copies_release(&choice->copies, &choice->env);
	if (choice->hash)
		pfree(choice->hash);
	choice->hash = NULL;
	choice->hashes = 0;
}
