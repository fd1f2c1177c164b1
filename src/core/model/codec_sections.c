/*
 * codec_sections.c
 *	  What a model knows beside its nets <-> the bodies of sections "SCAL", "WHIT", "FACT", "TRST",
 *	  "CALI" and "SKET"; doc/format.md specifies them.
 */
#include "core/model/codec_sections.h"

#include <float.h>
#include <math.h>

#include "core/model/calibration_lists.h"
#include "core/model/sketch.h"
#include "core/model/summary.h"

void
dsad_put_scaling(DsadWriter *w, const DsadModel *model)
{
	dsad_put_int(w, model->scaling.features, 4);
	dsad_put_int(w, model->scaling.inputs, 4);
	dsad_put_double(w, model->input_mean);
	dsad_put_doubles(w, model->scaling.offset, model->scaling.inputs);
	dsad_put_doubles(w, model->scaling.scale, model->scaling.inputs);
	dsad_put_doubles(w, model->scaling.fill, model->scaling.inputs);
	dsad_put_doubles(w, model->scaling.limit, model->scaling.inputs);
	for (uint32_t i = 0; i < model->scaling.inputs - model->scaling.features; i++)
		dsad_put_int(w, model->scaling.copied[i], 4);
}

static void
put_digest(DsadWriter *w, const DsadDigest *digest)
{
	dsad_put_int(w, digest->rows, 8);
	dsad_put_int(w, digest->labels, 8);
}

void
dsad_put_facts(DsadWriter *w, const DsadModel *model)
{
	dsad_put_int(w, model->facts.rows, 8);
	dsad_put_int(w, model->facts.skipped, 8);
	dsad_put_int(w, model->facts.anomalies, 8);
	dsad_put_int(w, model->facts.normals, 8);
	dsad_put_int(w, model->facts.missing, 8);
	dsad_put_int(w, model->facts.validation, 8);
	dsad_put_int(w, model->facts.calibration, 8);
	dsad_put_int(w, model->facts.updates, 8);
	dsad_put_int(w, model->facts.update_rows, 8);
	dsad_put_int(w, model->facts.update_anomalies, 8);
	dsad_put_int(w, model->facts.update_normals, 8);
	put_digest(w, &model->facts.digest);
	put_digest(w, &model->facts.update_digest);
}

/* The scores of the calibration rows, list by list. */
void
dsad_put_calibration(DsadWriter *w, const DsadModel *model)
{
	dsad_put_int(w, model->calibration.lists, 4);
	for (uint32_t i = 0; i < model->calibration.lists; i++)
	{
		const DsadScoreList *list = &model->calibration.list[i];

		dsad_put_int(w, list->rows, 4);
		dsad_put_doubles(w, list->score, list->kept);
	}
}

void
dsad_put_trust(DsadWriter *w, const DsadModel *model)
{
	const DsadTrust *trust = &model->trust;

	dsad_put_int(w, trust->held_out, 4);
	for (int kind = 0; kind < 3; kind++)
		dsad_put_int(w, trust->rows[kind], 8);
	dsad_put_doubles(w, trust->mean_score, 3);
	dsad_put_double(w, trust->deviation);
	dsad_put_double(w, trust->auc);
	dsad_put_doubles(w, trust->interval, 2);
	dsad_put_double(w, trust->untrained_auc);
	dsad_put_double(w, trust->plain_auc);
}

/* Each feature's cells. */
void
dsad_put_sketch(DsadWriter *w, const DsadModel *model)
{
	const DsadSketch *sketch = &model->sketch;

	dsad_put_int(w, sketch->rows, 4);
	for (uint32_t j = 0; j < dsad_summaries(model->encoder) && sketch->rows > 0; j++)
	{
		dsad_put_int(w, sketch->edges[j], 4);
		dsad_put_doubles(w, sketch->edge + (size_t) j * DSAD_SKETCH_EDGES, sketch->edges[j]);
		for (uint32_t i = 0; i < sketch->edges[j] + 2; i++)
			dsad_put_int(w, sketch->count[(size_t) j * DSAD_SKETCH_CELLS + i], 4);
	}
}

void
dsad_put_whitening(DsadWriter *w, const DsadModel *model)
{
	dsad_put_double(w, model->white.own);
	dsad_put_floats(w, model->white.direction,
					(size_t) model->scaling.inputs * dsad_directions(&model->config, model->scaling.inputs));
}

DsadStatus
dsad_get_whitening(DsadReader *r, DsadModel *model, DsadError *error)
{
	model->white.own = dsad_get_double(r);
	if (!(model->white.own > 0 && model->white.own < INFINITY))
		r->failed = true;
	dsad_get_floats(r, model->white.direction,
					(size_t) model->scaling.inputs * dsad_directions(&model->config, model->scaling.inputs), -INFINITY);
	return dsad_finish_section(r, "WHIT", error);
}

/* What follows the numbers of features and inputs, for which there is room. */
DsadStatus
dsad_get_scaling(DsadReader *r, DsadModel *model, DsadError *error)
{
	size_t		inputs = model->scaling.inputs;

	model->input_mean = dsad_get_double(r);
	/* a score divides by it: a smaller one would make infinity of 1, and NaN of 0 */
	if (!(model->input_mean >= DBL_MIN && model->input_mean < INFINITY))
		r->failed = true;
	dsad_get_doubles(r, model->scaling.offset, inputs);
	dsad_get_doubles(r, model->scaling.scale, inputs);
	dsad_get_doubles(r, model->scaling.fill, inputs);
	dsad_get_doubles(r, model->scaling.limit, inputs);
	for (size_t i = 0; i < inputs - model->scaling.features; i++)
	{
		model->scaling.copied[i] = (uint32_t) dsad_get_int(r, 4);
		if (model->scaling.copied[i] >= model->scaling.features)
			r->failed = true;
	}
	for (size_t i = 0; i < inputs; i++)
		if (!(model->scaling.scale[i] > 0) ||
			!(model->scaling.limit[i] > 0 && model->scaling.limit[i] <= DSAD_SCALED_MAX))
			r->failed = true;
	return dsad_finish_section(r, "SCAL", error);
}

static void
get_digest(DsadReader *r, DsadDigest *digest)
{
	digest->rows = dsad_get_int(r, 8);
	digest->labels = dsad_get_int(r, 8);
}

DsadStatus
dsad_get_facts(DsadReader *r, DsadModel *model, DsadError *error)
{
	model->facts.rows = dsad_get_int(r, 8);
	model->facts.skipped = dsad_get_int(r, 8);
	model->facts.anomalies = dsad_get_int(r, 8);
	model->facts.normals = dsad_get_int(r, 8);
	model->facts.missing = dsad_get_int(r, 8);
	model->facts.validation = dsad_get_int(r, 8);
	model->facts.calibration = dsad_get_int(r, 8);
	model->facts.updates = dsad_get_int(r, 8);
	model->facts.update_rows = dsad_get_int(r, 8);
	model->facts.update_anomalies = dsad_get_int(r, 8);
	model->facts.update_normals = dsad_get_int(r, 8);
	get_digest(r, &model->facts.digest);
	get_digest(r, &model->facts.update_digest);
	/* SQL has no larger integers */
	if (model->facts.rows > INT64_MAX || model->facts.skipped > INT64_MAX || model->facts.missing > INT64_MAX ||
		model->facts.update_rows > INT64_MAX || model->facts.anomalies > model->facts.rows ||
		model->facts.normals > model->facts.rows - model->facts.anomalies ||
		model->facts.validation > model->facts.rows ||
		model->facts.calibration > model->facts.rows - model->facts.validation || model->facts.updates > UINT32_MAX ||
		model->facts.update_anomalies > model->facts.update_rows ||
		model->facts.update_normals > model->facts.update_rows - model->facts.update_anomalies)
		r->failed = true;
	return dsad_finish_section(r, "FACT", error);
}

DsadStatus
dsad_get_trust(DsadReader *r, DsadModel *model, DsadError *error)
{
	DsadTrust  *trust = &model->trust;
	uint64_t	held_out = dsad_get_int(r, 4);

	trust->held_out = held_out == 1;
	if (held_out > 1)
		r->failed = true;
	for (int kind = 0; kind < 3; kind++)
	{
		trust->rows[kind] = dsad_get_int(r, 8);
		if (trust->rows[kind] > INT64_MAX)
			r->failed = true;
	}
	dsad_get_doubles(r, trust->mean_score, 3);
	dsad_get_doubles(r, &trust->deviation, 1);
	dsad_get_doubles(r, &trust->auc, 1);
	dsad_get_doubles(r, trust->interval, 2);
	dsad_get_doubles(r, &trust->untrained_auc, 1);
	dsad_get_doubles(r, &trust->plain_auc, 1);
	return dsad_finish_section(r, "TRST", error);
}

/* The scores of the calibration rows: highest first, none negative, perhaps infinite. */
DsadStatus
dsad_get_calibration(DsadReader *r, DsadModel *model, DsadArena *arena, DsadError *error)
{
	DsadCalibration *calibration = &model->calibration;

	calibration->lists = (uint32_t) dsad_get_int(r, 4);
	if (calibration->lists != dsad_calibration_lists(&model->config))
		return dsad_corrupt(error, "the calibration does not fit the options");
	calibration->list = dsad_arena_array(arena, calibration->lists, sizeof(DsadScoreList));
	if (!calibration->list)
		return dsad_no_memory(error);
	for (uint32_t i = 0; i < calibration->lists; i++)
	{
		DsadScoreList *list = &calibration->list[i];
		double		last = INFINITY;

		list->rows = (uint32_t) dsad_get_int(r, 4);
		if (list->rows > DSAD_CALIBRATION_ROWS || (size_t) dsad_scores_kept(list->rows) * 8 > r->left)
			return dsad_corrupt(error, "the calibration is malformed");
		list->kept = dsad_scores_kept(list->rows);
		list->score = dsad_arena_array(arena, list->kept, sizeof(double));
		if (!list->score)
			return dsad_no_memory(error);
		for (uint32_t j = 0; j < list->kept; j++)
		{
			list->score[j] = dsad_get_double(r);
			if (!(list->score[j] >= 0 && list->score[j] <= last))
				r->failed = true;
			last = list->score[j];
		}
		calibration->rows += list->rows;
	}
	return dsad_finish_section(r, "CALI", error);
}

/* Each feature's cells: edges ascending, counts that add up to the rows. */
DsadStatus
dsad_get_sketch(DsadReader *r, DsadModel *model, DsadArena *arena, DsadError *error)
{
	DsadSketch *sketch = &model->sketch;
	uint32_t	features = dsad_summaries(model->encoder);
	uint32_t	sampled = (uint32_t) dsad_get_int(r, 4);

	if (sampled == 0)
		return dsad_finish_section(r, "SKET", error);
	/* at least a number of edges and two counts each */
	if (r->left / 12 < features)
		return dsad_corrupt(error, "the sketch is cut short");
	if (!dsad_sketch_alloc(sketch, arena, features))
		return dsad_no_memory(error);
	sketch->rows = sampled;
	for (uint32_t j = 0; j < features && !r->failed; j++)
	{
		double	   *edge = sketch->edge + (size_t) j * DSAD_SKETCH_EDGES;
		uint32_t	edges = (uint32_t) dsad_get_int(r, 4);
		uint64_t	rows = 0;

		dsad_watch_rows(r->watch, j, DSAD_SKETCH_CELLS);
		if (edges > DSAD_SKETCH_EDGES)
			return dsad_corrupt(error, "the sketch is malformed");
		sketch->edges[j] = edges;
		dsad_get_doubles(r, edge, edges);
		for (uint32_t i = 1; i < edges; i++)
			if (!(edge[i] > edge[i - 1]))
				r->failed = true;
		for (uint32_t i = 0; i < edges + 2; i++)
			rows += sketch->count[(size_t) j * DSAD_SKETCH_CELLS + i] = (uint32_t) dsad_get_int(r, 4);
		if (rows != sketch->rows)
			r->failed = true;
	}
	return dsad_finish_section(r, "SKET", error);
}
