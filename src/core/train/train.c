/*
 * train.c
 *	  Trains one member of a model: pretraining, center, Deep SAD phase, and the
 *	  divisor that makes an average training row score 1.
 */
#include "core/train/train.h"

#include <math.h>

#include "core/train/conv_net.h"
#include "core/train/optimizer.h"
#include "core/train/training.h"

#define CENTER_MIN 0.1f			/* a coordinate nearer to 0 could be matched by zero weights */

/* One step of the autoencoder on the n rows of the batch; the loss. */
static double
pretrain_step(DsadTraining *t, DsadAdam *encoder_adam, DsadAdam *decoder_adam, double rate, uint32_t n)
{
	const float *z = dsad_net_forward(&t->encoder, &t->products, t->batch, n);
	/* the output is ours to overwrite: backward does not read the last layer's */
	float	   *y = (float *) dsad_net_forward(&t->decoder, &t->products, z, n);
	double		loss = dsad_loss_reconstruction(&t->loss, t->batch, y, t->label, n, t->inputs,
												(DsadReconstruction) t->config->reconstruction, t->gradient);
	const float *dz = dsad_net_backward(&t->decoder, &t->products, t->gradient, n, true);

	dsad_net_backward(&t->encoder, &t->products, dz, n, false);
	dsad_adam_step(decoder_adam, &t->decoder, &t->products, rate, t->config->weight_decay);
	dsad_adam_step(encoder_adam, &t->encoder, &t->products, rate, t->config->weight_decay);
	return loss;
}

/* Pretrains encoder and decoder as an autoencoder on all rows, labels ignored (appendix C). */
static DsadStatus
pretrain(DsadTraining *t, DsadArena *arena)
{
	const DsadConfig *config = t->config;
	uint32_t	reversed[DSAD_MAX_LAYERS + 1];
	uint32_t	layers = t->model->layers;
	DsadAdam	encoder_adam;
	DsadAdam	decoder_adam;
	DsadRandom	random;
	DsadStatus	status;

	for (uint32_t l = 0; l <= layers; l++)
		reversed[l] = t->model->dims[layers - l];
	status = dsad_net_alloc(&t->decoder, arena, reversed, layers, t->batch_size, t->error);
	if (status == DSAD_OK && t->model->convs > 0)
		status = dsad_conv_net_alloc(&t->decoder, arena, t->model, true, t->batch_size, t->error);
	if (status == DSAD_OK)
		status = dsad_adam_alloc(&encoder_adam, arena, &t->encoder, t->error);
	if (status == DSAD_OK)
		status = dsad_adam_alloc(&decoder_adam, arena, &t->decoder, t->error);
	if (status != DSAD_OK)
		return status;
	dsad_random_seed(&random, (uint64_t) config->seed, t->member_number, DSAD_STREAM_DECODER_INIT);
	dsad_net_init(&t->decoder, &random, (DsadInit) config->init, &t->products.watch);
	dsad_random_seed(&random, (uint64_t) config->seed, DSAD_MAX_MEMBERS + t->member_number, DSAD_STREAM_OFFSETS);
	dsad_net_draw_offsets(&t->decoder, &random, config->offset_scale);
	dsad_loader_seed(&t->loader, (uint64_t) config->seed, t->member_number, DSAD_STREAM_PRETRAIN_SHUFFLE);
	dsad_training_start_phase(t, config->pretrain_epochs, 0);
	for (uint32_t epoch = 0; epoch < config->pretrain_epochs; epoch++)
	{
		double		rate = dsad_learning_rate(config, epoch);
		double		loss = 0;
		uint32_t	batches = 0;
		uint32_t	n;

		dsad_loader_start(&t->loader, true);
		while ((status = dsad_training_next_batch(t, &t->loader, &n)) == DSAD_OK && n > 0)
		{
			dsad_training_step(t);
			loss += pretrain_step(t, &encoder_adam, &decoder_adam, rate, n);
			batches++;
			if ((status = dsad_training_canceled(t)) != DSAD_OK)
				return status;
			dsad_training_advance(t, DSAD_PHASE_PRETRAINING, epoch, config->pretrain_epochs, loss / batches, batches,
								  n);
		}
		if (status != DSAD_OK)
			return status;
		loss /= batches;
		if (!isfinite((float) loss))
			return dsad_training_diverged(t, "pretraining", epoch);
		t->member->pretrain_loss[epoch] = (float) loss;
		t->member->pretrain_epochs_run = epoch + 1;
		dsad_training_report(t, DSAD_PHASE_PRETRAINING, epoch, config->pretrain_epochs, loss, true);
	}
	return DSAD_OK;
}

/*
 * The center: mean of the encoder's outputs, in evaluation mode, over the rows
 * that are not known anomalies (appendix C); coordinates near 0 are moved away
 * from it, 0 itself to the positive side.
 */
static DsadStatus
find_center(DsadTraining *t, DsadArena *arena)
{
	uint32_t	latent = t->loss.latent;
	double	   *sum = dsad_arena_array(arena, latent, sizeof(double));
	uint64_t	eligible = 0;
	uint32_t	step = 0;
	uint32_t	n;
	DsadStatus	status;

	if (!sum)
		return dsad_no_memory(t->error);
	dsad_loader_start(&t->loader, false);
	while ((status = dsad_training_next_batch(t, &t->loader, &n)) == DSAD_OK && n > 0)
	{
		const float *z = dsad_net_evaluate(&t->encoder, &t->products, t->batch, n);

		for (size_t i = 0; i < n; i++)
		{
			if (t->label[i] == DSAD_ANOMALY)
				continue;
			eligible++;
			for (uint32_t j = 0; j < latent; j++)
				sum[j] += z[i * t->loss.width + j];
		}
		if ((status = dsad_training_canceled(t)) != DSAD_OK)
			return status;
		dsad_training_advance(t, DSAD_PHASE_CENTER, 0, 0, 0, step++, n);
	}
	for (uint32_t j = 0; j < latent && status == DSAD_OK; j++)
	{
		float		c = (float) (sum[j] / (double) eligible);

		if (fabsf(c) < CENTER_MIN)
			c = c < 0 ? -CENTER_MIN : CENTER_MIN;
		t->center[j] = c;
		t->member->center[j] = c;
	}
	return status;
}

/*
 * The divisor: the mean squared distance, as scoring computes it, over the
 * eligible rows; 1 when that is 0 or not finite.  Marks a collapse: the same
 * score for every row.
 */
static DsadStatus
find_divisor(DsadTraining *t, DsadArena *arena)
{
	DsadDistances d;
	DsadStatus	status = dsad_training_distances(t, arena, &d);

	if (status != DSAD_OK)
		return status;
	t->member->divisor = d.mean;
	/* a single row has none to differ from */
	t->member->collapsed = d.rows > 1 && !(d.highest - d.lowest > 1e-6 * d.highest);
	if (!(t->member->divisor > 0) || !isfinite(t->member->divisor))
	{
		t->member->divisor = 1;
		t->member->collapsed = d.rows > 1;
	}
	return status;
}

static DsadStatus
train(DsadTraining *t, DsadArena *arena)
{
	DsadArena	phase;
	DsadRandom	random;
	DsadStatus	status = dsad_training_alloc(t, arena);

	if (status != DSAD_OK)
		return status;
	dsad_random_seed(&random, (uint64_t) t->config->seed, t->member_number, DSAD_STREAM_ENCODER_INIT);
	dsad_net_init(&t->encoder, &random, (DsadInit) t->config->init, &t->products.watch);
	dsad_random_seed(&random, (uint64_t) t->config->seed, t->member_number, DSAD_STREAM_OFFSETS);
	dsad_net_draw_offsets(&t->encoder, &random, t->config->offset_scale);
	status = dsad_training_canceled(t);
	if (status == DSAD_OK && t->config->pretrain_epochs > 0)
	{
		/* the decoder is not needed afterwards */
		dsad_arena_init(&phase, t->env);
		status = pretrain(t, &phase);
		dsad_arena_release(&phase);
	}
	if (status == DSAD_OK)
		status = find_center(t, arena);
	if (status == DSAD_OK)
		status = dsad_training_objective(t, arena, DSAD_STREAM_TRAIN_SHUFFLE);
	if (status == DSAD_OK)
		status = dsad_training_keep_weights(t);
	if (status == DSAD_OK)
		status = find_divisor(t, arena);
	return status;
}

/*
 * Trains member number `member` of a prepared model, into model->members[member],
 * from its own random streams: the result does not depend on who trains it, nor
 * on the other members.  Working memory is given back before returning.  Poll is
 * called at least once a batch.
 */
DsadStatus
dsad_train_member(DsadModel *model, const DsadPlan *plan, uint32_t member, const DsadEnv *env,
				  const DsadDataset *parts, DsadError *error)
{
	return dsad_training_run(model, plan, member, env, parts, train, error);
}
