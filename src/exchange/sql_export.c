/*
 * sql_export.c
 *	  A model as plain SQL: steps for the cells, the inputs, and the sums and activations of
 *	  each layer.
 *
 * In a query each step is a subquery of the next.  OFFSET 0 keeps the planner from putting
 * them together, which would compute every inner expression once for each outer one.  In a
 * function they are statements of PL/pgSQL, which prepares expressions once in a transaction;
 * an SQL function prepares them anew for each call, five times as slowly.
 *
 * Names in it, all with the source's prefix: c = cell, x = input, s = sum, h = activation, d =
 * distance from the center, q = the inputs' squared norm.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "miscadmin.h"

#include "exchange/folded.h"
#include "exchange/sql_export.h"
#include "rows/picture.h"

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
				 errmsg("model's query needs " UINT64_FORMAT " columns for %s, the limit is %d", count + carries, what,
						MAX_TARGETS),
				 errhint("Train with fewer members or smaller hidden layers, or use deepsad_export_sql.")));
}

/* Raises an error when a model is too large for such SQL. */
void
deepsad_sql_check(const DsadModel *model, const DeepsadSqlSource *source)
{
	uint64		weights = 0;

	for (uint32 c = 0; c < model->encoder->columns; c++)
		if (model->encoder->column[c].shape.channels > 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot export a model of pictures as SQL"),
					 errdetail("SQL exports read arrays of one dimension, and take %d multiply-adds a row at most; a "
							   "picture of %s takes %.0f.",
							   MAX_WEIGHTS, deepsad_shape_sides(&model->encoder->column[c].shape),
							   dsad_model_work(model) * (double) model->config.members),
					 errhint("Use deepsad_export_onnx.")));
	if (dsad_directions(&model->config, model->scaling.inputs) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("model of scaling \"common\" cannot be written as SQL"),
				 errhint("Train with input_weight 0 or scaling \"standard\", or use deepsad_export_onnx.")));
	for (uint32 l = 0; l < model->layers; l++)
		weights += (uint64) model->dims[l] * model->dims[l + 1] * model->config.members;
	if (weights > MAX_WEIGHTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model has " UINT64_FORMAT " weights, as SQL it can have %d", weights, MAX_WEIGHTS),
				 errhint("Train with fewer members or smaller hidden layers, or use deepsad_export_onnx.")));
	if (source->statements)
		return;
	check_targets("cells", model->encoder->cells, source->carries);
	check_targets("inputs", model->dims[0], source->carries);
	for (uint32 l = 1; l <= model->layers; l++)
		check_targets("a layer", (uint64) model->dims[l] * model->config.members + 1, source->carries);
}

/* A folded weight: nine digits are more than a float has. */
static void
put_weight(StringInfo out, float weight)
{
	appendStringInfo(out, "(%.9g)", isfinite(weight) ? weight : weight > 0 ? 3e38 :
																			 -3e38);
}

/* Adds an expression, which is emptied, to a step: as a column of a subquery, or as a statement. */
static void
add(StringInfo step, bool statements, const char *name, StringInfo expression)
{
	if (statements)
		appendStringInfo(step, "%s := %s;\n", name, expression->data);
	else
		appendStringInfo(step, "%s%s AS %s", step->len > 0 ? ",\n" : "", expression->data, name);
	resetStringInfo(expression);
	CHECK_FOR_INTERRUPTS();
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
		appendStringInfo(out, "%s%s%u*%s%u", i == 0 ? "(" : i % TERMS == 0 ? ")+(" :
																			 "+",
						 name, first + i, name, first + i);
	appendStringInfoChar(out, ')');
}

static void
put_cells(StringInfo step, const DsadEncoder *encoder, const DeepsadSqlSource *source)
{
	StringInfoData cell;

	initStringInfo(&cell);
	for (uint32 c = 0; c < encoder->columns; c++)
		for (uint32 i = 0; i < encoder->column[c].cells; i++)
		{
			deepsad_sql_cell(&cell, encoder, c, i, source->value[c]);
			add(step, source->statements, psprintf("%sc%u", source->prefix, encoder->column[c].first_cell + i), &cell);
		}
}

static void
put_inputs(StringInfo step, const DsadModel *model, const DeepsadSqlSource *source)
{
	StringInfoData input;

	initStringInfo(&input);
	for (uint32 i = 0; i < model->dims[0]; i++)
	{
		deepsad_sql_input(&input, model, i, source->prefix);
		add(step, source->statements, psprintf("%sx%u", source->prefix, i), &input);
	}
}

/* The sums of layer l; of the last one less the center. */
static void
put_sums(StringInfo step, const DsadModel *model, uint32 l, const DeepsadSqlSource *source)
{
	uint32		in = model->dims[l];
	uint32		units = model->dims[l + 1];
	bool		last = l + 1 == model->layers;
	float	   *weight = palloc((Size) in * units * sizeof(float));
	float	   *bias = palloc(units * sizeof(float));
	char	   *name = psprintf("%s%c", source->prefix, l == 0 ? 'x' : 'h');
	StringInfoData sum;

	initStringInfo(&sum);
	for (int m = 0; m < model->config.members; m++)
	{
		deepsad_fold_layer(model, m, l, weight, bias);
		for (uint32 j = 0; j < units; j++)
		{
			put_sum(&sum, last ? -model->members[m].center[j] : bias[j], weight + j, in, units, name,
					l == 0 ? 0 : m * in);
			if (last)
				appendStringInfoString(&sum, "+1e-20");
			add(step, source->statements, psprintf("%s%c%u", source->prefix, last ? 'd' : 's', m * units + j), &sum);
		}
	}
	pfree(weight);
	pfree(bias);
	if (deepsad_input_factor(model) == 0)
		return;
	/* the inputs' squared norm: subqueries carry it on */
	if (l == 0)
		put_squares(&sum, name, 0, in);
	else
		appendStringInfo(&sum, "%sq", source->prefix);
	if (l == 0 || !source->statements)
		add(step, source->statements, psprintf("%sq", source->prefix), &sum);
}

/* The activations of layer l. */
static void
put_activations(StringInfo step, const DsadModel *model, uint32 l, const DeepsadSqlSource *source)
{
	StringInfoData unit;

	initStringInfo(&unit);
	for (uint32 j = 0; j < model->dims[l + 1] * model->config.members; j++)
	{
		appendStringInfo(&unit, "greatest(%ss%u,%ss%u*(%.9g))", source->prefix, j, source->prefix, j, DSAD_LEAKY_SLOPE);
		add(step, source->statements, psprintf("%sh%u", source->prefix, j), &unit);
	}
	appendStringInfo(&unit, "%sq", source->prefix);
	if (deepsad_input_factor(model) > 0 && !source->statements)
		add(step, source->statements, psprintf("%sq", source->prefix), &unit);
}

/* The score of the distances. */
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
}

/* The steps of scoring a row, each from those before it; the last one is the score's expression.  Returns how many. */
static int
put_steps(StringInfo *step, const DsadModel *model, const DeepsadSqlSource *source)
{
	int			n = 2 * (int) model->layers + 2;	/* cells, inputs, two for each layer but one for the last, score */

	*step = palloc(n * sizeof(StringInfoData));
	for (int i = 0; i < n; i++)
		initStringInfo(&(*step)[i]);
	n = 0;
	put_cells(&(*step)[n++], model->encoder, source);
	put_inputs(&(*step)[n++], model, source);
	for (uint32 l = 0; l < model->layers; l++)
	{
		put_sums(&(*step)[n++], model, l, source);
		if (l + 1 < model->layers)
			put_activations(&(*step)[n++], model, l, source);
	}
	put_score(&(*step)[n++], model, source);
	return n;
}

/* A query that gives the carried columns and the score; no semicolon at its end. */
void
deepsad_sql_query(StringInfo out, const DsadModel *model, const DeepsadSqlSource *source)
{
	StringInfo	step;
	int			n = put_steps(&step, model, source);

	appendStringInfo(&step[n - 1], " AS %s", source->score);
	for (int i = n - 1; i >= 0; i--)
		appendStringInfo(out, "SELECT %s%s%s", source->carried, step[i].data, i > 0 ? "\nFROM (" : source->from);
	for (int i = 1; i < n; i++)
		appendStringInfo(out, " OFFSET 0) AS %st", source->prefix);
}

/* Declares count variables of a type. */
static void
declare(StringInfo out, const char *name, uint64 count, const char *type)
{
	for (uint64 i = 0; i < count; i++)
		appendStringInfo(out, "%s" UINT64_FORMAT " %s;%s", name, i, type,
						 (i + 1) % 8 == 0 || i + 1 == count ? "\n" : " ");
}

/* The widest layer but the last of all members. */
static uint64
widest(const DsadModel *model)
{
	uint64		width = 0;

	for (uint32 l = 1; l < model->layers; l++)
		width = Max(width, (uint64) model->dims[l] * model->config.members);
	return width;
}

/* The body of a PL/pgSQL function that returns the score. */
void
deepsad_sql_statements(StringInfo out, const DsadModel *model, const DeepsadSqlSource *source)
{
	const DsadEncoder *encoder = model->encoder;
	StringInfo	step;
	int			n = put_steps(&step, model, source);

	appendStringInfoString(out, "DECLARE\n");
	for (uint32 c = 0; c < encoder->columns; c++)
		for (uint32 i = 0; i < encoder->column[c].cells; i++)
			appendStringInfo(out, "c%u %s;\n", encoder->column[c].first_cell + i,
							 deepsad_sql_cell_type(&encoder->column[c]));
	declare(out, "x", model->dims[0], "double precision");
	declare(out, "s", widest(model), "double precision");
	declare(out, "h", widest(model), "double precision");
	declare(out, "d", (uint64) model->dims[model->layers] * model->config.members, "double precision");
	appendStringInfoString(out, "q double precision;\nBEGIN\n");
	for (int i = 0; i < n - 1; i++)
		appendStringInfoString(out, step[i].data);
	appendStringInfo(out, "RETURN %s;\nEND", step[n - 1].data);
}
