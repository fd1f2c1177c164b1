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

#include "core/reservoir.h"
#include "model/model_bytes.h"
#include "pg/core_env.h"
#include "sample/calibration.h"

#define MAX_SCORES 1000000		/* that are kept before the sample; of more they are a sample themselves */
#define FIRST_SCORES 256
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
	DsadReservoir reservoir;
	DsadDigest	digest;			/* of all rows, known anomalies too */
	double	   *score;
	uint32		scores;
	uint32		room;
};

/* For rows that are scored with a model; lives in context. */
DeepsadCalibrator *
deepsad_calibrator_create(MemoryContext context, struct varlena *model)
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
	calibrator->scratch = palloc(dsad_scorer_scratch(calibrator->scorer, 1));
	dsad_reservoir_init(&calibrator->reservoir, MAX_SCORES, calibrator->model.config.seed);
	calibrator->room = FIRST_SCORES;
	calibrator->score = palloc(calibrator->room * sizeof(double));
	MemoryContextSwitchTo(old);
	return calibrator;
}

/* Fails unless this, as it is stored, is the model. */
void
deepsad_calibrator_check_model(const DeepsadCalibrator *calibrator, struct varlena *model)
{
	deepsad_check_group_model(model, calibrator->stored);
}

/* Takes note of a score. */
static void
add_score(DeepsadCalibrator *calibrator, double score)
{
	uint64		slot;

	if (!dsad_reservoir_next(&calibrator->reservoir, &slot))
		return;
	if (slot == calibrator->room)
	{
		calibrator->room = Min(2 * calibrator->room, MAX_SCORES);
		calibrator->score = repalloc(calibrator->score, calibrator->room * sizeof(double));
	}
	calibrator->score[slot] = score;
	calibrator->scores = Max(calibrator->scores, (uint32) slot + 1);
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
	for (uint64 i = 0; i < count; i++)
	{
		if (i % 1024 == 1023)
			CHECK_FOR_INTERRUPTS();
		add_score(calibrator, score);
	}
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

		of_row = deepsad_row_hash_array(hash, &row, numbers);
	}
	else
		of_row = deepsad_row_hash_record(hash, argument->value);
	dsad_digest_add(&calibrator->digest, of_row, DSAD_UNLABELED, count);
}

/* Keeps a uniform sample of the scores, which are sorted first, so that it is the same in any order. */
static void
thin_out(DeepsadCalibrator *calibrator)
{
	uint32		wanted = DSAD_CALIBRATION_ROWS;
	uint32		kept = 0;
	DsadRandom	random;

	if (calibrator->scores <= wanted)
		return;
	dsad_sort(calibrator->score, calibrator->scores);
	dsad_random_seed(&random, (uint64) calibrator->model.config.seed, 0, DSAD_STREAM_SAMPLE);
	for (uint32 i = 0; i < calibrator->scores && kept < wanted; i++)
		if (dsad_random_below(&random, calibrator->scores - i) < wanted - kept)
			calibrator->score[kept++] = calibrator->score[i];
	calibrator->scores = kept;
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

/* The model with p-values by the rows that came, in the current context. */
bytea *
deepsad_calibrator_finish(DeepsadCalibrator *calibrator)
{
	DsadModel	model = calibrator->model;
	DsadScoreList list;

	check_fresh(&model.facts, &calibrator->digest);
	if (calibrator->scores < MIN_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("calibration has %u rows that are no known anomalies, needs %d", calibrator->scores, MIN_ROWS),
				 errhint("Give more rows that the model was not trained on.")));
	thin_out(calibrator);
	if (!dsad_make_list(&list, &calibrator->arena, calibrator->score, calibrator->scores))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	model.config.calibration = DSAD_CALIBRATION_SPLIT;
	dsad_option_mark_given(dsad_option_find("calibration", 11), &model.config, false);
	model.calibration = (DsadCalibration) {1, list.rows, &list};
	return deepsad_model_encode(&model);
}
