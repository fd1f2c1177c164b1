/*
 * explain_conv.c
 *	  Which features made a row's score, in convolutional networks: integrated gradients as in explain_path.c, but the
 *	  integral is the mean of the gradients in the middle of STEPS equal parts of the line.  A picture has too many
 *	  units to stop wherever one crosses zero.  What the sum then lacks of the difference of the scores, about a
 *	  hundredth, is spread in proportion to the contributions' sizes.
 *
 * Double precision in plain C, every sum in one fixed order: the same bits everywhere.
 */
#include "core/score/explain_conv.h"

#include <math.h>
#include <string.h>

#include "core/score/scorer_parts.h"

#define STEPS 64
#define MAX_WORK 2e10			/* multiply-adds of one row: ten seconds or more */

/* One module on the way. */
typedef struct Module
{
	const DsadConvPlan *plan;
	double	   *weight;			/* (out, in, 5, 5) */
	double	   *full;			/* one map before the pool */
	double	   *maps;			/* (out, pooled): what goes on */
	double	   *gradient;		/* to these */
	uint32_t   *where;			/* the pixel that each came from */
	double	   *slope;			/* of the activation */
} Module;

/* One member at a point of the line. */
typedef struct Point
{
	const DsadScorer *scorer;
	const DsadPackedNet *net;
	const DsadPackedConv *conv;
	Module		module[DSAD_MAX_CONVS];
	double	   *x;				/* inputs */
	double	   *gradient;		/* to these */
	double	   *value[DSAD_MAX_LAYERS + 1];	/* what goes into each dense layer; the last: the output */
	double	   *slope[DSAD_MAX_LAYERS];	/* of each dense layer's activation */
	double	   *back[2];		/* gradients on their way through the dense layers */
	DsadWatch	watch;
} Point;

/* Memory for any member's points. */
static bool
alloc_point(Point *p, DsadArena *arena)
{
	const DsadScorer *scorer = p->scorer;
	const DsadPackedNet *net = &scorer->member[0];
	size_t		widest = scorer->conv.dense > scorer->widest ? scorer->conv.dense : scorer->widest;
	bool		fits = true;

	for (uint32_t m = 0; m < scorer->conv.modules; m++)
	{
		Module	   *module = &p->module[m];
		const DsadConv *shape = &scorer->conv.plan[m].shape;
		size_t		pooled = shape->out * dsad_conv_pooled(shape);

		module->plan = &scorer->conv.plan[m];
		module->weight = dsad_arena_array(arena, dsad_conv_weights(shape), sizeof(double));
		module->full = dsad_arena_array(arena, dsad_conv_pixels(shape), sizeof(double));
		module->maps = dsad_arena_array(arena, pooled, sizeof(double));
		module->gradient = dsad_arena_array(arena, pooled, sizeof(double));
		module->where = dsad_arena_array(arena, pooled, sizeof(uint32_t));
		module->slope = dsad_arena_array(arena, pooled, sizeof(double));
		fits &= module->weight && module->full && module->maps && module->gradient && module->where && module->slope;
	}
	p->x = dsad_arena_array(arena, scorer->inputs, sizeof(double));
	p->gradient = dsad_arena_array(arena, scorer->inputs, sizeof(double));
	fits &= p->x && p->gradient;
	for (uint32_t l = 0; l <= net->layers; l++)
	{
		size_t		width = l == 0 ? scorer->conv.dense : net->layer[l - 1].out_padded;

		fits &= (p->value[l] = dsad_arena_array(arena, width, sizeof(double))) != NULL;
		if (l > 0)
			fits &= (p->slope[l - 1] = dsad_arena_array(arena, width, sizeof(double))) != NULL;
	}
	for (int i = 0; i < 2; i++)
		fits &= (p->back[i] = dsad_arena_array(arena, dsad_padded(widest), sizeof(double))) != NULL;
	return fits;
}

/* Takes up member m. */
static void
set_member(Point *p, uint32_t m)
{
	p->net = &p->scorer->member[m];
	p->conv = p->scorer->packed_conv + (size_t) m * p->scorer->conv.modules;
	for (uint32_t c = 0; c < p->scorer->conv.modules; c++)
	{
		const DsadConvPlan *plan = p->module[c].plan;

		for (size_t o = 0; o < plan->shape.out; o++)
		{
			const float *from =
				p->conv[c].weight + o / DSAD_CONV_BLOCK * plan->taps * DSAD_CONV_BLOCK + o % DSAD_CONV_BLOCK;

			for (size_t k = 0; k < plan->taps; k++)
				p->module[c].weight[o * plan->taps + k] = (double) from[k * DSAD_CONV_BLOCK];
		}
	}
}

/* y (height, width) += one channel x with its 25 weights. */
static void
convolve(const double *weight, const double *x, int height, int width, double *y)
{
	for (int tap = 0; tap < DSAD_CONV_TAPS; tap++)
	{
		int			rows = tap / DSAD_CONV_SIDE - DSAD_CONV_PAD;
		int			columns = tap % DSAD_CONV_SIDE - DSAD_CONV_PAD;
		int			first = columns < 0 ? -columns : 0;
		int			end = columns > 0 ? width - columns : width;
		double		w = weight[tap];

		for (int r = rows < 0 ? -rows : 0; r < height && r + rows < height; r++)
		{
			const double *from = x + (long) (r + rows) * width + columns;
			double	   *to = y + (long) r * width;

			for (int c = first; c < end; c++)
				to[c] += w * from[c];
		}
	}
}

/* One map's pool, bias and activation; from the o-th full map. */
static void
pool(Module *module, size_t o, double bias)
{
	const DsadConv *shape = &module->plan->shape;
	uint32_t	columns = shape->width / 2;
	size_t		to = o * dsad_conv_pooled(shape);

	for (uint32_t r = 0; r < shape->height / 2; r++)
		for (uint32_t c = 0; c < columns; c++, to++)
		{
			uint32_t	best = 2 * r * shape->width + 2 * c;
			uint32_t	corner[3] = {best + 1, best + shape->width, best + shape->width + 1};
			double		value;

			for (int i = 0; i < 3; i++)
				if (module->full[corner[i]] > module->full[best])
					best = corner[i];
			value = module->full[best] + bias;
			module->where[to] = best;
			module->slope[to] = value < 0 ? (double) DSAD_LEAKY_SLOPE : 1;
			module->maps[to] = value * module->slope[to];
		}
}

/* The point's picture through the modules, into the first dense layer's input. */
static void
forward_modules(Point *p)
{
	const DsadScorerConv *conv = &p->scorer->conv;
	const double *x = p->x + conv->picture.first;
	size_t		end = conv->picture.first + dsad_shape_cells(conv->picture.shape);
	const Module *last = &p->module[conv->modules - 1];
	size_t		maps = last->plan->shape.out * dsad_conv_pooled(&last->plan->shape);

	for (uint32_t m = 0; m < conv->modules; m++)
	{
		Module	   *module = &p->module[m];
		const DsadConv *shape = &module->plan->shape;

		for (size_t o = 0; o < shape->out && !p->watch.canceled; o++)
		{
			memset(module->full, 0, dsad_conv_pixels(shape) * sizeof(double));
			for (size_t i = 0; i < shape->in; i++, dsad_watch(&p->watch))
				convolve(module->weight + (o * shape->in + i) * DSAD_CONV_TAPS, x + i * dsad_conv_pixels(shape),
						 (int) shape->height, (int) shape->width, module->full);
			pool(module, o, (double) p->conv[m].bias[o]);
		}
		x = module->maps;
	}
	memcpy(p->value[0], x, maps * sizeof(double));
	memcpy(p->value[0] + maps, p->x, conv->picture.first * sizeof(double));
	memcpy(p->value[0] + maps + conv->picture.first, p->x + end, (conv->inputs - end) * sizeof(double));
}

/* The member's squared distance at the point. */
static double
forward(Point *p)
{
	const DsadPackedNet *net = p->net;
	double		distance = 0;

	forward_modules(p);
	for (uint32_t l = 0; l < net->layers; l++, dsad_watch(&p->watch))
	{
		const DsadPackedLayer *layer = &net->layer[l];
		double	   *y = p->value[l + 1];

		p->scorer->kernel->path_product(layer->weight, layer->in, layer->out_padded, p->value[l], y);
		for (size_t j = 0; j < layer->out_padded; j++)
		{
			y[j] += (double) layer->bias[j];
			p->slope[l][j] = layer->activate && y[j] < 0 ? (double) DSAD_LEAKY_SLOPE : 1;
			y[j] *= p->slope[l][j];
		}
	}
	for (uint32_t j = 0; j < net->latent; j++)
	{
		double		d = p->value[net->layers][j] - (double) net->center[j];

		distance += d * d;
	}
	return distance;
}

/* The gradient to the first dense layer's input. */
static const double *
backward_dense(Point *p)
{
	const DsadPackedNet *net = p->net;
	double	   *above = p->back[0];
	double	   *below = p->back[1];

	memset(above, 0, net->layer[net->layers - 1].out_padded * sizeof(double));
	for (uint32_t j = 0; j < net->latent; j++)
		above[j] = 2 * (p->value[net->layers][j] - (double) net->center[j]);
	for (uint32_t l = net->layers; l-- > 0; dsad_watch(&p->watch))
	{
		const DsadPackedLayer *layer = &net->layer[l];
		double	   *turn = above;

		for (size_t j = 0; j < layer->out_padded; j++)
			above[j] *= p->slope[l][j];
		p->scorer->kernel->path_dots(layer->weight, layer->in, layer->out_padded, 0, layer->in, above, below);
		/* units that the layer below is padded with have no weights above them */
		if (l > 0)
			memset(below + layer->in, 0, (net->layer[l - 1].out_padded - layer->in) * sizeof(double));
		above = below;
		below = turn;
	}
	return above;
}

/* Adds what one pixel's gradient g gives to all channels of a module's input. */
static void
spread(const Module *module, const double *weight, uint32_t pixel, double g, double *gradient)
{
	const DsadConv *shape = &module->plan->shape;
	int			height = (int) shape->height;
	int			width = (int) shape->width;
	int			row = (int) pixel / width - DSAD_CONV_PAD;
	int			column = (int) pixel % width - DSAD_CONV_PAD;
	int			first = column < 0 ? -column : 0;
	int			end = column + DSAD_CONV_SIDE > width ? width - column : DSAD_CONV_SIDE;

	for (size_t i = 0; i < shape->in; i++, weight += DSAD_CONV_TAPS, gradient += dsad_conv_pixels(shape))
		for (int r = row < 0 ? -row : 0; r < DSAD_CONV_SIDE && row + r < height; r++)
			for (int c = first; c < end; c++)
				gradient[(long) (row + r) * width + column + c] += weight[r * DSAD_CONV_SIDE + c] * g;
}

/* The gradient of the squared distance at the point, to its inputs; forward went before. */
static void
backward(Point *p)
{
	const DsadScorerConv *conv = &p->scorer->conv;
	const double *above = backward_dense(p);
	size_t		end = conv->picture.first + dsad_shape_cells(conv->picture.shape);

	for (uint32_t m = conv->modules; m-- > 0;)
	{
		Module	   *module = &p->module[m];
		const DsadConv *shape = &module->plan->shape;
		size_t		pooled = dsad_conv_pooled(shape);
		double	   *below = m > 0 ? p->module[m - 1].gradient : p->gradient + conv->picture.first;

		if (m + 1 == conv->modules)
		{
			const double *others = above + shape->out * pooled;

			memcpy(p->gradient, others, conv->picture.first * sizeof(double));
			memcpy(p->gradient + end, others + conv->picture.first, (conv->inputs - end) * sizeof(double));
		}
		memset(below, 0, shape->in * dsad_conv_pixels(shape) * sizeof(double));
		for (size_t o = 0; o < shape->out && !p->watch.canceled; o++)
			for (size_t i = 0; i < pooled; i++)
			{
				size_t		at = o * pooled + i;

				spread(module, module->weight + o * module->plan->taps, module->where[at],
					   above[at] * module->slope[at], below);
				dsad_watch_rows(&p->watch, at + 1, module->plan->taps);
			}
		above = below;
	}
}

/* Sets the point to that share of the way. */
static void
set_point(Point *p, const float *from, const float *to, double share)
{
	for (size_t i = 0; i < p->scorer->inputs; i++)
		p->x[i] = (double) from[i] + ((double) to[i] - (double) from[i]) * share;
}

/* One member's contributions (inputs), which add up to its part of the scores' difference. */
static void
explain_member(Point *p, const float *from, const float *to, double *contribution)
{
	size_t		inputs = p->scorer->inputs;
	double		factor = 1 / (p->scorer->members * p->net->divisor);
	double		rest;
	double		sizes = 0;

	set_point(p, from, to, 0);
	rest = -forward(p);
	set_point(p, from, to, 1);
	rest = factor * (rest + forward(p));
	memset(contribution, 0, inputs * sizeof(double));
	for (int step = 0; step < STEPS && !p->watch.canceled; step++)
	{
		set_point(p, from, to, (step + 0.5) / STEPS);
		forward(p);
		backward(p);
		for (size_t i = 0; i < inputs; i++)
			contribution[i] += p->gradient[i];
	}
	for (size_t i = 0; i < inputs; i++)
	{
		contribution[i] *= factor / STEPS * ((double) to[i] - (double) from[i]);
		rest -= contribution[i];
		sizes += fabs(contribution[i]);
	}
	/* of what is infinite no share is known */
	for (size_t i = 0; i < inputs && sizes > 0 && isfinite(sizes) && isfinite(rest); i++)
		contribution[i] += rest * (fabs(contribution[i]) / sizes);
}

/*
 * Adds what each feature contributes through the members of a convolutional network, between two scaled rows, to
 * contribution (features).  Errors: too much work, canceled, out of memory.
 */
DsadStatus
dsad_conv_contributions(const DsadScorer *scorer, const DsadEnv *env, const float *from, const float *to,
						double *contribution, DsadError *error)
{
	double		work = 2 * STEPS * scorer->work * scorer->members;
	Point		point = {.scorer = scorer, .watch = {env, false}};
	DsadArena	arena;
	double	   *of_input;
	DsadStatus	status = DSAD_OK;

	if (work > MAX_WORK)
		return dsad_fail(error, DSAD_TOO_LARGE, "Explain a model with fewer \"channels\" or \"members\".",
						 "explaining a row of this model takes about %.2g multiply-adds, the limit is %.2g", work,
						 MAX_WORK);
	dsad_arena_init(&arena, env);
	of_input = dsad_arena_array(&arena, scorer->inputs, sizeof(double));
	if (of_input == NULL || !alloc_point(&point, &arena))
		status = dsad_no_memory(error);
	for (uint32_t m = 0; m < scorer->members && status == DSAD_OK; m++)
	{
		set_member(&point, m);
		explain_member(&point, from, to, of_input);
		for (uint32_t i = 0; i < scorer->inputs; i++)
			contribution[i < scorer->features ? i : scorer->scaling.copied[i - scorer->features]] += of_input[i];
		status = dsad_watch_status(&point.watch, error);
	}
	dsad_arena_release(&arena);
	return status;
}
