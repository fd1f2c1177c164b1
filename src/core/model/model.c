/*
 * model.c
 *	  The trained model in memory.
 */
#include "core/model/model.h"

#include <math.h>
#include <string.h>

const char *const dsad_stop_labels[DSAD_STOPS] = {
	[DSAD_STOP_EPOCHS] = "epochs", [DSAD_STOP_MAX_STEPS] = "max_steps", [DSAD_STOP_VALIDATION] = "validation"};

/* Room for that many features and inputs (at least as many), in arena; false when out of memory. */
bool
dsad_scaling_alloc(DsadScaling *scaling, DsadArena *arena, uint32_t features, uint32_t inputs)
{
	scaling->features = features;
	scaling->inputs = inputs;
	scaling->copied = dsad_arena_array(arena, inputs - features, sizeof(uint32_t));
	scaling->offset = dsad_arena_array(arena, inputs, sizeof(double));
	scaling->scale = dsad_arena_array(arena, inputs, sizeof(double));
	scaling->fill = dsad_arena_array(arena, inputs, sizeof(double));
	scaling->limit = dsad_arena_array(arena, inputs, sizeof(double));
	return scaling->copied && scaling->offset && scaling->scale && scaling->fill && scaling->limit;
}

/* The picture that convolutions go over under these options; none for other networks. */
DsadPicture
dsad_conv_picture(const DsadConfig *config, const DsadEncoder *encoder)
{
	if (dsad_network(config, encoder) == DSAD_NETWORK_CONV)
		return dsad_encoder_picture(encoder);
	return (DsadPicture) {{0, 0, 0}, 0};
}

/*
 * Sets the network, its modules, layers and dims, by the model's options, for networks of so many inputs; picture: what
 * dsad_conv_picture says.
 */
void
dsad_model_shape(DsadModel *model, uint32_t inputs, DsadPicture picture)
{
	const DsadIntList *hidden = &model->config.hidden;

	model->picture = picture;
	model->convs = 0;
	model->config.network = picture.shape.channels > 0 ? DSAD_NETWORK_CONV : DSAD_NETWORK_MLP;
	if (picture.shape.channels > 0)
	{
		model->convs = model->config.channels.count;
		inputs -= (uint32_t) dsad_shape_cells(picture.shape);
		inputs += dsad_conv_shapes(model->conv, &model->config.channels, picture.shape);
	}
	model->layers = hidden->count + 1;
	model->dims[0] = inputs;
	for (uint32_t l = 0; l < hidden->count; l++)
		model->dims[l + 1] = (uint32_t) hidden->value[l];
	model->dims[model->layers] = (uint32_t) model->config.latent;
}

/* Weights of one member. */
double
dsad_model_weights(const DsadModel *model)
{
	double		weights = 0;

	for (uint32_t m = 0; m < model->convs; m++)
		weights += (double) dsad_conv_weights(&model->conv[m]);
	for (uint32_t l = 0; l < model->layers; l++)
		weights += (double) model->dims[l] * model->dims[l + 1];
	return weights;
}

/* Multiply-adds of a row through one member. */
double
dsad_model_work(const DsadModel *model)
{
	double		work = dsad_conv_work(model->conv, model->convs);

	for (uint32_t l = 0; l < model->layers; l++)
		work += (double) model->dims[l] * model->dims[l + 1];
	return work;
}

/*
 * Room for the members of a model whose shape is known, all zero, in arena, without their losses.
 * Errors: the model would be too large, or out of memory.
 */
DsadStatus
dsad_model_alloc_members(DsadModel *model, DsadArena *arena, DsadError *error)
{
	double		bytes = dsad_model_weights(model) * (double) model->config.members * sizeof(float);
	uint32_t	layers = model->layers;

	if (bytes > (double) DSAD_MAX_MODEL_BYTES)
		return dsad_fail(error, DSAD_TOO_LARGE, "Use fewer members or smaller hidden layers.",
						 "model would need %.0f bytes, the limit is %llu", bytes,
						 (unsigned long long) DSAD_MAX_MODEL_BYTES);
	model->members = dsad_arena_array(arena, (size_t) model->config.members, sizeof(DsadMember));
	if (!model->members)
		return dsad_no_memory(error);
	for (int64_t m = 0; m < model->config.members; m++)
	{
		DsadMember *member = &model->members[m];

		for (uint32_t l = 0; l < layers; l++)
		{
			uint32_t	out = model->dims[l + 1];

			member->weight[l] = dsad_arena_array(arena, (size_t) model->dims[l] * out, sizeof(float));
			if (!member->weight[l])
				return dsad_no_memory(error);
			if (l + 1 == layers)
				break;
			member->running_mean[l] = dsad_arena_array(arena, out, sizeof(float));
			member->running_var[l] = dsad_arena_array(arena, out, sizeof(float));
			member->offset[l] = dsad_arena_array(arena, out, sizeof(float));
			if (!member->running_mean[l] || !member->running_var[l] || !member->offset[l])
				return dsad_no_memory(error);
		}
		for (uint32_t c = 0; c < model->convs; c++)
		{
			member->conv_weight[c] = dsad_arena_array(arena, dsad_conv_weights(&model->conv[c]), sizeof(float));
			member->conv_mean[c] = dsad_arena_array(arena, model->conv[c].out, sizeof(float));
			member->conv_var[c] = dsad_arena_array(arena, model->conv[c].out, sizeof(float));
			if (!member->conv_weight[c] || !member->conv_mean[c] || !member->conv_var[c])
				return dsad_no_memory(error);
		}
		member->center = dsad_arena_array(arena, model->dims[layers], sizeof(float));
		if (!member->center)
			return dsad_no_memory(error);
	}
	return DSAD_OK;
}

/*
 * Lays out a model of rows of `features` numbers, nets of `inputs`, under config, with convolutions over picture (if
 * it is one), everything zero, in arena.  Loss histories are not allocated.  Errors: the model would be too
 * large, or out of memory.
 */
DsadStatus
dsad_model_alloc(DsadModel *model, DsadArena *arena, const DsadConfig *config, uint32_t features,
				 uint32_t inputs, DsadPicture picture, DsadError *error)
{
	memset(model, 0, sizeof(*model));
	model->config = *config;
	dsad_model_shape(model, inputs, picture);
	if (!dsad_scaling_alloc(&model->scaling, arena, features, inputs))
		return dsad_no_memory(error);
	return dsad_model_alloc_members(model, arena, error);
}

/* How many directions the inputs' own distance knows; 0 = it is their plain squared norm, or does not count. */
uint32_t
dsad_directions(const DsadConfig *config, uint32_t inputs)
{
	uint32_t	directions = inputs / 8;

	if (config->scaling != DSAD_SCALING_COMMON || config->input_weight == 0 || dsad_config_plain_score(config))
		return 0;
	return directions > DSAD_MAX_DIRECTIONS ? DSAD_MAX_DIRECTIONS : directions;
}

/*
 * From where an input's own distance is measured where they are whitened: from its mean.  That is 0 by their scaling,
 * but the pixels of a channel have one offset: theirs is the mean of the pixel's place, as finite as any input.
 */
float
dsad_input_center(const DsadModel *model, uint32_t input)
{
	const DsadScaling *scaling = &model->scaling;

	if (model->convs == 0 || dsad_directions(&model->config, scaling->inputs) == 0 ||
		input - model->picture.first >= dsad_shape_cells(model->picture.shape))
		return 0;
	return (float) fmin(fmax((scaling->fill[input] - scaling->offset[input]) * scaling->scale[input],
							 -scaling->limit[input]),
						scaling->limit[input]);
}

/* Room for them in arena, as if all directions were alike; false when there is none. */
bool
dsad_whitening_alloc(DsadModel *model, DsadArena *arena)
{
	uint32_t	inputs = model->scaling.inputs;
	uint32_t	directions = dsad_directions(&model->config, inputs);

	model->white.own = 1;
	model->white.direction = NULL;
	if (directions == 0)
		return true;
	model->white.direction = dsad_arena_array(arena, (size_t) inputs * directions, sizeof(float));
	return model->white.direction != NULL;
}

/* Room for the loss of every epoch, in arena; pretraining's losses that are there stay. */
DsadStatus
dsad_model_alloc_losses(DsadModel *model, DsadArena *arena, DsadError *error)
{
	size_t		epochs = (size_t) model->config.epochs;
	uint64_t	losses = (uint64_t) model->config.members *
						 ((uint64_t) model->config.pretrain_epochs + 2 * (uint64_t) epochs);

	if (losses * sizeof(float) > DSAD_MAX_MODEL_BYTES / 2)
		return dsad_fail(error, DSAD_TOO_LARGE, "Use fewer members or epochs.",
						 "model would keep %llu losses, the limit is %llu", (unsigned long long) losses,
						 (unsigned long long) (DSAD_MAX_MODEL_BYTES / 2 / sizeof(float)));
	for (int64_t m = 0; m < model->config.members; m++)
	{
		DsadMember *member = &model->members[m];

		if (member->pretrain_epochs_run == 0)
			member->pretrain_loss = dsad_arena_array(arena, (size_t) model->config.pretrain_epochs, sizeof(float));
		member->train_loss = dsad_arena_array(arena, epochs, sizeof(float));
		member->validation_loss = dsad_arena_array(arena, epochs, sizeof(float));
		if (!member->pretrain_loss || !member->train_loss || !member->validation_loss)
			return dsad_no_memory(error);
	}
	return DSAD_OK;
}
