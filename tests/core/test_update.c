/*
 * test_update.c
 *	  Updates of a finished model: what stays, what changes, the same bytes from
 *	  the same rows, and failing anywhere.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum
{
	ROWS = 60,
	FEATURES = 4
};

/* Trains on the rows, all unlabeled ones, under config; bytes as above. */
static uint8_t *
train(const TestRows *rows, const DsadConfig *config, size_t *length)
{
	DsadRowSource source = test_source((TestRows *) rows, ROWS);
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	TestEnv		env;
	uint8_t    *bytes;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(test_train(&model, &arena, &env.env, config, &source, &error) == DSAD_OK);
	bytes = test_encode(&model, &env, length);
	dsad_arena_release(&arena);
	return bytes;
}

/* The update itself: prepare, fill, every member. */
static DsadStatus
update_model(DsadModel *model, DsadArena *arena, const TestEnv *env, TestRows *rows, uint64_t count,
			 const uint8_t *bytes, size_t length, DsadError *error)
{
	DsadRowSource source = test_source(rows, count);
	DsadDataset parts[DSAD_PARTS];
	DsadPlan	plan;
	DsadStatus	status = dsad_model_decode(model, arena, bytes, length, error);

	if (status != DSAD_OK)
		return status;
	dsad_config_update(&model->config, count);
	model->config.epochs = 60;
	status = dsad_prepare_update(model, &plan, arena, arena, &env->env, &source, error);
	if (status != DSAD_OK)
		return status;
	memset(parts, 0, sizeof(parts));
	for (int part = 0; part < DSAD_PARTS; part++)
	{
		parts[part].scaled = dsad_arena_array(arena, plan.count[part], rows->features * sizeof(float));
		parts[part].label = dsad_arena_array(arena, plan.count[part], sizeof(int8_t));
		if (!parts[part].scaled || !parts[part].label)
			return DSAD_NO_MEMORY;
	}
	status = dsad_fill(model, &plan, &env->env, &source, parts, error);
	for (uint32_t m = 0; m < model->config.members && status == DSAD_OK; m++)
		status = dsad_update_member(model, &plan, m, &env->env, parts, error);
	return status;
}

/* Updates the bytes of a model; NULL when that fails, or length is NULL. */
static uint8_t *
update(TestEnv *env, TestRows *rows, uint64_t count, const uint8_t *bytes, size_t length,
	   size_t *new_length, DsadStatus *status)
{
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	uint8_t    *result = NULL;

	dsad_arena_init(&arena, &env->env);
	*status = update_model(&model, &arena, env, rows, count, bytes, length, &error);
	if (*status == DSAD_OK && new_length != NULL)
		result = test_encode(&model, env, new_length);
	dsad_arena_release(&arena);
	return result;
}

/* What both of two models of one shape keep the same in an update. */
static void
check_kept(const DsadModel *a, const DsadModel *b)
{
	CHECK(memcmp(a->scaling.offset, b->scaling.offset, FEATURES * sizeof(double)) == 0);
	CHECK(memcmp(a->scaling.scale, b->scaling.scale, FEATURES * sizeof(double)) == 0);
	CHECK(a->facts.rows == b->facts.rows && a->facts.anomalies == b->facts.anomalies);
	for (int m = 0; m < a->config.members; m++)
	{
		const DsadMember *x = &a->members[m];
		const DsadMember *y = &b->members[m];

		CHECK(memcmp(x->center, y->center, (size_t) a->config.latent * sizeof(float)) == 0);
		for (uint32_t l = 0; l + 1 < a->layers; l++)
		{
			CHECK(memcmp(x->running_mean[l], y->running_mean[l], a->dims[l + 1] * sizeof(float)) == 0);
			CHECK(memcmp(x->running_var[l], y->running_var[l], a->dims[l + 1] * sizeof(float)) == 0);
		}
		for (uint32_t l = 0; l < a->layers; l++)
			CHECK(memcmp(x->weight[l], y->weight[l], a->dims[l] * a->dims[l + 1] * sizeof(float)) != 0);
	}
}

static void
score_bytes(const uint8_t *bytes, size_t length, const TestRows *rows, DsadModel *model,
			DsadArena *arena, double *score)
{
	TestEnv		env;
	DsadScorer *scorer;
	DsadError	error;

	test_env_init(&env);
	CHECK(dsad_model_decode(model, arena, bytes, length, &error) == DSAD_OK);
	CHECK(dsad_scorer_create(&scorer, arena, model, dsad_kernel_best(), &error) == DSAD_OK);
	test_score(scorer, rows->value, ROWS, score);
}

/* Rows that an expert called anomalies score higher, the mean of the others stays, and so does the rest of the model. */
static void
test_labels(const uint8_t *before, size_t length, TestRows *rows)
{
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model[2];
	DsadStatus	status;
	size_t		new_length;
	double		old_score[ROWS];
	double		new_score[ROWS];
	double		old_mean = 0;
	double		new_mean = 0;
	uint8_t    *after;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	rows->label[3] = rows->label[30] = DSAD_ANOMALY;
	rows->label[7] = DSAD_NORMAL;
	after = update(&env, rows, ROWS, before, length, &new_length, &status);
	CHECK(status == DSAD_OK);
	score_bytes(before, length, rows, &model[0], &arena, old_score);
	score_bytes(after, new_length, rows, &model[1], &arena, new_score);
	check_kept(&model[0], &model[1]);
	CHECK(model[0].facts.updates == 0 && model[1].facts.updates == 1);
	CHECK(model[1].facts.update_rows == ROWS && model[1].facts.update_anomalies == 2 &&
		  model[1].facts.update_normals == 1);
	CHECK(new_score[3] > 1.2 * old_score[3] && new_score[30] > 1.2 * old_score[30]);
	for (int i = 0; i < ROWS; i++)
		if (rows->label[i] != DSAD_ANOMALY)
		{
			old_mean += old_score[i] / (ROWS - 2);
			new_mean += new_score[i] / (ROWS - 2);
		}
	CHECK(fabs(new_mean - old_mean) <= 1e-6 * old_mean);
	free(after);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
}

/* The same rows in another order give the same bytes; a second update shuffles in another way. */
static void
test_determinism(const uint8_t *before, size_t length, const TestRows *rows)
{
	TestEnv		env;
	TestRows	reversed = *rows;
	DsadStatus	status;
	uint8_t    *bytes[3];
	size_t		lengths[3];

	test_env_init(&env);
	reversed.value = malloc(ROWS * FEATURES * sizeof(double));
	reversed.label = malloc(ROWS);
	for (int i = 0; i < ROWS; i++)
	{
		memcpy(reversed.value + i * FEATURES, rows->value + (ROWS - 1 - i) * FEATURES, FEATURES * sizeof(double));
		reversed.label[i] = rows->label[ROWS - 1 - i];
	}
	bytes[0] = update(&env, (TestRows *) rows, ROWS, before, length, &lengths[0], &status);
	bytes[1] = update(&env, &reversed, ROWS, before, length, &lengths[1], &status);
	CHECK(lengths[0] == lengths[1] && memcmp(bytes[0], bytes[1], lengths[0]) == 0);
	bytes[2] = update(&env, (TestRows *) rows, ROWS, bytes[0], lengths[0], &lengths[2], &status);
	CHECK(lengths[2] == lengths[0] && memcmp(bytes[2], bytes[0], lengths[0]) != 0);
	for (int i = 0; i < 3; i++)
		free(bytes[i]);
	test_free_rows(&reversed);
	CHECK(env.live == 0);
}

/*
 * As workers do it: an update's members go through bytes whose room was reckoned for the update's
 * epochs, whatever the training's were.
 */
static void
test_member_bytes(TestRows *rows, int64_t epochs, double validation, int64_t update_epochs)
{
	DsadConfig	config = test_config(FEATURES);
	DsadRowSource source = test_source(rows, ROWS);
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadModel	worker;
	DsadPlan	plan;
	DsadError	error;
	size_t		length;
	uint8_t    *before;

	config.epochs = epochs;
	config.validation = validation;
	config.patience = 1;
	before = train(rows, &config, &length);
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(dsad_model_decode(&model, &arena, before, length, &error) == DSAD_OK);
	CHECK(validation == 0 || model.members[0].stop == DSAD_STOP_VALIDATION);
	dsad_config_update(&model.config, ROWS);
	model.config.epochs = update_epochs;
	CHECK(dsad_prepare_update(&model, &plan, &arena, &arena, &env.env, &source, &error) == DSAD_OK);
	CHECK(dsad_model_alloc(&worker, &arena, &model.config, FEATURES, model.scaling.inputs, model.picture, &error) == DSAD_OK);
	CHECK(dsad_model_alloc_losses(&worker, &arena, &error) == DSAD_OK);
	worker.facts = model.facts;
	for (uint32_t m = 0; m < model.config.members; m++)
	{
		size_t		room = dsad_member_size(&model);
		uint8_t    *bytes = malloc(room);
		size_t		used = dsad_member_encode(&model, m, &env.env, bytes, room);

		CHECK(used > 0 && used <= room);
		CHECK(dsad_member_decode(&worker, m, &env.env, bytes, used, &error) == DSAD_OK);
		CHECK(worker.members[m].pretrain_epochs_run == model.members[m].pretrain_epochs_run);
		free(bytes);
	}
	free(before);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
}

/* The largest number of updates that the bytes hold stays, and the model can be read. */
static void
test_many_updates(const uint8_t *before, size_t length, TestRows *rows)
{
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadStatus	status;
	size_t		lengths[2];
	uint8_t    *bytes[2];

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(dsad_model_decode(&model, &arena, before, length, &error) == DSAD_OK);
	model.facts.updates = UINT32_MAX;
	bytes[0] = test_encode(&model, &env, &lengths[0]);
	bytes[1] = update(&env, rows, ROWS, bytes[0], lengths[0], &lengths[1], &status);
	CHECK(status == DSAD_OK);
	CHECK(dsad_model_decode(&model, &arena, bytes[1], lengths[1], &error) == DSAD_OK);
	CHECK(model.facts.updates == UINT32_MAX);
	free(bytes[0]);
	free(bytes[1]);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
}

/* One row, and rows that are all known anomalies, update too; rows of another width do not. */
static void
test_odd_rows(const uint8_t *before, size_t length, TestRows *rows)
{
	TestEnv		env;
	DsadStatus	status;
	size_t		new_length;
	TestRows	narrow = *rows;

	test_env_init(&env);
	free(update(&env, rows, 1, before, length, &new_length, &status));
	CHECK(status == DSAD_OK);
	rows->label[0] = rows->label[1] = DSAD_ANOMALY;
	free(update(&env, rows, 2, before, length, &new_length, &status));
	CHECK(status == DSAD_OK);
	rows->label[0] = rows->label[1] = DSAD_UNLABELED;
	narrow.features = FEATURES - 1;
	free(update(&env, &narrow, 2, before, length, &new_length, &status));
	CHECK(status == DSAD_BAD_DATA);
	CHECK(env.live == 0);
}

/* Canceled at every poll, out of memory at every allocation. */
static void
test_failures(const uint8_t *before, size_t length, TestRows *rows)
{
	TestEnv		env;
	DsadStatus	status;
	long		polls;
	long		allocations;

	test_env_init(&env);
	free(update(&env, rows, 20, before, length, NULL, &status));
	polls = env.polls;
	allocations = env.allocations;
	/* two batches an epoch */
	CHECK(polls >= 8);
	for (long i = 1; i <= polls + allocations; i++)
	{
		test_env_init(&env);
		if (i <= polls)
			env.fail_poll = i;
		else
			env.fail_allocation = i - polls;
		free(update(&env, rows, 20, before, length, NULL, &status));
		CHECK(status == (i <= polls ? DSAD_CANCELED : DSAD_NO_MEMORY) && env.live == 0);
	}
}

int
main(void)
{
	DsadConfig	config;
	TestRows	rows;
	size_t		length;
	uint8_t    *model;

	test_normal_rows(&rows, ROWS, FEATURES, 3);
	config = test_config(FEATURES);
	model = train(&rows, &config, &length);
	test_labels(model, length, &rows);
	test_determinism(model, length, &rows);
	test_member_bytes(&rows, 35, 0, 1);
	test_member_bytes(&rows, 1, 0, 35);
	test_member_bytes(&rows, 20, 0, 20);
	test_member_bytes(&rows, 500, 0.3, 2);
	test_member_bytes(&rows, 500, 0.3, 600);
	test_many_updates(model, length, &rows);
	test_odd_rows(model, length, &rows);
	test_failures(model, length, &rows);
	free(model);
	test_free_rows(&rows);
	return check_report();
}
