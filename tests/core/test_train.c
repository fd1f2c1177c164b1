/*
 * test_train.c
 *	  Whole trainings: determinism, odd tables, cancelling and running out of
 *	  memory anywhere, and that something is learnt.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/*
 * Trains and encodes; NULL and *status when that fails, or when length is NULL:
 * then nothing is encoded. The caller frees the bytes.
 */
static uint8_t *
train_bytes(TestEnv *env, const DsadConfig *config, TestRows *rows, uint64_t count, size_t *length,
			DsadStatus *status)
{
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadRowSource source = test_source(rows, count);
	uint8_t    *bytes = NULL;

	dsad_arena_init(&arena, &env->env);
	*status = dsad_train(&model, &arena, &env->env, config, &source, &error);
	if (*status == DSAD_OK && length != NULL)
	{
		*length = dsad_model_size(&model);
		bytes = malloc(*length);
		dsad_model_encode(&model, &env->env, bytes);
	}
	dsad_arena_release(&arena);
	return bytes;
}

static DsadStatus
train_status(const DsadConfig *config, TestRows *rows, uint64_t count)
{
	TestEnv		env;
	size_t		length;
	DsadStatus	status;

	test_env_init(&env);
	free(train_bytes(&env, config, rows, count, &length, &status));
	CHECK(env.live == 0);
	return status;
}

/* Same seed and rows give the same bytes in any order of the rows; another seed does not. */
static void
test_determinism(void)
{
	DsadConfig	config = test_config(5);
	TestRows	rows;
	TestEnv		env;
	size_t		length[4];
	DsadStatus	status;
	uint8_t    *bytes[4];

	test_env_init(&env);
	test_normal_rows(&rows, 70, 5, 1);
	rows.label[3] = DSAD_ANOMALY;
	rows.label[8] = DSAD_NORMAL;
	rows.value[12] = NAN;
	bytes[0] = train_bytes(&env, &config, &rows, 70, &length[0], &status);
	bytes[1] = train_bytes(&env, &config, &rows, 70, &length[1], &status);
	for (int i = 0; i < 35; i++)
	{
		int8_t		label = rows.label[i];

		rows.label[i] = rows.label[69 - i];
		rows.label[69 - i] = label;
		for (int j = 0; j < 5; j++)
		{
			double		value = rows.value[i * 5 + j];

			rows.value[i * 5 + j] = rows.value[(69 - i) * 5 + j];
			rows.value[(69 - i) * 5 + j] = value;
		}
	}
	bytes[2] = train_bytes(&env, &config, &rows, 70, &length[2], &status);
	config.seed = 1;
	bytes[3] = train_bytes(&env, &config, &rows, 70, &length[3], &status);
	CHECK(length[0] == length[1] && memcmp(bytes[0], bytes[1], length[0]) == 0);
	CHECK(length[0] == length[2] && memcmp(bytes[0], bytes[2], length[0]) == 0);
	CHECK(length[0] == length[3] && memcmp(bytes[0], bytes[3], length[0]) != 0);
	for (int i = 0; i < 4; i++)
		free(bytes[i]);
	test_free_rows(&rows);
	CHECK(env.live == 0);
}

/* Cancelled at every poll, out of memory at every allocation: an error, and nothing is lost. */
static void
test_failures(void)
{
	DsadConfig	config = test_config(3);
	TestRows	rows;
	TestEnv		env;
	DsadStatus	status;
	long		polls;
	long		allocations;

	config.members = 1;
	config.batch_size = 8;
	test_normal_rows(&rows, 20, 3, 2);
	test_env_init(&env);
	free(train_bytes(&env, &config, &rows, 20, NULL, &status));
	CHECK(status == DSAD_OK);
	polls = env.polls;
	allocations = env.allocations;
	/* three batches an epoch, five epochs */
	CHECK(polls >= 15);
	for (long i = 1; i <= polls; i++)
	{
		test_env_init(&env);
		env.fail_poll = i;
		free(train_bytes(&env, &config, &rows, 20, NULL, &status));
		CHECK(status == DSAD_CANCELLED && env.live == 0);
	}
	for (long i = 1; i <= allocations; i++)
	{
		test_env_init(&env);
		env.fail_allocation = i;
		free(train_bytes(&env, &config, &rows, 20, NULL, &status));
		CHECK(status == DSAD_NO_MEMORY && env.live == 0);
	}
	test_free_rows(&rows);
}

/* Tables at the edges. */
static void
test_odd_tables(void)
{
	DsadConfig	config = test_config(4);
	TestRows	rows;

	test_normal_rows(&rows, 40, 4, 3);
	CHECK(train_status(&config, &rows, 1) == DSAD_OK);
	CHECK(train_status(&config, &rows, 2) == DSAD_OK);
	CHECK(train_status(&config, &rows, 17) == DSAD_OK); /* a last batch of one row */
	CHECK(train_status(&config, &rows, 0) == DSAD_BAD_DATA);
	config.objective = DSAD_OBJECTIVE_SOFT_BOUNDARY;
	config.warmup_epochs = 1;
	config.reconstruction = DSAD_RECONSTRUCTION_SIGMOID;
	config.scaling = DSAD_SCALING_MINMAX;
	CHECK(train_status(&config, &rows, 40) == DSAD_OK);
	config.pretrain_epochs = 0;
	config.epochs = 0;
	CHECK(train_status(&config, &rows, 40) == DSAD_OK);
	config = test_config(4);
	memset(rows.label, DSAD_ANOMALY, 40);
	CHECK(train_status(&config, &rows, 40) == DSAD_NO_ELIGIBLE_ROWS);
	memset(rows.label, DSAD_UNLABELLED, 40);
	for (int i = 0; i < 160; i++)
		rows.value[i] = 7;
	CHECK(train_status(&config, &rows, 40) == DSAD_OK);
	for (int i = 0; i < 160; i++)
		rows.value[i] = i % 2 ? 1.7e308 : -1.7e308;
	CHECK(train_status(&config, &rows, 40) == DSAD_OK);
	for (int i = 0; i < 160; i++)
		rows.value[i] = i * 5e-324;
	CHECK(train_status(&config, &rows, 40) == DSAD_OK);
	for (int i = 0; i < 160; i++)
		rows.value[i] = NAN;
	CHECK(train_status(&config, &rows, 40) == DSAD_OK);
	config.learning_rate = 2;
	CHECK(train_status(&config, &rows, 40) == DSAD_BAD_OPTION);
	test_free_rows(&rows);
}

/* Share of pairs (anomaly, normal) in the right order. */
static double
auc(const double *score, const bool *anomaly, int count)
{
	double		good = 0;
	double		pairs = 0;

	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++)
			if (anomaly[i] && !anomaly[j])
			{
				pairs++;
				good += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
			}
	return good / pairs;
}

/* AUC on held-out rows of a planted set, labels used or not, trained or not. */
static double
planted_auc(bool labels, int epochs)
{
	enum
	{
	TRAIN = 400, TEST = 200, FEATURES = 6};
	DsadConfig	config;
	TestRows	rows;
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadScorer *scorer = NULL;
	DsadRowSource source;
	double		score[TEST];
	bool		anomaly[TEST];
	uint64_t	random = 99;

	test_env_init(&env);
	dsad_config_defaults(&config, DSAD_PRESET_FAST, FEATURES);
	config.epochs = epochs;
	config.pretrain_epochs = epochs;
	test_normal_rows(&rows, TRAIN + TEST, FEATURES, 5);
	for (int i = 0; i < TRAIN + TEST; i++)
	{
		bool		planted = i % 20 == 0;

		if (planted)			/* off the line in one feature */
			rows.value[i * FEATURES + 1] += test_uniform(&random) < 0.5 ? 2.5 : -2.5;
		if (i >= TRAIN)
			anomaly[i - TRAIN] = planted;
		else if (planted && labels)
			rows.label[i] = DSAD_ANOMALY;
	}
	source = test_source(&rows, TRAIN);
	dsad_arena_init(&arena, &env.env);
	CHECK(dsad_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
	CHECK(dsad_scorer_create(&scorer, &arena, &model, dsad_kernel_best()) == DSAD_OK);
	dsad_score(scorer, rows.value + TRAIN * FEATURES, TEST, score);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
	return auc(score, anomaly, TEST);
}

static void
test_learns(void)
{
	double		untrained = planted_auc(true, 0);
	double		unlabelled = planted_auc(false, 40);
	double		labelled = planted_auc(true, 40);

	printf("AUC untrained %.3f, without labels %.3f, with labels %.3f\n", untrained, unlabelled,
		   labelled);
	CHECK(labelled > 0.95);
	CHECK(labelled > untrained);
}

/* max_steps ends the Deep SAD phase. */
static void
test_max_steps(void)
{
	DsadConfig	config = test_config(3);
	TestRows	rows;
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadRowSource source;

	test_env_init(&env);
	test_normal_rows(&rows, 64, 3, 6);
	source = test_source(&rows, 64);
	config.max_steps = 6;		/* four steps an epoch */
	dsad_arena_init(&arena, &env.env);
	CHECK(dsad_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
	CHECK(model.members[0].steps_run == 6);
	CHECK(model.members[0].epochs_run == 2);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
}

int
main(void)
{
	test_determinism();
	test_failures();
	test_odd_tables();
	test_learns();
	test_max_steps();
	return check_report();
}
