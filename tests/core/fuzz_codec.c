/*
 * fuzz_codec.c
 *	  Any bytes: refused, or a model that scores and is written back the same.
 *
 * A libFuzzer target.  With DSAD_FUZZ_MAIN it is a program of its own:
 *
 *	fuzz_codec CORPUS [RUNS [SEED]]		mutates the files of that directory
 *	fuzz_codec --write CORPUS			makes them
 *
 * The checksum always matches, and the recorded length is set right unless its
 * highest bit is set: otherwise hardly any input would get past the header.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

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
static void
require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

/* Two rows of cells as features: of missing ones, and of ones that mean all sorts of things. */
static void
encode(const DsadEncoder *encoder, double *units)
{
	double	   *cells = malloc(encoder->cells * sizeof(double));

	require(encoder->columns > 0 && encoder->features > 0, "an encoder of nothing");
	for (int row = 0; row < 2; row++)
	{
		for (uint32_t i = 0; i < encoder->cells; i++)
			cells[i] = row == 0 ? NAN : i % 3 == 0 ? -1e300 : i % 3 == 1 ? 1 : 1e12;
		dsad_encode(encoder, cells, units + (size_t) row * encoder->features);
	}
	for (uint32_t c = 0; c < encoder->columns; c++)
		for (uint32_t k = 0; k < encoder->column[c].categories; k++)
			require(dsad_category_find(&encoder->column[c], encoder->column[c].category[k].bytes,
									   encoder->column[c].category[k].length) <= k, "a category is not found");
	free(cells);
}

/* Two rows through the model: no NaN, and a row's score does not depend on its neighbour. */
static void
score(const DsadModel *model, DsadArena *arena)
{
	DsadScorer *scorer;
	size_t		features = model->scaling.features;
	double	   *rows = calloc(2 * features, sizeof(double));
	float	   *embedding;
	double		together[2];
	double		alone;
	double		pvalue;
	bool		anomaly;
	void	   *scratch;

	require(dsad_scorer_create(&scorer, arena, model, dsad_kernel_best()) == DSAD_OK, "no scorer");
	require(dsad_scorer_features(scorer) == features, "features");
	embedding = calloc(dsad_scorer_embedding_size(scorer), sizeof(float));
	for (size_t j = 0; j < features; j++)
		rows[j] = j % 3 == 0 ? NAN : j % 3 == 1 ? 1e300 : (double) j;
	if (dsad_scorer_encoder(scorer))
		encode(dsad_scorer_encoder(scorer), rows);
	scratch = malloc(dsad_scorer_scratch(scorer, 2));
	require(dsad_score(scorer, &(DsadRows) {rows, 2, false}, scratch, together) == 2, "rows not scored");
	dsad_score(scorer, &(DsadRows) {rows + features, 1, false}, scratch, &alone);
	require(together[0] >= 0 && together[1] >= 0, "a score is NaN or negative");
	require(memcmp(&alone, &together[1], sizeof(alone)) == 0, "scores differ");
	require(dsad_pvalue(scorer, &(DsadRows) {rows, 1, false}, scratch, &pvalue) && pvalue > 0 && pvalue <= 1,
			"a p-value is none");
	require(dsad_is_anomaly(scorer, &(DsadRows) {rows, 1, false}, scratch, &anomaly), "no decision");
	dsad_embed(scorer, &(DsadRows) {rows, 1, false}, scratch, embedding);
	free(scratch);
	free(embedding);
	free(rows);
}

/* A model that was read is written, read and written to the same bytes. */
static void
write_back(const DsadModel *model, DsadArena *arena, DsadEnv *env)
{
	size_t		length = dsad_model_size(model);
	uint8_t    *bytes = malloc(length);
	uint8_t    *again = malloc(length);
	DsadModel	copy;
	DsadError	error;

	require(dsad_model_encode(model, env, bytes, length), "not written");
	require(dsad_model_decode(&copy, arena, env, bytes, length, &error) == DSAD_OK, "not read back");
	require(dsad_model_size(&copy) == length, "another size");
	require(dsad_model_encode(&copy, env, again, length), "not written again");
	require(memcmp(bytes, again, length) == 0, "other bytes");
	free(bytes);
	free(again);
}

/* Whether the bytes are a model. */
static bool
try_bytes(const uint8_t *data, size_t size)
{
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadStatus	status;
	uint8_t    *copy = malloc(size ? size : 1); /* exact, for the sanitizer */

	if (size > 0)
		memcpy(copy, data, size);
	if (size >= HEADER && copy[LENGTH_AT + 7] < 0x80)
		for (int i = 0; i < 8; i++)
			copy[LENGTH_AT + i] = (uint8_t) ((uint64_t) size >> (8 * i));
	test_env_init(&env);
	env.env.crc32c = recorded_crc;
	dsad_arena_init(&arena, &env.env);
	status = dsad_model_decode(&model, &arena, &env.env, copy, size, &error);
	require(status == DSAD_OK || status == DSAD_CORRUPT || status == DSAD_NEWER_FORMAT ||
			status == DSAD_TOO_LARGE, "another status");
	/* the arena's blocks have a least size */
	require((size_t) env.largest <= (size_t) 256 << 10 || (size_t) env.largest <= 4 * size,
			"too much memory asked for");
	free(copy);
	if (status == DSAD_OK)
	{
		score(&model, &arena);
		env.env.crc32c = test_crc32c;
		write_back(&model, &arena, &env.env);
	}
	else
		require(error.status == status && error.message[0] != '\0', "no message");
	dsad_arena_release(&arena);
	require(env.live == 0, "memory is lost");
	return status == DSAD_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_bytes(data, size);
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

	require(dir != NULL, "no such directory");
	while ((entry = readdir(dir)) != NULL && seed_count < MAX_SEEDS)
	{
		char		path[4096];
		Seed	   *seed = &seeds[seed_count];
		FILE	   *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		file = fopen(path, "rb");
		require(file != NULL, "cannot read a file of the corpus");
		seed->bytes = malloc(MAX_SIZE);
		seed->size = fread(seed->bytes, 1, MAX_SIZE, file);
		fclose(file);
		seed_count++;
	}
	closedir(dir);
	require(seed_count > 0, "the corpus is empty");
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

/* ---- making the corpus ---- */

static void
write_file(const char *directory, const char *name, const uint8_t *bytes, size_t size)
{
	char		path[4096];
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	require(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0,
			"cannot write the corpus");
}

/* Trains a model and keeps its bytes, and in some wrong forms. */
static void
write_model(const char *directory, const char *name, const DsadConfig *config, uint32_t features,
			const DsadEncoder *encoder)
{
	TestEnv		env;
	TestRows	rows;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadRowSource source;
	size_t		size;
	uint8_t    *bytes;
	char		other[64];

	test_env_init(&env);
	test_normal_rows(&rows, 20, features, 3);
	source = test_source(&rows, 20);
	source.encoder = encoder;
	dsad_arena_init(&arena, &env.env);
	require(dsad_train(&model, &arena, &env.env, config, &source, &error) == DSAD_OK, "no model");
	size = dsad_model_size(&model);
	bytes = malloc(size);
	require(dsad_model_encode(&model, &env.env, bytes, size), "not written");
	write_file(directory, name, bytes, size);
	snprintf(other, sizeof(other), "%s-cut", name);
	write_file(directory, other, bytes, size * 2 / 3);
	snprintf(other, sizeof(other), "%s-newer", name);
	bytes[8] = 1;
	write_file(directory, other, bytes, size);
	free(bytes);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
}

/* A model of columns: a number with gaps, a category of two, a time. */
static void
write_columns_model(const char *directory)
{
	DsadConfig	config = test_config(10);
	DsadBytes	category[2] = {{"DE", 2}, {"FR", 2}};
	DsadColumn	column[3];
	DsadEncoder encoder;
	TestEnv		env;
	DsadArena	arena;
	DsadError	error;

	memset(&encoder, 0, sizeof(encoder));
	memset(column, 0, sizeof(column));
	encoder.columns = 3;
	encoder.column = column;
	for (int c = 0; c < 3; c++)
	{
		column[c].name = (DsadBytes) {&"abc"[c], 1};
		column[c].type_name = (DsadBytes) {"text", 4};
		column[c].cells = 1;
	}
	column[0].indicator = 1;
	column[1].type = DSAD_TYPE_TEXT;
	column[1].encoding = DSAD_ENCODING_CATEGORY;
	column[1].categories = 2;
	column[1].category = category;
	column[2].type = DSAD_TYPE_TIMESTAMP;
	column[2].encoding = DSAD_ENCODING_TIME;
	column[2].time = DSAD_TIME_CLOCK | DSAD_TIME_CALENDAR | DSAD_TIME_ITSELF;
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	require(dsad_encoder_finish(&encoder, &arena, &error) == DSAD_OK && encoder.features == 10, "no encoder");
	config.scaling = DSAD_SCALING_STANDARD_ROBUST;
	write_model(directory, "columns", &config, 10, &encoder);
	dsad_arena_release(&arena);
}

static void
write_corpus(const char *directory)
{
	DsadConfig	config = test_config(3);

	write_model(directory, "two-members", &config, 3, NULL);
	config.validation = 0.3;
	write_model(directory, "validation", &config, 3, NULL);
	config.validation = 0;
	config.calibration = DSAD_CALIBRATION_SPLIT;
	write_model(directory, "split", &config, 3, NULL);
	config.calibration = DSAD_CALIBRATION_CROSS;
	write_model(directory, "cross", &config, 3, NULL);
	config.calibration = DSAD_CALIBRATION_NONE;
	config.scaling = DSAD_SCALING_STANDARD_ROBUST;
	write_model(directory, "copies", &config, 3, NULL);
	config.objective = DSAD_OBJECTIVE_SOFT_BOUNDARY;
	config.warmup_epochs = 1;
	config.scaling = DSAD_SCALING_MINMAX;
	config.reconstruction = DSAD_RECONSTRUCTION_SIGMOID;
	config.members = 1;
	write_model(directory, "soft-boundary", &config, 4, NULL);
	config.hidden.count = 1;
	config.hidden.value[0] = 2;
	config.latent = 1;
	config.epochs = 0;
	config.pretrain_epochs = 0;
	write_model(directory, "tiny", &config, 1, NULL);
	dsad_config_defaults(&config, DSAD_PRESET_PAPER, 2, 1);
	config.epochs = 2;
	config.pretrain_epochs = 1;
	config.hidden.count = 4;
	for (int i = 0; i < 4; i++)
		config.hidden.value[i] = 5 - i;
	config.latent = 2;
	write_model(directory, "paper-deep", &config, 2, NULL);
	write_columns_model(directory);
	write_file(directory, "empty", (const uint8_t *) "", 0);
	write_file(directory, "magic", (const uint8_t *) "DEEPSAD\n", 8);
}

int
main(int argc, char **argv)
{
	long		runs = argc > 2 ? atol(argv[2]) : 1000000;
	uint8_t    *bytes = malloc(MAX_SIZE);
	long		models = 0;

	require(argc > 1, "usage: fuzz_codec CORPUS [RUNS [SEED]]");
	if (argc > 2 && strcmp(argv[1], "--write") == 0)
	{
		write_corpus(argv[2]);
		free(bytes);
		return 0;
	}
	state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	read_corpus(argv[1]);
	for (int i = 0; i < seed_count; i++)
		models += try_bytes(seeds[i].bytes, seeds[i].size);
	printf("%ld of %d files are models\n", models, seed_count);
	require(models >= 4, "the corpus is of another format; write it anew: fuzz_codec --write CORPUS");
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
		models += try_bytes(bytes, size);
	}
	printf("%ld inputs, %ld of them models: nothing found\n", runs, models);
	for (int i = 0; i < seed_count; i++)
		free(seeds[i].bytes);
	free(bytes);
	return 0;
}
#endif
