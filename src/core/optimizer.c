/*
 * optimizer.c
 *	  Adam and the step schedule.
 */
#include "optimizer.h"

#include <math.h>
#include <string.h>

#include "env.h"

/* Zero moments for every weight of net, in arena. */
DsadStatus
dsad_adam_alloc(DsadAdam *adam, DsadArena *arena, const DsadNet *net, DsadError *error)
{
	memset(adam, 0, sizeof(*adam));
	adam->beta1_power = 1;
	adam->beta2_power = 1;
	for (uint32_t l = 0; l < net->layers; l++)
	{
		size_t		count = (size_t) net->dims[l] * net->dims[l + 1];

		adam->first[l] = dsad_arena_array(arena, count, sizeof(float));
		adam->second[l] = dsad_arena_array(arena, count, sizeof(float));
		if (!adam->first[l] || !adam->second[l])
			return dsad_no_memory(error);
	}
	return DSAD_OK;
}

/*
 * One step on net's weights from its gradients; the decay is added to the
 * gradient (coupled), so it passes through the moments as in torch.optim.Adam.
 */
void
dsad_adam_step(DsadAdam *adam, DsadNet *net, double learning_rate, double weight_decay,
			   DsadWatch *watch)
{
	const float beta1 = (float) DSAD_ADAM_BETA1;
	const float beta2 = (float) DSAD_ADAM_BETA2;
	const float rest1 = (float) (1 - DSAD_ADAM_BETA1);
	const float rest2 = (float) (1 - DSAD_ADAM_BETA2);
	const float decay = (float) weight_decay;
	const float eps = (float) DSAD_ADAM_EPS;
	float		step_size;
	float		second_scale;

	adam->beta1_power *= DSAD_ADAM_BETA1;
	adam->beta2_power *= DSAD_ADAM_BETA2;
	step_size = (float) (learning_rate / (1 - adam->beta1_power));
	second_scale = (float) (1 / sqrt(1 - adam->beta2_power));
	for (uint32_t l = 0; l < net->layers; l++)
	{
		size_t		count = (size_t) net->dims[l] * net->dims[l + 1];
		float	   *restrict w = net->weight[l];
		float	   *restrict m = adam->first[l];
		float	   *restrict v = adam->second[l];
		const float *restrict gradient = net->gradient[l];

		for (size_t start = 0; start < count; start += DSAD_POLL_ELEMENTS)
		{
			size_t		end = count - start < DSAD_POLL_ELEMENTS ? count : start + DSAD_POLL_ELEMENTS;

			dsad_watch(watch);
			for (size_t i = start; i < end; i++)
			{
				float		g = gradient[i] + decay * w[i];

				m[i] = beta1 * m[i] + rest1 * g;
				v[i] = beta2 * v[i] + rest2 * (g * g);
				w[i] -= step_size * m[i] / (sqrtf(v[i]) * second_scale + eps);
			}
		}
	}
}

/* The rate of an epoch (from 0): a tenth for each milestone reached. */
double
dsad_learning_rate(const DsadConfig *config, uint32_t epoch)
{
	double		rate = config->learning_rate;

	for (uint32_t i = 0; i < config->milestones.count; i++)
		if ((uint32_t) config->milestones.value[i] <= epoch)
			rate *= 0.1;
	return rate;
}
