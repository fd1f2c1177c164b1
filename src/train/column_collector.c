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

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "train/column_collector.h"
#include "model/column_options.h"
#include "train/column_sample.h"
#include "rows/column_text.h"
#include "pg/core_env.h"
#include "core/columns/column_moves.h"
#include "train/dictionary.h"

/*
 * What the dictionaries of all columns may take, whatever maintenance_work_mem is; each has its share, so that
 * what becomes of a column does not depend on when the others' values come.
 */
#define MAX_DICTIONARY_BYTES (64 * 1024 * 1024)

/* What is learned of one column of the draft, and where it is in the encoder. */
typedef struct DraftColumn
{
	DeepsadColumnOptions options;
	bool		asked;			/* the user named it, or how to encode it */
	bool		integer;		/* its SQL type is one */
	bool		counted;		/* its values may be integers */
	DeepsadDictionary *dictionary;	/* categories only */
	DsadColumnStatistics statistics;
	uint32	   *category;		/* when finished: the category of each value of the dictionary */
} DraftColumn;

struct DeepsadColumnCollector
{
	MemoryContext context;
	DsadEnv		env;
	DsadArena	arena;			/* of encoders */
	DsadEncoder draft;			/* all columns that are not skipped, without categories */
	DraftColumn *column;		/* draft.columns; NULL = for a model's encoder, which is finished */
	DsadEncoder encoder;		/* those that are left */
	uint16	   *draft_column;	/* encoder.columns: where each is in the draft */
	DeepsadColumns reading;
	DsadLeftOut *skipped;		/* skips of them */
	uint32		skips;
	uint64		rows[DSAD_LABELS];
	double	   *stored;			/* draft.cells: one row that was kept */
	double	   *cells;			/* encoder.cells */
	DsadRowSource source;		/* the rows that were kept */
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

/* A copy in the current context. */
static DsadBytes
copy_bytes(DsadBytes source)
{
	char	   *copy = palloc(Max(source.length, 1));

	memcpy(copy, source.bytes, source.length);
	return (DsadBytes) {copy, source.length};
}

/* How a column is encoded, by its type and by what the options say; an error when it cannot be. */
static void
choose_encoding(DsadColumn *column, const char *name, Oid type, uint8 as)
{
	static const uint8 by_type[] = {
		[DSAD_TYPE_NUMBER] = DEEPSAD_AS_NUMBER, [DSAD_TYPE_BOOLEAN] = DEEPSAD_AS_BOOLEAN,
		[DSAD_TYPE_TEXT] = DEEPSAD_AS_CATEGORY, [DSAD_TYPE_TIMESTAMP] = DEEPSAD_AS_TIME,
		[DSAD_TYPE_TIMESTAMPTZ] = DEEPSAD_AS_TIME, [DSAD_TYPE_DATE] = DEEPSAD_AS_TIME, [DSAD_TYPE_TIME] = DEEPSAD_AS_TIME,
		[DSAD_TYPE_INTERVAL] = DEEPSAD_AS_NUMBER, [DSAD_TYPE_ADDRESS] = DEEPSAD_AS_CATEGORY,
		[DSAD_TYPE_ARRAY] = DEEPSAD_AS_NUMBER
	};
	static const uint8 possible[] = {
		[DSAD_TYPE_NUMBER] = DEEPSAD_AS_NUMBER | DEEPSAD_AS_CATEGORY,
		[DSAD_TYPE_BOOLEAN] = DEEPSAD_AS_BOOLEAN | DEEPSAD_AS_CATEGORY, [DSAD_TYPE_TEXT] = DEEPSAD_AS_CATEGORY,
		[DSAD_TYPE_TIMESTAMP] = DEEPSAD_AS_TIME | DEEPSAD_AS_NUMBER,
		[DSAD_TYPE_TIMESTAMPTZ] = DEEPSAD_AS_TIME | DEEPSAD_AS_NUMBER, [DSAD_TYPE_DATE] = DEEPSAD_AS_TIME | DEEPSAD_AS_NUMBER,
		[DSAD_TYPE_TIME] = DEEPSAD_AS_TIME | DEEPSAD_AS_NUMBER, [DSAD_TYPE_INTERVAL] = DEEPSAD_AS_NUMBER,
		[DSAD_TYPE_ADDRESS] = DEEPSAD_AS_CATEGORY, [DSAD_TYPE_ARRAY] = DEEPSAD_AS_NUMBER
	};
	bool		is_time = column->type >= DSAD_TYPE_TIMESTAMP && column->type <= DSAD_TYPE_TIME;
	uint8		wanted = as ? as : by_type[column->type];

	StaticAssertStmt(lengthof(by_type) == DSAD_TYPES && lengthof(possible) == DSAD_TYPES, "every type is listed");
	if (wanted & ~possible[column->type])
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("option \"columns\": column \"%s\" of type %s cannot be encoded so", name, format_type_be(type)),
				 errhint("Cast the column in the query, or leave \"as\" out.")));
	column->encoding = (uint8) (is_time ? DSAD_ENCODING_TIME : wanted == DEEPSAD_AS_NUMBER ? DSAD_ENCODING_NUMBER :
								wanted == DEEPSAD_AS_BOOLEAN ? DSAD_ENCODING_BOOLEAN : DSAD_ENCODING_CATEGORY);
	if (!is_time)
		return;
	if (wanted & DEEPSAD_AS_TIME)
		column->time |= (column->type != DSAD_TYPE_DATE ? DSAD_TIME_CLOCK : 0) |
			(column->type != DSAD_TYPE_TIME ? DSAD_TIME_CALENDAR : 0);
	if (wanted & DEEPSAD_AS_NUMBER)
		column->time |= DSAD_TIME_ITSELF;
}

/* The length of a column's arrays, from its first one; without any, one missing number. */
static uint32
first_length(DeepsadValueReader *reader, const char *name, bool null, Datum datum)
{
	DsadRows	row;
	uint32		count = 1;
	int			dimensions = null ? 1 : deepsad_value_array(reader, datum, &row, &count);

	if (dimensions != 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 dimensions == 0 ?
				 errmsg("array in column \"%s\" is empty", name) :
				 errmsg("array in column \"%s\" has %d dimensions, must have 1", name, dimensions)));
	return count;
}

/* Raises the error of a column whose values cannot be read. */
static void
unsupported(const char *name, Oid type, const DeepsadRefusal *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of the features row is of type %s, which is not supported", name, format_type_be(type)),
			 why->detail[0] ? errdetail("%s", why->detail) : 0,
			 why->cast[0] ?
			 errhint("Cast it in the query, %s::%s, or leave it out: %s.", quote_identifier(name), why->cast,
					 deepsad_column_example(name, "skip")) :
			 errhint("Leave it out: %s, or cast it in the query.", deepsad_column_example(name, "skip"))));
}

/* Takes note of a column that the options skip. */
static void
skip(DeepsadColumnCollector *collector, const DsadColumn *column)
{
	collector->skipped[collector->skips++] = (DsadLeftOut) {column->name, column->type_name, DSAD_LEFT_OUT_SKIPPED, {"", 0}};
}

/* Describes one column of the rows, whose first value is known. */
static void
describe(DeepsadColumnCollector *collector, Form_pg_attribute attribute, JsonbContainer *options, bool asked, bool null,
		 Datum datum)
{
	DsadEncoder *draft = &collector->draft;
	DsadColumn *column = &draft->column[draft->columns];
	DraftColumn *learned = &collector->column[draft->columns];
	char	   *name = pstrdup(NameStr(attribute->attname));
	Oid			base = getBaseType(attribute->atttypid);
	char	   *type = deepsad_type_name(attribute->atttypid);
	DeepsadValueReader reader;
	DeepsadRefusal why;

	*column = (DsadColumn) {.name = copy_bytes(deepsad_utf8(name, strlen(name))),
	.type_name = copy_bytes(deepsad_utf8(type, strlen(type))),.cells = 1};
	learned->options = deepsad_column_options(options, name);
	learned->asked = asked || learned->options.as != 0;
	learned->integer = base == INT2OID || base == INT4OID || base == INT8OID;
	learned->counted = learned->integer || base == NUMERICOID;
	if (learned->options.as == DEEPSAD_AS_SKIP)
	{
		skip(collector, column);
		return;
	}
	if (!deepsad_value_resolve(&reader, attribute->atttypid, CurrentMemoryContext, &why))
		unsupported(name, attribute->atttypid, &why);
	column->type = (uint8) reader.type;
	choose_encoding(column, name, attribute->atttypid, learned->options.as);
	/* who names a time and not how to encode it wants it as a time */
	if (column->encoding == DSAD_ENCODING_TIME && !asked && learned->options.as == 0)
		column->time = 0;
	column->prefix = column->type == DSAD_TYPE_ADDRESS ? learned->options.prefix : 0;
	if (column->type == DSAD_TYPE_ARRAY)
		column->cells = first_length(&reader, name, null, datum);
	for (uint32 c = 0; c < draft->columns; c++)
		if (draft->column[c].name.length == column->name.length &&
			memcmp(draft->column[c].name.bytes, column->name.bytes, column->name.length) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("features row has two columns \"%s\"", name),
					 errhint("Rename one of them in a subquery.")));
	draft->columns++;
}

/*
 * Whether all arrays among a row's columns are there, so that their lengths are known;
 * only then is there a point in starting to collect, unless no such row comes.
 */
bool
deepsad_columns_complete(TupleDesc desc, Jsonb *options, const bool *null)
{
	JsonbContainer *columns = deepsad_columns_option(options);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		DeepsadValueReader reader;
		DeepsadRefusal why;

		if (null[i] && !attribute->attisdropped &&
			deepsad_column_options(columns, NameStr(attribute->attname)).as != DEEPSAD_AS_SKIP &&
			deepsad_value_resolve(&reader, attribute->atttypid, CurrentMemoryContext, &why) && reader.type == DSAD_TYPE_ARRAY)
			return false;
	}
	return true;
}

/* Statistics and dictionaries of all columns of the draft, still empty. */
static void
start_statistics(DeepsadColumnCollector *collector)
{
	uint32		counted = 0;
	Size		categories = 0;

	for (uint32 c = 0; c < collector->draft.columns; c++)
	{
		counted += collector->column[c].counted;
		categories += collector->draft.column[c].encoding == DSAD_ENCODING_CATEGORY;
	}
	for (uint32 c = 0; c < collector->draft.columns; c++)
	{
		dsad_column_statistics_init(&collector->column[c].statistics, collector->column[c].counted, counted);
		if (collector->draft.column[c].encoding == DSAD_ENCODING_CATEGORY)
			collector->column[c].dictionary = deepsad_dictionary_create(collector->context, MAX_DICTIONARY_BYTES / categories);
	}
}

static uint32 find_category(void *ctx, uint32 column, DsadBytes category);

/*
 * For rows of this type; values and nulls are those of one that is complete, if there is
 * one.  asked (NULL: none): the columns that the user has named.
 */
DeepsadColumnCollector *
deepsad_columns_of_row(MemoryContext parent, const DeepsadRowType *row, Jsonb *options, const Datum *values,
					   const bool *nulls, const bool *asked)
{
	DeepsadColumnCollector *collector = create(parent);
	JsonbContainer *columns = deepsad_columns_option(options);
	int			natts = row->desc->natts;
	char	  **names = palloc(Max(natts, 1) * sizeof(char *));
	int			count = 0;
	MemoryContext old = MemoryContextSwitchTo(collector->context);
	DsadError	error;

	collector->draft.column = palloc0(Max(natts, 1) * sizeof(DsadColumn));
	collector->column = palloc0(Max(natts, 1) * sizeof(DraftColumn));
	collector->skipped = palloc0(Max(natts, 1) * sizeof(DsadLeftOut));
	for (int i = 0; i < natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(row->desc, i);

		if (attribute->attisdropped)
			continue;
		names[count++] = pstrdup(NameStr(attribute->attname));
		describe(collector, attribute, columns, asked && asked[i], nulls[i], values[i]);
	}
	collector->draft.left = collector->skipped;
	collector->draft.left_out = collector->skips;
	deepsad_columns_check(columns, names, count);
	if (collector->draft.columns == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg(count == 0 ? "features row has no columns" : "no column is left to train on")));
	if (collector->draft.columns > DSAD_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row has %u columns, the limit is %d", collector->draft.columns, DSAD_MAX_COLUMNS)));
	start_statistics(collector);
	deepsad_check(dsad_encoder_layout(&collector->draft, &collector->arena, &error), &error);
	collector->reading.encoder = &collector->draft;
	collector->reading.find = find_category;
	MemoryContextSwitchTo(old);
	return collector;
}

/* For rows that are arrays of so many numbers. */
DeepsadColumnCollector *
deepsad_columns_of_array(MemoryContext parent, uint32 elements)
{
	DeepsadColumnCollector *collector = create(parent);
	DsadError	error;

	deepsad_check(dsad_encoder_of_array(&collector->draft, &collector->arena, elements, &error), &error);
	collector->column = MemoryContextAllocZero(collector->context, sizeof(DraftColumn));
	start_statistics(collector);
	collector->reading.encoder = &collector->draft;
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
											VARSIZE_ANY_EXHDR(model), &error), &error);
	collector->draft = collector->encoder = *encoder;
	collector->reading.encoder = &collector->encoder;
	return collector;
}

/* What rows are read by. */
const DeepsadColumns *
deepsad_columns_reading(const DeepsadColumnCollector *collector)
{
	return &collector->reading;
}

/* DeepsadFindCategory: the number of a value in its column's dictionary, which grows; counts it. */
static uint32
find_category(void *ctx, uint32 c, DsadBytes category)
{
	DeepsadColumnCollector *collector = ctx;
	DraftColumn *column = &collector->column[c];
	uint32		number = deepsad_dictionary_add(column->dictionary, category);

	if (deepsad_dictionary_full(column->dictionary) && column->asked)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column %s has too many different values, at least %u", deepsad_column_label(&collector->draft, c),
						deepsad_dictionary_distinct(column->dictionary)),
				 errhint("Leave it out, or group its values in the query.")));
	return number;
}

/* Takes note of a row's cells. */
void
deepsad_columns_add(DeepsadColumnCollector *collector, const double *cells, int8 label)
{
	const DsadEncoder *draft = &collector->draft;
	DsadError	error;

	collector->rows[label + 1]++;
	for (uint32 c = 0; c < draft->columns && collector->column; c++)
	{
		DraftColumn *column = &collector->column[c];

		deepsad_check(dsad_column_statistics_add(&column->statistics, &draft->column[c],
												 cells + draft->column[c].first_cell, label, &collector->env, &error), &error);
	}
}

/* The same of a row that is an array. */
void
deepsad_columns_add_array(DeepsadColumnCollector *collector, const DsadRows *row, int8 label)
{
	uint32		count = collector->draft.cells;
	double	   *cells;

	if (collector->column == NULL)
	{
		collector->rows[label + 1]++;
		return;
	}
	cells = palloc(count * sizeof(double));
	for (uint32 i = 0; i < count; i++)
		cells[i] = dsad_row_number(row, i);
	deepsad_columns_add(collector, cells, label);
	pfree(cells);
}

/* What the rules decide on. */
static DsadCandidate *
make_candidates(const DeepsadColumnCollector *collector)
{
	const DsadEncoder *draft = &collector->draft;
	DsadCandidate *candidate = palloc0(draft->columns * sizeof(DsadCandidate));

	for (uint32 c = 0; c < draft->columns; c++)
	{
		const DraftColumn *column = &collector->column[c];

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
	DraftColumn *learned = &collector->column[c];

	*column = collector->draft.column[c];
	/* elements of an array have no such feature */
	column->indicator = column->name.length > 0 && learned->statistics.missing[0] + learned->statistics.missing[1] + learned->statistics.missing[2] > 0 &&
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
	const DsadEncoder *draft = &collector->draft;
	DsadBytes	none = {"", 0};
	DsadError	error;

	encoder->column = palloc0(draft->columns * sizeof(DsadColumn));
	encoder->left = palloc0((collector->skips + draft->columns) * sizeof(DsadLeftOut));
	collector->draft_column = palloc(draft->columns * sizeof(uint16));
	if (collector->skips > 0)
		memcpy(encoder->left, collector->skipped, collector->skips * sizeof(DsadLeftOut));
	encoder->left_out = collector->skips;
	for (uint32 c = 0; c < draft->columns; c++)
	{
		if (!candidate[c].left_out)
		{
			keep(collector, c, &candidate[c]);
			continue;
		}
		encoder->left[encoder->left_out++] = (DsadLeftOut) {
			draft->column[c].name, draft->column[c].type_name, candidate[c].reason,
				candidate[c].reason == DSAD_LEFT_OUT_MOVES ? draft->column[candidate[c].other].name : none
		};
	}
	renumber(collector);
	deepsad_check(dsad_encoder_finish(encoder, &collector->arena, &error), &error);
}

/* Lets the rules decide what moves with what, on a sample of the rows. */
static void
judge_moves(DeepsadColumnCollector *collector, const DsadRowSource *rows, DsadCandidate *candidate)
{
	const DeepsadDictionary **dictionary = palloc(collector->draft.columns * sizeof(DeepsadDictionary *));
	double	   *cells;
	double	   *digits;
	uint32		count;
	DsadError	error;

	for (uint32 c = 0; c < collector->draft.columns; c++)
		dictionary[c] = collector->column[c].dictionary;
	cells = deepsad_column_sample(&collector->draft, dictionary, rows, &count, &digits);
	deepsad_check(dsad_column_moves(&collector->draft, candidate, cells, digits, count, &collector->env, &error), &error);
	pfree(dictionary);
	pfree(digits);
	pfree(cells);
}

/* Whether some column becomes a feature. */
static bool
is_anything_left(const DeepsadColumnCollector *collector, const DsadCandidate *candidate)
{
	for (uint32 c = 0; c < collector->draft.columns; c++)
		if (!candidate[c].left_out && (collector->draft.column[c].encoding != DSAD_ENCODING_TIME || candidate[c].time != 0))
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
	const DsadEncoder *draft = &collector->draft;
	DsadCandidate *candidate;
	bool		left = true;
	DsadError	error;

	if (collector->column)
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
	collector->stored = palloc(draft->cells * sizeof(double));
	collector->cells = palloc(Max(collector->encoder.cells, 1) * sizeof(double));
	MemoryContextSwitchTo(old);
	return left;
}

/* DsadRowSource.read */
static int
read_row(void *ctx, uint64_t row, double *features, int8_t *label)
{
	DeepsadColumnCollector *collector = ctx;
	const DsadEncoder *encoder = &collector->encoder;
	int			failure = collector->source.read(collector->source.ctx, row, collector->stored, label);

	if (failure != 0)
		return failure;
	if (collector->column == NULL)
	{
		dsad_encode(encoder, collector->stored, features);
		return 0;
	}
	for (uint32 c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];
		const DraftColumn *learned = &collector->column[collector->draft_column[c]];
		double	   *cell = collector->cells + column->first_cell;

		memcpy(cell, collector->stored + collector->draft.column[collector->draft_column[c]].first_cell,
			   column->cells * sizeof(double));
		if (learned->category && !isnan(*cell))
			*cell = learned->category[(uint32) *cell];
	}
	dsad_encode(encoder, collector->cells, features);
	return 0;
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
	bool		direct = collector->encoder.identity && collector->encoder.cells == collector->draft.cells;

	collector->source = *rows;
	*result = *rows;
	result->features = collector->encoder.features;
	result->encoder = &collector->encoder;
	/* cells that are the features need no more than to be read */
	if (direct)
		return;
	result->ctx = collector;
	result->read = read_row;
}
