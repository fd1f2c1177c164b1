/*
 * optimizer.c
 *	  Adam and the step schedule.
 */
#include "core/train/optimizer.h"

#include <math.h>
#include <string.h>

/* Zero moments for every weight of net, in arena. */
DsadStatus
dsad_adam_alloc(DsadAdam *adam, DsadArena *arena, const DsadNet *net, DsadError *error)
{
	memset(adam, 0, sizeof(*adam));
	adam->beta1_power = 1;
	adam->beta2_power = 1;
	for (uint32_t l = 0; l < dsad_net_tensors(net); l++)
	{
		size_t		count = dsad_net_tensor_size(net, l);

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
dsad_adam_step(DsadAdam *adam, DsadNet *net, DsadProducts *products, double learning_rate,
			   double weight_decay)
{
	DsadAdamStep step;

	adam->beta1_power *= DSAD_ADAM_BETA1;
	adam->beta2_power *= DSAD_ADAM_BETA2;
	step.beta1 = (float) DSAD_ADAM_BETA1;
	step.beta2 = (float) DSAD_ADAM_BETA2;
	step.rest1 = (float) (1 - DSAD_ADAM_BETA1);
	step.rest2 = (float) (1 - DSAD_ADAM_BETA2);
	step.decay = (float) weight_decay;
	step.size = (float) (learning_rate / (1 - adam->beta1_power));
	step.second_scale = (float) (1 / sqrt(1 - adam->beta2_power));
	step.eps = (float) DSAD_ADAM_EPS;
	step.average_rate = (float) adam->average_rate;
	for (uint32_t l = 0; l < dsad_net_tensors(net); l++)
	{
		size_t		count = dsad_net_tensor_size(net, l);

		for (size_t i = 0; i < count; i += DSAD_POLL_ELEMENTS, dsad_watch(&products->watch))
			products->kernel->adam(net->weight[l] + i, net->gradient[l] + i, adam->first[l] + i,
								   adam->second[l] + i, adam->average[l] ? adam->average[l] + i : NULL,
								   count - i < DSAD_POLL_ELEMENTS ? count - i : DSAD_POLL_ELEMENTS, &step);
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
