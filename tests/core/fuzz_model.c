/*
 * fuzz_model.c
 *	  Forged models that are read without complaint: whatever their numbers say, they
 *	  score, explain, decide, measure drift, tell about themselves, go on training and
 *	  are written back, or refuse with a message.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/calibration_lists.h"
#include "fuzz.h"

#define ROWS 5
#define MAX_MEMORY ((double) (64 << 20))
#define MAX_FEATURES 4096
#define MAX_POLLS 2000			/* then the work is canceled */

/* Rows that are missing, huge, ordinary. */
static double *
make_rows(uint32_t features)
{
	double	   *rows = malloc((size_t) ROWS * features * sizeof(double));

	for (int i = 0; i < ROWS; i++)
		for (uint32_t j = 0; j < features; j++)
			rows[(size_t) i * features + j] = i == 0 ? NAN : i == 1 ? (j % 2 ? 1e300 : -1e300) :
																	  sin(i * 7.0 + j);
	return rows;
}

/* What any work may end with. */
static void
check_status(DsadStatus status, const DsadError *error)
{
	fuzz_require(status == DSAD_OK || (error->status == status && error->message[0] != '\0'), "no message");
}

static void
explain(const DsadScorer *scorer, TestEnv *env, const double *rows)
{
	uint32_t	features = dsad_scorer_features(scorer);
	double	   *contribution = malloc(features * sizeof(double));
	DsadError	error;

	for (int i = 0; i < ROWS; i++)
	{
		env->polls = 0;
		env->fail_poll = MAX_POLLS;
		check_status(dsad_explain(scorer, &(DsadRows) {rows + (size_t) i * features, 1, false}, &env->env, contribution, &error),
					 &error);
	}
	env->fail_poll = 0;
	free(contribution);
}

static void
decide(const DsadModel *model, const DsadScorer *scorer, const double *rows, void *scratch)
{
	double		share[10];
	double		sum = 0;

	for (int i = 0; i < ROWS; i++)
	{
		DsadRows	row = {rows + (size_t) i * dsad_scorer_features(scorer), 1, false};
		double		score;
		double		pvalue;
		bool		anomaly;

		fuzz_require(dsad_score(scorer, &row, scratch, &score) == 1 && score >= 0, "a score is NaN or negative");
		fuzz_require(dsad_pvalue(scorer, &row, scratch, &pvalue) && pvalue > 0 && pvalue <= 1, "a p-value is none");
		fuzz_require(dsad_is_anomaly(scorer, &row, scratch, &anomaly), "no decision");
	}
	(void) dsad_decision_reached(model);
	(void) dsad_trust_failed(&model->trust);
	if (model->calibration.lists == 0)
		return;
	dsad_pvalue_bins(&model->calibration, share, 10);
	for (int bin = 0; bin < 10; bin++)
	{
		fuzz_require(share[bin] >= 0 && share[bin] <= 1 + 1e-9, "a share is none");
		sum += share[bin];
	}
	fuzz_require(fabs(sum - 1) < 1e-6, "shares do not add up");
}

/* A shift is a number, or nothing is known. */
static void
check_shift(const DsadShift *shift)
{
	fuzz_require(!isnan(shift->psi) && !isnan(shift->ks) && !isnan(shift->chance), "drift is NaN");
}

static void
drift(const DsadModel *model, DsadArena *arena, const double *rows, void *scratch)
{
	DsadError	error;
	DsadDrift	state;
	DsadShift	shift;
	double		score;

	if (model->sketch.rows == 0)
		return;
	fuzz_require(dsad_drift_start(&state, arena, model, &error) == DSAD_OK, "no drift");
	for (int i = 0; i < ROWS; i++)
		fuzz_require(dsad_drift_add(&state, &(DsadRows) {rows + (size_t) i * model->scaling.features, 1, false}, scratch,
									&score),
					 "row is not added");
	for (uint32_t j = 0; j < state.summaries; j++)
	{
		dsad_drift_feature(&state, j, &shift);
		check_shift(&shift);
	}
	if (dsad_drift_score(&state, &shift))
		check_shift(&shift);
}

/* All of an update that may fail. */
static DsadStatus
try_update(DsadModel *model, DsadArena *arena, TestEnv *env, const double *rows, DsadError *error)
{
	int8_t		label[ROWS] = {DSAD_UNLABELED, DSAD_ANOMALY, DSAD_UNLABELED, DSAD_NORMAL, DSAD_UNLABELED};
	TestRows	given = {(double *) rows, label, model->scaling.features};
	DsadRowSource source = test_source(&given, ROWS);
	DsadDataset parts[DSAD_PARTS];
	DsadPlan	plan;
	DsadStatus	status;

	dsad_config_update(&model->config, ROWS);
	model->config.epochs = 2;
	status = dsad_prepare_update(model, &plan, arena, arena, &env->env, &source, error);
	if (status != DSAD_OK || dsad_member_memory(model, &plan) > MAX_MEMORY)
		return status;
	memset(parts, 0, sizeof(parts));
	for (int part = 0; part < DSAD_PARTS; part++)
	{
		parts[part].scaled = dsad_arena_array(arena, plan.count[part], model->scaling.inputs * sizeof(float));
		parts[part].label = dsad_arena_array(arena, plan.count[part], sizeof(int8_t));
	}
	status = dsad_fill(model, &plan, &env->env, &source, parts, error);
	for (uint32_t m = 0; m < model->config.members && status == DSAD_OK; m++)
		status = dsad_update_member(model, &plan, m, &env->env, parts, error);
	if (status == DSAD_OK)
		status = dsad_finish(model, &plan, arena, &env->env, parts, error);
	if (status == DSAD_OK)
		fuzz_write_back(model, arena, env);
	return status;
}

static void
update(DsadModel *model, DsadArena *arena, TestEnv *env, const double *rows)
{
	DsadError	error;

	env->polls = 0;
	env->fail_poll = MAX_POLLS;
	check_status(try_update(model, arena, env, rows, &error), &error);
	env->fail_poll = 0;
}

bool
fuzz_one(const uint8_t *data, size_t size)
{
	uint8_t    *copy = fuzz_copy(data, size);
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadScorer *scorer;
	double	   *rows;
	void	   *scratch;
	bool		good;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	good = fuzz_decode(&model, &arena, &env, copy, size, &error) == DSAD_OK && model.scaling.features <= MAX_FEATURES;
	free(copy);
	if (good)
	{
		fuzz_require(dsad_scorer_create(&scorer, &arena, &model, dsad_kernel_best(), &error) == DSAD_OK, "no scorer");
		rows = make_rows(model.scaling.features);
		scratch = malloc(dsad_scorer_scratch(scorer, 1));
		decide(&model, scorer, rows, scratch);
		explain(scorer, &env, rows);
		drift(&model, &arena, rows, scratch);
		fuzz_write_back(&model, &arena, &env);
		update(&model, &arena, &env, rows);
		free(scratch);
		free(rows);
	}
	dsad_arena_release(&arena);
	fuzz_require(env.live == 0, "memory is lost");
	return good;
}
