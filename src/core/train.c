/*
 * train.c
 *	  Trains one member of a model: pretraining, centre, Deep SAD phase, and the
 *	  divisor that makes an average training row score 1.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "env.h"
#include "loader.h"
#include "loss.h"
#include "optimizer.h"

#define CENTRE_MIN 0.1f			/* a coordinate nearer to 0 could be matched by zero weights */
#define REPORT_STEPS 256		/* between two reports within an epoch */

/* A copy of an encoder's weights and statistics. */
typedef struct Snapshot
{
	float	   *weight[DSAD_MAX_LAYERS];
	float	   *running_mean[DSAD_MAX_HIDDEN];
	float	   *running_var[DSAD_MAX_HIDDEN];
} Snapshot;

/* What the phases of one member share. */
typedef struct Training
{
	const DsadEnv *env;
	const DsadConfig *config;
	const DsadModel *model;
	const DsadPlan *plan;
	const DsadDataset *parts;
	DsadMember *member;
	uint32_t	member_number;
	uint32_t	features;
	uint32_t	batch_size;		/* at most the rows there are */
	DsadLoader	loader;			/* of the training part */
	DsadLoader	validation;		/* of the validation part, if it has rows */
	DsadProgress progress;
	float	   *batch;			/* (batch_size, features padded) */
	int8_t	   *label;			/* batch_size */
	float	   *gradient;		/* (batch_size, wider of features and latent, padded) */
	float	   *centre;			/* latent padded */
	double	   *scores;			/* batch_size */
	DsadNet		encoder;
	DsadNet		decoder;
	DsadLoss	loss;
	DsadProducts products;
	Snapshot	best;			/* of the lowest validation loss */
	DsadError  *error;
} Training;

static void
report(Training *t, DsadPhase phase, uint32_t epoch, int64_t epochs, double loss, bool epoch_ended)
{
	t->progress.phase = phase;
	t->progress.epoch = epoch;
	t->progress.epochs = (uint32_t) epochs;
	t->progress.loss = loss;
	t->progress.epoch_ended = epoch_ended;
	if (t->env->report)
		t->env->report(t->env->report_ctx, &t->progress);
}

/* Counts n more rows, and reports now and then. */
static void
advance(Training *t, DsadPhase phase, uint32_t epoch, int64_t epochs, double loss, uint32_t step,
		uint32_t n)
{
	t->progress.rows += n;
	if (step % REPORT_STEPS == REPORT_STEPS - 1)
		report(t, phase, epoch, epochs, loss, false);
}

static DsadStatus
next_batch(Training *t, DsadLoader *loader, uint32_t *n)
{
	return dsad_loader_next(loader, t->batch_size, t->batch, t->label, n);
}

static DsadStatus
cancelled(const Training *t)
{
	return dsad_watch_status(&t->products.watch, t->error);
}

static DsadStatus
diverged(Training *t, const char *phase, uint32_t epoch)
{
	return dsad_fail(t->error, DSAD_DIVERGED,
					 "Lower the option \"learning_rate\", or use scaling \"standard\".",
					 "training diverged: the loss of member %u became infinite or NaN in epoch %u of %s",
					 t->member_number + 1, epoch + 1, phase);
}

/* One step of the autoencoder on the n rows of the batch; the loss. */
static double
pretrain_step(Training *t, DsadAdam *encoder_adam, DsadAdam *decoder_adam, double rate, uint32_t n)
{
	const float *z = dsad_net_forward(&t->encoder, &t->products, t->batch, n);
	/* the output is ours to overwrite: backward does not read the last layer's */
	float	   *y = (float *) dsad_net_forward(&t->decoder, &t->products, z, n);
	double		loss = dsad_loss_reconstruction(&t->loss, t->batch, y, n, t->features,
												(DsadReconstruction) t->config->reconstruction, t->gradient);
	const float *dz = dsad_net_backward(&t->decoder, &t->products, t->gradient, n, true);

	dsad_net_backward(&t->encoder, &t->products, dz, n, false);
	dsad_adam_step(decoder_adam, &t->decoder, &t->products, rate, t->config->weight_decay);
	dsad_adam_step(encoder_adam, &t->encoder, &t->products, rate, t->config->weight_decay);
	return loss;
}

/* Pretrains encoder and decoder as an autoencoder on all rows, labels ignored (appendix C). */
static DsadStatus
pretrain(Training *t, DsadArena *arena)
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
	if (status == DSAD_OK)
		status = dsad_adam_alloc(&encoder_adam, arena, &t->encoder, t->error);
	if (status == DSAD_OK)
		status = dsad_adam_alloc(&decoder_adam, arena, &t->decoder, t->error);
	if (status != DSAD_OK)
		return status;
	dsad_random_seed(&random, (uint64_t) config->seed, t->member_number, DSAD_STREAM_DECODER_INIT);
	dsad_net_init(&t->decoder, &random, (DsadInit) config->init, &t->products.watch);
	dsad_loader_seed(&t->loader, (uint64_t) config->seed, t->member_number, DSAD_STREAM_PRETRAIN_SHUFFLE);
	for (uint32_t epoch = 0; epoch < config->pretrain_epochs; epoch++)
	{
		double		rate = dsad_learning_rate(config, epoch);
		double		loss = 0;
		uint32_t	batches = 0;
		uint32_t	n;

		dsad_loader_start(&t->loader, true);
		while ((status = next_batch(t, &t->loader, &n)) == DSAD_OK && n > 0)
		{
			loss += pretrain_step(t, &encoder_adam, &decoder_adam, rate, n);
			batches++;
			if ((status = cancelled(t)) != DSAD_OK)
				return status;
			advance(t, DSAD_PHASE_PRETRAINING, epoch, config->pretrain_epochs, loss / batches, batches, n);
		}
		if (status != DSAD_OK)
			return status;
		loss /= batches;
		if (!isfinite((float) loss))
			return diverged(t, "pretraining", epoch);
		t->member->pretrain_loss[epoch] = (float) loss;
		t->member->pretrain_epochs_run = epoch + 1;
		report(t, DSAD_PHASE_PRETRAINING, epoch, config->pretrain_epochs, loss, true);
	}
	return DSAD_OK;
}

/*
 * The centre: mean of the encoder's outputs, in evaluation mode, over the rows
 * that are not known anomalies (appendix C); coordinates near 0 are moved away
 * from it, 0 itself to the positive side.
 */
static DsadStatus
find_centre(Training *t, DsadArena *arena)
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
	while ((status = next_batch(t, &t->loader, &n)) == DSAD_OK && n > 0)
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
		if ((status = cancelled(t)) != DSAD_OK)
			return status;
		advance(t, DSAD_PHASE_CENTRE, 0, 0, 0, step++, n);
	}
	for (uint32_t j = 0; j < latent && status == DSAD_OK; j++)
	{
		float		c = (float) (sum[j] / (double) eligible);

		if (fabsf(c) < CENTRE_MIN)
			c = c < 0 ? -CENTRE_MIN : CENTRE_MIN;
		t->centre[j] = c;
		t->member->centre[j] = c;
	}
	return status;
}

/* The loss of a batch under the configured objective; fills t->gradient. */
static double
objective_loss(Training *t, const float *z, uint32_t n)
{
	if (t->config->objective == DSAD_OBJECTIVE_SOFT_BOUNDARY)
		return dsad_loss_soft_boundary(&t->loss, z, t->label, n, t->config->nu, t->member->radius,
									   t->gradient);
	return dsad_loss_sad(&t->loss, z, t->label, n, t->gradient);
}

/*
 * R := the (1 - nu)-quantile of the last batch's distances (unsquared), known
 * anomalies left out.
 */
static void
update_radius(Training *t, uint32_t n)
{
	double	   *distance = t->scores;
	size_t		count = 0;

	for (size_t i = 0; i < n; i++)
		if (t->label[i] != DSAD_ANOMALY)
			distance[count++] = sqrt(t->loss.distance[i]);
	if (count > 0)
		t->member->radius = dsad_quantile(distance, count, 1 - t->config->nu);
}

static DsadStatus
snapshot_alloc(Snapshot *snapshot, DsadArena *arena, const DsadNet *net, DsadError *error)
{
	for (uint32_t l = 0; l < net->layers; l++)
	{
		snapshot->weight[l] = dsad_arena_array(arena, net->dims[l] * net->width[l + 1], sizeof(float));
		if (!snapshot->weight[l])
			return dsad_no_memory(error);
		if (l + 1 == net->layers)
			break;
		snapshot->running_mean[l] = dsad_arena_array(arena, net->width[l + 1], sizeof(float));
		snapshot->running_var[l] = dsad_arena_array(arena, net->width[l + 1], sizeof(float));
		if (!snapshot->running_mean[l] || !snapshot->running_var[l])
			return dsad_no_memory(error);
	}
	return DSAD_OK;
}

/* Copies net to the snapshot, or back. */
static void
snapshot_copy(Snapshot *snapshot, DsadNet *net, bool back)
{
	for (uint32_t l = 0; l < net->layers; l++)
	{
		float	   *pair[3][2] = {{snapshot->weight[l], net->weight[l]}, {NULL, NULL}, {NULL, NULL}};
		size_t		size[3] = {net->dims[l] * net->width[l + 1], net->width[l + 1], net->width[l + 1]};

		if (l + 1 < net->layers)
		{
			pair[1][0] = snapshot->running_mean[l];
			pair[1][1] = net->running_mean[l];
			pair[2][0] = snapshot->running_var[l];
			pair[2][1] = net->running_var[l];
		}
		for (int i = 0; i < 3 && pair[i][0]; i++)
			memcpy(pair[i][back], pair[i][!back], size[i] * sizeof(float));
	}
}

/* The mean loss over the validation rows, in evaluation mode. */
static DsadStatus
validate(Training *t, double *loss)
{
	uint64_t	rows = 0;
	uint32_t	n;
	DsadStatus	status;

	*loss = 0;
	dsad_loader_start(&t->validation, false);
	while ((status = next_batch(t, &t->validation, &n)) == DSAD_OK && n > 0)
	{
		const float *z = dsad_net_evaluate(&t->encoder, &t->products, t->batch, n);

		*loss += objective_loss(t, z, n) * n;
		rows += n;
		if ((status = cancelled(t)) != DSAD_OK)
			return status;
	}
	*loss /= (double) rows;
	return status;
}

/* Keeps the weights if their validation loss is the lowest so far; sets *stop when it has been too long. */
static DsadStatus
check_validation(Training *t, uint32_t epochs_run, double *lowest, bool *stop)
{
	double		loss;
	DsadStatus	status = validate(t, &loss);

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
	*stop = epochs_run - t->member->best_epoch >= (uint64_t) t->config->patience;
	return DSAD_OK;
}

/* One epoch of the Deep SAD (or soft-boundary) phase; *batches = 0 when the steps were used up before. */
static DsadStatus
train_epoch(Training *t, DsadAdam *adam, uint32_t epoch, double *loss, uint32_t *batches)
{
	const DsadConfig *config = t->config;
	double		rate = dsad_learning_rate(config, epoch);
	bool		soft = config->objective == DSAD_OBJECTIVE_SOFT_BOUNDARY && epoch >= config->warmup_epochs;
	double		sum = 0;
	uint32_t	n;
	DsadStatus	status = DSAD_OK;

	*batches = 0;
	dsad_loader_start(&t->loader, true);
	while (config->max_steps == 0 || t->member->steps_run < (uint64_t) config->max_steps)
	{
		status = next_batch(t, &t->loader, &n);
		if (status != DSAD_OK || n == 0)
			break;
		sum += objective_loss(t, dsad_net_forward(&t->encoder, &t->products, t->batch, n), n);
		dsad_net_backward(&t->encoder, &t->products, t->gradient, n, false);
		dsad_adam_step(adam, &t->encoder, &t->products, rate, config->weight_decay);
		if (soft)
			update_radius(t, n);
		t->member->steps_run++;
		++*batches;
		if ((status = cancelled(t)) != DSAD_OK)
			break;
		advance(t, DSAD_PHASE_TRAINING, epoch, config->epochs, sum / *batches, *batches, n);
	}
	*loss = sum / *batches;
	return status;
}

/* The Deep SAD (or soft-boundary) phase. */
static DsadStatus
train_objective(Training *t, DsadArena *arena)
{
	const DsadConfig *config = t->config;
	DsadMember *member = t->member;
	bool		validated = t->validation.rows > 0;
	bool		stop = false;
	double		lowest = INFINITY;
	DsadAdam	adam;
	DsadStatus	status = dsad_adam_alloc(&adam, arena, &t->encoder, t->error);

	if (status == DSAD_OK && validated)
		status = snapshot_alloc(&t->best, arena, &t->encoder, t->error);
	if (status == DSAD_OK && validated)
		status = check_validation(t, 0, &lowest, &stop);
	dsad_loader_seed(&t->loader, (uint64_t) config->seed, t->member_number, DSAD_STREAM_TRAIN_SHUFFLE);
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
			return diverged(t, "training", epoch);
		member->train_loss[epoch] = (float) loss;
		member->epochs_run = epoch + 1;
		if (validated)
			status = check_validation(t, epoch + 1, &lowest, &stop);
		else
			member->best_epoch = epoch + 1;
		report(t, DSAD_PHASE_TRAINING, epoch, config->epochs, loss, true);
	}
	if (status == DSAD_OK && validated)
		snapshot_copy(&t->best, &t->encoder, true);
	return status;
}

/* Whether all count values are finite. */
static bool
all_finite(const float *values, size_t count, DsadWatch *watch)
{
	float		sum = 0;

	for (size_t start = 0; start < count; start += DSAD_POLL_ELEMENTS, dsad_watch(watch))
		for (size_t i = start; i < count && i < start + DSAD_POLL_ELEMENTS; i++)
			sum += values[i] * 0;	/* NaN for NaN and infinity */
	return sum == 0;
}

/* The encoder as the model keeps it. */
static DsadStatus
keep_weights(Training *t)
{
	const DsadNet *net = &t->encoder;

	for (uint32_t l = 0; l < net->layers; l++)
	{
		size_t		out = net->dims[l + 1];

		dsad_net_get_weights(net, l, t->member->weight[l]);
		/* the last step's result has not been through a loss yet */
		if (!all_finite(t->member->weight[l], net->dims[l] * out, &t->products.watch))
			return diverged(t, "training", t->member->epochs_run);
		if (l + 1 == net->layers)
			break;
		memcpy(t->member->running_mean[l], net->running_mean[l], out * sizeof(float));
		memcpy(t->member->running_var[l], net->running_var[l], out * sizeof(float));
	}
	return cancelled(t);
}

/*
 * The divisor: the mean squared distance, as scoring computes it, over the
 * eligible rows; 1 when that is 0 or not finite.  Marks a collapse: the same
 * score for every row of a table whose rows differ.
 */
static DsadStatus
find_divisor(Training *t, DsadArena *arena)
{
	DsadModel	alone = *t->model;
	DsadScorer *scorer;
	void	   *scratch;
	DsadStatus	status;
	double		sum = 0;
	double		lowest = INFINITY;
	double		highest = 0;
	uint64_t	eligible = 0;
	size_t		step;
	uint32_t	batches = 0;
	uint32_t	n;

	t->member->divisor = 1;
	alone.members = t->member;
	alone.config.members = 1;
	status = dsad_scorer_create(&scorer, arena, &alone, t->products.kernel);
	if (status == DSAD_CANCELLED)
		return dsad_fail(t->error, status, NULL, "cancelled");
	if (status != DSAD_OK ||
		!(scratch = dsad_arena_alloc(arena, dsad_scorer_scratch(scorer, t->batch_size))))
		return dsad_no_memory(t->error);
	step = dsad_scorer_poll_rows(scorer);
	dsad_loader_start(&t->loader, false);
	while ((status = next_batch(t, &t->loader, &n)) == DSAD_OK && n > 0)
	{
		for (size_t start = 0; start < n; start += step, dsad_watch(&t->products.watch))
			dsad_score_scaled(scorer, t->batch + start * t->loader.width, t->loader.width,
							  n - start < step ? n - start : step, scratch, t->scores + start);
		for (uint32_t i = 0; i < n; i++)
		{
			double		score = t->scores[i];

			if (score < lowest)
				lowest = score;
			if (score > highest)
				highest = score;
			if (t->label[i] == DSAD_ANOMALY)
				continue;
			sum += score;
			eligible++;
		}
		if ((status = cancelled(t)) != DSAD_OK)
			return status;
		advance(t, DSAD_PHASE_NORMALISING, 0, 0, 0, batches++, n);
	}
	t->member->divisor = sum / (double) eligible;
	t->member->collapsed = t->plan->rows_differ && !(highest - lowest > 1e-6 * highest);
	if (!(t->member->divisor > 0) || !isfinite(t->member->divisor))
	{
		t->member->divisor = 1;
		t->member->collapsed = 1;
	}
	return status;
}

/* Visits to rows that training one member makes at most. */
uint64_t
dsad_member_visits(const DsadModel *model, const DsadPlan *plan)
{
	const DsadConfig *config = &model->config;
	uint64_t	rows = plan->count[DSAD_PART_TRAINING];
	uint64_t	training = rows * (uint64_t) config->epochs;
	uint64_t	batch_size = (uint64_t) config->batch_size < rows ? (uint64_t) config->batch_size : rows;

	if (config->max_steps > 0 && (uint64_t) config->max_steps < training / batch_size)
		training = (uint64_t) config->max_steps * batch_size;
	return rows * (uint64_t) config->pretrain_epochs + training + 2 * rows;
}

/*
 * About how many bytes training one member takes beside the rows: weights,
 * gradients and moments of both nets, and what a batch needs.
 */
double
dsad_member_memory(const DsadModel *model, const DsadPlan *plan)
{
	const DsadConfig *config = &model->config;
	uint64_t	rows = plan->count[DSAD_PART_TRAINING];
	uint32_t	batch_rows = (uint64_t) config->batch_size < rows ? (uint32_t) config->batch_size : (uint32_t) rows;
	double		nets = dsad_net_memory(model->dims, model->layers, batch_rows);
	double		weights = 0;
	double		largest = 0;

	for (uint32_t l = 0; l < model->layers; l++)
	{
		double		layer = (double) dsad_padded(model->dims[l]) * (double) dsad_padded(model->dims[l + 1]);

		weights += layer;
		if (layer > largest)
			largest = layer;
	}
	return (config->pretrain_epochs > 0 ? 2 * nets : nets) +
		(4 * weights + (config->pretrain_epochs > 0 ? 2 * weights : 0) + largest) * sizeof(float) +
		2 * (double) batch_rows * (double) dsad_padded(model->dims[0]) * sizeof(float);
}

/* Allocates what the phases share. */
static DsadStatus
training_alloc(Training *t, DsadArena *arena)
{
	const DsadDataset *validation = &t->parts[DSAD_PART_VALIDATION];
	uint32_t	latent = t->model->dims[t->model->layers];
	size_t		widest = dsad_padded(t->features > latent ? t->features : latent);
	DsadStatus	status;

	t->batch = dsad_arena_array(arena, t->batch_size, dsad_padded(t->features) * sizeof(float));
	t->label = dsad_arena_array(arena, t->batch_size, sizeof(int8_t));
	t->gradient = dsad_arena_array(arena, t->batch_size, widest * sizeof(float));
	t->scores = dsad_arena_array(arena, t->batch_size, sizeof(double));
	t->centre = dsad_arena_array(arena, dsad_padded(latent), sizeof(float));
	if (!t->batch || !t->label || !t->gradient || !t->scores || !t->centre)
		return dsad_no_memory(t->error);
	dsad_products_init(&t->products, t->env);
	t->loss.kernel = t->products.kernel;
	t->loss.centre = t->centre;
	t->loss.eta = t->config->eta;
	t->loss.watch = &t->products.watch;
	status = dsad_net_products_alloc(&t->products, arena, t->model->dims, t->model->layers, t->error);
	if (status == DSAD_OK)
		status = dsad_loss_alloc(&t->loss, arena, latent, t->batch_size, t->error);
	if (status == DSAD_OK)
		status = dsad_loader_alloc(&t->loader, arena, &t->parts[DSAD_PART_TRAINING], t->error);
	if (status == DSAD_OK && validation->count > 0)
		status = dsad_loader_alloc(&t->validation, arena, validation, t->error);
	if (status == DSAD_OK)
		status = dsad_net_alloc(&t->encoder, arena, t->model->dims, t->model->layers, t->batch_size,
								t->error);
	return status;
}

static DsadStatus
train(Training *t, DsadArena *arena)
{
	DsadArena	phase;
	DsadRandom	random;
	DsadStatus	status = training_alloc(t, arena);

	if (status != DSAD_OK)
		return status;
	dsad_random_seed(&random, (uint64_t) t->config->seed, t->member_number, DSAD_STREAM_ENCODER_INIT);
	dsad_net_init(&t->encoder, &random, (DsadInit) t->config->init, &t->products.watch);
	status = cancelled(t);
	if (status == DSAD_OK && t->config->pretrain_epochs > 0)
	{
		/* the decoder is not needed afterwards */
		dsad_arena_init(&phase, t->env);
		status = pretrain(t, &phase);
		dsad_arena_release(&phase);
	}
	if (status == DSAD_OK)
		status = find_centre(t, arena);
	if (status == DSAD_OK)
		status = train_objective(t, arena);
	if (status == DSAD_OK)
		status = keep_weights(t);
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
dsad_train_member(const DsadModel *model, const DsadPlan *plan, uint32_t member, const DsadEnv *env,
				  const DsadDataset *parts, DsadError *error)
{
	uint64_t	rows = parts[DSAD_PART_TRAINING].count;
	Training	t;
	DsadArena	arena;
	DsadStatus	status;

	memset(&t, 0, sizeof(t));
	t.env = env;
	t.config = &model->config;
	t.model = model;
	t.plan = plan;
	t.parts = parts;
	t.member = &model->members[member];
	t.member_number = member;
	t.features = model->dims[0];
	t.batch_size = (uint64_t) model->config.batch_size < rows ? (uint32_t) model->config.batch_size :
		(uint32_t) rows;
	t.error = error;
	t.progress.member = member;
	t.progress.rows_total = dsad_member_visits(model, plan);
	dsad_arena_init(&arena, env);
	status = train(&t, &arena);
	dsad_arena_release(&arena);
	return status;
}

/* The steps of dsad_train; scratch holds the plan and the scaled rows. */
static DsadStatus
train_in_memory(DsadModel *model, DsadArena *arena, DsadArena *scratch, const DsadEnv *env,
				const DsadConfig *config, const DsadRowSource *rows, DsadError *error)
{
	DsadPlan	plan;
	DsadDataset parts[DSAD_PARTS];
	DsadStatus	status = dsad_prepare(model, &plan, arena, scratch, env, config, rows, error);

	if (status != DSAD_OK)
		return status;
	memset(parts, 0, sizeof(parts));
	for (int part = 0; part < DSAD_PARTS; part++)
	{
		parts[part].scaled = dsad_arena_array(scratch, plan.count[part], rows->features * sizeof(float));
		parts[part].label = dsad_arena_array(scratch, plan.count[part], sizeof(int8_t));
		if (!parts[part].scaled || !parts[part].label)
			return dsad_no_memory(error);
	}
	status = dsad_fill(model, &plan, env, rows, parts, error);
	for (uint32_t m = 0; m < config->members && status == DSAD_OK; m++)
		status = dsad_train_member(model, &plan, m, env, parts, error);
	return status;
}

/*
 * Trains a model on rows (at least one) under config, all in memory and one
 * member after the other.  The model lives in arena.
 */
DsadStatus
dsad_train(DsadModel *model, DsadArena *arena, const DsadEnv *env, const DsadConfig *config,
		   const DsadRowSource *rows, DsadError *error)
{
	DsadArena	scratch;
	DsadStatus	status;

	dsad_arena_init(&scratch, env);
	status = train_in_memory(model, arena, &scratch, env, config, rows, error);
	dsad_arena_release(&scratch);
	return status;
}
