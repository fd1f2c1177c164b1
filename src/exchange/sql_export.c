/*
 * sql_export.c
 *	  A model as plain SQL: subqueries one within the other, for the cells, the inputs, and the
 *	  sums and activations of each layer.  OFFSET 0 keeps the planner from putting them together,
 *	  which would compute every inner expression once for each outer one.
 *
 * Names in it, all with the source's prefix: c = cell, x = input, s = sum, h = activation, d =
 * distance from the center, q = the inputs' squared norm.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "miscadmin.h"

#include "exchange/folded.h"
#include "exchange/sql_features.h"

#define MAX_WEIGHTS 100000		/* PostgreSQL reads and plans that in about a second */
#define MAX_TARGETS 1600		/* PostgreSQL's limit is 1664 */
#define TERMS 16				/* that stand side by side in a sum: its tree must not be deep */
#define SMALLEST_WEIGHT 1e-30	/* below it a product could underflow, and does not matter */

static void
check_targets(const char *what, uint64 count, int carries)
{
	if (count + carries > MAX_TARGETS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model's SQL needs " UINT64_FORMAT " columns for %s, the limit is %d", count + carries, what, MAX_TARGETS),
				 errhint("Train with fewer members or smaller hidden layers, or use deepsad_export_onnx.")));
}

/* Raises an error when a model is too large for SQL whose rows have so many more columns. */
void
deepsad_sql_check(const DsadModel *model, int carries)
{
	uint64		weights = 0;

	for (uint32 l = 0; l < model->layers; l++)
		weights += (uint64) model->dims[l] * model->dims[l + 1] * model->config.members;
	if (weights > MAX_WEIGHTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model has " UINT64_FORMAT " weights, as SQL it can have %d", weights, MAX_WEIGHTS),
				 errhint("Train with fewer members or smaller hidden layers, or use deepsad_export_onnx.")));
	check_targets("cells", model->encoder->cells, carries);
	check_targets("inputs", model->dims[0], carries);
	for (uint32 l = 1; l <= model->layers; l++)
		check_targets("a layer", (uint64) model->dims[l] * model->config.members + 1, carries);
}

/* A folded weight: nine digits are more than a float has. */
static void
put_weight(StringInfo out, float weight)
{
	appendStringInfo(out, "(%.9g)", isfinite(weight) ? weight : weight > 0 ? 3e38 : -3e38);
}

/* bias + the sum of weight[i * stride] * NAMEfirst+i for i < count, as a balanced sum. */
static void
put_sum(StringInfo out, float bias, const float *weight, uint32 count, uint32 stride, const char *name, uint32 first)
{
	uint32		terms = 0;

	appendStringInfoChar(out, '(');
	put_weight(out, bias);
	for (uint32 i = 0; i < count; i++)
	{
		if (fabsf(weight[(Size) i * stride]) < SMALLEST_WEIGHT)
			continue;
		appendStringInfoString(out, ++terms % TERMS == 0 ? ")+(" : "+");
		put_weight(out, weight[(Size) i * stride]);
		appendStringInfo(out, "*%s%u", name, first + i);
	}
	appendStringInfoString(out, terms == 0 ? ")::double precision" : ")");
}

/* The sum of squares of NAMEfirst .. NAMEfirst + count - 1. */
static void
put_squares(StringInfo out, const char *name, uint32 first, uint32 count)
{
	for (uint32 i = 0; i < count; i++)
		appendStringInfo(out, "%s%s%u*%s%u", i == 0 ? "(" : i % TERMS == 0 ? ")+(" : "+", name, first + i, name, first + i);
	appendStringInfoChar(out, ')');
}

static void
put_cells(StringInfo out, const DsadEncoder *encoder, const DeepsadSqlSource *source)
{
	const char *comma = "";

	for (uint32 c = 0; c < encoder->columns; c++)
		for (uint32 i = 0; i < encoder->column[c].cells; i++)
		{
			appendStringInfoString(out, comma);
			deepsad_sql_cell(out, encoder, c, i, source->value[c]);
			appendStringInfo(out, " AS %sc%u", source->prefix, encoder->column[c].first_cell + i);
			comma = ",\n";
		}
}

static void
put_inputs(StringInfo out, const DsadModel *model, const DeepsadSqlSource *source)
{
	for (uint32 i = 0; i < model->dims[0]; i++)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(out, i > 0 ? ",\n" : "");
		deepsad_sql_input(out, model, i, source->prefix);
		appendStringInfo(out, " AS %sx%u", source->prefix, i);
	}
}

/* The sums of layer l; of the last one less the center. */
static void
put_layer(StringInfo out, const DsadModel *model, uint32 l, const DeepsadSqlSource *source)
{
	uint32		in = model->dims[l];
	uint32		units = model->dims[l + 1];
	bool		last = l + 1 == model->layers;
	float	   *weight = palloc((Size) in * units * sizeof(float));
	float	   *bias = palloc(units * sizeof(float));
	char	   *name = psprintf("%s%c", source->prefix, l == 0 ? 'x' : 'h');

	for (int m = 0; m < model->config.members; m++)
	{
		deepsad_fold_layer(model, m, l, weight, bias);
		for (uint32 j = 0; j < units; j++)
		{
			CHECK_FOR_INTERRUPTS();
			put_sum(out, last ? -model->members[m].center[j] : bias[j], weight + j, in, units, name, l == 0 ? 0 : m * in);
			appendStringInfo(out, "%s AS %s%c%u,\n", last ? "+1e-20" : "", source->prefix, last ? 'd' : 's', m * units + j);
		}
	}
	pfree(weight);
	pfree(bias);
}

/* The score of the distances; with the plain word of what it is called. */
static void
put_score(StringInfo out, const DsadModel *model, const DeepsadSqlSource *source)
{
	uint32		latent = model->dims[model->layers];
	char	   *name = psprintf("%sd", source->prefix);

	for (int m = 0; m < model->config.members; m++)
	{
		appendStringInfoString(out, m > 0 ? "+(" : "(");
		put_squares(out, name, m * latent, latent);
		appendStringInfoString(out, ")/");
		deepsad_sql_number(out, deepsad_member_divisor(model, m) * model->config.members);
	}
	if (deepsad_input_factor(model) > 0)
	{
		appendStringInfo(out, "+%sq*", source->prefix);
		deepsad_sql_number(out, deepsad_input_factor(model));
	}
	appendStringInfo(out, " AS %s", source->score);
}

/* A query that gives the carried columns and the score; no semicolon at its end. */
void
deepsad_sql_query(StringInfo out, const DsadModel *model, const DeepsadSqlSource *source)
{
	bool		norm = deepsad_input_factor(model) > 0;
	int			levels = 2 * (int) model->layers + 2;	/* cells, inputs, two for each layer but one for the last, score */
	StringInfoData *level = palloc(levels * sizeof(StringInfoData));
	int			n = 0;

	for (int i = 0; i < levels; i++)
		initStringInfo(&level[i]);
	put_cells(&level[n++], model->encoder, source);
	put_inputs(&level[n++], model, source);
	for (uint32 l = 0; l < model->layers; l++)
	{
		bool		last = l + 1 == model->layers;

		put_layer(&level[n], model, l, source);
		if (!norm)
			level[n].len -= 2;	/* the last comma */
		else if (l == 0)
		{
			put_squares(&level[n], psprintf("%sx", source->prefix), 0, model->dims[0]);
			appendStringInfo(&level[n], " AS %sq", source->prefix);
		}
		else
			appendStringInfo(&level[n], "%sq", source->prefix);
		level[n].data[level[n].len] = '\0';
		n++;
		if (last)
			break;
		for (uint32 j = 0; j < model->dims[l + 1] * model->config.members; j++)
			appendStringInfo(&level[n], "%sgreatest(%ss%u,%ss%u*(%.9g)) AS %sh%u", j > 0 ? ",\n" : "", source->prefix, j,
							 source->prefix, j, DSAD_LEAKY_SLOPE, source->prefix, j);
		if (norm)
			appendStringInfo(&level[n], ",\n%sq", source->prefix);
		n++;
	}
	put_score(&level[n++], model, source);
	for (int i = n - 1; i >= 0; i--)
		appendStringInfo(out, "SELECT %s%s%s", source->carried, level[i].data, i > 0 ? "\nFROM (" : source->from);
	for (int i = 1; i < n; i++)
		appendStringInfo(out, " OFFSET 0) AS %st", source->prefix);
}
