/*
 * training.c
 *	  One member while it is being trained: memory, batches, reports, the result.
 */
#include "core/train/training.h"

#include <math.h>
#include <string.h>

#include "core/model/choices.h"
#include "core/score/scorer_parts.h"
#include "core/train/conv_net.h"

#define REPORT_STEPS 256		/* between two reports within an epoch */
#define TRIM_WARMUP 0.1			/* share of a phase's steps before suspicious rows are known */

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
	return training + 2 * rows + (plan->update ? 0 : rows * (uint64_t) config->pretrain_epochs);
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
	double		convs = dsad_conv_net_memory(model, false, batch_rows);
	double		weights = 0;
	double		largest = 0;

	for (uint32_t l = 0; l < model->layers; l++)
	{
		double		layer = (double) dsad_padded(model->dims[l]) * (double) dsad_padded(model->dims[l + 1]);

		weights += layer;
		if (layer > largest)
			largest = layer;
	}
	for (uint32_t m = 0; m < model->convs; m++)
		weights += (double) dsad_padded(dsad_conv_weights(&model->conv[m]));
	if (config->pretrain_epochs > 0)
		convs += dsad_conv_net_memory(model, true, batch_rows);
	weights *= (config->ema_decay > 0 ? 5 : 4) + (config->pretrain_epochs > 0 ? 2 : 0);
	return convs + (config->pretrain_epochs > 0 ? 2 * nets : nets) + (weights + largest) * sizeof(float) +
		   2 * (double) batch_rows * (double) dsad_padded(model->scaling.inputs) * sizeof(float);
}

/* Sets up what does not need memory; the result goes to model->members[member]. */
static void
init_training(DsadTraining *t, DsadModel *model, const DsadPlan *plan, uint32_t member,
			  const DsadEnv *env, const DsadDataset *parts, DsadError *error)
{
	uint64_t	rows = parts[DSAD_PART_TRAINING].count;

	memset(t, 0, sizeof(*t));
	t->env = env;
	t->config = &model->config;
	t->model = model;
	t->plan = plan;
	t->parts = parts;
	t->member = &model->members[member];
	t->member_number = member;
	t->inputs = model->scaling.inputs;
	t->batch_size = (uint64_t) model->config.batch_size < rows ? (uint32_t) model->config.batch_size :
																 (uint32_t) rows;
	t->error = error;
	t->progress.member = member;
	t->progress.rows_total = dsad_member_visits(model, plan);
}

/* One member through its phases; working memory is given back before returning. */
DsadStatus
dsad_training_run(DsadModel *model, const DsadPlan *plan, uint32_t member, const DsadEnv *env,
				  const DsadDataset *parts, DsadStatus (*phases)(DsadTraining *, DsadArena *), DsadError *error)
{
	DsadTraining t;
	DsadArena	arena;
	DsadStatus	status;

	init_training(&t, model, plan, member, env, parts, error);
	dsad_arena_init(&arena, env);
	status = phases(&t, &arena);
	dsad_arena_release(&arena);
	return status;
}

/* Allocates what the phases share. */
DsadStatus
dsad_training_alloc(DsadTraining *t, DsadArena *arena)
{
	const DsadDataset *validation = &t->parts[DSAD_PART_VALIDATION];
	uint32_t	latent = t->model->dims[t->model->layers];
	size_t		widest = dsad_padded(t->inputs > latent ? t->inputs : latent);
	DsadStatus	status;

	t->batch = dsad_arena_array(arena, t->batch_size, dsad_padded(t->inputs) * sizeof(float));
	t->label = dsad_arena_array(arena, t->batch_size, sizeof(int8_t));
	t->gradient = dsad_arena_array(arena, t->batch_size, widest * sizeof(float));
	t->scores = dsad_arena_array(arena, t->batch_size, sizeof(double));
	t->center = dsad_arena_array(arena, dsad_padded(latent), sizeof(float));
	if (!t->batch || !t->label || !t->gradient || !t->scores || !t->center)
		return dsad_no_memory(t->error);
	dsad_products_init(&t->products, t->env);
	t->loss.kernel = t->products.kernel;
	t->loss.center = t->center;
	t->loss.eta = t->config->eta;
	t->loss.watch = &t->products.watch;
	status = dsad_net_products_alloc(&t->products, arena, t->model->dims, t->model->layers, t->error);
	if (status == DSAD_OK)
		status = dsad_loss_alloc(&t->loss, arena, latent, t->batch_size, t->error);
	if (status == DSAD_OK)
		status = dsad_loader_alloc(&t->loader, arena, &t->parts[DSAD_PART_TRAINING], t->error);
	if (status == DSAD_OK && t->config->calibration == DSAD_CALIBRATION_CROSS)
		status = dsad_loader_leave_out(&t->loader, arena, t->member_number + 1, false);
	if (status == DSAD_OK && validation->count > 0)
		status = dsad_loader_alloc(&t->validation, arena, validation, t->error);
	if (status == DSAD_OK)
		status = dsad_net_alloc(&t->encoder, arena, t->model->dims, t->model->layers, t->batch_size,
								t->error);
	if (status == DSAD_OK && t->model->convs > 0)
		status = dsad_conv_net_alloc(&t->encoder, arena, t->model, false, t->batch_size, t->error);
	return status;
}

/* The member's trimming: every second one has none. */
static double
trimming(const DsadTraining *t)
{
	return t->member_number % 2 == 0 ? t->config->trimming : 0;
}

/* A phase of so many epochs begins: all rows count until TRIM_WARMUP of it has gone by. */
void
dsad_training_start_phase(DsadTraining *t, int64_t epochs, int64_t max_steps)
{
	const DsadDataset *data = &t->parts[DSAD_PART_TRAINING];
	uint64_t	rows = data->scaled ? t->loader.rows : data->count;
	uint64_t	steps = (uint64_t) epochs * ((rows + t->batch_size - 1) / t->batch_size);

	t->phase_steps = max_steps > 0 && (uint64_t) max_steps < steps ? (uint64_t) max_steps : steps;
	t->phase_step = 0;
	t->loss.trim = 0;
	t->loss.usual = 0;
	t->loss.enough = trimming(t) > 0 ? dsad_enough_alike(t->model->facts.anomalies) : 0;
	t->loss.anomaly_log = 0;
	t->loss.known = 0;
	t->loss.alike = 0;
}

/* A step of the phase begins. */
void
dsad_training_step(DsadTraining *t)
{
	if ((double) t->phase_step >= TRIM_WARMUP * (double) t->phase_steps)
		t->loss.trim = trimming(t);
	t->phase_step++;
}

void
dsad_training_report(DsadTraining *t, DsadPhase phase, uint32_t epoch, int64_t epochs, double loss, bool epoch_ended)
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
void
dsad_training_advance(DsadTraining *t, DsadPhase phase, uint32_t epoch, int64_t epochs, double loss, uint32_t step,
					  uint32_t n)
{
	t->progress.rows += n;
	if (step % REPORT_STEPS == REPORT_STEPS - 1)
		dsad_training_report(t, phase, epoch, epochs, loss, false);
}

DsadStatus
dsad_training_next_batch(DsadTraining *t, DsadLoader *loader, uint32_t *n)
{
	return dsad_loader_next(loader, t->batch_size, t->batch, t->label, n);
}

DsadStatus
dsad_training_canceled(const DsadTraining *t)
{
	return dsad_watch_status(&t->products.watch, t->error);
}

DsadStatus
dsad_training_diverged(DsadTraining *t, const char *phase, uint32_t epoch)
{
	return dsad_fail(t->error, DSAD_DIVERGED,
					 "Lower the option \"learning_rate\", or use scaling \"standard\".",
					 "training diverged: the loss of member %u became infinite or NaN in epoch %u of %s",
					 t->member_number + 1, epoch + 1, phase);
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
DsadStatus
dsad_training_keep_weights(DsadTraining *t)
{
	const DsadNet *net = &t->encoder;

	for (uint32_t l = 0; l < net->layers; l++)
	{
		size_t		out = net->dims[l + 1];

		dsad_net_get_weights(net, l, t->member->weight[l]);
		/* the last step's result has not been through a loss yet */
		if (!all_finite(t->member->weight[l], net->dims[l] * out, &t->products.watch))
			return dsad_training_diverged(t, "training", t->member->epochs_run);
		if (l + 1 == net->layers)
			break;
		memcpy(t->member->running_mean[l], net->running_mean[l], out * sizeof(float));
		memcpy(t->member->running_var[l], net->running_var[l], out * sizeof(float));
		memcpy(t->member->offset[l], net->offset[l], out * sizeof(float));
	}
	for (uint32_t m = 0; m < net->conv.layers; m++)
	{
		const DsadConv *shape = &net->conv.layer[m].shape;
		uint32_t	l = net->layers + m;

		memcpy(t->member->conv_weight[m], net->weight[l], dsad_conv_weights(shape) * sizeof(float));
		memcpy(t->member->conv_mean[m], net->running_mean[l], shape->out * sizeof(float));
		memcpy(t->member->conv_var[m], net->running_var[l], shape->out * sizeof(float));
		if (!all_finite(t->member->conv_weight[m], dsad_conv_weights(shape), &t->products.watch))
			return dsad_training_diverged(t, "training", t->member->epochs_run);
	}
	return dsad_training_canceled(t);
}

/*
 * The squared distances of the training part's rows under the member's weights,
 * as scoring computes them.
 */
DsadStatus
dsad_training_distances(DsadTraining *t, DsadArena *arena, DsadDistances *result)
{
	DsadModel	alone = *t->model;
	DsadMember	undivided = *t->member;
	DsadScorer *scorer;
	void	   *scratch;
	DsadStatus	status;
	double		sum = 0;
	size_t		step;
	uint32_t	batches = 0;
	uint32_t	n;

	undivided.divisor = 1;
	alone.members = &undivided;
	alone.config.members = 1;
	alone.config.input_weight = 0;
	*result = (DsadDistances) {0, INFINITY, 0, 0, 0};
	status = dsad_scorer_begin(&scorer, &scratch, arena, &alone, t->products.kernel, t->batch_size, t->error);
	if (status != DSAD_OK)
		return status;
	step = dsad_scorer_poll_rows(scorer);
	dsad_loader_start(&t->loader, false);
	while ((status = dsad_training_next_batch(t, &t->loader, &n)) == DSAD_OK && n > 0)
	{
		for (size_t start = 0; start < n; start += step, dsad_watch(&t->products.watch))
			dsad_score_scaled(scorer, t->batch + start * t->loader.width, t->loader.width,
							  n - start < step ? n - start : step, scratch, t->scores + start);
		result->rows += n;
		for (uint32_t i = 0; i < n; i++)
		{
			if (t->scores[i] < result->lowest)
				result->lowest = t->scores[i];
			if (t->scores[i] > result->highest)
				result->highest = t->scores[i];
			if (t->label[i] == DSAD_ANOMALY)
				continue;
			sum += t->scores[i];
			result->eligible++;
		}
		if ((status = dsad_training_canceled(t)) != DSAD_OK)
			return status;
		dsad_training_advance(t, DSAD_PHASE_NORMALIZING, 0, 0, 0, batches++, n);
	}
	result->mean = sum / (double) result->eligible;
	return status;
}
