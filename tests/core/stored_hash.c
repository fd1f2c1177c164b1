/*
 * stored_hash.c
 *	  Hashes of what stored models say of generated rows: the same on every CPU,
 *	  with every compiler, at every level of the kernels.
 *
 *	stored_hash [-n ROWS] FILE...	prints five hashes and how many models there were; files
 *							that hold no model count as nothing
 *
 * Fails when this CPU's levels disagree.  The rows come from integers and exact
 * operations alone, so they are the same everywhere too.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/hash.h"

#define MAX_ROWS 150			/* more than two blocks of scoring */
#define MAX_SIZE (1 << 20)

static size_t row_count = MAX_ROWS;

typedef struct Hashes
{
	uint64_t	scores;			/* of rows together */
	uint64_t	alone;			/* of one row at a time, and its decision */
	uint64_t	embeddings;
	uint64_t	explanations;
	uint64_t	pvalues;
} Hashes;

static void
step(uint64_t *hash, double value)
{
	*hash = dsad_hash_step(*hash, dsad_number_bits(value));
}

static void
require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "stored_hash: %s\n", what);
	exit(1);
}

/* A number of a row: ordinary, missing, far out, zero or whole. */
static double
draw(uint64_t *state)
{
	double		kind = test_uniform(state);
	double		value = test_uniform(state) * 12 - 6;

	if (kind < 0.08)
		return NAN;
	if (kind < 0.12)
		return value * 1e30;
	if (kind < 0.16)
		return value * 1e300;
	if (kind < 0.2)
		return value < 0 ? -0.0 : 0.0;
	if (kind < 0.4)
		return floor(value * 1e9);	/* as a time, too */
	return kind < 0.5 ? floor(value) : value;
}

/* row_count rows of features (allocated); a model of columns makes them of cells. */
static double *
make_rows(const DsadScorer *scorer)
{
	const DsadEncoder *encoder = dsad_scorer_encoder(scorer);
	uint32_t	features = dsad_scorer_features(scorer);
	uint32_t	cells = encoder ? encoder->cells : features;
	double	   *rows = malloc((size_t) row_count * features * sizeof(double));
	double	   *cell = malloc(cells * sizeof(double));
	uint64_t	state = 20;

	for (size_t i = 0; i < row_count; i++)
	{
		for (uint32_t j = 0; j < cells; j++)
			cell[j] = draw(&state);
		if (encoder)
			dsad_encode(encoder, cell, rows + i * features);
		else
			memcpy(rows + i * features, cell, features * sizeof(double));
	}
	free(cell);
	return rows;
}

static void
hash_scores(const DsadScorer *scorer, const double *rows, Hashes *hashes)
{
	double		scores[MAX_ROWS];
	void	   *scratch = malloc(dsad_scorer_scratch(scorer, row_count));

	require(dsad_score(scorer, &(DsadRows) {rows, row_count, false}, scratch, scores) == row_count, "rows are not scored");
	for (size_t i = 0; i < row_count; i++)
		step(&hashes->scores, scores[i]);
	free(scratch);
}

/* What is said of one row. */
static void
hash_row(const DsadScorer *scorer, const DsadEnv *env, const double *row, Hashes *hashes)
{
	DsadRows	one = {row, 1, false};
	uint32_t	features = dsad_scorer_features(scorer);
	uint32_t	size = dsad_scorer_embedding_size(scorer);
	void	   *scratch = malloc(dsad_scorer_scratch(scorer, 1));
	float	   *embedding = malloc(size * sizeof(float));
	double	   *contribution = malloc(features * sizeof(double));
	double		score;
	double		pvalue;
	bool		anomaly;
	DsadError	error;

	require(dsad_score(scorer, &one, scratch, &score) == 1 && dsad_is_anomaly(scorer, &one, scratch, &anomaly) &&
				dsad_embed(scorer, &one, scratch, embedding) && dsad_pvalue(scorer, &one, scratch, &pvalue),
			"a row is not scored");
	step(&hashes->alone, score);
	step(&hashes->alone, anomaly);
	step(&hashes->pvalues, pvalue);
	for (uint32_t j = 0; j < size; j++)
		step(&hashes->embeddings, embedding[j]);
	if (dsad_explain(scorer, &one, env, contribution, &error) == DSAD_OK)
		for (uint32_t j = 0; j < features; j++)
			step(&hashes->explanations, contribution[j]);
	else						/* a score that is infinite */
		step(&hashes->explanations, NAN);
	free(scratch);
	free(embedding);
	free(contribution);
}

/* Adds what a model says, with the kernels of one level; false when the bytes are no model. */
static bool
hash_model(const uint8_t *bytes, size_t size, const DsadKernel *kernel, Hashes *hashes)
{
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadScorer *scorer;
	double	   *rows;
	bool		good;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	good = dsad_model_decode(&model, &arena, bytes, size, &error) == DSAD_OK;
	if (good)
	{
		require(dsad_scorer_create(&scorer, &arena, &model, kernel, &error) == DSAD_OK, "no scorer");
		rows = make_rows(scorer);
		hash_scores(scorer, rows, hashes);
		for (size_t i = 0; i < row_count; i++)
			hash_row(scorer, &env.env, rows + i * dsad_scorer_features(scorer), hashes);
		free(rows);
	}
	dsad_arena_release(&arena);
	return good;
}

/* All files at one level; returns how many were models. */
static int
hash_files(int count, char **names, const DsadKernel *kernel, Hashes *hashes)
{
	uint8_t    *bytes = malloc(MAX_SIZE);
	int			models = 0;

	memset(hashes, 0, sizeof(*hashes));
	for (int i = 0; i < count; i++)
	{
		FILE	   *file = fopen(names[i], "rb");

		require(file != NULL, "a file cannot be read");
		models += hash_model(bytes, fread(bytes, 1, MAX_SIZE, file), kernel, hashes);
		fclose(file);
	}
	free(bytes);
	return models;
}

int
main(int argc, char **argv)
{
	Hashes		plain;
	int			models;

	if (argc > 2 && strcmp(argv[1], "-n") == 0)
	{
		row_count = (size_t) atoi(argv[2]);
		require(row_count > 0 && row_count <= MAX_ROWS, "so many rows are not made");
		argc -= 2;
		argv += 2;
	}
	models = hash_files(argc - 1, argv + 1, dsad_kernel(DSAD_KERNEL_PLAIN), &plain);

	require(models > 0, "no model");
	for (int level = DSAD_KERNEL_PLAIN + 1; level <= DSAD_KERNEL_AVX512; level++)
	{
		const DsadKernel *kernel = dsad_kernel((DsadKernelLevel) level);
		Hashes		other;

		if (kernel == NULL)
			continue;
		hash_files(argc - 1, argv + 1, kernel, &other);
		fprintf(stderr, "level %s\n", dsad_kernel_name(kernel));
		require(memcmp(&plain, &other, sizeof(plain)) == 0, "levels disagree");
	}
	printf("scores %016llx, alone %016llx, embeddings %016llx, explanations %016llx, p-values %016llx; %d models\n",
		   (unsigned long long) plain.scores, (unsigned long long) plain.alone, (unsigned long long) plain.embeddings,
		   (unsigned long long) plain.explanations, (unsigned long long) plain.pvalues, models);
	return 0;
}
