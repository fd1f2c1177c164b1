/*
 * date_parts.c
 *	  Year, month, week, … of an instant, as people write them in numbers of their own.
 */
#include "core/columns/date_parts.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define MICROSECONDS_PER_SECOND 1e6
#define MICROSECONDS_PER_DAY 86400e6
#define UNIX_EPOCH_SECONDS 946684800.0	/* 2000-01-01 since 1970-01-01 */
#define MIN_YEAR_DAYS 366		/* a span of which all months, weeks and days of a year came ... */
#define MIN_MONTH_DAYS 62		/* ... and of which all days of a month did */
#define MIN_WEEK_DAYS 14

/* All parts of an instant in microseconds since 2000, which is finite. */
void
dsad_date_parts(double instant, double part[DSAD_DATE_PARTS])
{
	/* days since 0000-03-01 of the proleptic Gregorian calendar, in eras of 400 years of 146097 days */
	int64_t		day = (int64_t) floor(instant / MICROSECONDS_PER_DAY) + 730425;
	int64_t		era = (day >= 0 ? day : day - 146096) / 146097;
	int64_t		of_era = day - era * 146097;
	int64_t		year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t		of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t		month = (5 * of_year + 2) / 153;
	int64_t		day_of_month = of_year - (153 * month + 2) / 5 + 1;
	int64_t		year = year_of_era + era * 400 + (month >= 10);
	bool		leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	int64_t		day_of_week = ((day + 3) % 7 + 7) % 7;
	int64_t		iso = day_of_week == 0 ? 7 : day_of_week;
	int64_t		day_of_year = of_year >= 306 ? of_year - 305 : of_year + 60 + leap;
	int64_t		week = (day_of_year - iso + 10) / 7;

	month = month < 10 ? month + 3 : month - 9;
	part[DSAD_DATE_PART_EPOCH] = instant / MICROSECONDS_PER_SECOND + UNIX_EPOCH_SECONDS;
	part[DSAD_DATE_PART_EPOCH_MILLISECONDS] = part[DSAD_DATE_PART_EPOCH] * 1000;
	part[DSAD_DATE_PART_YEAR] = (double) year;
	part[DSAD_DATE_PART_YEAR_MONTH] = (double) (year * 100 + month);
	part[DSAD_DATE_PART_YEAR_QUARTER] = (double) (year * 10 + (month + 2) / 3);
	part[DSAD_DATE_PART_YEAR_WEEK] = (double) (year * 100 + week);
	part[DSAD_DATE_PART_DATE] = (double) (year * 10000 + month * 100 + day_of_month);
	part[DSAD_DATE_PART_QUARTER] = (double) ((month + 2) / 3);
	part[DSAD_DATE_PART_MONTH] = (double) month;
	part[DSAD_DATE_PART_WEEK] = (double) week;
	part[DSAD_DATE_PART_DAY_OF_YEAR] = (double) day_of_year;
	part[DSAD_DATE_PART_DAY] = (double) day_of_month;
	part[DSAD_DATE_PART_DAY_OF_WEEK] = (double) day_of_week;
	part[DSAD_DATE_PART_ISO_DAY_OF_WEEK] = (double) iso;
}

/* The days that the rows must span so that a part goes on as it was; infinite for one that never comes again. */
double
dsad_date_part_days(DsadDatePart part)
{
	switch (part)
	{
		case DSAD_DATE_PART_QUARTER:
		case DSAD_DATE_PART_MONTH:
		case DSAD_DATE_PART_WEEK:
		case DSAD_DATE_PART_DAY_OF_YEAR:
			return MIN_YEAR_DAYS;
		case DSAD_DATE_PART_DAY:
			return MIN_MONTH_DAYS;
		case DSAD_DATE_PART_DAY_OF_WEEK:
		case DSAD_DATE_PART_ISO_DAY_OF_WEEK:
			return MIN_WEEK_DAYS;
		default:
			return INFINITY;
	}
}
