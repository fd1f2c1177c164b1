/*
 * test_sample.c
 *	  Training sets: the same from any division of the rows, uniform, and safe to read.
 */
#include <math.h>
#include <time.h>

#include "core/model/bytes.h"
#include "sample_check.h"

#define EXPECTED_SIZE 1098
#define EXPECTED_CRC 0xdaf4a519

static void
test_cells(void)
{
	static const double numbers[] = {0, -0.0, 1, -1, 0.5, 0.1, 1e300, -9223372036854775808.0, 9223372036854774784.0,
									 9223372036854775808.0, INFINITY, -INFINITY, NAN, 16777217, 3.4e38, 5e-324};
	uint8_t		bytes[256];
	DsadCell	cell;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
	{
		size_t		length = dsad_cell_number(bytes, numbers[i]);
		double		back;

		CHECK(dsad_cell_read(bytes, length, &cell) == length && dsad_cell_fits(&cell, DSAD_SAMPLE_FLOAT8));
		back = cell.tag == DSAD_CELL_INTEGER ? (double) cell.integer : cell.number;
		CHECK(back == numbers[i] || (isnan(back) && isnan(numbers[i])));
		for (size_t cut = 0; cut < length; cut++)
			CHECK(dsad_cell_read(bytes, cut, &cell) == 0);
	}
	for (int64_t i = -300; i < 300; i++)
	{
		size_t		length = dsad_cell_integer(bytes, i * 30000000000000000);

		CHECK(dsad_cell_read(bytes, length, &cell) == length && cell.integer == i * 30000000000000000);
	}
	CHECK(dsad_cell_read(bytes, dsad_cell_interval(bytes, INT64_MIN, -5, INT32_MAX), &cell) > 0 &&
		  cell.integer == INT64_MIN && cell.day == -5 && cell.month == INT32_MAX);
	for (uint8_t a = 1; a < DSAD_SAMPLE_TYPES; a++)
		for (uint8_t b = 1; b < DSAD_SAMPLE_TYPES; b++)
		{
			CHECK(dsad_sample_common_type(a, b) == dsad_sample_common_type(b, a));
			for (uint8_t c = 1; c < DSAD_SAMPLE_TYPES; c++)
			{
				uint8_t		ab = dsad_sample_common_type(a, b);
				uint8_t		bc = dsad_sample_common_type(b, c);

				CHECK((ab ? dsad_sample_common_type(ab, c) : 0) == (bc ? dsad_sample_common_type(a, bc) : 0));
			}
		}
}

/* Pictures: as narrow as their pixels allow, and none that is wider, or of a shape that it has not. */
static void
test_pictures(void)
{
	static const struct
	{
		double		pixel[6];
		uint8_t		width;
	} pictures[] = {{{0, -0.0, 255, 1, 2, 3}, 1}, {{256, 0, 0, 0, 0, 0}, 2}, {{-1, NAN, 32767, -32767, 0, 0}, 2}, {{-32768, 0, 0, 0, NAN, 0}, 4}, {{0.5, NAN, INFINITY, 0, 0, 0}, 4}, {{0.1, NAN, 0, 0, 0, 0}, 8}};
	const DsadShape shapes[] = {{1, 2, 3}, {1, 3, 2}, {3, 2, 1}, {6, 1, 1}};

	for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++)
		for (int s = 0; s < 4; s++)
		{
			uint8_t		bytes[256];
			DsadCell	cell;
			size_t		length = dsad_cell_picture(bytes, &(DsadRows) {pictures[i].pixel, 1, false}, 6, shapes[s]);

			CHECK(dsad_cell_read(bytes, length, &cell) == length && dsad_cell_fits(&cell, DSAD_SAMPLE_INT2_ARRAY));
			CHECK(cell.width == pictures[i].width && cell.count == 6 && dsad_cell_is_narrow(&cell) &&
				  memcmp(&cell.shape, &shapes[s], sizeof(cell.shape)) == 0);
			for (uint32_t k = 0; k < 6; k++)
				CHECK(dsad_cell_element(&cell, k) == pictures[i].pixel[k] ||
					  (isnan(dsad_cell_element(&cell, k)) && isnan(pictures[i].pixel[k])));
			for (size_t cut = 0; cut < length; cut++)
				CHECK(dsad_cell_read(bytes, cut, &cell) == 0);
			for (int at = 2; at < 5; at++)
			{
				uint8_t		side = bytes[at];

				bytes[at] = 0;
				CHECK(dsad_cell_read(bytes, length, &cell) == 0);
				bytes[at] = 127;
				CHECK(dsad_cell_read(bytes, length, &cell) == 0);
				bytes[at] = side;
			}
			bytes[1] = 3;
			CHECK(dsad_cell_read(bytes, length, &cell) == 0);
			memset(bytes + 5, 0, 48);
			bytes[1] = 8;
			CHECK(dsad_cell_read(bytes, 53, &cell) == 53 && !dsad_cell_is_narrow(&cell));
		}
}

/* Row number i of a stream with heavy duplicates, and its label. */
static uint32_t
stream_row(uint32_t i, int8_t *label)
{
	uint64_t	h = dsad_hash_priority(i + 1);
	uint32_t	row = (uint32_t) (h >> 40) % ((h & 3) == 0 ? 20 : 3000);

	*label = row % 11 == 0 && (h & 4) ? (row % 22 == 0 ? DSAD_ANOMALY : DSAD_NORMAL) : DSAD_UNLABELED;
	return row;
}

/* The set of the stream's rows that are of this part of so many. */
static void
collect(DsadSample *sample, const DsadEnv *env, bool keyed, uint32_t rows, uint64_t bytes, uint32_t part,
		uint32_t parts)
{
	uint16_t	number[3];
	DsadError	error;

	CHECK(sample_start(sample, env, keyed, rows, bytes, number, &error) == DSAD_OK);
	for (uint32_t i = 0; i < 20000; i++)
	{
		int8_t		label;
		uint32_t	row = stream_row(i, &label);
		DsadStatus	status = DSAD_OK;

		/* a key's content differs from row to row */
		if (dsad_hash_priority(i + 99) % parts == part)
			status = sample_add(sample, number, keyed ? row + 3000 * (i % 3) : row, row, label, &error);
		if (status != DSAD_OK)
			CHECK(status == DSAD_OK);
	}
}

static void
test_merging(bool keyed, uint32_t rows, uint64_t limit)
{
	TestEnv		env;
	DsadSample	whole;
	DsadError	error;
	uint8_t    *expected;
	size_t		size;

	test_env_init(&env);
	collect(&whole, &env.env, keyed, rows, limit, 0, 1);
	CHECK(sample_bytes(&whole, &env.env, &expected, &size, &error) == DSAD_OK);
	for (uint32_t parts = 2; parts < 12; parts += 3)
	{
		DsadSample	merged;
		uint8_t    *bytes;
		size_t		merged_size;

		memset(&merged, 0, sizeof(merged));
		for (uint32_t p = 0; p < parts; p++)
		{
			DsadSample	part;

			collect(&part, &env.env, keyed, rows, limit, (p * 7) % parts, parts);
			CHECK(sample_bytes(&part, &env.env, &bytes, &merged_size, &error) == DSAD_OK);
			CHECK(sample_merge(&merged, &env.env, bytes, merged_size, &error) == DSAD_OK);
			free(bytes);
			dsad_sample_release(&part);
		}
		CHECK(sample_bytes(&merged, &env.env, &bytes, &merged_size, &error) == DSAD_OK);
		CHECK(merged_size == size && memcmp(bytes, expected, size) == 0);
		free(bytes);
		dsad_sample_release(&merged);
	}
	free(expected);
	dsad_sample_release(&whole);
	CHECK(env.live == 0);
}

/* Counts are those of the stream, and labels are not lost. */
static void
test_counts(void)
{
	static uint32_t count[3000];
	TestEnv		env;
	DsadSample	sample;
	DsadSampleView view;
	DsadSampleCursor cursor;
	DsadSampleRow row;
	DsadArena	arena;
	DsadError	error;
	uint8_t    *bytes;
	size_t		size;
	uint32_t	right = 0;
	uint32_t	plain = 0;
	bool		conflict;
	uint64_t	last = 0;

	memset(count, 0, sizeof(count));
	for (uint32_t i = 0; i < 20000; i++)
	{
		int8_t		label;

		count[stream_row(i, &label)]++;
	}
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	collect(&sample, &env.env, true, 500, 1000000, 0, 1);
	CHECK(sample_bytes(&sample, &env.env, &bytes, &size, &error) == DSAD_OK);
	CHECK(dsad_sample_open(&view, &arena, &env.env, bytes, size, &error) == DSAD_OK);
	CHECK(view.entries[1] == 500 && view.entries[0] > 100 && view.entries[2] > 100);
	dsad_sample_start(&cursor, &view);
	while (dsad_sample_next(&cursor, &row, &conflict))
	{
		char		key[16] = {0};
		int			which;

		CHECK(row.hash >= last && !conflict);
		last = row.hash;
		memcpy(key, row.key.bytes, row.key.length);
		which = atoi(key);
		plain += which % 11 != 0;
		CHECK(row.label == (which % 11 != 0 ? DSAD_UNLABELED : row.label) && row.count <= count[which]);
		if (which % 11 != 0)
			right += row.count == count[which];
	}
	CHECK(right > 400 && right == plain);
	free(bytes);
	dsad_sample_release(&sample);
	dsad_arena_release(&arena);
}

/* Over seeds, entries are as often of each position as of each other: chi-squared with 19 degrees of freedom. */
static void
test_uniform_sample(void)
{
	uint32_t	bin[20] = {0};
	double		chi = 0;
	double		expected = 1000.0 * 20 / 20;

	for (int64_t seed = 0; seed < 1000; seed++)
	{
		uint64_t	least[20];
		uint32_t	which[20];
		int			kept = 0;

		for (uint32_t i = 0; i < 400; i++)
		{
			char		key[16];
			int			length = snprintf(key, sizeof(key), "%u", i);
			uint64_t	hash = dsad_hash_priority(dsad_hash_bytes(dsad_hash_seed(seed), (uint8_t *) key,
																  (size_t) length));
			int			at = kept < 20 ? kept++ : 19;

			if (at == 19 && kept == 20 && i >= 20 && hash >= least[19])
				continue;
			for (; at > 0 && least[at - 1] > hash; at--)
			{
				least[at] = least[at - 1];
				which[at] = which[at - 1];
			}
			least[at] = hash;
			which[at] = i;
		}
		for (int i = 0; i < 20; i++)
			bin[which[i] / 20]++;
	}
	for (int i = 0; i < 20; i++)
		chi += (bin[i] - expected) * (bin[i] - expected) / expected;
	CHECK(chi < 43.8);			/* p > 0.001 */
}

/* Out of memory anywhere is an error, and nothing is lost. */
static void
test_memory(void)
{
	bool		done = false;

	for (long fail = 1; !done && fail < 400; fail++)
	{
		TestEnv		env;
		DsadSample	sample;
		DsadError	error;
		uint16_t	number[3];
		uint8_t    *bytes = NULL;
		size_t		size;
		DsadStatus	status;

		test_env_init(&env);
		env.fail_allocation = fail;
		status = sample_start(&sample, &env.env, false, 30, 4000, number, &error);
		for (uint32_t i = 0; i < 200 && status == DSAD_OK; i++)
			status = sample_add(&sample, number, i, 0, DSAD_UNLABELED, &error);
		if (status == DSAD_OK)
			status = sample_bytes(&sample, &env.env, &bytes, &size, &error);
		CHECK(status == DSAD_OK || status == DSAD_NO_MEMORY);
		done = status == DSAD_OK;
		free(bytes);
		dsad_sample_release(&sample);
		CHECK(env.live == 0);
	}
	CHECK(done);
}

/* What a set's bytes are worth with a number at `at` set to another, behind a checksum that matches. */
static DsadStatus
open_with(uint8_t *bytes, size_t size, size_t at, uint64_t number, int width, const DsadEnv *env)
{
	uint8_t		before[8];
	DsadArena	arena;
	DsadSampleView view;
	DsadError	error;
	DsadStatus	status;

	memcpy(before, bytes + at, (size_t) width);
	dsad_store_int(bytes + at, number, width);
	dsad_store_int(bytes + size - 4, test_crc32c(bytes, size - 4), 4);
	dsad_arena_init(&arena, env);
	status = dsad_sample_open(&view, &arena, env, bytes, size, &error);
	dsad_arena_release(&arena);
	memcpy(bytes + at, before, (size_t) width);
	return status;
}

/* A set's bytes are the same on every machine, and hold no more than their bounds allow. */
static void
test_bytes(void)
{
	TestEnv		env;
	DsadSample	sample;
	DsadError	error;
	uint16_t	number[3];
	uint8_t    *bytes;
	size_t		size;

	test_env_init(&env);
	CHECK(sample_start(&sample, &env.env, false, 100, 100000, number, &error) == DSAD_OK);
	for (uint32_t i = 0; i < 50; i++)
		CHECK(sample_add(&sample, number, i % 40, 0, i % 10 == 3 ? DSAD_ANOMALY : DSAD_UNLABELED, &error) == DSAD_OK);
	CHECK(sample_bytes(&sample, &env.env, &bytes, &size, &error) == DSAD_OK);
	CHECK(size == EXPECTED_SIZE && test_crc32c(bytes, size - 4) == EXPECTED_CRC);
	if (test_crc32c(bytes, size - 4) != EXPECTED_CRC)
		printf("size %zu crc 0x%08x\n", size, test_crc32c(bytes, size - 4));
	CHECK(open_with(bytes, size, 24, 100, 4, &env.env) == DSAD_OK);
	CHECK(open_with(bytes, size, 24, 36, 4, &env.env) == DSAD_OK);
	CHECK(open_with(bytes, size, 24, 35, 4, &env.env) == DSAD_CORRUPT);
	CHECK(open_with(bytes, size, 16, 1000, 8, &env.env) == DSAD_CORRUPT);
	free(bytes);
	dsad_sample_release(&sample);
}

/* Adds rows with keys whose hashes are alike in their lower half or (whole) everywhere; how many there are then. */
static uint32_t
add_made(TestEnv *env, uint32_t rows, bool whole, DsadStatus *status)
{
	DsadSample	sample;
	DsadError	error;
	uint32_t	entries;

	*status = dsad_sample_init(&sample, &env->env, 0, DSAD_SAMPLE_MAX_ROWS, DSAD_SAMPLE_MAX_BYTES, &error);
	sample.typed = sample.keyed = true;
	for (uint64_t i = 0; i < rows && *status == DSAD_OK; i++)
	{
		DsadSampleRow row = {.count = 1,
							 .label = DSAD_UNLABELED,
							 .hash = whole ? 5 : i << 32 | 5,
							 .key = {(const char *) &i, sizeof(i)},
							 .content = {"", 0}};

		*status = dsad_sample_add(&sample, &row, &error);
	}
	entries = sample.entries[DSAD_UNLABELED + 1];
	dsad_sample_release(&sample);
	return entries;
}

/* Keys that somebody made so: those alike in half take no longer than others, those of one hash can be canceled. */
static void
test_made_keys(void)
{
	TestEnv		env;
	DsadStatus	status;
	clock_t		start = clock();

	test_env_init(&env);
	CHECK(add_made(&env, 150000, false, &status) == 150000 && status == DSAD_OK);
	CHECK((double) (clock() - start) / CLOCKS_PER_SEC < 2);
	env.fail_poll = env.polls + 2;
	CHECK(add_made(&env, 6000, true, &status) < 6000 && status == DSAD_CANCELED);
	CHECK(env.live == 0);
}

int
main(void)
{
	test_cells();
	test_pictures();
	test_merging(false, 100000, 10000000);
	test_merging(false, 300, 10000000);
	test_merging(false, 100000, 20000);
	test_merging(true, 100000, 10000000);
	test_merging(true, 300, 10000000);
	test_merging(true, 100000, 20000);
	test_merging(true, 1, 2000);
	test_counts();
	test_uniform_sample();
	test_memory();
	test_made_keys();
	test_bytes();
	return check_report();
}
