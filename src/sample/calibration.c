/*
 * calibration.c
 *	  Scores fresh rows, and makes a model with p-values by those scores.
 *
 * A model keeps a list of at most DSAD_CALIBRATION_ROWS scores.  Of more rows the list is a
 * uniform sample, the same whatever order they came in.
 */
#include "pg/pg_compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "model/model_bytes.h"
#include "pg/core_env.h"
#include "sample/calibration.h"
#include "sample/calibration_scores.h"

#define MIN_ROWS 20				/* as in a training */

struct DeepsadCalibrator
{
	MemoryContext context;
	struct varlena *stored;		/* the model as it is stored */
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadScorer *scorer;
	void	   *scratch;
	DsadDigest	digest;			/* of all rows, known anomalies too */
	DeepsadScores scores;
};

/* For rows that are scored with a model; lives in context.  bounded: rows may be more than memory holds scores of. */
DeepsadCalibrator *
deepsad_calibrator_create(MemoryContext context, struct varlena *model, bool bounded)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	DeepsadCalibrator *calibrator = palloc0(sizeof(DeepsadCalibrator));
	bytea	   *bytes = (bytea *) pg_detoast_datum_packed(model);
	DsadModel	alone;
	DsadError	error;

	calibrator->context = context;
	calibrator->stored = deepsad_model_keep(model, context);
	deepsad_model_decode(&calibrator->model, NULL, &calibrator->arena, &calibrator->env, context, bytes);
	if ((struct varlena *) bytes != model)
		pfree(bytes);
	alone = calibrator->model;
	alone.config.calibration = DSAD_CALIBRATION_NONE;
	memset(&alone.calibration, 0, sizeof(alone.calibration));
	deepsad_check(dsad_scorer_create(&calibrator->scorer, &calibrator->arena, &alone, dsad_kernel_best(), &error),
				  &error);
	calibrator->scratch = MemoryContextAllocHuge(context, dsad_scorer_scratch(calibrator->scorer, 1));
	deepsad_scores_init(&calibrator->scores, context, bounded);
	MemoryContextSwitchTo(old);
	return calibrator;
}

/* Fails unless this, as it is stored, is the model. */
void
deepsad_calibrator_check_model(const DeepsadCalibrator *calibrator, struct varlena *model)
{
	deepsad_check_group_model(model, calibrator->stored);
}

/* Scores a row that came so often; NULL rows do not count. */
void
deepsad_calibrator_add(DeepsadCalibrator *calibrator, DeepsadFeatures *features, const NullableDatum *argument,
					   uint64 count)
{
	DeepsadColumns columns = {calibrator->model.encoder, NULL, NULL, false};
	DsadRows	row;
	double		score;

	if (deepsad_features_null(features, argument))
		return;
	deepsad_features_read(features, &columns, argument, &row);
	if (dsad_score(calibrator->scorer, &row, calibrator->scratch, &score) != 1)
		deepsad_features_infinite(&row, dsad_scorer_features(calibrator->scorer));
	deepsad_scores_add(&calibrator->scores, score, count);
}

/* Takes note of a row that came so often, whether it is scored or not; NULL rows do not count. */
void
deepsad_calibrator_note(DeepsadCalibrator *calibrator, DeepsadRowHash *hash, DeepsadFeatures *features,
						const NullableDatum *argument, uint64 count)
{
	DsadRows	row;
	uint64		of_row;

	if (deepsad_features_null(features, argument))
		return;
	if (deepsad_features_are_array(features))
	{
		DsadShape	shape;
		uint32		numbers = deepsad_features_numbers(features, argument, &row, &shape);

		of_row = deepsad_row_hash_array(hash, &row, numbers, shape);
	}
	else
		of_row = deepsad_row_hash_record(hash, argument->value);
	dsad_digest_add(&calibrator->digest, of_row, DSAD_UNLABELED, count);
}

/* Whether these are the rows of a training or an update; labels do not count. */
static bool
same_rows(const DsadDigest *trained, const DsadDigest *digest)
{
	return (trained->rows != 0 || trained->labels != 0) && trained->rows == digest->rows;
}

/* Rows that the model was trained on tell nothing of others. */
static void
check_fresh(const DsadFacts *facts, const DsadDigest *digest)
{
	bool		update = same_rows(&facts->update_digest, digest);

	if (update || same_rows(&facts->digest, digest))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("calibration rows are those that the model was %s", update ? "updated with" : "trained on"),
				 errdetail("A model scores such rows lower than others, so p-values would be too small."),
				 errhint("Give rows that the model was not trained on: later ones, "
						 "or a part that training left out.")));
}

/* Gives back what is no memory; may be called again. */
void
deepsad_calibrator_end(DeepsadCalibrator *calibrator)
{
	deepsad_scores_end(&calibrator->scores);
}

/* The model with p-values by the rows that came, in the current context. */
bytea *
deepsad_calibrator_finish(DeepsadCalibrator *calibrator)
{
	DsadModel	model = calibrator->model;
	double	   *sample = palloc(DSAD_CALIBRATION_ROWS * sizeof(double));
	uint64		rows = calibrator->scores.rows;
	uint32		kept;
	DsadScoreList list;

	check_fresh(&model.facts, &calibrator->digest);
	if (rows < MIN_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("calibration has %u rows that are no known anomalies, needs %d", (uint32) rows, MIN_ROWS),
				 errhint("Give more rows that the model was not trained on.")));
	kept = deepsad_scores_sample(&calibrator->scores, model.config.seed, sample, DSAD_CALIBRATION_ROWS);
	if (!dsad_make_list(&list, &calibrator->arena, sample, kept))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	model.config.calibration = DSAD_CALIBRATION_SPLIT;
	dsad_option_mark_given(dsad_option_find("calibration", 11), &model.config, false);
	model.calibration = (DsadCalibration) {1, list.rows, &list};
	return deepsad_model_encode(&model);
}
