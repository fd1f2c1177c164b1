/*
 * test_score.c
 *	  Scores are the same bits at every kernel level and batch size, and on
 *	  every machine: the last check is against a number written here.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/*
 * FNV-1a of the bits of all scores: fixed for ever, whatever the CPU and compiler.
 * The second is of scores with the inputs' own share.
 */
#define SCORE_HASH UINT64_C(0x545801b9fdab4b91)
#define INPUT_SCORE_HASH UINT64_C(0x40a9d648ee4053b1)

enum
{
	FEATURES = 19,
	ROWS = 4099
};

/* A model whose numbers come from a generator that is the same everywhere. */
static void
fixed_model(DsadModel *model, DsadArena *arena)
{
	DsadConfig	config = test_config(FEATURES);
	DsadEncoder *encoder = dsad_arena_alloc(arena, sizeof(DsadEncoder));
	DsadError	error;
	uint64_t	random = 11;

	config.hidden.value[0] = 37;
	config.hidden.value[1] = 20;
	config.latent = 7;
	config.members = 3;
	CHECK(dsad_encoder_of_array(encoder, arena, FEATURES, &error) == DSAD_OK);
	CHECK(dsad_model_alloc(model, arena, &config, FEATURES, dsad_inputs(&config, encoder), dsad_conv_picture(&config, encoder), &error) == DSAD_OK);
	model->encoder = encoder;
	for (int j = 0; j < FEATURES; j++)
	{
		model->scaling.offset[j] = test_uniform(&random);
		model->scaling.scale[j] = 0.5 + test_uniform(&random);
		model->scaling.fill[j] = test_uniform(&random);
		model->scaling.limit[j] = 1e9;
	}
	for (int m = 0; m < config.members; m++)
	{
		DsadMember *member = &model->members[m];

		for (uint32_t l = 0; l < model->layers; l++)
		{
			for (size_t i = 0; i < (size_t) model->dims[l] * model->dims[l + 1]; i++)
				member->weight[l][i] = (float) (test_uniform(&random) - 0.5);
			for (uint32_t j = 0; l + 1 < model->layers && j < model->dims[l + 1]; j++)
			{
				member->running_mean[l][j] = (float) (test_uniform(&random) - 0.5);
				member->running_var[l][j] = (float) (test_uniform(&random) * 2);
			}
		}
		for (int j = 0; j < config.latent; j++)
			member->center[j] = (float) (test_uniform(&random) - 0.5);
		member->divisor = 0.5 + test_uniform(&random);
	}
}

/* Every level and batch size gives the bits of plain C, row by row. */
static void
test_same_bits(const DsadModel *model, DsadArena *arena, const double *rows, uint64_t expected_hash)
{
	static const size_t batches[] = {1, 7, 4096};
	double	   *expected = malloc(ROWS * sizeof(double));
	double	   *score = malloc(ROWS * sizeof(double));
	uint64_t	hash = UINT64_C(14695981039346656037);
	DsadScorer *scorer;
	DsadError	error;

	CHECK(dsad_scorer_create(&scorer, arena, model, dsad_kernel(DSAD_KERNEL_PLAIN), &error) == DSAD_OK);
	for (size_t i = 0; i < ROWS; i++)
		test_score(scorer, rows + i * FEATURES, 1, expected + i);
	for (int level = DSAD_KERNEL_PLAIN; level <= DSAD_KERNEL_AVX512; level++)
	{
		const DsadKernel *kernel = dsad_kernel((DsadKernelLevel) level);

		if (kernel == NULL)
			continue;
		CHECK(dsad_scorer_create(&scorer, arena, model, kernel, &error) == DSAD_OK);
		for (int b = 0; b < 3; b++)
		{
			for (size_t i = 0; i < ROWS; i += batches[b])
				test_score(scorer, rows + i * FEATURES,
						   ROWS - i < batches[b] ? ROWS - i : batches[b], score + i);
			CHECK(memcmp(score, expected, ROWS * sizeof(double)) == 0);
		}
		printf("ok: %s\n", dsad_kernel_name(kernel));
	}
	for (size_t i = 0; i < ROWS; i++)
	{
		uint64_t	bits;

		memcpy(&bits, &expected[i], sizeof(bits));
		hash = (hash ^ bits) * UINT64_C(1099511628211);
	}
	printf("hash of the scores: %016llx\n", (unsigned long long) hash);
	CHECK(hash == expected_hash);
	free(expected);
	free(score);
}

/* Members in another order score the same, up to rounding of the mean. */
static void
test_member_order(const DsadModel *model, DsadArena *arena, const double *rows)
{
	DsadModel	other = *model;
	DsadMember	members[3] = {model->members[2], model->members[0], model->members[1]};
	DsadScorer *scorer[2];
	DsadError	error;

	other.members = members;
	CHECK(dsad_scorer_create(&scorer[0], arena, model, dsad_kernel_best(), &error) == DSAD_OK);
	CHECK(dsad_scorer_create(&scorer[1], arena, &other, dsad_kernel_best(), &error) == DSAD_OK);
	for (size_t i = 0; i < 100; i++)
	{
		double		score[2];

		for (int k = 0; k < 2; k++)
			test_score(scorer[k], rows + i * FEATURES, 1, &score[k]);
		CHECK(fabs(score[0] - score[1]) <= 1e-12 * score[0]);
	}
}

/* The embedding's squared length is the score; a missing element counts as the fill value. */
static void
test_embedding(const DsadModel *model, DsadArena *arena, const double *rows)
{
	DsadScorer *scorer;
	float		z[21];
	DsadError	error;

	CHECK(dsad_scorer_create(&scorer, arena, model, dsad_kernel_best(), &error) == DSAD_OK);
	CHECK(dsad_scorer_embedding_size(scorer) == 21);
	for (size_t i = 0; i < 100; i++)
	{
		double		row[FEATURES];
		double		score;
		double		filled;
		double		sum = 0;

		memcpy(row, rows + i * FEATURES, sizeof(row));
		test_score(scorer, row, 1, &score);
		test_embed(scorer, row, z);
		for (int j = 0; j < 21; j++)
			sum += (double) z[j] * z[j];
		CHECK(fabs(sum - score) <= 1e-6 * score);
		row[i % FEATURES] = NAN;
		test_score(scorer, row, 1, &score);
		row[i % FEATURES] = model->scaling.fill[i % FEATURES];
		test_score(scorer, row, 1, &filled);
		CHECK(score == filled);
		for (int j = 0; j < FEATURES; j++)
			row[j] = j % 2 ? 1.7e308 : -1.7e308;
		test_score(scorer, row, 1, &score);
		CHECK(score > 0);
	}
}

int
main(void)
{
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	double	   *rows = malloc((size_t) ROWS * FEATURES * sizeof(double));
	uint64_t	random = 5;

	for (size_t i = 0; i < (size_t) ROWS * FEATURES; i++)
		rows[i] = test_uniform(&random) * 10 - 5;
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	fixed_model(&model, &arena);
	test_same_bits(&model, &arena, rows, SCORE_HASH);
	model.config.input_weight = 0.5;
	model.input_mean = 20;
	test_same_bits(&model, &arena, rows, INPUT_SCORE_HASH);
	model.config.input_weight = 0;
	test_member_order(&model, &arena, rows);
	test_embedding(&model, &arena, rows);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
	free(rows);
	return check_report();
}
