/*
 * date_parts.h
 *	  Year, month, week, … of an instant.
 */
#ifndef DSAD_DATE_PARTS_H
#define DSAD_DATE_PARTS_H

typedef enum DsadDatePart
{
	DSAD_DATE_PART_EPOCH,		/* seconds */
	DSAD_DATE_PART_EPOCH_MILLISECONDS,
	DSAD_DATE_PART_YEAR,
	DSAD_DATE_PART_YEAR_MONTH,	/* 202612 */
	DSAD_DATE_PART_YEAR_QUARTER,	/* 20264 */
	DSAD_DATE_PART_YEAR_WEEK,
	DSAD_DATE_PART_DATE,		/* 20261231 */
	DSAD_DATE_PART_QUARTER,
	DSAD_DATE_PART_MONTH,
	DSAD_DATE_PART_WEEK,
	DSAD_DATE_PART_DAY_OF_YEAR,
	DSAD_DATE_PART_DAY,
	DSAD_DATE_PART_DAY_OF_WEEK,	/* Sunday = 0 */
	DSAD_DATE_PART_ISO_DAY_OF_WEEK,	/* Sunday = 7 */
	DSAD_DATE_PARTS
} DsadDatePart;

extern void dsad_date_parts(double instant, double part[DSAD_DATE_PARTS]);
extern double dsad_date_part_days(DsadDatePart part);

#endif
