/*
 * model_export.c
 *	  deepsad_export_safetensors: a model as a file of tensors, as doc/exchange.md says.
 *
 * A weight matrix is (out, in) there as in PyTorch, (in, out) in a model.
 */
#include "pg/pg_compat.h"

#include "utils/json.h"

#include "exchange/folded.h"
#include "exchange/model_json.h"
#include "exchange/model_tensors.h"
#include "exchange/safetensors.h"

DEEPSAD_FUNCTION(deepsad_export_safetensors);

/* Numbers as int64, which every reader knows. */
static int64 *
widen(const uint32_t *values, Size count)
{
	int64	   *wide = palloc_extended(Max(count, 1) * sizeof(int64), MCXT_ALLOC_HUGE);

	for (Size i = 0; i < count; i++)
		wide[i] = values[i];
	return wide;
}

static void
add_member(DeepsadTensors *list, const DsadModel *model, int m)
{
	const DsadMember *member = &model->members[m];

	for (uint32 l = 0; l < model->layers; l++)
	{
		uint32		out = model->dims[l + 1];

		deepsad_tensor_add(list, DEEPSAD_F32, member->weight[l], out, model->dims[l],
						   "member.%d.layer.%u.weight", m, l)
			->transposed = true;
		if (l + 1 == model->layers)
			break;
		deepsad_tensor_add(list, DEEPSAD_F32, member->running_mean[l], out, 0, "member.%d.layer.%u.running_mean", m, l);
		deepsad_tensor_add(list, DEEPSAD_F32, member->running_var[l], out, 0, "member.%d.layer.%u.running_var", m, l);
		deepsad_tensor_add(list, DEEPSAD_F32, member->offset[l], out, 0, "member.%d.layer.%u.offset", m, l);
	}
	deepsad_tensor_add(list, DEEPSAD_F32, member->center, model->dims[model->layers], 0, "member.%d.center", m);
	if (member->pretrain_epochs_run > 0)
		deepsad_tensor_add(list, DEEPSAD_F32, member->pretrain_loss, member->pretrain_epochs_run, 0,
						   "member.%d.pretrain_loss", m);
	if (member->epochs_run > 0)
		deepsad_tensor_add(list, DEEPSAD_F32, member->train_loss, member->epochs_run, 0, "member.%d.train_loss", m);
	if (member->epochs_run > 0 && model->config.validation > 0 && model->facts.validation > 0)
		deepsad_tensor_add(list, DEEPSAD_F32, member->validation_loss, member->epochs_run, 0,
						   "member.%d.validation_loss", m);
}

/* All tensors of a model; those of 8 bytes an element come first, so that each lies aligned. */
static void
list_tensors(DeepsadTensors *list, const DsadModel *model)
{
	const DsadScaling *scaling = &model->scaling;
	const DsadSketch *sketch = &model->sketch;
	uint32		copies = scaling->inputs - scaling->features;

	deepsad_tensor_add(list, DEEPSAD_F64, scaling->offset, scaling->inputs, 0, "scaling.offset");
	deepsad_tensor_add(list, DEEPSAD_F64, scaling->scale, scaling->inputs, 0, "scaling.scale");
	deepsad_tensor_add(list, DEEPSAD_F64, scaling->fill, scaling->inputs, 0, "scaling.fill");
	deepsad_tensor_add(list, DEEPSAD_F64, scaling->limit, scaling->inputs, 0, "scaling.limit");
	if (copies > 0)
		deepsad_tensor_add(list, DEEPSAD_I64, widen(scaling->copied, copies), copies, 0, "scaling.copied");
	if (dsad_directions(&model->config, model->dims[0]) > 0)
	{
		deepsad_tensor_add(list, DEEPSAD_F64, &model->white.own, 1, 0, "inputs.own");
		deepsad_tensor_add(list, DEEPSAD_F32, model->white.direction, model->dims[0],
						   dsad_directions(&model->config, model->dims[0]), "inputs.directions");
	}
	for (uint32 i = 0; i < model->calibration.lists; i++)
		deepsad_tensor_add(list, DEEPSAD_F64, model->calibration.list[i].score, model->calibration.list[i].kept, 0,
						   "calibration.%u", i);
	if (sketch->rows > 0)
	{
		deepsad_tensor_add(list, DEEPSAD_I64, widen(sketch->edges, scaling->features), scaling->features, 0,
						   "sketch.edges");
		deepsad_tensor_add(list, DEEPSAD_F64, sketch->edge, scaling->features, DSAD_SKETCH_EDGES, "sketch.edge");
		deepsad_tensor_add(list, DEEPSAD_I64, widen(sketch->count, (Size) scaling->features * DSAD_SKETCH_CELLS),
						   scaling->features, DSAD_SKETCH_CELLS, "sketch.count");
	}
	for (int m = 0; m < model->config.members; m++)
		add_member(list, model, m);
}

/* Adds a key of the metadata, whose value is the text in `value`, which is emptied. */
static void
put_metadata(StringInfo header, const char *key, StringInfo value)
{
	deepsad_json_key(header, key);
	escape_json(header, value->data);
	resetStringInfo(value);
}

/* What is no tensor: texts, most of them JSON themselves. */
static void
put_all_metadata(StringInfo header, const DsadModel *model)
{
	StringInfoData value;

	initStringInfo(&value);
	appendStringInfoChar(header, '{');
	appendStringInfoString(&value, DEEPSAD_TENSORS_EDITION);
	put_metadata(header, DEEPSAD_TENSORS_KEY, &value);
	deepsad_json_options(&value, &model->config);
	put_metadata(header, "options", &value);
	deepsad_json_given(&value, &model->config);
	put_metadata(header, "given", &value);
	deepsad_json_columns(&value, model->encoder);
	put_metadata(header, "columns", &value);
	deepsad_json_left_out(&value, model->encoder);
	put_metadata(header, "left_out", &value);
	deepsad_json_facts(&value, &model->facts);
	put_metadata(header, "facts", &value);
	deepsad_json_trust(&value, &model->trust);
	put_metadata(header, "trust", &value);
	for (int m = 0; m < model->config.members; m++)
	{
		appendStringInfoString(&value, m == 0 ? "[" : ", ");
		deepsad_json_member(&value, &model->members[m]);
	}
	appendStringInfoChar(&value, ']');
	put_metadata(header, "members", &value);
	appendStringInfoChar(&value, '[');
	for (uint32 i = 0; i < model->calibration.lists; i++)
		appendStringInfo(&value, "%s%u", i == 0 ? "" : ", ", model->calibration.list[i].rows);
	appendStringInfoChar(&value, ']');
	put_metadata(header, "calibration_rows", &value);
	appendStringInfo(&value, "%u", model->sketch.rows);
	put_metadata(header, "sketch_rows", &value);
	deepsad_json_double(&value, model->input_mean);
	put_metadata(header, "input_mean", &value);
	appendStringInfoChar(header, '}');
	pfree(value.data);
}

/* deepsad_export_safetensors(model) -> bytea */
Datum
deepsad_export_safetensors(PG_FUNCTION_ARGS)
{
	DeepsadTensors list = {0};
	StringInfoData metadata;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;

	deepsad_decode_for_export(&model, &arena, &env, PG_GETARG_BYTEA_PP(0));
	initStringInfo(&metadata);
	put_all_metadata(&metadata, &model);
	list_tensors(&list, &model);
	PG_RETURN_BYTEA_P(deepsad_tensors_write(&list, metadata.data));
}
