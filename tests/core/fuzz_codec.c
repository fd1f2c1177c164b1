/*
 * fuzz_codec.c
 *	  Any bytes: refused, or a model that scores and is written back the same.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* Two rows of cells as features: of missing ones, and of ones that mean all sorts of things. */
static void
encode(const DsadEncoder *encoder, double *units)
{
	double	   *cells = malloc(encoder->cells * sizeof(double));

	fuzz_require(encoder->columns > 0 && encoder->features > 0, "an encoder of nothing");
	for (int row = 0; row < 2; row++)
	{
		for (uint32_t i = 0; i < encoder->cells; i++)
			cells[i] = row == 0 ? NAN : i % 3 == 0 ? -1e300 :
									i % 3 == 1	   ? 1 :
													 1e12;
		dsad_encode(encoder, cells, units + (size_t) row * encoder->features);
	}
	for (uint32_t c = 0; c < encoder->columns; c++)
		for (uint32_t k = 0; k < encoder->column[c].categories; k++)
			fuzz_require(dsad_category_find(&encoder->column[c], encoder->column[c].category[k].bytes,
											encoder->column[c].category[k].length) <= k,
						 "a category is not found");
	free(cells);
}

/* What was read can be read for scoring alone, which never asks for more memory. */
static void
read_for_scoring(const DsadEnv *env, const uint8_t *bytes, size_t size, DsadStatus status)
{
	DsadArena	arena;
	DsadArena	members;
	DsadModel	model;
	DsadError	error;
	DsadStatus	found;

	dsad_arena_init(&arena, env);
	dsad_arena_init(&members, env);
	found = dsad_model_decode_for_scoring(&model, &arena, &members, bytes, size, &error);
	fuzz_require(found == DSAD_OK || status != DSAD_OK, "not read for scoring");
	dsad_arena_release(&members);
	dsad_arena_release(&arena);
}

/* Two rows through the model: no NaN, and a row's score does not depend on its neighbor. */
static void
score(const DsadModel *model, DsadArena *arena)
{
	DsadScorer *scorer;
	size_t		features = model->scaling.features;
	double	   *rows = calloc(2 * features, sizeof(double));
	float	   *embedding;
	double		together[2];
	double		alone;
	double		pvalue;
	bool		anomaly;
	void	   *scratch;
	DsadError	error;

	fuzz_require(dsad_scorer_create(&scorer, arena, model, dsad_kernel_best(), &error) == DSAD_OK, "no scorer");
	fuzz_require(dsad_scorer_features(scorer) == features, "features");
	embedding = calloc(dsad_scorer_embedding_size(scorer), sizeof(float));
	for (size_t j = 0; j < features; j++)
		rows[j] = j % 3 == 0 ? NAN : j % 3 == 1 ? 1e300 :
												  (double) j;
	if (dsad_scorer_encoder(scorer))
		encode(dsad_scorer_encoder(scorer), rows);
	scratch = malloc(dsad_scorer_scratch(scorer, 2));
	fuzz_require(dsad_score(scorer, &(DsadRows) {rows, 2, false}, scratch, together) == 2, "rows not scored");
	dsad_score(scorer, &(DsadRows) {rows + features, 1, false}, scratch, &alone);
	fuzz_require(together[0] >= 0 && together[1] >= 0, "a score is NaN or negative");
	fuzz_require(memcmp(&alone, &together[1], sizeof(alone)) == 0, "scores differ");
	fuzz_require(dsad_pvalue(scorer, &(DsadRows) {rows, 1, false}, scratch, &pvalue) && pvalue > 0 && pvalue <= 1,
				 "a p-value is none");
	fuzz_require(dsad_is_anomaly(scorer, &(DsadRows) {rows, 1, false}, scratch, &anomaly), "no decision");
	dsad_embed(scorer, &(DsadRows) {rows, 1, false}, scratch, embedding);
	free(scratch);
	free(embedding);
	free(rows);
}

bool
fuzz_one(const uint8_t *data, size_t size)
{
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadStatus	status;
	uint8_t    *copy = fuzz_copy(data, size);

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	status = fuzz_decode(&model, &arena, &env, copy, size, &error);
	fuzz_require(status == DSAD_OK || status == DSAD_NO_MODEL || status == DSAD_CORRUPT || status == DSAD_NEWER_FORMAT ||
					 status == DSAD_OLDER_FORMAT || status == DSAD_TOO_LARGE,
				 "another status");
	read_for_scoring(&env.env, copy, size, status);
	/* the arena's blocks have a least size */
	fuzz_require((size_t) env.largest <= (size_t) 256 << 10 || (size_t) env.largest <= 4 * size,
				 "too much memory asked for");
	free(copy);
	if (status == DSAD_OK)
	{
		score(&model, &arena);
		fuzz_write_back(&model, &arena, &env);
	}
	else
		fuzz_require(error.status == status && error.message[0] != '\0', "no message");
	dsad_arena_release(&arena);
	fuzz_require(env.live == 0, "memory is lost");
	return status == DSAD_OK;
}
