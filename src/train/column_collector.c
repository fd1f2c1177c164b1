/*
 * column_collector.c
 *	  The columns of training rows: what they hold is learned while the rows come, and
 *	  becomes the model's encoder when all are there.
 *
 * A row is kept as cells, one number each; a category's number is its place in a
 * dictionary that grows.  When all rows are there columns fall out, the most frequent
 * values become the categories, and rows are encoded as they are read.
 */
#include "pg/pg_compat.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "core/columns/column_moves.h"
#include "pg/core_env.h"
#include "rows/column_text.h"
#include "train/column_collector.h"
#include "train/column_sample.h"
#include "train/column_source.h"
#include "train/dictionary.h"

/*
 * What the dictionaries of all columns may take, whatever maintenance_work_mem is; each has its share, so that
 * what becomes of a column does not depend on when the others' values come.
 */
#define MAX_DICTIONARY_BYTES (64 * 1024 * 1024)

/* From so many elements of arrays on, and if they are such a part of the features, rows are embeddings. */
#define WIDE_ELEMENTS 300
#define WIDE_PART 0.9

struct DeepsadColumnCollector
{
	MemoryContext context;
	DsadEnv		env;
	DsadArena	arena;			/* of encoders */
	DeepsadDraft draft;
	DsadEncoder judged;			/* the draft's columns that may become features */
	DsadEncoder encoder;		/* the draft's columns that are left */
	uint16	   *draft_column;	/* encoder.columns: where each is in the draft */
	DeepsadColumns reading;
	uint64		rows[DSAD_LABELS];
	double	   *array;			/* a row that is one, as cells */
	DeepsadRowGroups groups;	/* which rows belong together */
	DeepsadColumnSource source;	/* the rows that were kept */
};

static DeepsadColumnCollector *
create(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "deepsad columns", ALLOCSET_SMALL_SIZES);
	DeepsadColumnCollector *collector = MemoryContextAllocZero(context, sizeof(DeepsadColumnCollector));

	collector->context = context;
	deepsad_env_init(&collector->env, context);
	dsad_arena_init(&collector->arena, &collector->env);
	collector->reading.ctx = collector;
	return collector;
}

/* Statistics and dictionaries of all columns of the draft, still empty. */
static void
start_statistics(DeepsadColumnCollector *collector)
{
	uint32		counted = 0;
	Size		categories = 0;

	collector->judged = collector->draft.encoder;
	collector->judged.columns = collector->draft.features;
	for (uint32 c = 0; c < collector->judged.columns; c++)
	{
		counted += collector->draft.column[c].counted;
		categories += collector->draft.encoder.column[c].encoding == DSAD_ENCODING_CATEGORY;
	}
	for (uint32 c = 0; c < collector->judged.columns; c++)
	{
		dsad_column_statistics_init(&collector->draft.column[c].statistics, collector->draft.column[c].counted,
									counted);
		if (collector->draft.encoder.column[c].encoding == DSAD_ENCODING_CATEGORY)
			collector->draft.column[c].dictionary = deepsad_dictionary_create(collector->context,
																			  MAX_DICTIONARY_BYTES / categories);
	}
}

static uint32 find_category(void *ctx, uint32 column, DsadBytes category);

/*
 * For rows of this type; values and nulls are those of one that is complete, if there is
 * one.  asked (NULL: none): the columns that the user has named.
 */
DeepsadColumnCollector *
deepsad_columns_of_row(MemoryContext parent, TupleDesc row, Jsonb *options, const Datum *values, const bool *nulls,
					   const bool *asked)
{
	DeepsadColumnCollector *collector = create(parent);
	MemoryContext old = MemoryContextSwitchTo(collector->context);
	DsadError	error;

	deepsad_draft_describe(&collector->draft, row, options, values, nulls, asked);
	deepsad_check(dsad_encoder_layout(&collector->draft.encoder, &collector->arena, &error), &error);
	start_statistics(collector);
	collector->reading.encoder = &collector->draft.encoder;
	collector->reading.find = find_category;
	MemoryContextSwitchTo(old);
	return collector;
}

/* For rows that are arrays of so many numbers, of this shape. */
DeepsadColumnCollector *
deepsad_columns_of_array(MemoryContext parent, uint32 elements, DsadShape shape)
{
	DeepsadColumnCollector *collector = create(parent);
	DsadError	error;

	deepsad_check(shape.channels > 0 ?
					  dsad_encoder_of_picture(&collector->draft.encoder, &collector->arena, shape, &error) :
					  dsad_encoder_of_array(&collector->draft.encoder, &collector->arena, elements, &error),
				  &error);
	collector->draft.column = MemoryContextAllocZero(collector->context, sizeof(DeepsadDraftColumn));
	collector->draft.features = 1;
	collector->array = MemoryContextAlloc(collector->context, elements * sizeof(double));
	start_statistics(collector);
	collector->reading.encoder = &collector->draft.encoder;
	return collector;
}

/* For rows that go on training a model: only its encoder is read. */
DeepsadColumnCollector *
deepsad_columns_of_model(MemoryContext parent, bytea *model)
{
	DeepsadColumnCollector *collector = create(parent);
	const DsadEncoder *encoder;
	DsadError	error;

	deepsad_check(dsad_model_decode_encoder(&encoder, &collector->arena, (const uint8_t *) VARDATA_ANY(model),
											VARSIZE_ANY_EXHDR(model), &error),
				  &error);
	collector->draft.encoder = collector->encoder = *encoder;
	collector->reading.encoder = &collector->encoder;
	return collector;
}

/* What rows are read by. */
const DeepsadColumns *
deepsad_columns_reading(const DeepsadColumnCollector *collector)
{
	return &collector->reading;
}

/* What rows become, once the columns are finished. */
const DsadEncoder *
deepsad_columns_encoder(const DeepsadColumnCollector *collector)
{
	return &collector->encoder;
}

/* DeepsadFindCategory: the number of a value in its column's dictionary, which grows; counts it. */
static uint32
find_category(void *ctx, uint32 c, DsadBytes category)
{
	DeepsadColumnCollector *collector = ctx;
	DeepsadDraftColumn *column = &collector->draft.column[c];
	uint32		number;

	/* of a group it need only be known which rows have the same */
	if (c >= collector->draft.features)
		return hash_bytes((const unsigned char *) category.bytes, (int) category.length);
	number = deepsad_dictionary_add(column->dictionary, category);
	if (deepsad_dictionary_full(column->dictionary) && column->asked)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column %s has too many different values, at least %u",
						deepsad_column_label(&collector->draft.encoder, c),
						deepsad_dictionary_distinct(column->dictionary)),
				 errhint("Leave it out, or group its values in the query.")));
	return number;
}

/* Takes note of a row's cells. */
void
deepsad_columns_add(DeepsadColumnCollector *collector, const double *cells, int8 label)
{
	const DsadEncoder *draft = &collector->judged;
	DsadError	error;

	collector->rows[label + 1]++;
	for (uint32 c = 0; c < draft->columns && collector->draft.column; c++)
	{
		DeepsadDraftColumn *column = &collector->draft.column[c];

		deepsad_check(dsad_column_statistics_add(&column->statistics, &draft->column[c],
												 cells + draft->column[c].first_cell, label, &collector->env, &error),
					  &error);
	}
}

/* The same of a row that is an array. */
void
deepsad_columns_add_array(DeepsadColumnCollector *collector, const DsadRows *row, int8 label)
{
	for (uint32 i = 0; i < collector->draft.encoder.cells; i++)
		collector->array[i] = dsad_row_number(row, i);
	deepsad_columns_add(collector, collector->array, label);
}

/* What the rules decide on. */
static DsadCandidate *
make_candidates(const DeepsadColumnCollector *collector)
{
	const DsadEncoder *draft = &collector->judged;
	DsadCandidate *candidate = palloc0(draft->columns * sizeof(DsadCandidate));

	for (uint32 c = 0; c < draft->columns; c++)
	{
		const DeepsadDraftColumn *column = &collector->draft.column[c];

		candidate[c].asked = column->asked;
		candidate[c].exact = column->options.as != 0;
		candidate[c].integer = column->integer;
		candidate[c].statistics = &column->statistics;
		candidate[c].time = draft->column[c].time;
		if (column->dictionary)
		{
			candidate[c].values = deepsad_dictionary_distinct(column->dictionary);
			candidate[c].variety = deepsad_dictionary_full(column->dictionary);
		}
	}
	return candidate;
}

/* Adds a column of the draft to the encoder's, and what it becomes. */
static void
keep(DeepsadColumnCollector *collector, uint32 c, const DsadCandidate *candidate)
{
	DsadEncoder *encoder = &collector->encoder;
	DsadColumn *column = &encoder->column[encoder->columns];
	DeepsadDraftColumn *learned = &collector->draft.column[c];
	const uint64_t *missing = learned->statistics.missing;

	*column = collector->draft.encoder.column[c];
	/* elements of an array that is the row have no such feature, nor have pictures */
	column->indicator = column->name.length > 0 && column->shape.channels == 0 &&
						missing[0] + missing[1] + missing[2] > 0 &&
						!(column->encoding == DSAD_ENCODING_TIME && candidate->time == 0);
	column->time = column->encoding == DSAD_ENCODING_TIME ? candidate->time : 0;
	column->since = candidate->since;
	if (learned->dictionary)
		learned->category = deepsad_dictionary_choose(learned->dictionary, learned->options.top, column);
	collector->draft_column[encoder->columns++] = (uint16) c;
}

/* `since` counts the draft's columns; now the encoder's. */
static void
renumber(DeepsadColumnCollector *collector)
{
	DsadEncoder *encoder = &collector->encoder;

	for (uint32 c = 0; c < encoder->columns; c++)
		for (uint32 start = 0; encoder->column[c].time & DSAD_TIME_SINCE && start < encoder->columns; start++)
			if (collector->draft_column[start] == encoder->column[c].since)
			{
				encoder->column[c].since = (uint16) start;
				break;
			}
}

/* Makes the encoder of what the rules have left. */
static void
make_encoder(DeepsadColumnCollector *collector, const DsadCandidate *candidate)
{
	DsadEncoder *encoder = &collector->encoder;
	const DsadEncoder *draft = &collector->judged;
	DsadBytes	none = {"", 0};
	DsadError	error;

	encoder->column = palloc0(draft->columns * sizeof(DsadColumn));
	encoder->left = palloc0((collector->draft.skips + draft->columns) * sizeof(DsadLeftOut));
	collector->draft_column = palloc(draft->columns * sizeof(uint16));
	if (collector->draft.skips > 0)
		memcpy(encoder->left, collector->draft.skipped, collector->draft.skips * sizeof(DsadLeftOut));
	encoder->left_out = collector->draft.skips;
	for (uint32 c = 0; c < draft->columns; c++)
	{
		if (!candidate[c].left_out)
		{
			keep(collector, c, &candidate[c]);
			continue;
		}
		encoder->left[encoder->left_out++] = (DsadLeftOut) {
			draft->column[c].name, draft->column[c].type_name, candidate[c].reason,
			candidate[c].reason == DSAD_LEFT_OUT_MOVES ? draft->column[candidate[c].other].name : none};
	}
	renumber(collector);
	deepsad_check(dsad_encoder_finish(encoder, &collector->arena, &error), &error);
}

/* Lets the rules decide what moves with what, on a sample of the rows. */
static void
judge_moves(DeepsadColumnCollector *collector, const DsadRowSource *rows, DsadCandidate *candidate)
{
	const DeepsadDictionary **dictionary = palloc(collector->judged.columns * sizeof(DeepsadDictionary *));
	double	   *cells;
	double	   *digits;
	uint32		count;
	DsadError	error;

	for (uint32 c = 0; c < collector->judged.columns; c++)
		dictionary[c] = collector->draft.column[c].dictionary;
	cells = deepsad_column_sample(&collector->judged, dictionary, rows, &count, &digits);
	deepsad_check(
		dsad_column_moves(&collector->judged, candidate, cells, digits, count, &collector->env, &error), &error);
	pfree(dictionary);
	pfree(digits);
	pfree(cells);
}

/* Whether some column becomes a feature. */
static bool
is_anything_left(const DeepsadColumnCollector *collector, const DsadCandidate *candidate)
{
	const DsadEncoder *draft = &collector->judged;

	for (uint32 c = 0; c < draft->columns; c++)
		if (!candidate[c].left_out && (draft->column[c].encoding != DSAD_ENCODING_TIME || candidate[c].time != 0))
			return true;
	return false;
}

/*
 * All rows have come, and are kept in `rows`: makes the encoder, and reports what there is to say.
 * False when all columns are left out.
 */
bool
deepsad_columns_finish(DeepsadColumnCollector *collector, const DsadRowSource *rows, DeepsadColumnReport *report)
{
	MemoryContext old = MemoryContextSwitchTo(collector->context);
	const DsadEncoder *draft = &collector->judged;
	DsadCandidate *candidate;
	bool		left = true;
	DsadError	error;

	if (collector->draft.column)
	{
		candidate = make_candidates(collector);
		deepsad_check(dsad_column_rules(draft, candidate, collector->rows, &collector->env, &error), &error);
		if (dsad_column_moves_want_rows(draft, candidate))
			judge_moves(collector, rows, candidate);
		for (uint32 c = 0; c < draft->columns; c++)
			deepsad_column_report_add(report, draft, c, &candidate[c]);
		left = is_anything_left(collector, candidate);
		if (left)
			make_encoder(collector, candidate);
		pfree(candidate);
	}
	deepsad_row_groups_find(&collector->groups, &collector->draft, rows);
	deepsad_column_source_init(&collector->source, &collector->draft, &collector->encoder, collector->draft_column,
							   &collector->groups);
	MemoryContextSwitchTo(old);
	return left;
}

/* Whether the rows, which are finished, are long arrays, no pictures, and hardly anything else. */
bool
deepsad_columns_wide(const DeepsadColumnCollector *collector)
{
	const DsadEncoder *encoder = &collector->encoder;
	uint32		elements = 0;

	for (uint32 c = 0; c < encoder->columns; c++)
		if (encoder->column[c].type == DSAD_TYPE_ARRAY && encoder->column[c].shape.channels == 0)
			elements += encoder->column[c].cells;
	return elements > WIDE_ELEMENTS && (double) elements >= WIDE_PART * encoder->features;
}

/* Bytes that all this takes. */
Size
deepsad_columns_memory(const DeepsadColumnCollector *collector)
{
	return MemoryContextMemAllocated(collector->context, true);
}

/* The rows that were kept, as features. */
void
deepsad_columns_source(DeepsadColumnCollector *collector, const DsadRowSource *rows, DsadRowSource *result)
{
	deepsad_column_source_read(&collector->source, rows, result);
}
