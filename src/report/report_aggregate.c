/*
 * report_aggregate.c
 *	  The aggregate deepsad_report(model, features, label): a page about a model and rows to judge it by.
 *
 * Of the rows it keeps the scores and labels, sorted within work_mem and on disk beyond it, counts, and the ten
 * most anomalous.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "utils/builtins.h"

#include "model/model_bytes.h"
#include "pg/aggregate_call.h"
#include "pg/core_env.h"
#include "report/judged_rows.h"
#include "report/page.h"
#include "report/report_model.h"

DEEPSAD_FUNCTION(deepsad_report_transition);
DEEPSAD_FUNCTION(deepsad_report_final);

#define MODEL_ARG 1
#define FEATURES_ARG 2
#define LABEL_ARG 3

const double deepsad_alphas[DEEPSAD_ALPHAS] = {0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001};

/* What a call site keeps. */
typedef struct Site
{
	DeepsadFeatures *features;
	DeepsadLabelKind label_kind;
} Site;

/* A state for a group that begins with this model. */
static DeepsadJudged *
start_group(FunctionCallInfo fcinfo, struct varlena *model, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	DeepsadJudged *judged = palloc0(sizeof(DeepsadJudged));
	bytea	   *bytes = (bytea *) pg_detoast_datum_packed(model);
	DsadError	error;

	judged->stored = deepsad_model_keep(model, context);
	deepsad_model_decode(&judged->model, NULL, &judged->arena, &judged->env, context, bytes);
	judged->name = deepsad_report_name(&judged->env, bytes);
	dsad_decision(&judged->decision, &judged->model);
	deepsad_check(dsad_drift_start(&judged->drift, &judged->arena, &judged->model, &error), &error);
	judged->scratch = MemoryContextAllocHuge(context, dsad_scorer_scratch(judged->drift.scorer, 1));
	MemoryContextSwitchTo(old);
	judged->scores = deepsad_labeled_scores_start(fcinfo, context);
	return judged;
}

/* How many calibration rows score as high as the row whose p-values by each list are known. */
static uint64
calibration_count(const DeepsadJudged *judged)
{
	const DsadCalibration *calibration = &judged->model.calibration;
	uint64		count = 0;

	for (uint32 l = 0; l < calibration->lists; l++)
		count += (uint64) rint(judged->drift.pvalue[l] * (1 + (double) calibration->list[l].rows)) - 1;
	return count;
}

/* Scores a row and counts it for drift; false when it has an infinite number. */
static bool
score_row(DeepsadJudged *judged, const DsadRows *row, DeepsadScored *scored)
{
	uint64		count;

	if (!dsad_drift_add(&judged->drift, row, judged->scratch, &scored->score))
		return false;
	scored->pvalue = NAN;
	scored->anomaly = judged->decision.kind == DSAD_DECISION_SCORE && scored->score >= judged->decision.score;
	if (judged->model.calibration.lists == 0)
		return true;
	count = calibration_count(judged);
	scored->pvalue = dsad_pvalue_of_count(&judged->model.calibration, count);
	if (judged->decision.kind == DSAD_DECISION_PVALUE)
		scored->anomaly = (int64) count <= judged->decision.most;
	return true;
}

/* The bin of a score. */
static int
score_bin(double score)
{
	double		bin = (log2(score) - DEEPSAD_FIRST_OCTAVE) * DEEPSAD_BINS_PER_OCTAVE;

	return bin > 0 ? (int) fmin(bin, DEEPSAD_SCORE_BINS - 1) : 0;
}

/* Counts a scored row. */
static void
count_row(DeepsadJudged *judged, const DeepsadScored *scored)
{
	int			kind = scored->label + 1;

	judged->count[kind]++;
	judged->alarm[kind] += scored->anomaly;
	for (int i = 0; i < DEEPSAD_ALPHAS; i++)
		judged->at_alpha[i][kind] += scored->pvalue <= deepsad_alphas[i];
	judged->bin[kind][score_bin(scored->score)]++;
	deepsad_labeled_scores_add(judged->scores, scored->score, scored->label);
}

/* What this call site's arguments are. */
static Site *
get_site(FunctionCallInfo fcinfo)
{
	Site	   *site = fcinfo->flinfo->fn_extra;

	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Site));
		site->label_kind = deepsad_label_kind(get_fn_expr_argtype(fcinfo->flinfo, LABEL_ARG), PG_ARGISNULL(LABEL_ARG));
		site->features = deepsad_features_of_call(fcinfo, FEATURES_ARG, false);
		fcinfo->flinfo->fn_extra = site;
	}
	return site;
}

/* (state, model, features, label): rows without a model are ignored, rows that are NULL are counted */
Datum
deepsad_report_transition(PG_FUNCTION_ARGS)
{
	DeepsadJudged *judged = PG_ARGISNULL(0) ? NULL : (DeepsadJudged *) PG_GETARG_POINTER(0);
	MemoryContext context;
	struct varlena *model;
	Site	   *site;
	DeepsadColumns columns;
	DeepsadScored scored;
	DsadRows	row;

	context = deepsad_aggregate_context(fcinfo);
	site = get_site(fcinfo);
	if (PG_ARGISNULL(MODEL_ARG))
	{
		if (judged == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(judged);
	}
	model = (struct varlena *) PG_GETARG_POINTER(MODEL_ARG);
	if (judged == NULL)
		judged = start_group(fcinfo, model, context);
	else
		deepsad_check_group_model(model, judged->stored);
	if (PG_ARGISNULL(FEATURES_ARG))
	{
		judged->skipped++;
		PG_RETURN_POINTER(judged);
	}
	judged->label_kind = site->label_kind;
	scored.label = (DsadLabel) deepsad_label_read(site->label_kind, &fcinfo->args[LABEL_ARG]);
	columns = (DeepsadColumns) {judged->model.encoder, NULL, NULL, false};
	deepsad_features_read(site->features, &columns, fcinfo->args + FEATURES_ARG, &row);
	if (!score_row(judged, &row, &scored))
		deepsad_features_infinite(&row, judged->model.scaling.features);
	/* bytes that were forged can make what no training does */
	if (isnan(scored.score))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("score is NaN")));
	count_row(judged, &scored);
	scored.number = deepsad_judged_count(judged) + judged->skipped;
	deepsad_top_offer(&judged->top, context, &scored, judged->model.encoder, site->features,
					  fcinfo->args + FEATURES_ARG, &row);
	PG_RETURN_POINTER(judged);
}

/* An integer column with 1 but no -1 is almost certainly a 0/1 flag read upside down. */
static void
check_label_meaning(const DeepsadJudged *judged)
{
	if (judged->label_kind >= DEEPSAD_LABEL_INT2 && judged->count[0] == 0 && judged->count[2] > 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("integer label is 1 in some rows and -1 in none"),
				 errdetail("As an integer, 1 means known normal and -1 known anomaly."),
				 errhint("If 1 marks anomalies, write label = 1.")));
}

/* The page; NULL when no row could be judged */
Datum
deepsad_report_final(PG_FUNCTION_ARGS)
{
	DeepsadJudged *judged = PG_ARGISNULL(0) ? NULL : (DeepsadJudged *) PG_GETARG_POINTER(0);
	const DsadModel *model;
	StringInfoData page;

	(void) deepsad_aggregate_context(fcinfo);
	if (judged == NULL || deepsad_judged_count(judged) == 0)
		PG_RETURN_NULL();
	check_label_meaning(judged);
	model = &judged->model;
	initStringInfo(&page);
	deepsad_page_begin(&page, judged->name);
	deepsad_judged_page(&page, judged);
	deepsad_top_page(&page, &judged->top, model, judged->drift.scorer);
	deepsad_judged_drift(&page, judged);
	deepsad_report_trust(&page, model);
	deepsad_report_threshold(&page, model);
	deepsad_report_training(&page, model);
	deepsad_report_left_out(&page, model);
	deepsad_report_losses(&page, model);
	deepsad_report_features(&page, model);
	deepsad_report_foot(&page, judged->name);
	deepsad_page_end(&page);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(page.data, page.len));
}
