/*
 * prepare.c
 *	  From the caller's rows to scaled ones: fits the scaling, divides the rows
 *	  into parts, and writes each part to its place.
 */
#include "core/train/prepare.h"

#include <math.h>
#include <string.h>

#include "core/model/calibration_lists.h"
#include "core/model/choices.h"
#include "core/model/sketch.h"
#include "core/model/summary.h"
#include "core/score/scaling.h"
#include "core/train/groups.h"
#include "core/train/held_out.h"
#include "core/train/order.h"
#include "core/train/scaling_fit.h"
#include "core/train/sketch_fit.h"
#include "core/train/split.h"
#include "core/train/whiten.h"

/* Begins a plan: the rows' order, in scratch, if they can be read in any. */
static DsadStatus
start_plan(DsadPlan *plan, bool update, DsadArena *scratch, const DsadEnv *env, const DsadRowSource *rows,
		   DsadError *error)
{
	uint32_t   *order;

	memset(plan, 0, sizeof(*plan));
	plan->update = update;
	if (rows->sequential)
		return DSAD_OK;
	plan->order = order = dsad_arena_array(scratch, rows->count, sizeof(uint32_t));
	return order ? dsad_canonical_order(order, env, rows, error) : dsad_no_memory(error);
}

/* Rows that nobody made features of are an array; what says so lives in arena. */
static DsadStatus
describe_rows(DsadRowSource *rows, DsadArena *arena, DsadError *error)
{
	DsadEncoder *encoder;

	if (rows->encoder != NULL)
		return DSAD_OK;
	rows->encoder = encoder = dsad_arena_alloc(arena, sizeof(DsadEncoder));
	return encoder ? dsad_encoder_of_array(encoder, arena, rows->features, error) : dsad_no_memory(error);
}

/* The error of rows that nobody can train on. */
static DsadStatus
check_rows(const DsadRowSource *rows, DsadError *error)
{
	if (rows->count > 0 && rows->features > 0 && rows->features <= DSAD_MAX_FEATURES && rows->count <= UINT32_MAX)
		return DSAD_OK;
	return dsad_fail(error, DSAD_BAD_DATA, NULL,
					 "cannot train on %llu rows of %u features, need 1 to %u rows of 1 to %u features",
					 (unsigned long long) rows->count, rows->features, UINT32_MAX, DSAD_MAX_FEATURES);
}

/* A model without its members' weights, in arena, with room for every loss. */
static DsadStatus
lay_out(DsadModel *model, DsadArena *arena, const DsadConfig *config, const DsadRowSource *rows, DsadError *error)
{
	DsadStatus	status = dsad_model_alloc(model, arena, config, rows->features, dsad_inputs(config, rows->encoder),
										  dsad_conv_picture(config, rows->encoder), error);

	model->encoder = rows->encoder;
	model->facts.rows = rows->count;
	model->facts.anomalies = rows->anomalies;
	model->facts.normals = rows->normals;
	if (model->config.epochs < 0)
		model->config.epochs = dsad_model_default_epochs(model);
	if (status == DSAD_OK)
		status = dsad_model_alloc_losses(model, arena, error);
	if (status == DSAD_OK && !dsad_whitening_alloc(model, arena))
		return dsad_no_memory(error);
	if (status == DSAD_OK && !dsad_sketch_alloc(&model->sketch, arena, dsad_summaries(rows->encoder)))
		return dsad_no_memory(error);
	return status;
}

/*
 * Checks config and rows, lays out the model (with room for every loss) in arena
 * and fits its scaling.  The plan lives in scratch.
 */
DsadStatus
dsad_prepare(DsadModel *model, DsadPlan *plan, DsadArena *arena, DsadArena *scratch,
			 const DsadEnv *env, const DsadConfig *config, const DsadRowSource *source,
			 DsadError *error)
{
	DsadRowSource rows = *source;
	DsadFilter	filter;
	DsadRowSource training;
	DsadScalingMethod scaling;
	DsadStatus	status = dsad_config_check(config, error);

	if (status == DSAD_OK)
		status = check_rows(&rows, error);
	if (status == DSAD_OK)
		status = describe_rows(&rows, arena, error);
	if (status == DSAD_OK)
		status = dsad_network_check(config, rows.encoder, error);
	if (status == DSAD_OK)
		status = lay_out(model, arena, config, &rows, error);
	if (status == DSAD_OK)
		status = start_plan(plan, false, scratch, env, &rows, error);
	if (status != DSAD_OK)
		return status;
	/* rows held out for p-values must not have had a part in anything */
	dsad_split_resolve(&model->config, &model->facts);
	if (rows.group)
		status = dsad_groups_divide(&plan->groups, scratch, env, &model->config, &model->facts, &rows, error);
	if (status != DSAD_OK)
		return status;
	training = dsad_filter_source(&filter, &model->config, &model->facts, &rows, plan);
	dsad_split_counts(&filter.split, plan->count);
	model->facts.validation = plan->count[DSAD_PART_VALIDATION];
	/* with those of its groups that are not kept */
	model->facts.calibration = rows.count - plan->count[DSAD_PART_TRAINING] - plan->count[DSAD_PART_VALIDATION];
	scaling = (DsadScalingMethod) config->scaling;
	status = dsad_scaling_fit(&model->scaling, env, &scaling, &model->picture, &training, error);
	if (status != DSAD_OK)
		return status;
	model->config.scaling = scaling;
	if (model->config.input_weight < 0)
		model->config.input_weight = dsad_default_input_weight(model);
	if (model->facts.anomalies == rows.count)
		return dsad_fail(error, DSAD_NO_ELIGIBLE_ROWS,
						 "Deep SAD learns from rows that are normal or unlabeled.",
						 "all %llu training rows are labeled as anomalies",
						 (unsigned long long) rows.count);
	return DSAD_OK;
}

/* What a member keeps of its last training ends here: all that follows counts an update's epochs. */
static void
forget_last_training(DsadMember *member)
{
	member->epochs_run = 0;
	member->steps_run = 0;
	member->best_epoch = 0;
	member->stop = DSAD_STOP_EPOCHS;
}

/*
 * Prepares an update of a decoded model, whose config says how; rows for its new
 * losses come from arena, the plan from scratch.
 */
DsadStatus
dsad_prepare_update(DsadModel *model, DsadPlan *plan, DsadArena *arena, DsadArena *scratch,
					const DsadEnv *env, const DsadRowSource *rows, DsadError *error)
{
	DsadFacts  *facts = &model->facts;
	DsadStatus	status = dsad_config_check(&model->config, error);

	if (status == DSAD_OK && rows->features != model->scaling.features)
		status = dsad_fail(error, DSAD_BAD_DATA, NULL, "rows have %u features, the model was trained on %u",
						   rows->features, model->scaling.features);
	for (int64_t m = 0; m < model->config.members; m++)
		forget_last_training(&model->members[m]);
	if (status == DSAD_OK)
		status = dsad_model_alloc_losses(model, arena, error);
	if (status == DSAD_OK)
		status = start_plan(plan, true, scratch, env, rows, error);
	if (status != DSAD_OK)
		return status;
	facts->update_rows = rows->count;
	facts->update_anomalies = rows->anomalies;
	facts->update_normals = rows->normals;
	dsad_calibration_drop(model);
	/* the bytes hold no larger number; beyond it they say so many at least */
	if (facts->updates < UINT32_MAX)
		facts->updates++;
	plan->count[DSAD_PART_TRAINING] = rows->count;
	return status;
}

/* Rows on their way into one part. */
typedef struct Writer
{
	DsadDataset *data;
	uint64_t	count;			/* so far */
	float	   *block;			/* (block_rows, inputs): the block being filled */
	int8_t	   *label;
} Writer;

static bool
writer_alloc(Writer *w, DsadArena *arena, DsadDataset *data)
{
	memset(w, 0, sizeof(*w));
	w->data = data;
	if (data->scaled != NULL)
		return true;
	w->block = dsad_arena_array(arena, data->block_rows, data->inputs * sizeof(float));
	w->label = dsad_arena_array(arena, data->block_rows, sizeof(int8_t));
	return w->block != NULL && w->label != NULL;
}

/* Where the next row's numbers go. */
static float *
writer_row(const Writer *w)
{
	const DsadDataset *data = w->data;

	return data->scaled != NULL ? data->scaled + w->count * data->inputs :
								  w->block + (size_t) (w->count % data->block_rows) * data->inputs;
}

/* Writes what the block being filled holds; nonzero = failure. */
static int
writer_flush(Writer *w)
{
	const DsadDataset *data = w->data;
	uint32_t	rows;

	if (data->scaled != NULL || w->count == 0)
		return 0;
	rows = (uint32_t) ((w->count - 1) % data->block_rows) + 1;
	return data->write_block(data->ctx, (w->count - 1) / data->block_rows, w->block, w->label, rows);
}

/* The row at writer_row is there; nonzero = failure. */
static int
writer_add(Writer *w, int8_t label)
{
	DsadDataset *data = w->data;

	if (data->scaled != NULL)
		data->label[w->count] = label;
	else
		w->label[w->count % data->block_rows] = label;
	w->count++;
	return data->scaled == NULL && w->count % data->block_rows == 0 ? writer_flush(w) : 0;
}

/* What a row tells of the training rows: its missing elements, and its summary (room for one) if it is drawn. */
static void
observe(DsadFacts *facts, DsadSampler *sampler, const DsadEncoder *encoder, uint64_t row, const double *raw,
		double *summary)
{
	if (dsad_sampler_wants(sampler, row))
		dsad_summarize(encoder, &(DsadRows) {raw, 1, false}, summary);
	dsad_sampler_offer(sampler, row, summary);
	for (uint32_t j = 0; j < encoder->features; j++)
		facts->missing += isnan(raw[j]) && dsad_encoder_counts(encoder, j);
}

/*
 * Writes the rows to their parts, an update's (sampler NULL) all to one.  *mean: the squared
 * norm of the inputs of the eligible training rows.
 */
static DsadStatus
write_rows(Writer *writer, DsadArena *scratch, DsadModel *model, const DsadPlan *plan, const DsadEnv *env,
		   const DsadRowSource *rows, DsadSampler *sampler, double *mean, DsadError *error)
{
	const DsadKernel *kernel = dsad_kernel_best();
	uint32_t	inputs = model->scaling.inputs;
	double	   *raw = dsad_arena_array(scratch, rows->features, sizeof(double));
	double	   *summary = dsad_arena_array(scratch, dsad_summaries(model->encoder), sizeof(double));
	double	   *expanded = dsad_arena_array(scratch, inputs, sizeof(double));
	float	   *zeros = dsad_arena_array(scratch, inputs, sizeof(float));
	DsadRows	row = {raw, 1, false};
	double		sum = 0;
	uint64_t	eligible = 0;
	DsadSplit	split;
	DsadStatus	status = DSAD_OK;

	if (raw == NULL || summary == NULL || expanded == NULL || zeros == NULL)
		return dsad_no_memory(error);
	if (sampler)
		dsad_split_start(&split, &model->config, &model->facts, inputs, &plan->groups);
	for (uint64_t i = 0; i < rows->count && status == DSAD_OK; i++)
	{
		DsadPart	part = DSAD_PART_TRAINING;
		Writer	   *w;
		int8_t		label;

		if (rows->read(rows->ctx, plan->order ? plan->order[i] : i, raw, &label) != 0)
			return dsad_fail(error, DSAD_BAD_DATA, NULL, "could not read training row");
		if (sampler)
		{
			observe(&model->facts, sampler, model->encoder, i, raw, summary);
			part = dsad_split_next(&split, rows, &label);
		}
		if (part == DSAD_PART_NONE)
			continue;
		w = &writer[part];
		if (part == DSAD_PART_CALIBRATION && plan->groups.slices > 0)
			plan->groups.calibrated[w->count] =
				dsad_group_slice(&plan->groups, (uint64_t) model->config.seed, *rows->group);
		dsad_scale_row(&model->scaling, kernel, &row, 0, expanded, writer_row(w));
		if (part == DSAD_PART_TRAINING && label != DSAD_ANOMALY)
		{
			sum += kernel->distance(writer_row(w), zeros, inputs);
			eligible++;
		}
		if (writer_add(w, label) != 0)
			return dsad_fail(error, DSAD_BAD_DATA, NULL, "could not write training rows");
		if (i % 64 == 0)
			status = dsad_poll(env, error);
	}
	*mean = sum / (double) eligible;
	return status;
}

/* Writes what the parts' last blocks hold. */
static DsadStatus
flush_rows(Writer *writer, DsadError *error)
{
	for (int part = 0; part < DSAD_PARTS; part++)
		if (writer[part].data->scaled == NULL && writer[part].count % writer[part].data->block_rows != 0 &&
			writer_flush(&writer[part]) != 0)
			return dsad_fail(error, DSAD_BAD_DATA, NULL, "could not write training rows");
	return DSAD_OK;
}

static DsadStatus
fill(DsadArena *scratch, DsadModel *model, const DsadPlan *plan, const DsadEnv *env, const DsadRowSource *rows,
	 DsadDataset *parts, DsadError *error)
{
	Writer		writer[DSAD_PARTS];
	DsadSampler sampler;
	double		mean = 0;		/* an update measures none */
	DsadStatus	status;

	for (int part = 0; part < DSAD_PARTS; part++)
	{
		parts[part].count = plan->count[part];
		parts[part].inputs = model->scaling.inputs;
		if (!writer_alloc(&writer[part], scratch, &parts[part]))
			return dsad_no_memory(error);
	}
	if (!plan->update && !dsad_sampler_alloc(&sampler, scratch, rows->count, dsad_summaries(model->encoder),
											 DSAD_STREAM_SKETCH))
		return dsad_no_memory(error);
	status = write_rows(writer, scratch, model, plan, env, rows, plan->update ? NULL : &sampler, &mean, error);
	if (status == DSAD_OK)
		status = flush_rows(writer, error);
	if (plan->update || status != DSAD_OK)
		return status;
	model->input_mean = mean;
	if (!(mean > 0) || !isfinite(mean))
	{
		/* nothing varies: the inputs have nothing to say */
		model->input_mean = 1;
		model->config.input_weight = 0;
	}
	status = dsad_whiten(model, scratch, env, &parts[DSAD_PART_TRAINING], error);
	if (status != DSAD_OK)
		return status;
	return dsad_sketch_fit(&model->sketch, &sampler, env, error);
}

/*
 * Writes the scaled rows, in canonical order, to the parts, whose memory or
 * callbacks the caller provides for plan->count rows each; a training's, not an
 * update's, set the model's input_mean, its sketch, and how many elements are missing.
 */
DsadStatus
dsad_fill(DsadModel *model, const DsadPlan *plan, const DsadEnv *env,
		  const DsadRowSource *rows, DsadDataset *parts, DsadError *error)
{
	DsadArena	scratch;
	DsadStatus	status;

	dsad_arena_init(&scratch, env);
	status = fill(&scratch, model, plan, env, rows, parts, error);
	dsad_arena_release(&scratch);
	return status;
}
