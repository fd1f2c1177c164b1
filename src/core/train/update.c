/*
 * update.c
 *	  Goes on training a finished model with new rows or labels.
 */
#include "core/train/update.h"

#include <math.h>
#include <string.h>

#include "core/train/training.h"

/* Starts from the member's weights and statistics instead of random ones. */
static void
warm_start(DsadTraining *t)
{
	DsadNet    *net = &t->encoder;

	for (uint32_t l = 0; l < net->layers; l++)
	{
		size_t		out = net->dims[l + 1];

		dsad_net_set_weights(net, l, t->member->weight[l]);
		if (l + 1 == net->layers)
			break;
		memcpy(net->running_mean[l], t->member->running_mean[l], out * sizeof(float));
		memcpy(net->running_var[l], t->member->running_var[l], out * sizeof(float));
		memcpy(net->offset[l], t->member->offset[l], out * sizeof(float));
	}
	for (uint32_t m = 0; m < net->conv.layers; m++)
	{
		const DsadConv *shape = &net->conv.layer[m].shape;

		memcpy(net->weight[net->layers + m], t->member->conv_weight[m], dsad_conv_weights(shape) * sizeof(float));
		memcpy(net->running_mean[net->layers + m], t->member->conv_mean[m], shape->out * sizeof(float));
		memcpy(net->running_var[net->layers + m], t->member->conv_var[m], shape->out * sizeof(float));
	}
	memcpy(t->center, t->member->center, t->loss.latent * sizeof(float));
}

/*
 * Moves the divisor as the mean distance of the eligible rows moved: an average
 * row goes on scoring about 1, though training draws all rows nearer to the center.
 */
static void
move_divisor(DsadMember *member, const DsadDistances *before, const DsadDistances *after)
{
	double		divisor = member->divisor * (after->mean / before->mean);

	if (divisor > 0 && isfinite(divisor))
		member->divisor = divisor;
}

static DsadStatus
update(DsadTraining *t, DsadArena *arena)
{
	DsadDistances before;
	DsadDistances after;
	DsadStatus	status = dsad_training_alloc(t, arena);

	if (status == DSAD_OK)
		status = dsad_training_distances(t, arena, &before);
	if (status != DSAD_OK)
		return status;
	warm_start(t);
	t->encoder.fixed = true;
	status = dsad_training_objective(t, arena, DSAD_STREAM_UPDATE_SHUFFLE);
	if (status == DSAD_OK)
		status = dsad_training_keep_weights(t);
	if (status == DSAD_OK)
		status = dsad_training_distances(t, arena, &after);
	if (status == DSAD_OK)
		move_divisor(t->member, &before, &after);
	return status;
}

/*
 * Goes on training member number `member` of a model, in place, on the rows of
 * parts: the Deep SAD phase alone.  Scaling, center and BatchNorm's running
 * statistics stay as they are, so that a handful of rows, all anomalies perhaps,
 * cannot shift them.
 */
DsadStatus
dsad_update_member(DsadModel *model, const DsadPlan *plan, uint32_t member, const DsadEnv *env,
				   const DsadDataset *parts, DsadError *error)
{
	return dsad_training_run(model, plan, member, env, parts, update, error);
}
