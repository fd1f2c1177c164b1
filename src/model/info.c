/*
 * info.c
 *	  What a model says of itself: deepsad_info, deepsad_history, deepsad_is_model.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "pg/core_env.h"
#include "pg/digest_text.h"
#include "pg/jsonb_build.h"
#include "pg/version_check.h"
#include "model/model_bytes.h"
#include "pg/set_result.h"
#include "model/options.h"

DEEPSAD_FUNCTION(deepsad_info);
DEEPSAD_FUNCTION(deepsad_history);
DEEPSAD_FUNCTION(deepsad_is_model);

/* The last of `count` losses; NaN (null in JSON) when there is none. */
static double
last_loss(const float *loss, uint32 count)
{
	return count > 0 ? loss[count - 1] : get_float8_nan();
}

static void
push_member(JsonbParseState **state, const DsadModel *model, const DsadMember *member)
{
	bool		validated = model->config.validation > 0 && model->facts.validation > 0;

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	deepsad_push_float(state, "mean_distance", member->divisor);
	deepsad_push_int(state, "pretrain_epochs", member->pretrain_epochs_run);
	deepsad_push_float(state, "pretrain_loss",
					   last_loss(member->pretrain_loss, member->pretrain_epochs_run));
	deepsad_push_int(state, "epochs", member->epochs_run);
	deepsad_push_int(state, "steps", (int64) member->steps_run);
	deepsad_push_float(state, "loss", last_loss(member->train_loss, member->epochs_run));
	deepsad_push_string(state, "stopped_by", dsad_stop_labels[member->stop]);
	if (validated)
	{
		deepsad_push_int(state, "best_epoch", member->best_epoch);
		deepsad_push_float(state, "validation_loss", last_loss(member->validation_loss, member->best_epoch));
	}
	deepsad_push_bool(state, "collapsed", member->collapsed);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_rows(JsonbParseState **state, const DsadFacts *facts)
{
	deepsad_push_key(state, "rows");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	deepsad_push_int(state, "trained", (int64) (facts->rows - facts->validation - facts->calibration));
	deepsad_push_int(state, "validation", (int64) facts->validation);
	deepsad_push_int(state, "calibration", (int64) facts->calibration);
	deepsad_push_int(state, "skipped", (int64) facts->skipped);
	deepsad_push_int(state, "anomalies", (int64) facts->anomalies);
	deepsad_push_int(state, "normals", (int64) facts->normals);
	deepsad_push_int(state, "unlabeled", (int64) (facts->rows - facts->anomalies - facts->normals));
	deepsad_push_int(state, "missing_elements", (int64) facts->missing);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
	deepsad_push_string(state, "digest", deepsad_digest_text(&facts->digest));
	deepsad_push_int(state, "updates", (int64) facts->updates);
	if (facts->updates > 0)
	{
		deepsad_push_key(state, "last_update");
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		deepsad_push_int(state, "rows", (int64) facts->update_rows);
		deepsad_push_int(state, "anomalies", (int64) facts->update_anomalies);
		deepsad_push_int(state, "normals", (int64) facts->update_normals);
		deepsad_push_string(state, "digest", deepsad_digest_text(&facts->update_digest));
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
}

/* A number that may be unknown: null then. */
static void
push_known(JsonbParseState **state, const char *key, double value)
{
	deepsad_push_float(state, key, value < 0 ? get_float8_nan() : value);
}

/*
 * How far the model can be trusted.  Entropy is the paper's bound for a normal
 * distribution of the networks' outputs, in nats above that of an average
 * training row: latent / 2 * ln(mean score).
 */
static void
push_trust(JsonbParseState **state, const DsadModel *model)
{
	static const char *const kinds[] = {"anomalies", "unlabeled", "normals"};
	const DsadTrust *trust = &model->trust;
	double		average = dsad_config_plain_score(&model->config) ? model->members[0].divisor : 1;

	deepsad_push_key(state, "trust");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	deepsad_push_string(state, "measured_on", trust->held_out ? "validation rows" : "training rows");
	push_known(state, "roc_auc", trust->auc);
	push_known(state, "roc_auc_lower", trust->interval[0]);
	push_known(state, "roc_auc_upper", trust->interval[1]);
	push_known(state, "untrained_roc_auc", trust->untrained_auc);
	push_known(state, "plain_roc_auc", trust->plain_auc);
	push_known(state, "score_deviation", trust->deviation);
	StaticAssertStmt(lengthof(kinds) == lengthof(trust->rows), "every kind of row has a name");
	for (int kind = 0; kind < (int) lengthof(kinds); kind++)
	{
		deepsad_push_key(state, kinds[kind]);
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		deepsad_push_int(state, "rows", (int64) trust->rows[kind]);
		push_known(state, "mean_score", trust->mean_score[kind]);
		deepsad_push_rounded(state, "entropy",
							 trust->mean_score[kind] > 0 ?
								 model->config.latent / 2.0 * log(trust->mean_score[kind] / average) :
								 get_float8_nan());
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* The option that the threshold follows, NULL = there is none. */
static const char *
decided_by(const DsadConfig *config, const DsadDecision *decision)
{
	if (decision->kind == DSAD_DECISION_NONE)
		return NULL;
	if (config->threshold > 0)
		return "score";
	return config->contamination > 0 ? "contamination" : "alpha";
}

/* What p-values rest on, and what is_anomaly goes by; a part that does not exist is null. */
static void
push_decision(JsonbParseState **state, const DsadModel *model)
{
	const DsadOption *calibrations = dsad_option_find("calibration", strlen("calibration"));
	const DsadCalibration *calibration = &model->calibration;
	DsadDecision decision;

	dsad_decision(&decision, model);
	deepsad_push_key(state, "calibration");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	deepsad_push_string(state, "method", calibrations->labels[model->config.calibration]);
	deepsad_push_int(state, "rows", calibration->rows);
	deepsad_push_float(state, "smallest_pvalue",
					   calibration->lists > 0 ? dsad_smallest_pvalue(calibration) : get_float8_nan());
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
	deepsad_push_key(state, "threshold");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	deepsad_push_string(state, "by", decided_by(&model->config, &decision));
	deepsad_push_float(state, "score", decision.kind == DSAD_DECISION_SCORE ? decision.score : get_float8_nan());
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* What was chosen where the options did not say, and why; those that somebody gave are named so. */
static void
push_choices(JsonbParseState **state, const DsadModel *model)
{
	char		why[DSAD_WHY];

	deepsad_push_key(state, "chosen");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < dsad_option_count; i++)
	{
		const DsadOption *option = &dsad_options[i];

		if (!dsad_option_is_kept(option, &model->config) || dsad_option_is_null(option, &model->config))
			continue;
		dsad_choice(model, option, why);
		deepsad_push_key(state, option->name);
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		deepsad_option_push(state, "value", option, &model->config);
		deepsad_push_string(state, "why", why);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* What picture the rows hold, if they do: its channels, height and width. */
static void
push_picture(JsonbParseState **state, const DsadModel *model)
{
	const DsadShape shape = dsad_encoder_picture(model->encoder).shape;

	if (shape.channels == 0)
		return;
	deepsad_push_key(state, "picture");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	deepsad_push_int(state, NULL, shape.channels);
	deepsad_push_int(state, NULL, shape.height);
	deepsad_push_int(state, NULL, shape.width);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* The score of a row of which nothing is known: what explanations start from. */
static double
baseline_score(const DsadModel *model, DsadArena *arena)
{
	DsadScorer *scorer;
	double	   *row = palloc(model->scaling.features * sizeof(double));
	void	   *scratch;
	double		score;
	DsadError	error;

	for (uint32 i = 0; i < model->scaling.features; i++)
		row[i] = get_float8_nan();
	deepsad_check(dsad_scorer_create(&scorer, arena, model, dsad_kernel_best(), &error), &error);
	scratch = MemoryContextAllocHuge(CurrentMemoryContext, dsad_scorer_scratch(scorer, 1));
	dsad_score(scorer, &(DsadRows) {row, 1, false}, scratch, &score);
	return score;
}

/* deepsad_info(model) -> jsonb */
Datum
deepsad_info(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	JsonbParseState *state = NULL;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;
	int64		weights;
	bool		collapsed = false;

	deepsad_model_decode(&model, NULL, &arena, &env, CurrentMemoryContext, bytes);
	weights = (int64) dsad_model_weights(&model) * model.config.members;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	deepsad_push_int(&state, "format", model.format);
	deepsad_push_int(&state, "bytes", VARSIZE_ANY_EXHDR(bytes));
	if (!dsad_encoder_is_array(model.encoder))
	{
		deepsad_push_int(&state, "columns", model.encoder->columns);
		deepsad_push_int(&state, "left_out", model.encoder->left_out);
	}
	deepsad_push_int(&state, "features", model.scaling.features);
	push_picture(&state, &model);
	deepsad_push_int(&state, "weights", weights);
	push_rows(&state, &model.facts);
	deepsad_push_key(&state, "options");
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	deepsad_options_push(&state, &model.config);
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	push_choices(&state, &model);
	deepsad_push_key(&state, "members");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int64 m = 0; m < model.config.members; m++)
	{
		push_member(&state, &model, &model.members[m]);
		collapsed |= model.members[m].collapsed;
	}
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	deepsad_push_bool(&state, "collapsed", collapsed);
	push_trust(&state, &model);
	push_decision(&state, &model);
	deepsad_push_float(&state, "baseline_score", baseline_score(&model, &arena));
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

/* Appends one phase's epochs. */
static void
put_epochs(Tuplestorestate *store, TupleDesc desc, int member, const char *phase, const float *loss,
		   uint32 count)
{
	Datum		phase_datum = CStringGetTextDatum(phase);

	for (uint32 epoch = 0; epoch < count; epoch++)
	{
		Datum		value[4];
		bool		null[4] = {false, false, false, false};

		CHECK_FOR_INTERRUPTS();
		value[0] = Int32GetDatum(member + 1);
		value[1] = phase_datum;
		value[2] = Int32GetDatum((int32) epoch + 1);
		value[3] = Float8GetDatum(loss[epoch]);
		tuplestore_putvalues(store, desc, value, null);
	}
}

/* deepsad_history(model) -> (member, phase, epoch, loss) rows, as a materialized set */
Datum
deepsad_history(PG_FUNCTION_ARGS)
{
	Tuplestorestate *store;
	TupleDesc	desc;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;

	deepsad_model_decode(&model, NULL, &arena, &env, CurrentMemoryContext, PG_GETARG_BYTEA_PP(0));
	store = deepsad_set_begin(fcinfo, &desc);
	for (int m = 0; m < model.config.members; m++)
	{
		const DsadMember *member = &model.members[m];

		put_epochs(store, desc, m, "pretraining", member->pretrain_loss,
				   member->pretrain_epochs_run);
		put_epochs(store, desc, m, "training", member->train_loss,
				   member->epochs_run);
		if (model.config.validation > 0 && model.facts.validation > 0)
			put_epochs(store, desc, m, "validation", member->validation_loss, member->epochs_run);
	}
	return (Datum) 0;
}

/* deepsad_is_model(bytea) -> boolean: whether the bytes can be scored with */
Datum
deepsad_is_model(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "deepsad decoding",
												  ALLOCSET_SMALL_SIZES);
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;
	bool		is_model;

	deepsad_check_versions();
	is_model = deepsad_model_try_decode(&model, &arena, &env, context, bytes);
	MemoryContextDelete(context);
	PG_RETURN_BOOL(is_model);
}
