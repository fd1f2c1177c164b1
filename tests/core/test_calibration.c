/*
 * test_calibration.c
 *	  p-values: which rows are held out, that they had no part in the model, and that
 *	  counts, decisions and bytes are right.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/train/held_out.h"
#include "core/score/scorer_parts.h"
#include "core/train/loader.h"
#include "core/score/scorer_parts.h"
#include "core/train/split.h"

enum
{
	FEATURES = 4,
	MAX_ROWS = 3000
};

static DsadConfig
config_with(DsadCalibrationMethod method, int64_t members)
{
	DsadConfig	config = test_config(FEATURES);

	config.calibration = method;
	config.members = members;
	config.input_weight = 0.5;
	return config;
}

/* Every tenth row a known anomaly, every seventh a known normal. */
static void
label_rows(TestRows *rows, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		rows->label[i] = (int8_t) (i % 10 == 0 ? DSAD_ANOMALY : i % 7 == 0 ? DSAD_NORMAL :
																			 DSAD_UNLABELED);
}

static DsadStatus
train(DsadModel *model, DsadArena *arena, const TestEnv *env, const DsadConfig *config, TestRows *rows, uint64_t count,
	  bool sequential)
{
	DsadRowSource source = test_source(rows, count);
	DsadError	error;

	source.sequential = sequential;
	return test_train(model, arena, &env->env, config, &source, &error);
}

static DsadScorer *
make_scorer(DsadArena *arena, const DsadModel *model)
{
	DsadScorer *scorer;
	DsadError	error;

	CHECK(dsad_scorer_create(&scorer, arena, model, dsad_kernel_best(), &error) == DSAD_OK);
	return scorer;
}

static double
pvalue(const DsadScorer *scorer, const double *row)
{
	DsadRows	input = {row, 1, false};
	void	   *scratch = malloc(dsad_scorer_scratch(scorer, 1));
	double		p;

	CHECK(dsad_pvalue(scorer, &input, scratch, &p));
	free(scratch);
	return p;
}

static bool
is_anomaly(const DsadScorer *scorer, const double *row)
{
	DsadRows	input = {row, 1, false};
	void	   *scratch = malloc(dsad_scorer_scratch(scorer, 1));
	bool		anomaly;

	CHECK(dsad_is_anomaly(scorer, &input, scratch, &anomaly));
	free(scratch);
	return anomaly;
}

/* How many rows, of which labels, and which methods are chosen. */
static void
test_division(void)
{
	static const struct
	{
		uint32_t	rows;
		DsadCalibrationMethod method;
		int64_t		members;
		double		validation;
		DsadCalibrationMethod chosen;
		uint32_t	held_out;	/* of all members or, in folds, of one */
	} cases[] = {
		{1000, DSAD_CALIBRATION_AUTO, 8, 0, DSAD_CALIBRATION_SPLIT, 112},
		{1000, DSAD_CALIBRATION_AUTO, 8, 0.5, DSAD_CALIBRATION_SPLIT, 90},
		{550, DSAD_CALIBRATION_AUTO, 8, 0, DSAD_CALIBRATION_CROSS, 495},
		{550, DSAD_CALIBRATION_AUTO, 1, 0, DSAD_CALIBRATION_SPLIT, 99},
		{550, DSAD_CALIBRATION_AUTO, 2, 0, DSAD_CALIBRATION_CROSS, 198},
		{550, DSAD_CALIBRATION_CROSS, 64, 0, DSAD_CALIBRATION_CROSS, 495},
		{3000, DSAD_CALIBRATION_AUTO, 8, 0, DSAD_CALIBRATION_SPLIT, 337},
		{3000, DSAD_CALIBRATION_CROSS, 4, 0, DSAD_CALIBRATION_CROSS, 2000},
		{1000, DSAD_CALIBRATION_NONE, 8, 0, DSAD_CALIBRATION_NONE, 0},
		{2, DSAD_CALIBRATION_CROSS, 8, 0, DSAD_CALIBRATION_CROSS, 0},
		{3, DSAD_CALIBRATION_CROSS, 8, 0, DSAD_CALIBRATION_CROSS, 2},
		{3, DSAD_CALIBRATION_AUTO, 8, 0, DSAD_CALIBRATION_NONE, 0},
		{21, DSAD_CALIBRATION_AUTO, 8, 0, DSAD_CALIBRATION_NONE, 0},
		{23, DSAD_CALIBRATION_AUTO, 8, 0, DSAD_CALIBRATION_CROSS, 20},
		{3, DSAD_CALIBRATION_SPLIT, 8, 0, DSAD_CALIBRATION_SPLIT, 0},
	};
	TestRows	rows;

	test_normal_rows(&rows, MAX_ROWS, FEATURES, 1);
	label_rows(&rows, MAX_ROWS);
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
	{
		DsadConfig	config = config_with(cases[c].method, cases[c].members);
		DsadFacts	facts = {.rows = cases[c].rows};
		uint64_t	count[DSAD_PARTS];
		uint64_t	got[DSAD_PARTS] = {0};
		uint32_t	fold[DSAD_MAX_FOLDS + 1] = {0};
		uint32_t	most = 0;
		uint32_t	least = UINT32_MAX;
		uint32_t	dealt = 0;
		DsadSplit	split;

		config.validation = cases[c].validation;
		for (uint32_t i = 0; i < cases[c].rows; i++)
		{
			facts.anomalies += rows.label[i] == DSAD_ANOMALY;
			facts.normals += rows.label[i] == DSAD_NORMAL;
		}
		dsad_split_resolve(&config, &facts);
		CHECK(config.calibration == (int64_t) cases[c].chosen);
		dsad_split_start(&split, &config, &facts, 4, NULL);
		dsad_split_counts(&split, count);
		for (uint32_t i = 0; i < cases[c].rows; i++)
		{
			int8_t		label = rows.label[i];
			DsadPart	part = dsad_split_next(&split, NULL, &label);

			got[part]++;
			CHECK(dsad_label_alone(label) == rows.label[i]);
			CHECK(part != DSAD_PART_CALIBRATION || label != DSAD_ANOMALY);
			CHECK(dsad_label_fold(label) <= (uint32_t) cases[c].members);
			CHECK(dsad_label_fold(label) == 0 || part == DSAD_PART_TRAINING);
			fold[dsad_label_fold(label)]++;
		}
		for (int part = 0; part < DSAD_PARTS; part++)
			CHECK(got[part] == count[part]);
		for (int64_t f = 1; f <= cases[c].members && f <= DSAD_MAX_FOLDS; f++)
		{
			dealt += fold[f];
			most = fold[f] > most ? fold[f] : most;
			least = fold[f] < least ? fold[f] : least;
		}
		/* rounding, for each kind of label */
		CHECK(llabs((long long) (cases[c].chosen == DSAD_CALIBRATION_CROSS ? dealt : got[DSAD_PART_CALIBRATION]) -
					(long long) cases[c].held_out) <= 1);
		CHECK(most - least <= 1);
		CHECK(dealt == 0 || most < facts.rows - facts.anomalies);
	}
	test_free_rows(&rows);
}

/* Small tables have few rows to spare, large ones many. */
static void
test_share(void)
{
	static const double wanted[][2] = {{2, 0.4}, {400, 80}, {500, 100}, {800, 100}, {1000, 125}, {2000, 250}, {5000, 625},
									   {7000, 980}, {10000, 2000}, {1000000, 2000}};
	DsadConfig	config = config_with(DSAD_CALIBRATION_SPLIT, 8);

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		CHECK(fabs(dsad_calibration_rows(&config, wanted[i][0]) - wanted[i][1]) < 1e-9);
	/* as many as a decision needs, if there are */
	config.alpha = 0.002;
	CHECK(dsad_calibration_rows(&config, 3000) == 500 && dsad_calibration_rows(&config, 1000) == 200);
	config.contamination = 0.005;
	CHECK(dsad_calibration_rows(&config, 1200) == 200 && dsad_calibration_rows(&config, 4000) == 500);
	config.calibration = DSAD_CALIBRATION_NONE;
	CHECK(dsad_calibration_rows(&config, 1000) == 0);
}

/* Rows held out of all members have no part in scaling or members: changed, they change the scores that are kept, and the scale of all. */
static void
test_no_part(void)
{
	enum
	{
		ROWS = 600
	};
	DsadConfig	config = config_with(DSAD_CALIBRATION_SPLIT, 2);
	TestRows	rows;
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model[2];
	DsadModel	bare;
	uint8_t    *bytes[2];
	double		scale[2][3];
	size_t		length = 0;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	for (int scaling = DSAD_SCALING_STANDARD; scaling <= DSAD_SCALING_STANDARD_ROBUST; scaling++)
	{
		test_normal_rows(&rows, ROWS, FEATURES, 2);
		label_rows(&rows, ROWS);
		config.scaling = scaling;
		for (int i = 0; i < 2; i++)
		{
			DsadSplit	split;

			CHECK(train(&model[i], &arena, &env, &config, &rows, ROWS, true) == DSAD_OK);
			/* without what tells of these rows */
			bare = model[i];
			memset(&bare.calibration, 0, sizeof(bare.calibration));
			memset(&bare.trust, 0, sizeof(bare.trust));
			scale[i][0] = bare.input_mean;
			bare.input_mean = 1;
			for (int m = 0; m < 2; m++)
			{
				scale[i][m + 1] = bare.members[m].divisor;
				bare.members[m].divisor = 1;
			}
			bare.sketch.rows = 0;
			bytes[i] = test_encode(&bare, &env, &length);
			CHECK(model[i].calibration.rows == model[i].facts.calibration && model[i].calibration.rows >= 100);
			dsad_split_start(&split, &model[i].config, &model[i].facts, model[i].dims[0], NULL);
			for (uint32_t row = 0; row < ROWS; row++)
			{
				int8_t		label = rows.label[row];

				if (dsad_split_next(&split, NULL, &label) == DSAD_PART_CALIBRATION)
					for (uint32_t j = 0; j < FEATURES; j++)
						rows.value[row * FEATURES + j] *= 3;
			}
		}
		CHECK(memcmp(bytes[0], bytes[1], length) == 0);
		for (int k = 1; k < 3; k++)
			CHECK(fabs(scale[1][k] / scale[0][k] / (scale[1][0] / scale[0][0]) - 1) < 1e-12);
		CHECK(scale[1][0] > scale[0][0]);
		CHECK(memcmp(model[0].calibration.list[0].score, model[1].calibration.list[0].score, sizeof(double)) != 0);
		free(bytes[0]);
		free(bytes[1]);
		test_free_rows(&rows);
	}
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
}

/* The scores of the calibration rows under the whole model (fold 0) or one member alone. */
static uint32_t
score_held_out(const DsadModel *model, DsadArena *arena, const TestRows *rows, uint32_t count, uint32_t fold,
			   double *scores)
{
	DsadModel	alone = *model;
	DsadScorer *scorer;
	DsadSplit	split;
	uint32_t	n = 0;

	if (fold > 0)
	{
		alone.members = &model->members[fold - 1];
		alone.config.members = 1;
		alone.config.calibration = DSAD_CALIBRATION_NONE;
		memset(&alone.calibration, 0, sizeof(alone.calibration));
	}
	scorer = make_scorer(arena, &alone);
	dsad_split_start(&split, &model->config, &model->facts, model->dims[0], NULL);
	for (uint32_t i = 0; i < count; i++)
	{
		int8_t		label = rows->label[i];
		DsadPart	part = dsad_split_next(&split, NULL, &label);

		if (fold > 0 ? dsad_label_fold(label) == fold : part == DSAD_PART_CALIBRATION)
			test_score(scorer, rows->value + (size_t) i * FEATURES, 1, &scores[n++]);
	}
	return n;
}

/* p-values against counting by hand: exact for the highest scores, never too small below them. */
static void
test_pvalues(void)
{
	static const double alphas[] = {1e-9, 0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 0.9, 1};

	for (int round = 0; round < 4; round++)
	{
		uint32_t	count = round & 1 ? MAX_ROWS : 400;
		bool		cross = round & 2;
		DsadConfig	config = config_with(cross ? DSAD_CALIBRATION_CROSS : DSAD_CALIBRATION_SPLIT, 3);
		TestRows	rows;
		TestEnv		env;
		DsadArena	arena;
		DsadModel	model;
		DsadModel	copy;
		DsadError	error;
		DsadScorer *scorer;
		double	   *held_out[3];
		uint32_t	number[3] = {0};
		uint32_t	all = 0;
		uint8_t    *bytes;
		size_t		length;

		test_normal_rows(&rows, count, FEATURES, 3);
		label_rows(&rows, count);
		test_env_init(&env);
		dsad_arena_init(&arena, &env.env);
		CHECK(train(&model, &arena, &env, &config, &rows, count, true) == DSAD_OK);
		CHECK(model.calibration.lists == (cross ? 3 : 1));
		for (uint32_t i = 0; i < model.calibration.lists; i++)
		{
			held_out[i] = malloc(count * sizeof(double));
			number[i] = score_held_out(&model, &arena, &rows, count, cross ? i + 1 : 0, held_out[i]);
			CHECK(number[i] == model.calibration.list[i].rows && number[i] > 50);
			all += number[i];
		}
		CHECK(all == model.calibration.rows);
		scorer = make_scorer(&arena, &model);
		for (uint32_t i = 0; i < 200; i++)
		{
			const double *row = rows.value + (size_t) i * FEATURES;
			double		score[3];
			double		total = 0;
			double		p = pvalue(scorer, row);
			uint32_t	at_least = 0;
			bool		exact = true;

			if (cross)
			{
				void	   *scratch = malloc(dsad_scorer_scratch(scorer, 1));

				CHECK(dsad_member_scores(scorer, &(DsadRows) {row, 1, false}, scratch, score));
				free(scratch);
				test_score(scorer, row, 1, &total);
				CHECK(fabs(total - (score[0] + score[1] + score[2]) / 3) < 1e-12 * (1 + total));
			}
			else
				test_score(scorer, row, 1, score);
			for (uint32_t l = 0; l < model.calibration.lists; l++)
			{
				uint32_t	here = 0;

				for (uint32_t k = 0; k < number[l]; k++)
					here += held_out[l][k] >= score[l];
				exact &= here < DSAD_CALIBRATION_EXACT;
				at_least += here;
			}
			if (exact)
				CHECK(p == (1.0 + at_least) / (1.0 + all));
			else
				CHECK(p >= (1.0 + at_least) / (1.0 + all) &&
					  p < (1.0 + at_least + 3 * DSAD_CALIBRATION_STEP) / (1.0 + all));
		}

		/* decisions by alpha are those by p-value; contamination is a share of the calibration rows */
		for (size_t a = 0; a < sizeof(alphas) / sizeof(alphas[0]); a++)
		{
			copy = model;
			copy.config.alpha = alphas[a];
			scorer = make_scorer(&arena, &copy);
			for (uint32_t i = 0; i < 200; i++)
				CHECK(is_anomaly(scorer, rows.value + (size_t) i * FEATURES) ==
					  (pvalue(scorer, rows.value + (size_t) i * FEATURES) <= alphas[a]));
		}
		copy = model;
		copy.config.contamination = 0.1;
		scorer = make_scorer(&arena, &copy);
		if (!cross)
		{
			uint32_t	above = 0;

			for (uint32_t k = 0; k < number[0]; k++)
				above += held_out[0][k] >= dsad_scorer_decision(scorer)->score;
			CHECK(above == (uint32_t) (0.1 * number[0]));
		}
		copy.config.threshold = 2;
		scorer = make_scorer(&arena, &copy);
		for (uint32_t i = 0; i < 50; i++)
		{
			double		score;

			test_score(scorer, rows.value + (size_t) i * FEATURES, 1, &score);
			CHECK(is_anomaly(scorer, rows.value + (size_t) i * FEATURES) == (score >= 2));
		}

		/* through bytes */
		bytes = test_encode(&model, &env, &length);
		CHECK(dsad_model_decode(&copy, &arena, bytes, length, &error) == DSAD_OK);
		scorer = make_scorer(&arena, &copy);
		for (uint32_t i = 0; i < 50; i++)
			CHECK(pvalue(scorer, rows.value + (size_t) i * FEATURES) ==
				  pvalue(make_scorer(&arena, &model), rows.value + (size_t) i * FEATURES));
		free(bytes);

		/* an update would make the kept scores wrong: they go, and a threshold that comes to a score stays */
		{
			DsadRowSource source = test_source(&rows, 100);
			DsadDecision before;
			DsadDecision after;
			DsadPlan	plan;

			dsad_decision(&before, &copy);
			CHECK(dsad_prepare_update(&copy, &plan, &arena, &arena, &env.env, &source, &error) == DSAD_OK);
			dsad_decision(&after, &copy);
			CHECK(copy.calibration.lists == 0 && copy.config.calibration == DSAD_CALIBRATION_NONE);
			CHECK(cross ? after.kind == DSAD_DECISION_NONE :
						  isinf(before.score) || (after.kind == DSAD_DECISION_SCORE && after.score == before.score));
		}
		for (uint32_t i = 0; i < model.calibration.lists; i++)
			free(held_out[i]);
		dsad_arena_release(&arena);
		CHECK(env.live == 0);
		test_free_rows(&rows);
	}
}

/* New rows from where the training rows came are false alarms as often as promised. */
static void
test_guarantee(void)
{
	enum
	{
		ROWS = 600,
		NEW = 1000,
		SEEDS = 20
	};

	for (int cross = 0; cross < 2; cross++)
	{
		double		alarms[2] = {0, 0};

		for (int64_t seed = 0; seed < SEEDS; seed++)
		{
			DsadConfig	config = config_with(cross ? DSAD_CALIBRATION_CROSS : DSAD_CALIBRATION_SPLIT, 5);
			TestRows	rows;
			TestEnv		env;
			DsadArena	arena;
			DsadModel	model;
			DsadScorer *scorer;

			config.seed = seed;
			test_normal_rows(&rows, ROWS + NEW, FEATURES, (uint64_t) seed);
			test_env_init(&env);
			dsad_arena_init(&arena, &env.env);
			CHECK(train(&model, &arena, &env, &config, &rows, ROWS, false) == DSAD_OK);
			scorer = make_scorer(&arena, &model);
			for (int i = 0; i < NEW; i++)
			{
				double		p = pvalue(scorer, rows.value + (size_t) (ROWS + i) * FEATURES);

				alarms[0] += (p <= 0.05) / (double) (NEW * SEEDS);
				alarms[1] += (p <= 0.2) / (double) (NEW * SEEDS);
			}
			/* and what is far away is seen */
			CHECK(pvalue(scorer, (double[FEATURES]) {1000, -1000, 0, 1000}) == dsad_smallest_pvalue(&model.calibration));
			dsad_arena_release(&arena);
			test_free_rows(&rows);
		}
		printf("%s: %.3f alarms at 0.05, %.3f at 0.2\n", cross ? "cross" : "split", alarms[0], alarms[1]);
		/* two to three standard errors of the calibration rows (100 a seed); cross may have any number below */
		CHECK(alarms[0] < 0.065 && (cross || alarms[0] > 0.037));
		CHECK(alarms[1] < 0.225 && (cross || alarms[1] > 0.17));
	}
}

/* The smallest trainings, and a network that no training row can leave. */
static void
test_small(void)
{
	TestRows	rows;

	test_normal_rows(&rows, 8, FEATURES, 5);
	for (uint32_t count = 1; count <= 8; count++)
		for (int64_t members = 1; members <= 4; members += 3)
		{
			DsadConfig	config = config_with(members > 1 ? DSAD_CALIBRATION_CROSS : DSAD_CALIBRATION_SPLIT, members);
			TestEnv		env;
			DsadArena	arena;
			DsadModel	model;
			DsadScorer *scorer;
			double		p;

			test_env_init(&env);
			dsad_arena_init(&arena, &env.env);
			CHECK(train(&model, &arena, &env, &config, &rows, count, false) == DSAD_OK);
			CHECK(model.calibration.lists > 0 && model.calibration.rows < count + 1);
			scorer = make_scorer(&arena, &model);
			p = pvalue(scorer, rows.value);
			CHECK(p > 0 && p <= 1 && p >= dsad_smallest_pvalue(&model.calibration));
			CHECK(!is_anomaly(scorer, rows.value));
			dsad_arena_release(&arena);
			CHECK(env.live == 0);
		}
	test_free_rows(&rows);
}

/* Failing at each allocation and poll loses nothing. */
static void
test_failures(void)
{
	DsadConfig	config = config_with(DSAD_CALIBRATION_CROSS, 2);
	TestRows	rows;

	config.epochs = 1;
	config.pretrain_epochs = 0;
	test_normal_rows(&rows, 40, FEATURES, 6);
	for (int polls = 0; polls < 2; polls++)
		for (long fail = 1; fail < 100000; fail++)
		{
			TestEnv		env;
			DsadArena	arena;
			DsadModel	model;
			DsadStatus	status;

			test_env_init(&env);
			if (polls)
				env.fail_poll = fail;
			else
				env.fail_allocation = fail;
			dsad_arena_init(&arena, &env.env);
			status = train(&model, &arena, &env, &config, &rows, 40, false);
			dsad_arena_release(&arena);
			CHECK(env.live == 0);
			if (status == DSAD_OK)
			{
				CHECK(fail > 10);
				break;
			}
			CHECK(status == (polls ? DSAD_CANCELED : DSAD_NO_MEMORY));
		}
	test_free_rows(&rows);
}

int
main(void)
{
	test_division();
	test_share();
	test_no_part();
	test_pvalues();
	test_guarantee();
	test_small();
	test_failures();
	return check_report();
}
