/*
 * scorer_make.c
 *	  Makes a scorer of a model: weights in panels, BatchNorm folded in.
 */
#include <math.h>
#include <string.h>

#include "core/score/scorer_parts.h"

/* Spreads a row of `out` weights, times factor, over the panels: the first panel's place is at `to`. */
static void
pack_row(float *to, size_t panel_floats, const float *row, const float *factor, size_t out)
{
	for (; out >= DSAD_LANES; out -= DSAD_LANES, row += DSAD_LANES, factor += DSAD_LANES, to += panel_floats)
		for (size_t j = 0; j < DSAD_LANES; j++)
			to[j] = row[j] * factor[j];
	for (size_t j = 0; j < out; j++)
		to[j] = row[j] * factor[j];
}

/*
 * Packs layer l of a member: weights in panels of DSAD_LANES outputs, zero beyond
 * the last and, for a hidden layer, BatchNorm's running statistics folded in.
 */
static DsadStatus
pack_layer(DsadPackedLayer *packed, DsadArena *arena, const DsadModel *model,
		   const DsadMember *member, uint32_t l, DsadError *error)
{
	uint32_t	in = model->dims[l];
	uint32_t	out = model->dims[l + 1];
	uint32_t	padded = (uint32_t) dsad_padded(out);
	bool		hidden = l + 1 < model->layers;
	DsadWatch	watch = {arena->env, false};
	float	   *weight = dsad_arena_array(arena, (size_t) in * padded, sizeof(float));
	float	   *bias = dsad_arena_array(arena, padded, sizeof(float));
	float	   *factor = dsad_arena_array(arena, out, sizeof(float));

	if (weight == NULL || bias == NULL || factor == NULL)
		return dsad_no_memory(error);
	for (uint32_t j = 0; j < out; j++)
	{
		factor[j] = 1;
		if (hidden)
		{
			factor[j] = 1 / sqrtf(member->running_var[l][j] + DSAD_BATCHNORM_EPS);
			bias[j] = member->offset[l][j] - member->running_mean[l][j] * factor[j];
		}
	}
	for (size_t i = 0; i < in; i++)
	{
		dsad_watch_rows(&watch, i, out);
		pack_row(weight + i * DSAD_LANES, (size_t) in * DSAD_LANES, member->weight[l] + i * out, factor, out);
	}
	packed->in = in;
	packed->out_padded = padded;
	packed->activate = hidden;
	packed->weight = weight;
	packed->bias = bias;
	return dsad_watch_status(&watch, error);
}

/* Packs a member, all its layers. */
static DsadStatus
pack_member(DsadPackedNet *packed, DsadArena *arena, const DsadModel *model, const DsadMember *member, DsadError *error)
{
	uint32_t	latent = model->dims[model->layers];
	DsadStatus	status = DSAD_OK;
	float	   *center = dsad_arena_array(arena, latent, sizeof(float));

	if (center == NULL)
		return dsad_no_memory(error);
	memcpy(center, member->center, latent * sizeof(float));
	packed->center = center;
	packed->layers = model->layers;
	packed->latent = latent;
	for (uint32_t l = 0; l < model->layers && status == DSAD_OK; l++)
		status = pack_layer(&packed->layer[l], arena, model, member, l, error);
	return status;
}

/*
 * Makes a scorer in arena.  Of the model its encoder, its scaling and its calibration must outlive it; the
 * members need not.  Errors: canceled, or out of memory.
 */
DsadStatus
dsad_scorer_create(DsadScorer **result, DsadArena *arena, const DsadModel *model, const DsadKernel *kernel,
				   DsadError *error)
{
	DsadScorer *scorer = dsad_arena_alloc(arena, sizeof(DsadScorer));
	double		weight = model->config.input_weight > 0 ? model->config.input_weight : 0;
	DsadStatus	status = DSAD_OK;

	*result = scorer;
	if (scorer == NULL)
		return dsad_no_memory(error);
	scorer->kernel = kernel;
	scorer->features = model->scaling.features;
	scorer->inputs = model->scaling.inputs;
	scorer->layers = model->layers;
	scorer->latent = model->dims[model->layers];
	scorer->members = (uint32_t) model->config.members;
	scorer->input_factor = weight > 0 ? weight / (1 + weight) / model->input_mean : 0;
	scorer->encoder = model->encoder;
	scorer->scaling = model->scaling;
	scorer->calibration = model->calibration;
	scorer->cross = model->config.calibration == DSAD_CALIBRATION_CROSS;
	dsad_decision(&scorer->decision, model);
	for (uint32_t l = 0; l < model->layers; l++)
		if (dsad_padded(model->dims[l + 1]) > scorer->widest)
			scorer->widest = (uint32_t) dsad_padded(model->dims[l + 1]);
	scorer->zeros = dsad_arena_array(arena, scorer->inputs, sizeof(float));
	scorer->input_center = dsad_arena_array(arena, scorer->inputs, sizeof(float));
	scorer->member = dsad_arena_array(arena, scorer->members, sizeof(DsadPackedNet));
	scorer->packed_conv = dsad_arena_array(arena, (size_t) scorer->members * model->convs, sizeof(DsadPackedConv));
	if (!scorer->zeros || !scorer->input_center || !scorer->member || !scorer->packed_conv)
		return dsad_no_memory(error);
	status = dsad_scorer_conv_plan(&scorer->conv, arena, model, error);
	scorer->directions = scorer->input_factor > 0 ? dsad_directions(&model->config, scorer->inputs) : 0;
	for (uint32_t i = 0; i < scorer->inputs; i++)
		scorer->input_center[i] = dsad_input_center(model, i);
	if (status == DSAD_OK && scorer->directions > 0)
		status = dsad_pack_whitening(scorer, arena, model, error);
	for (uint32_t m = 0; m < scorer->members && status == DSAD_OK; m++)
	{
		const DsadMember *member = &model->members[m];

		scorer->member[m].divisor = (dsad_config_plain_score(&model->config) ? 1 : member->divisor) * (1 + weight);
		status = pack_member(&scorer->member[m], arena, model, member, error);
		if (status == DSAD_OK)
			status = dsad_scorer_conv_pack(scorer->packed_conv + (size_t) m * model->convs, &scorer->conv, arena,
										   model, member, error);
	}
	scorer->work = dsad_model_work(model);
	return status;
}
