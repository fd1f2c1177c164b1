/*
 * json_export.c
 *	  deepsad_export_json: everything of a model that can be read, as JSON with its keys always in
 *	  the same order and a line for each thing, so that two models can be compared line by line.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "exchange/folded.h"
#include "exchange/model_json.h"
#include "rows/column_text.h"
#include "rows/value_reader.h"

DEEPSAD_FUNCTION(deepsad_export_json);

/* A key of the outermost object, on a line of its own. */
static void
put_key(StringInfo out, const char *key)
{
	appendStringInfo(out, "%s\n\"%s\": ", out->len > 1 ? "," : "", key);
}

/* What stands before element i of an array whose elements have a line each. */
static void
put_element(StringInfo out, uint32 i)
{
	appendStringInfoString(out, i == 0 ? "[\n  " : ",\n  ");
}

static void
put_doubles(StringInfo out, const double *numbers, uint32 count)
{
	appendStringInfoChar(out, '[');
	for (uint32 i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		deepsad_json_double(out, numbers[i]);
	}
	appendStringInfoChar(out, ']');
}

/* The shortest digits that are this float and no other; null when it is not finite. */
static void
put_floats(StringInfo out, const char *key, const float *numbers, uint32 count)
{
	char		number[FLOAT_SHORTEST_DECIMAL_LEN];

	appendStringInfo(out, ", \"%s\": [", key);
	for (uint32 i = 0; i < count; i++)
	{
		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		float_to_shortest_decimal_buf(numbers[i], number);
		appendStringInfo(out, "%s%s", i > 0 ? ", " : "", isfinite(numbers[i]) ? number : "null");
	}
	appendStringInfoChar(out, ']');
}

/* A feature's label, which is text of this database, as UTF-8. */
static char *
feature_name(const DsadEncoder *encoder, uint32 feature)
{
	char	   *label = deepsad_feature_label(encoder, feature);
	DsadBytes	name = deepsad_utf8(label, strlen(label));

	return pnstrdup(name.bytes, name.length);
}

/* The nets' inputs: which feature each is, and how it is scaled. */
static void
put_inputs(StringInfo out, const DsadModel *model)
{
	const DsadScaling *scaling = &model->scaling;

	for (uint32 i = 0; i < scaling->inputs; i++)
	{
		uint32		feature = i < scaling->features ? i : scaling->copied[i - scaling->features];

		CHECK_FOR_INTERRUPTS();
		put_element(out, i);
		appendStringInfoString(out, "{\"feature\": ");
		deepsad_json_string(out, feature_name(model->encoder, feature));
		appendStringInfoString(out, ", \"offset\": ");
		deepsad_json_double(out, scaling->offset[i]);
		appendStringInfoString(out, ", \"scale\": ");
		deepsad_json_double(out, scaling->scale[i]);
		appendStringInfoString(out, ", \"missing\": ");
		deepsad_json_double(out, scaling->fill[i]);
		appendStringInfoString(out, ", \"limit\": ");
		deepsad_json_double(out, scaling->limit[i]);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoString(out, "\n]");
}

/* A checksum of numbers, little-endian. */
static uint32
checksum(const float *numbers, Size count, const DsadEnv *env)
{
	uint8	   *little = palloc_extended(count * 4, MCXT_ALLOC_HUGE);
	uint32		sum;

	for (Size i = 0; i < count; i++)
	{
		uint32		bits;

		memcpy(&bits, &numbers[i], 4);
		for (int b = 0; b < 4; b++)
			little[4 * i + b] = (uint8) (bits >> (8 * b));
	}
	sum = env->crc32c(little, count * 4);
	pfree(little);
	CHECK_FOR_INTERRUPTS();
	return sum;
}

/* A checksum of a member's weights and statistics, the same on every machine. */
static uint32
fingerprint(const DsadModel *model, const DsadMember *member, const DsadEnv *env)
{
	uint32		sums[4 * DSAD_MAX_LAYERS + 3 * DSAD_MAX_CONVS] = {0};
	uint8		bytes[sizeof(sums)];
	int			count = 0;

	for (uint32 c = 0; c < model->convs; c++)
	{
		sums[count++] = checksum(member->conv_weight[c], dsad_conv_weights(&model->conv[c]), env);
		sums[count++] = checksum(member->conv_mean[c], model->conv[c].out, env);
		sums[count++] = checksum(member->conv_var[c], model->conv[c].out, env);
	}
	for (uint32 l = 0; l < model->layers; l++)
	{
		Size		out = model->dims[l + 1];

		sums[count++] = checksum(member->weight[l], model->dims[l] * out, env);
		if (l + 1 == model->layers)
			break;
		sums[count++] = checksum(member->running_mean[l], out, env);
		sums[count++] = checksum(member->running_var[l], out, env);
		sums[count++] = checksum(member->offset[l], out, env);
	}
	for (int i = 0; i < count; i++)
		for (int b = 0; b < 4; b++)
			bytes[4 * i + b] = (uint8) (sums[i] >> (8 * b));
	return env->crc32c(bytes, 4 * count);
}

static void
put_members(StringInfo out, const DsadModel *model, const DsadEnv *env)
{
	bool		validated = model->config.validation > 0 && model->facts.validation > 0;

	for (int m = 0; m < model->config.members; m++)
	{
		const DsadMember *member = &model->members[m];

		CHECK_FOR_INTERRUPTS();
		put_element(out, m);
		deepsad_json_member(out, member);
		out->data[--out->len] = '\0';	/* the object goes on */
		appendStringInfo(out, ", \"weights_crc32c\": \"%08x\"", fingerprint(model, member, env));
		put_floats(out, "center", member->center, model->dims[model->layers]);
		put_floats(out, "pretrain_loss", member->pretrain_loss, member->pretrain_epochs_run);
		put_floats(out, "train_loss", member->train_loss, member->epochs_run);
		if (validated)
			put_floats(out, "validation_loss", member->validation_loss, member->epochs_run);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoString(out, "\n]");
}

static void
put_calibration(StringInfo out, const DsadCalibration *calibration)
{
	appendStringInfoChar(out, '[');
	for (uint32 i = 0; i < calibration->lists; i++)
	{
		appendStringInfo(out, "%s{\"rows\": %u, \"highest_scores\": ", i > 0 ? ",\n  " : "\n  ",
						 calibration->list[i].rows);
		put_doubles(out, calibration->list[i].score, calibration->list[i].kept);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoString(out, "\n]");
}

/*
 * What training rows were like: the edges of the cells of each feature, or of a picture's mean and contrast, and the
 * rows in each; first the missing ones.
 */
static void
put_sketch(StringInfo out, const DsadModel *model)
{
	const DsadSketch *sketch = &model->sketch;

	appendStringInfo(out, "{\"rows\": %u, \"features\": [", sketch->rows);
	for (uint32 j = 0; j < dsad_summaries(model->encoder) && sketch->rows > 0; j++)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(out, j > 0 ? ",\n  {\"edges\": " : "\n  {\"edges\": ");
		put_doubles(out, sketch->edge + (Size) j * DSAD_SKETCH_EDGES, sketch->edges[j]);
		appendStringInfoString(out, ", \"rows\": [");
		for (uint32 i = 0; i < sketch->edges[j] + 2; i++)
			appendStringInfo(out, "%s%u", i > 0 ? ", " : "", sketch->count[(Size) j * DSAD_SKETCH_CELLS + i]);
		appendStringInfoString(out, "]}");
	}
	appendStringInfoString(out, "\n]}");
}

/* JSON in UTF-8 as JSON in the database's encoding: what is not ASCII as \u, in pairs beyond the first plane. */
static text *
json_text(StringInfo json)
{
	StringInfoData ascii;

	/* in SQL_ASCII no \u can be read */
	if (GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII)
		return cstring_to_text_with_len(json->data, json->len);
	initStringInfo(&ascii);
	for (const unsigned char *at = (const unsigned char *) json->data; *at != '\0'; at += pg_utf_mblen(at))
	{
		pg_wchar	c = utf8_to_unicode(at);

		if (c < 128)
			appendStringInfoChar(&ascii, (char) c);
		else if (c < 0x10000)
			appendStringInfo(&ascii, "\\u%04x", c);
		else
			appendStringInfo(&ascii, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
							 0xdc00 + ((c - 0x10000) & 0x3ff));
	}
	return cstring_to_text_with_len(ascii.data, ascii.len);
}

/* deepsad_export_json(model) -> json */
Datum
deepsad_export_json(PG_FUNCTION_ARGS)
{
	StringInfoData out;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;

	deepsad_decode_for_export(&model, &arena, &env, PG_GETARG_BYTEA_PP(0));
	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	put_key(&out, "options");
	deepsad_json_options(&out, &model.config);
	put_key(&out, "given");
	deepsad_json_given(&out, &model.config);
	put_key(&out, "columns");
	deepsad_json_columns(&out, model.encoder);
	put_key(&out, "left_out");
	deepsad_json_left_out(&out, model.encoder);
	put_key(&out, "rows");
	deepsad_json_facts(&out, &model.facts);
	put_key(&out, "trust");
	deepsad_json_trust(&out, &model.trust);
	put_key(&out, "threshold");
	deepsad_json_threshold(&out, &model);
	put_key(&out, "input_mean");
	deepsad_json_double(&out, model.input_mean);
	put_key(&out, "inputs");
	put_inputs(&out, &model);
	put_key(&out, "members");
	put_members(&out, &model, &env);
	put_key(&out, "calibration");
	put_calibration(&out, &model.calibration);
	put_key(&out, "training_rows_by_feature");
	put_sketch(&out, &model);
	appendStringInfoString(&out, "\n}");
	PG_RETURN_TEXT_P(json_text(&out));
}
