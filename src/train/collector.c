/*
 * collector.c
 *	  One group's training rows: whoever has rows hands them over one by one, and in the
 *	  end the model is trained on them.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "utils/memutils.h"

#include "train/collector.h"
#include "train/column_collector.h"
#include "model/column_options.h"
#include "model/model_bytes.h"
#include "model/options.h"
#include "rows/column_text.h"
#include "rows/picture.h"
#include "train/progress.h"
#include "train/row_choice.h"
#include "train/training_run.h"
#include "train/waiting_rows.h"

#define ROWS_PER_REPORT 1024

struct DeepsadCollector
{
	MemoryContext context;
	DeepsadCollecting *shared;
	struct varlena *model;		/* of an update, as it was stored; NULL for a training */
	Jsonb	   *options;		/* NULL = defaults */
	DeepsadRowChoice *choice;	/* NULL = it has ended */
	DeepsadColumnCollector *columns;	/* NULL = it is not known yet what rows are like */
	DeepsadWaitingRows *waiting;	/* NULL = none */
	uint64		skipped;		/* rows whose features are NULL */
	DsadDigest	digest;			/* of the others */
	DeepsadProgress progress;
	bool		saw_normal;
	bool		saw_anomaly;
};

/* What a group holds beside memory; may be called again. */
void
deepsad_collector_end(DeepsadCollector *collector)
{
	if (collector->choice)
		deepsad_choice_end(collector->choice);
	collector->choice = NULL;
	if (collector->waiting)
		deepsad_waiting_end(collector->waiting);
	collector->waiting = NULL;
	deepsad_progress_end(&collector->progress);
}

/*
 * Reads by which columns an update's model reads rows: what is no model is an error at the first row, not
 * after collecting all of them.  The rest of it is read when all have come, and takes no memory meanwhile.
 */
static void
read_columns(DeepsadCollector *collector)
{
	bytea	   *bytes = (bytea *) pg_detoast_datum_packed(collector->model);

	collector->columns = deepsad_columns_of_model(collector->context, bytes);
	if ((struct varlena *) bytes != collector->model)
		pfree(bytes);
}

/* Reads the group's options into config; before all rows have come encoder is NULL. */
static void
parse_options(DsadConfig *config, const DeepsadCollector *collector, const DsadEncoder *encoder, uint64 rows)
{
	if (collector->model)
		deepsad_options_parse_update(config, collector->options, rows);
	else
		deepsad_options_parse(config, collector->options, encoder, rows);
}

/* The columns are known: their pictures lie narrow in the store.  An array with channels last is told of. */
static void
mark_pictures(DeepsadCollector *collector)
{
	const DsadEncoder *encoder = deepsad_columns_reading(collector->columns)->encoder;

	for (uint32 c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];

		if (column->shape.channels == 0)
			continue;
		deepsad_rowstore_picture(deepsad_choice_store(collector->choice), column->first_cell, column->cells);
		if (deepsad_channels_last(&column->shape) && !collector->model && !collector->shared->said.channels_last)
		{
			ereport(WARNING,
					(errcode(ERRCODE_WARNING),
					 dsad_encoder_is_array(encoder) ?
						 errmsg("arrays have %s", deepsad_shape_text(&column->shape, column->cells)) :
						 errmsg("arrays in column %s have %s", deepsad_column_label(encoder, c),
								deepsad_shape_text(&column->shape, column->cells)),
					 deepsad_shape_hint(&column->shape)));
			collector->shared->said.channels_last = true;
		}
	}
}

/* A collector for a new group in context; model is an update's, else NULL; options may be NULL. */
DeepsadCollector *
deepsad_collector_create(MemoryContext context, DeepsadCollecting *shared, struct varlena *model, Jsonb *options)
{
	DeepsadCollector *collector = MemoryContextAllocZero(context, sizeof(DeepsadCollector));
	DsadConfig	config;

	dsad_config_defaults(&config, DSAD_PRESET_DEFAULT, 1, 1);
	collector->context = context;
	collector->shared = shared;
	if (model)
	{
		collector->model = deepsad_model_keep(model, context);
		read_columns(collector);
	}
	if (options)
	{
		collector->options = MemoryContextAlloc(context, VARSIZE(options));
		memcpy(collector->options, options, VARSIZE(options));
	}
	/* bad options are an error at the first row, not after collecting all of them */
	parse_options(&config, collector, NULL, 1);
	if (deepsad_features_are_array(shared->features) && !model &&
		(deepsad_columns_option(options) || deepsad_group_by_option(options).count > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" is given, but features are no row",
						deepsad_columns_option(options) ? "columns" : "group_by"),
				 errhint("Give a row: deepsad_train(f, label, options) FROM t, LATERAL (SELECT a, b) f.")));
	collector->choice = deepsad_choice_create(context, deepsad_features_single(shared->features),
											  (uint64) config.max_rows, config.seed);
	if (model)
		mark_pictures(collector);
	deepsad_progress_start(&collector->progress);
	return collector;
}

/* Whether these are the group's options. */
bool
deepsad_collector_same_options(const DeepsadCollector *collector, const Jsonb *options)
{
	if (options == NULL || collector->options == NULL)
		return options == collector->options;
	return VARSIZE(options) == VARSIZE(collector->options) &&
		   memcmp(options, collector->options, VARSIZE(options)) == 0;
}

/* Fails unless this, as it is stored, is the group's model. */
void
deepsad_collector_check_model(const DeepsadCollector *collector, struct varlena *model)
{
	deepsad_check_group_model(model, collector->model);
}

/* The hash of a row that is an array. */
static uint64
array_hash(const DeepsadCollector *collector, const DsadRows *row, uint32 count, DsadShape shape)
{
	return deepsad_row_hash_array(collector->shared->hash, row, count, shape);
}

/* The hash of a row with columns. */
static uint64
row_hash(const DeepsadCollector *collector, const NullableDatum *argument)
{
	DeepsadRowHash *hash = collector->shared->hash;
	TupleDesc	columns = collector->shared->columns;

	return columns ? deepsad_row_hash_columns(hash, columns, argument) : deepsad_row_hash_record(hash, argument->value);
}

/* Keeps a row whose content has that hash. */
static void
keep(DeepsadCollector *collector, const DsadRows *row, uint32 features, int8 label, uint64 hash)
{
	dsad_digest_add(&collector->digest, hash, label, 1);
	deepsad_choice_add(collector->choice, row, features, label, hash);
}

/* Keeps a row of cells; hash: of a row with columns. */
static void
add_cells(DeepsadCollector *collector, DeepsadFeatures *features, const NullableDatum *argument, int8 label,
		  uint64 hash)
{
	const DeepsadColumns *reading = deepsad_columns_reading(collector->columns);
	DsadRows	row = {deepsad_features_cells(features, reading, argument), 1, false};

	if (deepsad_features_are_array(features))
		hash = array_hash(collector, &row, reading->encoder->cells, reading->encoder->column->shape);
	deepsad_columns_add(collector->columns, row.values, label);
	keep(collector, &row, reading->encoder->cells, label, hash);
}

/* All arrays must be of the first one's shape; flat ones of its length, which the store looks at. */
static void
check_shape(const DeepsadCollector *collector, const DsadShape *shape, uint32 count)
{
	const DsadColumn *column = deepsad_columns_reading(collector->columns)->encoder->column;

	if (likely(deepsad_same_shape(shape, &column->shape)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("array has %s, the rows before have %s", deepsad_shape_text(shape, count),
					deepsad_shape_text(&column->shape, column->cells)),
			 deepsad_shape_hint(shape)));
}

/* Keeps a row that is an array, as single as it came. */
static void
add_array(DeepsadCollector *collector, const NullableDatum *argument, int8 label)
{
	DeepsadFeatures *features = collector->shared->features;
	DsadRows	row;
	DsadShape	shape;
	uint32		count = deepsad_features_numbers(features, argument, &row, &shape);
	bool		infinite = false;

	if (collector->columns == NULL)
	{
		collector->columns = deepsad_columns_of_array(collector->context, count, shape);
		mark_pictures(collector);
	}
	check_shape(collector, &shape, count);
	for (uint32 i = 0; i < count; i++)
		infinite |= isinf(dsad_row_number(&row, i)) != 0;
	if (unlikely(infinite))
		deepsad_features_infinite(&row, count);
	/* before anything looks at it: that it has another width than the rows before is an error there */
	keep(collector, &row, count, label, array_hash(collector, &row, count, shape));
	deepsad_columns_add_array(collector->columns, &row, label);
}

/* DeepsadWaitingRow: keeps a row that has waited. */
static void
add_waiting(void *ctx, DeepsadFeatures *features, const NullableDatum *argument, int8 label, uint64 hash)
{
	add_cells((DeepsadCollector *) ctx, features, argument, label, hash);
}

/* Columns are collected from the rows that wait: all arrays have come, or no row will. */
static void
end_waiting(DeepsadCollector *collector)
{
	collector->columns = deepsad_waiting_columns(collector->waiting, collector->context, collector->options,
												 collector->shared->asked);
	mark_pictures(collector);
	deepsad_waiting_replay(collector->waiting, add_waiting, collector);
	deepsad_waiting_end(collector->waiting);
	collector->waiting = NULL;
}

/* The first row with columns: finds out what they are, or lets it wait; whether it was taken care of. */
static bool
begin_row(DeepsadCollector *collector, const NullableDatum *argument, int8 label, uint64 hash)
{
	DeepsadRowType row;
	Datum	   *values;
	bool	   *nulls;

	deepsad_features_row(collector->shared->features, argument, &row, &values, &nulls);
	if (collector->waiting == NULL && deepsad_draft_complete(row.desc, collector->options, nulls))
	{
		collector->columns = deepsad_columns_of_row(collector->context, row.desc, collector->options, values, nulls,
													collector->shared->asked);
		mark_pictures(collector);
		return false;
	}
	if (collector->waiting == NULL)
		collector->waiting = deepsad_waiting_create(collector->context, row.desc, collector->options);
	if (deepsad_waiting_add(collector->waiting, row.desc, values, nulls, label, hash, collector->options))
		end_waiting(collector);
	return true;
}

/* Adds a row; label NULL: there are none. */
void
deepsad_collector_add(DeepsadCollector *collector, const NullableDatum *argument, const NullableDatum *labeled)
{
	DeepsadFeatures *features = collector->shared->features;
	int8		label = labeled ? deepsad_label_read(collector->shared->label_kind, labeled) : DSAD_UNLABELED;
	uint64		hash = 0;
	uint64		seen;

	if (deepsad_features_null(features, argument))
	{
		collector->skipped++;
		return;
	}
	collector->saw_anomaly |= label == DSAD_ANOMALY;
	collector->saw_normal |= label == DSAD_NORMAL;
	if (!deepsad_features_are_array(features))
		hash = row_hash(collector, argument);
	if (deepsad_features_are_array(features) && !collector->model)
		add_array(collector, argument, label);
	else if (collector->columns != NULL || !begin_row(collector, argument, label, hash))
		add_cells(collector, features, argument, label, hash);
	seen = deepsad_choice_seen(collector->choice);
	if (seen % ROWS_PER_REPORT == 0)
		deepsad_progress_collecting(&collector->progress, seen,
									deepsad_rowstore_bytes(deepsad_choice_store(collector->choice)));
}

/*
 * An integer column with 1 but no -1 is almost certainly a 0/1 flag read upside
 * down.  One group among many may well have no known anomaly, and an update may
 * bring none: that is a warning, or nothing.
 */
static void
check_label_meaning(const DeepsadCollector *collector)
{
	DeepsadCollecting *shared = collector->shared;

	if (shared->label_kind < DEEPSAD_LABEL_INT2 || !collector->saw_normal || collector->saw_anomaly ||
		collector->model || shared->said.labels)
		return;
	shared->said.labels = true;
	ereport(shared->grouped ? WARNING : ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("integer label is 1 in some rows and -1 in none"),
			 errdetail("As an integer, 1 means known normal and -1 known anomaly."),
			 errhint("If 1 marks anomalies, write label = 1; if 1 marks normal rows, "
					 "write CASE label WHEN -1 THEN true WHEN 1 THEN false END.")));
}

/*
 * All rows have come: the encoder is made, and what there is to say is said, or kept for the end of the
 * statement.  False when nothing is left to train on, and there are other groups.
 */
static bool
finish_columns(DeepsadCollector *collector)
{
	DeepsadCollecting *shared = collector->shared;
	DsadRowSource rows;
	bool		left;

	deepsad_rowstore_source(deepsad_choice_store(collector->choice), &rows);
	left = deepsad_columns_finish(collector->columns, &rows, shared->report);
	if (!shared->grouped)
		deepsad_column_report_send(shared->report);
	if (!left && (!shared->grouped || !shared->said.no_column))
		ereport(shared->grouped ? WARNING : ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%sno column is left to train on", shared->grouped ? "no model: " : ""),
				 errhint("Keep a column with option \"columns\", or add others.")));
	shared->said.no_column |= !left;
	return left;
}

/* The model of at least one row; NULL when there is nothing to learn from. */
static struct varlena *
train_on_rows(DeepsadCollector *collector)
{
	DeepsadRowStore *store;
	DsadConfig	config;

	check_label_meaning(collector);
	if (!finish_columns(collector))
		return NULL;
	store = deepsad_choice_finish(collector->choice);
	collector->choice = NULL;
	if (collector->model)
		return deepsad_training_update(store, collector->columns, (bytea *) collector->model, collector->options,
									   &collector->digest, &collector->progress, &collector->shared->said);
	parse_options(&config, collector, deepsad_columns_encoder(collector->columns), deepsad_rowstore_count(store));
	return deepsad_training_run(store, collector->columns, &config, collector->skipped, &collector->digest,
								&collector->progress, &collector->shared->said);
}

/* The model, in the current context; NULL when there is nothing to learn from.  The rows are gone then. */
struct varlena *
deepsad_collector_train(DeepsadCollector *collector)
{
	struct varlena *result;

	if (collector->waiting)
		end_waiting(collector);
	if (deepsad_choice_seen(collector->choice) == 0)
		result = collector->model;	/* no row came, or only rows without features */
	else
		result = train_on_rows(collector);
	deepsad_collector_end(collector);
	return result;
}
