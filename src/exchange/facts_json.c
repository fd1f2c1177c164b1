/*
 * facts_json.c
 *	  What a model was trained with and on, and what it is worth <-> JSON.  Options are read
 *	  as those of a training are: model/options.c.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "exchange/model_json.h"
#include "model/options.h"
#include "pg/digest_text.h"

static const struct
{
	const char *name;
	size_t		offset;			/* of a uint64_t */
} facts_fields[] = {
	{"rows", offsetof(DsadFacts, rows)},
	{"skipped", offsetof(DsadFacts, skipped)},
	{"anomalies", offsetof(DsadFacts, anomalies)},
	{"normals", offsetof(DsadFacts, normals)},
	{"missing_elements", offsetof(DsadFacts, missing)},
	{"validation", offsetof(DsadFacts, validation)},
	{"calibration", offsetof(DsadFacts, calibration)},
	{"updates", offsetof(DsadFacts, updates)},
	{"update_rows", offsetof(DsadFacts, update_rows)},
	{"update_anomalies", offsetof(DsadFacts, update_anomalies)},
	{"update_normals", offsetof(DsadFacts, update_normals)},
};

static const struct
{
	const char *name;
	size_t		offset;			/* of a DsadDigest */
} digest_fields[] = {
	{"digest", offsetof(DsadFacts, digest)},
	{"update_digest", offsetof(DsadFacts, update_digest)},
};

/* -1 = not known. */
static const struct
{
	const char *name;
	size_t		offset;			/* of a double */
} trust_fields[] = {
	{"mean_score_anomalies", offsetof(DsadTrust, mean_score)},
	{"mean_score_unlabeled", offsetof(DsadTrust, mean_score) + sizeof(double)},
	{"mean_score_normals", offsetof(DsadTrust, mean_score) + 2 * sizeof(double)},
	{"score_deviation", offsetof(DsadTrust, deviation)},
	{"roc_auc", offsetof(DsadTrust, auc)},
	{"roc_auc_lower", offsetof(DsadTrust, interval)},
	{"roc_auc_upper", offsetof(DsadTrust, interval) + sizeof(double)},
	{"untrained_roc_auc", offsetof(DsadTrust, untrained_auc)},
	{"plain_roc_auc", offsetof(DsadTrust, plain_auc)},
};

static const char *const row_kinds[] = {"rows_anomalies", "rows_unlabeled", "rows_normals"};

/* An option's value; null where it says "not given". */
static void
put_option(StringInfo out, const DsadOption *option, const DsadConfig *config)
{
	const void *field = (const char *) config + option->offset;
	const DsadIntList *list = field;

	if (dsad_option_is_null(option, config))
	{
		appendStringInfoString(out, "null");
		return;
	}
	switch (option->kind)
	{
		case DSAD_OPTION_BOOL:	/* none is part of a model */
		case DSAD_OPTION_INT:
			appendStringInfo(out, INT64_FORMAT, *(const int64_t *) field);
			break;
		case DSAD_OPTION_FLOAT:
			deepsad_json_double(out, *(const double *) field);
			break;
		case DSAD_OPTION_ENUM:
			deepsad_json_string(out, option->labels[*(const int64_t *) field]);
			break;
		case DSAD_OPTION_INT_LIST:
			appendStringInfoChar(out, '[');
			for (uint32 i = 0; i < list->count; i++)
				appendStringInfo(out, "%s%d", i > 0 ? ", " : "", list->value[i]);
			appendStringInfoChar(out, ']');
			break;
	}
}

/* Every option that is part of a model, in the order of the core's table. */
void
deepsad_json_options(StringInfo out, const DsadConfig *config)
{
	appendStringInfoChar(out, '{');
	for (int i = 0; i < dsad_option_count; i++)
		if (dsad_option_is_kept(&dsad_options[i], config))
		{
			deepsad_json_key(out, dsad_options[i].name);
			put_option(out, &dsad_options[i], config);
		}
	appendStringInfoChar(out, '}');
}

/* The names of the options that somebody gave. */
void
deepsad_json_given(StringInfo out, const DsadConfig *config)
{
	bool		first = true;

	appendStringInfoChar(out, '[');
	for (int i = 0; i < dsad_option_count; i++)
		if (dsad_option_is_kept(&dsad_options[i], config) && dsad_option_is_given(&dsad_options[i], config))
		{
			appendStringInfoString(out, first ? "" : ", ");
			deepsad_json_string(out, dsad_options[i].name);
			first = false;
		}
	appendStringInfoChar(out, ']');
}

void
deepsad_json_facts(StringInfo out, const DsadFacts *facts)
{
	appendStringInfoChar(out, '{');
	for (int i = 0; i < (int) lengthof(facts_fields); i++)
	{
		deepsad_json_key(out, facts_fields[i].name);
		appendStringInfo(out, UINT64_FORMAT, *(const uint64_t *) ((const char *) facts + facts_fields[i].offset));
	}
	for (int i = 0; i < (int) lengthof(digest_fields); i++)
	{
		char	   *text = deepsad_digest_text((const DsadDigest *) ((const char *) facts + digest_fields[i].offset));

		deepsad_json_key(out, digest_fields[i].name);
		if (text)
			deepsad_json_string(out, text);
		else
			appendStringInfoString(out, "null");
	}
	appendStringInfoChar(out, '}');
}

/* Reads a digest; one that is null or not there is not known. */
static void
read_digest(DsadDigest *digest, JsonbContainer *object, const char *name)
{
	JsonbValue *value = deepsad_json_find(object, name);

	*digest = (DsadDigest) {0, 0};
	if (value == NULL || value->type == jbvNull)
		return;
	if (value->type != jbvString || !deepsad_digest_parse(digest, value->val.string.val, (Size) value->val.string.len))
		deepsad_file_invalid("\"%s\" is no digest", name);
}

void
deepsad_read_facts(DsadFacts *facts, JsonbContainer *object)
{
	for (int i = 0; i < (int) lengthof(facts_fields); i++)
		*(uint64_t *) ((char *) facts + facts_fields[i].offset) =
			(uint64_t) deepsad_json_get_int(object, facts_fields[i].name, 0, PG_INT64_MAX, 0);
	for (int i = 0; i < (int) lengthof(digest_fields); i++)
		read_digest((DsadDigest *) ((char *) facts + digest_fields[i].offset), object, digest_fields[i].name);
}

/* What is not known is null. */
void
deepsad_json_trust(StringInfo out, const DsadTrust *trust)
{
	appendStringInfoChar(out, '{');
	deepsad_json_key(out, "held_out");
	deepsad_json_bool(out, trust->held_out);
	for (int kind = 0; kind < (int) lengthof(row_kinds); kind++)
	{
		deepsad_json_key(out, row_kinds[kind]);
		appendStringInfo(out, UINT64_FORMAT, trust->rows[kind]);
	}
	for (int i = 0; i < (int) lengthof(trust_fields); i++)
	{
		double		value = *(const double *) ((const char *) trust + trust_fields[i].offset);

		deepsad_json_key(out, trust_fields[i].name);
		deepsad_json_double(out, value == -1 ? NAN : value);
	}
	appendStringInfoChar(out, '}');
}

/* object NULL: nothing is known. */
void
deepsad_read_trust(DsadTrust *trust, JsonbContainer *object)
{
	trust->held_out = object && deepsad_json_get_bool(object, "held_out");
	for (int kind = 0; kind < (int) lengthof(row_kinds); kind++)
		trust->rows[kind] = object ? (uint64_t) deepsad_json_get_int(object, row_kinds[kind], 0, PG_INT64_MAX, 0) : 0;
	for (int i = 0; i < (int) lengthof(trust_fields); i++)
		*(double *) ((char *) trust + trust_fields[i].offset) =
			object ? deepsad_json_get_double(object, trust_fields[i].name, -1) : -1;
}

/* A member's single numbers. */
void
deepsad_json_member(StringInfo out, const DsadMember *member)
{
	appendStringInfoChar(out, '{');
	deepsad_json_key(out, "mean_distance");
	deepsad_json_double(out, member->divisor);
	deepsad_json_key(out, "pretrain_epochs");
	appendStringInfo(out, "%u", member->pretrain_epochs_run);
	deepsad_json_key(out, "epochs");
	appendStringInfo(out, "%u", member->epochs_run);
	deepsad_json_key(out, "steps");
	appendStringInfo(out, UINT64_FORMAT, member->steps_run);
	deepsad_json_key(out, "best_epoch");
	appendStringInfo(out, "%u", member->best_epoch);
	deepsad_json_key(out, "stopped_by");
	deepsad_json_string(out, dsad_stop_labels[member->stop]);
	deepsad_json_key(out, "collapsed");
	deepsad_json_bool(out, member->collapsed != 0);
	appendStringInfoChar(out, '}');
}

void
deepsad_read_member(DsadMember *member, JsonbContainer *object)
{
	member->divisor = deepsad_json_get_double(object, "mean_distance", 1);
	member->pretrain_epochs_run = (uint32) deepsad_json_get_int(object, "pretrain_epochs", 0, DSAD_MAX_EPOCHS, 0);
	member->epochs_run = (uint32) deepsad_json_get_int(object, "epochs", 0, DSAD_MAX_EPOCHS, 0);
	member->steps_run = (uint64_t) deepsad_json_get_int(object, "steps", 0, PG_INT64_MAX, 0);
	member->best_epoch = (uint32) deepsad_json_get_int(object, "best_epoch", 0, DSAD_MAX_EPOCHS, 0);
	member->stop = (uint8) deepsad_json_get_name(object, "stopped_by", dsad_stop_labels, DSAD_STOPS);
	member->collapsed = deepsad_json_get_bool(object, "collapsed");
}

/* What tells an anomaly: a score, or how many calibration rows may score as high; null when nothing does. */
void
deepsad_json_threshold(StringInfo out, const DsadModel *model)
{
	DsadDecision decision;

	dsad_decision(&decision, model);
	appendStringInfoChar(out, '{');
	deepsad_json_key(out, "score");
	deepsad_json_double(out, decision.kind == DSAD_DECISION_SCORE ? decision.score : NAN);
	deepsad_json_key(out, "calibration_rows_at_least");
	if (decision.kind == DSAD_DECISION_PVALUE)
		appendStringInfo(out, INT64_FORMAT, decision.most);
	else
		appendStringInfoString(out, "null");
	deepsad_json_key(out, "calibration_rows");
	appendStringInfo(out, "%u", model->calibration.rows);
	appendStringInfoChar(out, '}');
}
