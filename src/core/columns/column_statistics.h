/*
 * column_statistics.h
 *	  What is learned of the columns of training rows while the rows come: functions of
 *	  the set of rows, never of their order, and of parts that can be told together.
 */
#ifndef DSAD_COLUMN_STATISTICS_H
#define DSAD_COLUMN_STATISTICS_H

#include "core/model/encoder.h"
#include "core/rows.h"

/* The different values of a column, as long as they are few, and the rows that have each, by label. */
#define DSAD_FEW_VALUES 20

typedef struct DsadFewValues
{
	uint32_t	count;			/* DSAD_FEW_VALUES + 1: too many */
	uint32_t	room;
	uint32_t	last;			/* where the last row's was */
	double	   *value;			/* count; a missing one is NaN */
	uint64_t	(*rows)[DSAD_LABELS];	/* count */
} DsadFewValues;

/*
 * The values with the smallest hashes, and how often each came (Bar-Yossef et al.,
 * 2002): a sample of the values, not of the rows.
 */
#define DSAD_SAMPLED_VALUES 4096	/* in each column */
#define DSAD_SAMPLED_IN_ALL 65536	/* in all columns together, as long as each has so many: */
#define DSAD_SAMPLED_AT_LEAST 128

typedef struct DsadSampledValues
{
	uint32_t	most;			/* how many there may be */
	uint32_t	count;
	uint32_t	room;
	double	   *value;			/* count, in order of their hashes */
	uint8_t    *again;			/* count: 1 = came more than once */
	uint64_t	largest;		/* hash, once there are `most` */
} DsadSampledValues;

/* The first and the last day, since 2000, on which each hour of the day and day of the week came. */
#define DSAD_HOURS 24
#define DSAD_WEEKDAYS 7

typedef struct DsadCoverage
{
	int32_t		hour[DSAD_HOURS][2];	/* first > last: never */
	int32_t		weekday[DSAD_WEEKDAYS][2];
} DsadCoverage;

/* Array elements that have one value in all known anomalies, or all known normal rows, so far. */
typedef struct DsadTelling
{
	double	   *value[2];		/* cells each: the anomalies', the normals'; NULL before the first of them */
	uint8_t    *varies;			/* cells: 1 = not one value */
	double	   *low;			/* cells: of the unlabeled rows; NULL before the first of them */
	double	   *high;
} DsadTelling;

typedef struct DsadColumnStatistics
{
	uint64_t	present[DSAD_LABELS];	/* rows with a value, or with all elements */
	uint64_t	missing[DSAD_LABELS];
	uint64_t	filled[DSAD_LABELS];	/* rows with a value, or with an element */
	double		min;			/* of what is present, unless an array; min > max: nothing */
	double		max;
	DsadFewValues few;			/* no arrays */
	DsadSampledValues sampled;	/* of integers, until a fraction comes; none when they are not counted */
	bool		fraction;		/* one of the values is not an integer */
	DsadCoverage *coverage;		/* instants and times of day */
	DsadTelling telling;		/* arrays */
} DsadColumnStatistics;

/* Whether two cells are the same value; missing ones are one. */
static inline bool
dsad_same_cell(double a, double b)
{
	return a == b || (a != a && b != b);
}

extern void dsad_column_statistics_init(DsadColumnStatistics *s, bool counted, uint32_t counted_columns);
extern DsadStatus dsad_column_statistics_add(DsadColumnStatistics *s, const DsadColumn *column,
											 const double *cells, int8_t label, const DsadEnv *env, DsadError *error);
extern uint64_t dsad_rows_present(const DsadColumnStatistics *s);

#endif
