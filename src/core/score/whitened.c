/*
 * whitened.c
 *	  A scorer's inputs whose own distance is whitened: own * |x|^2 - |x * directions|^2, x from their center.
 */
#include <math.h>

#include "core/score/scorer_parts.h"

/* Where the weight of input i and output j stands among packed weights of `in` inputs. */
static inline size_t
place(size_t in, size_t i, size_t j)
{
	return j / DSAD_LANES * DSAD_LANES * in + i * DSAD_LANES + j % DSAD_LANES;
}

/* Packs the directions of whitened inputs. */
DsadStatus
dsad_pack_whitening(DsadScorer *scorer, DsadArena *arena, const DsadModel *model, DsadError *error)
{
	const DsadWhitening *white = &model->white;
	uint32_t	in = scorer->inputs;
	uint32_t	out = scorer->directions;
	uint32_t	padded = (uint32_t) dsad_padded(out);
	float	   *weight = dsad_arena_array(arena, (size_t) in * padded, sizeof(float));
	float	   *bias = dsad_arena_array(arena, padded, sizeof(float));

	scorer->own = white->own;
	scorer->shrink = dsad_arena_array(arena, padded, sizeof(double));
	if (!weight || !bias || !scorer->shrink)
		return dsad_no_memory(error);
	for (uint32_t j = 0; j < out; j++)
		for (size_t i = 0; i < in; i++)
			weight[place(in, i, j)] = white->direction[i * out + j];
	for (uint32_t j = 0; j < out; j++)
	{
		double		square = 0;

		for (size_t i = 0; i < in; i++)
			square += (double) white->direction[i * out + j] * (double) white->direction[i * out + j];
		scorer->shrink[j] = square > 0 ? (sqrt(white->own) - sqrt(fmax(white->own - square, 0))) / square : 0;
	}
	scorer->white = (DsadPackedLayer) {in, padded, false, weight, bias};
	if (padded > scorer->widest)
		scorer->widest = padded;
	return DSAD_OK;
}

static inline double
from_center(const DsadScorer *scorer, const float *scaled, size_t i)
{
	return (double) scaled[i] - (double) scorer->input_center[i];
}

/*
 * The whitened distance of a scaled row in double precision: pixels are many and alike, so that in single precision
 * the difference would lose five digits.  x: room for the inputs.
 */
double
dsad_whitened_distance(const DsadScorer *scorer, const float *scaled, double *x)
{
	double		along[DSAD_MAX_DIRECTIONS];
	double		distance = 0;

	for (size_t i = 0; i < scorer->inputs; i++)
	{
		x[i] = from_center(scorer, scaled, i);
		distance += x[i] * x[i];
	}
	distance *= scorer->own;
	scorer->kernel->path_product(scorer->white.weight, scorer->inputs, scorer->white.out_padded, x, along);
	for (uint32_t d = 0; d < scorer->directions; d++)
		distance -= along[d] * along[d];
	return dsad_whitened_in_range(distance);
}

/* The inputs' part of an embedding: its squared length is their share of the score. */
void
dsad_embed_inputs(const DsadScorer *scorer, const float *scaled, float *embedding)
{
	double		factor = sqrt(scorer->input_factor);
	double		along[DSAD_MAX_DIRECTIONS];

	for (uint32_t i = 0; i < scorer->inputs && scorer->directions == 0; i++)
		embedding[i] = (float) (from_center(scorer, scaled, i) * factor);
	if (scorer->directions == 0)
		return;
	for (uint32_t d = 0; d < scorer->directions; d++)
	{
		along[d] = 0;
		for (size_t i = 0; i < scorer->inputs; i++)
			along[d] += from_center(scorer, scaled, i) * (double) scorer->white.weight[place(scorer->inputs, i, d)];
		along[d] *= scorer->shrink[d];
	}
	for (size_t i = 0; i < scorer->inputs; i++)
	{
		double		sum = sqrt(scorer->own) * from_center(scorer, scaled, i);

		for (uint32_t d = 0; d < scorer->directions; d++)
			sum -= along[d] * (double) scorer->white.weight[place(scorer->inputs, i, d)];
		embedding[i] = (float) (sum * factor);
	}
}
