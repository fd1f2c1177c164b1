/*
 * explain.c
 *	  deepsad_explain: which features made a row's score.
 */
#include "pg/pg_compat.h"

#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "rows/column_text.h"
#include "score/contributions.h"
#include "pg/set_result.h"

DEEPSAD_FUNCTION(deepsad_explain);

/* One feature's part in a score. */
typedef struct Contribution
{
	uint32		feature;
	double		contribution;
} Contribution;

/* Larger contributions first, then features in order. */
static int
compare_contributions(const void *a, const void *b)
{
	const Contribution *x = a;
	const Contribution *y = b;

	if (x->contribution != y->contribution)
		return x->contribution > y->contribution ? -1 : 1;
	return x->feature < y->feature ? -1 : 1;
}

/* What an explanation is of: a row's features, or the columns that they were made of. */
typedef struct Explained
{
	const DsadScorer *scorer;
	const DsadEncoder *encoder;
	bool		by_feature;		/* rows are arrays: each element is explained */
	DeepsadFeatures *features;
	DsadRows	row;			/* features */
	uint32		count;			/* of contributions */
	Contribution *contribution;	/* count, ranked */
} Explained;

/* All features, or columns, of the call's row, ranked; false when model or row is NULL. */
static bool
explain(FunctionCallInfo fcinfo, Explained *explained)
{
	double	   *contribution = deepsad_contributions(fcinfo, &explained->scorer, &explained->row);
	uint32		features;

	if (contribution == NULL)
		return false;
	features = dsad_scorer_features(explained->scorer);
	explained->encoder = dsad_scorer_encoder(explained->scorer);
	explained->by_feature = dsad_encoder_is_array(explained->encoder);
	explained->features = ((DeepsadScoreCall *) fcinfo->flinfo->fn_extra)->features;
	explained->count = explained->by_feature ? features : explained->encoder->columns;
	explained->contribution = palloc(explained->count * sizeof(Contribution));
	for (uint32 i = 0; i < explained->count; i++)
		explained->contribution[i] = (Contribution) {i, 0};
	/* a column's part is the sum of its features' */
	for (uint32 i = 0; i < features; i++)
		explained->contribution[explained->by_feature ? i : explained->encoder->feature_column[i]].contribution +=
			contribution[i];
	pfree(contribution);
	qsort(explained->contribution, explained->count, sizeof(Contribution), compare_contributions);
	return true;
}

/* A feature's name: its column's, or its number. */
static char *
feature_text(const Explained *explained, uint32 feature)
{
	return explained->by_feature ? deepsad_feature_label(explained->encoder, feature) :
								   deepsad_utf8_text(&explained->encoder->column[feature].name);
}

/* A feature's value in the row, as text; NULL when it is missing. */
static char *
value_text(const Explained *explained, uint32 feature)
{
	return explained->by_feature ? deepsad_numbers_text(&explained->row, feature, 1) :
								   deepsad_features_text(explained->features, explained->encoder, feature);
}

/* What a missing value stands for: the training mean, of a column what is nearest to it. */
static char *
expected_text(const Explained *explained, uint32 feature)
{
	const double *mean = dsad_scorer_expected(explained->scorer);

	return explained->by_feature ? psprintf("%.6g", mean[feature]) :
								   deepsad_column_expected(explained->encoder, feature, mean);
}

/* deepsad_explain(model, VARIADIC features) -> (feature, value, expected, contribution, rank) rows */
Datum
deepsad_explain(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store = deepsad_set_begin(fcinfo, &desc);
	Explained	explained;

	if (!explain(fcinfo, &explained))
		return (Datum) 0;
	for (uint32 i = 0; i < explained.count; i++)
	{
		uint32		feature = explained.contribution[i].feature;
		char	   *value = value_text(&explained, feature);
		char	   *expected = expected_text(&explained, feature);
		Datum		values[5];
		bool		nulls[5] = {false, value == NULL, expected == NULL, false, false};

		values[0] = CStringGetTextDatum(feature_text(&explained, feature));
		values[1] = value ? CStringGetTextDatum(value) : (Datum) 0;
		values[2] = expected ? CStringGetTextDatum(expected) : (Datum) 0;
		values[3] = Float8GetDatum(explained.contribution[i].contribution);
		values[4] = Int32GetDatum((int32) i + 1);
		tuplestore_putvalues(store, desc, values, nulls);
	}
	return (Datum) 0;
}
