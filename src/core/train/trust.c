/*
 * trust.c
 *	  What a trained model is worth, measured on rows that were held out: against
 *	  the same networks untrained and against the plain distance of the scaled
 *	  features; and how widely its rows lie, the paper's reading of entropy.
 */
#include "core/train/trust.h"

#include <math.h>
#include <string.h>

#include "core/score/scorer_parts.h"
#include "core/statistics.h"
#include "core/train/loader.h"
#include "core/train/sampler.h"
#include "core/train/train.h"

#define SAMPLE_FLOATS ((size_t) 4 << 20)	/* of the training part */
#define CONFIDENCE 1.959964		/* standard deviations of a 95 % interval */

/* The rows looked at, and their scores. */
typedef struct Seen
{
	DsadDataset rows;			/* in memory */
	double	   *score;			/* rows */
	double	   *sorted[2];		/* rows each: scores of eligible rows, of known anomalies */
	size_t		count[2];
} Seen;

/* The block of a data set that is in memory. */
typedef struct Block
{
	uint64_t	number;			/* UINT64_MAX = none yet */
	float	   *scaled;			/* (block_rows, inputs) */
	int8_t	   *label;
} Block;

/* Copies row `row` of a data set, in memory or in blocks, to the sample's end; nonzero = failure. */
static int
copy_row(DsadDataset *sample, const DsadDataset *data, Block *block, uint64_t row)
{
	const float *scaled = data->scaled;
	const int8_t *label = data->label;

	if (scaled == NULL)
	{
		if (row / data->block_rows != block->number &&
			data->read_block(data->ctx, row / data->block_rows, block->scaled, block->label) != 0)
			return 1;
		block->number = row / data->block_rows;
		scaled = block->scaled;
		label = block->label;
		row %= data->block_rows;
	}
	memcpy(sample->scaled + sample->count * sample->inputs, scaled + row * data->inputs, data->inputs * sizeof(float));
	sample->label[sample->count++] = dsad_label_alone(label[row]);
	return 0;
}

/* A sample of the training part, in memory: rows in blocks are in the order they came, perhaps the table's. */
DsadStatus
dsad_take_sample(DsadDataset *sample, DsadArena *arena, const DsadEnv *env, const DsadDataset *training,
				 DsadError *error)
{
	size_t		most = SAMPLE_FLOATS / training->inputs;
	Block		block = {UINT64_MAX, NULL, NULL};
	DsadSampler sampler;
	DsadStatus	status = DSAD_OK;

	dsad_sampler_start(&sampler, training->count, most < 2 ? 2 : most > DSAD_SAMPLE_ROWS ? DSAD_SAMPLE_ROWS :
																						   most,
					   DSAD_STREAM_TRUST);
	memset(sample, 0, sizeof(*sample));
	sample->inputs = training->inputs;
	sample->scaled = dsad_arena_array(arena, sampler.rows, training->inputs * sizeof(float));
	sample->label = dsad_arena_array(arena, sampler.rows, sizeof(int8_t));
	if (training->scaled == NULL)
	{
		block.scaled = dsad_arena_array(arena, training->block_rows, training->inputs * sizeof(float));
		block.label = dsad_arena_array(arena, training->block_rows, sizeof(int8_t));
	}
	if (!sample->scaled || !sample->label || (training->scaled == NULL && (!block.scaled || !block.label)))
		return dsad_no_memory(error);
	while (sampler.taken < sampler.rows && status == DSAD_OK)
	{
		if (copy_row(sample, training, &block, sampler.next) != 0)
			return dsad_fail(error, DSAD_BAD_DATA, NULL, "could not read training rows");
		dsad_sampler_take(&sampler, sampler.next);
		status = dsad_poll(env, error);
	}
	return status;
}

/* Scores of the rows under a model. */
static DsadStatus
score_rows(Seen *seen, const DsadEnv *env, const DsadModel *model, DsadError *error)
{
	DsadArena	arena;
	DsadScorer *scorer;
	void	   *scratch;
	DsadStatus	status;

	dsad_arena_init(&arena, env);
	status = dsad_scorer_begin(&scorer, &scratch, &arena, model, dsad_kernel_best(), seen->rows.count, error);
	if (status == DSAD_OK)
		status = dsad_score_polled(scorer, env, seen->rows.scaled, seen->rows.inputs, seen->rows.count, scratch,
								   seen->score, error);
	dsad_arena_release(&arena);
	return status;
}

/* The plain distance: squared norm of the inputs, of the robust copies alone where there are any. */
static void
score_plainly(Seen *seen, const DsadModel *model)
{
	uint32_t	inputs = model->scaling.inputs;
	uint32_t	first = inputs > model->scaling.features ? model->scaling.features : 0;

	for (size_t i = 0; i < seen->rows.count; i++)
	{
		seen->score[i] = 0;
		for (uint32_t j = first; j < inputs; j++)
			seen->score[i] += (double) seen->rows.scaled[i * inputs + j] * (double) seen->rows.scaled[i * inputs + j];
	}
}

/* The ROC AUC of seen->score; -1 when one kind of row is missing. */
static double
find_auc(Seen *seen)
{
	double		pairs = 0;
	size_t		below = 0;
	size_t		upto = 0;

	seen->count[0] = seen->count[1] = 0;
	for (size_t i = 0; i < seen->rows.count; i++)
	{
		int			kind = seen->rows.label[i] == DSAD_ANOMALY;

		seen->sorted[kind][seen->count[kind]++] = seen->score[i];
	}
	if (seen->count[0] == 0 || seen->count[1] == 0)
		return -1;
	dsad_sort(seen->sorted[0], seen->count[0]);
	dsad_sort(seen->sorted[1], seen->count[1]);
	for (size_t i = 0; i < seen->count[1]; i++)
	{
		while (below < seen->count[0] && seen->sorted[0][below] < seen->sorted[1][i])
			below++;
		upto = upto < below ? below : upto;
		while (upto < seen->count[0] && seen->sorted[0][upto] <= seen->sorted[1][i])
			upto++;
		pairs += (double) below + (double) (upto - below) / 2;
	}
	return pairs / ((double) seen->count[0] * (double) seen->count[1]);
}

/* Mean scores by label, their deviation among the eligible rows. */
static void
describe(DsadTrust *trust, const Seen *seen)
{
	double		sum[3] = {0, 0, 0};
	double		eligible;
	double		mean;
	double		squares = 0;

	for (size_t i = 0; i < seen->rows.count; i++)
	{
		int			kind = seen->rows.label[i] + 1;	/* anomaly, unlabeled, normal */

		trust->rows[kind]++;
		sum[kind] += seen->score[i];
	}
	for (int kind = 0; kind < 3; kind++)
		trust->mean_score[kind] =
			trust->rows[kind] > 0 && isfinite(sum[kind]) ? sum[kind] / (double) trust->rows[kind] : -1;
	eligible = (double) (trust->rows[1] + trust->rows[2]);
	mean = (sum[1] + sum[2]) / eligible;
	for (size_t i = 0; i < seen->rows.count; i++)
		if (seen->rows.label[i] != DSAD_ANOMALY)
			squares += (seen->score[i] - mean) * (seen->score[i] - mean);
	trust->deviation = eligible > 0 && isfinite(squares) ? sqrt(squares / eligible) : -1;
}

/* The same networks as training began with, their centers found on the sample. */
static DsadStatus
untrained_model(DsadModel *fresh, DsadArena *arena, const DsadEnv *env, const DsadModel *model,
				const DsadDataset *sample, DsadError *error)
{
	DsadConfig	config = model->config;
	DsadDataset parts[DSAD_PARTS];
	DsadPlan	plan;
	DsadStatus	status;

	config.epochs = 0;
	config.pretrain_epochs = 0;
	config.ema_decay = 0;
	config.input_weight = 0;
	config.validation = 0;
	memset(parts, 0, sizeof(parts));
	memset(&plan, 0, sizeof(plan));
	parts[DSAD_PART_TRAINING] = *sample;
	plan.count[DSAD_PART_TRAINING] = sample->count;
	status = dsad_model_alloc(fresh, arena, &config, model->scaling.features, model->scaling.inputs, model->picture,
							  error);
	if (status == DSAD_OK)
		status = dsad_model_alloc_losses(fresh, arena, error);
	fresh->encoder = model->encoder;
	fresh->scaling = model->scaling;
	for (uint32_t m = 0; m < config.members && status == DSAD_OK; m++)
		status = dsad_train_member(fresh, &plan, m, env, parts, error);
	return status;
}

static DsadStatus
measure(DsadModel *model, DsadArena *arena, const DsadEnv *env, const DsadDataset *parts, DsadError *error)
{
	DsadTrust  *trust = &model->trust;
	DsadDataset sample;
	DsadModel	fresh;
	Seen		seen;
	DsadStatus	status = DSAD_OK;

	trust->held_out = parts[DSAD_PART_VALIDATION].count > 0;
	seen.rows = parts[DSAD_PART_VALIDATION];
	if (!trust->held_out)
		status = dsad_take_sample(&seen.rows, arena, env, &parts[DSAD_PART_TRAINING], error);
	if (status != DSAD_OK)
		return status;
	seen.score = dsad_arena_array(arena, seen.rows.count, sizeof(double));
	for (int kind = 0; kind < 2; kind++)
		if (!(seen.sorted[kind] = dsad_arena_array(arena, seen.rows.count, sizeof(double))))
			return dsad_no_memory(error);
	if (!seen.score)
		return dsad_no_memory(error);
	status = score_rows(&seen, env, model, error);
	if (status != DSAD_OK)
		return status;
	describe(trust, &seen);
	if (!trust->held_out || (trust->auc = find_auc(&seen)) < 0)
		return status;
	dsad_auc_interval(trust->auc, (double) seen.count[1], (double) seen.count[0], CONFIDENCE, trust->interval);
	score_plainly(&seen, model);
	trust->plain_auc = find_auc(&seen);
	status = dsad_take_sample(&sample, arena, env, &parts[DSAD_PART_TRAINING], error);
	if (status == DSAD_OK)
		status = untrained_model(&fresh, arena, env, model, &sample, error);
	if (status == DSAD_OK)
		status = score_rows(&seen, env, &fresh, error);
	if (status == DSAD_OK)
		trust->untrained_auc = find_auc(&seen);
	return status;
}

/*
 * Fills model->trust once all members are trained: from the validation rows, or
 * without them, and then without any AUC, from a sample of the training rows.
 */
DsadStatus
dsad_trust_measure(DsadModel *model, const DsadEnv *env, const DsadDataset *parts, DsadError *error)
{
	DsadArena	arena;
	DsadStatus	status;

	memset(&model->trust, 0, sizeof(model->trust));
	model->trust.auc = model->trust.interval[0] = model->trust.interval[1] = -1;
	model->trust.untrained_auc = model->trust.plain_auc = -1;
	dsad_arena_init(&arena, env);
	status = measure(model, &arena, env, parts, error);
	dsad_arena_release(&arena);
	return status;
}

/* Whether something simpler, or guessing, did better on the held-out rows than chance explains. */
bool
dsad_trust_failed(const DsadTrust *trust)
{
	double		best = fmax(0.5, fmax(trust->untrained_auc, trust->plain_auc));

	return trust->auc >= 0 && trust->interval[1] < best;
}
