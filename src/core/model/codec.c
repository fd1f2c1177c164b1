/*
 * codec.c
 *	  Model <-> bytes: header, sections and members, as doc/format.md specifies them.
 *
 * The reader trusts nothing: lengths are checked against what the dimensions
 * ask for before anything is allocated, numbers before they are used.
 */
#include "core/model/codec.h"

#include <math.h>
#include <string.h>

#include "core/model/codec_sections.h"
#include "core/model/encoder_codec.h"

#define MAGIC "DEEPSAD\n"
#define HEADER_SIZE 24			/* magic 8, format 4, crc 4, total length 8 */
#define CRC_AT 12
#define CRC_START 16			/* the CRC covers everything from here on */
#define SECTION_HEADER_SIZE 16	/* tag 4, flags 4, length 8 */
#define FLAG_CRITICAL 1

/* ---- writing ---- */

/* Every option as id, kind, number of elements, elements of 8 bytes. */
static void
put_options(DsadWriter *w, const DsadModel *model)
{
	int			kept = 0;

	for (int i = 0; i < dsad_option_count; i++)
		kept += !dsad_options[i].transient;
	dsad_put_int(w, (uint64_t) kept, 4);
	for (int i = 0; i < dsad_option_count; i++)
	{
		const DsadOption *option = &dsad_options[i];
		const void *field = (const char *) &model->config + option->offset;
		const DsadIntList *list = field;

		if (option->transient)
			continue;

		dsad_put_int(w, option->id, 2);
		dsad_put_int(w, (uint64_t) option->kind, 2);
		if (option->kind == DSAD_OPTION_INT_LIST)
		{
			dsad_put_int(w, list->count, 4);
			for (uint32_t j = 0; j < list->count; j++)
				dsad_put_int(w, (uint64_t) (int64_t) list->value[j], 8);
			continue;
		}
		dsad_put_int(w, 1, 4);
		if (option->kind == DSAD_OPTION_FLOAT)
			dsad_put_double(w, *(const double *) field);
		else
			dsad_put_int(w, (uint64_t) *(const int64_t *) field, 8);
	}
}

static void
put_scaling(DsadWriter *w, const DsadModel *model)
{
	dsad_put_int(w, model->scaling.features, 4);
	dsad_put_int(w, model->scaling.inputs, 4);
	dsad_put_double(w, model->input_mean);
	dsad_put_doubles(w, model->scaling.offset, model->scaling.inputs);
	dsad_put_doubles(w, model->scaling.scale, model->scaling.inputs);
	dsad_put_doubles(w, model->scaling.fill, model->scaling.inputs);
	dsad_put_doubles(w, model->scaling.limit, model->scaling.inputs);
	for (uint32_t i = 0; i < model->scaling.inputs - model->scaling.features; i++)
		dsad_put_int(w, model->scaling.copied[i], 4);
}

/* How rows become features: encoder_codec.c knows the body. */
static void
put_encoder(DsadWriter *w, const DsadModel *model)
{
	dsad_put_encoder(w, model->encoder);
}

static void
put_member(DsadWriter *w, const DsadModel *model, const DsadMember *member)
{
	for (uint32_t l = 0; l < model->layers; l++)
		dsad_put_floats(w, member->weight[l], (size_t) model->dims[l] * model->dims[l + 1]);
	for (uint32_t l = 0; l + 1 < model->layers; l++)
	{
		dsad_put_floats(w, member->running_mean[l], model->dims[l + 1]);
		dsad_put_floats(w, member->running_var[l], model->dims[l + 1]);
	}
	dsad_put_floats(w, member->center, model->dims[model->layers]);
	dsad_put_double(w, member->divisor);
	dsad_put_int(w, member->pretrain_epochs_run, 4);
	dsad_put_int(w, member->epochs_run, 4);
	dsad_put_int(w, member->steps_run, 8);
	dsad_put_int(w, member->best_epoch, 4);
	dsad_put_int(w, member->stop, 2);
	dsad_put_int(w, member->collapsed, 2);
}

/* How many validation losses a member has: one for each epoch, if rows were held out in the last training or update. */
static uint32_t
validation_epochs(const DsadModel *model, const DsadMember *member)
{
	return model->config.validation > 0 && model->facts.validation > 0 ? member->epochs_run : 0;
}

/* A section's header, then the caller writes `length` bytes. */
static void
put_section(DsadWriter *w, const char *tag, uint32_t flags, size_t length)
{
	dsad_put_bytes(w, tag, 4);
	dsad_put_int(w, flags, 4);
	dsad_put_int(w, length, 8);
}

/* A whole section whose body is written by put. */
static void
put_whole(DsadWriter *w, const char *tag, uint32_t flags, void (*put) (DsadWriter *, const DsadModel *),
		  const DsadModel *model)
{
	DsadWriter	count = {0};

	put(&count, model);
	put_section(w, tag, flags, count.length);
	put(w, model);
}

/* Bytes of one MEMB section's body. */
static size_t
member_size(const DsadModel *model)
{
	size_t		floats = model->dims[model->layers];

	for (uint32_t l = 0; l < model->layers; l++)
		floats += (size_t) model->dims[l] * model->dims[l + 1];
	for (uint32_t l = 0; l + 1 < model->layers; l++)
		floats += 2 * (size_t) model->dims[l + 1];
	return floats * 4 + 8 + 2 * 4 + 8 + 4 + 2 * 2;
}

static void
put_losses(DsadWriter *w, const DsadModel *model, const DsadMember *member)
{
	dsad_put_floats(w, member->pretrain_loss, member->pretrain_epochs_run);
	dsad_put_floats(w, member->train_loss, member->epochs_run);
	dsad_put_floats(w, member->validation_loss, validation_epochs(model, member));
}

static void
put_history(DsadWriter *w, const DsadModel *model)
{
	for (int64_t m = 0; m < model->config.members; m++)
		put_losses(w, model, &model->members[m]);
}

/* All sections in their order. */
static void
put_sections(DsadWriter *w, const DsadModel *model)
{
	put_whole(w, "OPTS", FLAG_CRITICAL, put_options, model);
	put_whole(w, "ENCO", FLAG_CRITICAL, put_encoder, model);
	put_whole(w, "SCAL", FLAG_CRITICAL, put_scaling, model);
	put_whole(w, "FACT", 0, dsad_put_facts, model);
	put_whole(w, "TRST", 0, dsad_put_trust, model);
	for (int64_t m = 0; m < model->config.members; m++)
	{
		put_section(w, "MEMB", FLAG_CRITICAL, member_size(model));
		put_member(w, model, &model->members[m]);
	}
	put_whole(w, "HIST", 0, put_history, model);
	put_whole(w, "CALI", 0, dsad_put_calibration, model);
	put_whole(w, "SKET", 0, dsad_put_sketch, model);
}

/* How many bytes dsad_model_encode writes. */
size_t
dsad_model_size(const DsadModel *model)
{
	DsadWriter	count = {.length = HEADER_SIZE};

	put_sections(&count, model);
	return count.length;
}

/* Writes the model to bytes, `size` of them, which must be dsad_model_size; false when it is not. */
bool
dsad_model_encode(const DsadModel *model, const DsadEnv *env, uint8_t *bytes, size_t size)
{
	size_t		length = dsad_model_size(model);
	DsadWriter	w = {.at = bytes, .room = size, .watch = {env, false}};
	DsadWriter	crc = {.at = bytes + CRC_AT, .room = CRC_START - CRC_AT, .watch = {env, false}};

	if (size != length)
		return false;
	dsad_put_bytes(&w, MAGIC, 8);
	dsad_put_int(&w, DSAD_FORMAT, 4);
	dsad_put_int(&w, 0, 4);
	dsad_put_int(&w, length, 8);
	put_sections(&w, model);
	dsad_put_int(&crc, env->crc32c(bytes + CRC_START, length - CRC_START), 4);
	return !w.failed;
}

/* The most bytes that dsad_member_encode writes for any member of the model. */
size_t
dsad_member_size(const DsadModel *model)
{
	return member_size(model) +
		((size_t) model->config.pretrain_epochs + 2 * (size_t) model->config.epochs) * sizeof(float);
}

/*
 * Writes one trained member to bytes, of which there are `room`, to carry it to another
 * process of this machine; how many they were, 0 when there is no room for all.
 */
size_t
dsad_member_encode(const DsadModel *model, uint32_t member, const DsadEnv *env, uint8_t *bytes, size_t room)
{
	DsadWriter	w = {.at = bytes, .room = room, .watch = {env, false}};

	put_member(&w, model, &model->members[member]);
	put_losses(&w, model, &model->members[member]);
	return w.failed ? 0 : w.length;
}

/* ---- reading ---- */

static DsadStatus
newer(DsadError *error, uint32_t format)
{
	return dsad_fail(error, DSAD_NEWER_FORMAT, "Upgrade the extension with ALTER EXTENSION deepsad UPDATE.",
					 "model was made by deepsad format %u, this is %u", format, DSAD_FORMAT);
}

/* Hands out the next section's body; `known` says whether its tag is the one given. */
static DsadStatus
next_section(DsadReader *r, const char *tag, uint32_t format, DsadReader *body, bool *known,
			 DsadError *error)
{
	const uint8_t *found = r->at;
	uint32_t	flags;
	uint64_t	length;

	dsad_get_int(r, 4);
	flags = (uint32_t) dsad_get_int(r, 4);
	length = dsad_get_int(r, 8);
	if (r->failed || length > r->left)
		return dsad_corrupt(error, "a section is cut short");
	if (flags & ~(uint32_t) FLAG_CRITICAL)
		return dsad_corrupt(error, "a section has unknown flags");
	body->at = r->at;
	body->left = (size_t) length;
	body->failed = false;
	body->watch = r->watch;
	r->at += length;
	r->left -= (size_t) length;
	*known = tag != NULL && memcmp(found, tag, 4) == 0;
	if (!*known && (flags & FLAG_CRITICAL))
		return newer(error, format > DSAD_FORMAT ? format : DSAD_FORMAT + 1);
	return DSAD_OK;
}

/* Finds the next section with this tag, skipping unknown ones that are not critical. */
static DsadStatus
find_section(DsadReader *r, const char *tag, uint32_t format, DsadReader *body, DsadError *error)
{
	bool		known = false;
	DsadStatus	status = DSAD_OK;

	while (status == DSAD_OK && !known)
		status = next_section(r, tag, format, body, &known, error);
	return status;
}

/* The option's index in dsad_options, or -1. */
static int
option_by_id(uint64_t id)
{
	for (int i = 0; i < dsad_option_count; i++)
		if (dsad_options[i].id == id && !dsad_options[i].transient)
			return i;
	return -1;
}

/* Reads one option's value into config. */
static bool
get_option(DsadReader *r, DsadConfig *config, const DsadOption *option, uint32_t count)
{
	void	   *field = (char *) config + option->offset;

	if (option->kind == DSAD_OPTION_INT_LIST)
	{
		DsadIntList *list = field;

		if (count > option->max_count)
			return false;
		list->count = count;
		for (uint32_t j = 0; j < count; j++)
		{
			int64_t		value = (int64_t) dsad_get_int(r, 8);

			if (value < INT32_MIN || value > INT32_MAX)
				return false;
			list->value[j] = (int32_t) value;
		}
		return true;
	}
	if (count != 1)
		return false;
	if (option->kind == DSAD_OPTION_FLOAT)
		*(double *) field = dsad_get_double(r);
	else
		*(int64_t *) field = (int64_t) dsad_get_int(r, 8);
	return true;
}

/* Every option exactly once, all within their ranges. */
static DsadStatus
get_options(DsadReader *r, DsadConfig *config, uint32_t format, DsadError *error)
{
	uint64_t	seen = 0;
	uint32_t	count = (uint32_t) dsad_get_int(r, 4);

	dsad_config_defaults(config, DSAD_PRESET_DEFAULT, 1, 1);
	for (int i = 0; i < dsad_option_count; i++)
		seen |= (uint64_t) dsad_options[i].transient << i;
	for (uint32_t i = 0; i < count && !r->failed; i++)
	{
		int			index = option_by_id(dsad_get_int(r, 2));
		uint64_t	kind = dsad_get_int(r, 2);
		uint32_t	elements = (uint32_t) dsad_get_int(r, 4);

		if (r->failed)
			break;
		if (index < 0)
			return newer(error, format > DSAD_FORMAT ? format : DSAD_FORMAT + 1);
		if (kind != (uint64_t) dsad_options[index].kind || (seen >> index & 1) ||
			!get_option(r, config, &dsad_options[index], elements))
			return dsad_corrupt(error, "an option is malformed");
		seen |= UINT64_C(1) << index;
	}
	if (seen != (UINT64_C(1) << dsad_option_count) - 1)
		return dsad_corrupt(error, "an option is missing");
	if (dsad_finish_section(r, "OPTS", error) != DSAD_OK)
		return error->status;
	if (dsad_config_check(config, error) != DSAD_OK)
		return dsad_corrupt(error, "an option is out of range");
	return DSAD_OK;
}

static DsadStatus
get_scaling(DsadReader *r, DsadModel *model, DsadError *error)
{
	size_t		inputs = model->scaling.inputs;

	model->input_mean = dsad_get_double(r);
	if (!(model->input_mean > 0))
		r->failed = true;
	dsad_get_doubles(r, model->scaling.offset, inputs);
	dsad_get_doubles(r, model->scaling.scale, inputs);
	dsad_get_doubles(r, model->scaling.fill, inputs);
	dsad_get_doubles(r, model->scaling.limit, inputs);
	for (size_t i = 0; i < inputs - model->scaling.features; i++)
	{
		model->scaling.copied[i] = (uint32_t) dsad_get_int(r, 4);
		if (model->scaling.copied[i] >= model->scaling.features)
			r->failed = true;
	}
	for (size_t i = 0; i < inputs; i++)
		if (!(model->scaling.scale[i] > 0) || !(model->scaling.limit[i] > 0 && model->scaling.limit[i] <= DSAD_SCALED_MAX))
			r->failed = true;
	return dsad_finish_section(r, "SCAL", error);
}

static DsadStatus
get_member(DsadReader *r, const DsadModel *model, DsadMember *member, DsadError *error)
{
	uint32_t	stop;
	uint32_t	collapsed;

	for (uint32_t l = 0; l < model->layers; l++)
		dsad_get_floats(r, member->weight[l], (size_t) model->dims[l] * model->dims[l + 1], -INFINITY);
	for (uint32_t l = 0; l + 1 < model->layers; l++)
	{
		dsad_get_floats(r, member->running_mean[l], model->dims[l + 1], -INFINITY);
		dsad_get_floats(r, member->running_var[l], model->dims[l + 1], 0);
	}
	dsad_get_floats(r, member->center, model->dims[model->layers], -INFINITY);
	dsad_get_doubles(r, &member->divisor, 1);
	member->pretrain_epochs_run = (uint32_t) dsad_get_int(r, 4);
	member->epochs_run = (uint32_t) dsad_get_int(r, 4);
	member->steps_run = dsad_get_int(r, 8);
	member->best_epoch = (uint32_t) dsad_get_int(r, 4);
	stop = (uint32_t) dsad_get_int(r, 2);
	collapsed = (uint32_t) dsad_get_int(r, 2);
	member->stop = (uint8_t) stop;
	member->collapsed = (uint8_t) collapsed;
	if (!(member->divisor > 0) || collapsed > 1 ||
		stop > DSAD_STOP_VALIDATION || member->best_epoch > member->epochs_run ||
		member->pretrain_epochs_run > model->config.pretrain_epochs ||
		member->epochs_run > model->config.epochs)
		r->failed = true;
	return dsad_finish_section(r, "MEMB", error);
}

static void
get_losses(DsadReader *r, const DsadModel *model, DsadMember *member)
{
	dsad_get_floats(r, member->pretrain_loss, member->pretrain_epochs_run, -INFINITY);
	dsad_get_floats(r, member->train_loss, member->epochs_run, -INFINITY);
	dsad_get_floats(r, member->validation_loss, validation_epochs(model, member), -INFINITY);
}

/* The losses of each epoch; memory for them comes only after the length is known to fit. */
static DsadStatus
get_history(DsadReader *r, DsadModel *model, DsadArena *arena, DsadError *error)
{
	uint64_t	losses = 0;

	for (int64_t m = 0; m < model->config.members; m++)
		losses += (uint64_t) model->members[m].pretrain_epochs_run + model->members[m].epochs_run +
			validation_epochs(model, &model->members[m]);
	if (losses * 4 != r->left)
		return dsad_corrupt(error, "the history does not fit the epochs");
	for (int64_t m = 0; m < model->config.members; m++)
	{
		DsadMember *member = &model->members[m];

		member->pretrain_loss = dsad_arena_array(arena, member->pretrain_epochs_run, sizeof(float));
		member->train_loss = dsad_arena_array(arena, member->epochs_run, sizeof(float));
		member->validation_loss = dsad_arena_array(arena, validation_epochs(model, member), sizeof(float));
		if (!member->pretrain_loss || !member->train_loss || !member->validation_loss)
			return dsad_no_memory(error);
		get_losses(r, model, member);
	}
	return dsad_finish_section(r, "HIST", error);
}

/* Reads what dsad_member_encode wrote into model->members[member], laid out with room for every loss. */
DsadStatus
dsad_member_decode(DsadModel *model, uint32_t member, const DsadEnv *env, const uint8_t *bytes,
				   size_t length, DsadError *error)
{
	DsadWatch	watch = {env, false};
	DsadReader		r = {bytes, length, false, &watch};
	DsadReader		body = r;
	DsadStatus	status;

	if (length < member_size(model))
		return dsad_corrupt(error, "a member is cut short");
	body.left = member_size(model);
	r.at += body.left;
	r.left -= body.left;
	status = get_member(&body, model, &model->members[member], error);
	if (status != DSAD_OK)
		return status;
	get_losses(&r, model, &model->members[member]);
	return dsad_finish_section(&r, "HIST", error);
}

/* The header; afterwards r stands at the first section. */
static DsadStatus
get_header(DsadReader *r, const DsadEnv *env, uint32_t *format, DsadError *error)
{
	const uint8_t *bytes = r->at;
	size_t		length = r->left;
	uint32_t	crc;

	if (length < HEADER_SIZE || memcmp(bytes, MAGIC, 8) != 0)
		return dsad_fail(error, DSAD_CORRUPT, "A model is the value that deepsad_train returned: (SELECT model FROM ...).",
						 "invalid deepsad model: it does not begin like one");
	r->at += 8;
	r->left -= 8;
	*format = (uint32_t) dsad_get_int(r, 4);
	if (*format > DSAD_FORMAT)
		return newer(error, *format);
	crc = (uint32_t) dsad_get_int(r, 4);
	if (dsad_get_int(r, 8) != length || length > 2 * DSAD_MAX_MODEL_BYTES)
		return dsad_corrupt(error, "its length is not the recorded one");
	if (env->crc32c(bytes + CRC_START, length - CRC_START) != crc)
		return dsad_corrupt(error, "its checksum does not match");
	return DSAD_OK;
}

/*
 * Reads a model from untrusted bytes; it and all it holds live in arena.  No
 * input makes this crash, hang, or allocate more than a few times its length.
 */
DsadStatus
dsad_model_decode(DsadModel *model, DsadArena *arena, const DsadEnv *env, const uint8_t *bytes,
				  size_t length, DsadError *error)
{
	DsadWatch	watch = {env, false};
	DsadReader		r = {bytes, length, false, &watch};
	DsadReader		body;
	DsadModel	shape;
	DsadConfig	config;
	uint32_t	format = 0;
	DsadEncoder *encoder = NULL;
	uint64_t	features;
	uint64_t	inputs;
	DsadStatus	status;

	if ((status = get_header(&r, env, &format, error)) != DSAD_OK ||
		(status = find_section(&r, "OPTS", format, &body, error)) != DSAD_OK ||
		(status = get_options(&body, &config, format, error)) != DSAD_OK)
		return status;
	if ((status = find_section(&r, "ENCO", format, &body, error)) != DSAD_OK ||
		(status = dsad_encoder_read(&encoder, arena, body.at, body.left, error)) != DSAD_OK ||
		(status = find_section(&r, "SCAL", format, &body, error)) != DSAD_OK)
		return status;
	features = dsad_get_int(&body, 4);
	inputs = dsad_get_int(&body, 4);
	if (features != encoder->features || inputs != dsad_inputs(&config, encoder) ||
		body.left != 8 + inputs * 32 + (inputs - features) * 4)
		return dsad_corrupt(error, "section \"SCAL\" is malformed");

	/* The members must be there before memory for them is asked for. */
	memset(&shape, 0, sizeof(shape));
	shape.layers = config.hidden.count + 1;
	shape.dims[0] = (uint32_t) inputs;
	for (uint32_t l = 0; l + 1 < shape.layers; l++)
		shape.dims[l + 1] = (uint32_t) config.hidden.value[l];
	shape.dims[shape.layers] = (uint32_t) config.latent;
	if (member_size(&shape) > r.left / (size_t) config.members)
		return dsad_corrupt(error, "its members are cut short");
	status = dsad_model_alloc(model, arena, &config, (uint32_t) features, (uint32_t) inputs, error);
	if (status != DSAD_OK)
		return status;
	model->encoder = encoder;
	model->format = format;

	if ((status = get_scaling(&body, model, error)) != DSAD_OK ||
		(status = find_section(&r, "FACT", format, &body, error)) != DSAD_OK ||
		(status = dsad_get_facts(&body, model, error)) != DSAD_OK ||
		(status = find_section(&r, "TRST", format, &body, error)) != DSAD_OK ||
		(status = dsad_get_trust(&body, model, error)) != DSAD_OK)
		return status;
	for (int64_t m = 0; m < config.members; m++)
	{
		if ((status = find_section(&r, "MEMB", format, &body, error)) != DSAD_OK)
			return status;
		if (body.left != member_size(model))
			return dsad_corrupt(error, "section \"MEMB\" has the wrong length");
		if ((status = get_member(&body, model, &model->members[m], error)) != DSAD_OK ||
			(status = dsad_watch_status(&watch, error)) != DSAD_OK)
			return status;
	}
	if ((status = find_section(&r, "HIST", format, &body, error)) != DSAD_OK ||
		(status = get_history(&body, model, arena, error)) != DSAD_OK ||
		(status = find_section(&r, "CALI", format, &body, error)) != DSAD_OK ||
		(status = dsad_get_calibration(&body, model, arena, error)) != DSAD_OK ||
		(status = find_section(&r, "SKET", format, &body, error)) != DSAD_OK ||
		(status = dsad_get_sketch(&body, model, arena, error)) != DSAD_OK)
		return status;
	while (r.left > 0 && status == DSAD_OK) /* unknown sections at the end */
	{
		bool		known;

		status = next_section(&r, NULL, format, &body, &known, error);
	}
	return status == DSAD_OK ? dsad_watch_status(&watch, error) : status;
}
