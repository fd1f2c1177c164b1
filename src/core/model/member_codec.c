/*
 * member_codec.c
 *	  A member's weights, and the losses of its epochs, as bytes.
 */
#include "core/model/member_codec.h"

#include <math.h>

/* A member without its losses, which have a section of their own. */
void
dsad_put_member(DsadWriter *w, const DsadModel *model, const DsadMember *member)
{
	for (uint32_t m = 0; m < model->convs; m++)
	{
		dsad_put_floats(w, member->conv_weight[m], dsad_conv_weights(&model->conv[m]));
		dsad_put_floats(w, member->conv_mean[m], model->conv[m].out);
		dsad_put_floats(w, member->conv_var[m], model->conv[m].out);
	}
	for (uint32_t l = 0; l < model->layers; l++)
		dsad_put_floats(w, member->weight[l], (size_t) model->dims[l] * model->dims[l + 1]);
	for (uint32_t l = 0; l + 1 < model->layers; l++)
	{
		dsad_put_floats(w, member->running_mean[l], model->dims[l + 1]);
		dsad_put_floats(w, member->running_var[l], model->dims[l + 1]);
		dsad_put_floats(w, member->offset[l], model->dims[l + 1]);
	}
	dsad_put_floats(w, member->center, model->dims[model->layers]);
	dsad_put_double(w, member->divisor);
	dsad_put_int(w, member->pretrain_epochs_run, 4);
	dsad_put_int(w, member->epochs_run, 4);
	dsad_put_int(w, member->steps_run, 8);
	dsad_put_int(w, member->best_epoch, 4);
	dsad_put_int(w, member->stop, 2);
	dsad_put_int(w, member->collapsed, 2);
}

/* How many validation losses a member has: one for each epoch, if rows were held out in the last training or update. */
static uint32_t
validation_epochs(const DsadModel *model, const DsadMember *member)
{
	return model->config.validation > 0 && model->facts.validation > 0 ? member->epochs_run : 0;
}

/* Bytes of a member whose networks have such layers. */
size_t
dsad_member_section(const DsadModel *model)
{
	DsadMember	shape = {0};
	DsadWriter	count = {0};

	dsad_put_member(&count, model, &shape);
	return count.length;
}

/* The losses of each epoch. */
static void
put_losses(DsadWriter *w, const DsadModel *model, const DsadMember *member)
{
	dsad_put_floats(w, member->pretrain_loss, member->pretrain_epochs_run);
	dsad_put_floats(w, member->train_loss, member->epochs_run);
	dsad_put_floats(w, member->validation_loss, validation_epochs(model, member));
}

/* The losses of all members. */
void
dsad_put_history(DsadWriter *w, const DsadModel *model)
{
	for (int64_t m = 0; m < model->config.members; m++)
		put_losses(w, model, &model->members[m]);
}

/* The most bytes that dsad_member_encode writes for any member of the model. */
size_t
dsad_member_size(const DsadModel *model)
{
	return dsad_member_section(model) +
		   ((size_t) model->config.pretrain_epochs + 2 * (size_t) model->config.epochs) * sizeof(float);
}

/*
 * Writes one trained member to bytes, of which there are `room`, to carry it to another
 * process of this machine; how many they were, 0 when there is no room for all.
 */
size_t
dsad_member_encode(const DsadModel *model, uint32_t member, const DsadEnv *env, uint8_t *bytes, size_t room)
{
	DsadWriter	w = {.bytes = bytes, .room = room, .watch = {env, false}};

	dsad_put_member(&w, model, &model->members[member]);
	put_losses(&w, model, &model->members[member]);
	return w.failed ? 0 : w.length;
}

/* A member without its losses, laid out already. */
DsadStatus
dsad_get_member(DsadReader *r, const DsadModel *model, DsadMember *member, DsadError *error)
{
	uint32_t	stop;
	uint32_t	collapsed;

	for (uint32_t m = 0; m < model->convs; m++)
	{
		dsad_get_floats(r, member->conv_weight[m], dsad_conv_weights(&model->conv[m]), -INFINITY);
		dsad_get_floats(r, member->conv_mean[m], model->conv[m].out, -INFINITY);
		dsad_get_floats(r, member->conv_var[m], model->conv[m].out, 0);
	}
	for (uint32_t l = 0; l < model->layers; l++)
		dsad_get_floats(r, member->weight[l], (size_t) model->dims[l] * model->dims[l + 1], -INFINITY);
	for (uint32_t l = 0; l + 1 < model->layers; l++)
	{
		dsad_get_floats(r, member->running_mean[l], model->dims[l + 1], -INFINITY);
		dsad_get_floats(r, member->running_var[l], model->dims[l + 1], 0);
		dsad_get_floats(r, member->offset[l], model->dims[l + 1], -INFINITY);
	}
	dsad_get_floats(r, member->center, model->dims[model->layers], -INFINITY);
	dsad_get_doubles(r, &member->divisor, 1);
	member->pretrain_epochs_run = (uint32_t) dsad_get_int(r, 4);
	member->epochs_run = (uint32_t) dsad_get_int(r, 4);
	member->steps_run = dsad_get_int(r, 8);
	member->best_epoch = (uint32_t) dsad_get_int(r, 4);
	stop = (uint32_t) dsad_get_int(r, 2);
	collapsed = (uint32_t) dsad_get_int(r, 2);
	member->stop = (uint8_t) stop;
	member->collapsed = (uint8_t) collapsed;
	if (!(member->divisor > 0) || collapsed > 1 || member->steps_run > INT64_MAX ||
		stop >= DSAD_STOPS || member->best_epoch > member->epochs_run ||
		member->pretrain_epochs_run > model->config.pretrain_epochs ||
		member->epochs_run > model->config.epochs)
		r->failed = true;
	return dsad_finish_section(r, "MEMB", error);
}

/* As put_losses wrote them. */
static void
get_losses(DsadReader *r, const DsadModel *model, DsadMember *member)
{
	dsad_get_floats(r, member->pretrain_loss, member->pretrain_epochs_run, -INFINITY);
	dsad_get_floats(r, member->train_loss, member->epochs_run, -INFINITY);
	dsad_get_floats(r, member->validation_loss, validation_epochs(model, member), -INFINITY);
}

/* The losses of each epoch; memory for them comes only after the length is known to fit. */
DsadStatus
dsad_get_history(DsadReader *r, DsadModel *model, DsadArena *arena, DsadError *error)
{
	uint64_t	losses = 0;

	for (int64_t m = 0; m < model->config.members; m++)
		losses += (uint64_t) model->members[m].pretrain_epochs_run + model->members[m].epochs_run +
				  validation_epochs(model, &model->members[m]);
	if (losses * 4 != r->left)
		return dsad_corrupt(error, "the history does not fit the epochs");
	for (int64_t m = 0; m < model->config.members; m++)
	{
		DsadMember *member = &model->members[m];

		member->pretrain_loss = dsad_arena_array(arena, member->pretrain_epochs_run, sizeof(float));
		member->train_loss = dsad_arena_array(arena, member->epochs_run, sizeof(float));
		member->validation_loss = dsad_arena_array(arena, validation_epochs(model, member), sizeof(float));
		if (!member->pretrain_loss || !member->train_loss || !member->validation_loss)
			return dsad_no_memory(error);
		get_losses(r, model, member);
	}
	return dsad_finish_section(r, "HIST", error);
}

/* Reads what dsad_member_encode wrote into model->members[member], laid out with room for every loss. */
DsadStatus
dsad_member_decode(DsadModel *model, uint32_t member, const DsadEnv *env, const uint8_t *bytes,
				   size_t length, DsadError *error)
{
	DsadWatch	watch = {env, false};
	DsadReader	r = {bytes, length, false, &watch, 0, 0};
	DsadReader	body = {bytes, dsad_member_section(model), false, &watch, 0, 0};
	DsadStatus	status;

	if (dsad_get_bytes(&r, body.left) == NULL)
		return dsad_corrupt(error, "a member is cut short");
	status = dsad_get_member(&body, model, &model->members[member], error);
	if (status != DSAD_OK)
		return status;
	get_losses(&r, model, &model->members[member]);
	return dsad_finish_section(&r, "HIST", error);
}
