/*
 * folded.c
 *	  A model's nets as programs without BatchNorm compute them; the same numbers as scoring's (core/score/scorer.c).
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "miscadmin.h"

#include "exchange/folded.h"
#include "model/model_bytes.h"

/* A model that is to be written in another form, decoded in the current context. */
void
deepsad_decode_for_export(DsadModel *model, DsadArena *arena, DsadEnv *env, bytea *bytes)
{
	deepsad_model_decode(model, NULL, arena, env, CurrentMemoryContext, bytes);
}

/* Weights (in, out) and biases (out) of layer l of member m, with BatchNorm's running statistics folded in. */
void
deepsad_fold_layer(const DsadModel *model, int m, uint32 l, float *weight, float *bias)
{
	const DsadMember *member = &model->members[m];
	uint32		in = model->dims[l];
	uint32		out = model->dims[l + 1];
	bool		hidden = l + 1 < model->layers;
	float	   *factor = palloc(out * sizeof(float));

	for (uint32 j = 0; j < out; j++)
	{
		factor[j] = hidden ? 1 / sqrtf(member->running_var[l][j] + DSAD_BATCHNORM_EPS) : 1;
		bias[j] = hidden ? member->offset[l][j] - member->running_mean[l][j] * factor[j] : 0;
	}
	for (Size i = 0; i < in; i++)
	{
		if (i % 64 == 0)
			CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < out; j++)
			weight[i * out + j] = member->weight[l][i * out + j] * factor[j];
	}
	pfree(factor);
}

/* Weights (out, in, 5, 5) and biases (out) of module c of member m, with BatchNorm's running statistics folded in. */
void
deepsad_fold_conv(const DsadModel *model, int m, uint32 c, float *weight, float *bias)
{
	const DsadMember *member = &model->members[m];
	Size		taps = (Size) model->conv[c].in * DSAD_CONV_TAPS;

	for (Size o = 0; o < model->conv[c].out; o++)
	{
		float		factor = 1 / sqrtf(member->conv_var[c][o] + DSAD_BATCHNORM_EPS);

		CHECK_FOR_INTERRUPTS();
		for (Size k = 0; k < taps; k++)
			weight[o * taps + k] = member->conv_weight[c][o * taps + k] * factor;
		bias[o] = 0 - member->conv_mean[c][o] * factor;
	}
}

static double
input_weight(const DsadModel *model)
{
	return model->config.input_weight > 0 ? model->config.input_weight : 0;
}

/* What a member's squared distance is divided by in its share of the score. */
double
deepsad_member_divisor(const DsadModel *model, int m)
{
	return (dsad_config_plain_score(&model->config) ? 1 : model->members[m].divisor) * (1 + input_weight(model));
}

/* What the inputs' squared norm is multiplied by in the score; 0 = it does not count. */
double
deepsad_input_factor(const DsadModel *model)
{
	double		weight = input_weight(model);

	return weight > 0 ? weight / (1 + weight) / model->input_mean : 0;
}
