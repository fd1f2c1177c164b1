/*
 * fuzz.c
 *	  What the fuzz targets share.
 *
 * The checksum always matches, and the recorded length is set right unless its
 * highest bit is set: otherwise hardly any input would get past the header.
 *
 * For libFuzzer, or with DSAD_FUZZ_MAIN a program of its own:
 *
 *	fuzz_TARGET CORPUS [RUNS [SEED]]	mutates the files of that directory
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define HEADER 24
#define LENGTH_AT 16			/* of the recorded length, in the header */

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The recorded checksum stands just before what it covers. */
static uint32_t
recorded_crc(const void *data, size_t size)
{
	const uint8_t *crc = (const uint8_t *) data - 4;

	(void) size;
	return crc[0] | (uint32_t) crc[1] << 8 | (uint32_t) crc[2] << 16 | (uint32_t) crc[3] << 24;
}

/* Stops here, so that the fuzzer or the sanitizer shows the input. */
void
fuzz_require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

/* The input in memory of exactly its size, for the sanitizer, with its length recorded; the caller frees it. */
uint8_t *
fuzz_copy(const uint8_t *data, size_t size)
{
	uint8_t    *copy = malloc(size ? size : 1);

	if (size > 0)
		memcpy(copy, data, size);
	if (size >= HEADER && copy[LENGTH_AT + 7] < 0x80)
		for (int i = 0; i < 8; i++)
			copy[LENGTH_AT + i] = (uint8_t) ((uint64_t) size >> (8 * i));
	return copy;
}

/* Reads it, whatever its checksum. */
DsadStatus
fuzz_decode(DsadModel *model, DsadArena *arena, TestEnv *env, const uint8_t *copy, size_t size, DsadError *error)
{
	env->env.crc32c = recorded_crc;
	return dsad_model_decode(model, arena, copy, size, error);
}

/* A model that was read is written, read and written to the same bytes. */
void
fuzz_write_back(const DsadModel *model, DsadArena *arena, TestEnv *env)
{
	size_t		length;
	size_t		again_length;
	uint8_t    *bytes;
	uint8_t    *again;
	DsadModel	copy;
	DsadError	error;

	env->env.crc32c = test_crc32c;
	bytes = test_encode(model, env, &length);
	fuzz_require(bytes != NULL, "not written");
	fuzz_require(dsad_model_decode(&copy, arena, bytes, length, &error) == DSAD_OK, "not read back");
	again = test_encode(&copy, env, &again_length);
	fuzz_require(again != NULL && again_length == length, "another size");
	fuzz_require(memcmp(bytes, again, length) == 0, "other bytes");
	free(bytes);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_one(data, size);
	return 0;
}

#ifdef DSAD_FUZZ_MAIN
#include <dirent.h>

#define MAX_SEEDS 64
#define MAX_SIZE (64 << 10)

typedef struct Seed
{
	uint8_t    *bytes;
	size_t		size;
} Seed;

static Seed seeds[MAX_SEEDS];
static int	seed_count;
static uint64_t state;

static size_t
below(size_t bound)
{
	return (size_t) (test_uniform(&state) * (double) bound);
}

/* Every file of the directory. */
static void
read_corpus(const char *directory)
{
	DIR		   *dir = opendir(directory);
	struct dirent *entry;

	fuzz_require(dir != NULL, "no such directory");
	while ((entry = readdir(dir)) != NULL && seed_count < MAX_SEEDS)
	{
		char		path[4096];
		Seed	   *seed = &seeds[seed_count];
		FILE	   *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		file = fopen(path, "rb");
		fuzz_require(file != NULL, "cannot read a file of the corpus");
		seed->bytes = malloc(MAX_SIZE);
		seed->size = fread(seed->bytes, 1, MAX_SIZE, file);
		fclose(file);
		seed_count++;
	}
	closedir(dir);
	fuzz_require(seed_count > 0, "the corpus is empty");
}

/* Little-endian value of width bytes, somewhere; often a boundary. */
static void
put_number(uint8_t *bytes, size_t size)
{
	static const uint64_t values[] = {0, 1, 2, 15, 16, 17, 64, 65, 255, 256, 4096, 8192, 65535, 65536,
									  0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, UINT64_C(0x7FFFFFFFFFFFFFFF), UINT64_MAX,
									  UINT64_C(0x7FF0000000000000), 0x7F800000, 0x7F7FFFFF};
	size_t		width = (size_t) 1 << below(4);
	size_t		at;
	uint64_t	value = values[below(sizeof(values) / sizeof(values[0]))];

	if (size < width)
		return;
	at = below(size - width + 1);
	if (below(2))
		at -= at % width;
	for (size_t i = 0; i < width; i++)
		bytes[at + i] = (uint8_t) (value >> (8 * i));
}

/* One random change to bytes (room for MAX_SIZE); returns the new size. */
static size_t
mutate(uint8_t *bytes, size_t size)
{
	const Seed *other = &seeds[below((size_t) seed_count)];
	size_t		at = below(size + 1);
	size_t		count = below(size - at + 1) % 64;

	switch (below(8))
	{
		case 0:
		case 1:
			if (size > 0)
				bytes[below(size)] ^= (uint8_t) (1 << below(8));
			break;
		case 2:
			if (size > 0)
				bytes[below(size)] = (uint8_t) below(256);
			break;
		case 3:
		case 4:
			put_number(bytes, size);
			break;
		case 5:					/* drop a piece */
			if (below(8) == 0)
			{
				memmove(bytes + at, bytes + at + count, size - at - count);
				size -= count;
			}
			break;
		case 6:					/* repeat a piece */
			if (below(4) == 0 && size + count <= MAX_SIZE)
			{
				memmove(bytes + at + count, bytes + at, size - at);
				size += count;
			}
			break;
		case 7:					/* a piece of another file, at the same place */
			if (at + count <= other->size)
				memcpy(bytes + at, other->bytes + at, count);
			break;
	}
	return size;
}

int
main(int argc, char **argv)
{
	long		runs = argc > 2 ? atol(argv[2]) : 1000000;
	uint8_t    *bytes = malloc(MAX_SIZE);
	long		models = 0;

	fuzz_require(argc > 1, "usage: fuzz_TARGET CORPUS [RUNS [SEED]]");
	state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	read_corpus(argv[1]);
	for (int i = 0; i < seed_count; i++)
		models += fuzz_one(seeds[i].bytes, seeds[i].size);
	printf("%ld of %d files are models\n", models, seed_count);
	fuzz_require(models >= 4, "the corpus is of another format; write it anew: tests/run/fuzz --write");
	models = 0;
	for (long run = 0; run < runs; run++)
	{
		const Seed *seed = &seeds[below((size_t) seed_count)];
		size_t		size = seed->size;

		memcpy(bytes, seed->bytes, size);
		for (size_t i = below(4) + 1; i > 0; i--)
			size = mutate(bytes, size);
		if (run % 100 == 0)		/* noise behind a good header */
			for (size_t i = HEADER; i < size; i++)
				bytes[i] = (uint8_t) below(256);
		models += fuzz_one(bytes, size);
	}
	printf("%ld inputs, %ld of them models: nothing found\n", runs, models);
	for (int i = 0; i < seed_count; i++)
		free(seeds[i].bytes);
	free(bytes);
	return 0;
}
#endif
