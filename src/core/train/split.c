/*
 * split.c
 *	  Divides the rows: validation, calibration, training; the same division in
 *	  every pass.  Selection sampling, so that one pass in any order does (Knuth,
 *	  3.4.2 S).
 */
#include "core/train/split.h"

#include <string.h>

#include "core/train/groups.h"
#include "core/train/held_out.h"
#include "core/train/loader.h"

enum
{
	ANOMALIES,
	NORMALS,
	UNLABELED
};

static int
label_kind(int8_t label)
{
	return label == DSAD_ANOMALY ? ANOMALIES : label == DSAD_NORMAL ? NORMALS :
																	  UNLABELED;
}

/*
 * Starts dividing rows of so many inputs, under resolved options: validation takes its share of each kind
 * of label, calibration its share of both eligible kinds.  Rows of groups go where their group goes.
 */
void
dsad_split_start(DsadSplit *split, const DsadConfig *config, const DsadFacts *facts, uint32_t inputs,
				 const DsadGroups *groups)
{
	double		wanted = dsad_validation_rows(config, facts, inputs);
	double		share = wanted < config->validation * (double) facts->rows ? wanted / (double) facts->rows :
																			 config->validation;
	double		eligible;

	memset(split, 0, sizeof(*split));
	dsad_random_seed(&split->random, (uint64_t) config->seed, 0, DSAD_STREAM_SPLIT);
	if (groups && groups->slices > 0)
	{
		split->groups = groups;
		split->seed = (uint64_t) config->seed;
		memcpy(split->aside, groups->aside, sizeof(split->aside));
		memcpy(split->held_out, groups->held_out, sizeof(split->held_out));
		return;
	}
	split->left[ANOMALIES] = (uint32_t) facts->anomalies;
	split->left[NORMALS] = (uint32_t) facts->normals;
	split->left[UNLABELED] = (uint32_t) (facts->rows - facts->anomalies - facts->normals);
	for (int kind = 0; kind < 3; kind++)
		split->validation[kind] = (uint32_t) (share * split->left[kind]);
	eligible = (double) (split->left[NORMALS] - split->validation[NORMALS]) +
			   (split->left[UNLABELED] - split->validation[UNLABELED]);
	/* a single eligible row is needed in training */
	if (eligible >= 2)
	{
		uint32_t	wanted = (uint32_t) dsad_calibration_rows(config, eligible);
		uint32_t	known = split->left[NORMALS] - split->validation[NORMALS];

		/* exact when all are, and never more than there are of either */
		split->calibration[NORMALS] = known == eligible ? wanted : (uint32_t) (wanted * (known / eligible));
		split->calibration[UNLABELED] = wanted - split->calibration[NORMALS];
	}
	if (config->calibration == DSAD_CALIBRATION_CROSS)
		split->folds = config->members < DSAD_MAX_FOLDS ? (uint32_t) config->members : DSAD_MAX_FOLDS;
}

/* Rows of each part, before any was dealt; rows in folds are training rows. */
void
dsad_split_counts(const DsadSplit *split, uint64_t count[DSAD_PARTS])
{
	memset(count, 0, DSAD_PARTS * sizeof(count[0]));
	for (int part = 0; part < DSAD_PARTS; part++)
		count[part] += split->held_out[part];
	for (int kind = 0; kind < 3; kind++)
	{
		uint32_t	calibration = split->folds > 0 ? 0 : split->calibration[kind];

		count[DSAD_PART_VALIDATION] += split->validation[kind];
		count[DSAD_PART_CALIBRATION] += calibration;
		count[DSAD_PART_TRAINING] += split->left[kind] - split->validation[kind] - calibration;
	}
}

/* The next row's fold, from 1: of each `folds` rows in a row every member gets one, at random. */
static uint32_t
deal(DsadSplit *split)
{
	uint32_t	at = split->dealt++ % split->folds;
	uint32_t	other;
	uint8_t		fold;

	if (at == 0)
		for (uint32_t i = 0; i < split->folds; i++)
			split->fold[i] = (uint8_t) (i + 1);
	other = at + dsad_random_below(&split->random, split->folds - at);
	fold = split->fold[other];
	split->fold[other] = split->fold[at];
	return fold;
}

/* The part of the next row, which is its group's; there a sample of its group's rows is as good as all. */
static DsadPart
next_of_group(DsadSplit *split, uint64_t group, int8_t *label)
{
	DsadPart	part = dsad_group_part(split->groups, split->seed, group, label);

	if (part == DSAD_PART_TRAINING || part == DSAD_PART_NONE)
		return part;
	if (dsad_random_below(&split->random, (uint32_t) split->aside[part]--) >= split->held_out[part])
		return DSAD_PART_NONE;
	split->held_out[part]--;
	return part;
}

/* The part of the next row, which was read from rows; its fold, if it has one, joins its label. */
DsadPart
dsad_split_next(DsadSplit *split, const DsadRowSource *rows, int8_t *label)
{
	int			kind = label_kind(*label);
	uint32_t	held_out = split->validation[kind] + split->calibration[kind];
	uint32_t	place = held_out > 0 ? dsad_random_below(&split->random, split->left[kind]) : 0;

	if (split->groups)
		return next_of_group(split, *rows->group, label);

	split->left[kind]--;
	if (place < split->validation[kind])
	{
		split->validation[kind]--;
		return DSAD_PART_VALIDATION;
	}
	if (place >= held_out)
		return DSAD_PART_TRAINING;
	split->calibration[kind]--;
	if (split->folds == 0)
		return DSAD_PART_CALIBRATION;
	*label = dsad_label_in_fold(*label, deal(split));
	return DSAD_PART_TRAINING;
}

/* DsadRowSource.read of a filter: row is the one after the last, or 0 to begin anew. */
static int
filter_read(void *ctx, uint64_t row, double *features, int8_t *label)
{
	DsadFilter *filter = ctx;
	DsadPart	part;
	int8_t		folded;

	if (row == 0)
	{
		dsad_split_start(&filter->split, filter->config, filter->facts,
						 dsad_inputs(filter->config, filter->rows->encoder), filter->groups);
		filter->next = 0;
	}
	do
	{
		uint64_t	at = filter->next++;

		if (at >= filter->rows->count ||
			filter->rows->read(filter->rows->ctx, filter->order ? filter->order[at] : at, features, label) != 0)
			return 1;
		folded = *label;
		part = dsad_split_next(&filter->split, filter->rows, &folded);
	} while (part == DSAD_PART_CALIBRATION || part == DSAD_PART_NONE);
	return 0;
}

/* The rows, in the plan's order and groups, without those held out for calibration; valid as long as filter. */
DsadRowSource
dsad_filter_source(DsadFilter *filter, const DsadConfig *config, const DsadFacts *facts,
				   const DsadRowSource *rows, const DsadPlan *plan)
{
	DsadRowSource kept = *rows;
	uint64_t	count[DSAD_PARTS];

	*filter = (DsadFilter) {
		.rows = rows, .order = plan->order, .config = config, .facts = facts, .groups = &plan->groups};
	dsad_split_start(&filter->split, config, facts, dsad_inputs(config, rows->encoder), filter->groups);
	dsad_split_counts(&filter->split, count);
	kept.ctx = filter;
	kept.count = count[DSAD_PART_TRAINING] + count[DSAD_PART_VALIDATION];
	kept.sequential = true;
	kept.read = filter_read;
	return kept;
}
