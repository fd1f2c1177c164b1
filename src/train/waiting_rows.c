/*
 * waiting_rows.c
 *	  Rows that came before it was known how long their arrays are: they wait, with their
 *	  labels, until every array column has had one, or no row comes any more.
 */
#include "pg/pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "train/waiting_rows.h"

#define EXTRA 2					/* columns behind a row's: label, hash */
#define WAITING_KILOBYTES 1024	/* of rows that wait in memory; the others wait in a file */

struct DeepsadWaitingRows
{
	Tuplestorestate *store;		/* the row's columns, those that are skipped as NULL, then its label and hash */
	TupleDesc	desc;			/* of these */
	MemoryContext context;
	DeepsadFeatures *features;	/* of what is read back */
	Datum	   *values;			/* of the first of them that has one, for each column */
	bool	   *nulls;
	bool	   *skip;			/* for each column: the options do, or it is dropped */
	Datum	   *value;			/* one row on its way to the store */
	bool	   *null;
};

/* A row type with columns for label and hash behind its own. */
static TupleDesc
waiting_type(TupleDesc row)
{
	TupleDesc	desc = CreateTemplateTupleDesc(row->natts + EXTRA);

	for (int i = 0; i < row->natts; i++)
		TupleDescCopyEntry(desc, (AttrNumber) (i + 1), row, (AttrNumber) (i + 1));
	TupleDescInitEntry(desc, (AttrNumber) (row->natts + 1), "", INT2OID, -1, 0);
	TupleDescInitEntry(desc, (AttrNumber) (row->natts + EXTRA), "", INT8OID, -1, 0);
	return desc;
}

/* Lets rows of this type wait, in context. */
DeepsadWaitingRows *
deepsad_waiting_create(MemoryContext context, TupleDesc row, Jsonb *options)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	DeepsadWaitingRows *waiting = palloc0(sizeof(DeepsadWaitingRows));
	JsonbContainer *columns = deepsad_columns_option(options);
	DeepsadGroupBy group_by = deepsad_group_by_option(options);
	int			natts = row->natts;

	waiting->context = context;
	waiting->desc = waiting_type(row);
	waiting->store = tuplestore_begin_heap(false, false, WAITING_KILOBYTES);
	waiting->features = deepsad_features_of_columns(CurrentMemoryContext, row);
	waiting->values = palloc0((natts + 1) * sizeof(Datum));
	waiting->nulls = palloc((natts + 1) * sizeof(bool));
	waiting->skip = palloc((natts + 1) * sizeof(bool));
	waiting->value = palloc((natts + EXTRA) * sizeof(Datum));
	waiting->null = palloc0((natts + EXTRA) * sizeof(bool));
	for (int i = 0; i < natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(row, i);

		waiting->nulls[i] = true;
		waiting->skip[i] = attribute->attisdropped ||
						   (deepsad_column_options(columns, NameStr(attribute->attname)).as == DEEPSAD_AS_SKIP &&
							!deepsad_groups_by(&group_by, NameStr(attribute->attname)));
	}
	MemoryContextSwitchTo(old);
	return waiting;
}

/* Rows that wait must be of one type. */
static void
check_same_type(const DeepsadWaitingRows *waiting, TupleDesc desc)
{
	bool		same = desc->natts + EXTRA == waiting->desc->natts;

	for (int i = 0; i < desc->natts && same; i++)
		same = TupleDescAttr(desc, i)->atttypid == TupleDescAttr(waiting->desc, i)->atttypid &&
			   strcmp(NameStr(TupleDescAttr(desc, i)->attname), NameStr(TupleDescAttr(waiting->desc, i)->attname)) == 0;
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("rows are of different types, and those before have no array in some column"),
				 errhint("Give rows of one type.")));
}

/*
 * Lets a row wait, and keeps its values where rows before had none.  Whether all arrays have come
 * now.
 */
bool
deepsad_waiting_add(DeepsadWaitingRows *waiting, TupleDesc row, const Datum *values, const bool *nulls, int8 label,
					uint64 hash, Jsonb *options)
{
	MemoryContext old = MemoryContextSwitchTo(waiting->context);
	int			natts = row->natts;

	check_same_type(waiting, row);
	for (int i = 0; i < natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(row, i);

		waiting->value[i] = values[i];
		waiting->null[i] = nulls[i] || waiting->skip[i];
		if (waiting->nulls[i] && !waiting->null[i])
		{
			waiting->values[i] = datumCopy(values[i], attribute->attbyval, attribute->attlen);
			waiting->nulls[i] = false;
		}
	}
	waiting->value[natts] = Int16GetDatum(label);
	waiting->value[natts + 1] = Int64GetDatum((int64) hash);
	tuplestore_putvalues(waiting->store, waiting->desc, waiting->value, waiting->null);
	MemoryContextSwitchTo(old);
	return deepsad_draft_complete(row, options, waiting->nulls);
}

/* Starts to collect the columns of the rows that wait. */
DeepsadColumnCollector *
deepsad_waiting_columns(const DeepsadWaitingRows *waiting, MemoryContext parent, Jsonb *options, const bool *asked)
{
	return deepsad_columns_of_row(parent, deepsad_features_desc(waiting->features), options, waiting->values,
								  waiting->nulls, asked);
}

/* Hands over the rows that have waited, in the order they came. */
void
deepsad_waiting_replay(DeepsadWaitingRows *waiting, DeepsadWaitingRow row, void *ctx)
{
	int			natts = waiting->desc->natts - EXTRA;
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
		row(ctx, waiting->features, argument, (int8) DatumGetInt16(slot->tts_values[natts]),
			(uint64) DatumGetInt64(slot->tts_values[natts + 1]));
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
	}
	MemoryContextDelete(row_context);
	ExecDropSingleTupleTableSlot(slot);
}

/* Gives back what is no memory. */
void
deepsad_waiting_end(DeepsadWaitingRows *waiting)
{
	tuplestore_end(waiting->store);
}
