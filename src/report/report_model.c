/*
 * report_model.c
 *	  deepsad_report(model): one page about a model: what it is worth, what it was trained on, and how.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "model/model_bytes.h"
#include "model/options.h"
#include "pg/core_env.h"
#include "report/page.h"
#include "report/report_model.h"
#include "rows/picture.h"

DEEPSAD_FUNCTION(deepsad_report);

static const char *const kind_names[] = {"known anomalies", "unlabeled rows", "known normal rows"};

/* What a model is called: a checksum of its bytes. */
char *
deepsad_report_name(const DsadEnv *env, bytea *model)
{
	return psprintf("%08x", env->crc32c(VARDATA_ANY(model), VARSIZE_ANY_EXHDR(model)));
}

/* "1 row", "2,000 rows": one and many are said with it. */
static void
put_count(StringInfo page, uint64 count, const char *one, const char *many)
{
	deepsad_html(page, "%llu %s", (unsigned long long) count, count == 1 ? one : many);
}

/* The anomaly decision in words: "p ≤ 0.01", "score ≥ 3"; NULL when the model has none. */
char *
deepsad_report_decision(const DsadModel *model)
{
	DsadDecision decision;

	dsad_decision(&decision, model);
	if (decision.kind == DSAD_DECISION_NONE)
		return NULL;
	if (decision.kind == DSAD_DECISION_SCORE && model->config.threshold > 0)
		return psprintf("score at least %.4g", decision.score);
	return model->config.contamination > 0 ?
			   psprintf("the highest %s of scores", deepsad_percent(model->config.contamination)) :
			   psprintf("p-value at most %g", model->config.alpha);
}

/* An AUC that was measured beside others: whether training helped, in words. */
static void
put_verdict(StringInfo page, const DsadTrust *trust)
{
	double		best = fmax(0.5, fmax(trust->untrained_auc, trust->plain_auc));

	deepsad_html(page, "<p>Guessing reaches 0.5, the same networks before training %.3f, the plain distance of the "
					   "scaled "
					   "features %.3f. ",
				 trust->untrained_auc, trust->plain_auc);
	if (dsad_trust_failed(trust))
		deepsad_html(page, "<span class=\"bad\">Training did not help:</span> the best of these is above the whole "
						   "interval.</p>\n");
	else if (trust->interval[0] > best)
		deepsad_html(page, "<span class=\"good\">Training helped:</span> the whole interval is above all of "
						   "these.</p>\n");
	else
		deepsad_html(page, "So few rows cannot tell whether training helped: the best of these lies within the "
						   "interval.</p>\n");
}

/* Mean scores of each kind of row that was looked at. */
static void
put_mean_scores(StringInfo page, const DsadModel *model)
{
	const DsadTrust *trust = &model->trust;
	const char *meaning = "An average training row scores 1";

	if (dsad_config_plain_score(&model->config))
		meaning = "A score is the squared distance from the center";
	deepsad_table_begin(page, trust->held_out ? "rows held out of the training" : "training rows (a sample)", "#rows",
						"#mean score", NULL);
	for (int kind = 0; kind < 3; kind++)
		if (trust->rows[kind] > 0)
		{
			deepsad_html(page, "<tr><th scope=\"row\">%s</th>", kind_names[kind]);
			deepsad_cell_count(page, trust->rows[kind]);
			deepsad_cell_number(page, trust->mean_score[kind] < 0 ? (double) NAN : trust->mean_score[kind]);
			deepsad_html(page, "</tr>\n");
		}
	deepsad_table_end(page);
	deepsad_html(page, "<p class=\"soft\">%s; higher is more anomalous.</p>\n", meaning);
}

/* How far the model can be trusted, in words. */
void
deepsad_report_trust(StringInfo page, const DsadModel *model)
{
	const DsadTrust *trust = &model->trust;
	int			collapsed = 0;

	deepsad_html(page, "<h2 id=\"trust\">Can it be trusted?</h2>\n");
	if (trust->auc >= 0)
	{
		deepsad_html(page, "<p>On rows that no network was trained on, a known anomaly scores higher than another "
						   "row in "
						   "<strong>%.1f of 100</strong> pairs: ROC AUC %.3f, with 95 %% confidence between %.3f and "
						   "%.3f.</p>\n",
					 trust->auc * 100, trust->auc, trust->interval[0], trust->interval[1]);
		put_verdict(page, trust);
	}
	else
		deepsad_html(page, "<p>%s, so its hits could not be counted. The page says nothing of how many it finds.</p>\n",
					 model->facts.anomalies == 0 ? "No anomaly was known when it was trained" :
												   "No rows with known anomalies were held out (option validation)");
	if (trust->rows[0] + trust->rows[1] + trust->rows[2] > 0)
		put_mean_scores(page, model);
	for (int64 m = 0; m < model->config.members; m++)
		collapsed += model->members[m].collapsed;
	if (collapsed > 0)
		deepsad_html(page, "<p class=\"bad\">%d of %d networks learned nothing: they give every training row the same "
						   "score.</p>\n",
					 collapsed, (int) model->config.members);
}

/* The options of a configuration as an object. */
static JsonbContainer *
options_object(const DsadConfig *config)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	deepsad_options_push(&state, config);
	return &JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL))->root;
}

/* An option's value as text; NULL when the object does not have it. */
static char *
option_text(JsonbContainer *options, const char *name)
{
	JsonbValue	key;
	JsonbValue *value;
	char	   *number;

	key.type = jbvString;
	key.val.string.val = (char *) name;
	key.val.string.len = (int) strlen(name);
	value = findJsonbValueFromContainer(options, JB_FOBJECT, &key);
	if (value == NULL)
		return NULL;
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			number = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
			/* an integer in full, a fraction as far as it matters */
			return strchr(number, '.') ? psprintf("%.6g", strtod(number, NULL)) : number;
		case jbvBool:
			return pstrdup(value->val.boolean ? "yes" : "no");
		case jbvBinary:
			return JsonbToCString(NULL, value->val.binary.data, value->val.binary.len);
		default:
			return pstrdup("none");
	}
}

/* Whether training chooses the value when nothing is said. */
static bool
chosen_by_training(const char *by_default)
{
	return strcmp(by_default, "auto") == 0 || strcmp(by_default, "-1") == 0 || strcmp(by_default, "none") == 0;
}

/* Options: those that are not the preset's defaults first, then all. */
static void
put_options(StringInfo page, const DsadModel *model)
{
	const char *preset;
	JsonbContainer *own = options_object(&model->config);
	JsonbContainer *standard;
	DsadConfig	config;
	int			differ = 0;

	dsad_defaults(&config, (DsadPreset) model->config.preset, model->config.network, model->encoder,
				  model->facts.rows);
	if (config.epochs < 0)
		config.epochs = dsad_model_default_epochs(model);
	standard = options_object(&config);
	preset = option_text(own, "preset");
	deepsad_html(page, "<h3>Options that differ from the defaults of preset %s</h3>\n", preset);
	for (int i = 0; i < dsad_option_count; i++)
	{
		char	   *value = option_text(own, dsad_options[i].name);
		char	   *by_default = option_text(standard, dsad_options[i].name);

		if (value == NULL || by_default == NULL || strcmp(value, by_default) == 0 || chosen_by_training(by_default))
			continue;
		if (differ++ == 0)
			deepsad_table_begin(page, "option", "here", "by default", NULL);
		deepsad_html(page, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td></tr>\n", dsad_options[i].name, value,
					 by_default);
	}
	deepsad_html(page, differ > 0 ? "</tbody></table></div>\n" : "<p>None.</p>\n");
	if (model->facts.updates > 0)
		deepsad_html(page, "<p class=\"soft\">The last update had options of its own, which stand here.</p>\n");
	deepsad_html(page, "<h3>All options</h3>\n<ul class=\"options\">\n");
	for (int i = 0; i < dsad_option_count; i++)
	{
		char	   *value = option_text(own, dsad_options[i].name);

		if (value)
			deepsad_html(page, "<li><span>%s</span> <strong>%s</strong></li>\n", dsad_options[i].name, value);
	}
	deepsad_html(page, "</ul>\n");
}

/* One row of the table of facts. */
static void
put_fact(StringInfo page, const char *what, uint64 count)
{
	if (count > 0)
		deepsad_html(page, "<tr><th scope=\"row\">%s</th><td class=\"number\">%llu</td></tr>\n", what,
					 (unsigned long long) count);
}

/* The rows of the training by what became of them. */
static void
put_facts(StringInfo page, const DsadFacts *facts)
{
	uint64		labeled = facts->anomalies + facts->normals;
	uint64		kept = facts->validation + facts->calibration;

	deepsad_table_begin(page, "rows", "#count", NULL);
	put_fact(page, "given, and not NULL", facts->rows);
	put_fact(page, "known anomalies", facts->anomalies);
	put_fact(page, "known normal rows", facts->normals);
	put_fact(page, "unlabeled", facts->rows > labeled ? facts->rows - labeled : 0);
	put_fact(page, "trained on", facts->rows > kept ? facts->rows - kept : 0);
	put_fact(page, "held out to stop training (validation)", facts->validation);
	put_fact(page, "held out for p-values (calibration)", facts->calibration);
	put_fact(page, "skipped, because NULL", facts->skipped);
	put_fact(page, "missing values", facts->missing);
	put_fact(page, "updates since", facts->updates);
	put_fact(page, "rows of the last update", facts->update_rows);
	deepsad_table_end(page);
}

/* The modules of convolutions, by what goes in and comes out of each: channels x height x width. */
static void
put_modules(StringInfo page, const DsadModel *model)
{
	const DsadConv *conv = model->conv;

	deepsad_html(page, " of the modules of convolutions %u&#215;%u&#215;%u", conv->in, conv->height, conv->width);
	for (uint32 c = 0; c < model->convs; c++)
		deepsad_html(page, " &#8594; %u&#215;%u&#215;%u", conv[c].out, conv[c].height / 2, conv[c].width / 2);
}

/* What it was trained on, and how. */
void
deepsad_report_training(StringInfo page, const DsadModel *model)
{
	double		weights = dsad_model_weights(model) * (double) model->config.members;

	deepsad_html(page, "<h2 id=\"training\">Training</h2>\n");
	put_facts(page, &model->facts);
	deepsad_html(page, "<p>");
	put_count(page, (uint64) model->config.members, "network", "networks");
	if (model->convs > 0)
		put_modules(page, model);
	deepsad_html(page, model->convs > 0 ? " and the layers %u" : " of the layers %u", model->dims[0]);
	for (uint32 l = 0; l < model->layers; l++)
		deepsad_html(page, " &#8594; %u", model->dims[l + 1]);
	deepsad_html(page, ", %llu weights in all. ", (unsigned long long) weights);
	if (!dsad_encoder_is_array(model->encoder))
		deepsad_html(page, "%u columns become %u features and %u inputs.</p>\n", model->encoder->columns,
					 model->scaling.features, model->scaling.inputs);
	else
		deepsad_html(page, "%u features become %u inputs.</p>\n", model->scaling.features, model->scaling.inputs);
	put_options(page, model);
}

/* Title, what the model is in a sentence, and the figures that matter most. */
static void
put_summary(StringInfo page, const DsadModel *model, const char *name)
{
	const DsadFacts *facts = &model->facts;
	char	   *decision = deepsad_report_decision(model);
	bool		is_picture = dsad_encoder_is_array(model->encoder) && model->encoder->column[0].shape.channels > 0;

	deepsad_html(page, "<h1>Anomaly detector %s</h1>\n<p>Deep SAD, trained on ", name);
	if (is_picture)
	{
		put_count(page, facts->rows, "picture", "pictures");
		deepsad_html(page, " of %s", deepsad_shape_sides(&model->encoder->column[0].shape));
	}
	else
		put_count(page, facts->rows, "row", "rows");
	if (is_picture)
		;
	else if (dsad_encoder_is_array(model->encoder))
		deepsad_html(page, " of %u numbers", model->scaling.features);
	else
	{
		deepsad_html(page, " of ");
		put_count(page, model->encoder->columns, "column", "columns");
	}
	deepsad_html(page, ", ");
	put_count(page, facts->anomalies, "known anomaly", "known anomalies");
	deepsad_html(page, " among them.</p>\n<dl class=\"tiles\">\n");
	deepsad_page_tile(page, "networks", psprintf("%d", (int) model->config.members));
	deepsad_page_tile(page, "features", psprintf("%u", model->scaling.features));
	deepsad_page_tile(page, "ROC AUC on rows held out",
					  model->trust.auc >= 0 ? psprintf("%.3f", model->trust.auc) : "not measured");
	deepsad_page_tile(page, "an anomaly is", decision ? decision : "not decided");
	deepsad_html(page, "</dl>\n");
}

/* What wrote the page. */
void
deepsad_report_foot(StringInfo page, const char *name)
{
	deepsad_html(page, "<p class=\"soft\">Written by deepsad %s, function deepsad_report, from the model whose "
					   "bytes have the "
					   "CRC-32C %s. The page holds no script and loads nothing.</p>\n",
				 DEEPSAD_VERSION, name);
}

/* deepsad_report(model) -> text */
Datum
deepsad_report(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	StringInfoData page;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;
	char	   *name;

	deepsad_model_decode(&model, NULL, &arena, &env, CurrentMemoryContext, bytes);
	name = deepsad_report_name(&env, bytes);
	initStringInfo(&page);
	deepsad_page_begin(&page, name);
	put_summary(&page, &model, name);
	deepsad_report_trust(&page, &model);
	deepsad_report_threshold(&page, &model);
	deepsad_report_training(&page, &model);
	deepsad_report_left_out(&page, &model);
	deepsad_report_losses(&page, &model);
	deepsad_report_features(&page, &model);
	deepsad_report_foot(&page, name);
	deepsad_page_end(&page);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(page.data, page.len));
}
