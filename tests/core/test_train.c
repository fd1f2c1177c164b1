/*
 * test_train.c
 *	  Whole trainings: determinism, odd tables, canceling and running out of
 *	  memory anywhere, and that something is learned.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* No row's score is NaN or infinite. */
static void
check_scores(const DsadModel *model, DsadArena *arena, const TestRows *rows, uint64_t count)
{
	double	   *score = malloc(count * sizeof(double));
	DsadScorer *scorer;
	bool		good = true;
	DsadError	error;

	if (dsad_scorer_create(&scorer, arena, model, dsad_kernel_best(), &error) == DSAD_OK)
	{
		test_score(scorer, rows->value, count, score);
		for (uint64_t i = 0; i < count; i++)
			good &= score[i] >= 0 && isfinite(score[i]);
		CHECK(good);
	}
	free(score);
}

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
	*status = test_train(&model, &arena, &env->env, config, &source, &error);
	if (*status == DSAD_OK && length != NULL)
	{
		bytes = test_encode(&model, env, length);
		/* whatever was trained can be read, and scores */
		CHECK(dsad_model_decode(&model, &arena, bytes, *length, &error) == DSAD_OK);
		check_scores(&model, &arena, rows, count);
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

static void
swap_rows(TestRows *rows, int a, int b)
{
	int8_t		label = rows->label[a];

	rows->label[a] = rows->label[b];
	rows->label[b] = label;
	for (uint32_t j = 0; j < rows->features; j++)
	{
		double		value = rows->value[a * (int) rows->features + (int) j];

		rows->value[a * (int) rows->features + (int) j] = rows->value[b * (int) rows->features + (int) j];
		rows->value[b * (int) rows->features + (int) j] = value;
	}
}

/* A quick training that uses everything there is. */
static DsadConfig
full_config(uint32_t features)
{
	DsadConfig	config = test_config(features);

	config.scaling = DSAD_SCALING_STANDARD_ROBUST;
	config.trimming = 5;
	config.ema_decay = 0.9;
	config.input_weight = -1;
	config.validation = 0.2;
	return config;
}

/* Same seed and rows give the same bytes in any order of the rows; another seed does not. */
static void
test_determinism(void)
{
	DsadConfig	config = full_config(5);
	TestRows	rows;
	TestEnv		env;
	size_t		length[4];
	DsadStatus	status;
	uint8_t    *bytes[4];
	uint64_t	random = 8;

	test_env_init(&env);
	test_normal_rows(&rows, 70, 5, 1);
	rows.label[3] = DSAD_ANOMALY;
	rows.label[8] = DSAD_NORMAL;
	rows.value[12] = NAN;
	memcpy(rows.value + 20 * 5, rows.value, 10 * 5 * sizeof(double));	/* rows may repeat */
	bytes[0] = train_bytes(&env, &config, &rows, 70, &length[0], &status);
	bytes[1] = train_bytes(&env, &config, &rows, 70, &length[1], &status);
	for (int i = 69; i > 0; i--)
		swap_rows(&rows, i, (int) (test_uniform(&random) * (i + 1)));
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

/* Canceled at every poll, out of memory at every allocation: an error, and nothing is lost. */
static void
test_failures(void)
{
	DsadConfig	config = full_config(3);
	TestRows	rows;
	TestEnv		env;
	DsadStatus	status;
	long		polls;
	long		allocations;

	config.members = 1;
	config.batch_size = 8;
	test_normal_rows(&rows, 20, 3, 2);
	rows.label[3] = DSAD_ANOMALY;
	test_env_init(&env);
	free(train_bytes(&env, &config, &rows, 20, NULL, &status));
	CHECK(status == DSAD_OK);
	polls = env.polls;
	allocations = env.allocations;
	/* two batches an epoch, five epochs */
	CHECK(polls >= 10);
	for (long i = 1; i <= polls; i++)
	{
		test_env_init(&env);
		env.fail_poll = i;
		free(train_bytes(&env, &config, &rows, 20, NULL, &status));
		CHECK(status == DSAD_CANCELED && env.live == 0);
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
	CHECK(train_status(&config, &rows, 17) == DSAD_OK);	/* a last batch of one row */
	CHECK(train_status(&config, &rows, 0) == DSAD_BAD_DATA);
	config.reconstruction = DSAD_RECONSTRUCTION_SIGMOID;
	config.scaling = DSAD_SCALING_MINMAX;
	CHECK(train_status(&config, &rows, 40) == DSAD_OK);
	config.pretrain_epochs = 0;
	config.epochs = 0;
	CHECK(train_status(&config, &rows, 40) == DSAD_OK);
	config = test_config(4);
	memset(rows.label, DSAD_ANOMALY, 40);
	CHECK(train_status(&config, &rows, 40) == DSAD_NO_ELIGIBLE_ROWS);
	memset(rows.label, DSAD_UNLABELED, 40);
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
				good += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 :
																		 0;
			}
	return good / pairs;
}

/* AUC on held-out rows of a planted set, labels used or not, trained or not. */
static double
planted_auc(bool labels, int epochs)
{
	enum
	{
		TRAIN = 400,
		TEST = 200,
		FEATURES = 6
	};
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
	dsad_config_defaults(&config, DSAD_PRESET_FAST, FEATURES, 1);
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
	CHECK(test_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
	CHECK(dsad_scorer_create(&scorer, &arena, &model, dsad_kernel_best(), &error) == DSAD_OK);
	test_score(scorer, rows.value + TRAIN * FEATURES, TEST, score);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
	return auc(score, anomaly, TEST);
}

static void
test_learns(void)
{
	double		untrained = planted_auc(true, 0);
	double		unlabeled = planted_auc(false, 40);
	double		labeled = planted_auc(true, 40);

	printf("AUC untrained %.3f, without labels %.3f, with labels %.3f\n", untrained, unlabeled,
		   labeled);
	CHECK(labeled > 0.95);
	CHECK(labeled > untrained);
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
	CHECK(test_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
	CHECK(model.members[0].steps_run == 6);
	CHECK(model.members[0].epochs_run == 2);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
}

/* The first member's first weights after so many steps, their average moved as said. */
static void
weights_after(TestRows *rows, int64_t steps, double ema_decay, float *weight, size_t count)
{
	DsadConfig	config = test_config(3);
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadRowSource source = test_source(rows, 64);

	test_env_init(&env);
	if (steps == 0)
		config.epochs = 0;
	config.max_steps = steps;
	config.ema_decay = ema_decay;
	dsad_arena_init(&arena, &env.env);
	CHECK(test_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
	memcpy(weight, model.members[0].weight[0], count * sizeof(float));
	dsad_arena_release(&arena);
}

/* At first the average of weights is that of all steps; then it forgets. */
static void
test_average(void)
{
	enum
	{
		COUNT = 3 * 8,
		STEPS = 4
	};
	TestRows	rows;
	float		weight[STEPS + 1][COUNT];
	float		average[COUNT];

	test_normal_rows(&rows, 64, 3, 14);
	for (int step = 0; step <= STEPS; step++)
		weights_after(&rows, step, 0, weight[step], COUNT);
	for (int decay = 0; decay < 2; decay++)
	{
		weights_after(&rows, STEPS, decay ? 0.999 : 0.5, average, COUNT);
		for (int i = 0; i < COUNT; i++)
		{
			double		expected = weight[0][i];

			for (int step = 1; step <= STEPS; step++)
				expected += (decay ? 1.0 / (step + 1) : 0.5) * (weight[step][i] - expected);
			CHECK(fabs(average[i] - expected) < 1e-6);
		}
	}
	CHECK(memcmp(weight[0], weight[STEPS], sizeof(weight[0])) != 0);
	test_free_rows(&rows);
}

/* The inputs' own share of the score: 3 / (1 + 5 known anomalies), none from 50 on, or as asked for. */
static void
test_input_weight(void)
{
	TestRows	rows;

	test_normal_rows(&rows, 80, 3, 15);
	for (uint32_t anomalies = 0; anomalies <= 60; anomalies += 10)
		for (int asked = 0; asked < 2; asked++)
		{
			DsadConfig	config = test_config(3);
			TestEnv		env;
			DsadArena	arena;
			DsadModel	model;
			DsadError	error;
			DsadRowSource source = test_source(&rows, 80);
			DsadScorer *scorer;
			double		score[80];
			double		sum = 0;

			for (uint32_t i = 0; i < anomalies; i++)
				rows.label[i] = DSAD_ANOMALY;
			test_count_labels(&source);
			config.input_weight = asked ? 0.75 : -1;
			test_env_init(&env);
			dsad_arena_init(&arena, &env.env);
			CHECK(test_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
			CHECK(model.config.input_weight == (asked ? 0.75 : anomalies < 50 ? 3 / (1 + 5 * (double) anomalies) :
																				0));
			/* the mean score of rows that are not known anomalies is 1 whatever the weight */
			CHECK(dsad_scorer_create(&scorer, &arena, &model, dsad_kernel_best(), &error) == DSAD_OK);
			test_score(scorer, rows.value, 80, score);
			for (uint32_t i = anomalies; i < 80; i++)
				sum += score[i];
			CHECK(fabs(sum / (80 - anomalies) - 1) < 1e-6);
			for (uint32_t i = 0; i < 3; i++)
			{
				float		z[2 * 3 + 3];
				double		square = 0;

				test_embed(scorer, rows.value + i * 3, z);
				for (uint32_t j = 0; j < dsad_scorer_embedding_size(scorer); j++)
					square += (double) z[j] * (double) z[j];
				CHECK(fabs(square - score[i]) < 1e-5 * (1 + score[i]));
			}
			dsad_arena_release(&arena);
		}
	test_free_rows(&rows);
}

/* Member k is the same whatever the number of members. */
static void
test_members(void)
{
	DsadConfig	config = test_config(4);
	TestRows	rows;
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model[2];
	DsadError	error;
	DsadRowSource source;

	test_env_init(&env);
	test_normal_rows(&rows, 50, 4, 9);
	source = test_source(&rows, 50);
	dsad_arena_init(&arena, &env.env);
	for (int i = 0; i < 2; i++)
	{
		config.members = i == 0 ? 2 : 4;
		CHECK(test_train(&model[i], &arena, &env.env, &config, &source, &error) == DSAD_OK);
	}
	for (int m = 0; m < 2; m++)
	{
		const DsadMember *a = &model[0].members[m];
		const DsadMember *b = &model[1].members[m];

		for (uint32_t l = 0; l < model[0].layers; l++)
		{
			size_t		out = model[0].dims[l + 1];

			CHECK(memcmp(a->weight[l], b->weight[l], model[0].dims[l] * out * sizeof(float)) == 0);
			if (l + 1 == model[0].layers)
				break;
			CHECK(memcmp(a->running_mean[l], b->running_mean[l], out * sizeof(float)) == 0);
			CHECK(memcmp(a->running_var[l], b->running_var[l], out * sizeof(float)) == 0);
		}
		CHECK(memcmp(a->center, b->center, (size_t) config.latent * sizeof(float)) == 0);
		CHECK(a->divisor == b->divisor);
	}
	CHECK(memcmp(model[0].members[0].weight[0], model[0].members[1].weight[0], sizeof(float)) != 0);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
}

/*
 * The center is the mean output over the rows that are not known anomalies,
 * moved to +-0.1 where it is nearer to 0; the divisor makes their mean score 1.
 * Tolerance 1e-5, the scorer's outputs being float32.
 */
static void
test_center(void)
{
	enum
	{
		COUNT = 60,
		LATENT = 3
	};
	DsadConfig	config = test_config(4);
	TestRows	rows;
	int			clamped = 0;

	test_normal_rows(&rows, COUNT, 4, 13);
	for (int i = 0; i < COUNT; i += 4)
	{
		rows.label[i] = i % 8 ? DSAD_ANOMALY : DSAD_NORMAL;
		if (rows.label[i] == DSAD_ANOMALY)
			rows.value[i * 4] += 30;
	}
	config.members = 1;
	config.epochs = 0;			/* the center is still that of the net */
	for (config.seed = 0; config.seed < 20; config.seed++)
	{
		TestEnv		env;
		DsadArena	arena;
		DsadModel	model;
		DsadError	error;
		DsadScorer *scorer = NULL;
		DsadRowSource source = test_source(&rows, COUNT);
		double		mean[LATENT] = {0, 0, 0};
		double		mean_score = 0;
		int			eligible = 0;

		test_env_init(&env);
		dsad_arena_init(&arena, &env.env);
		CHECK(test_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
		CHECK(dsad_scorer_create(&scorer, &arena, &model, dsad_kernel_best(), &error) == DSAD_OK);
		for (int i = 0; i < COUNT; i++)
		{
			float		z[LATENT];
			double		score;

			if (rows.label[i] == DSAD_ANOMALY)
				continue;
			test_embed(scorer, rows.value + i * 4, z);
			test_score(scorer, rows.value + i * 4, 1, &score);
			for (int j = 0; j < LATENT; j++)
				mean[j] += z[j] * sqrt(model.members[0].divisor) + model.members[0].center[j];
			mean_score += score;
			eligible++;
		}
		CHECK(fabs(mean_score / eligible - 1) < 1e-12);
		for (int j = 0; j < LATENT; j++)
		{
			double		m = mean[j] / eligible;

			if (fabs(m) < 0.1)
			{
				clamped++;
				CHECK(model.members[0].center[j] == (m < 0 ? -0.1f : 0.1f));
			}
			else
				CHECK(fabs(m - model.members[0].center[j]) < 1e-5 * fmax(1, fabs(m)));
		}
		dsad_arena_release(&arena);
	}
	CHECK(clamped > 0 && clamped < 60);
	test_free_rows(&rows);
}

/* Numbers at the ends of the range, under each scaling and a rate of 1: an error or a model that scores. */
static void
test_extremes(void)
{
	static const double pairs[][2] = {{1e300, -1e300}, {DBL_MAX, DBL_MAX}, {DBL_MAX, -DBL_MAX}, {-DBL_MAX, -DBL_MAX}, {5e-324, -5e-324}, {DBL_MIN, 2 * DBL_MIN}, {1e15, 1e15 + 1}, {0.0, -0.0}, {NAN, 1e308}};
	DsadConfig	config = test_config(3);
	TestRows	rows;

	test_normal_rows(&rows, 33, 3, 11);
	for (size_t p = 0; p < sizeof(pairs) / sizeof(pairs[0]); p++)
		for (int scaling = DSAD_SCALING_STANDARD; scaling <= DSAD_SCALING_STANDARD_ROBUST; scaling++)
			for (uint64_t count = 1; count <= 33; count += count < 4 ? 1 : 29)
				for (int rate = 0; rate < 2; rate++)
				{
					DsadStatus	status;

					for (uint64_t i = 0; i < count; i++)
						rows.value[i * 3 + 1] = pairs[p][i % 2];
					config.scaling = scaling;
					config.learning_rate = rate ? 1 : 1e-3;
					status = train_status(&config, &rows, count);
					CHECK(status == DSAD_OK || status == DSAD_DIVERGED);
				}
	test_free_rows(&rows);
}

static int
failing_read(void *ctx, uint64_t row, double *features, int8_t *label)
{
	uint64_t   *left = ctx;

	(void) row;
	features[0] = (double) *left;
	*label = DSAD_UNLABELED;
	return (*left)-- == 0;
}

/* The row source fails, at whatever row and pass. */
static void
test_failing_source(void)
{
	DsadConfig	config = test_config(1);
	DsadStatus	status = DSAD_BAD_DATA;

	for (uint64_t fail = 0; status != DSAD_OK; fail++)
	{
		uint64_t	left = fail;
		DsadRowSource source = {&left, 6, 1, false, failing_read, NULL, 0, 0, NULL};
		TestEnv		env;
		DsadArena	arena;
		DsadModel	model;
		DsadError	error;

		test_env_init(&env);
		dsad_arena_init(&arena, &env.env);
		status = test_train(&model, &arena, &env.env, &config, &source, &error);
		dsad_arena_release(&arena);
		CHECK(status == DSAD_OK || status == DSAD_BAD_DATA);
		CHECK(env.live == 0);
		if (fail > 10000)
			break;
	}
	CHECK(status == DSAD_OK);
}

static long reports[DSAD_PHASE_NORMALIZING + 1];

static void
count_report(void *ctx, const DsadProgress *progress)
{
	(void) ctx;
	reports[progress->phase]++;
	CHECK(progress->epoch < progress->epochs || progress->epochs == 0);
	CHECK(isfinite(progress->loss));
}

/* One report for each epoch, and a poll for at least each batch. */
static void
test_progress(void)
{
	DsadConfig	config = test_config(3);
	TestRows	rows;
	TestEnv		env;
	DsadStatus	status;

	test_normal_rows(&rows, 64, 3, 12);
	test_env_init(&env);
	env.env.report = count_report;
	free(train_bytes(&env, &config, &rows, 64, NULL, &status));
	CHECK(status == DSAD_OK);
	CHECK(reports[DSAD_PHASE_PRETRAINING] == config.members * config.pretrain_epochs);
	CHECK(reports[DSAD_PHASE_TRAINING] == config.members * config.epochs);
	/* four batches an epoch */
	CHECK(env.polls >= 4 * config.members * (config.pretrain_epochs + config.epochs));
	test_free_rows(&rows);
}

/* The score of the row of means after a default training on normally distributed rows. */
static double
middle_score(double offset_scale, uint32_t features)
{
	uint32_t	count = 2000;
	TestRows	rows = {malloc((size_t) count * features * sizeof(double)), calloc(count, 1), features};
	DsadRowSource source = test_source(&rows, count);
	DsadConfig	config;
	uint64_t	state = 5;
	double		zeros[8] = {0};
	double		score;
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadScorer *scorer;
	DsadError	error;

	for (uint32_t i = 0; i < count * features; i++)
	{
		rows.value[i] = -6;
		for (int j = 0; j < 12; j++)
			rows.value[i] += test_uniform(&state);
	}
	dsad_config_defaults(&config, DSAD_PRESET_DEFAULT, features, count);
	config.members = 2;
	config.calibration = DSAD_CALIBRATION_NONE;
	config.offset_scale = offset_scale;
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(test_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
	CHECK(dsad_scorer_create(&scorer, &arena, &model, dsad_kernel_best(), &error) == DSAD_OK);
	test_score(scorer, zeros, 1, &score);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
	return score;
}

/* The most ordinary row scores low; without offsets it is called an anomaly. */
static void
test_middle(void)
{
	for (uint32_t features = 1; features <= 6; features += 2)
		CHECK(middle_score(0.7, features) < 0.7);
	CHECK(middle_score(0, 3) > 1);
}

int
main(void)
{
	test_determinism();
	test_middle();
	test_failures();
	test_odd_tables();
	test_learns();
	test_max_steps();
	test_average();
	test_input_weight();
	test_members();
	test_center();
	test_extremes();
	test_failing_source();
	test_progress();
	return check_report();
}
