/*
 * model_import.c
 *	  deepsad_import: a model from a file of tensors, as doc/exchange.md says.
 *
 * Nothing in the file is trusted.  Sizes are bound by tensors that are there before memory is
 * asked for, and the model is at last written as bytes and read again, through the same
 * checks as every other model.  What a file does not say is as in preset 'paper'.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "utils/builtins.h"

#include "core/model/sketch.h"
#include "exchange/import_sizes.h"
#include "exchange/model_json.h"
#include "exchange/model_tensors.h"
#include "model/model_bytes.h"
#include "model/options.h"
#include "pg/core_env.h"
#include "pg/jsonb_number.h"
#include "rows/value_reader.h"

DEEPSAD_FUNCTION(deepsad_import);

/* The text of a key of the metadata as jsonb; NULL when there is none. */
static Jsonb *
metadata_json(JsonbContainer *metadata, const char *key)
{
	DsadBytes	text;

	if (deepsad_json_find(metadata, key) == NULL)
		return NULL;
	text = deepsad_json_get_text(metadata, key, PG_INT32_MAX);
	return deepsad_json_parse(pnstrdup(text.bytes, text.length));
}

/* The same, which must be an array or an object. */
static JsonbContainer *
metadata_container(JsonbContainer *metadata, const char *key, bool array)
{
	Jsonb	   *json = metadata_json(metadata, key);

	if (json == NULL)
		return NULL;
	if (array ? !JB_ROOT_IS_ARRAY(json) || JB_ROOT_IS_SCALAR(json) : !JB_ROOT_IS_OBJECT(json))
		deepsad_file_invalid("\"%s\" is no %s", key, array ? "array" : "object");
	return &json->root;
}

/* The file must be of an edition that is known. */
static void
check_edition(JsonbContainer *metadata)
{
	DsadBytes	edition = deepsad_json_get_text(metadata, DEEPSAD_TENSORS_KEY, 64);

	if (edition.length == 0)
		deepsad_file_invalid("its metadata have no \"" DEEPSAD_TENSORS_KEY "\"");
	if (edition.length != strlen(DEEPSAD_TENSORS_EDITION) ||
		memcmp(edition.bytes, DEEPSAD_TENSORS_EDITION, edition.length) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("safetensors file is of deepsad edition \"%s\", this is %s", deepsad_utf8_text(&edition),
						DEEPSAD_TENSORS_EDITION)));
}

/* Which options somebody gave before training; without a list nobody knows. */
static void
read_given(DsadConfig *config, JsonbContainer *names)
{
	config->given = 0;
	for (uint32 i = 0; names && i < JsonContainerSize(names); i++)
	{
		JsonbValue *name = getIthJsonbValueFromContainer(names, i);
		const DsadOption *option =
			name->type == jbvString ? dsad_option_find(name->val.string.val, name->val.string.len) : NULL;

		if (option == NULL || !dsad_option_is_kept(option, config))
			deepsad_file_invalid("\"given\" has names that are no options of the model");
		dsad_option_mark_given(option, config, true);
	}
}

/* How rows become features: as the metadata say, or one array of so many inputs. */
static DsadEncoder *
read_encoder(JsonbContainer *metadata, DsadArena *arena, const DsadConfig *config, uint32 inputs)
{
	DsadEncoder *encoder = palloc0(sizeof(DsadEncoder));
	JsonbContainer *columns = metadata_container(metadata, "columns", true);
	JsonbContainer *left_out = metadata_container(metadata, "left_out", true);
	DsadError	error;

	if (columns == NULL && config->network == DSAD_NETWORK_CONV)
		deepsad_file_invalid("its metadata have no \"columns\", which say what shape its pictures have");
	if (columns == NULL)
	{
		if (inputs > DSAD_MAX_FEATURES)
			deepsad_file_invalid("it has %u inputs, the limit is %d", inputs, DSAD_MAX_FEATURES);
		deepsad_check(dsad_encoder_of_array(encoder, arena, inputs, &error), &error);
		return encoder;
	}
	deepsad_read_columns(encoder, arena, columns);
	if (left_out)
		deepsad_read_left_out(encoder, arena, left_out);
	deepsad_check(dsad_encoder_finish(encoder, arena, &error), &error);
	return encoder;
}

/* A tensor that must be there: of layer or module l, or (part NULL) of the member. */
static void
get_vector(const DeepsadTensors *tensors, DeepsadElementType type, void *numbers, uint64 count, const char *part,
		   const char *what, int m, uint32 l)
{
	char		name[DEEPSAD_TENSOR_NAME];

	if (part == NULL)
		snprintf(name, sizeof(name), "member.%d.%s", m, what);
	else
		snprintf(name, sizeof(name), "member.%d.%s.%u.%s", m, part, l, what);
	if (!deepsad_tensor_get(deepsad_tensor_find(tensors, "%s", name), type, numbers, count, 0, false))
		deepsad_file_invalid("tensor \"%s\" is missing", name);
}

/* The losses of so many epochs: not one more is believed than there are. */
static float *
get_losses(const DeepsadTensors *tensors, DsadArena *arena, int m, const char *what, uint32 epochs)
{
	const DeepsadTensor *tensor = deepsad_tensor_find(tensors, "member.%d.%s", m, what);
	float	   *losses;

	if (epochs > 0 && (tensor == NULL || tensor->shape[0] != epochs))
		deepsad_file_invalid("member %d has run %u epochs, but tensor \"member.%d.%s\" has not as many losses", m,
							 epochs, m, what);
	losses = dsad_arena_array(arena, epochs, sizeof(float));
	if (losses == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	deepsad_tensor_get(tensor, DEEPSAD_F32, losses, epochs, 0, false);
	return losses;
}

/* A member's convolutions. */
static void
read_convs(const DeepsadTensors *tensors, const DsadModel *model, int m)
{
	const DsadMember *member = &model->members[m];

	for (uint32 c = 0; c < model->convs; c++)
	{
		const DsadConv *conv = &model->conv[c];

		deepsad_tensor_get_shaped(deepsad_tensor_find(tensors, "member.%d.conv.%u.weight", m, c), DEEPSAD_F32,
								  member->conv_weight[c], 4,
								  (uint64[]) {conv->out, conv->in, DSAD_CONV_SIDE, DSAD_CONV_SIDE});
		get_vector(tensors, DEEPSAD_F32, member->conv_mean[c], conv->out, "conv", "running_mean", m, c);
		get_vector(tensors, DEEPSAD_F32, member->conv_var[c], conv->out, "conv", "running_var", m, c);
	}
}

static void
read_member(const DeepsadTensors *tensors, DsadArena *arena, DsadModel *model, int m, JsonbContainer *numbers)
{
	DsadMember *member = &model->members[m];

	member->divisor = 1;
	if (numbers)
		deepsad_read_member(member, numbers);
	read_convs(tensors, model, m);
	for (uint32 l = 0; l < model->layers; l++)
	{
		uint32		out = model->dims[l + 1];

		deepsad_tensor_get(deepsad_tensor_find(tensors, "member.%d.layer.%u.weight", m, l), DEEPSAD_F32,
						   member->weight[l], out, model->dims[l], true);
		if (l + 1 == model->layers)
			break;
		get_vector(tensors, DEEPSAD_F32, member->running_mean[l], out, "layer", "running_mean", m, l);
		get_vector(tensors, DEEPSAD_F32, member->running_var[l], out, "layer", "running_var", m, l);
		/* networks of other programs have none */
		if (deepsad_tensor_find(tensors, "member.%d.layer.%u.offset", m, l))
			get_vector(tensors, DEEPSAD_F32, member->offset[l], out, "layer", "offset", m, l);
	}
	get_vector(tensors, DEEPSAD_F32, member->center, model->dims[model->layers], NULL, "center", m, 0);
	member->pretrain_loss = get_losses(tensors, arena, m, "pretrain_loss", member->pretrain_epochs_run);
	member->train_loss = get_losses(tensors, arena, m, "train_loss", member->epochs_run);
	/* of a model without held-out rows there are none, and nobody reads these */
	member->validation_loss = deepsad_tensor_find(tensors, "member.%d.validation_loss", m) ?
								  get_losses(tensors, arena, m, "validation_loss", member->epochs_run) :
								  member->train_loss;
}

/* What the scaling is without its tensors: none. */
static void
read_scaling(const DeepsadTensors *tensors, DsadScaling *scaling)
{
	uint32		inputs = scaling->inputs;
	uint32		copies = inputs - scaling->features;
	int64	   *copied = palloc(Max(copies, 1) * sizeof(int64));

	for (uint32 i = 0; i < inputs; i++)
	{
		scaling->scale[i] = 1;
		scaling->limit[i] = DSAD_SCALED_MAX;
	}
	deepsad_tensor_get(deepsad_tensor_find(tensors, "scaling.offset"), DEEPSAD_F64, scaling->offset, inputs, 0, false);
	memcpy(scaling->fill, scaling->offset, inputs * sizeof(double));
	deepsad_tensor_get(deepsad_tensor_find(tensors, "scaling.scale"), DEEPSAD_F64, scaling->scale, inputs, 0, false);
	deepsad_tensor_get(deepsad_tensor_find(tensors, "scaling.fill"), DEEPSAD_F64, scaling->fill, inputs, 0, false);
	deepsad_tensor_get(deepsad_tensor_find(tensors, "scaling.limit"), DEEPSAD_F64, scaling->limit, inputs, 0, false);
	if (copies > 0 &&
		!deepsad_tensor_get(deepsad_tensor_find(tensors, "scaling.copied"), DEEPSAD_I64, copied, copies, 0, false))
		deepsad_file_invalid("tensor \"scaling.copied\" is missing");
	for (uint32 i = 0; i < copies; i++)
	{
		if (copied[i] < 0 || copied[i] >= scaling->features)
			deepsad_file_invalid("\"scaling.copied\" has %lld, must be from 0 to %u", (long long) copied[i],
								 scaling->features - 1);
		scaling->copied[i] = (uint32) copied[i];
	}
}

/* How the inputs are whitened, if the options ask for it; without the tensors they are not. */
static void
read_whitening(const DeepsadTensors *tensors, DsadArena *arena, DsadModel *model)
{
	uint32		inputs = model->scaling.inputs;
	uint32		directions = dsad_directions(&model->config, inputs);

	if (!dsad_whitening_alloc(model, arena))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (directions == 0)
		return;
	deepsad_tensor_get(deepsad_tensor_find(tensors, "inputs.own"), DEEPSAD_F64, &model->white.own, 1, 0, false);
	deepsad_tensor_get(deepsad_tensor_find(tensors, "inputs.directions"), DEEPSAD_F32, model->white.direction, inputs,
					   directions, false);
}

/* The lists of calibration scores: as many as the options ask for. */
static void
read_calibration(const DeepsadTensors *tensors, DsadArena *arena, DsadModel *model, JsonbContainer *rows)
{
	DsadCalibration *calibration = &model->calibration;

	calibration->lists = rows ? JsonContainerSize(rows) : 0;
	if (calibration->lists != dsad_calibration_lists(&model->config))
		deepsad_file_invalid("\"calibration_rows\" has %u numbers, the options ask for %u", calibration->lists,
							 dsad_calibration_lists(&model->config));
	calibration->list = dsad_arena_array(arena, calibration->lists, sizeof(DsadScoreList));
	for (uint32 i = 0; i < calibration->lists; i++)
	{
		DsadScoreList *list = &calibration->list[i];

		list->rows = (uint32) deepsad_json_read_int(getIthJsonbValueFromContainer(rows, i), 0, DSAD_CALIBRATION_ROWS,
													"calibration_rows");
		list->kept = dsad_scores_kept(list->rows);
		list->score = dsad_arena_array(arena, list->kept, sizeof(double));
		if (!deepsad_tensor_get(deepsad_tensor_find(tensors, "calibration.%u", i), DEEPSAD_F64, list->score,
								list->kept, 0, false))
			deepsad_file_invalid("tensor \"calibration.%u\" is missing", i);
		calibration->rows += list->rows;
	}
}

/* Numbers that fit 32 bits. */
static void
narrow(const DeepsadTensors *tensors, const char *name, uint32_t *numbers, uint64 rows, uint64 columns, int64 most)
{
	uint64		count = rows * Max(columns, 1);
	int64	   *wide = palloc_extended(count * sizeof(int64), MCXT_ALLOC_HUGE);

	if (!deepsad_tensor_get(deepsad_tensor_find(tensors, "%s", name), DEEPSAD_I64, wide, rows, columns, false))
		deepsad_file_invalid("tensor \"%s\" is missing", name);
	for (uint64 i = 0; i < count; i++)
	{
		if (wide[i] < 0 || wide[i] > most)
			deepsad_file_invalid("\"%s\" has %lld, must be from 0 to %lld", name, (long long) wide[i],
								 (long long) most);
		numbers[i] = (uint32_t) wide[i];
	}
	pfree(wide);
}

/* What training rows were like, if the file tells. */
static void
read_sketch(const DeepsadTensors *tensors, DsadArena *arena, DsadModel *model, Jsonb *rows)
{
	DsadSketch *sketch = &model->sketch;
	uint32		features = dsad_summaries(model->encoder);
	int64		sampled;

	if (rows == NULL)
		return;
	sampled = JB_ROOT_IS_SCALAR(rows) ?
				  deepsad_json_read_int(getIthJsonbValueFromContainer(&rows->root, 0), 0, PG_UINT32_MAX,
										"sketch_rows") :
				  -1;
	if (sampled < 0)
		deepsad_file_invalid("\"sketch_rows\" is no number");
	if (sampled == 0)
		return;
	if (!dsad_sketch_alloc(sketch, arena, features))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	sketch->rows = (uint32) sampled;
	narrow(tensors, "sketch.edges", sketch->edges, features, 0, DSAD_SKETCH_EDGES);
	narrow(tensors, "sketch.count", sketch->count, features, DSAD_SKETCH_CELLS, PG_UINT32_MAX);
	if (!deepsad_tensor_get(deepsad_tensor_find(tensors, "sketch.edge"), DEEPSAD_F64, sketch->edge, features,
							DSAD_SKETCH_EDGES, false))
		deepsad_file_invalid("tensor \"sketch.edge\" is missing");
}

/* Everything but the nets' sizes, into a model that has them. */
static void
read_model(DsadModel *model, DsadArena *arena, const DeepsadTensors *tensors, JsonbContainer *metadata)
{
	JsonbContainer *facts = metadata_container(metadata, "facts", false);
	JsonbContainer *members = metadata_container(metadata, "members", true);
	Jsonb	   *input_mean = metadata_json(metadata, "input_mean");

	model->input_mean = 1;
	if (input_mean)
	{
		JsonbValue *value = JB_ROOT_IS_SCALAR(input_mean) ? getIthJsonbValueFromContainer(&input_mean->root, 0) : NULL;

		if (value == NULL || value->type != jbvNumeric)
			deepsad_file_invalid("\"input_mean\" is no number");
		model->input_mean = deepsad_jsonb_double(value);
	}
	if (facts)
		deepsad_read_facts(&model->facts, facts);
	deepsad_read_trust(&model->trust, metadata_container(metadata, "trust", false));
	if (members && JsonContainerSize(members) != (uint32) model->config.members)
		deepsad_file_invalid("\"members\" has %u elements, there are tensors of %d", JsonContainerSize(members),
							 (int) model->config.members);
	read_scaling(tensors, &model->scaling);
	read_whitening(tensors, arena, model);
	for (int m = 0; m < model->config.members; m++)
		read_member(tensors, arena, model, m,
					members ? deepsad_json_container(getIthJsonbValueFromContainer(members, m), false, "members") :
							  NULL);
	read_calibration(tensors, arena, model, metadata_container(metadata, "calibration_rows", true));
	read_sketch(tensors, arena, model, metadata_json(metadata, "sketch_rows"));
}

/* A tensor that nobody asked for would change what the model means: a bias, say. */
static void
check_used(const DeepsadTensors *tensors)
{
	for (int i = 0; i < tensors->count; i++)
		if (!tensors->tensor[i].used)
			deepsad_file_invalid("tensor \"%s\" is no part of a model", tensors->tensor[i].name);
}

/* deepsad_import(file) -> bytea, a model */
Datum
deepsad_import(PG_FUNCTION_ARGS)
{
	DeepsadTensors tensors = {0};
	JsonbContainer *metadata = deepsad_tensors_read(&tensors, PG_GETARG_BYTEA_PP(0));
	Jsonb	   *options;
	DsadConfig	config;
	DsadEncoder *encoder;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadModel	decoded;
	DsadError	error;
	uint32		dense;
	uint32		inputs;
	bytea	   *bytes;

	check_edition(metadata);
	options = metadata_json(metadata, "options");
	deepsad_options_parse(&config, options ? options : deepsad_json_parse("{\"preset\": \"paper\"}"), NULL, 1);
	/* what only training could choose is off */
	if (config.input_weight < 0)
		config.input_weight = 0;
	if (config.calibration == DSAD_CALIBRATION_AUTO)
		config.calibration = DSAD_CALIBRATION_NONE;
	dense = deepsad_import_sizes(&tensors, &config);
	read_given(&config, metadata_container(metadata, "given", true));
	deepsad_env_init(&env, CurrentMemoryContext);
	dsad_arena_init(&arena, &env);
	encoder = read_encoder(metadata, &arena, &config, dense);
	inputs = deepsad_import_inputs(&config, encoder, &tensors, dense);
	deepsad_check(dsad_model_alloc(&model, &arena, &config, encoder->features, inputs,
								   dsad_conv_picture(&config, encoder), &error),
				  &error);
	model.encoder = encoder;
	read_model(&model, &arena, &tensors, metadata);
	check_used(&tensors);
	bytes = deepsad_model_encode(&model);
	deepsad_model_decode(&decoded, NULL, &arena, &env, CurrentMemoryContext, bytes);
	PG_RETURN_BYTEA_P(bytes);
}
