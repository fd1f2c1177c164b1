/*
 * finish.c
 *	  What remains to be done when all members are trained.
 */
#include "core/train/finish.h"

#include "core/train/calibrate.h"
#include "core/train/normalize.h"
#include "core/train/trust.h"

/*
 * What remains to be done once all members are trained, or updated, on parts: the scale of the
 * scores, what they are worth, and p-values, whose scores live in arena.
 */
DsadStatus
dsad_finish(DsadModel *model, const DsadPlan *plan, DsadArena *arena, const DsadEnv *env, const DsadDataset *parts,
			DsadError *error)
{
	DsadStatus	status = plan->update ? DSAD_OK : dsad_normalize(model, env, parts, error);

	if (status == DSAD_OK)
		status = dsad_trust_measure(model, env, parts, error);
	return status == DSAD_OK && !plan->update ? dsad_calibrate(model, arena, env, parts, &plan->groups, error) : status;
}
