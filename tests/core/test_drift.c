/*
 * test_drift.c
 *	  Drift: cells of all kinds of features, silence when nothing changed, and noise
 *	  when something did.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum
{
	FEATURES = 6,
	MAX_ROWS = 6000
};

/* About a normal variable. */
static double
normal(uint64_t *state)
{
	double		sum = -6;

	for (int i = 0; i < 12; i++)
		sum += test_uniform(state);
	return sum;
}

/* Normal, lognormal-like, constant, mostly one value, counts, often missing. */
static void
mixed_rows(TestRows *rows, uint32_t count, uint64_t seed)
{
	rows->features = FEATURES;
	rows->value = malloc((size_t) count * FEATURES * sizeof(double));
	rows->label = calloc(count, 1);
	for (uint32_t i = 0; i < count; i++)
	{
		double	   *row = rows->value + (size_t) i * FEATURES;

		row[0] = normal(&seed);
		row[1] = exp(2 * normal(&seed)) + 1e9;
		row[2] = 7;
		row[3] = test_uniform(&seed) < 0.03;
		row[4] = floor(4 * test_uniform(&seed));
		row[5] = test_uniform(&seed) < 0.3 ? NAN : normal(&seed);
	}
}

/* The model of rows; the caller releases arena. */
static void
train(DsadModel *model, DsadArena *arena, TestEnv *env, TestRows *rows, uint32_t count, DsadCalibrationMethod method)
{
	DsadConfig	config = test_config(FEATURES);
	DsadRowSource source = test_source(rows, count);
	DsadError	error;

	config.calibration = method;
	test_env_init(env);
	dsad_arena_init(arena, &env->env);
	CHECK(test_train(model, arena, &env->env, &config, &source, &error) == DSAD_OK);
}

/* Counts rows, feature j of which moved by `by`; NaN: goes missing. */
static void
count_rows(DsadDrift *drift, DsadArena *arena, const DsadModel *model, const double *value, uint32_t count,
		   uint32_t feature, double by)
{
	void	   *scratch;
	DsadError	error;

	CHECK(dsad_drift_start(drift, arena, model, &error) == DSAD_OK);
	scratch = malloc(dsad_scorer_scratch(drift->scorer, 1));
	for (uint32_t i = 0; i < count; i++)
	{
		double		row[FEATURES];
		double		score;

		memcpy(row, value + (size_t) i * FEATURES, sizeof(row));
		row[feature] += by;
		CHECK(dsad_drift_add(drift, &(DsadRows) {row, 1, false}, scratch, &score));
	}
	free(scratch);
}

/* How many features, and the score, are called shifted; *which = the last of them. */
static int
shifted(const DsadDrift *drift, int *which)
{
	DsadShift	shift;
	int			number = 0;

	*which = -1;
	for (uint32_t j = 0; j <= FEATURES; j++)
	{
		if (j == FEATURES && !dsad_drift_score(drift, &shift))
			break;
		if (j < FEATURES)
			dsad_drift_feature(drift, j, &shift);
		CHECK(shift.psi >= 0 && shift.psi_by_chance >= 0 && shift.ks >= 0 && shift.ks <= 1 + 1e-9 && shift.chance >= 0);
		if (shift.shifted)
		{
			number++;
			if (j < FEATURES)
				*which = (int) j;
		}
	}
	return number;
}

/* Cells hold all rows, and follow the deciles; a value of many rows has its own. */
static void
test_cells(void)
{
	TestRows	rows;
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	const DsadSketch *s = &model.sketch;

	mixed_rows(&rows, MAX_ROWS, 1);
	train(&model, &arena, &env, &rows, MAX_ROWS, DSAD_CALIBRATION_NONE);
	CHECK(s->rows == 4096);
	for (uint32_t j = 0; j < FEATURES; j++)
	{
		uint64_t	sum = 0;

		for (uint32_t i = 0; i < DSAD_SKETCH_CELLS; i++)
			sum += s->count[j * DSAD_SKETCH_CELLS + i];
		CHECK(sum == s->rows);
		for (uint32_t i = 1; i < s->edges[j]; i++)
			CHECK(s->edge[j * DSAD_SKETCH_EDGES + i] > s->edge[j * DSAD_SKETCH_EDGES + i - 1]);
	}
	/* ten tenths, nothing missing */
	CHECK(s->edges[0] == 9 && s->count[0] == 0);
	for (int i = 1; i <= 10; i++)
		CHECK(abs((int) s->count[i] - 410) <= 2);
	/* below 7, 7, above */
	CHECK(s->edges[2] == 2 && s->count[2 * DSAD_SKETCH_CELLS + 2] == 4096);
	/* below 0, 0, above */
	CHECK(s->edges[3] == 2 && s->count[3 * DSAD_SKETCH_CELLS + 3] > 80);
	/* four values, gaps between them */
	CHECK(s->edges[4] == 8);
	CHECK(abs((int) s->count[5 * DSAD_SKETCH_CELLS] - 1229) < 150);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
	test_free_rows(&rows);
}

/* No alarm on rows of the same kind, however few; alarm on every feature that moves by a standard deviation. */
static void
test_alarms(void)
{
	static const uint32_t few[] = {1, 5, 20, 50, 100, 1000, 3000};
	static const double deviation[FEATURES] = {1, 50, 0, 0.17, 1.12, 1};
	int			alarms = 0;

	for (int round = 0; round < 12; round++)
	{
		DsadCalibrationMethod method = round % 3 == 0 ? DSAD_CALIBRATION_NONE : DSAD_CALIBRATION_AUTO;
		uint32_t	count = round % 2 ? 400 : 2500;
		TestRows	rows;
		TestEnv		env;
		DsadArena	arena;
		DsadModel	model;
		DsadDrift	drift;
		DsadShift	score;
		int			which;

		mixed_rows(&rows, MAX_ROWS, (uint64_t) round);
		train(&model, &arena, &env, &rows, count, method);
		for (size_t i = 0; i < sizeof(few) / sizeof(few[0]); i++)
		{
			count_rows(&drift, &arena, &model, rows.value + (size_t) (MAX_ROWS - few[i]) * FEATURES, few[i], 0, 0);
			CHECK(dsad_drift_score(&drift, &score) == (method != DSAD_CALIBRATION_NONE));
			alarms += shifted(&drift, &which) > 0;
		}
		for (uint32_t j = 0; j < FEATURES; j++)
			for (int down = 0; down < 2; down++)
			{
				double		by = deviation[j] * (down ? -1 : 1);

				count_rows(&drift, &arena, &model, rows.value + (size_t) (MAX_ROWS - 200) * FEATURES, 200, j, by);
				CHECK((shifted(&drift, &which) > 0) == (deviation[j] > 0));
				CHECK(which == (deviation[j] > 0 ? (int) j : -1));
			}
		/* missing values, and another value of a constant */
		count_rows(&drift, &arena, &model, rows.value + (size_t) (MAX_ROWS - 200) * FEATURES, 200, 0, NAN);
		CHECK(shifted(&drift, &which) > 0 && which == 0);
		count_rows(&drift, &arena, &model, rows.value + (size_t) (MAX_ROWS - 200) * FEATURES, 200, 2, 1e-9);
		CHECK(shifted(&drift, &which) > 0 && which == 2);
		dsad_arena_release(&arena);
		CHECK(env.live == 0);
		test_free_rows(&rows);
	}
	printf("%d false alarms\n", alarms);
	CHECK(alarms <= 1);
}

/* All far away: the score says so too. */
static void
test_score_shift(void)
{
	for (int cross = 0; cross < 2; cross++)
	{
		TestRows	rows;
		TestEnv		env;
		DsadArena	arena;
		DsadModel	model;
		DsadDrift	drift;
		DsadShift	shift;

		mixed_rows(&rows, 1000, 9);
		train(&model, &arena, &env, &rows, 500, cross ? DSAD_CALIBRATION_CROSS : DSAD_CALIBRATION_SPLIT);
		count_rows(&drift, &arena, &model, rows.value + 500 * FEATURES, 100, 0, 50);
		CHECK(dsad_drift_score(&drift, &shift) && shift.shifted);
		dsad_arena_release(&arena);
		test_free_rows(&rows);
	}
}

/* Written, read, and the same. */
static void
test_bytes(void)
{
	TestRows	rows;
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadModel	copy;
	DsadError	error;
	uint8_t    *bytes;
	size_t		length;

	mixed_rows(&rows, 300, 4);
	train(&model, &arena, &env, &rows, 300, DSAD_CALIBRATION_AUTO);
	bytes = test_encode(&model, &env, &length);
	CHECK(dsad_model_decode(&copy, &arena, bytes, length, &error) == DSAD_OK);
	CHECK(copy.sketch.rows == 300);
	CHECK(memcmp(copy.sketch.edges, model.sketch.edges, FEATURES * sizeof(uint32_t)) == 0);
	CHECK(memcmp(copy.sketch.count, model.sketch.count, FEATURES * DSAD_SKETCH_CELLS * sizeof(uint32_t)) == 0);
	for (uint32_t j = 0; j < FEATURES; j++)
		CHECK(memcmp(copy.sketch.edge + j * DSAD_SKETCH_EDGES, model.sketch.edge + j * DSAD_SKETCH_EDGES,
					 model.sketch.edges[j] * sizeof(double)) == 0);
	free(bytes);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
}

int
main(void)
{
	test_cells();
	test_alarms();
	test_score_shift();
	test_bytes();
	return check_report();
}
