/*
 * check.c
 *	  Checks, the failing environment and test data.
 */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int	passed;
static int	failed;

void
check_that(bool condition, const char *file, int line, const char *text)
{
	if (condition)
		passed++;
	else
	{
		failed++;
		printf("not ok: %s:%d: %s\n", file, line, text);
	}
}

/* Prints the counts; the program's exit status. */
int
check_report(void)
{
	printf("%d passed, %d failed\n", passed, failed);
	return failed > 0 || passed == 0;
}

static void *
test_alloc(void *ctx, size_t size)
{
	TestEnv    *env = ctx;
	void	   *block;

	if (++env->allocations == env->fail_allocation)
		return NULL;
	if ((long) size > env->largest)
		env->largest = (long) size;
	block = malloc(size);
	if (block)
	{
		memset(block, 0xA5, size);
		env->live++;
	}
	return block;
}

static void *
test_resize(void *ctx, void *block, size_t size)
{
	TestEnv    *env = ctx;

	if (block == NULL)
		return test_alloc(ctx, size);
	if (++env->allocations == env->fail_allocation)
		return NULL;
	if ((long) size > env->largest)
		env->largest = (long) size;
	return realloc(block, size);
}

static void
test_release(void *ctx, void *block)
{
	((TestEnv *) ctx)->live--;
	free(block);
}

static int
test_poll(void *ctx)
{
	TestEnv    *env = ctx;

	return ++env->polls == env->fail_poll;
}

/* CRC-32C, bit by bit: slow and obviously right. */
uint32_t
test_crc32c(const void *data, size_t length)
{
	const uint8_t *byte = data;
	uint32_t	crc = 0xFFFFFFFF;

	for (size_t i = 0; i < length; i++)
	{
		crc ^= byte[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82F63B78 : crc >> 1;
	}
	return ~crc;
}

void
test_env_init(TestEnv *env)
{
	memset(env, 0, sizeof(*env));
	env->env.alloc = test_alloc;
	env->env.resize = test_resize;
	env->env.release = test_release;
	env->env.poll = test_poll;
	env->env.crc32c = test_crc32c;
	env->env.ctx = env;
}

/* The model as bytes, in memory of exactly their length that the caller frees. */
uint8_t *
test_encode(const DsadModel *model, const TestEnv *env, size_t *length)
{
	uint8_t    *bytes;
	uint8_t    *exact;
	DsadError	error;

	if (dsad_model_encode(model, &env->env, 0, &bytes, length, &error) != DSAD_OK)
		return NULL;
	CHECK(*length == dsad_model_size(model));
	exact = malloc(*length);
	memcpy(exact, bytes, *length);
	env->env.release(env->env.ctx, bytes);
	return exact;
}

static int
read_row(void *ctx, uint64_t row, double *features, int8_t *label)
{
	TestRows   *rows = ctx;

	memcpy(features, rows->value + row * rows->features, rows->features * sizeof(double));
	*label = rows->label[row];
	return 0;
}

/* Counts the rows' labels into the source. */
void
test_count_labels(DsadRowSource *source)
{
	double	   *row = malloc(source->features * sizeof(double));
	int8_t		label;

	source->anomalies = source->normals = 0;
	for (uint64_t i = 0; i < source->count; i++)
	{
		source->read(source->ctx, i, row, &label);
		source->anomalies += label == DSAD_ANOMALY;
		source->normals += label == DSAD_NORMAL;
	}
	free(row);
}

DsadRowSource
test_source(TestRows *rows, uint64_t count)
{
	DsadRowSource source = {rows, count, rows->features, false, read_row, NULL, 0, 0, NULL};

	test_count_labels(&source);
	return source;
}

/* Uniform in [0, 1), from a linear congruential generator: the same everywhere. */
double
test_uniform(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double) (*state >> 40) / (double) (1 << 24);
}

/* Rows near a line, so that there is something to learn; every label unlabeled. */
void
test_normal_rows(TestRows *rows, uint32_t count, uint32_t features, uint64_t seed)
{
	rows->features = features;
	rows->value = malloc((size_t) count * features * sizeof(double));
	rows->label = calloc(count, 1);
	for (uint32_t i = 0; i < count; i++)
	{
		double		t = test_uniform(&seed) * 4 - 2;

		for (uint32_t j = 0; j < features; j++)
			rows->value[(size_t) i * features + j] =
				t * (j % 3 + 1.0) + test_uniform(&seed) * 0.5 + (test_uniform(&seed) - 0.5);
	}
}

void
test_free_rows(TestRows *rows)
{
	free(rows->value);
	free(rows->label);
}

/* A small, quick training. */
DsadConfig
test_config(uint32_t features)
{
	DsadConfig	config;

	dsad_config_defaults(&config, DSAD_PRESET_DEFAULT, features, 1);
	config.calibration = DSAD_CALIBRATION_NONE;
	config.hidden.count = 2;
	config.hidden.value[0] = 8;
	config.hidden.value[1] = 6;
	config.latent = 3;
	config.members = 2;
	config.epochs = 3;
	config.pretrain_epochs = 2;
	config.batch_size = 16;
	config.scaling = DSAD_SCALING_STANDARD;
	config.trimming = 0;
	config.ema_decay = 0;
	config.input_weight = 0;
	return config;
}

/* Scores finite rows (count, features) with scratch memory of exactly the promised size. */
void
test_score(const DsadScorer *scorer, const double *rows, size_t count, double *scores)
{
	DsadRows	input = {rows, count, false};
	void	   *scratch = malloc(dsad_scorer_scratch(scorer, count));

	CHECK(dsad_score(scorer, &input, scratch, scores) == count);
	free(scratch);
}

void
test_embed(const DsadScorer *scorer, const double *row, float *embedding)
{
	DsadRows	input = {row, 1, false};
	void	   *scratch = malloc(dsad_scorer_scratch(scorer, 1));

	CHECK(dsad_embed(scorer, &input, scratch, embedding));
	free(scratch);
}

/* The steps of test_train; scratch holds the plan and the scaled rows. */
static DsadStatus
train_in_memory(DsadModel *model, DsadArena *arena, DsadArena *scratch, const DsadEnv *env,
				const DsadConfig *config, const DsadRowSource *rows, DsadError *error)
{
	DsadPlan	plan;
	DsadDataset parts[DSAD_PARTS];
	DsadStatus	status = dsad_prepare(model, &plan, arena, scratch, env, config, rows, error);

	if (status != DSAD_OK)
		return status;
	memset(parts, 0, sizeof(parts));
	for (int part = 0; part < DSAD_PARTS; part++)
	{
		parts[part].scaled = dsad_arena_array(scratch, plan.count[part], model->scaling.inputs * sizeof(float));
		parts[part].label = dsad_arena_array(scratch, plan.count[part], sizeof(int8_t));
		if (!parts[part].scaled || !parts[part].label)
			return dsad_no_memory(error);
	}
	status = dsad_fill(model, &plan, env, rows, parts, error);
	for (uint32_t m = 0; m < config->members && status == DSAD_OK; m++)
		status = dsad_train_member(model, &plan, m, env, parts, error);
	return status == DSAD_OK ? dsad_finish(model, &plan, arena, env, parts, error) : status;
}

/*
 * Trains a model on rows (at least one) under config, all in memory and one
 * member after the other.  The model lives in arena.
 */
DsadStatus
test_train(DsadModel *model, DsadArena *arena, const DsadEnv *env, const DsadConfig *config,
		   const DsadRowSource *rows, DsadError *error)
{
	DsadArena	scratch;
	DsadStatus	status;

	dsad_arena_init(&scratch, env);
	status = train_in_memory(model, arena, &scratch, env, config, rows, error);
	dsad_arena_release(&scratch);
	return status;
}
