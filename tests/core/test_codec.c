/*
 * test_codec.c
 *	  The bytes: round trip, truncation, damage, unknown sections.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"

static uint8_t *bytes;			/* a good model */
static size_t length;

/* For damage behind a checksum that matches. */
static uint32_t
constant_crc(const void *data, size_t size)
{
	(void) data;
	(void) size;
	return 0;
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

	test_env_init(&env);
	test_normal_rows(&rows, 30, 3, 4);
	source = test_source(&rows, 30);
	dsad_arena_init(&arena, &env.env);
	CHECK(dsad_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
	length = dsad_model_size(&model);
	bytes = malloc(length);
	dsad_model_encode(&model, &env.env, bytes);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
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

	test_env_init(&env);
	if (!check_crc)
		env.env.crc32c = constant_crc;
	dsad_arena_init(&arena, &env.env);
	status = dsad_model_decode(&model, &arena, &env.env, data, size, &error);
	if (status == DSAD_OK)
	{
		DsadScorer *scorer;

		if (dsad_scorer_create(&scorer, &arena, &model, dsad_kernel_best()) == DSAD_OK)
		{
			double	   *row = calloc(dsad_scorer_features(scorer), sizeof(double));
			double		score;

			dsad_score(scorer, row, 1, &score);
			CHECK(score >= 0);
			free(row);
		}
	}
	dsad_arena_release(&arena);
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
	uint8_t    *again = malloc(length);

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(dsad_model_decode(&model, &arena, &env.env, bytes, length, &error) == DSAD_OK);
	CHECK(dsad_model_size(&model) == length);
	dsad_model_encode(&model, &env.env, again);
	CHECK(memcmp(bytes, again, length) == 0);
	dsad_arena_release(&arena);
	free(again);
}

static void
test_damage(void)
{
	uint8_t    *copy = malloc(length + 64);
	uint64_t	random = 7;
	int			accepted = 0;

	for (size_t cut = 0; cut < length; cut++)
	{
		/* a copy of the exact size, so that reading past the end is noticed */
		uint8_t    *piece = malloc(cut ? cut : 1);

		memcpy(piece, bytes, cut);
		CHECK(decode(piece, cut, true, NULL) != DSAD_OK);
		free(piece);
	}
	for (size_t i = 0; i < length; i++)
	{
		memcpy(copy, bytes, length);
		copy[i] ^= (uint8_t) (1 << i % 8);
		CHECK(decode(copy, length, true, NULL) != DSAD_OK);
	}
	for (int round = 0; round < 20000; round++)
	{
		memcpy(copy, bytes, length);
		memset(copy + 12, 0, 4);	/* what constant_crc gives */
		for (int i = 0; i < 1 + round % 4; i++)
			copy[(size_t) (test_uniform(&random) * (double) length)] =
				(uint8_t) (test_uniform(&random) * 256);
		memset(copy + 12, 0, 4);
		accepted += decode(copy, length, false, NULL) == DSAD_OK;
	}
	CHECK(accepted > 0);		/* some damage only changes a weight */
	free(copy);
}

/* Appends a section to a copy of the model. */
static DsadStatus
decode_with_section(uint8_t flags)
{
	uint8_t    *copy = malloc(length + 19);
	uint64_t	total = length + 19;
	DsadStatus	status;

	memcpy(copy, bytes, length);
	memset(copy + 12, 0, 4);
	for (int i = 0; i < 8; i++)
		copy[16 + i] = (uint8_t) (total >> (8 * i));
	memcpy(copy + length, "NEWS", 4);
	memset(copy + length + 4, 0, 15);
	copy[length + 4] = flags;
	copy[length + 8] = 3;		/* its body */
	status = decode(copy, length + 19, false, NULL);
	free(copy);
	return status;
}

static void
test_sections(void)
{
	uint8_t    *copy = malloc(length);
	long		largest;

	CHECK(decode_with_section(0) == DSAD_OK);
	CHECK(decode_with_section(1) == DSAD_NEWER_FORMAT);
	CHECK(decode_with_section(2) == DSAD_CORRUPT);
	memcpy(copy, bytes, length);
	copy[8] = 9;				/* format number */
	CHECK(decode(copy, length, true, NULL) == DSAD_NEWER_FORMAT);
	memcpy(copy, bytes, length);
	memset(copy + 12, 0, 4);
	/* the latent size, third option: huge, and refused before memory for it is asked for */
	for (size_t i = 28; i + 16 < 200; i++)
		if (copy[i] == 3 && copy[i + 1] == 0 && copy[i + 2] == DSAD_OPTION_INT && copy[i + 4] == 1 &&
			copy[i + 8] == 3)
			copy[i + 9] = 16;
	CHECK(decode(copy, length, false, &largest) == DSAD_CORRUPT);
	CHECK(largest < 1 << 20);
	free(copy);
}

int
main(void)
{
	make_model();
	test_round_trip();
	test_damage();
	test_sections();
	free(bytes);
	return check_report();
}
