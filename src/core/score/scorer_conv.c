/*
 * scorer_conv.c
 *	  The convolutions of a scorer: a scaled row's picture becomes the first inputs of the dense layers, module by
 *	  module; what the row has beside the picture becomes the others.
 */
#include "core/score/scorer_conv.h"

#include <math.h>
#include <string.h>

/* One module's plan, from its shape; its offsets are in arena. */
static bool
plan_module(DsadConvPlan *plan, DsadArena *arena, const DsadConv *shape)
{
	size_t		rows = shape->height / 2;
	int32_t    *offset;

	plan->shape = *shape;
	plan->out = (shape->out + DSAD_CONV_BLOCK - 1) / DSAD_CONV_BLOCK * DSAD_CONV_BLOCK;
	plan->taps = shape->in * DSAD_CONV_TAPS;
	plan->stride = shape->width / 2 + 2;
	plan->plane = (rows + 2) * plan->stride;
	plan->planes = 4 * plan->plane * shape->in + 2 * DSAD_LANES;
	plan->positions = dsad_padded(rows * plan->stride);
	plan->offset = offset = dsad_arena_array(arena, 4 * (size_t) plan->taps, sizeof(int32_t));
	if (offset == NULL)
		return false;
	for (uint32_t corner = 0; corner < 4; corner++)
		for (uint32_t k = 0; k < plan->taps; k++)
		{
			uint32_t	row = corner / 2 + k % DSAD_CONV_TAPS / DSAD_CONV_SIDE;
			uint32_t	column = corner % 2 + k % DSAD_CONV_SIDE;
			size_t		parity = (row & 1) * 2 + (column & 1);

			*offset++ = (int32_t) ((k / DSAD_CONV_TAPS * 4 + parity) * plan->plane + row / 2 * plan->stride +
								   column / 2);
		}
	return true;
}

/* Plans the modules of a model, if it has any; what is planned lives in arena. */
DsadStatus
dsad_scorer_conv_plan(DsadScorerConv *conv, DsadArena *arena, const DsadModel *model, DsadError *error)
{
	memset(conv, 0, sizeof(*conv));
	conv->modules = model->convs;
	conv->inputs = model->scaling.inputs;
	conv->picture = model->picture;
	conv->dense = model->dims[0];
	for (uint32_t m = 0; m < model->convs; m++)
	{
		DsadConvPlan *plan = &conv->plan[m];

		if (!plan_module(plan, arena, &model->conv[m]))
			return dsad_no_memory(error);
		if (plan->planes > conv->planes)
			conv->planes = plan->planes;
		if (plan->out * plan->positions > conv->maps)
			conv->maps = plan->out * plan->positions;
	}
	return DSAD_OK;
}

/* Packs a member's modules (conv->modules): BatchNorm's running statistics folded in. */
DsadStatus
dsad_scorer_conv_pack(DsadPackedConv *packed, const DsadScorerConv *conv, DsadArena *arena, const DsadModel *model,
					  const DsadMember *member, DsadError *error)
{
	DsadWatch	watch = {arena->env, false};

	for (uint32_t m = 0; m < conv->modules; m++)
	{
		const DsadConvPlan *plan = &conv->plan[m];
		float	   *weight = dsad_arena_array(arena, (size_t) plan->out * plan->taps, sizeof(float));
		float	   *bias = dsad_arena_array(arena, plan->out, sizeof(float));

		if (weight == NULL || bias == NULL)
			return dsad_no_memory(error);
		for (size_t o = 0; o < model->conv[m].out; o++)
		{
			float		factor = 1 / sqrtf(member->conv_var[m][o] + DSAD_BATCHNORM_EPS);
			const float *from = member->conv_weight[m] + o * plan->taps;
			float	   *to = weight + o / DSAD_CONV_BLOCK * plan->taps * DSAD_CONV_BLOCK + o % DSAD_CONV_BLOCK;

			for (size_t k = 0; k < plan->taps; k++)
				to[k * DSAD_CONV_BLOCK] = from[k] * factor;
			bias[o] = 0 - member->conv_mean[m][o] * factor;
			dsad_watch_rows(&watch, o, plan->taps);
		}
		packed[m] = (DsadPackedConv) {weight, bias};
	}
	return dsad_watch_status(&watch, error);
}

/* Spreads the channels' pixels over the planes; channels and rows of the source lie so many floats apart. */
static void
fill_planes(const DsadConvPlan *plan, const float *from, size_t channel, size_t row, float *planes)
{
	const DsadConv *shape = &plan->shape;

	memset(planes, 0, plan->planes * sizeof(float));
	for (uint32_t c = 0; c < shape->in; c++)
		for (uint32_t r = 0; r < shape->height; r++)
		{
			const float *pixel = from + c * channel + r * row;
			float	   *even = planes + ((size_t) c * 4 + (r & 1) * 2) * plan->plane + (r / 2 + 1) * plan->stride + 1;
			float	   *odd = even + plan->plane;

			for (uint32_t i = 0; i < shape->width / 2; i++)
			{
				even[i] = pixel[2 * i];
				odd[i] = pixel[2 * i + 1];
			}
			if (shape->width % 2 != 0)
				even[shape->width / 2] = pixel[shape->width - 1];
		}
}

/* The inputs of a row that are not the picture's pixels, in their order. */
void
dsad_conv_other_inputs(const DsadPicture *picture, uint32_t inputs, const float *row, float *others)
{
	size_t		end = picture->first + dsad_shape_cells(picture->shape);

	memcpy(others, row, picture->first * sizeof(float));
	memcpy(others + picture->first, row + end, (inputs - end) * sizeof(float));
}

/*
 * A scaled row through a member's modules: dense (conv->dense) is what the dense layers take; planes and maps are
 * scratch.
 */
void
dsad_scorer_conv_run(const DsadScorerConv *conv, const DsadPackedConv *packed, const DsadKernel *kernel,
					 const float *scaled, float *planes, float *maps, float *dense)
{
	const float *from = scaled + conv->picture.first;
	size_t		channel = dsad_conv_pixels(&conv->plan[0].shape);
	size_t		row = conv->plan[0].shape.width;
	const DsadConvPlan *last = &conv->plan[conv->modules - 1];
	uint32_t	columns = last->shape.width / 2;

	for (uint32_t m = 0; m < conv->modules; m++)
	{
		const DsadConvPlan *plan = &conv->plan[m];

		fill_planes(plan, from, channel, row, planes);
		kernel->conv(plan, packed[m].weight, packed[m].bias, planes, maps);
		from = maps;
		channel = plan->positions;
		row = plan->stride;
	}
	for (uint32_t o = 0; o < last->shape.out; o++)
		for (uint32_t r = 0; r < last->shape.height / 2; r++, dense += columns)
			memcpy(dense, maps + o * channel + r * row, columns * sizeof(float));
	dsad_conv_other_inputs(&conv->picture, conv->inputs, scaled, dense);
}
