/*
 * rank_correlation.h
 *	  How far one number rises or falls with another.
 */
#ifndef DSAD_RANK_CORRELATION_H
#define DSAD_RANK_CORRELATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct DsadPair
{
	double		x;
	double		y;
} DsadPair;

/* Pairs of rows, counted over groups of rows: how many there are, how many are tied, how many lie the wrong way. */
typedef struct DsadTally
{
	size_t		rows;
	double		all;
	double		tied_x;
	double		tied_y;
	double		tied_both;
	double		discordant;
	double		log_ways_x;		/* logarithm of the number of ways to arrange the rows by x ... */
	double		log_ways_y;
	double		log_ways_both;	/* ... and by both */
} DsadTally;

extern void dsad_sort_pairs(DsadPair *pair, DsadPair *room, size_t count);
extern void dsad_tally_add(DsadTally *tally, DsadPair *pair, DsadPair *room, size_t count);
extern bool dsad_tally_is_chance(const DsadTally *tally, double ways);
extern double dsad_rank_correlation(const DsadTally *tally, double ways);

#endif
