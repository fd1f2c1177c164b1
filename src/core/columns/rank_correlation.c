/*
 * rank_correlation.c
 *	  How far one number rises or falls with another, and whether that may be chance.
 */
#include "core/columns/rank_correlation.h"

#include <math.h>
#include <string.h>

#define MIN_ROWS 30				/* below, nothing is known */
#define CHANCE 1e-8				/* of the table of two columns' values, when the rows are shuffled */

static int
compare_pairs(const DsadPair *a, const DsadPair *b)
{
	if (a->x != b->x)
		return a->x < b->x ? -1 : 1;
	return a->y < b->y ? -1 : a->y > b->y;
}

/*
 * Sorts pairs (count) by x, then y, with room for as many, or by y alone; returns how many pairs of pairs stood
 * the other way round, those with equal y left out.
 */
static uint64_t
merge_sort(DsadPair *pair, DsadPair *room, size_t count, bool by_y)
{
	size_t		half = count / 2;
	size_t		i = 0;
	size_t		j = half;
	uint64_t	inversions;

	if (count < 2)
		return 0;
	inversions = merge_sort(pair, room, half, by_y) + merge_sort(pair + half, room, count - half, by_y);
	for (size_t k = 0; k < count; k++)
	{
		bool		right = i == half ||
							(j < count && (by_y ? pair[j].y < pair[i].y : compare_pairs(&pair[j], &pair[i]) < 0));

		if (right)
			inversions += half - i;
		room[k] = pair[right ? j++ : i++];
	}
	memcpy(pair, room, count * sizeof(DsadPair));
	return inversions;
}

/* Sorts pairs (count) by x, then y, with room for as many. */
void
dsad_sort_pairs(DsadPair *pair, DsadPair *room, size_t count)
{
	merge_sort(pair, room, count, false);
}

/* Adds, over runs of equal values in sorted pairs: pairs of pairs that are tied, and the logarithm of the number of
 * arrangements. */
static void
count_ties(const DsadPair *pair, size_t count, bool by_y, bool both, double *tied, double *log_ways)
{
	double		log_factorial = 0;
	size_t		run = 1;

	for (size_t i = 1; i <= count; i++)
	{
		*log_ways += log((double) i);
		if (i < count && (by_y || pair[i].x == pair[i - 1].x) && (!(by_y || both) || pair[i].y == pair[i - 1].y))
		{
			run++;
			log_factorial += log((double) run);
			continue;
		}
		*tied += (double) run * (double) (run - 1) / 2;
		*log_ways -= log_factorial;
		log_factorial = 0;
		run = 1;
	}
}

/* Adds a group's pairs (count), which are sorted then, with room for as many. */
void
dsad_tally_add(DsadTally *tally, DsadPair *pair, DsadPair *room, size_t count)
{
	if (count < 2)
		return;
	tally->rows += count;
	tally->all += (double) count * (double) (count - 1) / 2;
	merge_sort(pair, room, count, false);
	count_ties(pair, count, false, false, &tally->tied_x, &tally->log_ways_x);
	count_ties(pair, count, false, true, &tally->tied_both, &tally->log_ways_both);
	tally->discordant += (double) merge_sort(pair, room, count, true);
	count_ties(pair, count, true, false, &tally->tied_y, &tally->log_ways_y);
}

/*
 * Whether chance makes two columns' values meet as they do, in some `ways` (logarithm) that would do, too: the table of
 * how often each two values meet has this probability when one column's are shuffled (multivariate hypergeometric
 * distribution).
 */
bool
dsad_tally_is_chance(const DsadTally *tally, double ways)
{
	return tally->rows < MIN_ROWS || tally->log_ways_both - tally->log_ways_x - tally->log_ways_y + ways > log(CHANCE);
}

/*
 * Goodman's and Kruskal's gamma: of the pairs of rows that differ in both columns, how many more
 * lie one way than the other.  0 when chance may have made it.
 */
double
dsad_rank_correlation(const DsadTally *tally, double ways)
{
	double		informative = tally->all - tally->tied_x - tally->tied_y + tally->tied_both;

	return informative > 0 && !dsad_tally_is_chance(tally, ways) ? 1 - 2 * tally->discordant / informative : 0;
}
