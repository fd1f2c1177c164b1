/*
 * explain_path.c
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
#include "core/score/explain_path.h"

#include <string.h>

#include "core/score/explain_conv.h"
#include "core/score/scaling.h"
#include "core/score/scorer_parts.h"

#define LEAKY_SLOPE ((double) DSAD_LEAKY_SLOPE)

#define MAX_WORK 1e11			/* multiply-adds of one row: ten seconds or more */
#define MAX_CROSSINGS 16		/* of each hidden unit, on average: only a forged net has so many */

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
	double	   *above;			/* of the widest layer or the inputs: sums of weights above * integral above */
	double	   *ends;			/* inputs: both ends of the way together */
	double		limit;			/* of units that may cross zero, in all members */
	DsadWatch	watch;
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

/* y = x * the weights into layer l, in pieces between which the work may be canceled. */
static void
product(Path *path, uint32_t l, const double *x, double *y)
{
	const DsadPackedLayer *packed = &path->net->layer[l];
	size_t		width = path->layer[l].width;
	size_t		step = dsad_padded(dsad_poll_rows(DSAD_POLL_ELEMENTS, packed->in));

	for (size_t j = 0; j < width && !path->watch.canceled; j += step, dsad_watch(&path->watch))
		path->kernel->path_product(packed->weight + j * packed->in, packed->in, width - j < step ? width - j : step, x,
								   y + j);
}

/* Sets above[0 .. count) to the sums of the weights from `unit` on into layer l times that layer's integrals. */
static void
sum_above(Path *path, uint32_t l, size_t unit, size_t count)
{
	size_t		step = dsad_poll_rows(DSAD_POLL_ELEMENTS, path->layer[l].width);

	for (size_t i = 0; i < count && !path->watch.canceled; i += step, dsad_watch(&path->watch))
		path->kernel->path_dots(WEIGHTS(path, l), unit + i, count - i < step ? count - i : step,
								path->layer[l].integral, path->above + i);
}

/* Brings the integrals of `count` units from `unit` on up to date; those of the layer above are. */
static void
count_units(Path *path, uint32_t l, size_t unit, size_t count)
{
	PathLayer  *layer = &path->layer[l];

	sum_above(path, l + 1, unit, count);
	for (size_t j = 0; j < count; j++)
	{
		layer->integral[unit + j] += layer->slope[unit + j] * (path->above[j] - layer->counted[unit + j]);
		layer->counted[unit + j] = path->above[j];
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

		if (!(first->p[unit] < 0 ? first->p[unit] + first->v[unit] > 0 : first->p[unit] + first->v[unit] < 0) ||
			!(at < 1))
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
	for (uint32_t l = 0; l < path->net->layers; l++)
	{
		const DsadPackedLayer *packed = &path->net->layer[l];
		PathLayer  *layer = &path->layer[l];

		product(path, l, l == 0 ? start : passed(path, l - 1, path->layer[l - 1].p), layer->p);
		product(path, l, l == 0 ? direction : passed(path, l - 1, path->layer[l - 1].v), layer->v);
		for (size_t j = 0; j < layer->width; j++)
		{
			layer->p[j] += (double) packed->bias[j];
			layer->slope[j] =
				!packed->activate || layer->p[j] > 0 || (layer->p[j] == 0 && layer->v[j] >= 0) ? 1 : LEAKY_SLOPE;
			layer->integral[j] = layer->counted[j] = 0;
		}
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
		output->integral[j] += length * 2 * factor * (output->p[j] - (double) path->net->center[j]);
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
		count_units(path, above, 0, path->layer[above].units);
	count_units(path, l, unit, 1);
	path->kernel->path_add(WEIGHTS(path, l + 1), unit, (slope - layer->slope[unit]) * layer->v[unit],
						   path->layer[l + 1].v);
	layer->slope[unit] = slope;
	layer->p[unit] = 0;
	for (l += 2; l < path->net->layers; l++)
		product(path, l, passed(path, l - 1, path->layer[l - 1].v), path->layer[l].v);
}

/* Walks one member's line; afterwards the first layer's integrals are complete. */
static void
walk(Path *path, double factor)
{
	double		at = 0;
	size_t		next = 0;

	while (!path->watch.canceled)
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
		if (--path->limit < 0)
			return;
		cross(path, crossing_layer, unit);
		dsad_watch(&path->watch);
	}
	for (uint32_t l = path->net->layers - 1; l > 0; l--)
		count_units(path, l - 1, 0, path->layer[l - 1].units);
}

/* Memory for the way of any member, and of the inputs' own distance; convolutions have their own. */
static bool
alloc_path(Path *path, DsadArena *arena, const DsadScorer *scorer)
{
	const DsadPackedNet *net = &scorer->member[0];
	size_t		widest = scorer->inputs > scorer->widest ? scorer->inputs : scorer->widest;
	bool		fits = true;

	path->above = dsad_arena_array(arena, widest, sizeof(double));
	path->ends = dsad_arena_array(arena, dsad_padded(scorer->inputs), sizeof(double));
	if (!path->above || !path->ends || scorer->conv.modules > 0)
		return path->above && path->ends;
	for (uint32_t l = 0; l < net->layers; l++)
	{
		PathLayer  *layer = &path->layer[l];
		double	  **part[] = {&layer->p, &layer->v, &layer->slope, &layer->passed, &layer->integral, &layer->counted};

		layer->units = l + 1 < net->layers ? net->layer[l + 1].in : net->latent;
		layer->width = net->layer[l].out_padded;
		for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
			fits &= (*part[i] = dsad_arena_array(arena, layer->width, sizeof(double))) != NULL;
	}
	path->crossing = dsad_arena_array(arena, net->layer[1].in, sizeof(double));
	path->crossing_unit = dsad_arena_array(arena, net->layer[1].in, sizeof(uint32_t));
	return fits && path->crossing && path->crossing_unit;
}

/*
 * Multiply-adds that a row's explanation takes when each hidden unit crosses zero once: of
 * each crossing, two products of all layers above it.  Also counts those units.
 */
static double
work(const DsadScorer *scorer, double *units)
{
	const DsadPackedNet *net = &scorer->member[0];
	double		above = 0;
	double		sum = 0;

	*units = 0;
	for (uint32_t l = net->layers; l-- > 0;)
	{
		double		weights = (double) net->layer[l].in * net->layer[l].out_padded;

		if (l + 1 < net->layers)
		{
			sum += net->layer[l + 1].in * 2 * above;
			*units += net->layer[l + 1].in;
		}
		above += weights;
	}
	*units *= scorer->members;
	return (sum + 3 * above) * scorer->members;
}

/* Fails when a row's explanation would take too long. */
static DsadStatus
check_work(const DsadScorer *scorer, double *limit, DsadError *error)
{
	double		units;
	double		needed;

	if (scorer->conv.modules > 0)
		return DSAD_OK;
	needed = work(scorer, &units);
	*limit = MAX_CROSSINGS * (units + 1);
	if (needed > MAX_WORK)
		return dsad_fail(error, DSAD_TOO_LARGE, "Explain a model with smaller \"hidden\" or fewer \"members\".",
						 "explaining a row of this model takes about %.2g multiply-adds, the limit is %.2g", needed,
						 MAX_WORK);
	return DSAD_OK;
}

/* Adds input i's contribution to that of its feature. */
static void
contribute(const DsadScorer *scorer, size_t i, double value, double *contribution)
{
	contribution[i < scorer->features ? i : scorer->scaling.copied[i - scorer->features]] += value;
}

/* The contributions of the inputs' own distance, which is quadratic: the gradient in the middle of the way, whole. */
static void
explain_inputs(Path *path, const DsadScorer *scorer, const double *start, const double *direction, const float *to,
			   double *contribution)
{
	size_t		inputs = scorer->inputs;
	double		along[DSAD_MAX_DIRECTIONS];

	if (scorer->directions == 0)
	{
		for (size_t i = 0; i < inputs; i++)
			contribute(scorer, i, scorer->input_factor * ((double) to[i] * (double) to[i] - start[i] * start[i]),
					   contribution);
		return;
	}
	for (size_t i = 0; i < inputs; i++)
		path->ends[i] = 2 * (start[i] - (double) scorer->input_center[i]) + direction[i];
	path->kernel->path_product(scorer->white.weight, inputs, scorer->white.out_padded, path->ends, along);
	path->kernel->path_dots(scorer->white.weight, inputs, scorer->white.out_padded, 0, inputs, along, path->above);
	for (size_t i = 0; i < inputs; i++)
		contribute(scorer, i, scorer->input_factor * direction[i] * (scorer->own * path->ends[i] - path->above[i]),
				   contribution);
}

/* Explains a row that is scaled: from `from` to `to` (inputs each). */
static DsadStatus
explain(Path *path, const DsadScorer *scorer, const float *from, const float *to, double *start, double *direction,
		double *contribution, DsadError *error)
{
	size_t		inputs = scorer->inputs;

	for (size_t i = 0; i < inputs; i++)
	{
		start[i] = (double) from[i];
		direction[i] = (double) to[i] - (double) from[i];
	}
	if (scorer->input_factor > 0)
		explain_inputs(path, scorer, start, direction, to, contribution);
	if (scorer->conv.modules > 0)
		return dsad_conv_contributions(scorer, path->watch.env, from, to, contribution, error);
	for (uint32_t m = 0; m < scorer->members && !path->watch.canceled; m++)
	{
		path->net = &scorer->member[m];
		start_path(path, start, direction);
		walk(path, 1 / (scorer->members * path->net->divisor));
		if (path->limit < 0)
			return dsad_fail(error, DSAD_TOO_LARGE, NULL,
							 "explaining a row of this model takes more than %d zero crossings for each hidden unit",
							 MAX_CROSSINGS);
		sum_above(path, 0, 0, inputs);
		for (size_t i = 0; i < inputs; i++)
			contribute(scorer, i, direction[i] * path->above[i], contribution);
	}
	return dsad_watch_status(&path->watch, error);
}

/*
 * The contributions (features) of one row (NaN = missing) to its score.  DSAD_BAD_DATA when the row
 * has an infinite number, DSAD_TOO_LARGE when it would take too long.  Memory comes from env and
 * goes back to it.
 */
DsadStatus
dsad_explain(const DsadScorer *scorer, const DsadRows *row, const DsadEnv *env, double *contribution, DsadError *error)
{
	const DsadScaling *scaling = &scorer->scaling;
	size_t		inputs = scorer->inputs;
	DsadArena	scratch;
	Path		path = {.kernel = scorer->kernel, .watch = {env, false}};
	DsadStatus	status = check_work(scorer, &path.limit, error);
	float	   *from;
	float	   *to;
	double	   *line[3];

	if (status != DSAD_OK)
		return status;
	dsad_arena_init(&scratch, env);
	from = dsad_arena_array(&scratch, dsad_padded(inputs), sizeof(float));
	to = dsad_arena_array(&scratch, dsad_padded(inputs), sizeof(float));
	for (int i = 0; i < 3; i++)
		line[i] = dsad_arena_array(&scratch, dsad_padded(inputs), sizeof(double));
	memset(contribution, 0, scorer->features * sizeof(double));
	if (!from || !to || !line[0] || !line[1] || !line[2] || !alloc_path(&path, &scratch, scorer))
		status = dsad_no_memory(error);
	else
	{
		scorer->kernel->scale(scaling, scaling->fill, inputs, from);
		if (!dsad_scale_row(scaling, scorer->kernel, row, 0, line[2], to))
			status = dsad_fail(error, DSAD_BAD_DATA, NULL, "row has an infinite number");
		else
			status = explain(&path, scorer, from, to, line[0], line[1], contribution, error);
	}
	dsad_arena_release(&scratch);
	return status;
}
