/*
 * test_dataset.c
 *	  The way of the rows: samples, parts, blocks, batches.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "core/copies.h"
#include "core/hash.h"
#include "core/kernel/kernel.h"
#include "core/lowest.h"
#include "core/train/loader.h"

/* Blocks of a data set in memory, that count their use and can fail. */
typedef struct Blocks
{
	DsadDataset data;
	float	   *scaled;
	int8_t	   *label;
	long		written;
	long		read;
	long		fail;			/* the n-th use, 0 = never */
} Blocks;

static int
write_block(void *ctx, uint64_t block, const float *scaled, const int8_t *label, uint32_t rows)
{
	Blocks	   *b = ctx;
	size_t		start = (size_t) block * b->data.block_rows;

	CHECK((long) block == b->written);	/* in order */
	memcpy(b->scaled + start * b->data.inputs, scaled, rows * b->data.inputs * sizeof(float));
	memcpy(b->label + start, label, rows);
	return ++b->written == b->fail;
}

static int
read_block(void *ctx, uint64_t block, float *scaled, int8_t *label)
{
	Blocks	   *b = ctx;
	size_t		start = (size_t) block * b->data.block_rows;
	size_t		left = (size_t) b->data.count - start;
	size_t		rows = left < b->data.block_rows ? left : b->data.block_rows;

	memcpy(scaled, b->scaled + start * b->data.inputs, rows * b->data.inputs * sizeof(float));
	memcpy(label, b->label + start, rows);
	return ++b->read == b->fail;
}

static void
blocks_init(Blocks *b, uint64_t rows, uint32_t features, uint32_t block_rows, size_t window_bytes)
{
	memset(b, 0, sizeof(*b));
	b->scaled = calloc(rows * features + 1, sizeof(float));
	b->label = calloc(rows + 1, 1);
	b->data.ctx = b;
	b->data.block_rows = block_rows;
	b->data.write_block = write_block;
	b->data.read_block = read_block;
	b->data.window_bytes = window_bytes;
}

static void
blocks_free(Blocks *b)
{
	free(b->scaled);
	free(b->label);
}

/* The items of lowest priority: all of a short stream, a uniform choice from a long one, the same in any order. */
static void
test_lowest(void)
{
	enum
	{
		ITEMS = 1000,
		CAPACITY = 50,
		ROUNDS = 400
	};
	double		chosen[ITEMS] = {0};
	double		chi = 0;
	TestEnv		env;

	test_env_init(&env);
	for (uint64_t seed = 0; seed < ROUNDS; seed++)
	{
		bool		kept_before[ITEMS] = {false};

		for (int order = 0; order < 2; order++)
		{
			DsadLowest	lowest = {.capacity = CAPACITY};
			int			slot_item[CAPACITY];
			bool		kept_now[ITEMS] = {false};
			DsadError	error;

			for (int i = 0; i < ITEMS; i++)
			{
				int			item = order == 0 ? i : (i * 7 + 3) % ITEMS;
				bool		kept;
				uint32_t	slot;

				CHECK(dsad_lowest_add(&lowest, &env.env, dsad_hash_end(dsad_hash_step(seed * 1000003 + 17, (uint64_t) item)),
									  &kept, &slot, &error) == DSAD_OK);
				if (!kept)
					continue;
				CHECK(slot < CAPACITY && (i >= CAPACITY || slot == (uint32_t) i));
				slot_item[slot] = item;
			}
			for (int i = 0; i < CAPACITY; i++)
				kept_now[slot_item[i]] = true;
			CHECK(order == 0 || memcmp(kept_before, kept_now, sizeof(kept_now)) == 0);
			memcpy(kept_before, kept_now, sizeof(kept_now));
			dsad_lowest_release(&lowest, &env.env);
		}
		for (int i = 0; i < ITEMS; i++)
			chosen[i] += kept_before[i];
	}
	for (int i = 0; i < ITEMS; i++)
	{
		double		expected = (double) ROUNDS * CAPACITY / ITEMS;

		chi += pow(chosen[i] - expected, 2) / expected;
	}
	/* chi-squared with 999 degrees of freedom: mean 999 (times 0.95: drawn without replacement), deviation 45 */
	CHECK(chi > 700 && chi < 1250);
	CHECK(env.live == 0);
}

/* Copies are counted, each by itself. */
static void
test_copies(void)
{
	enum
	{
		DIFFERENT = 5000
	};
	static uint32_t count[DIFFERENT];
	DsadCopies	copies = {0};
	TestEnv		env;
	DsadError	error;

	test_env_init(&env);
	for (uint64_t i = 0; i < 40000; i++)
	{
		uint32_t	row = (uint32_t) (dsad_hash_end(dsad_hash_step(5, i)) >> 32) % DIFFERENT;
		uint32_t	number;

		CHECK(dsad_copies_add(&copies, &env.env, dsad_hash_end(dsad_hash_step(9, row)), &number, &error) == DSAD_OK);
		CHECK(number == ++count[row]);
	}
	CHECK(copies.count <= DIFFERENT && copies.count > DIFFERENT - 20);
	dsad_copies_release(&copies, &env.env);
	CHECK(env.live == 0);
}

/* Hashes that somebody made alike in their lower half take no longer than others. */
static void
test_made_copies(void)
{
	DsadCopies	copies = {0};
	TestEnv		env;
	DsadError	error;
	clock_t		start = clock();

	test_env_init(&env);
	for (uint64_t i = 0; i < 150000; i++)
	{
		uint32_t	number;

		CHECK(dsad_copies_add(&copies, &env.env, i << 32 | 5, &number, &error) == DSAD_OK && number == 1);
	}
	CHECK((double) (clock() - start) / CLOCKS_PER_SEC < 2);
	dsad_copies_release(&copies, &env.env);
	CHECK(env.live == 0);
}

/* Rows numbered by their first feature. */
static void
numbered_rows(TestRows *rows, uint32_t count, uint32_t features)
{
	test_normal_rows(rows, count, features, 3);
	for (uint32_t i = 0; i < count; i++)
	{
		rows->value[(size_t) i * features] = i;
		rows->label[i] = (int8_t) (i % 10 == 0 ? DSAD_ANOMALY : i % 10 == 1 ? DSAD_NORMAL :
																			  DSAD_UNLABELED);
	}
}

/* Prepares and fills; with block_rows the training part goes to blocks. */
static DsadStatus
prepare(TestEnv *env, DsadArena *arena, TestRows *rows, uint32_t count, double validation, bool sequential,
		DsadModel *model, DsadPlan *plan, DsadDataset *parts, Blocks *blocks)
{
	DsadConfig	config = test_config(rows->features);
	DsadRowSource source = test_source(rows, count);
	DsadError	error;
	DsadStatus	status;

	config.scaling = DSAD_SCALING_NONE;
	config.validation = validation;
	source.sequential = sequential;
	status = dsad_prepare(model, plan, arena, arena, &env->env, &config, &source, &error);
	if (status != DSAD_OK)
		return status;
	memset(parts, 0, DSAD_PARTS * sizeof(*parts));
	for (int part = 0; part < DSAD_PARTS; part++)
	{
		if (part == DSAD_PART_TRAINING && blocks)
		{
			blocks->data.inputs = rows->features;
			parts[part] = blocks->data;
			continue;
		}
		parts[part].scaled = dsad_arena_array(arena, plan->count[part], rows->features * sizeof(float));
		parts[part].label = dsad_arena_array(arena, plan->count[part], 1);
	}
	status = dsad_fill(model, plan, &env->env, &source, parts, &error);
	if (blocks)
		blocks->data = parts[DSAD_PART_TRAINING];
	return status;
}

/* The fitted offsets and scales of every method, on values whose statistics are known. */
static void
test_scaling(void)
{
	/* 0 .. 99; a constant; mostly one value; a third missing */
	enum
	{
		COUNT = 100,
		FEATURES = 4
	};
	const double mean[] = {49.5, 7, 0.05, 3333.0 / 67};
	TestRows	rows = {NULL, calloc(COUNT, 1), FEATURES};

	rows.value = malloc(COUNT * FEATURES * sizeof(double));
	for (int i = 0; i < COUNT; i++)
	{
		double	   *row = rows.value + i * FEATURES;

		row[0] = i;
		row[1] = 7;
		row[2] = i % 20 == 0;
		row[3] = i % 3 == 1 ? NAN : i;
	}
	for (int method = DSAD_SCALING_STANDARD; method <= DSAD_SCALING_STANDARD_ROBUST; method++)
		for (int sequential = 0; sequential < 2; sequential++)
		{
			DsadConfig	config = test_config(FEATURES);
			DsadRowSource source = test_source(&rows, COUNT);
			DsadArena	arena;
			DsadModel	model;
			DsadPlan	plan;
			DsadError	error;
			TestEnv		env;
			const DsadScaling *s = &model.scaling;
			uint32_t	robust = method == DSAD_SCALING_STANDARD_ROBUST ? FEATURES : 0;

			config.scaling = method;
			source.sequential = sequential;
			test_env_init(&env);
			dsad_arena_init(&arena, &env.env);
			CHECK(dsad_prepare(&model, &plan, &arena, &arena, &env.env, &config, &source, &error) == DSAD_OK);
			CHECK(s->inputs == FEATURES + robust);
			for (uint32_t i = 0; i < s->inputs; i++)
				CHECK(fabs(s->fill[i] - mean[i % FEATURES]) < 1e-12);
			CHECK(s->scale[1] == 1);
			if (method == DSAD_SCALING_STANDARD || robust)
			{
				CHECK(fabs(s->offset[0] - 49.5) < 1e-12 && fabs(1 / s->scale[0] - sqrt(833.25)) < 1e-9);
				CHECK(fabs(s->offset[2] - 0.05) < 1e-12 && fabs(1 / s->scale[2] - sqrt(0.0475)) < 1e-9);
				CHECK(s->limit[0] > 1e6);
			}
			if (method == DSAD_SCALING_MINMAX)
				CHECK(s->offset[0] == 0 && s->scale[0] == 1.0 / 99);
			if (method == DSAD_SCALING_NONE)
				CHECK(s->offset[0] == 0 && s->scale[0] == 1);
			if (method == DSAD_SCALING_ROBUST || robust)
			{
				CHECK(s->offset[robust] == 49.5 && fabs(1 / s->scale[robust] - 49.5 / 1.349) < 1e-9);
				CHECK(s->offset[robust + 1] == 7 && s->scale[robust + 1] == 1);
				CHECK(s->offset[robust + 2] == 0 && fabs(1 / s->scale[robust + 2] - sqrt(0.0475)) < 1e-9);
				CHECK(s->limit[robust + 3] == 5);
			}
			for (uint32_t i = 0; i < robust; i++)
				CHECK(s->copied[i] == i);
			dsad_arena_release(&arena);
			CHECK(env.live == 0);
		}
	test_free_rows(&rows);
}

/* Every row is in one part, with its own label, and the parts hold their share of each label. */
static void
test_parts(void)
{
	TestRows	rows;

	numbered_rows(&rows, 1000, 3);
	for (int round = 0; round < 8; round++)
	{
		bool		in_blocks = round & 1;
		bool		sequential = round & 2;
		double		validation = round & 4 ? 0.25 : 0;
		TestEnv		env;
		DsadArena	arena;
		DsadModel	model;
		DsadPlan	plan;
		DsadDataset parts[DSAD_PARTS];
		Blocks		blocks;
		int			seen[1000] = {0};
		int			held_out[3] = {0};

		test_env_init(&env);
		dsad_arena_init(&arena, &env.env);
		blocks_init(&blocks, 1000, 3, 7, 400);
		CHECK(prepare(&env, &arena, &rows, 1000, validation, sequential, &model, &plan, parts,
					  in_blocks ? &blocks : NULL) == DSAD_OK);
		CHECK(plan.count[DSAD_PART_VALIDATION] == (validation > 0 ? 250 : 0));
		CHECK(plan.count[0] + plan.count[1] == 1000);
		CHECK(!in_blocks || blocks.written == (long) (plan.count[DSAD_PART_TRAINING] + 6) / 7);
		for (int part = 0; part < DSAD_PARTS; part++)
			for (uint64_t i = 0; i < parts[part].count; i++)
			{
				bool		block = part == DSAD_PART_TRAINING && in_blocks;
				const float *row = (block ? blocks.scaled : parts[part].scaled) + i * 3;
				int			number = (int) row[0];
				int8_t		label = (block ? blocks.label : parts[part].label)[i];

				seen[number]++;
				CHECK(label == rows.label[number]);
				CHECK(row[1] == (float) rows.value[number * 3 + 1]);
				if (part == DSAD_PART_VALIDATION)
					held_out[label + 1]++;
			}
		for (int i = 0; i < 1000; i++)
			CHECK(seen[i] == 1);
		CHECK(validation == 0 || (held_out[0] == 25 && held_out[1] == 200 && held_out[2] == 25));
		dsad_arena_release(&arena);
		blocks_free(&blocks);
		CHECK(env.live == 0);
	}
	test_free_rows(&rows);
}

/* One pass: each row once (but a lone last one), batches of the size asked for; the order's fingerprint. */
static uint64_t
pass(DsadLoader *loader, uint32_t count, uint32_t batch_rows, bool shuffled, bool in_blocks)
{
	float	   *batch = calloc((size_t) batch_rows * loader->width, sizeof(float));
	int8_t	   *label = calloc(batch_rows, 1);
	int		   *seen = calloc(count, sizeof(int));
	uint64_t	print = 1;
	uint32_t	total = 0;
	uint32_t	n;

	dsad_loader_start(loader, shuffled);
	while (dsad_loader_next(loader, batch_rows, batch, label, &n) == DSAD_OK && n > 0)
	{
		CHECK(n <= batch_rows && (n > 1 || !shuffled || count == 1));
		for (uint32_t i = 0; i < n; i++)
		{
			int			number = (int) batch[i * loader->width];

			seen[number]++;
			CHECK(label[i] == (int8_t) (number % 10 == 0 ? -1 : number % 10 == 1 ? 1 :
																				   0));
			CHECK(shuffled || number == (int) (total + i));
			print = print * 31 + (uint64_t) number;
			for (size_t j = loader->data->inputs; j < loader->width; j++)
				CHECK(batch[i * loader->width + j] == 0);
		}
		total += n;
	}
	CHECK(in_blocks ? total >= count - count / 10 : total + (shuffled && count % batch_rows == 1 && count > 1) == count);
	for (uint32_t i = 0; i < count; i++)
		CHECK(seen[i] <= 1);
	free(batch);
	free(label);
	free(seen);
	return print;
}

/* Shuffled and plain passes, from memory and from blocks. */
static void
test_loader(void)
{
	static const uint32_t counts[] = {1, 2, 16, 17, 33, 100, 501};

	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
		for (int in_blocks = 0; in_blocks < 2; in_blocks++)
		{
			uint32_t	count = counts[c];
			TestRows	rows;
			TestEnv		env;
			DsadArena	arena;
			DsadModel	model;
			DsadPlan	plan;
			DsadDataset parts[DSAD_PARTS];
			DsadLoader	loader;
			DsadError	error;
			Blocks		blocks;
			uint64_t	print[4];

			numbered_rows(&rows, count, 3);
			rows.label[0] = DSAD_UNLABELED;	/* a single row must be eligible */
			test_env_init(&env);
			dsad_arena_init(&arena, &env.env);
			blocks_init(&blocks, count, 3, 7, 20 * 21);
			CHECK(prepare(&env, &arena, &rows, count, 0, true, &model, &plan, parts,
						  in_blocks ? &blocks : NULL) == DSAD_OK);
			(in_blocks ? blocks.label : parts[0].label)[0] = DSAD_ANOMALY;
			CHECK(dsad_loader_alloc(&loader, &arena, &parts[0], &error) == DSAD_OK);
			pass(&loader, count, 16, false, in_blocks);
			for (int i = 0; i < 4; i++)
			{
				if (i % 2 == 0)
					dsad_loader_seed(&loader, 5, 0, DSAD_STREAM_TRAIN_SHUFFLE);
				print[i] = pass(&loader, count, 16, true, in_blocks);
			}
			/* the same seed gives the same epochs, and epochs differ */
			CHECK(print[0] == print[2] && print[1] == print[3]);
			CHECK(count < 16 || print[0] != print[1]);
			dsad_arena_release(&arena);
			CHECK(env.live == 0);
			blocks_free(&blocks);
			test_free_rows(&rows);
		}
}

/* A window of blocks mixes rows that were far apart: sorted input gives batches like those from memory. */
static void
test_mixing(void)
{
	enum
	{
		COUNT = 10000,
		BATCH = 100
	};
	TestRows	rows;
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadPlan	plan;
	DsadDataset parts[DSAD_PARTS];
	DsadLoader	loader;
	DsadError	error;
	Blocks		blocks;
	float		batch[BATCH * DSAD_LANES] = {0};
	int8_t		label[BATCH];
	uint32_t	n;
	double		worst = 0;

	numbered_rows(&rows, COUNT, 1);
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	/* an eighth of the rows fits the window, in 125 blocks */
	blocks_init(&blocks, COUNT, 1, 10, COUNT / 8 * 9);
	CHECK(prepare(&env, &arena, &rows, COUNT, 0, true, &model, &plan, parts, &blocks) == DSAD_OK);
	CHECK(dsad_loader_alloc(&loader, &arena, &parts[0], &error) == DSAD_OK);
	dsad_loader_seed(&loader, 1, 0, DSAD_STREAM_TRAIN_SHUFFLE);
	dsad_loader_start(&loader, true);
	while (dsad_loader_next(&loader, BATCH, batch, label, &n) == DSAD_OK && n > 0)
	{
		double		mean = 0;

		for (uint32_t i = 0; i < n; i++)
			mean += batch[i * DSAD_LANES] / n;
		/* of numbers 0 .. 9999, whose standard deviation is 2887 */
		if (n == BATCH)
			worst = fmax(worst, fabs(mean - COUNT / 2) / (2887 / sqrt(BATCH)));
	}
	CHECK(worst < 5);
	dsad_arena_release(&arena);
	blocks_free(&blocks);
	test_free_rows(&rows);
}

/* A whole training on blocks: whichever use of a block fails, and wherever it is canceled or out of memory. */
static void
test_failing_blocks(void)
{
	TestRows	rows;
	long		uses = 1;

	numbered_rows(&rows, 60, 3);
	for (long fail = 0; fail <= uses; fail++)
	{
		TestEnv		env;
		DsadArena	arena;
		DsadModel	model;
		DsadPlan	plan;
		DsadDataset parts[DSAD_PARTS];
		DsadError	error;
		Blocks		blocks;
		DsadStatus	status;

		test_env_init(&env);
		dsad_arena_init(&arena, &env.env);
		blocks_init(&blocks, 60, 3, 7, 200);
		blocks.fail = fail;
		status = prepare(&env, &arena, &rows, 60, 0.1, true, &model, &plan, parts, &blocks);
		if (fail > 0 && fail <= blocks.written)
			CHECK(status == DSAD_BAD_DATA);
		if (status == DSAD_OK)
			status = dsad_train_member(&model, &plan, 1, &env.env, parts, &error);
		CHECK(status == (fail == 0 ? DSAD_OK : DSAD_BAD_DATA));
		if (fail == 0)
			uses = blocks.read < 200 ? blocks.read : 200;
		dsad_arena_release(&arena);
		CHECK(env.live == 0);
		blocks_free(&blocks);
	}
	test_free_rows(&rows);
}

/* A member carried to another process: the same, and no damaged one gets through. */
static void
test_carried_member(void)
{
	TestRows	rows;
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadModel	other;
	DsadPlan	plan;
	DsadDataset parts[DSAD_PARTS];
	DsadError	error;
	uint8_t    *bytes;
	size_t		length;

	numbered_rows(&rows, 60, 3);
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(prepare(&env, &arena, &rows, 60, 0.2, false, &model, &plan, parts, NULL) == DSAD_OK);
	CHECK(dsad_train_member(&model, &plan, 0, &env.env, parts, &error) == DSAD_OK);
	bytes = malloc(dsad_member_size(&model));
	length = dsad_member_encode(&model, 0, &env.env, bytes, dsad_member_size(&model));
	CHECK(length > 0 && length <= dsad_member_size(&model));
	/* never beyond the room that there is */
	for (size_t room = 0; room < length; room += 61)
	{
		uint8_t    *exact = malloc(room ? room : 1);

		CHECK(dsad_member_encode(&model, 0, &env.env, exact, room) == 0);
		free(exact);
	}
	CHECK(dsad_model_alloc(&other, &arena, &model.config, 3, model.scaling.inputs, model.picture, &error) == DSAD_OK);
	CHECK(dsad_model_alloc_losses(&other, &arena, &error) == DSAD_OK);
	other.facts = model.facts;
	CHECK(dsad_member_decode(&other, 1, &env.env, bytes, length, &error) == DSAD_OK);
	for (uint32_t l = 0; l < model.layers; l++)
		CHECK(memcmp(model.members[0].weight[l], other.members[1].weight[l],
					 model.dims[l] * model.dims[l + 1] * sizeof(float)) == 0);
	CHECK(model.members[0].divisor == other.members[1].divisor);
	CHECK(model.members[0].epochs_run == other.members[1].epochs_run);
	CHECK(memcmp(model.members[0].validation_loss, other.members[1].validation_loss,
				 model.members[0].epochs_run * sizeof(float)) == 0);
	for (size_t l = 0; l < length; l += 7)
		CHECK(dsad_member_decode(&other, 1, &env.env, bytes, l, &error) == DSAD_CORRUPT);
	free(bytes);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
}

int
main(void)
{
	test_lowest();
	test_copies();
	test_made_copies();
	test_scaling();
	test_parts();
	test_loader();
	test_mixing();
	test_failing_blocks();
	test_carried_member();
	return check_report();
}
