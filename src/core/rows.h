/*
 * rows.h
 *	  Rows of numbers, and their labels.
 */
#ifndef DSAD_ROWS_H
#define DSAD_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum DsadLabel
{
	DSAD_ANOMALY = -1,
	DSAD_UNLABELED = 0,
	DSAD_NORMAL = 1
} DsadLabel;

_Static_assert(DSAD_ANOMALY == -1 && DSAD_UNLABELED == 0 && DSAD_NORMAL == 1, "label + 1 is an index");

/* Rows by label: number label + 1. */
#define DSAD_LABELS 3

/* Rows to score, (count, features), NaN = missing: doubles or, if single, floats, at any address. */
typedef struct DsadRows
{
	const void *values;
	size_t		count;
	bool		single;
} DsadRows;

/* Number i of the rows, counted through all of them. */
static inline double
dsad_row_number(const DsadRows *rows, size_t i)
{
	float		single;
	double		number;

	if (rows->single)
	{
		memcpy(&single, (const char *) rows->values + i * sizeof(single), sizeof(single));
		return (double) single;
	}
	memcpy(&number, (const char *) rows->values + i * sizeof(number), sizeof(number));
	return number;
}

#endif
