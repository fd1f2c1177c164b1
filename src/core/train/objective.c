/*
 * objective.c
 *	  The Deep SAD phase of a member's training, with early
 *	  stopping on held-out rows.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/train/optimizer.h"
#include "core/train/training.h"

#define SLOWNESS 0.1			/* of the slow members' learning rate */

static DsadStatus
snapshot_alloc(DsadSnapshot *snapshot, DsadArena *arena, const DsadNet *net, DsadError *error)
{
	for (uint32_t l = 0; l < dsad_net_tensors(net); l++)
	{
		size_t		units = dsad_padded(dsad_net_tensor_units(net, l));

		snapshot->weight[l] = dsad_arena_array(arena, dsad_net_tensor_size(net, l), sizeof(float));
		if (!snapshot->weight[l])
			return dsad_no_memory(error);
		if (net->running_mean[l] == NULL)
			continue;
		snapshot->running_mean[l] = dsad_arena_array(arena, units, sizeof(float));
		snapshot->running_var[l] = dsad_arena_array(arena, units, sizeof(float));
		if (!snapshot->running_mean[l] || !snapshot->running_var[l])
			return dsad_no_memory(error);
	}
	return DSAD_OK;
}

/* Copies net to the snapshot, or back. */
static void
snapshot_copy(DsadSnapshot *snapshot, DsadNet *net, bool back)
{
	for (uint32_t l = 0; l < dsad_net_tensors(net); l++)
	{
		float	   *pair[3][2] = {{snapshot->weight[l], net->weight[l]},
								  {snapshot->running_mean[l], net->running_mean[l]},
								  {snapshot->running_var[l], net->running_var[l]}};
		size_t		units = dsad_padded(dsad_net_tensor_units(net, l));
		size_t		size[3] = {dsad_net_tensor_size(net, l), units, units};

		for (int i = 0; i < 3 && pair[i][0] && pair[i][1]; i++)
			memcpy(pair[i][back], pair[i][!back], size[i] * sizeof(float));
	}
}

/* The average of weights and statistics begins where the phase begins. */
static DsadStatus
start_average(DsadTraining *t, DsadArena *arena, DsadAdam *adam)
{
	DsadStatus	status;

	if (t->config->ema_decay == 0)
		return DSAD_OK;
	status = snapshot_alloc(&t->average, arena, &t->encoder, t->error);
	if (status != DSAD_OK)
		return status;
	snapshot_copy(&t->average, &t->encoder, false);
	memcpy(adam->average, t->average.weight, sizeof(adam->average));
	return DSAD_OK;
}

/* How far the average moves at a step: at first it is the plain mean of all steps. */
static double
average_rate(const DsadTraining *t)
{
	double		rate = 1 - t->config->ema_decay;
	double		plain = 1 / (double) (t->phase_step + 1);

	return plain > rate ? plain : rate;
}

/* Moves the averages of BatchNorm's statistics; the optimizer has moved those of the weights. */
static void
move_average(DsadTraining *t, float rate)
{
	const DsadNet *net = &t->encoder;

	if (t->config->ema_decay == 0)
		return;
	for (uint32_t l = 0; l < dsad_net_tensors(net); l++)
		for (size_t j = 0; net->running_mean[l] != NULL && j < dsad_net_tensor_units(net, l); j++)
		{
			t->average.running_mean[l][j] += rate * (net->running_mean[l][j] - t->average.running_mean[l][j]);
			t->average.running_var[l][j] += rate * (net->running_var[l][j] - t->average.running_var[l][j]);
		}
}

/* Exchanges the net's weights and statistics with their averages. */
static void
swap_average(DsadTraining *t)
{
	DsadNet    *net = &t->encoder;
	DsadSnapshot current;

	if (t->config->ema_decay == 0)
		return;
	memcpy(current.weight, net->weight, sizeof(current.weight));
	memcpy(current.running_mean, net->running_mean, sizeof(current.running_mean));
	memcpy(current.running_var, net->running_var, sizeof(current.running_var));
	memcpy(net->weight, t->average.weight, sizeof(current.weight));
	memcpy(net->running_mean, t->average.running_mean, sizeof(current.running_mean));
	memcpy(net->running_var, t->average.running_var, sizeof(current.running_var));
	t->average = current;
}

/* The mean loss over the validation rows, in evaluation mode. */
static DsadStatus
validate(DsadTraining *t, double *loss)
{
	uint64_t	rows = 0;
	uint32_t	n;
	DsadStatus	status;

	*loss = 0;
	t->loss.hold = true;
	dsad_loader_start(&t->validation, false);
	while ((status = dsad_training_next_batch(t, &t->validation, &n)) == DSAD_OK && n > 0)
	{
		const float *z = dsad_net_evaluate(&t->encoder, &t->products, t->batch, n);

		*loss += dsad_loss_sad(&t->loss, z, t->label, n, t->gradient) * n;
		rows += n;
		if ((status = dsad_training_canceled(t)) != DSAD_OK)
			return status;
	}
	t->loss.hold = false;
	*loss /= (double) rows;
	return status;
}

/* Keeps the weights if their validation loss is the lowest so far; sets *stop when it has been too long. */
static DsadStatus
check_validation(DsadTraining *t, uint32_t epochs_run, double *lowest, bool *stop)
{
	double		loss;
	DsadStatus	status;

	swap_average(t);
	status = validate(t, &loss);
	if (status != DSAD_OK)
		return status;
	if (!(loss < FLT_MAX))
		loss = FLT_MAX;			/* evaluation mode may go where training mode did not */
	if (epochs_run > 0)
		t->member->validation_loss[epochs_run - 1] = (float) loss;
	if (loss < *lowest)
	{
		*lowest = loss;
		t->member->best_epoch = epochs_run;
		snapshot_copy(&t->best, &t->encoder, false);
	}
	swap_average(t);
	*stop = epochs_run - t->member->best_epoch >= (uint64_t) t->config->patience;
	return DSAD_OK;
}

/*
 * What a member's learning rate is multiplied with.  Every second one of pictures learns slowly and stays near what
 * pretraining found, which serves anomalies of new kinds; the others learn more of the known ones.
 */
static double
slowness(const DsadTraining *t)
{
	return t->model->convs > 0 && t->config->preset != DSAD_PRESET_PAPER && t->member_number % 2 == 1 ? SLOWNESS : 1;
}

/* One epoch of the Deep SAD phase; *batches = 0 when the steps were used up before. */
static DsadStatus
train_epoch(DsadTraining *t, DsadAdam *adam, uint32_t epoch, double *loss, uint32_t *batches)
{
	const DsadConfig *config = t->config;
	double		rate = dsad_learning_rate(config, epoch) * slowness(t);
	double		sum = 0;
	const float *z;
	uint32_t	n;
	DsadStatus	status = DSAD_OK;

	*batches = 0;
	dsad_loader_start(&t->loader, true);
	while (config->max_steps == 0 || t->member->steps_run < (uint64_t) config->max_steps)
	{
		status = dsad_training_next_batch(t, &t->loader, &n);
		if (status != DSAD_OK || n == 0)
			break;
		dsad_training_step(t);
		z = dsad_net_forward(&t->encoder, &t->products, t->batch, n);
		sum += dsad_loss_sad(&t->loss, z, t->label, n, t->gradient);
		dsad_net_backward(&t->encoder, &t->products, t->gradient, n, false);
		adam->average_rate = average_rate(t);
		dsad_adam_step(adam, &t->encoder, &t->products, rate, config->weight_decay);
		move_average(t, (float) adam->average_rate);
		t->member->steps_run++;
		++*batches;
		if ((status = dsad_training_canceled(t)) != DSAD_OK)
			break;
		dsad_training_advance(t, DSAD_PHASE_TRAINING, epoch, config->epochs, sum / *batches, *batches, n);
	}
	*loss = sum / *batches;
	return status;
}

/* The Deep SAD phase, shuffled by that random stream. */
DsadStatus
dsad_training_objective(DsadTraining *t, DsadArena *arena, DsadStream stream)
{
	const DsadConfig *config = t->config;
	DsadMember *member = t->member;
	bool		validated = t->validation.rows > 0;
	bool		stop = false;
	double		lowest = INFINITY;
	DsadAdam	adam;
	DsadStatus	status = dsad_adam_alloc(&adam, arena, &t->encoder, t->error);

	dsad_training_start_phase(t, config->epochs, config->max_steps);
	if (status == DSAD_OK)
		status = start_average(t, arena, &adam);
	if (status == DSAD_OK && validated)
		status = snapshot_alloc(&t->best, arena, &t->encoder, t->error);
	if (status == DSAD_OK && validated)
		status = check_validation(t, 0, &lowest, &stop);
	/* each update shuffles in another way */
	dsad_loader_seed(&t->loader, (uint64_t) config->seed + t->model->facts.updates, t->member_number, stream);
	for (uint32_t epoch = 0; epoch < config->epochs && status == DSAD_OK; epoch++)
	{
		double		loss;
		uint32_t	batches;

		if (stop)
		{
			member->stop = DSAD_STOP_VALIDATION;
			break;
		}
		status = train_epoch(t, &adam, epoch, &loss, &batches);
		if (status != DSAD_OK)
			return status;
		if (batches == 0)
		{
			member->stop = DSAD_STOP_MAX_STEPS;
			break;
		}
		if (!isfinite((float) loss))
			return dsad_training_diverged(t, "training", epoch);
		member->train_loss[epoch] = (float) loss;
		member->epochs_run = epoch + 1;
		if (validated)
			status = check_validation(t, epoch + 1, &lowest, &stop);
		else
			member->best_epoch = epoch + 1;
		dsad_training_report(t, DSAD_PHASE_TRAINING, epoch, config->epochs, loss, true);
	}
	if (status != DSAD_OK)
		return status;
	if (validated)
		snapshot_copy(&t->best, &t->encoder, true);
	else
		swap_average(t);
	return DSAD_OK;
}
