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
#define LENGTH_AT 16

/* ---- writing ---- */

/* A member without its losses, which have a section of their own. */
static void
put_member(DsadWriter *w, const DsadModel *model, const DsadMember *member)
{
	for (uint32_t m = 0; m < model->convs; m++)
	{
		dsad_put_floats(w, member->conv_weight[m], dsad_conv_weights(&model->conv[m]));
		dsad_put_floats(w, member->conv_mean[m], model->conv[m].out);
		dsad_put_floats(w, member->conv_var[m], model->conv[m].out);
	}
	for (uint32_t l = 0; l < model->layers; l++)
		dsad_put_floats(w, member->weight[l], (size_t) model->dims[l] * model->dims[l + 1]);
	for (uint32_t l = 0; l + 1 < model->layers; l++)
	{
		dsad_put_floats(w, member->running_mean[l], model->dims[l + 1]);
		dsad_put_floats(w, member->running_var[l], model->dims[l + 1]);
		dsad_put_floats(w, member->offset[l], model->dims[l + 1]);
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

/* Bytes of a member whose networks have such layers. */
static size_t
member_size(const DsadModel *model)
{
	DsadMember	shape = {0};
	DsadWriter	count = {0};

	put_member(&count, model, &shape);
	return count.length;
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

/* A section whose body is written by put. */
static void
put_section(DsadWriter *w, const char *tag, uint32_t flags, void (*put)(DsadWriter *, const DsadModel *),
			const DsadModel *model)
{
	size_t		start = dsad_begin_section(w, tag, flags);

	put(w, model);
	dsad_end_section(w, start);
}

/* Header, whose checksum and length come later, and all sections in their order. */
static void
put_model(DsadWriter *w, const DsadModel *model)
{
	dsad_put_bytes(w, MAGIC, 8);
	dsad_put_int(w, DSAD_FORMAT, 4);
	dsad_put_int(w, 0, 4);
	dsad_put_int(w, 0, 8);
	put_section(w, "OPTS", DSAD_SECTION_CRITICAL, dsad_put_options, model);
	if (model->convs > 0)
		put_section(w, "CONV", DSAD_SECTION_CRITICAL, dsad_put_channels, model);
	put_section(w, "ENCO", DSAD_SECTION_CRITICAL, dsad_put_encoder, model);
	put_section(w, "SCAL", DSAD_SECTION_CRITICAL, dsad_put_scaling, model);
	if (dsad_directions(&model->config, model->scaling.inputs) > 0)
		put_section(w, "WHIT", DSAD_SECTION_CRITICAL, dsad_put_whitening, model);
	put_section(w, "FACT", 0, dsad_put_facts, model);
	put_section(w, "TRST", 0, dsad_put_trust, model);
	for (int64_t m = 0; m < model->config.members; m++)
	{
		size_t		start = dsad_begin_section(w, "MEMB", DSAD_SECTION_CRITICAL);

		put_member(w, model, &model->members[m]);
		dsad_end_section(w, start);
	}
	put_section(w, "HIST", 0, put_history, model);
	put_section(w, "CALI", 0, dsad_put_calibration, model);
	put_section(w, "SKET", 0, dsad_put_sketch, model);
}

/* How many bytes the model is written in. */
size_t
dsad_model_size(const DsadModel *model)
{
	DsadWriter	count = {0};

	put_model(&count, model);
	return count.length;
}

/*
 * Writes the model behind `prefix` bytes that are the caller's to fill.  All *length bytes are one piece of
 * env's memory, which the caller releases.  Errors: canceled, or out of memory; nothing is to be released then.
 */
DsadStatus
dsad_model_encode(const DsadModel *model, const DsadEnv *env, size_t prefix, uint8_t **bytes, size_t *length,
				  DsadError *error)
{
	DsadWriter	w = {.grows = true, .length = prefix, .watch = {env, false}};
	DsadStatus	status = DSAD_OK;

	put_model(&w, model);
	if (w.failed)
		status = dsad_no_memory(error);
	else
		status = dsad_watch_status(&w.watch, error);
	if (status != DSAD_OK)
	{
		if (w.bytes != NULL)
			env->release(env->ctx, w.bytes);
		return status;
	}
	dsad_store_int(w.bytes + prefix + LENGTH_AT, w.length - prefix, 8);
	dsad_store_int(w.bytes + prefix + CRC_AT, env->crc32c(w.bytes + prefix + CRC_START, w.length - prefix - CRC_START),
				   4);
	*bytes = w.bytes;
	*length = w.length;
	return DSAD_OK;
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
	DsadWriter	w = {.bytes = bytes, .room = room, .watch = {env, false}};

	put_member(&w, model, &model->members[member]);
	put_losses(&w, model, &model->members[member]);
	return w.failed ? 0 : w.length;
}

/* ---- reading ---- */

static DsadStatus
get_member(DsadReader *r, const DsadModel *model, DsadMember *member, DsadError *error)
{
	uint32_t	stop;
	uint32_t	collapsed;

	for (uint32_t m = 0; m < model->convs; m++)
	{
		dsad_get_floats(r, member->conv_weight[m], dsad_conv_weights(&model->conv[m]), -INFINITY);
		dsad_get_floats(r, member->conv_mean[m], model->conv[m].out, -INFINITY);
		dsad_get_floats(r, member->conv_var[m], model->conv[m].out, 0);
	}
	for (uint32_t l = 0; l < model->layers; l++)
		dsad_get_floats(r, member->weight[l], (size_t) model->dims[l] * model->dims[l + 1], -INFINITY);
	for (uint32_t l = 0; l + 1 < model->layers; l++)
	{
		dsad_get_floats(r, member->running_mean[l], model->dims[l + 1], -INFINITY);
		dsad_get_floats(r, member->running_var[l], model->dims[l + 1], 0);
		dsad_get_floats(r, member->offset[l], model->dims[l + 1], -INFINITY);
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
		stop >= DSAD_STOPS || member->best_epoch > member->epochs_run ||
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
	DsadReader	r = {bytes, length, false, &watch, 0, 0};
	DsadReader	body = {bytes, member_size(model), false, &watch, 0, 0};
	DsadStatus	status;

	if (dsad_get_bytes(&r, body.left) == NULL)
		return dsad_corrupt(error, "a member is cut short");
	status = get_member(&body, model, &model->members[member], error);
	if (status != DSAD_OK)
		return status;
	get_losses(&r, model, &model->members[member]);
	return dsad_finish_section(&r, "HIST", error);
}

/* The header; afterwards r stands at the first section. */
static DsadStatus
get_header(DsadReader *r, const DsadEnv *env, DsadError *error)
{
	const uint8_t *bytes = r->at;
	size_t		length = r->left;
	uint32_t	crc;

	if (length < HEADER_SIZE || memcmp(bytes, MAGIC, 8) != 0)
		return dsad_fail(error, DSAD_NO_MODEL, NULL, "invalid deepsad model: it does not begin like one");
	dsad_get_bytes(r, 8);
	r->format = (uint32_t) dsad_get_int(r, 4);
	if (r->format > DSAD_FORMAT)
		return dsad_newer(r, error);
	crc = (uint32_t) dsad_get_int(r, 4);
	if (dsad_get_int(r, 8) != length || length > 2 * DSAD_MAX_MODEL_BYTES)
		return dsad_corrupt(error, "its length is not the recorded one");
	if (env->crc32c(bytes + CRC_START, length - CRC_START) != crc)
		return dsad_corrupt(error, "its checksum does not match");
	return DSAD_OK;
}

/* The start of every model: its format, options and, unless there is one already, encoder (in arena); they fit. */
static DsadStatus
get_start(DsadReader *r, DsadModel *model, DsadArena *arena, DsadError *error)
{
	DsadReader	body;
	DsadStatus	status;

	if ((status = get_header(r, arena->env, error)) != DSAD_OK)
		return status;
	model->format = r->format;
	if ((status = dsad_find_section(r, "OPTS", &body, error)) != DSAD_OK ||
		(status = dsad_get_options(&body, model, error)) != DSAD_OK)
		return status;
	if (dsad_next_is(r, "CONV") &&
		((status = dsad_find_section(r, "CONV", &body, error)) != DSAD_OK ||
		 (status = dsad_get_channels(&body, model, error)) != DSAD_OK))
		return status;
	if (dsad_config_check(&model->config, error) != DSAD_OK)
		return dsad_corrupt(error, "an option is out of range");
	if ((status = dsad_find_section(r, "ENCO", &body, error)) != DSAD_OK ||
		(model->encoder == NULL && (status = dsad_get_encoder(&body, model, arena, error)) != DSAD_OK))
		return status;
	if (model->config.network == DSAD_NETWORK_CONV &&
		dsad_network_check(&model->config, model->encoder, error) != DSAD_OK)
		return dsad_corrupt(error, "its convolutions do not fit its pictures");
	return DSAD_OK;
}

/* How the inputs are whitened, if they are. */
static DsadStatus
get_whitening(DsadReader *r, DsadModel *model, DsadArena *members, DsadError *error)
{
	uint64_t	directions = dsad_directions(&model->config, model->scaling.inputs);
	DsadReader	body;
	DsadStatus	status;

	if (directions > 0)
	{
		if ((status = dsad_find_section(r, "WHIT", &body, error)) != DSAD_OK)
			return status;
		if (body.left != 8 + directions * model->scaling.inputs * 4)
			return dsad_corrupt(error, "section \"WHIT\" has the wrong length");
	}
	if (!dsad_whitening_alloc(model, members))
		return dsad_no_memory(error);
	return directions > 0 ? dsad_get_whitening(&body, model, error) : DSAD_OK;
}

/* The scaling, and memory for the model: the members must be there before memory for them is asked for. */
static DsadStatus
get_shape(DsadReader *r, DsadModel *model, DsadArena *arena, DsadArena *members, DsadError *error)
{
	DsadReader	body;
	uint64_t	features;
	uint64_t	inputs;
	DsadStatus	status = dsad_find_section(r, "SCAL", &body, error);

	if (status != DSAD_OK)
		return status;
	features = dsad_get_int(&body, 4);
	inputs = dsad_get_int(&body, 4);
	if (features != model->encoder->features || inputs != dsad_inputs(&model->config, model->encoder) ||
		body.left != 8 + inputs * 32 + (inputs - features) * 4)
		return dsad_corrupt(error, "section \"SCAL\" is malformed");
	dsad_model_shape(model, (uint32_t) inputs, dsad_conv_picture(&model->config, model->encoder));
	if (member_size(model) > r->left / (size_t) model->config.members)
		return dsad_corrupt(error, "its members are cut short");
	if (!dsad_scaling_alloc(&model->scaling, arena, (uint32_t) features, (uint32_t) inputs))
		return dsad_no_memory(error);
	status = dsad_model_alloc_members(model, members, error);
	if (status == DSAD_OK)
		status = dsad_get_scaling(&body, model, error);
	return status == DSAD_OK ? get_whitening(r, model, members, error) : status;
}

static DsadStatus
get_members(DsadReader *r, DsadModel *model, DsadError *error)
{
	DsadStatus	status = DSAD_OK;

	for (int64_t m = 0; m < model->config.members && status == DSAD_OK; m++)
	{
		DsadReader	body;

		if ((status = dsad_find_section(r, "MEMB", &body, error)) != DSAD_OK)
			return status;
		if (body.left != member_size(model))
			return dsad_corrupt(error, "section \"MEMB\" has the wrong length");
		status = get_member(&body, model, &model->members[m], error);
		if (status == DSAD_OK)
			status = dsad_watch_status(r->watch, error);
	}
	return status;
}

/*
 * Reads a model from untrusted bytes; it and all it holds live in arena, its networks and their losses in members,
 * which may be the same.  No input makes this crash, hang, or allocate more than a few times its length.
 * encoder: the model's, if dsad_model_decode_encoder has read it before.
 */
DsadStatus
dsad_model_decode_rest(DsadModel *model, const DsadEncoder *encoder, DsadArena *arena, DsadArena *members,
					   const uint8_t *bytes, size_t length, DsadError *error)
{
	DsadWatch	watch = {arena->env, false};
	DsadReader	r = {bytes, length, false, &watch, 0, 0};
	DsadReader	body;
	DsadStatus	status;

	memset(model, 0, sizeof(*model));
	model->encoder = encoder;
	if ((status = get_start(&r, model, arena, error)) != DSAD_OK ||
		(status = get_shape(&r, model, arena, members, error)) != DSAD_OK ||
		(status = dsad_find_section(&r, "FACT", &body, error)) != DSAD_OK ||
		(status = dsad_get_facts(&body, model, error)) != DSAD_OK ||
		(status = dsad_find_section(&r, "TRST", &body, error)) != DSAD_OK ||
		(status = dsad_get_trust(&body, model, error)) != DSAD_OK ||
		(status = get_members(&r, model, error)) != DSAD_OK ||
		(status = dsad_find_section(&r, "HIST", &body, error)) != DSAD_OK ||
		(status = get_history(&body, model, members, error)) != DSAD_OK ||
		(status = dsad_find_section(&r, "CALI", &body, error)) != DSAD_OK ||
		(status = dsad_get_calibration(&body, model, arena, error)) != DSAD_OK ||
		(status = dsad_find_section(&r, "SKET", &body, error)) != DSAD_OK ||
		(status = dsad_get_sketch(&body, model, arena, error)) != DSAD_OK)
		return status;
	return dsad_end_sections(&r, error);
}

/* The same when nothing was read before. */
DsadStatus
dsad_model_decode(DsadModel *model, DsadArena *arena, const uint8_t *bytes, size_t length, DsadError *error)
{
	return dsad_model_decode_rest(model, NULL, arena, arena, bytes, length, error);
}

/* Only the model's encoder, in arena: what rows are read by.  The checksum covers the rest. */
DsadStatus
dsad_model_decode_encoder(const DsadEncoder **encoder, DsadArena *arena, const uint8_t *bytes, size_t length,
						  DsadError *error)
{
	DsadWatch	watch = {arena->env, false};
	DsadReader	r = {bytes, length, false, &watch, 0, 0};
	DsadModel	model = {0};
	DsadStatus	status = get_start(&r, &model, arena, error);

	*encoder = model.encoder;
	return status;
}

/*
 * Only what a scorer is made of: the members in an arena of their own, which the scorer needs no longer when
 * it is made, all else in arena.  Facts, losses, worth and sketch are skipped.
 */
DsadStatus
dsad_model_decode_for_scoring(DsadModel *model, DsadArena *arena, DsadArena *members, const uint8_t *bytes,
							  size_t length, DsadError *error)
{
	DsadWatch	watch = {arena->env, false};
	DsadReader	r = {bytes, length, false, &watch, 0, 0};
	DsadReader	body;
	DsadStatus	status;

	memset(model, 0, sizeof(*model));
	if ((status = get_start(&r, model, arena, error)) != DSAD_OK ||
		(status = get_shape(&r, model, arena, members, error)) != DSAD_OK ||
		(status = get_members(&r, model, error)) != DSAD_OK ||
		(status = dsad_find_section(&r, "CALI", &body, error)) != DSAD_OK ||
		(status = dsad_get_calibration(&body, model, arena, error)) != DSAD_OK)
		return status;
	return dsad_end_sections(&r, error);
}
