/*
 * scorer.c
 *	  Scores rows with a trained model: bit-identical on every CPU, compiler
 *	  and batch size.  Only +, -, *, / and sqrt, each in a fixed order.
 *
 * A scorer is never written to after it is made; whoever scores brings scratch
 * memory.
 */
#include "core/score/scorer.h"

#include <math.h>
#include <string.h>

#include "core/score/scaling.h"
#include "core/score/scorer_parts.h"

#define SCORE_BLOCK 64			/* rows that go through the layers together */
#define CONV_BLOCK 16			/* the same behind convolutions, whose outputs may be many */

/* Scratch memory, divided. */
typedef struct Scratch
{
	double	   *raw;			/* inputs that are copies, of one row */
	float	   *scaled;			/* (rows of a block, stride) */
	size_t		stride;
	float	   *buffer[2];		/* (rows of a block, widest) */
	float	   *dense;			/* (rows of a block, inputs of the dense layers) behind convolutions */
	float	   *planes;			/* of one row */
	float	   *maps;
} Scratch;

uint32_t
dsad_scorer_features(const DsadScorer *scorer)
{
	return scorer->features;
}

/* What stands for a missing number, for each feature: its training mean. */
const double *
dsad_scorer_expected(const DsadScorer *scorer)
{
	return scorer->scaling.fill;
}

/* What makes features of a row's columns. */
const DsadEncoder *
dsad_scorer_encoder(const DsadScorer *scorer)
{
	return scorer->encoder;
}

uint32_t
dsad_scorer_embedding_size(const DsadScorer *scorer)
{
	return scorer->members * scorer->latent + (scorer->input_factor > 0 ? scorer->inputs : 0);
}

size_t
dsad_scorer_poll_rows(const DsadScorer *scorer)
{
	size_t		work = 0;
	size_t		rows;

	for (uint32_t l = 0; l < scorer->layers; l++)
		work += (size_t) scorer->member[0].layer[l].in * scorer->member[0].layer[l].out_padded;
	if (scorer->conv.modules > 0)
	{
		/* each picture goes through alone; in double precision: the product may be too large for a size_t of 32 bits */
		rows = (size_t) (DSAD_POLL_WORK / (scorer->work * scorer->members));
		return rows < 1 ? 1 : rows;
	}
	rows = dsad_poll_rows(DSAD_POLL_WORK, work * scorer->members);
	/* fewer would waste what the kernels gain from rows side by side */
	return rows < 6 ? 6 : rows;
}

/* Rows of a block. */
static size_t
block_rows(const DsadScorer *scorer, size_t count)
{
	size_t		most = scorer->conv.modules > 0 ? CONV_BLOCK : SCORE_BLOCK;

	return count < most ? count : most;
}

/* Floats that the convolutions of n rows take beside a row's planes and maps, whole cache lines. */
static size_t
dense_floats(const DsadScorer *scorer, size_t n)
{
	return scorer->conv.modules > 0 ? dsad_padded(n * scorer->conv.dense) : 0;
}

/* Numbers in double precision that a row needs: its copies before they are scaled, or a picture's distance. */
static size_t
raw_numbers(const DsadScorer *scorer)
{
	bool		all = scorer->conv.modules > 0 && scorer->directions > 0;

	return dsad_padded(all ? scorer->inputs : scorer->inputs - scorer->features);
}

/* Bytes of scratch memory that scoring `count` rows in one call needs, at any address. */
size_t
dsad_scorer_scratch(const DsadScorer *scorer, size_t count)
{
	size_t		n = block_rows(scorer, count);
	/* a single row takes all members at once */
	size_t		wide = n > scorer->members ? n : scorer->members;

	return (n * dsad_padded(scorer->inputs) + 2 * wide * scorer->widest + dense_floats(scorer, n) +
			dsad_padded(scorer->conv.planes) + scorer->conv.maps) *
			   sizeof(float) +
		   raw_numbers(scorer) * sizeof(double) + DSAD_ALIGN;
}

/* Divides scratch memory for blocks of n rows; every part begins a cache line. */
static Scratch
divide(const DsadScorer *scorer, void *scratch, size_t n)
{
	Scratch		s;

	s.raw = (double *) (((uintptr_t) scratch + DSAD_ALIGN - 1) & ~(uintptr_t) (DSAD_ALIGN - 1));
	s.scaled = (float *) (s.raw + raw_numbers(scorer));
	s.stride = scorer->inputs;
	s.buffer[0] = s.scaled + n * dsad_padded(scorer->inputs);
	s.buffer[1] = s.buffer[0] + n * scorer->widest;
	s.dense = s.buffer[1] + n * scorer->widest;
	s.planes = s.dense + dense_floats(scorer, n);
	s.maps = s.planes + dsad_padded(scorer->conv.planes);
	return s;
}

/* Scales rows start .. start + n - 1; returns how many came before one with an infinite number. */
static size_t
scale_rows(const DsadScorer *scorer, const DsadRows *rows, size_t start, size_t n, const Scratch *scratch)
{
	for (size_t i = 0; i < n; i++)
		if (!dsad_scale_row(&scorer->scaling, scorer->kernel, rows, start + i, scratch->raw,
							scratch->scaled + i * scorer->inputs))
			return i;
	return n;
}

/* n scaled rows through member number m; returns its outputs (n, latent padded). */
static const float *
run_member(const DsadScorer *scorer, uint32_t m, const Scratch *scratch, size_t n)
{
	const DsadPackedNet *member = &scorer->member[m];
	const float *x = scratch->scaled;
	size_t		ldx = scratch->stride;

	if (scorer->conv.modules > 0)
	{
		for (size_t i = 0; i < n; i++)
			dsad_scorer_conv_run(&scorer->conv, scorer->packed_conv + (size_t) m * scorer->conv.modules, scorer->kernel,
								 x + i * ldx, scratch->planes, scratch->maps, scratch->dense + i * scorer->conv.dense);
		x = scratch->dense;
		ldx = scorer->conv.dense;
	}
	for (uint32_t l = 0; l < scorer->layers; l++)
	{
		const DsadPackedLayer *layer = &member->layer[l];
		float	   *y = scratch->buffer[l & 1];

		scorer->kernel->layer(layer, x, ldx, y, n);
		x = y;
		ldx = layer->out_padded;
	}
	return x;
}

/*
 * A member's share of the score, by the distance of its output; a net driven out of
 * float's range gives infinity, never NaN.  Dividing by 1 would only take time.
 */
static inline double
member_score(const DsadPackedNet *member, double distance)
{
	double		score = member->divisor == 1 ? distance : distance / member->divisor;

	return isnan(score) ? INFINITY : score;
}

/*
 * The inputs' own share of the score: their squared distance from the training mean, as long as the directions in
 * which training rows vary are not worth less.
 */
static inline double
input_score(const DsadScorer *scorer, const float *scaled, const Scratch *scratch)
{
	float	   *buffer = scratch->buffer[0];
	double		distance;

	if (scorer->directions > 0 && scorer->conv.modules > 0)
		return scorer->input_factor * dsad_whitened_distance(scorer, scaled, scratch->raw);
	distance = scorer->kernel->distance(scaled, scorer->zeros, scorer->inputs);
	if (scorer->directions > 0)
	{
		scorer->kernel->layer(&scorer->white, scaled, scorer->inputs, buffer, 1);
		distance = scorer->own * distance - scorer->kernel->distance(buffer, scorer->zeros, scorer->directions);
		distance = dsad_whitened_in_range(distance);
	}
	return scorer->input_factor * distance;
}

/* The distance (members) of one scaled row in each member. */
static void
row_distances(const DsadScorer *scorer, const Scratch *scratch, double *distance)
{
	if (scorer->conv.modules == 0)
	{
		scorer->kernel->row(scorer->member, scorer->members, scratch->scaled, scratch->buffer[0], scorer->widest,
							distance);
		return;
	}
	for (uint32_t m = 0; m < scorer->members; m++)
		distance[m] = scorer->kernel->distance(run_member(scorer, m, scratch, 1), scorer->member[m].center,
											   scorer->latent);
}

/* Scores one scaled row. */
static double
score_row(const DsadScorer *scorer, const Scratch *scratch)
{
	double		distance[DSAD_MAX_MEMBERS];
	double		sum = 0;

	row_distances(scorer, scratch, distance);
	for (uint32_t m = 0; m < scorer->members; m++)
		sum += member_score(&scorer->member[m], distance[m]);
	if (scorer->members > 1)
		sum /= scorer->members;
	return scorer->input_factor > 0 ? sum + input_score(scorer, scratch->scaled, scratch) : sum;
}

/* Scores a block of n scaled rows. */
static void
score_block(const DsadScorer *scorer, const Scratch *scratch, size_t n, double *scores)
{
	size_t		padded = scorer->member[0].layer[scorer->layers - 1].out_padded;

	for (size_t i = 0; i < n; i++)
		scores[i] = 0;
	for (uint32_t m = 0; m < scorer->members; m++)
	{
		const DsadPackedNet *member = &scorer->member[m];
		const float *z = run_member(scorer, m, scratch, n);

		for (size_t i = 0; i < n; i++)
			scores[i] += member_score(member, scorer->kernel->distance(z + i * padded, member->center,
																	   scorer->latent));
	}
	if (scorer->members > 1)
		for (size_t i = 0; i < n; i++)
			scores[i] /= scorer->members;
	if (scorer->input_factor > 0)
		for (size_t i = 0; i < n; i++)
			scores[i] += input_score(scorer, scratch->scaled + i * scratch->stride, scratch);
}

/*
 * Scores rows (count x features, NaN = missing) with scratch memory of
 * dsad_scorer_scratch bytes.  Returns the number of rows scored: fewer than
 * count when the next one has an infinite number.
 */
size_t
dsad_score(const DsadScorer *scorer, const DsadRows *rows, void *scratch_memory, double *scores)
{
	size_t		count = rows->count;
	size_t		block = block_rows(scorer, count);
	Scratch		scratch = divide(scorer, scratch_memory, block);

	if (count == 1)
	{
		if (scale_rows(scorer, rows, 0, 1, &scratch) == 0)
			return 0;
		*scores = score_row(scorer, &scratch);
		return 1;
	}
	for (size_t start = 0; start < count; start += block)
	{
		size_t		wanted = count - start < block ? count - start : block;
		size_t		n = scale_rows(scorer, rows, start, wanted, &scratch);

		score_block(scorer, &scratch, n, scores + start);
		if (n < wanted)
			return start + n;
	}
	return count;
}

/*
 * One row's score by each member (members of them), as if there were no others, and (score not NULL) its score, their
 * mean, the same bits as dsad_score's.  False when the row has an infinite number.
 */
bool
dsad_member_scores(const DsadScorer *scorer, const DsadRows *row, void *scratch_memory, double *scores, double *score)
{
	Scratch		scratch = divide(scorer, scratch_memory, 1);
	double		distance[DSAD_MAX_MEMBERS];
	double		sum = 0;
	double		inputs;

	if (scale_rows(scorer, row, 0, 1, &scratch) != 1)
		return false;
	row_distances(scorer, &scratch, distance);
	inputs = scorer->input_factor > 0 ? input_score(scorer, scratch.scaled, &scratch) : 0;
	for (uint32_t m = 0; m < scorer->members; m++)
	{
		scores[m] = member_score(&scorer->member[m], distance[m]);
		sum += scores[m];
		scores[m] += inputs;
	}
	if (scorer->members > 1)
		sum /= scorer->members;
	if (score)
		*score = scorer->input_factor > 0 ? sum + inputs : sum;
	return true;
}

/* Scores rows that are scaled already (count, row stride `stride`); scratch and bits as above. */
void
dsad_score_scaled(const DsadScorer *scorer, const float *scaled, size_t stride, size_t count,
				  void *scratch_memory, double *scores)
{
	size_t		block = block_rows(scorer, count);
	Scratch		scratch = divide(scorer, scratch_memory, block);

	scratch.stride = stride;
	for (size_t start = 0; start < count; start += block)
	{
		size_t		n = count - start < block ? count - start : block;

		scratch.scaled = (float *) scaled + start * stride;	/* only read */
		score_block(scorer, &scratch, n, scores + start);
	}
}

/* A scorer in arena, with scratch memory for `count` rows. */
DsadStatus
dsad_scorer_begin(DsadScorer **scorer, void **scratch, DsadArena *arena, const DsadModel *model,
				  const DsadKernel *kernel, size_t count, DsadError *error)
{
	DsadStatus	status = dsad_scorer_create(scorer, arena, model, kernel, error);

	if (status == DSAD_OK && !(*scratch = dsad_arena_alloc(arena, dsad_scorer_scratch(*scorer, count))))
		return dsad_no_memory(error);
	return status;
}

/* Scores scaled rows as dsad_score_scaled does, with polls. */
DsadStatus
dsad_score_polled(const DsadScorer *scorer, const DsadEnv *env, const float *scaled, size_t stride, size_t count,
				  void *scratch, double *scores, DsadError *error)
{
	size_t		step = dsad_scorer_poll_rows(scorer);
	DsadStatus	status = DSAD_OK;

	for (size_t start = 0; start < count && status == DSAD_OK; start += step)
	{
		dsad_score_scaled(scorer, scaled + start * stride, stride, count - start < step ? count - start : step, scratch,
						  scores + start);
		status = dsad_poll(env, error);
	}
	return status;
}

/*
 * One row's embedding: all members' (z - c) / sqrt(members * divisor),
 * concatenated, then the inputs, if they count.  False when the row has an
 * infinite number.
 */
bool
dsad_embed(const DsadScorer *scorer, const DsadRows *row, void *scratch_memory, float *embedding)
{
	Scratch		scratch = divide(scorer, scratch_memory, 1);

	if (scale_rows(scorer, row, 0, 1, &scratch) != 1)
		return false;
	for (uint32_t m = 0; m < scorer->members; m++)
	{
		const DsadPackedNet *member = &scorer->member[m];
		const float *z = run_member(scorer, m, &scratch, 1);
		double		factor = 1 / sqrt(scorer->members * member->divisor);

		for (uint32_t j = 0; j < scorer->latent; j++)
			embedding[(size_t) m * scorer->latent + j] =
				(float) (((double) z[j] - (double) member->center[j]) * factor);
	}
	if (scorer->input_factor > 0)
		dsad_embed_inputs(scorer, scratch.scaled, embedding + (size_t) scorer->members * scorer->latent);
	return true;
}
