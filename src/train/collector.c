/*
 * collector.c
 *	  One group's training rows: whoever has rows hands them over one by one, and in the
 *	  end the model is trained on them.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "train/collector.h"
#include "train/column_collector.h"
#include "model/column_options.h"
#include "model/model_bytes.h"
#include "model/options.h"
#include "train/progress.h"
#include "train/training_run.h"

#define ROWS_PER_REPORT 1024
#define WAITING_KILOBYTES 1024	/* of rows that wait in memory; the others wait in a file */

/* Rows that came before it was known how long their arrays are. */
typedef struct WaitingRows
{
	Tuplestorestate *store;		/* the row's columns, those that are skipped as NULL, then its label */
	TupleDesc	desc;
	DeepsadFeatures *features;	/* of what is read back */
	bool		nameless;
	Datum	   *values;			/* of the first of them that has one, for each column */
	bool	   *nulls;
	bool	   *skip;			/* for each column: the options do, or it is dropped */
	Datum	   *value;			/* one row on its way to the store */
	bool	   *null;
} WaitingRows;

struct DeepsadCollector
{
	MemoryContext context;
	DeepsadCollecting *shared;
	struct varlena *model;		/* of an update, as it was stored; NULL for a training */
	Jsonb	   *options;		/* NULL = defaults */
	DeepsadRowStore *store;
	DeepsadColumnCollector *columns;	/* NULL = it is not known yet what rows are like */
	WaitingRows *waiting;		/* NULL = none */
	uint64		skipped;		/* rows whose features are NULL */
	bool		shown;			/* this backend's progress entry is ours */
	bool		saw_normal;
	bool		saw_anomaly;
};

/* What a group holds beside memory; may be called again. */
void
deepsad_collector_end(DeepsadCollector *collector)
{
	if (collector->store)
		deepsad_rowstore_free(collector->store);
	collector->store = NULL;
	if (collector->waiting)
		tuplestore_end(collector->waiting->store);
	collector->waiting = NULL;
	if (collector->shown)
		deepsad_progress_end();
	collector->shown = false;
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

/* Reads the group's options into config: what there is to know before all rows have come. */
static void
parse_options(DsadConfig *config, const DeepsadCollector *collector, uint32 features, uint64 rows)
{
	if (collector->model)
		deepsad_options_parse_update(config, collector->options, rows);
	else
		deepsad_options_parse(config, collector->options, features, rows);
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
	parse_options(&config, collector, 1, 1);
	if (deepsad_features_are_array(shared->features) && !model && deepsad_columns_option(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns\" is given, but features are no row"),
				 errhint("Give a row: deepsad_train(f, label, options) FROM t, LATERAL (SELECT a, b) f.")));
	collector->store = deepsad_rowstore_create(context, deepsad_features_single(shared->features),
											   (uint64) config.max_rows, config.seed);
	collector->shown = deepsad_progress_start();
	return collector;
}

/* Whether these are the group's options. */
bool
deepsad_collector_same_options(const DeepsadCollector *collector, const Jsonb *options)
{
	if (options == NULL || collector->options == NULL)
		return options == collector->options;
	return VARSIZE(options) == VARSIZE(collector->options) && memcmp(options, collector->options, VARSIZE(options)) == 0;
}

/* Whether this, as it is stored, is the group's model. */
bool
deepsad_collector_same_model(const DeepsadCollector *collector, struct varlena *model)
{
	return deepsad_same_model(model, collector->model);
}

/* Keeps a row of cells. */
static void
add_cells(DeepsadCollector *collector, DeepsadFeatures *features, const NullableDatum *argument, int8 label)
{
	const DeepsadColumns *reading = deepsad_columns_reading(collector->columns);
	DsadRows	row = {deepsad_features_cells(features, reading, argument), 1, false};

	deepsad_columns_add(collector->columns, row.values, label);
	deepsad_rowstore_add(collector->store, &row, reading->encoder->cells, label);
}

/* Keeps a row that is an array, as single as it came. */
static void
add_array(DeepsadCollector *collector, const NullableDatum *argument, int8 label)
{
	DeepsadFeatures *features = collector->shared->features;
	DsadRows	row;
	uint32		count = deepsad_features_numbers(features, argument, &row);
	bool		infinite = false;

	if (collector->columns == NULL)
		collector->columns = deepsad_columns_of_array(collector->context, count);
	for (uint32 i = 0; i < count; i++)
		infinite |= isinf(dsad_row_number(&row, i)) != 0;
	if (unlikely(infinite))
		deepsad_features_infinite(&row, count);
	/* before anything looks at it: that it has another width than the rows before is an error there */
	deepsad_rowstore_add(collector->store, &row, count, label);
	deepsad_columns_add_array(collector->columns, &row, label);
}

/* A row type with the label's column behind its own. */
static TupleDesc
waiting_type(TupleDesc row)
{
	TupleDesc	desc = CreateTemplateTupleDesc(row->natts + 1);

	for (int i = 0; i < row->natts; i++)
		TupleDescCopyEntry(desc, (AttrNumber) (i + 1), row, (AttrNumber) (i + 1));
	TupleDescInitEntry(desc, (AttrNumber) (row->natts + 1), "", INT2OID, -1, 0);
	return desc;
}

/* Lets rows of this type wait, in the current context. */
static WaitingRows *
create_waiting(const DeepsadRowType *row, JsonbContainer *options)
{
	WaitingRows *waiting = palloc0(sizeof(WaitingRows));
	int			natts = row->desc->natts;

	waiting->desc = waiting_type(row->desc);
	waiting->nameless = row->nameless;
	waiting->store = tuplestore_begin_heap(false, false, WAITING_KILOBYTES);
	waiting->features = deepsad_features_of_columns(CurrentMemoryContext, row->desc);
	waiting->values = palloc0((natts + 1) * sizeof(Datum));
	waiting->nulls = palloc((natts + 1) * sizeof(bool));
	waiting->skip = palloc((natts + 1) * sizeof(bool));
	waiting->value = palloc((natts + 1) * sizeof(Datum));
	waiting->null = palloc((natts + 1) * sizeof(bool));
	for (int i = 0; i < natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(row->desc, i);

		waiting->nulls[i] = true;
		waiting->skip[i] = attribute->attisdropped ||
			deepsad_column_options(options, NameStr(attribute->attname)).as == DEEPSAD_AS_SKIP;
	}
	return waiting;
}

/* Rows that wait must be of one type. */
static void
check_same_type(const WaitingRows *waiting, TupleDesc desc)
{
	bool		same = desc->natts + 1 == waiting->desc->natts;

	for (int i = 0; i < desc->natts && same; i++)
		same = TupleDescAttr(desc, i)->atttypid == TupleDescAttr(waiting->desc, i)->atttypid &&
			strcmp(NameStr(TupleDescAttr(desc, i)->attname), NameStr(TupleDescAttr(waiting->desc, i)->attname)) == 0;
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("rows are of different types, and those before have no array in some column"),
				 errhint("Give rows of one type.")));
}

/* Keeps a row until it is known how long its arrays are, and its values where rows before had none. */
static void
wait_for_arrays(DeepsadCollector *collector, const DeepsadRowType *row, Datum *values, bool *nulls, int8 label)
{
	MemoryContext old = MemoryContextSwitchTo(collector->context);
	int			natts = row->desc->natts;
	WaitingRows *waiting;

	if (collector->waiting == NULL)
		collector->waiting = create_waiting(row, deepsad_columns_option(collector->options));
	waiting = collector->waiting;
	check_same_type(waiting, row->desc);
	for (int i = 0; i < natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(row->desc, i);

		waiting->value[i] = values[i];
		waiting->null[i] = nulls[i] || waiting->skip[i];
		if (waiting->nulls[i] && !waiting->null[i])
		{
			waiting->values[i] = datumCopy(values[i], attribute->attbyval, attribute->attlen);
			waiting->nulls[i] = false;
		}
	}
	waiting->value[natts] = Int16GetDatum(label);
	waiting->null[natts] = false;
	tuplestore_putvalues(waiting->store, waiting->desc, waiting->value, waiting->null);
	MemoryContextSwitchTo(old);
}

/* Hands over the rows that have waited. */
static void
end_waiting(DeepsadCollector *collector)
{
	WaitingRows *waiting = collector->waiting;
	int			natts = waiting->desc->natts - 1;
	TupleTableSlot *slot = MakeSingleTupleTableSlot(waiting->desc, &TTSOpsMinimalTuple);
	NullableDatum *argument = palloc(Max(natts, 1) * sizeof(NullableDatum));
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "deepsad row", ALLOCSET_SMALL_SIZES);

	/* a row that comes from the file is allocated here, and freed by the slot */
	while (tuplestore_gettupleslot(waiting->store, true, false, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(row_context);

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		for (int i = 0; i < natts; i++)
			argument[i] = (NullableDatum) {slot->tts_values[i], slot->tts_isnull[i]};
		add_cells(collector, waiting->features, argument, (int8) DatumGetInt16(slot->tts_values[natts]));
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
	}
	MemoryContextDelete(row_context);
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(waiting->store);
	collector->waiting = NULL;
}

/* Starts to collect columns from the rows that wait: all arrays have come, or no row will. */
static void
start_columns(DeepsadCollector *collector, const DeepsadRowType *row, const Datum *values, const bool *nulls)
{
	const bool *asked = collector->shared->asked;

	collector->columns = deepsad_columns_of_row(collector->context, row, collector->options, values, nulls, asked);
}

/* The first row with columns: finds out what they are, or lets it wait; whether it was taken care of. */
static bool
begin_row(DeepsadCollector *collector, const NullableDatum *argument, int8 label)
{
	DeepsadRowType row;
	Datum	   *values;
	bool	   *nulls;
	WaitingRows *waiting;

	deepsad_features_row(collector->shared->features, argument, &row, &values, &nulls);
	if (collector->waiting == NULL && deepsad_columns_complete(row.desc, collector->options, nulls))
	{
		start_columns(collector, &row, values, nulls);
		return false;
	}
	wait_for_arrays(collector, &row, values, nulls, label);
	waiting = collector->waiting;
	if (deepsad_columns_complete(row.desc, collector->options, waiting->nulls))
	{
		start_columns(collector, &row, waiting->values, waiting->nulls);
		end_waiting(collector);
	}
	return true;
}

/* Adds a row; label NULL: there are none. */
void
deepsad_collector_add(DeepsadCollector *collector, const NullableDatum *argument, const NullableDatum *labeled)
{
	DeepsadFeatures *features = collector->shared->features;
	int8		label = labeled ? deepsad_label_read(collector->shared->label_kind, labeled) : DSAD_UNLABELED;

	if (deepsad_features_null(features, argument))
	{
		collector->skipped++;
		return;
	}
	collector->saw_anomaly |= label == DSAD_ANOMALY;
	collector->saw_normal |= label == DSAD_NORMAL;
	if (deepsad_features_are_array(features) && !collector->model)
		add_array(collector, argument, label);
	else if (collector->columns != NULL || !begin_row(collector, argument, label))
		add_cells(collector, features, argument, label);
	if (collector->shown && deepsad_rowstore_seen(collector->store) % ROWS_PER_REPORT == 0)
		deepsad_progress_collecting(deepsad_rowstore_seen(collector->store));
}

/*
 * An integer column with 1 but no -1 is almost certainly a 0/1 flag read upside
 * down.  One group among many may well have no known anomaly, and an update may
 * bring none: that is a warning, or nothing.
 */
static void
check_label_meaning(const DeepsadCollector *collector)
{
	if (collector->shared->label_kind >= DEEPSAD_LABEL_INT2 && collector->saw_normal && !collector->saw_anomaly &&
		!collector->model)
		ereport(collector->shared->grouped ? WARNING : ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("integer label is 1 in some rows and -1 in none"),
				 errdetail("As an integer, 1 means known normal and -1 known anomaly."),
				 errhint("If 1 marks anomalies, write label = 1; if 1 marks normal rows, write CASE label WHEN -1 THEN true WHEN 1 THEN false END.")));
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

	deepsad_rowstore_source(collector->store, &rows);
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

/* The model, in the current context; NULL when there is nothing to learn from.  The rows are gone then. */
struct varlena *
deepsad_collector_train(DeepsadCollector *collector)
{
	DeepsadRowStore *store;
	DsadConfig	config;
	bytea	   *result;

	if (collector->waiting)
	{
		DeepsadRowType row = {deepsad_features_desc(collector->waiting->features), collector->waiting->nameless, NULL, 0};

		start_columns(collector, &row, collector->waiting->values, collector->waiting->nulls);
		end_waiting(collector);
	}
	/* only rows without features */
	if (deepsad_rowstore_count(collector->store) == 0)
		return collector->model;
	check_label_meaning(collector);
	if (!finish_columns(collector))
	{
		deepsad_collector_end(collector);
		return NULL;
	}
	store = collector->store;
	collector->store = NULL;
	if (collector->model)
		result = deepsad_training_update(store, collector->columns, (bytea *) collector->model, collector->options, collector->shown);
	else
	{
		parse_options(&config, collector, deepsad_rowstore_features(store), deepsad_rowstore_count(store));
		result = deepsad_training_run(store, collector->columns, &config, collector->skipped, collector->shown,
									  &collector->shared->said);
	}
	deepsad_collector_end(collector);
	return result;
}
