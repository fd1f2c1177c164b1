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
#include "core/model/member_codec.h"

#define MAGIC "DEEPSAD\n"
#define HEADER_SIZE 24			/* magic 8, format 4, crc 4, total length 8 */
#define CRC_AT 12
#define CRC_START 16			/* the CRC covers everything from here on */
#define LENGTH_AT 16

/* ---- writing ---- */

/* A section whose body is written by put. */
static void
put_section(DsadWriter *w, const char *tag, void (*put)(DsadWriter *, const DsadModel *), const DsadModel *model)
{
	size_t		start = dsad_begin_section(w, tag);

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
	put_section(w, "OPTS", dsad_put_options, model);
	put_section(w, "ENCO", dsad_put_encoder, model);
	put_section(w, "SCAL", dsad_put_scaling, model);
	if (dsad_directions(&model->config, model->scaling.inputs) > 0)
		put_section(w, "WHIT", dsad_put_whitening, model);
	put_section(w, "FACT", dsad_put_facts, model);
	put_section(w, "TRST", dsad_put_trust, model);
	for (int64_t m = 0; m < model->config.members; m++)
	{
		size_t		start = dsad_begin_section(w, "MEMB");

		dsad_put_member(w, model, &model->members[m]);
		dsad_end_section(w, start);
	}
	put_section(w, "HIST", dsad_put_history, model);
	put_section(w, "CALI", dsad_put_calibration, model);
	put_section(w, "SKET", dsad_put_sketch, model);
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

/* ---- reading ---- */

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
	if (r->format == 0)
		return dsad_fail(error, DSAD_OLDER_FORMAT, NULL,
						 "model was made by deepsad format 0, this is %d", DSAD_FORMAT);
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
	if (dsad_member_section(model) > r->left / (size_t) model->config.members)
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
		if (body.left != dsad_member_section(model))
			return dsad_corrupt(error, "section \"MEMB\" has the wrong length");
		status = dsad_get_member(&body, model, &model->members[m], error);
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
		(status = dsad_get_history(&body, model, members, error)) != DSAD_OK ||
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
