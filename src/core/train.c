/*
 * train.c
 *	  Trains the members of a model: pretraining, centre, Deep SAD phase, and
 *	  the divisor that makes an average training row score 1.
 */
#include <math.h>
#include <string.h>

#include "env.h"
#include "loss.h"
#include "optimizer.h"
#include "order.h"
#include "scaling.h"

#define CENTRE_MIN 0.1f			/* a coordinate nearer to 0 could be matched by zero weights */

/* What the phases of one member share. */
typedef struct Training
{
	const DsadEnv *env;
	const DsadConfig *config;
	const DsadRowSource *rows;
	DsadModel  *model;
	DsadMember *member;
	uint32_t	member_number;
	uint32_t	count;			/* rows */
	uint32_t	batch_size;		/* at most count */
	const uint32_t *canonical;	/* count: row numbers in canonical order */
	uint32_t   *shuffled;		/* count */
	bool		rows_differ;	/* some feature varies */
	double	   *raw;			/* features */
	float	   *batch;			/* (batch_size, features) */
	int8_t	   *label;			/* batch_size */
	float	   *gradient;		/* (batch_size, wider of features and latent) */
	double	   *distance;		/* batch_size */
	DsadNet		encoder;
	DsadNet		decoder;
	DsadProducts products;
	DsadError  *error;
} Training;

/* Reads and scales n rows into t->batch and t->label. */
static DsadStatus
load_batch(Training *t, const uint32_t *row, uint32_t n)
{
	uint32_t	features = t->rows->features;

	for (uint32_t i = 0; i < n; i++)
	{
		if (t->rows->read(t->rows->ctx, row[i], t->raw, &t->label[i]) != 0)
			return dsad_fail(t->error, DSAD_BAD_DATA, NULL, "could not read training row");
		t->products.kernel->scale(&t->model->scaling, t->raw, features, t->batch + (size_t) i * features);
		dsad_watch_rows(&t->products.watch, i + 1, features);
	}
	dsad_watch(&t->products.watch);
	return dsad_watch_status(&t->products.watch, t->error);
}

static void
report(const Training *t, DsadPhase phase, uint32_t epoch, uint32_t epochs, double loss)
{
	DsadProgress progress = {phase, t->member_number, epoch, epochs, loss};

	if (t->env->report)
		t->env->report(t->env->ctx, &progress);
}

/* Shuffles the rows for the next epoch; the first epoch starts from the canonical order. */
static void
next_epoch(Training *t, DsadRandom *random, uint32_t epoch)
{
	if (epoch == 0)
		memcpy(t->shuffled, t->canonical, t->count * sizeof(*t->shuffled));
	dsad_random_shuffle(random, t->shuffled, t->count);
}

/* Rows of the batch that starts at `start`; a last batch of one row is dropped (0). */
static uint32_t
batch_rows(const Training *t, uint32_t start)
{
	uint32_t	n = t->count - start;

	if (n > t->batch_size)
		return t->batch_size;
	return n == 1 && start > 0 ? 0 : n;
}

static DsadStatus
diverged(Training *t, const char *phase, uint32_t epoch)
{
	return dsad_fail(t->error, DSAD_DIVERGED,
					 "Lower the option \"learning_rate\", or use scaling \"standard\".",
					 "training diverged: the loss of member %u became infinite or NaN in epoch %u of %s",
					 t->member_number + 1, epoch + 1, phase);
}

/* Pretrains encoder and decoder as an autoencoder on all rows, labels ignored (appendix C). */
static DsadStatus
pretrain(Training *t, DsadArena *arena)
{
	const DsadConfig *config = t->config;
	uint32_t	features = t->rows->features;
	DsadAdam	encoder_adam;
	DsadAdam	decoder_adam;
	DsadRandom	random;
	DsadStatus	status;

	status = dsad_adam_alloc(&encoder_adam, arena, &t->encoder, t->error);
	if (status == DSAD_OK)
		status = dsad_adam_alloc(&decoder_adam, arena, &t->decoder, t->error);
	dsad_random_seed(&random, (uint64_t) config->seed, t->member_number, DSAD_STREAM_DECODER_INIT);
	dsad_net_init(&t->decoder, &random, (DsadInit) config->init, &t->products.watch);
	dsad_random_seed(&random, (uint64_t) config->seed, t->member_number, DSAD_STREAM_PRETRAIN_SHUFFLE);
	for (uint32_t epoch = 0; epoch < config->pretrain_epochs && status == DSAD_OK; epoch++)
	{
		double		rate = dsad_learning_rate(config, epoch);
		double		loss = 0;
		uint32_t	batches = 0;
		uint32_t	n;

		next_epoch(t, &random, epoch);
		for (uint32_t start = 0; start < t->count && (n = batch_rows(t, start)) > 0; start += n)
		{
			const float *z;
			float	   *y;
			const float *dz;

			status = load_batch(t, t->shuffled + start, n);
			if (status != DSAD_OK)
				return status;
			z = dsad_net_forward(&t->encoder, &t->products, t->batch, n);
			/* the output is ours to overwrite: backward does not read the last layer's */
			y = (float *) dsad_net_forward(&t->decoder, &t->products, z, n);
			loss += dsad_loss_reconstruction(t->batch, y, n, features,
											 (DsadReconstruction) config->reconstruction,
											 t->gradient);
			dz = dsad_net_backward(&t->decoder, &t->products, t->gradient, n, true);
			dsad_net_backward(&t->encoder, &t->products, dz, n, false);
			dsad_adam_step(&decoder_adam, &t->decoder, rate, config->weight_decay,
						   &t->products.watch);
			dsad_adam_step(&encoder_adam, &t->encoder, rate, config->weight_decay,
						   &t->products.watch);
			batches++;
		}
		loss /= batches;
		if (t->products.watch.cancelled)
			return dsad_watch_status(&t->products.watch, t->error);
		if (!isfinite((float) loss))
			return diverged(t, "pretraining", epoch);
		t->member->pretrain_loss[epoch] = (float) loss;
		t->member->pretrain_epochs_run = epoch + 1;
		report(t, DSAD_PHASE_PRETRAINING, epoch, (uint32_t) config->pretrain_epochs, loss);
	}
	return status;
}

/*
 * The centre: mean of the encoder's outputs, in evaluation mode, over the rows
 * that are not known anomalies (appendix C); coordinates near 0 are moved away
 * from it, 0 itself to the positive side.
 */
static DsadStatus
find_centre(Training *t, DsadArena *arena)
{
	uint32_t	latent = t->encoder.dims[t->encoder.layers];
	double	   *sum = dsad_arena_array(arena, latent, sizeof(double));
	uint64_t	eligible = 0;
	uint32_t	n;

	if (!sum)
		return dsad_no_memory(t->error);
	for (uint32_t start = 0; start < t->count; start += n)
	{
		const float *z;
		DsadStatus	status;

		n = t->count - start < t->batch_size ? t->count - start : t->batch_size;
		status = load_batch(t, t->canonical + start, n);
		if (status != DSAD_OK)
			return status;
		z = dsad_net_evaluate(&t->encoder, &t->products, t->batch, n);
		for (size_t i = 0; i < n; i++)
		{
			if (t->label[i] == DSAD_ANOMALY)
				continue;
			eligible++;
			for (uint32_t j = 0; j < latent; j++)
				sum[j] += z[i * latent + j];
		}
	}
	for (uint32_t j = 0; j < latent; j++)
	{
		float		c = (float) (sum[j] / (double) eligible);

		if (fabsf(c) < CENTRE_MIN)
			c = c < 0 ? -CENTRE_MIN : CENTRE_MIN;
		t->member->centre[j] = c;
	}
	return DSAD_OK;
}

/* The loss of a batch under the configured objective; fills t->gradient. */
static double
objective_loss(Training *t, const float *z, uint32_t n)
{
	const DsadConfig *config = t->config;
	const float *centre = t->member->centre;
	uint32_t	latent = t->encoder.dims[t->encoder.layers];

	if (config->objective == DSAD_OBJECTIVE_SOFT_BOUNDARY)
		return dsad_loss_soft_boundary(z, centre, t->label, n, latent, config->eta, config->nu,
									   t->member->radius, t->gradient);
	return dsad_loss_sad(z, centre, t->label, n, latent, config->eta, t->gradient);
}

/* R := the (1 - nu)-quantile of the batch's distances (unsquared), known anomalies left out. */
static void
update_radius(Training *t, const float *z, uint32_t n)
{
	uint32_t	latent = t->encoder.dims[t->encoder.layers];
	size_t		count = 0;

	for (size_t i = 0; i < n; i++)
		if (t->label[i] != DSAD_ANOMALY)
			t->distance[count++] = sqrt(dsad_distance(z + i * latent, t->member->centre, latent));
	if (count > 0)
		t->member->radius = dsad_quantile(t->distance, count, 1 - t->config->nu);
}

/* The Deep SAD (or soft-boundary) phase. */
static DsadStatus
train_objective(Training *t, DsadArena *arena)
{
	const DsadConfig *config = t->config;
	bool		soft = config->objective == DSAD_OBJECTIVE_SOFT_BOUNDARY;
	DsadAdam	adam;
	DsadRandom	random;
	DsadStatus	status;

	status = dsad_adam_alloc(&adam, arena, &t->encoder, t->error);
	dsad_random_seed(&random, (uint64_t) config->seed, t->member_number, DSAD_STREAM_TRAIN_SHUFFLE);
	for (uint32_t epoch = 0; epoch < config->epochs && status == DSAD_OK; epoch++)
	{
		double		rate = dsad_learning_rate(config, epoch);
		double		loss = 0;
		uint32_t	batches = 0;
		uint32_t	n;

		next_epoch(t, &random, epoch);
		for (uint32_t start = 0; start < t->count && (n = batch_rows(t, start)) > 0; start += n)
		{
			const float *z;

			if (config->max_steps > 0 && t->member->steps_run >= (uint64_t) config->max_steps)
				break;
			status = load_batch(t, t->shuffled + start, n);
			if (status != DSAD_OK)
				return status;
			z = dsad_net_forward(&t->encoder, &t->products, t->batch, n);
			loss += objective_loss(t, z, n);
			dsad_net_backward(&t->encoder, &t->products, t->gradient, n, false);
			dsad_adam_step(&adam, &t->encoder, rate, config->weight_decay,
						   &t->products.watch);
			if (soft && epoch >= config->warmup_epochs)
				update_radius(t, z, n);
			t->member->steps_run++;
			batches++;
		}
		if (batches == 0)
			break;
		loss /= batches;
		if (t->products.watch.cancelled)
			return dsad_watch_status(&t->products.watch, t->error);
		if (!isfinite((float) loss))
			return diverged(t, "training", epoch);
		t->member->train_loss[epoch] = (float) loss;
		t->member->epochs_run = epoch + 1;
		report(t, DSAD_PHASE_TRAINING, epoch, (uint32_t) config->epochs, loss);
	}
	return status;
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
	DsadRows	row = {t->raw, 1, false};
	DsadScorer *scorer;
	void	   *scratch;
	DsadStatus	status;
	double		sum = 0;
	double		lowest = INFINITY;
	double		highest = 0;
	uint64_t	eligible = 0;

	t->member->divisor = 1;
	alone.members = t->member;
	alone.config.members = 1;
	status = dsad_scorer_create(&scorer, arena, &alone, t->products.kernel);
	if (status == DSAD_CANCELLED)
		return dsad_fail(t->error, status, NULL, "cancelled");
	if (status != DSAD_OK || !(scratch = dsad_arena_alloc(arena, dsad_scorer_scratch(scorer, 1))))
		return dsad_no_memory(t->error);
	for (uint32_t i = 0; i < t->count; i++)
	{
		int8_t		label;
		double		score;

		if (t->rows->read(t->rows->ctx, t->canonical[i], t->raw, &label) != 0)
			return dsad_fail(t->error, DSAD_BAD_DATA, NULL, "could not read training row");
		if (i % 64 == 0 && (status = dsad_poll(t->env, t->error)) != DSAD_OK)
			return status;
		dsad_score(scorer, &row, scratch, &score);
		if (score < lowest)
			lowest = score;
		if (score > highest)
			highest = score;
		if (label == DSAD_ANOMALY)
			continue;
		sum += score;
		eligible++;
	}
	t->member->divisor = sum / (double) eligible;
	t->member->collapsed = t->rows_differ && !(highest - lowest > 1e-6 * highest);
	if (!(t->member->divisor > 0) || !isfinite(t->member->divisor))
	{
		t->member->divisor = 1;
		t->member->collapsed = 1;
	}
	return DSAD_OK;
}

/* Whether all count values are finite. */
static bool
all_finite(const float *values, size_t count)
{
	float		sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i] * 0;	/* NaN for NaN and infinity */
	return sum == 0;
}

/* Trains member number t->member_number from its own random streams. */
static DsadStatus
train_member(Training *t, DsadArena *arena)
{
	const DsadConfig *config = t->config;
	DsadModel  *model = t->model;
	uint32_t	reversed[DSAD_MAX_LAYERS + 1];
	uint32_t	layers = model->layers;
	DsadRandom	random;
	DsadStatus	status;

	status = dsad_net_alloc(&t->encoder, arena, model->dims, layers, t->batch_size, t->error);
	if (status != DSAD_OK)
		return status;
	dsad_random_seed(&random, (uint64_t) config->seed, t->member_number, DSAD_STREAM_ENCODER_INIT);
	dsad_net_init(&t->encoder, &random, (DsadInit) config->init, &t->products.watch);
	status = dsad_watch_status(&t->products.watch, t->error);
	if (status == DSAD_OK && config->pretrain_epochs > 0)
	{
		for (uint32_t l = 0; l <= layers; l++)
			reversed[l] = model->dims[layers - l];
		status = dsad_net_alloc(&t->decoder, arena, reversed, layers, t->batch_size, t->error);
		if (status == DSAD_OK)
			status = pretrain(t, arena);
	}
	if (status == DSAD_OK)
		status = find_centre(t, arena);
	if (status == DSAD_OK)
		status = train_objective(t, arena);
	if (status != DSAD_OK)
		return status;
	for (uint32_t l = 0; l < layers; l++)
	{
		uint32_t	out = model->dims[l + 1];
		size_t		count = (size_t) model->dims[l] * out;

		/* the last step's result has not been through a loss yet */
		if (!all_finite(t->encoder.weight[l], count))
			return diverged(t, "training", t->member->epochs_run);
		memcpy(t->member->weight[l], t->encoder.weight[l], count * sizeof(float));
		if (l + 1 == layers)
			break;
		memcpy(t->member->running_mean[l], t->encoder.running_mean[l], out * sizeof(float));
		memcpy(t->member->running_var[l], t->encoder.running_var[l], out * sizeof(float));
	}
	return find_divisor(t, arena);
}

/* Allocates the buffers that all members use one after the other. */
static DsadStatus
training_alloc(Training *t, DsadArena *arena)
{
	uint32_t	features = t->rows->features;
	uint32_t	latent = t->model->dims[t->model->layers];
	size_t		largest = 0;
	uint32_t   *canonical = dsad_arena_array(arena, t->count, sizeof(uint32_t));

	for (uint32_t l = 0; l < t->model->layers; l++)
	{
		size_t		weights = (size_t) t->model->dims[l] * t->model->dims[l + 1];

		if (weights > largest)
			largest = weights;
	}
	t->canonical = canonical;
	t->shuffled = dsad_arena_array(arena, t->count, sizeof(uint32_t));
	t->raw = dsad_arena_array(arena, features, sizeof(double));
	t->batch = dsad_arena_array(arena, (size_t) t->batch_size * features, sizeof(float));
	t->label = dsad_arena_array(arena, t->batch_size, sizeof(int8_t));
	t->gradient = dsad_arena_array(arena,
								   (size_t) t->batch_size * (features > latent ? features : latent),
								   sizeof(float));
	t->distance = dsad_arena_array(arena, t->batch_size, sizeof(double));
	t->products.scratch = dsad_arena_array(arena, largest, sizeof(float));
	if (!t->canonical || !t->shuffled || !t->raw || !t->batch || !t->label || !t->gradient ||
		!t->distance || !t->products.scratch)
		return dsad_no_memory(t->error);
	t->products.watch.env = t->env;
	t->products.kernel = dsad_kernel_best();
	t->products.sgemm = dsad_blas_sgemm();
	return dsad_canonical_order(canonical, t->env, t->rows, t->error);
}

/* Scaling, then every member; scratch is working memory. */
static DsadStatus
train_all(Training *t, DsadArena *scratch)
{
	DsadArena	member_scratch;
	DsadStatus	status = training_alloc(t, scratch);

	if (status == DSAD_OK)
		status = dsad_scaling_fit(&t->model->scaling, scratch, t->env,
								  (DsadScalingMethod) t->config->scaling, t->rows, t->canonical,
								  &t->model->facts, &t->rows_differ, t->error);
	if (status != DSAD_OK)
		return status;
	t->model->facts.rows = t->count;
	if (t->model->facts.anomalies == t->count)
		return dsad_fail(t->error, DSAD_NO_ELIGIBLE_ROWS,
						 "Deep SAD learns from rows that are normal or unlabelled.",
						 "all %u training rows are labelled as anomalies", t->count);
	for (int64_t m = 0; m < t->config->members && status == DSAD_OK; m++)
	{
		t->member_number = (uint32_t) m;
		t->member = &t->model->members[m];
		dsad_arena_init(&member_scratch, t->env);
		status = train_member(t, &member_scratch);
		dsad_arena_release(&member_scratch);
	}
	return status;
}

/*
 * Trains a model on rows (at least one) under config.  The model lives in
 * arena; working memory is given back before returning.  Poll is called at
 * least once a batch.
 */
DsadStatus
dsad_train(DsadModel *model, DsadArena *arena, const DsadEnv *env, const DsadConfig *config,
		   const DsadRowSource *rows, DsadError *error)
{
	Training	t;
	DsadArena	scratch;
	DsadStatus	status = dsad_config_check(config, error);

	if (status != DSAD_OK)
		return status;
	if (rows->count == 0 || rows->features == 0 || rows->features > DSAD_MAX_FEATURES ||
		rows->count > UINT32_MAX)
		return dsad_fail(error, DSAD_BAD_DATA, NULL,
						 "cannot train on %llu rows of %u features, need 1 to %u rows of 1 to %u features",
						 (unsigned long long) rows->count, rows->features, UINT32_MAX,
						 DSAD_MAX_FEATURES);
	status = dsad_model_alloc(model, arena, config, rows->features, error);
	for (int64_t m = 0; m < config->members && status == DSAD_OK; m++)
	{
		DsadMember *member = &model->members[m];

		member->pretrain_loss = dsad_arena_array(arena, (size_t) config->pretrain_epochs, sizeof(float));
		member->train_loss = dsad_arena_array(arena, (size_t) config->epochs, sizeof(float));
		if (!member->pretrain_loss || !member->train_loss)
			status = dsad_no_memory(error);
	}
	if (status != DSAD_OK)
		return status;
	memset(&t, 0, sizeof(t));
	t.env = env;
	t.config = config;
	t.rows = rows;
	t.model = model;
	t.count = (uint32_t) rows->count;
	t.batch_size = (uint32_t) config->batch_size < t.count ? (uint32_t) config->batch_size : t.count;
	t.error = error;
	dsad_arena_init(&scratch, env);
	status = train_all(&t, &scratch);
	dsad_arena_release(&scratch);
	return status;
}
