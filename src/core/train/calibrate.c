/*
 * calibrate.c
 *	  Scores the rows that were not trained on.
 */
#include "core/train/calibrate.h"

#include <string.h>

#include "core/score/scorer_parts.h"
#include "core/train/groups.h"
#include "core/train/loader.h"

#define CHUNK 256				/* rows scored between two polls */

/* Takes the rows that the loader hands out, scores them and makes a list of the scores. */
static DsadStatus
score_rows(DsadScoreList *list, DsadArena *arena, DsadArena *scratch, const DsadModel *model, DsadLoader *loader,
		   const DsadGroups *groups, DsadError *error)
{
	float	   *batch = dsad_arena_array(scratch, CHUNK, loader->width * sizeof(float));
	int8_t	   *label = dsad_arena_array(scratch, CHUNK, sizeof(int8_t));
	double	   *scores = dsad_arena_array(scratch, DSAD_CALIBRATION_ROWS, sizeof(double));
	DsadScorer *scorer;
	void	   *memory;
	uint32_t	rows = 0;
	uint32_t	n;
	DsadStatus	status;

	if (!batch || !label || !scores)
		return dsad_no_memory(error);
	status = dsad_scorer_begin(&scorer, &memory, scratch, model, dsad_kernel_best(), CHUNK, error);
	if (status != DSAD_OK)
		return status;
	dsad_loader_start(loader, false);
	while ((status = dsad_loader_next(loader, CHUNK, batch, label, &n)) == DSAD_OK && n > 0 &&
		   rows + n <= DSAD_CALIBRATION_ROWS)
	{
		status = dsad_score_polled(scorer, scratch->env, batch, loader->width, n, memory, scores + rows, error);
		if (status != DSAD_OK)
			return status;
		rows += n;
	}
	if (status == DSAD_OK && groups && !dsad_judge_by_others(scores, rows, groups, scratch))
		return dsad_no_memory(error);
	if (status == DSAD_OK && !dsad_make_list(list, arena, scores, rows))
		return dsad_no_memory(error);
	return status;
}

/* List number i: rows that no member has seen or, for cross, that member i has not. */
static DsadStatus
fill_list(DsadModel *model, uint32_t i, DsadArena *arena, DsadArena *scratch, const DsadDataset *parts,
		  const DsadGroups *groups, DsadError *error)
{
	bool		cross = model->config.calibration == DSAD_CALIBRATION_CROSS;
	DsadModel	alone = *model;
	DsadLoader	loader;
	DsadStatus	status = dsad_loader_alloc(&loader, scratch, &parts[cross ? DSAD_PART_TRAINING : DSAD_PART_CALIBRATION],
										   error);

	memset(&alone.calibration, 0, sizeof(alone.calibration));
	if (cross)
	{
		alone.members = &model->members[i];
		alone.config.members = 1;
		if (status == DSAD_OK)
			status = dsad_loader_leave_out(&loader, scratch, i + 1, true);
	}
	if (status != DSAD_OK)
		return status;
	return score_rows(&model->calibration.list[i], arena, scratch, &alone, &loader,
					  !cross && groups->slices > 0 ? groups : NULL, error);
}

/*
 * Scores the rows that were held out for it, when all members are trained; the
 * scores live in arena.
 */
DsadStatus
dsad_calibrate(DsadModel *model, DsadArena *arena, const DsadEnv *env, const DsadDataset *parts,
			   const DsadGroups *groups, DsadError *error)
{
	DsadCalibration *calibration = &model->calibration;
	DsadStatus	status = DSAD_OK;

	calibration->rows = 0;
	calibration->lists = dsad_calibration_lists(&model->config);
	calibration->list = dsad_arena_array(arena, calibration->lists, sizeof(DsadScoreList));
	if (!calibration->list)
		return dsad_no_memory(error);
	for (uint32_t i = 0; i < calibration->lists && status == DSAD_OK; i++)
	{
		DsadArena	scratch;

		dsad_arena_init(&scratch, env);
		status = fill_list(model, i, arena, &scratch, parts, groups, error);
		dsad_arena_release(&scratch);
		calibration->rows += calibration->list[i].rows;
	}
	return status;
}
