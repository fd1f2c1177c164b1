/*
 * test_explain.c
 *	  Explanations: contributions against a numerical integral of the gradient,
 *	  their sum against the score, on nets of several shapes; odd rows; canceling.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum
{
	ROWS = 200,
	FEATURES = 6,
	STEPS = 2000
};

/* The score of scaled inputs x in double precision, from the definition. */
static double
reference_score(const DsadModel *model, const double *x)
{
	double		weight = model->config.input_weight;
	double		score = 0;

	for (int m = 0; m < model->config.members; m++)
	{
		const DsadMember *member = &model->members[m];
		double		in[64];
		double		out[64];
		double		distance = 0;

		memcpy(in, x, model->dims[0] * sizeof(double));
		for (uint32_t l = 0; l < model->layers; l++)
		{
			for (uint32_t j = 0; j < model->dims[l + 1]; j++)
			{
				out[j] = 0;
				for (uint32_t i = 0; i < model->dims[l]; i++)
					out[j] += in[i] * (double) member->weight[l][i * model->dims[l + 1] + j];
				if (l + 1 == model->layers)
					continue;
				out[j] = (out[j] - (double) member->running_mean[l][j]) / sqrt((double) member->running_var[l][j] + 1e-4) +
						 (double) member->offset[l][j];
				if (out[j] < 0)
					out[j] *= (double) 0.01f;
			}
			memcpy(in, out, sizeof(in));
		}
		for (uint32_t j = 0; j < model->dims[model->layers]; j++)
			distance += pow(in[j] - (double) member->center[j], 2);
		score += distance / member->divisor / (double) model->config.members / (1 + weight);
	}
	for (uint32_t i = 0; i < model->dims[0]; i++)
		score += weight / (1 + weight) * x[i] * x[i] / model->input_mean;
	return score;
}

/* The nets' inputs from a row, clipped. */
static void
reference_inputs(const DsadScaling *scaling, const double *row, double *x)
{
	for (uint32_t i = 0; i < scaling->inputs; i++)
	{
		double		raw = row[i < scaling->features ? i : scaling->copied[i - scaling->features]];

		x[i] = ((isnan(raw) ? scaling->fill[i] : raw) - scaling->offset[i]) * scaling->scale[i];
		x[i] = fmin(fmax(x[i], -scaling->limit[i]), scaling->limit[i]);
	}
}

/* The integral of the gradient from the mean to a row, by small steps. */
static void
reference_contributions(const DsadModel *model, const double *row, double *contribution)
{
	const DsadScaling *scaling = &model->scaling;
	const double h = 1e-6;
	double		missing[FEATURES];
	double		start[2 * FEATURES];
	double		end[2 * FEATURES];

	for (int j = 0; j < FEATURES; j++)
	{
		contribution[j] = 0;
		missing[j] = NAN;
	}
	reference_inputs(scaling, missing, start);
	reference_inputs(scaling, row, end);
	for (int step = 0; step < STEPS; step++)
	{
		double		at[2 * FEATURES];

		for (uint32_t i = 0; i < scaling->inputs; i++)
			at[i] = start[i] + (end[i] - start[i]) * (step + 0.5) / STEPS;
		for (uint32_t i = 0; i < scaling->inputs; i++)
		{
			double		here = at[i];
			double		above;

			at[i] = here + h;
			above = reference_score(model, at);
			at[i] = here - h;
			contribution[i < scaling->features ? i : scaling->copied[i - scaling->features]] +=
				(end[i] - start[i]) * (above - reference_score(model, at)) / (2 * h) / STEPS;
			at[i] = here;
		}
	}
}

/* Contributions add up to score - baseline score, for any row. */
static void
check_sums(const DsadScorer *scorer, const TestEnv *env, const double *rows, size_t count)
{
	double		missing[FEATURES];
	double		baseline;
	double		worst = 0;
	DsadError	error;

	for (int j = 0; j < FEATURES; j++)
		missing[j] = NAN;
	test_score(scorer, missing, 1, &baseline);
	for (size_t i = 0; i < count; i++)
	{
		DsadRows	row = {rows + i * FEATURES, 1, false};
		double		contribution[FEATURES];
		double		sum = baseline;
		double		score;

		CHECK(dsad_explain(scorer, &row, &env->env, contribution, &error) == DSAD_OK);
		test_score(scorer, rows + i * FEATURES, 1, &score);
		for (int j = 0; j < FEATURES; j++)
			sum += contribution[j];
		worst = fmax(worst, fabs(sum - score) / (1 + score));
	}
	if (worst > 1e-5)
		printf("sums are off by %g\n", worst);
	CHECK(worst <= 1e-5);
}

/* Some rows' contributions against the numerical integral. */
static void
check_values(const DsadModel *model, const DsadScorer *scorer, const TestEnv *env, const double *rows)
{
	DsadError	error;

	for (int i = 0; i < 3; i++)
	{
		DsadRows	row = {rows + i * 7 * FEATURES, 1, false};
		double		contribution[FEATURES];
		double		reference[FEATURES];
		double		largest = 0;
		double		score = 1;

		CHECK(dsad_explain(scorer, &row, &env->env, contribution, &error) == DSAD_OK);
		reference_contributions(model, rows + i * 7 * FEATURES, reference);
		for (int j = 0; j < FEATURES; j++)
		{
			largest = fmax(largest, fabs(contribution[j] - reference[j]));
			score += fabs(reference[j]);
		}
		if (largest > 3e-3 * score)
			printf("row %d is off by %g of %g\n", i, largest, score);
		CHECK(largest <= 3e-3 * score);
	}
}

/* One shape of nets. */
static void
test_shape(DsadScalingMethod scaling, double input_weight, int64_t members, uint32_t hidden_count, const int32_t *hidden,
		   int64_t latent)
{
	DsadConfig	config = test_config(FEATURES);
	TestRows	rows;
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadScorer *scorer;
	DsadRowSource source;

	config.scaling = scaling;
	config.input_weight = input_weight;
	config.members = members;
	config.latent = latent;
	config.hidden.count = hidden_count;
	memcpy(config.hidden.value, hidden, hidden_count * sizeof(int32_t));
	test_env_init(&env);
	test_normal_rows(&rows, ROWS, FEATURES, 3);
	rows.value[5] = 1e6;
	rows.value[17] = NAN;
	source = test_source(&rows, ROWS);
	dsad_arena_init(&arena, &env.env);
	CHECK(test_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
	CHECK(dsad_scorer_create(&scorer, &arena, &model, dsad_kernel_best(), &error) == DSAD_OK);
	check_sums(scorer, &env, rows.value, ROWS);
	check_values(&model, scorer, &env, rows.value + 6 * FEATURES);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
	CHECK(env.live == 0);
}

/* The mean row has nothing to explain; an infinite number is an error; any poll can cancel. */
static void
test_odd_rows(void)
{
	DsadConfig	config = test_config(FEATURES);
	TestRows	rows;
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadScorer *scorer;
	DsadRowSource source;
	double		row[FEATURES];
	double		contribution[FEATURES];
	long		polls;

	test_env_init(&env);
	test_normal_rows(&rows, ROWS, FEATURES, 4);
	source = test_source(&rows, ROWS);
	dsad_arena_init(&arena, &env.env);
	CHECK(test_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
	CHECK(dsad_scorer_create(&scorer, &arena, &model, dsad_kernel_best(), &error) == DSAD_OK);
	for (int j = 0; j < FEATURES; j++)
		row[j] = NAN;
	CHECK(dsad_explain(scorer, &(DsadRows) {row, 1, false}, &env.env, contribution, &error) == DSAD_OK);
	for (int j = 0; j < FEATURES; j++)
		CHECK(contribution[j] == 0);
	row[2] = INFINITY;
	CHECK(dsad_explain(scorer, &(DsadRows) {row, 1, false}, &env.env, contribution, &error) == DSAD_BAD_DATA);
	for (int j = 0; j < FEATURES; j++)
		row[j] = 3 - j;
	env.polls = 0;
	CHECK(dsad_explain(scorer, &(DsadRows) {row, 1, false}, &env.env, contribution, &error) == DSAD_OK);
	polls = env.polls;
	CHECK(polls > 2);
	for (long poll = 1; poll <= polls; poll++)
	{
		env.polls = 0;
		env.fail_poll = poll;
		CHECK(dsad_explain(scorer, &(DsadRows) {row, 1, false}, &env.env, contribution, &error) == DSAD_CANCELED);
	}
	dsad_arena_release(&arena);
	test_free_rows(&rows);
	CHECK(env.live == 0);
}

int
main(void)
{
	test_shape(DSAD_SCALING_STANDARD, 0.5, 1, 1, (const int32_t[]) {7}, 1);
	test_shape(DSAD_SCALING_STANDARD_ROBUST, 1, 3, 2, (const int32_t[]) {32, 16}, 8);
	test_shape(DSAD_SCALING_ROBUST, 0, 1, 4, (const int32_t[]) {9, 17, 8, 5}, 20);
	test_shape(DSAD_SCALING_STANDARD, 0, 2, 8, (const int32_t[]) {20, 20, 20, 20, 20, 20, 20, 20}, 3);
	test_odd_rows();
	return check_report();
}
