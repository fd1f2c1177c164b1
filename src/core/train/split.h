/*
 * split.h
 *	  Which part a row goes to, and which fold.
 */
#ifndef DSAD_SPLIT_H
#define DSAD_SPLIT_H

#include "core/random.h"
#include "core/train/dataset.h"

/* Rows of each kind of label, and how many of them are still to be held out. */
typedef struct DsadSplit
{
	uint32_t	left[3];
	uint32_t	validation[3];
	uint32_t	calibration[3];
	uint32_t	folds;			/* calibration rows are dealt to so many members, 0 = held out of all */
	uint32_t	dealt;
	uint8_t		fold[DSAD_MAX_MEMBERS];	/* the order in which the next `folds` rows are dealt */
	const DsadGroups *groups;	/* NULL = rows are divided one by one */
	uint64_t	seed;
	uint64_t	aside[DSAD_PARTS];	/* of the groups' rows, still to come */
	uint64_t	held_out[DSAD_PARTS];
	DsadRandom	random;
} DsadSplit;

extern void dsad_split_start(DsadSplit *split, const DsadConfig *config, const DsadFacts *facts, uint32_t inputs,
							 const DsadGroups *groups);
extern void dsad_split_counts(const DsadSplit *split, uint64_t count[DSAD_PARTS]);
extern DsadPart dsad_split_next(DsadSplit *split, const DsadRowSource *rows, int8_t *label);

/* The rows of another source that are not held out for calibration, to be read from 0 upwards. */
typedef struct DsadFilter
{
	const DsadRowSource *rows;
	const uint32_t *order;
	const DsadConfig *config;
	const DsadFacts *facts;
	const DsadGroups *groups;
	DsadSplit	split;
	uint64_t	next;			/* row of the source, in order */
} DsadFilter;

extern DsadRowSource dsad_filter_source(DsadFilter *filter, const DsadConfig *config, const DsadFacts *facts,
										const DsadRowSource *rows, const DsadPlan *plan);

#endif
