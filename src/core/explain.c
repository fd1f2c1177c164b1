/*
 * explain.c
 *	  Which features made a row's score: integrated gradients (Sundararajan et al.,
 *	  ICML 2017) along the straight line from the training mean to the row, in the
 *	  nets' inputs.
 *
 * Along that line every unit is linear between the points where some hidden unit
 * crosses zero, and the squared distance is quadratic: between two such points the
 * gradient is linear, so its value in the middle times the length is the exact
 * integral.  Contributions add up to score - baseline score up to rounding.
 * Only +, -, *, / in a fixed order: the same bits everywhere.
 *
 * With w the weights above a unit, its gradient is slope * sum of w * gradient above.
 * A slope seldom changes: so every layer keeps the integral of its units' gradients up
 * to date only when somebody below needs it, from what the layer above summed up since.
 */
#include <string.h>

#include "env.h"
#include "scaling.h"
#include "scorer.h"

#define LEAKY_SLOPE ((double) DSAD_LEAKY_SLOPE)

/* All units of a layer on the way along the line; arrays are (width). */
typedef struct PathLayer
{
	size_t		units;
	size_t		width;			/* padded */
	double	   *p;				/* value before the activation, at the current point */
	double	   *v;				/* how that would change over the whole line */
	double	   *slope;			/* of the activation */
	double	   *passed;			/* slope * v, or whatever goes up to the next layer */
	double	   *integral;		/* of the score's gradient to p, from the start on */
	double	   *counted;		/* what went into it: sums of weights above * integral above */
	double	   *above;			/* such sums now */
	float	   *transposed;		/* the next layer's weights, from its units (in) to these (out) */
} PathLayer;

/* One member's way along the line. */
typedef struct Path
{
	const DsadKernel *kernel;
	const DsadPackedNet *net;
	PathLayer	layer[DSAD_MAX_LAYERS];
	double	   *crossing;		/* where the first layer's units cross zero, in order */
	uint32_t   *crossing_unit;
	size_t		crossings;
} Path;

/* The weights into layer l, in the kernels' form. */
#define WEIGHTS(path, l) (path)->net->layer[l].weight, (path)->net->layer[l].in, (path)->layer[l].width

/* What layer l passes up, of its values or of their changes. */
static const double *
passed(Path *path, uint32_t l, const double *values)
{
	PathLayer  *layer = &path->layer[l];

	for (size_t j = 0; j < layer->width; j++)
		layer->passed[j] = layer->slope[j] * values[j];
	return layer->passed;
}

/* Brings one unit's integral up to date; that of the layer above is. */
static void
count_unit(Path *path, uint32_t l, size_t unit)
{
	PathLayer  *layer = &path->layer[l];
	double		above = path->kernel->path_dot(WEIGHTS(path, l + 1), unit, path->layer[l + 1].integral);

	layer->integral[unit] += layer->slope[unit] * (above - layer->counted[unit]);
	layer->counted[unit] = above;
}

/* The same of all units of a layer but the first. */
static void
count_layer(Path *path, uint32_t l)
{
	PathLayer  *layer = &path->layer[l];

	path->kernel->path_product(layer->transposed, path->layer[l + 1].units, layer->width,
							   path->layer[l + 1].integral, layer->above);
	for (size_t j = 0; j < layer->width; j++)
	{
		layer->integral[j] += layer->slope[j] * (layer->above[j] - layer->counted[j]);
		layer->counted[j] = layer->above[j];
	}
}

/* Finds and sorts the first layer's crossings: its values change at one rate. */
static void
find_crossings(Path *path)
{
	const PathLayer *first = &path->layer[0];
	size_t		n = 0;

	for (uint32_t unit = 0; unit < first->units; unit++)
	{
		double		at = -first->p[unit] / first->v[unit];
		size_t		i = n;

		if (!(first->p[unit] < 0 ? first->p[unit] + first->v[unit] > 0 : first->p[unit] + first->v[unit] < 0) || !(at < 1))
			continue;
		for (; i > 0 && path->crossing[i - 1] > at; i--)
		{
			path->crossing[i] = path->crossing[i - 1];
			path->crossing_unit[i] = path->crossing_unit[i - 1];
		}
		path->crossing[i] = at;
		path->crossing_unit[i] = unit;
		n++;
	}
	path->crossings = n;
}

/* Values at the start of the line (inputs `start`), changes over it (`direction`), slopes, crossings. */
static void
start_path(Path *path, const double *start, const double *direction)
{
	const DsadKernel *kernel = path->kernel;

	for (uint32_t l = 0; l < path->net->layers; l++)
	{
		const DsadPackedLayer *packed = &path->net->layer[l];
		PathLayer  *layer = &path->layer[l];

		kernel->path_product(WEIGHTS(path, l), l == 0 ? start : passed(path, l - 1, path->layer[l - 1].p), layer->p);
		kernel->path_product(WEIGHTS(path, l), l == 0 ? direction : passed(path, l - 1, path->layer[l - 1].v), layer->v);
		for (size_t j = 0; j < layer->width; j++)
		{
			layer->p[j] += (double) packed->bias[j];
			layer->slope[j] = !packed->activate || layer->p[j] > 0 || (layer->p[j] == 0 && layer->v[j] >= 0) ? 1 : LEAKY_SLOPE;
			layer->integral[j] = layer->counted[j] = 0;
		}
		if (l >= 2)
			for (size_t i = 0; i < packed->in; i++)
				for (size_t j = 0; j < layer->units; j++)
					path->layer[l - 1].transposed[(i / DSAD_LANES * layer->units + j) * DSAD_LANES + i % DSAD_LANES] =
						packed->weight[(j / DSAD_LANES * packed->in + i) * DSAD_LANES + j % DSAD_LANES];
	}
	find_crossings(path);
}

/* Goes on by `length`, within which nothing crosses zero. */
static void
move(Path *path, double length, double factor)
{
	uint32_t	last = path->net->layers - 1;
	PathLayer  *output = &path->layer[last];

	/* half a step to the middle, where the gradient is its mean, and half a step on */
	path->kernel->path_move(output->p, output->v, length / 2, output->width);
	for (size_t j = 0; j < output->units; j++)
		output->integral[j] += length * 2 * factor * (output->p[j] - (double) path->net->centre[j]);
	path->kernel->path_move(output->p, output->v, length / 2, output->width);
	for (uint32_t l = 1; l < last; l++)
		path->kernel->path_move(path->layer[l].p, path->layer[l].v, length, path->layer[l].width);
}

/* A hidden unit crosses zero: its slope changes, and with it how everything above changes. */
static void
cross(Path *path, uint32_t l, size_t unit)
{
	PathLayer  *layer = &path->layer[l];
	double		slope = layer->slope[unit] == 1 ? LEAKY_SLOPE : 1;

	for (uint32_t above = path->net->layers - 2; above > l; above--)
		count_layer(path, above);
	count_unit(path, l, unit);
	path->kernel->path_add(WEIGHTS(path, l + 1), unit, (slope - layer->slope[unit]) * layer->v[unit], path->layer[l + 1].v);
	layer->slope[unit] = slope;
	layer->p[unit] = 0;
	for (l += 2; l < path->net->layers; l++)
		path->kernel->path_product(WEIGHTS(path, l), passed(path, l - 1, path->layer[l - 1].v), path->layer[l].v);
}

/* Walks one member's line; afterwards the first layer's integrals are complete. */
static void
walk(Path *path, double factor, DsadWatch *watch)
{
	double		at = 0;
	size_t		next = 0;

	while (!watch->cancelled)
	{
		double		to = next < path->crossings ? path->crossing[next] : 1;
		double		length = to - at;
		uint32_t	crossing_layer = 0;
		size_t		unit = next < path->crossings ? path->crossing_unit[next] : 0;

		for (uint32_t l = 1; l + 1 < path->net->layers; l++)
		{
			const PathLayer *layer = &path->layer[l];
			size_t		found = path->kernel->path_crossing(layer->p, layer->v, layer->slope, layer->width, &length);

			if (found == layer->width)
				continue;
			crossing_layer = l;
			unit = found;
		}
		move(path, length, factor);
		if (crossing_layer == 0 && next == path->crossings)
			break;
		at = crossing_layer == 0 ? to : at + length;
		next += crossing_layer == 0;
		cross(path, crossing_layer, unit);
		dsad_watch(watch);
	}
	for (uint32_t l = path->net->layers - 2; l > 0; l--)
		count_layer(path, l);
	for (size_t unit = 0; unit < path->layer[0].units; unit++)
		count_unit(path, 0, unit);
}

/* Hands out parts of a block of memory, each at a cache line; with no block, counts only. */
typedef struct Taker
{
	char	   *memory;
	size_t		used;
} Taker;

static void *
take(Taker *taker, size_t count, size_t size)
{
	size_t		at = taker->used;

	taker->used += (count * size + DSAD_ALIGN - 1) / DSAD_ALIGN * DSAD_ALIGN;
	return taker->memory ? taker->memory + at : NULL;
}

static void
take_path(Taker *taker, Path *path, const DsadScorer *scorer)
{
	const DsadPackedNet *net = &scorer->member[0];

	for (uint32_t l = 0; l < net->layers; l++)
	{
		PathLayer  *layer = &path->layer[l];

		layer->units = l + 1 < net->layers ? net->layer[l + 1].in : net->latent;
		layer->width = net->layer[l].out_padded;
		layer->p = take(taker, layer->width, sizeof(double));
		layer->v = take(taker, layer->width, sizeof(double));
		layer->slope = take(taker, layer->width, sizeof(double));
		layer->passed = take(taker, layer->width, sizeof(double));
		layer->integral = take(taker, layer->width, sizeof(double));
		layer->counted = take(taker, layer->width, sizeof(double));
		layer->above = take(taker, layer->width, sizeof(double));
		if (l >= 2)
			path->layer[l - 1].transposed = take(taker, path->layer[l - 1].width * layer->units, sizeof(float));
	}
	path->crossing = take(taker, path->layer[0].units, sizeof(double));
	path->crossing_unit = take(taker, path->layer[0].units, sizeof(uint32_t));
}

/* Bytes of scratch memory that explaining a row needs, at any address. */
size_t
dsad_explain_scratch(const DsadScorer *scorer)
{
	Taker		taker = {NULL, 0};
	Path		path;

	take_path(&taker, &path, scorer);
	return taker.used + dsad_padded(scorer->inputs) * (2 * sizeof(float) + 3 * sizeof(double)) + 6 * DSAD_ALIGN;
}

/*
 * The contributions (features) of one row (NaN = missing) to its score, with scratch
 * memory of dsad_explain_scratch bytes.  DSAD_BAD_DATA when the row has an infinite
 * number, DSAD_CANCELLED when env's poll says so.
 */
DsadStatus
dsad_explain(const DsadScorer *scorer, const DsadRows *row, const DsadEnv *env, void *scratch,
			 double *contribution)
{
	Taker		taker = {(char *) (((uintptr_t) scratch + DSAD_ALIGN - 1) & ~(uintptr_t) (DSAD_ALIGN - 1)), 0};
	const DsadScaling *scaling = &scorer->scaling;
	size_t		inputs = scorer->inputs;
	float	   *from = take(&taker, inputs, sizeof(float));
	float	   *to = take(&taker, inputs, sizeof(float));
	double	   *start = take(&taker, inputs, sizeof(double));
	double	   *direction = take(&taker, inputs, sizeof(double));
	double	   *raw = take(&taker, inputs, sizeof(double));
	DsadWatch	watch = {env, false};
	Path		path;

	path.kernel = scorer->kernel;
	take_path(&taker, &path, scorer);
	for (uint32_t l = 1; l + 1 < scorer->layers; l++)
		memset(path.layer[l].transposed, 0, path.layer[l].width * path.layer[l + 1].units * sizeof(float));
	scorer->kernel->scale(scaling, scaling->fill, inputs, from);
	if (!dsad_scale_row(scaling, scorer->kernel, row, 0, raw, to))
		return DSAD_BAD_DATA;
	for (size_t i = 0; i < inputs; i++)
	{
		start[i] = (double) from[i];
		direction[i] = (double) to[i] - (double) from[i];
	}
	memset(contribution, 0, scorer->features * sizeof(double));
	for (size_t i = 0; i < inputs && scorer->input_factor > 0; i++)
		contribution[i < scorer->features ? i : scaling->copied[i - scorer->features]] +=
			scorer->input_factor * ((double) to[i] * (double) to[i] - start[i] * start[i]);
	for (uint32_t m = 0; m < scorer->members && !watch.cancelled; m++)
	{
		path.net = &scorer->member[m];
		start_path(&path, start, direction);
		walk(&path, 1 / (scorer->members * path.net->divisor), &watch);
		for (size_t i = 0; i < inputs; i++)
			contribution[i < scorer->features ? i : scaling->copied[i - scorer->features]] +=
				direction[i] * path.kernel->path_dot(WEIGHTS(&path, 0), i, path.layer[0].integral);
	}
	return watch.cancelled ? DSAD_CANCELLED : DSAD_OK;
}
