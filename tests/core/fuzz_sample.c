/*
 * fuzz_sample.c
 *	  Any bytes: refused, or a training set that merges with itself and others and is written
 *	  back as one that opens.  The checksum always matches.
 *
 * For libFuzzer, or with DSAD_FUZZ_MAIN a program of its own:
 *
 *	fuzz_sample [RUNS [SEED]]	mutates made-up sets
 */
#include "sample_check.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* Reads all entries of a set that has opened. */
static void
read_all(const DsadSampleView *view)
{
	DsadSampleCursor cursor;
	DsadSampleRow row;
	uint64_t	last = 0;
	uint64_t	entries = 0;
	bool		conflict;

	dsad_sample_start(&cursor, view);
	while (dsad_sample_next(&cursor, &row, &conflict))
	{
		require(row.hash >= last && row.count > 0, "entries are out of order");
		last = row.hash;
		entries++;
	}
	require(entries <= (uint64_t) view->entries[0] + view->entries[1] + view->entries[2], "more entries than there are");
}

/* Merges a set twice, and writes it back. */
static void
write_back(TestEnv *env, const uint8_t *data, size_t size)
{
	DsadSample	merged;
	DsadArena	arena;
	DsadSampleView view;
	DsadError	error;
	uint8_t    *bytes;
	size_t		length;

	memset(&merged, 0, sizeof(merged));
	require(sample_merge(&merged, &env->env, data, size, &error) == DSAD_OK, "a set does not merge");
	require(sample_merge(&merged, &env->env, data, size, &error) == DSAD_OK, "a set does not merge with itself");
	require(sample_bytes(&merged, &env->env, &bytes, &length, &error) == DSAD_OK, "a set is not written");
	dsad_sample_release(&merged);
	dsad_arena_init(&arena, &env->env);
	require(dsad_sample_open(&view, &arena, &env->env, bytes, length, &error) == DSAD_OK, "a written set does not open");
	read_all(&view);
	dsad_arena_release(&arena);
	free(bytes);
}

static bool was_set;			/* the last input */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TestEnv		env;
	DsadArena	arena;
	DsadSampleView view;
	DsadError	error;
	DsadStatus	status;
	uint8_t    *copy = malloc(size + 1);

	if (size > 0)
		memcpy(copy, data, size);
	test_env_init(&env);
	if (size > 4)
	{
		uint32_t	crc = test_crc32c(copy, size - 4);

		for (int i = 0; i < 4; i++)
			copy[size - 4 + (size_t) i] = (uint8_t) (crc >> (8 * i));
	}
	dsad_arena_init(&arena, &env.env);
	status = dsad_sample_open(&view, &arena, &env.env, copy, size, &error);
	require(status == DSAD_OK || status == DSAD_CORRUPT || status == DSAD_NEWER_FORMAT, "another status");
	if (status == DSAD_OK)
		read_all(&view);
	dsad_arena_release(&arena);
	if (status == DSAD_OK && view.max_bytes <= 1 << 20)
		write_back(&env, copy, size);
	require(env.live == 0, "memory is lost");
	free(copy);
	was_set = status == DSAD_OK;
	return 0;
}

#ifdef DSAD_FUZZ_MAIN

/* A set of `rows` made-up rows. */
static size_t
make_set(uint8_t **bytes, uint64_t *state, bool keyed)
{
	TestEnv		env;
	DsadSample	sample;
	DsadError	error;
	uint16_t	number[3];
	size_t		size;
	uint32_t	rows = 1 + (uint32_t) (test_uniform(state) * 30);

	test_env_init(&env);
	require(sample_start(&sample, &env.env, keyed, 1 + rows / 2, 20000, number, &error) == DSAD_OK, "no set");
	for (uint32_t i = 0; i < rows; i++)
	{
		uint32_t	which = (uint32_t) (test_uniform(state) * 100);

		require(sample_add(&sample, number, which, which / 3, (int8_t) (test_uniform(state) * 3 - 1), &error) == DSAD_OK, "no row");
	}
	require(sample_bytes(&sample, &env.env, bytes, &size, &error) == DSAD_OK, "no bytes");
	dsad_sample_release(&sample);
	return size;
}

int
main(int argc, char **argv)
{
	long		runs = argc > 1 ? atol(argv[1]) : 100000;
	uint64_t	state = argc > 2 ? (uint64_t) atol(argv[2]) : 1;
	long		opened = 0;

	for (long run = 0; run < runs; run++)
	{
		uint8_t    *bytes;
		size_t		size = make_set(&bytes, &state, run % 2 == 0);
		int			changes = (int) (test_uniform(&state) * 4);

		for (int i = 0; i < changes; i++)
		{
			size_t		at = (size_t) (test_uniform(&state) * (double) size);
			double		how = test_uniform(&state);

			if (how < 0.6)
				bytes[at] = (uint8_t) (test_uniform(&state) * 256);
			else if (how < 0.8)
				bytes[at] = (uint8_t) (bytes[at] + (how < 0.7 ? 1 : -1));
			else if (how < 0.9)
				memmove(bytes + at, bytes + at / 2, (size - at) / 2);
			else
				size = at;
		}
		LLVMFuzzerTestOneInput(bytes, size);
		opened += was_set;
		free(bytes);
	}
	printf("%ld inputs, %ld of them sets\n", runs, opened);
	return 0;
}
#endif
