/*
 * test_trust.c
 *	  What a model says it is worth: the numbers against plain counting, with and
 *	  without held-out rows and labels; failing anywhere is in test_train.c.
 */
#include <math.h>
#include <string.h>

#include "check.h"

enum
{
	ROWS = 400,
	FEATURES = 4
};

/* Anomalies (one row in eight) lie far out, or in the middle. */
static void
planted_rows(TestRows *rows, bool far)
{
	test_normal_rows(rows, ROWS, FEATURES, 21);
	for (int i = 0; i < ROWS; i += 8)
	{
		rows->label[i] = DSAD_ANOMALY;
		rows->label[i + 1] = DSAD_NORMAL;
		for (int j = 0; j < FEATURES; j++)
			rows->value[i * FEATURES + j] *= far ? 6 : 0.01;
	}
}

static void
train(TestRows *rows, const DsadConfig *config, DsadModel *model, DsadArena *arena, double *score)
{
	TestEnv		env;
	DsadError	error;
	DsadScorer *scorer;
	DsadRowSource source = test_source(rows, ROWS);

	test_env_init(&env);
	dsad_arena_init(arena, &env.env);
	CHECK(test_train(model, arena, &env.env, config, &source, &error) == DSAD_OK);
	CHECK(dsad_scorer_create(&scorer, arena, model, dsad_kernel_best(), &error) == DSAD_OK);
	test_score(scorer, rows->value, ROWS, score);
	dsad_arena_release(arena);
}

/* Without held-out rows: all rows are the sample, their mean scores are known, and nothing is said of AUC. */
static void
test_training_rows(void)
{
	DsadConfig	config = test_config(FEATURES);
	TestRows	rows;
	DsadArena	arena;
	DsadModel	model;
	double		score[ROWS];
	double		sum[3] = {0, 0, 0};
	const DsadTrust *trust = &model.trust;

	planted_rows(&rows, true);
	train(&rows, &config, &model, &arena, score);
	for (int i = 0; i < ROWS; i++)
		sum[rows.label[i] + 1] += score[i];
	CHECK(!trust->held_out);
	CHECK(trust->rows[0] == 50 && trust->rows[1] == 300 && trust->rows[2] == 50);
	CHECK(fabs(trust->mean_score[0] - sum[0] / 50) < 1e-9 * (1 + sum[0]));
	CHECK(fabs(trust->mean_score[1] - sum[1] / 300) < 1e-9);
	CHECK(fabs(trust->mean_score[2] - sum[2] / 50) < 1e-9);
	CHECK(trust->deviation > 0);
	CHECK(trust->auc == -1 && trust->interval[0] == -1 && trust->untrained_auc == -1 && trust->plain_auc == -1);
	CHECK(!dsad_trust_failed(trust));
	test_free_rows(&rows);
}

/* With them: what lies far out is found by all, what lies in the middle not by its distance. */
static void
test_held_out_rows(void)
{
	TestRows	rows;
	DsadArena	arena;
	DsadModel	model;
	double		score[ROWS];
	const DsadTrust *trust = &model.trust;

	for (int far = 0; far < 2; far++)
	{
		DsadConfig	config = test_config(FEATURES);

		config.validation = 0.5;
		config.eta = 0;			/* labels are not learned from */
		planted_rows(&rows, far);
		train(&rows, &config, &model, &arena, score);
		CHECK(trust->held_out);
		CHECK(trust->rows[0] == 25 && trust->rows[1] == 150 && trust->rows[2] == 25);
		CHECK(far ? trust->auc > 0.8 && trust->plain_auc > 0.8 : trust->plain_auc < 0.1);
		CHECK(trust->untrained_auc >= 0 && trust->untrained_auc <= 1);
		CHECK(trust->interval[0] < trust->auc && trust->auc < trust->interval[1]);
		test_free_rows(&rows);
	}
}

/* Every row the same: ties count half. */
static void
test_ties(void)
{
	DsadConfig	config = test_config(FEATURES);
	TestRows	rows;
	DsadArena	arena;
	DsadModel	model;
	double		score[ROWS];

	config.validation = 0.5;
	planted_rows(&rows, true);
	for (int i = 0; i < ROWS * FEATURES; i++)
		rows.value[i] = 3;
	train(&rows, &config, &model, &arena, score);
	CHECK(model.trust.auc == 0.5 && model.trust.plain_auc == 0.5 && model.trust.untrained_auc == 0.5);
	CHECK(model.trust.deviation >= 0 && model.trust.deviation < 1e-9);
	test_free_rows(&rows);
}

static void
test_failed(void)
{
	DsadTrust	trust = {true, {9, 9, 9}, {1, 1, 1}, 1, 0.8, {0.7, 0.9}, 0.85, 0.6};

	CHECK(!dsad_trust_failed(&trust));
	trust.plain_auc = 0.95;
	CHECK(dsad_trust_failed(&trust));
	trust.plain_auc = 0.6;
	trust.untrained_auc = 0.91;
	CHECK(dsad_trust_failed(&trust));
	trust.auc = 0.3;
	trust.interval[1] = 0.4;
	trust.untrained_auc = trust.plain_auc = 0.1;
	CHECK(dsad_trust_failed(&trust));
	trust.auc = -1;
	CHECK(!dsad_trust_failed(&trust));
}

int
main(void)
{
	test_training_rows();
	test_held_out_rows();
	test_ties();
	test_failed();
	return check_report();
}
