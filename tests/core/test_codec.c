/*
 * test_codec.c
 *	  The bytes: round trip, truncation, damage, unknown sections.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static uint8_t *bytes;			/* a good model */
static size_t length;

/* For damage behind a checksum that matches: the recorded one, just before what it covers. */
static uint32_t
recorded_crc(const void *data, size_t size)
{
	const uint8_t *crc = (const uint8_t *) data - 4;

	(void) size;
	return crc[0] | (uint32_t) crc[1] << 8 | (uint32_t) crc[2] << 16 | (uint32_t) crc[3] << 24;
}

static void
make_model(void)
{
	DsadConfig	config = test_config(3);
	TestRows	rows;
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadRowSource source;

	dsad_option_mark_given(dsad_option_find("eta", 3), &config, true);
	test_env_init(&env);
	test_normal_rows(&rows, 30, 3, 4);
	source = test_source(&rows, 30);
	dsad_arena_init(&arena, &env.env);
	CHECK(test_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
	bytes = test_encode(&model, &env, &length);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
}

/* The score of a row of zeros; NaN when no scorer can be made. */
static double
zero_score(const DsadModel *model, DsadArena *arena, DsadArena *members)
{
	DsadScorer *scorer;
	DsadError	error;
	DsadStatus	status = dsad_scorer_create(&scorer, arena, model, dsad_kernel_best(), &error);
	double		score = NAN;
	double	   *row;

	if (members)
		dsad_arena_release(members);
	if (status != DSAD_OK)
		return score;
	row = calloc(dsad_scorer_features(scorer), sizeof(double));
	test_score(scorer, row, 1, &score);
	CHECK(score >= 0);
	free(row);
	return score;
}

/* Decodes only what scoring needs, as good as all of it: the score is the same, and a part that is skipped may be bad. */
static void
decode_for_scoring(const TestEnv *env, const uint8_t *data, size_t size, DsadStatus status, double score)
{
	DsadArena	arena;
	DsadArena	members;
	DsadModel	model;
	DsadError	error;
	DsadStatus	found;
	double		again;

	dsad_arena_init(&arena, &env->env);
	dsad_arena_init(&members, &env->env);
	found = dsad_model_decode_for_scoring(&model, &arena, &members, data, size, &error);
	CHECK(found == DSAD_OK || status != DSAD_OK);
	if (found == DSAD_OK)
	{
		again = zero_score(&model, &arena, &members);
		CHECK(status != DSAD_OK || memcmp(&again, &score, sizeof(score)) == 0);
	}
	dsad_arena_release(&members);
	dsad_arena_release(&arena);
}

/* Decodes in two steps: the same model. */
static void
decode_in_steps(const TestEnv *env, const uint8_t *data, size_t size, DsadStatus status, double score)
{
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	const DsadEncoder *encoder;
	DsadStatus	found;

	dsad_arena_init(&arena, &env->env);
	found = dsad_model_decode_encoder(&encoder, &arena, data, size, &error);
	if (found == DSAD_OK)
		found = dsad_model_decode_rest(&model, encoder, &arena, &arena, data, size, &error);
	CHECK(found == status);
	if (found == DSAD_OK)
		CHECK(zero_score(&model, &arena, NULL) == score);
	dsad_arena_release(&arena);
}

/* Decodes, and when that works scores a row: nothing may crash. */
static DsadStatus
decode(const uint8_t *data, size_t size, bool check_crc, long *largest)
{
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadStatus	status;
	double		score = 0;

	test_env_init(&env);
	if (!check_crc)
		env.env.crc32c = recorded_crc;
	dsad_arena_init(&arena, &env.env);
	status = dsad_model_decode(&model, &arena, data, size, &error);
	if (status == DSAD_OK)
		score = zero_score(&model, &arena, NULL);
	dsad_arena_release(&arena);
	decode_for_scoring(&env, data, size, status, score);
	decode_in_steps(&env, data, size, status, score);
	CHECK(env.live == 0);
	if (largest)
		*largest = env.largest;
	return status;
}

static void
test_round_trip(void)
{
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	uint8_t    *again;
	size_t		again_length;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(dsad_model_decode(&model, &arena, bytes, length, &error) == DSAD_OK);
	CHECK(model.format == DSAD_FORMAT);
	for (int i = 0; i < dsad_option_count; i++)
		CHECK(dsad_option_is_given(&dsad_options[i], &model.config) == (strcmp(dsad_options[i].name, "eta") == 0));
	again = test_encode(&model, &env, &again_length);
	CHECK(again_length == length && memcmp(bytes, again, length) == 0);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
	free(again);
}

/* Cut short anywhere, or with any bit turned: the length or the checksum tells. */
static void
test_damage(void)
{
	for (size_t cut = 0; cut < length; cut++)
	{
		/* a copy of the exact size, so that reading past the end is noticed */
		uint8_t    *piece = malloc(cut ? cut : 1);

		memcpy(piece, bytes, cut);
		CHECK(decode(piece, cut, true, NULL) == (cut < 24 ? DSAD_NO_MODEL : DSAD_CORRUPT));
		CHECK(decode(piece, cut, false, NULL) == (cut < 24 ? DSAD_NO_MODEL : DSAD_CORRUPT));
		free(piece);
	}
	for (size_t i = 0; i < length; i++)
		for (int bit = 0; bit < 8; bit++)
		{
			bytes[i] ^= (uint8_t) (1 << bit);
			CHECK(decode(bytes, length, true, NULL) != DSAD_OK);
			bytes[i] ^= (uint8_t) (1 << bit);
		}
}

/* The same with a checksum that always matches: refused, or a model that scores. */
static void
test_forged(void)
{
	static const uint8_t values[] = {0, 1, 0x7F, 0x80, 0xFF};
	uint8_t    *copy = malloc(length);
	uint64_t	random = 7;
	int			accepted = 0;
	int			refused = 0;

	memcpy(copy, bytes, length);
	for (size_t i = 0; i < length; i++)
	{
		uint8_t		good = copy[i];

		for (size_t v = 0; v < sizeof(values) + 8; v++)
		{
			copy[i] = v < sizeof(values) ? values[v] : (uint8_t) (good ^ 1 << (v - sizeof(values)));
			if (decode(copy, length, false, NULL) == DSAD_OK)
				accepted++;
			else
				refused++;
		}
		copy[i] = good;
	}
	for (int round = 0; round < 100000; round++)
	{
		memcpy(copy, bytes, length);
		for (int i = 0; i < 1 + round % 4; i++)
			copy[(size_t) (test_uniform(&random) * (double) length)] =
				(uint8_t) (test_uniform(&random) * 256);
		if (decode(copy, length, false, NULL) == DSAD_OK)
			accepted++;
		else
			refused++;
	}
	/* some damage only changes a weight, some makes nonsense */
	CHECK(accepted > 0 && refused > 0);
	free(copy);
}

/* Out of memory anywhere while decoding, making a scorer or encoding: an error, and nothing is lost. */
static void
test_no_memory(void)
{
	long		fail = 1;
	DsadStatus	status;

	do
	{
		TestEnv		env;
		DsadArena	arena;
		DsadModel	model;
		DsadError	error;
		DsadScorer *scorer;
		uint8_t    *again;
		size_t		again_length;

		test_env_init(&env);
		env.fail_allocation = fail++;
		dsad_arena_init(&arena, &env.env);
		status = dsad_model_decode(&model, &arena, bytes, length, &error);
		if (status == DSAD_OK)
			status = dsad_scorer_create(&scorer, &arena, &model, dsad_kernel_best(), &error);
		if (status == DSAD_OK)
			status = dsad_model_encode(&model, &env.env, 4, &again, &again_length, &error);
		if (status == DSAD_OK)
		{
			CHECK(again_length == length + 4 && memcmp(again + 4, bytes, length) == 0);
			env.env.release(env.env.ctx, again);
		}
		dsad_arena_release(&arena);
		CHECK(status == DSAD_OK || (status == DSAD_NO_MEMORY && error.status == status));
		CHECK(env.live == 0);
	} while (status != DSAD_OK);
	CHECK(fail > 2);
}

/* Where a section begins in a copy of the model. */
static uint8_t *
find_tag(uint8_t *copy, const char *tag)
{
	uint8_t    *at = copy + 24;

	while (memcmp(at, tag, 4) != 0)
		at += 16 + at[8] + (at[9] << 8);
	return at;
}

/* Decodes for scoring alone what only a checksum keeps from being read. */
static DsadStatus
scoring_status(const uint8_t *copy, size_t size)
{
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadStatus	status;

	test_env_init(&env);
	env.env.crc32c = recorded_crc;
	dsad_arena_init(&arena, &env.env);
	status = dsad_model_decode_for_scoring(&model, &arena, &arena, copy, size, &error);
	dsad_arena_release(&arena);
	return status;
}

/* A section, put before the byte `at` of a copy of the model; both ways of decoding must agree. */
static DsadStatus
decode_with_section(const char *tag, size_t at, uint8_t flags)
{
	uint64_t	total = length + 19;
	uint8_t    *copy = calloc(total, 1);
	DsadStatus	status;

	memcpy(copy, bytes, at);
	memcpy(copy + at, tag, 4);
	copy[at + 4] = flags;
	copy[at + 8] = 3;			/* the length of its body */
	memcpy(copy + at + 19, bytes + at, length - at);
	for (int i = 0; i < 8; i++)
		copy[16 + i] = (uint8_t) (total >> (8 * i));
	status = decode(copy, total, false, NULL);
	CHECK(scoring_status(copy, total) == status);
	free(copy);
	return status;
}

/* A copy of the model whose section says whether it is critical as it must not. */
static void
check_flags(const char *tag)
{
	uint8_t    *copy = malloc(length);

	memcpy(copy, bytes, length);
	find_tag(copy, tag)[4] ^= 1;
	CHECK(decode(copy, length, false, NULL) == DSAD_CORRUPT);
	CHECK(scoring_status(copy, length) == DSAD_CORRUPT);
	free(copy);
}

/* A copy of the model with a section so many times: both ways of decoding it must agree that it is damaged. */
static void
check_repeated(const char *tag, int times)
{
	const uint8_t *section = find_tag(bytes, tag);
	size_t		at = (size_t) (section - bytes);
	size_t		size = 16 + section[8] + ((size_t) section[9] << 8);
	uint64_t	total = length + size * (size_t) times - size;
	uint8_t    *copy = malloc(total);
	uint8_t    *end = copy + at;

	memcpy(copy, bytes, at);
	for (int i = 0; i < times; i++, end += size)
		memcpy(end, section, size);
	memcpy(end, section + size, length - at - size);
	for (int i = 0; i < 8; i++)
		copy[16 + i] = (uint8_t) (total >> (8 * i));
	CHECK(decode(copy, total, false, NULL) == DSAD_CORRUPT);
	CHECK(scoring_status(copy, total) == DSAD_CORRUPT);
	free(copy);
}

/* Where an option's first element stands: option by option from the start of OPTS. */
static uint8_t *
option_value(uint8_t *copy, uint16_t id)
{
	uint8_t    *at = find_tag(copy, "OPTS") + 16 + 4;

	while ((at[0] | at[1] << 8) != id)
		at += 8 + 8 * at[4];
	return at + 8;
}

/* One more option, of that number, kind and so many elements, at the end of those of a copy of the model. */
static DsadStatus
decode_with_option(uint16_t id, uint16_t kind, uint32_t elements)
{
	size_t		size = 8 + 8 * 2;
	uint64_t	total = length + size;
	uint8_t    *copy = calloc(total, 1);
	uint8_t    *section;
	size_t		body;
	size_t		end;
	DsadStatus	status;

	memcpy(copy, bytes, length);
	section = find_tag(copy, "OPTS");
	body = section[8] + ((size_t) section[9] << 8);
	end = (size_t) (section - copy) + 16 + body;
	memset(copy + end, 0, size);
	memcpy(copy + end + size, bytes + end, length - end);
	copy[end] = (uint8_t) id;
	copy[end + 2] = (uint8_t) kind;
	copy[end + 3] = (uint8_t) (kind >> 8);
	for (int i = 0; i < 4; i++)
		copy[end + 4 + i] = (uint8_t) (elements >> (8 * i));
	section[8] = (uint8_t) (body + size);
	section[9] = (uint8_t) ((body + size) >> 8);
	section[16]++;
	for (int i = 0; i < 8; i++)
		copy[16 + i] = (uint8_t) (total >> (8 * i));
	status = decode(copy, total, false, NULL);
	free(copy);
	return status;
}

/* What a later version's options mean to this one: nothing if their mark says so. */
static void
test_later_options(void)
{
	CHECK(decode_with_option(200, 0x200, 2) == DSAD_OK);
	CHECK(decode_with_option(200, 0x200 | 99, 2) == DSAD_OK);
	CHECK(decode_with_option(200, 0x100, 2) == DSAD_NEWER_FORMAT);
	CHECK(decode_with_option(200, 0, 2) == DSAD_NEWER_FORMAT);
	/* elements that are not there, or too few */
	CHECK(decode_with_option(200, 0x200, 3) == DSAD_CORRUPT);
	CHECK(decode_with_option(200, 0x200, UINT32_MAX) == DSAD_CORRUPT);
	CHECK(decode_with_option(200, 0x200, 1) == DSAD_CORRUPT);
	/* an option that only convolutional networks have, and one that is there already */
	CHECK(decode_with_option(29, 3, 2) == DSAD_CORRUPT);
	CHECK(decode_with_option(3, 0, 2) == DSAD_CORRUPT);
	CHECK(decode_with_option(3, 0x200, 2) == DSAD_CORRUPT);
}

/* Sections and sizes that a good model does not have. */
static void
test_sections(void)
{
	static const struct
	{
		uint16_t	id;
		uint64_t	value;
	} huge[] = {{2, DSAD_MAX_WIDTH}, {3, DSAD_MAX_LATENT}, {4, DSAD_MAX_MEMBERS}, {3, UINT64_MAX}, {4, 0}, {2, 0}, {6, UINT64_C(1) << 63}};
	uint8_t    *copy = malloc(length);
	uint8_t    *features;
	long		largest;

	for (int i = 0; i < 6; i++)
	{
		static const char *const tags[] = {"OPTS", "SCAL", "FACT", "MEMB", "HIST"};
		size_t		at = i < 5 ? (size_t) (find_tag(bytes, tags[i]) - bytes) : length;

		CHECK(decode_with_section("NEWS", at, 0) == DSAD_OK);
		CHECK(decode_with_section("NEWS", at, 1) == DSAD_NEWER_FORMAT);
		/* what another flag means only a later version knows */
		CHECK(decode_with_section("NEWS", at, 2) == DSAD_NEWER_FORMAT);
		/* only a whitened distance has such a section */
		CHECK(decode_with_section("WHIT", at, 1) == DSAD_CORRUPT);
		CHECK(decode_with_section("WHIT", at, 0) == DSAD_CORRUPT);
		if (i < 5)
			check_flags(tags[i]);
	}
	for (int i = 0; i < 4; i++)
	{
		static const char *const tags[] = {"FACT", "TRST", "HIST", "SKET"};

		check_repeated(tags[i], 0);
		check_repeated(tags[i], 2);
	}
	memcpy(copy, bytes, length);
	copy[8] = DSAD_FORMAT + 1;
	CHECK(decode(copy, length, true, NULL) == DSAD_NEWER_FORMAT);
	copy[8] = 0;
	CHECK(decode(copy, length, true, NULL) == DSAD_OLDER_FORMAT);
	/* sizes far above what the bytes hold: refused before memory for them is asked for */
	for (size_t i = 0; i < sizeof(huge) / sizeof(huge[0]); i++)
	{
		uint8_t    *value = option_value(copy, huge[i].id);

		memcpy(copy, bytes, length);
		for (int byte = 0; byte < 8; byte++)
			value[byte] = (uint8_t) (huge[i].value >> (8 * byte));
		CHECK(decode(copy, length, false, &largest) == DSAD_CORRUPT);
		CHECK(largest < 1 << 17);
	}
	memcpy(copy, bytes, length);
	features = find_tag(copy, "SCAL") + 16;
	features[0] = features[1] = 0xFF;
	CHECK(decode(copy, length, false, &largest) == DSAD_CORRUPT);
	CHECK(largest < 1 << 17);
	free(copy);
}

/* Reads the good model with something changed; *score: of a row in the middle of the training rows. */
static DsadStatus
decode_changed(void (*change)(DsadModel *), double *score)
{
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	uint8_t    *changed;
	size_t		size;
	DsadScorer *scorer;
	DsadStatus	status;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(dsad_model_decode(&model, &arena, bytes, length, &error) == DSAD_OK);
	change(&model);
	changed = test_encode(&model, &env, &size);
	status = dsad_model_decode(&model, &arena, changed, size, &error);
	free(changed);
	*score = NAN;
	if (status == DSAD_OK && dsad_scorer_create(&scorer, &arena, &model, dsad_kernel_best(), &error) == DSAD_OK)
		test_score(scorer, model.scaling.fill, 1, score);
	dsad_arena_release(&arena);
	return status;
}

static void
set_infinite_mean(DsadModel *model)
{
	model->input_mean = INFINITY;
}

static void
set_tiny_mean(DsadModel *model)
{
	model->input_mean = 4.9406564584124654e-324;
}

static void
set_open_weight(DsadModel *model)
{
	model->config.input_weight = -1;
}

static void
set_open_calibration(DsadModel *model)
{
	model->config.calibration = DSAD_CALIBRATION_AUTO;
	model->calibration.lists = 0;
}

/* Weights beyond all numbers, and a divisor that the inputs' weight brings beyond them. */
static void
set_giants(DsadModel *model)
{
	model->config.input_weight = 1000;
	for (int64_t m = 0; m < model->config.members; m++)
	{
		DsadMember *member = &model->members[m];

		member->divisor = 1.7976931348623157e308;
		for (uint32_t j = 0; j < model->dims[1]; j++)
			member->offset[0][j] = 3e38f;
		for (uint32_t l = 1; l < model->layers; l++)
			for (size_t i = 0; i < (size_t) model->dims[l] * model->dims[l + 1]; i++)
				member->weight[l][i] = 3e38f;
	}
}

/* Values that training never gives, and that a score could not live with. */
static void
test_changed(void)
{
	static void (*const refused[])(DsadModel *) = {set_infinite_mean, set_tiny_mean, set_open_weight,
												   set_open_calibration};
	double		score;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		CHECK(decode_changed(refused[i], &score) == DSAD_CORRUPT);
	CHECK(decode_changed(set_giants, &score) == DSAD_OK && isinf(score));
}

int
main(void)
{
	make_model();
	test_changed();
	test_round_trip();
	test_damage();
	test_forged();
	test_no_memory();
	test_sections();
	test_later_options();
	CHECK(test_crc32c("123456789", 9) == 0xE3069283);
	free(bytes);
	return check_report();
}
