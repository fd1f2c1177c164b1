/*
 * onnx.c
 *	  deepsad_export_onnx: a model as one ONNX graph, from encoded features to scores.
 *
 * Features come as doubles, scaling and distances are in double, the nets in float, as
 * in scoring.  A picture goes through convolutions first (onnx_conv.c).  All members go
 * through one multiplication of (members, in, out) for each layer.  Shapes below: N rows,
 * D features, I inputs, M members, L latent, K kept scores.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "core/score/scorer.h"
#include "exchange/folded.h"
#include "exchange/model_json.h"
#include "exchange/onnx_conv.h"
#include "exchange/onnx_wire.h"

DEEPSAD_FUNCTION(deepsad_export_onnx);

#define FIRST_OPSET 13
#define LAST_OPSET 17

#define FEW_INPUTS 320			/* whose scaling's vectors are as they are: 10 kB */
#define MOST_RUNS 16

static void
node(DeepsadOnnx *onnx, const char *operator, const char * inputs, const char *output)
{
	deepsad_onnx_node(onnx, operator, inputs, output, NULL, 0);
}

/* A vector, or (rows > 0) a matrix of so many rows. */
static void
doubles(DeepsadOnnx *onnx, const char *name, const double *numbers, int64 rows, int64 columns)
{
	int64		shape[2] = {rows > 0 ? rows : columns, columns};

	deepsad_onnx_tensor(onnx, name, DEEPSAD_ONNX_DOUBLE, numbers, rows > 0 ? 2 : 1, shape);
}

/* A number by itself. */
static void
number(DeepsadOnnx *onnx, const char *name, double value)
{
	double	   *kept = palloc(sizeof(double));

	*kept = value;
	deepsad_onnx_tensor(onnx, name, DEEPSAD_ONNX_DOUBLE, kept, 0, NULL);
}

/* Whole numbers: axes, indexes. */
static void
integers(DeepsadOnnx *onnx, const char *name, const int64 *numbers, int64 count)
{
	deepsad_onnx_tensor(onnx, name, DEEPSAD_ONNX_INT64, numbers, 1, &count);
}

/* Axes by name, for operators that take them as an input. */
static void
put_axes(DeepsadOnnx *onnx)
{
	static const int64 axis[] = {0, 1, 2};
	static const char *const names[] = {"axis0", "axis1", "axis2"};

	for (int i = 0; i < (int) lengthof(axis); i++)
		integers(onnx, names[i], &axis[i], 1);
}

/* Whether a float holds each number of a scaling's vector: of numbers in features' units to 5e-7 of an input's unit. */
static bool
fits_floats(const double *numbers, const double *scale, uint32 count)
{
	for (uint32 i = 0; i < count; i++)
	{
		double		off = fabs(numbers[i] - (double) (float) numbers[i]);

		if (!(scale ? off * fabs(scale[i]) <= 5e-7 : off <= 1e-7 * fabs(numbers[i])))
			return false;
	}
	return true;
}

/* A vector of few runs of equal numbers: each run as one number and its length. */
static void
put_runs(DeepsadOnnx *onnx, const char *name, const double *numbers, uint32 count)
{
	StringInfoData parts;
	int			run = 0;

	initStringInfo(&parts);
	for (uint32 first = 0, last; first < count; first = last, run++)
	{
		int64	   *length = palloc(sizeof(int64));

		for (last = first + 1; last < count && numbers[last] == numbers[first];)
			last++;
		*length = last - first;
		number(onnx, psprintf("%s_value%d", name, run), numbers[first]);
		integers(onnx, psprintf("%s_length%d", name, run), length, 1);
		node(onnx, "Expand", psprintf("%s_value%d %s_length%d", name, run, name, run),
			 psprintf("%s_run%d", name, run));
		appendStringInfo(&parts, "%s%s_run%d", run > 0 ? " " : "", name, run);
	}
	deepsad_onnx_node(onnx, "Concat", parts.data, name, "axis", 0);
}

/*
 * A vector of the scaling (scale not NULL: in features' units).  One of many inputs is made short where that changes no
 * score: pixels of a channel have one offset and scale.
 */
static void
put_vector(DeepsadOnnx *onnx, const char *name, const double *numbers, const double *scale, uint32 count)
{
	uint32		runs = 1;

	for (uint32 i = 1; i < count; i++)
		runs += numbers[i] != numbers[i - 1];
	if (count <= FEW_INPUTS)
		doubles(onnx, name, numbers, 0, count);
	else if (runs == 1)
		number(onnx, name, numbers[0]);
	else if (runs <= MOST_RUNS)
		put_runs(onnx, name, numbers, count);
	else if (fits_floats(numbers, scale, count))
	{
		float	   *floats = palloc(count * sizeof(float));
		int64		shape[1] = {count};

		for (uint32 i = 0; i < count; i++)
			floats[i] = (float) numbers[i];
		deepsad_onnx_tensor(onnx, psprintf("%s_float", name), DEEPSAD_ONNX_FLOAT, floats, 1, shape);
		deepsad_onnx_node(onnx, "Cast", psprintf("%s_float", name), name, "to", DEEPSAD_ONNX_DOUBLE);
	}
	else
		doubles(onnx, name, numbers, 0, count);
}

/* features (N, D) to scaled (N, I): missing values filled in, kept within limits. */
static void
put_scaling(DeepsadOnnx *onnx, const DsadScaling *scaling)
{
	uint32		copies = scaling->inputs - scaling->features;
	int64	   *copied = palloc(Max(copies, 1) * sizeof(int64));
	const char *raw = "features";

	if (copies > 0)
	{
		for (uint32 i = 0; i < copies; i++)
			copied[i] = scaling->copied[i];
		integers(onnx, "copied", copied, copies);
		deepsad_onnx_node(onnx, "Gather", "features copied", "copies", "axis", 1);
		deepsad_onnx_node(onnx, "Concat", "features copies", "raw", "axis", 1);
		raw = "raw";
	}
	put_vector(onnx, "fill", scaling->fill, scaling->scale, scaling->inputs);
	put_vector(onnx, "offset", scaling->offset, scaling->scale, scaling->inputs);
	put_vector(onnx, "scale", scaling->scale, NULL, scaling->inputs);
	put_vector(onnx, "limit", scaling->limit, NULL, scaling->inputs);
	node(onnx, "IsNaN", raw, "missing");
	node(onnx, "Where", psprintf("missing fill %s", raw), "filled");
	node(onnx, "Sub", "filled offset", "centered");
	node(onnx, "Mul", "centered scale", "unbounded");
	node(onnx, "Min", "unbounded limit", "below");
	node(onnx, "Neg", "limit", "lowest");
	node(onnx, "Max", "below lowest", "bounded");
	deepsad_onnx_node(onnx, "Cast", "bounded", "scaled", "to", DEEPSAD_ONNX_FLOAT);
}

/* scaled (N, I) to outputs (M, N, L); H below are the dense layers' inputs behind convolutions. */
static void
put_nets(DeepsadOnnx *onnx, const DsadModel *model)
{
	int			members = (int) model->config.members;
	const char *in = "scaled";

	if (model->convs > 0)
	{
		/* dense (M, N, H) */
		deepsad_onnx_convs(onnx, model);
		in = "dense";
	}
	for (uint32 l = 0; l < model->layers; l++)
	{
		Size		weights = (Size) model->dims[l] * model->dims[l + 1];
		Size		units = model->dims[l + 1];
		float	   *weight = palloc_extended(members * weights * sizeof(float), MCXT_ALLOC_HUGE);
		float	   *bias = palloc(members * units * sizeof(float));
		int64		weight_shape[3] = {members, model->dims[l], model->dims[l + 1]};
		int64		bias_shape[3] = {members, 1, model->dims[l + 1]};
		bool		last = l + 1 == model->layers;
		char	   *product = last ? "outputs" : psprintf("product%u", l);

		for (int m = 0; m < members; m++)
			deepsad_fold_layer(model, m, l, weight + m * weights, bias + m * units);
		deepsad_onnx_tensor(onnx, psprintf("weight%u", l), DEEPSAD_ONNX_FLOAT, weight, 3, weight_shape);
		node(onnx, "MatMul", psprintf("%s weight%u", in, l), product);
		if (last)
			break;
		deepsad_onnx_tensor(onnx, psprintf("bias%u", l), DEEPSAD_ONNX_FLOAT, bias, 3, bias_shape);
		node(onnx, "Add", psprintf("%s bias%u", product, l), psprintf("sum%u", l));
		in = psprintf("hidden%u", l);
		/* its slope is 0.01 unless it is told another */
		node(onnx, "LeakyRelu", psprintf("sum%u", l), in);
	}
}

/* outputs (M, N, L) to parts (M, N), the members' parts of the score; a net beyond float's range gives infinity. */
static void
put_distances(DeepsadOnnx *onnx, const DsadModel *model)
{
	int			members = (int) model->config.members;
	uint32		latent = model->dims[model->layers];
	double	   *center = palloc(members * latent * sizeof(double));
	double	   *divisor = palloc(members * sizeof(double));
	int64		center_shape[3] = {members, 1, latent};

	for (int m = 0; m < members; m++)
	{
		divisor[m] = deepsad_member_divisor(model, m);
		for (uint32 j = 0; j < latent; j++)
			center[m * latent + j] = model->members[m].center[j];
	}
	deepsad_onnx_tensor(onnx, "center", DEEPSAD_ONNX_DOUBLE, center, 3, center_shape);
	doubles(onnx, "divisor", divisor, members, 1);
	number(onnx, "infinity", INFINITY);
	deepsad_onnx_node(onnx, "Cast", "outputs", "precise", "to", DEEPSAD_ONNX_DOUBLE);
	node(onnx, "Sub", "precise center", "away");
	node(onnx, "Mul", "away away", "squares");
	deepsad_onnx_node(onnx, "ReduceSum", "squares axis2", "distance", "keepdims", 0);
	node(onnx, "IsNaN", "distance", "lost");
	node(onnx, "Where", "lost infinity distance", "found");
	node(onnx, "Div", "found divisor", "parts");
}

/* wide (N, I) and plain (N) to norm (N), the whitened inputs' squared norm. */
static void
put_whitening(DeepsadOnnx *onnx, const DsadModel *model)
{
	int64		shape[2] = {model->scaling.inputs, dsad_directions(&model->config, model->scaling.inputs)};

	/* floats are half as large, and lose nothing */
	deepsad_onnx_tensor(onnx, "directions", DEEPSAD_ONNX_FLOAT, model->white.direction, 2, shape);
	deepsad_onnx_node(onnx, "Cast", "directions", "wide_directions", "to", DEEPSAD_ONNX_DOUBLE);
	number(onnx, "own", model->white.own);
	number(onnx, "nothing", 0);
	node(onnx, "MatMul", "wide wide_directions", "along");
	node(onnx, "Mul", "along along", "along_norms");
	deepsad_onnx_node(onnx, "ReduceSum", "along_norms axis1", "along_norm", "keepdims", 0);
	node(onnx, "Mul", "plain own", "whole");
	node(onnx, "Sub", "whole along_norm", "rest");
	node(onnx, "Max", "rest nothing", "norm");
}

/* parts (M, N) and scaled (N, I) to scores (N) and score (N, 1); inputs (N) if they count. */
static void
put_score(DeepsadOnnx *onnx, const DsadModel *model)
{
	double		factor = deepsad_input_factor(model);
	bool		white = dsad_directions(&model->config, model->scaling.inputs) > 0;
	bool		centered = white && model->convs > 0;

	number(onnx, "members", (double) model->config.members);
	deepsad_onnx_node(onnx, "ReduceSum", "parts axis0", "total", "keepdims", 0);
	node(onnx, "Div", "total members", factor > 0 ? "mean" : "scores");
	if (factor > 0)
	{
		number(onnx, "factor", factor);
		deepsad_onnx_node(onnx, "Cast", "scaled", centered ? "uncentered" : "wide", "to", DEEPSAD_ONNX_DOUBLE);
		if (centered)
			deepsad_onnx_input_center(onnx, model);
		node(onnx, "Mul", "wide wide", "norms");
		deepsad_onnx_node(onnx, "ReduceSum", "norms axis1", white ? "plain" : "norm", "keepdims", 0);
		if (white)
			put_whitening(onnx, model);
		node(onnx, "Mul", "norm factor", "inputs");
		node(onnx, "Add", "mean inputs", "scores");
	}
	node(onnx, "Unsqueeze", "scores axis1", "score");
}

/* How many calibration rows score at least as high when so many kept scores do: the core's count, of scores kept..1. */
static int64
count_of_kept(const DsadScoreList *list, uint32 at_least)
{
	DsadScoreList ranks = *list;
	int64		count;

	ranks.score = palloc(Max(list->kept, 1) * sizeof(double));
	for (uint32 i = 0; i < list->kept; i++)
		ranks.score[i] = list->kept - i;
	count = dsad_count_at_least(&ranks, list->kept - at_least + 0.5);
	pfree(ranks.score);
	return count;
}

/* scores (N), or parts (M, N) and inputs (N), to count (N): how many calibration rows score at least as high. */
static void
put_count(DeepsadOnnx *onnx, const DsadModel *model)
{
	const DsadCalibration *calibration = &model->calibration;
	int64		lists = calibration->lists;
	int64		kept = 1;
	bool		counted = deepsad_input_factor(model) > 0;
	double	   *score;
	int64	   *table;
	int64	   *base;

	for (uint32 i = 0; i < lists; i++)
		kept = Max(kept, calibration->list[i].kept);
	score = palloc(lists * kept * sizeof(double));
	table = palloc(lists * (kept + 1) * sizeof(int64));
	base = palloc(lists * sizeof(int64));
	for (uint32 i = 0; i < lists; i++)
	{
		const DsadScoreList *list = &calibration->list[i];

		base[i] = i * (kept + 1);
		/* lists shorter than the longest end with scores that no row is below */
		for (uint32 j = 0; j <= kept; j++)
			table[base[i] + j] = count_of_kept(list, Min(j, list->kept));
		for (uint32 j = 0; j < kept; j++)
			score[i * kept + j] = j < list->kept ? list->score[j] : -1;
	}
	deepsad_onnx_tensor(onnx, "kept", DEEPSAD_ONNX_DOUBLE, score, 3, (int64[]) {lists, 1, kept});
	integers(onnx, "table", table, lists * (kept + 1));
	deepsad_onnx_tensor(onnx, "base", DEEPSAD_ONNX_INT64, base, 2, (int64[]) {lists, 1});
	if (model->config.calibration != DSAD_CALIBRATION_CROSS)
		node(onnx, "Unsqueeze", "scores axis0", "compared");
	else
		node(onnx, counted ? "Add" : "Identity", counted ? "parts inputs" : "parts", "compared");
	node(onnx, "Unsqueeze", "compared axis2", "column");
	node(onnx, "GreaterOrEqual", "kept column", "reached");
	deepsad_onnx_node(onnx, "Cast", "reached", "ones", "to", DEEPSAD_ONNX_INT64);
	deepsad_onnx_node(onnx, "ReduceSum", "ones axis2", "ranks", "keepdims", 0);
	node(onnx, "Add", "ranks base", "places");
	node(onnx, "Gather", "table places", "counts");
	deepsad_onnx_node(onnx, "ReduceSum", "counts axis0", "count", "keepdims", 0);
}

/* count (N) to pvalue (N, 1). */
static void
put_pvalue(DeepsadOnnx *onnx, const DsadModel *model)
{
	number(onnx, "one", 1);
	number(onnx, "rows", 1 + (double) model->calibration.rows);
	deepsad_onnx_node(onnx, "Cast", "count", "number", "to", DEEPSAD_ONNX_DOUBLE);
	node(onnx, "Add", "number one", "above");
	node(onnx, "Div", "above rows", "share");
	node(onnx, "Unsqueeze", "share axis1", "pvalue");
	deepsad_onnx_output(onnx, "pvalue", DEEPSAD_ONNX_DOUBLE, 1);
}

/* score (N, 1) or count (N) to is_anomaly (N, 1). */
static void
put_decision(DeepsadOnnx *onnx, const DsadDecision *decision)
{
	int64	   *most = palloc(sizeof(int64));

	if (decision->kind == DSAD_DECISION_SCORE)
	{
		/* no score is as high as NaN */
		number(onnx, "threshold", isfinite(decision->score) ? decision->score : NAN);
		node(onnx, "GreaterOrEqual", "score threshold", "is_anomaly");
	}
	else
	{
		*most = decision->most;
		integers(onnx, "most", most, 1);
		node(onnx, "LessOrEqual", "count most", "decision");
		node(onnx, "Unsqueeze", "decision axis1", "is_anomaly");
	}
	deepsad_onnx_output(onnx, "is_anomaly", DEEPSAD_ONNX_BOOL, 1);
}

/* What a program needs to make features of a row, and decisions of scores. */
static void
put_metadata(DeepsadOnnx *onnx, const DsadModel *model)
{
	StringInfoData value;

	initStringInfo(&value);
	deepsad_json_threshold(&value, model);
	deepsad_onnx_metadata(onnx, "threshold", value.data);
	resetStringInfo(&value);
	deepsad_json_columns(&value, model->encoder);
	deepsad_onnx_metadata(onnx, "columns", value.data);
	resetStringInfo(&value);
	deepsad_json_left_out(&value, model->encoder);
	deepsad_onnx_metadata(onnx, "left_out", value.data);
	pfree(value.data);
}

/* What is asked for must exist. */
static void
check_wanted(const DsadModel *model, const DsadDecision *decision, bool pvalue, bool anomaly, int opset)
{
	if (opset < FIRST_OPSET || opset > LAST_OPSET)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("opset is %d, must be from %d to %d", opset, FIRST_OPSET, LAST_OPSET)));
	if (pvalue && model->calibration.lists == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model has no calibration rows, so a graph of it has no p-values"),
				 errhint("Give it rows that it was not trained on, deepsad_calibrate(model, features), or train on at "
						 "least 20 rows with deepsad_options(calibration => 'auto').")));
	if (anomaly && decision->kind == DSAD_DECISION_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model has no threshold, so a graph of it has no decisions"),
				 errhint("Set one: deepsad_set_threshold(model, threshold => 3).")));
}

/* deepsad_export_onnx(model, pvalue, is_anomaly, opset) -> bytea */
Datum
deepsad_export_onnx(PG_FUNCTION_ARGS)
{
	bool		pvalue = PG_GETARG_BOOL(1);
	bool		anomaly = PG_GETARG_BOOL(2);
	int			opset = PG_GETARG_INT32(3);
	DsadDecision decision;
	DeepsadOnnx onnx;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;

	deepsad_decode_for_export(&model, &arena, &env, PG_GETARG_BYTEA_PP(0));
	dsad_decision(&decision, &model);
	check_wanted(&model, &decision, pvalue, anomaly, opset);
	deepsad_onnx_begin(&onnx);
	deepsad_onnx_input(&onnx, "features", DEEPSAD_ONNX_DOUBLE, model.scaling.features);
	deepsad_onnx_output(&onnx, "score", DEEPSAD_ONNX_DOUBLE, 1);
	put_axes(&onnx);
	put_scaling(&onnx, &model.scaling);
	put_nets(&onnx, &model);
	put_distances(&onnx, &model);
	put_score(&onnx, &model);
	if (pvalue || (anomaly && decision.kind == DSAD_DECISION_PVALUE))
		put_count(&onnx, &model);
	if (pvalue)
		put_pvalue(&onnx, &model);
	if (anomaly)
		put_decision(&onnx, &decision);
	put_metadata(&onnx, &model);
	PG_RETURN_BYTEA_P(deepsad_onnx_end(&onnx, "deepsad", opset));
}
