/*
 * calibration_scores.c
 *	  Scores of fresh rows, and a uniform sample of them, which is the same whatever order they came in: all
 *	  are kept, and sorted before some are drawn.
 */
#include "pg/pg_compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "core/dsad.h"
#include "sample/calibration_scores.h"

#define FIRST_SCORES 256
#define MAX_SCORES 100000		/* in memory, if they are bounded */

/* No scores, in context.  They are bounded unless something else bounds them. */
void
deepsad_scores_init(DeepsadScores *scores, MemoryContext context, bool bounded)
{
	memset(scores, 0, sizeof(*scores));
	scores->context = context;
	scores->bounded = bounded;
	scores->room = FIRST_SCORES;
	scores->score = MemoryContextAlloc(context, scores->room * sizeof(DeepsadScore));
}

/* Scores go to a sort from now on, and those in memory first. */
static void
begin_sort(DeepsadScores *scores)
{
	MemoryContext old = MemoryContextSwitchTo(scores->context);
	Oid			before = lookup_type_cache(FLOAT8OID, TYPECACHE_LT_OPR)->lt_opr;

	scores->sort = tuplesort_begin_datum(FLOAT8OID, before, InvalidOid, false, work_mem, NULL, 0);
	for (uint32 i = 0; i < scores->entries; i++)
		for (uint64 k = 0; k < scores->score[i].count; k++)
		{
			CHECK_FOR_INTERRUPTS();
			tuplesort_putdatum(scores->sort, Float8GetDatum(scores->score[i].score), false);
		}
	pfree(scores->score);
	scores->score = NULL;
	MemoryContextSwitchTo(old);
}

/* Adds a score that so many rows have. */
void
deepsad_scores_add(DeepsadScores *scores, double score, uint64 count)
{
	scores->rows += count;
	if (scores->sort == NULL && scores->bounded && scores->entries == MAX_SCORES)
		begin_sort(scores);
	if (scores->sort)
	{
		MemoryContext old = MemoryContextSwitchTo(scores->context);

		for (uint64 k = 0; k < count; k++)
		{
			CHECK_FOR_INTERRUPTS();
			tuplesort_putdatum(scores->sort, Float8GetDatum(score), false);
		}
		MemoryContextSwitchTo(old);
		return;
	}
	if (scores->entries == scores->room)
	{
		scores->room *= 2;
		scores->score = repalloc_huge(scores->score, scores->room * sizeof(DeepsadScore));
	}
	scores->score[scores->entries++] = (DeepsadScore) {score, count};
}

/* Polls: nothing else does while millions of scores are sorted. */
static int
compare_scores(const void *a, const void *b)
{
	double		x = ((const DeepsadScore *) a)->score;
	double		y = ((const DeepsadScore *) b)->score;

	CHECK_FOR_INTERRUPTS();
	return (x > y) - (x < y);
}

/* The next of the sorted scores, of those that *entry and *copy have come to. */
static double
next_score(DeepsadScores *scores, uint32 *entry, uint64 *copy)
{
	Datum		value;
	bool		null;
	double		score;

	if (scores->sort == NULL)
	{
		if (*copy == scores->score[*entry].count)
		{
			(*entry)++;
			*copy = 0;
		}
		(*copy)++;
		return scores->score[*entry].score;
	}
	if (!deepsad_sort_next(scores->sort, &value, &null) || null)
		elog(ERROR, "sorted scores are fewer than there were");
	score = DatumGetFloat8(value);
#ifndef USE_FLOAT8_BYVAL
	if (DEEPSAD_SORT_COPIES)
		pfree(DatumGetPointer(value));
#endif
	return score;
}

/* A number below `bound`. */
static uint64
below(DsadRandom *random, uint64 bound)
{
	/* the bias of a modulo by less than 2^40 is below one in ten million */
	return bound <= PG_UINT32_MAX ? dsad_random_below(random, (uint32_t) bound) : dsad_random_next(random) % bound;
}

/* A uniform sample of the scores, or all, sorted; how many.  There are no scores afterwards. */
uint32
deepsad_scores_sample(DeepsadScores *scores, int64 seed, double *sample, uint32 most)
{
	uint32		wanted = (uint32) Min(scores->rows, most);
	uint32		kept = 0;
	uint32		entry = 0;
	uint64		copy = 0;
	DsadRandom	random;

	if (scores->sort)
		tuplesort_performsort(scores->sort);
	else
		qsort(scores->score, scores->entries, sizeof(DeepsadScore), compare_scores);
	dsad_random_seed(&random, (uint64) seed, 0, DSAD_STREAM_SAMPLE);
	for (uint64 i = 0; i < scores->rows && kept < wanted; i++)
	{
		double		score = next_score(scores, &entry, &copy);

		CHECK_FOR_INTERRUPTS();
		if (scores->rows <= most || below(&random, scores->rows - i) < wanted - kept)
			sample[kept++] = score;
	}
	deepsad_scores_end(scores);
	return kept;
}

/* Gives back what is no memory; may be called again. */
void
deepsad_scores_end(DeepsadScores *scores)
{
	if (scores->sort)
		tuplesort_end(scores->sort);
	scores->sort = NULL;
	scores->rows = 0;
}
