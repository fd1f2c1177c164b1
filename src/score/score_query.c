/*
 * score_query.c
 *	  deepsad_score_query: scores the rows of a query in batches, where large
 *	  nets run several times faster than row by row.
 */
#include "pg/pg_compat.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "score/score_call.h"
#include "pg/set_result.h"

DEEPSAD_FUNCTION(deepsad_score_query);

#define MODEL_ARG 0
#define QUERY_ARG 1
#define BATCH_ROWS 240			/* a multiple of what the kernels take at a time */
#define BATCH_BYTES (4 * 1024 * 1024)

/* One batch: rows whose features are not NULL, and which row of the fetch each is. */
typedef struct Batch
{
	double	   *features;		/* (count, features) */
	double	   *score;			/* count */
	double	   *by_row;			/* scores of the fetch; -1 = features are NULL */
	void	   *scratch;
	int		   *row;
	int			capacity;
	int			count;
} Batch;

/* Rows of the batch for nets of this many features. */
static Batch
create_batch(const DsadScorer *scorer)
{
	Size		row_bytes = dsad_scorer_features(scorer) * sizeof(double);
	Batch		batch;

	batch.capacity = (int) Max(1, Min(BATCH_ROWS, BATCH_BYTES / row_bytes));
	batch.count = 0;
	batch.features = palloc(batch.capacity * row_bytes);
	batch.score = palloc(batch.capacity * sizeof(double));
	batch.by_row = palloc(batch.capacity * sizeof(double));
	batch.row = palloc(batch.capacity * sizeof(int));
	batch.scratch = MemoryContextAllocHuge(CurrentMemoryContext, dsad_scorer_scratch(scorer, batch.capacity));
	return batch;
}

/* Adds row number `row` of the fetch. */
static void
add_row(Batch *batch, const DsadScorer *scorer, const DsadRows *values, int row)
{
	uint32		count = dsad_scorer_features(scorer);
	double	   *place = batch->features + (Size) batch->count * count;

	for (uint32 i = 0; i < count; i++)
		place[i] = dsad_row_number(values, i);
	batch->row[batch->count++] = row;
}

/* Scores the batch and empties it. */
static void
score_batch(Batch *batch, const DsadScorer *scorer)
{
	uint32		features = dsad_scorer_features(scorer);
	size_t		step = dsad_scorer_poll_rows(scorer);

	for (size_t start = 0; start < (size_t) batch->count; start += step)
	{
		DsadRows	rows = {batch->features + start * features, Min(step, batch->count - start), false};
		size_t		scored;

		CHECK_FOR_INTERRUPTS();
		scored = dsad_score(scorer, &rows, batch->scratch, batch->score + start);
		if (scored < rows.count)
		{
			rows.values = batch->features + (start + scored) * features;
			deepsad_features_infinite(&rows, features);
		}
	}
	for (int i = 0; i < batch->count; i++)
		batch->by_row[batch->row[i]] = batch->score[i];
	batch->count = 0;
}

/* The query's first column must be what the result's key is, and features follow it. */
static DeepsadFeatures *
resolve_columns(TupleDesc source, TupleDesc result, MemoryContext context)
{
	Oid		   *types = palloc(source->natts * sizeof(Oid));

	if (source->natts < 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg_plural("query returns %d column, must return a key and features",
							   "query returns %d columns, must return a key and features", source->natts,
							   source->natts)));
	for (int i = 0; i < source->natts; i++)
		types[i] = TupleDescAttr(source, i)->atttypid;
	if (types[0] != TupleDescAttr(result, 0)->atttypid)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("query returns a key of type %s, must be %s",
						format_type_be(types[0]), format_type_be(TupleDescAttr(result, 0)->atttypid)),
				 errhint("Cast the key, or give NULL::%s as the third argument.", format_type_be(types[0]))));
	return deepsad_features_create(context, types + 1, source->natts - 1, true);
}

/* Reads the rows just fetched, each in row_context, scores them and puts (key, score) into the store. */
static void
score_fetched(DeepsadFeatures *features, const DsadScorer *scorer, Batch *batch, MemoryContext row_context,
			  Tuplestorestate *store, TupleDesc result)
{
	TupleDesc	source = SPI_tuptable->tupdesc;
	int			rows = (int) SPI_processed;
	NullableDatum *argument = palloc(source->natts * sizeof(NullableDatum));
	Datum	   *value = palloc(source->natts * sizeof(Datum));
	bool	   *null = palloc(source->natts * sizeof(bool));
	DeepsadColumns columns = {dsad_scorer_encoder(scorer), NULL, NULL, false};

	for (int row = 0; row < rows; row++)
	{
		MemoryContext old;
		DsadRows	values;

		batch->by_row[row] = -1;
		heap_deform_tuple(SPI_tuptable->vals[row], source, value, null);
		for (int i = 1; i < source->natts; i++)
			argument[i - 1] = (NullableDatum) {value[i], null[i]};
		if (deepsad_features_null(features, argument))
			continue;
		/* what is read of long values is gone with each row */
		old = MemoryContextSwitchTo(row_context);
		deepsad_features_read(features, &columns, argument, &values);
		add_row(batch, scorer, &values, row);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
	}
	score_batch(batch, scorer);
	for (int row = 0; row < rows; row++)
	{
		Datum		scored[2];
		bool		missing[2];

		scored[0] = SPI_getbinval(SPI_tuptable->vals[row], source, 1, &missing[0]);
		scored[1] = Float8GetDatum(batch->by_row[row]);
		missing[1] = batch->by_row[row] < 0;
		tuplestore_putvalues(store, result, scored, missing);
	}
}

/*
 * deepsad_score_query(model, query [, key_type]) -> set of (key, score).  The query runs
 * with the caller's rights and must not write.
 */
Datum
deepsad_score_query(PG_FUNCTION_ARGS)
{
	DeepsadModelRef *ref = fcinfo->flinfo->fn_extra;	/* the server keeps nothing there for sets made whole */
	const DsadScorer *scorer;
	Tuplestorestate *store;
	TupleDesc	result;
	DeepsadFeatures *features;
	MemoryContext fetch_context;
	MemoryContext row_context;
	Batch		batch;
	SPIPlanPtr	plan;
	Portal		portal;
	char	   *query;

	store = deepsad_set_begin(fcinfo, &result);
	if (PG_ARGISNULL(MODEL_ARG) || PG_ARGISNULL(QUERY_ARG))
		return (Datum) 0;
	if (ref == NULL)
		fcinfo->flinfo->fn_extra = ref = deepsad_model_ref_create(fcinfo, MODEL_ARG);
	scorer = deepsad_model_ref_get(ref, fcinfo);
	query = text_to_cstring(PG_GETARG_TEXT_PP(QUERY_ARG));

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	batch = create_batch(scorer);
	plan = SPI_prepare(query, 0, NULL);
	if (plan == NULL || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query must be one SELECT that returns a key and features")));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	features = resolve_columns(portal->tupDesc, result, CurrentMemoryContext);
	fetch_context = AllocSetContextCreate(CurrentMemoryContext, "deepsad fetch", ALLOCSET_DEFAULT_SIZES);
	row_context = AllocSetContextCreate(CurrentMemoryContext, "deepsad row", ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, batch.capacity);
		if (SPI_processed == 0)
			break;
		old = MemoryContextSwitchTo(fetch_context);
		score_fetched(features, scorer, &batch, row_context, store, result);
		MemoryContextSwitchTo(old);
		MemoryContextReset(fetch_context);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	deepsad_model_ref_release(ref);
	return (Datum) 0;
}
