/*
 * prepare.c
 *	  From the caller's rows to scaled ones: fits the scaling, divides the rows
 *	  into parts, and writes each part to its place.
 */
#include "core/train/prepare.h"

#include <math.h>
#include <string.h>

#include "core/model/calibration_lists.h"
#include "core/model/sketch.h"
#include "core/score/scaling.h"
#include "core/train/order.h"
#include "core/train/scaling_fit.h"
#include "core/train/sketcher.h"
#include "core/train/split.h"

#define FORGET_INPUTS 50		/* known anomalies from which on the inputs' own distance is left out */

/*
 * How much the inputs' own distance counts beside the nets' by default: as much
 * when nothing is labeled, and the less the more anomalies are known.
 */
static double
input_weight(uint64_t anomalies)
{
	return anomalies < FORGET_INPUTS ? 1 / (1 + (double) anomalies) : 0;
}

/* Reads all rows once: labels and missing elements, into facts. */
static DsadStatus
count_labels(DsadFacts *facts, DsadArena *scratch, const DsadEnv *env, const DsadRowSource *rows,
			 const DsadEncoder *encoder, DsadError *error)
{
	double	   *raw = dsad_arena_array(scratch, rows->features, sizeof(double));
	DsadStatus	status = DSAD_OK;

	if (!raw)
		return dsad_no_memory(error);
	facts->rows = rows->count;
	for (uint64_t i = 0; i < rows->count && status == DSAD_OK; i++)
	{
		int8_t		label;

		if (rows->read(rows->ctx, i, raw, &label) != 0)
			return dsad_fail(error, DSAD_BAD_DATA, NULL, "could not read training row");
		facts->anomalies += label == DSAD_ANOMALY;
		facts->normals += label == DSAD_NORMAL;
		for (uint32_t j = 0; j < rows->features; j++)
			facts->missing += isnan(raw[j]) && dsad_encoder_counts(encoder, j);
		if (i % 64 == 0)
			status = dsad_poll(env, error);
	}
	return status;
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

/*
 * Checks config and rows, lays out the model (with room for every loss) in arena
 * and fits its scaling.  The plan lives in scratch.
 */
DsadStatus
dsad_prepare(DsadModel *model, DsadPlan *plan, DsadArena *arena, DsadArena *scratch,
			 const DsadEnv *env, const DsadConfig *config, const DsadRowSource *source,
			 DsadError *error)
{
	DsadRowSource described = *source;
	const DsadRowSource *rows = &described;
	uint32_t   *order = NULL;
	DsadFacts	fitted = {0};
	DsadFilter	filter;
	DsadRowSource training;
	DsadStatus	status = dsad_config_check(config, error);

	memset(plan, 0, sizeof(*plan));
	if (status != DSAD_OK)
		return status;
	if (rows->count == 0 || rows->features == 0 || rows->features > DSAD_MAX_FEATURES ||
		rows->count > UINT32_MAX)
		return dsad_fail(error, DSAD_BAD_DATA, NULL,
						 "cannot train on %llu rows of %u features, need 1 to %u rows of 1 to %u features",
						 (unsigned long long) rows->count, rows->features, UINT32_MAX,
						 DSAD_MAX_FEATURES);
	status = describe_rows(&described, arena, error);
	if (status != DSAD_OK)
		return status;
	status = dsad_model_alloc(model, arena, config, rows->features, dsad_inputs(config, rows->encoder), error);
	model->encoder = rows->encoder;
	if (status == DSAD_OK)
		status = dsad_model_alloc_losses(model, arena, error);
	if (status == DSAD_OK && !dsad_sketch_alloc(&model->sketch, arena, rows->features))
		return dsad_no_memory(error);
	if (status == DSAD_OK && !rows->sequential)
	{
		order = dsad_arena_array(scratch, rows->count, sizeof(uint32_t));
		if (!order)
			return dsad_no_memory(error);
		status = dsad_canonical_order(order, env, rows, error);
	}
	plan->order = order;
	if (status == DSAD_OK)
		status = count_labels(&model->facts, scratch, env, rows, rows->encoder, error);
	if (status != DSAD_OK)
		return status;
	/* rows held out for p-values must not have had a part in anything */
	dsad_split_resolve(&model->config, &model->facts);
	training = dsad_filter_source(&filter, &model->config, &model->facts, rows, order);
	dsad_split_counts(&filter.split, plan->count);
	model->facts.validation = plan->count[DSAD_PART_VALIDATION];
	model->facts.calibration = plan->count[DSAD_PART_CALIBRATION];
	status = dsad_scaling_fit(&model->scaling, env, (DsadScalingMethod) config->scaling, &training, NULL,
							  &fitted, error);
	if (status != DSAD_OK)
		return status;
	if (model->config.input_weight < 0)
		model->config.input_weight = input_weight(model->facts.anomalies);
	if (model->facts.anomalies == rows->count)
		return dsad_fail(error, DSAD_NO_ELIGIBLE_ROWS,
						 "Deep SAD learns from rows that are normal or unlabeled.",
						 "all %llu training rows are labeled as anomalies",
						 (unsigned long long) rows->count);
	return DSAD_OK;
}

/*
 * Prepares an update of a decoded model, whose config says how; rows for its new
 * losses come from arena, the plan from scratch.
 */
DsadStatus
dsad_prepare_update(DsadModel *model, DsadPlan *plan, DsadArena *arena, DsadArena *scratch,
					const DsadEnv *env, const DsadRowSource *rows, DsadError *error)
{
	DsadStatus	status = dsad_config_check(&model->config, error);
	DsadFacts	facts = {0};
	uint32_t   *order = NULL;

	memset(plan, 0, sizeof(*plan));
	if (status == DSAD_OK && rows->features != model->scaling.features)
		status = dsad_fail(error, DSAD_BAD_DATA, NULL, "rows have %u features, the model was trained on %u",
						   rows->features, model->scaling.features);
	/* what a member keeps of its last training ends here: all that follows counts this one's epochs */
	for (int64_t m = 0; m < model->config.members; m++)
	{
		DsadMember *member = &model->members[m];

		member->epochs_run = 0;
		member->steps_run = 0;
		member->best_epoch = 0;
		member->stop = DSAD_STOP_EPOCHS;
	}
	if (status == DSAD_OK)
		status = dsad_model_alloc_losses(model, arena, error);
	if (status == DSAD_OK && !rows->sequential)
	{
		order = dsad_arena_array(scratch, rows->count, sizeof(uint32_t));
		if (!order)
			return dsad_no_memory(error);
		status = dsad_canonical_order(order, env, rows, error);
	}
	if (status == DSAD_OK)
		status = count_labels(&facts, scratch, env, rows, model->encoder, error);
	model->facts.update_rows = facts.rows;
	model->facts.update_anomalies = facts.anomalies;
	model->facts.update_normals = facts.normals;
	dsad_calibration_drop(model);
	/* the bytes hold no larger number; beyond it they say so many at least */
	if (model->facts.updates < UINT32_MAX)
		model->facts.updates++;
	plan->order = order;
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

static DsadStatus
fill(Writer *writer, DsadArena *scratch, DsadModel *model, const DsadPlan *plan,
	 const DsadEnv *env, const DsadRowSource *rows, DsadDataset *parts, DsadError *error)
{
	const DsadKernel *kernel = dsad_kernel_best();
	double	   *raw = dsad_arena_array(scratch, rows->features, sizeof(double));
	double	   *expanded = dsad_arena_array(scratch, model->scaling.inputs, sizeof(double));
	float	   *zeros = dsad_arena_array(scratch, model->scaling.inputs, sizeof(float));
	DsadRows	row = {raw, 1, false};
	double		sum = 0;
	uint64_t	eligible = 0;
	bool		update = model->facts.updates > 0;
	DsadSketcher sketcher;
	DsadSplit	split;
	DsadStatus	status = DSAD_OK;

	for (int part = 0; part < DSAD_PARTS; part++)
		if (!writer_alloc(&writer[part], scratch, &parts[part]))
			raw = NULL;
	if (raw == NULL || expanded == NULL || zeros == NULL || (!update && !dsad_sketcher_start(&sketcher, scratch, rows)))
		return dsad_no_memory(error);
	dsad_split_start(&split, &model->config, &model->facts, model->dims[0]);
	for (uint64_t i = 0; i < rows->count && status == DSAD_OK; i++)
	{
		Writer	   *w;
		int8_t		label;

		if (rows->read(rows->ctx, plan->order ? plan->order[i] : i, raw, &label) != 0)
			return dsad_fail(error, DSAD_BAD_DATA, NULL, "could not read training row");
		if (!update)
			dsad_sketcher_offer(&sketcher, i, raw);
		w = &writer[dsad_split_next(&split, &label)];
		dsad_scale_row(&model->scaling, kernel, &row, 0, expanded, writer_row(w));
		if (w == &writer[DSAD_PART_TRAINING] && label != DSAD_ANOMALY)
		{
			sum += kernel->distance(writer_row(w), zeros, model->scaling.inputs);
			eligible++;
		}
		if (writer_add(w, label) != 0)
			return dsad_fail(error, DSAD_BAD_DATA, NULL, "could not write training rows");
		if (i % 64 == 0)
			status = dsad_poll(env, error);
	}
	for (int part = 0; part < DSAD_PARTS && status == DSAD_OK; part++)
		if (parts[part].scaled == NULL && writer[part].count % parts[part].block_rows != 0 &&
			writer_flush(&writer[part]) != 0)
			status = dsad_fail(error, DSAD_BAD_DATA, NULL, "could not write training rows");
	if (update)
		return status;
	if (status == DSAD_OK)
		status = dsad_sketcher_finish(&sketcher, &model->sketch, env, error);
	model->input_mean = sum / (double) eligible;
	if (!(model->input_mean > 0) || !isfinite(model->input_mean))
	{
		/* nothing varies: the inputs have nothing to say */
		model->input_mean = 1;
		model->config.input_weight = 0;
	}
	return status;
}

/*
 * Writes the scaled rows, in canonical order, to the parts, whose memory or
 * callbacks the caller provides for plan->count rows each; a training's, not an
 * update's, set the model's input_mean.
 */
DsadStatus
dsad_fill(DsadModel *model, const DsadPlan *plan, const DsadEnv *env,
		  const DsadRowSource *rows, DsadDataset *parts, DsadError *error)
{
	Writer		writer[DSAD_PARTS];
	DsadArena	scratch;
	DsadStatus	status;

	for (int part = 0; part < DSAD_PARTS; part++)
	{
		parts[part].count = plan->count[part];
		parts[part].inputs = model->scaling.inputs;
	}
	dsad_arena_init(&scratch, env);
	status = fill(writer, &scratch, model, plan, env, rows, parts, error);
	dsad_arena_release(&scratch);
	return status;
}
