/*
 * column_parts.c
 *	  Which columns of the training rows are the year, the month, … of an instant in the
 *	  same row.
 */
#include <math.h>

#include "core/columns/column_moves.h"
#include "core/columns/date_parts.h"

#define MICROSECONDS_PER_HOUR 3600e6
#define MICROSECONDS_PER_DAY 86400e6
#define MIN_MOVE_ROWS 30		/* below, nothing is known to move with anything */
#define SAME_PART 0.98			/* of the rows have the date's part: the clock may have been changed */
#define MAX_ZONE_HOURS 14

/* Whether a number is a part of an instant, in some time zone, give or take what is rounded. */
static bool
is_part(DsadDatePart part, double number, double value)
{
	double		wide = part == DSAD_DATE_PART_EPOCH ? 1 : part == DSAD_DATE_PART_EPOCH_MILLISECONDS ? 1000 :
																									  0;

	return fabs(number - value) <= wide;
}

/* The number in a row: a text's is the one in it. */
static double
number_of(const DsadMoveSample *sample, uint32_t row, uint32_t c)
{
	return sample->draft->column[c].encoding == DSAD_ENCODING_CATEGORY ?
			   sample->digits[(size_t) row * sample->draft->columns + c] :
			   dsad_sample_cell(sample, row, c);
}

/* A row's instant in a time zone so many hours ahead; NaN when it has none that has parts. */
static double
local_instant(const DsadMoveSample *sample, uint32_t row, uint32_t clock, int hours)
{
	double		instant = dsad_sample_cell(sample, row, clock) + hours * MICROSECONDS_PER_HOUR;

	return fabs(instant) < 1e18 ? instant : NAN;
}

/* Whether it is no accident that a number is a part: they vary together, or it has four digits, or (sure) is told by
 * another column. */
static bool
is_no_accident(DsadMoveSample *sample, uint32_t clock, uint32_t c, int hours, DsadDatePart part, bool sure)
{
	DsadTally	tally = {0};
	size_t		count = 0;

	if (part < DSAD_DATE_PART_QUARTER || sure)
		return true;
	for (uint32_t i = 0; i < sample->rows; i++)
	{
		double		instant = local_instant(sample, i, clock, hours);
		double		value[DSAD_DATE_PARTS];

		if (isnan(instant) || isnan(number_of(sample, i, c)))
			continue;
		dsad_date_parts(instant, value);
		sample->pair[count++] = (DsadPair) {value[part], number_of(sample, i, c)};
	}
	dsad_tally_add(&tally, sample->pair, sample->room, count);
	return !dsad_tally_is_chance(&tally, 0);
}

/*
 * The part of a clock that a number is in (nearly) all rows (year_known: in all), in a time zone so many
 * hours ahead; DSAD_DATE_PARTS when it is none, or may be one by accident.
 */
static DsadDatePart
find_part(DsadMoveSample *sample, uint32_t clock, uint32_t c, int hours, bool year_known)
{
	uint32_t	same[DSAD_DATE_PARTS] = {0};
	uint32_t	rows = 0;

	for (uint32_t i = 0; i < sample->rows; i++)
	{
		double		instant = local_instant(sample, i, clock, hours);
		double		number = number_of(sample, i, c);
		double		part[DSAD_DATE_PARTS];
		bool		any = false;

		if (isnan(instant) || isnan(number))
			continue;
		rows++;
		dsad_date_parts(instant, part);
		for (DsadDatePart p = 0; p < DSAD_DATE_PARTS; p++)
		{
			same[p] += is_part(p, number, part[p]);
			any |= same[p] >= rows - (1 - SAME_PART) * sample->rows;
		}
		if (!any)
			return DSAD_DATE_PARTS;
	}
	for (DsadDatePart p = 0; p < DSAD_DATE_PARTS && rows >= MIN_MOVE_ROWS; p++)
		if (same[p] >= SAME_PART * rows && is_no_accident(sample, clock, c, hours, p, year_known && same[p] == rows))
			return p;
	return DSAD_DATE_PARTS;
}

/* Leaves a column out if it is a part of a clock's dates that the rows have not seen all of; whether it is the year. */
static bool
judge_part(DsadMoveSample *sample, DsadCandidate *one, uint32_t clock, uint32_t c, double days, bool year_known)
{
	int			zones = sample->draft->column[clock].type == DSAD_TYPE_TIMESTAMPTZ ? MAX_ZONE_HOURS : 0;

	for (int hours = -zones; hours <= zones; hours++)
	{
		DsadDatePart part = find_part(sample, clock, c, hours, year_known);

		if (part == DSAD_DATE_PARTS || days >= dsad_date_part_days(part))
			continue;
		dsad_moves_with(one, clock);
		return part == DSAD_DATE_PART_YEAR;
	}
	return false;
}

/* The same of all columns: first those that cannot be an accident; then, if a year is among them, the others. */
DsadStatus
dsad_judge_parts(DsadMoveSample *sample, DsadCandidate *candidate, uint32_t clock, const DsadEnv *env, DsadError *error)
{
	const DsadColumnStatistics *s = candidate[clock].statistics;
	double		days = (s->max - s->min) / MICROSECONDS_PER_DAY;
	bool		year = false;
	DsadStatus	status = DSAD_OK;

	for (int pass = 0; pass <= (int) year; pass++)
		for (uint32_t c = 0; c < sample->draft->columns && status == DSAD_OK; c++)
		{
			if (dsad_is_measured(&sample->draft->column[c], &candidate[c]) ||
				dsad_is_text(&sample->draft->column[c], &candidate[c]))
				year |= judge_part(sample, &candidate[c], clock, c, days, pass > 0);
			status = dsad_poll(env, error);
		}
	return status;
}
