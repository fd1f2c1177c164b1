/*
 * groups.c
 *	  Divides groups of rows: which of them are held out for validation or calibration.
 *
 * Rows of one customer, or windows of one stretch of a series, resemble one another.
 * Were some of them trained on, and others held out, these would score as rows trained on
 * do.  So a group is held out whole: exchangeability is that of groups (Dunn et al., 2022).
 *
 * A group is chosen by a hash of its number and the seed alone, whatever the order of the
 * rows.  Groups with the same few bits of it, a slice, go together.
 */
#include "core/train/groups.h"

#include <math.h>
#include <string.h>

#include "core/hash.h"
#include "core/statistics.h"
#include "core/train/held_out.h"
#include "core/train/loader.h"

#define MIN_SLICES 1024
#define MAX_SLICES 65536

/* Groups that are held out for calibration at most: more tell no more than as many rows that are kept of them. */
#define ENOUGH_SLICES DSAD_CALIBRATION_ROWS

/* As long as so few groups are held out a larger part is: of k groups nobody can tell what happens once in 2 k. */
#define FEW_SLICES 300
#define FEW_GROUPS_PART 3

/* The rows of a slice. */
typedef struct Slice
{
	uint32_t	eligible;
	uint32_t	anomalies;
	uint32_t	eligible_inside;	/* those that resemble no other group's */
	uint32_t	anomalies_inside;
} Slice;

static uint32_t
slice_of(uint32_t slices, uint64_t seed, uint64_t group)
{
	uint64_t	h = dsad_hash_step(dsad_hash_step(0, seed), group & ~DSAD_GROUP_EDGE);

	return (uint32_t) (dsad_hash_end(h) >> 40) & (slices - 1);
}

/* The slice that a group belongs to. */
uint32_t
dsad_group_slice(const DsadGroups *groups, uint64_t seed, uint64_t group)
{
	return slice_of(groups->slices, seed, group);
}

/* The part that a row goes to because of its group; a fold joins its label.  Known anomalies are not calibrated on. */
DsadPart
dsad_group_part(const DsadGroups *groups, uint64_t seed, uint64_t group, int8_t *label)
{
	uint32_t	part = groups->part[slice_of(groups->slices, seed, group)];

	if (part >= DSAD_PARTS)
	{
		if (*label != DSAD_ANOMALY)
			*label = dsad_label_in_fold(*label, part - DSAD_PARTS + 1);
		return DSAD_PART_TRAINING;
	}
	if (part == DSAD_PART_TRAINING || (part == DSAD_PART_CALIBRATION && *label == DSAD_ANOMALY))
		return DSAD_PART_TRAINING;
	return group & DSAD_GROUP_EDGE ? DSAD_PART_NONE : (DsadPart) part;
}

/* Counts the rows of each slice. */
static DsadStatus
count_rows(Slice *slice, uint32_t slices, uint64_t seed, DsadArena *scratch, const DsadEnv *env,
		   const DsadRowSource *rows, DsadError *error)
{
	double	   *raw = dsad_arena_array(scratch, rows->features, sizeof(double));
	DsadStatus	status = DSAD_OK;

	if (!raw)
		return dsad_no_memory(error);
	for (uint64_t i = 0; i < rows->count && status == DSAD_OK; i++)
	{
		Slice	   *one;
		int8_t		label;
		uint32_t	inside;

		if (rows->read(rows->ctx, i, raw, &label) != 0)
			return dsad_fail(error, DSAD_BAD_DATA, NULL, "could not read training row");
		one = &slice[slice_of(slices, seed, *rows->group)];
		inside = !(*rows->group & DSAD_GROUP_EDGE);
		*(label == DSAD_ANOMALY ? &one->anomalies : &one->eligible) += 1;
		*(label == DSAD_ANOMALY ? &one->anomalies_inside : &one->eligible_inside) += inside;
		if (i % 64 == 0)
			status = dsad_poll(env, error);
	}
	return status;
}

/* Holds out groups for validation: with their anomalies, which tell what the model is worth. */
static void
hold_out_validation(DsadGroups *groups, const Slice *slice, double wanted, uint64_t eligible)
{
	uint64_t	taken = 0;
	uint64_t	without = 0;	/* eligible rows that training lacks */

	for (uint32_t i = 0; i < groups->slices && (double) taken < wanted; i++)
	{
		if (slice[i].eligible_inside + slice[i].anomalies_inside == 0 || without + slice[i].eligible > eligible / 2)
			continue;
		groups->part[i] = DSAD_PART_VALIDATION;
		taken += slice[i].eligible_inside + slice[i].anomalies_inside;
		without += slice[i].eligible;
	}
	groups->aside[DSAD_PART_VALIDATION] = taken;
	groups->held_out[DSAD_PART_VALIDATION] = (double) taken < wanted ? taken : (uint64_t) wanted;
}

/*
 * Holds out of all members the groups with a fifth of the eligible rows, with a third where groups are few, or as
 * many groups as there can be rows.
 */
static void
hold_out_calibration(DsadGroups *groups, const Slice *slice, uint64_t eligible)
{
	uint64_t	taken = 0;
	uint64_t	without = 0;
	uint32_t	count = 0;

	for (uint32_t i = 0; i < groups->slices && (count < ENOUGH_SLICES || taken < DSAD_CALIBRATION_ROWS); i++)
	{
		if (without >= eligible / (count < FEW_SLICES ? FEW_GROUPS_PART : DSAD_CALIBRATION_PART))
			break;
		if (groups->part[i] != DSAD_PART_TRAINING || slice[i].eligible_inside == 0 ||
			without + slice[i].eligible > eligible / 2)
			continue;
		groups->part[i] = DSAD_PART_CALIBRATION;
		taken += slice[i].eligible_inside;
		without += slice[i].eligible;
		count++;
	}
	groups->aside[DSAD_PART_CALIBRATION] = taken;
	groups->held_out[DSAD_PART_CALIBRATION] = taken < DSAD_CALIBRATION_ROWS ? taken : DSAD_CALIBRATION_ROWS;
}

/* Deals groups to the members, each to the one that has fewest rows, until so many rows are dealt. */
static void
deal_folds(DsadGroups *groups, const Slice *slice, double wanted)
{
	uint64_t	dealt[DSAD_MAX_FOLDS] = {0};
	double		all = 0;

	for (uint32_t i = 0; i < groups->slices && all < wanted; i++)
	{
		uint32_t	fold = 0;

		if (groups->part[i] != DSAD_PART_TRAINING || slice[i].eligible == 0)
			continue;
		for (uint32_t f = 1; f < groups->folds; f++)
			if (dealt[f] < dealt[fold])
				fold = f;
		groups->part[i] = (uint8_t) (DSAD_PARTS + fold);
		dealt[fold] += slice[i].eligible;
		all += slice[i].eligible;
	}
}

/* Decides where each slice goes; the number of rows that are trained on follows. */
static void
divide(DsadGroups *groups, const Slice *slice, DsadConfig *config, const DsadFacts *facts, uint32_t inputs)
{
	uint64_t	eligible = 0;
	uint32_t	folds = config->members < DSAD_MAX_FOLDS ? (uint32_t) config->members : DSAD_MAX_FOLDS;
	uint32_t	filled = 0;

	hold_out_validation(groups, slice, dsad_validation_rows(config, facts, inputs), facts->rows - facts->anomalies);
	for (uint32_t i = 0; i < groups->slices; i++)
		if (groups->part[i] == DSAD_PART_TRAINING)
		{
			eligible += slice[i].eligible;
			filled += slice[i].eligible > 0;
		}
	/* each member must leave out something */
	if (config->calibration == DSAD_CALIBRATION_CROSS && filled < 2 * folds)
		config->calibration = DSAD_CALIBRATION_SPLIT;
	if (config->calibration == DSAD_CALIBRATION_CROSS)
	{
		groups->folds = folds;
		deal_folds(groups, slice, dsad_calibration_rows(config, (double) eligible));
	}
	else if (config->calibration == DSAD_CALIBRATION_SPLIT)
		hold_out_calibration(groups, slice, eligible);
	for (uint32_t i = 0; i < groups->slices; i++)
		if (groups->part[i] != DSAD_PART_VALIDATION)
			groups->held_out[DSAD_PART_TRAINING] +=
				slice[i].anomalies + (groups->part[i] == DSAD_PART_CALIBRATION ? 0 : slice[i].eligible);
}

/*
 * Divides the groups of the rows, under resolved options, in arena: in one pass, in any order.  Rows of too few
 * groups to hold one out have no calibration.
 */
DsadStatus
dsad_groups_divide(DsadGroups *groups, DsadArena *arena, const DsadEnv *env, DsadConfig *config,
				   const DsadFacts *facts, const DsadRowSource *rows, DsadError *error)
{
	DsadArena	scratch;
	Slice	   *slice;
	DsadStatus	status = DSAD_OK;

	*groups = (DsadGroups) {.slices = MIN_SLICES};
	while (groups->slices < MAX_SLICES && groups->slices < 4 * rows->count)
		groups->slices *= 2;
	dsad_arena_init(&scratch, env);
	groups->part = dsad_arena_array(arena, groups->slices, sizeof(uint8_t));
	groups->calibrated = dsad_arena_array(arena, DSAD_CALIBRATION_ROWS, sizeof(uint32_t));
	slice = dsad_arena_array(&scratch, groups->slices, sizeof(Slice));
	if (!groups->part || !groups->calibrated || !slice)
		status = dsad_no_memory(error);
	if (status == DSAD_OK)
		status = count_rows(slice, groups->slices, (uint64_t) config->seed, &scratch, env, rows, error);
	if (status == DSAD_OK)
		divide(groups, slice, config, facts, dsad_inputs(config, rows->encoder));
	dsad_arena_release(&scratch);
	if (config->calibration == DSAD_CALIBRATION_SPLIT && groups->held_out[DSAD_PART_CALIBRATION] == 0)
		config->calibration = DSAD_CALIBRATION_NONE;
	return status;
}

/*
 * A later row comes from a group that nobody has seen.  So has each calibration row, beside those of the other groups:
 * its score becomes the one that stands where the row stands among theirs.  Else a group whose rows all score high
 * would stand for itself, and the p-values of few groups would be too small.  False without memory.
 */
bool
dsad_judge_by_others(double *score, uint32_t rows, const DsadGroups *groups, DsadArena *scratch)
{
	double	   *sorted = dsad_arena_array(scratch, rows, sizeof(double));
	const uint32_t *slice = groups->calibrated;
	double	   *own = dsad_arena_array(scratch, rows, sizeof(double));

	if (!sorted || !own)
		return false;
	memcpy(sorted, score, rows * sizeof(double));
	memcpy(own, score, rows * sizeof(double));
	dsad_sort(sorted, rows);
	for (uint32_t i = 0; i < rows; i++)
	{
		uint32_t	others = 0;
		uint32_t	above = 0;
		uint32_t	place;

		for (uint32_t j = 0; j < rows; j++)
		{
			others += slice[j] != slice[i];
			above += slice[j] != slice[i] && own[j] >= own[i];
		}
		if (others == 0)
			return true;
		place = (uint32_t) ceil((1 + (double) above) * (1 + (double) rows) / (1 + (double) others) - 1);
		score[i] = sorted[rows - (place < 1 ? 1 : place > rows ? rows :
																 place)];
	}
	return true;
}
