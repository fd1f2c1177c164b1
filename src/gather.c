/*
 * gather.c
 *	  The columns of training rows: what they hold is gathered while the rows come,
 *	  and becomes the model's encoder when all are there.
 *
 * A row is kept as cells, one number each; a category's number is its place in a
 * dictionary that grows.  When all rows are there the most frequent values become
 * the categories, and rows are encoded as they are read.
 */
#include "pg_compat.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "column_options.h"
#include "column_text.h"
#include "env.h"
#include "gather.h"

#define MAX_DISTINCT 100000		/* values of a category that are counted */
#define MAX_CATEGORY_BYTES 1000	/* longer text is no category */
#define MIN_IDENTIFIER_ROWS 1000	/* below, that all values differ says nothing */
#define MIN_LABEL_ROWS 10		/* labelled rows from which on a column that equals all labels is one */
#define MIN_DICTIONARY_BYTES (64 * 1024 * 1024)	/* of all dictionaries, even if maintenance_work_mem is less */
#define MIN_CATEGORY_ROWS 2		/* a value seen once is like one never seen */

/* One value of a category, as the hash table has it. */
typedef struct DictionaryEntry
{
	DsadBytes	key;
	uint32		hash;
	uint32		number;
	char		status;
} DictionaryEntry;

#define SH_PREFIX dictionary
#define SH_ELEMENT_TYPE DictionaryEntry
#define SH_KEY_TYPE DsadBytes
#define SH_KEY key
#define SH_HASH_KEY(table, key) hash_bytes((const unsigned char *) (key).bytes, (int) (key).length)
#define SH_EQUAL(table, a, b) ((a).length == (b).length && memcmp((a).bytes, (b).bytes, (a).length) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* One value and how often it came. */
typedef struct Counted
{
	DsadBytes	value;
	uint64		rows;
	uint32		number;			/* in order of arrival */
} Counted;

/* What is gathered of one column. */
typedef struct ColumnFacts
{
	DeepsadColumnOptions options;
	bool		missing;		/* in some row */
	bool		present;		/* in some row */
	bool		copies_label;	/* so far */
	bool		known_unlabelled;	/* has a value in some unlabelled row */
	dictionary_hash *dictionary;	/* categories only */
	Counted    *counted;		/* counted_capacity; in order of arrival */
	uint32		distinct;
	uint32		counted_capacity;
	uint32	   *category;		/* distinct, when finished: the category of each value */
	uint32		store_cell;		/* when finished, by the encoder's columns: where its cells are in a row that is kept */
	uint32	   *store_category;
} ColumnFacts;

struct DeepsadGather
{
	MemoryContext context;
	DsadEnv		env;
	DsadArena	arena;			/* of encoders */
	DsadEncoder draft;			/* all columns, without categories */
	DsadEncoder encoder;		/* those that are left */
	DeepsadColumns columns;
	ColumnFacts *facts;			/* draft.columns; NULL = for a model's encoder, which is finished */
	bool		integer_labels;
	uint64		labelled;		/* rows */
	Size		dictionary_bytes;	/* of all columns, about */
	double	   *stored;			/* draft.cells: one row that was kept */
	double	   *cells;			/* encoder.cells */
	DsadRowSource rows;			/* the rows that were kept */
};

/*
 * Whether rows of this type are to be gathered: any that has names, or other columns
 * than numbers.  ROW(1, 2) is as good as an array.
 */
bool
deepsad_gather_wanted(TupleDesc desc, Jsonb *options)
{
	if (deepsad_row_has_names(desc) || deepsad_columns_option(options) != NULL)
		return true;
	for (int i = 0; i < desc->natts; i++)
	{
		DeepsadValue value;

		/* a NULL or number without a type is a number */
		if (!deepsad_value_resolve(&value, TupleDescAttr(desc, i)->atttypid, CurrentMemoryContext) ||
			(value.value != DSAD_VALUE_NUMBER && value.type != UNKNOWNOID))
			return true;
	}
	return false;
}

/* How a column is encoded, by its values and by what the options say. */
static DsadKind
choose_kind(const char *name, Oid type, DsadValue value, DeepsadAs as)
{
	static const DsadKind by_value[] = {DSAD_KIND_NUMBER, DSAD_KIND_BOOLEAN, DSAD_KIND_CATEGORY, DSAD_KIND_TIME,
		DSAD_KIND_TIME, DSAD_KIND_TIME, DSAD_KIND_TIME, DSAD_KIND_NUMBER, DSAD_KIND_CATEGORY, DSAD_KIND_NUMBER};
	bool		possible;

	switch (as)
	{
		case DEEPSAD_AS_NUMBER:
			possible = value == DSAD_VALUE_NUMBER || value == DSAD_VALUE_ARRAY ||
				(value >= DSAD_VALUE_TIMESTAMP && value <= DSAD_VALUE_INTERVAL);
			break;
		case DEEPSAD_AS_BOOLEAN:
			possible = value == DSAD_VALUE_BOOLEAN;
			break;
		case DEEPSAD_AS_CATEGORY:
			possible = value == DSAD_VALUE_NUMBER || value == DSAD_VALUE_BOOLEAN || value == DSAD_VALUE_TEXT ||
				value == DSAD_VALUE_ADDRESS;
			break;
		case DEEPSAD_AS_TIME:
			possible = value >= DSAD_VALUE_TIMESTAMP && value <= DSAD_VALUE_TIME;
			break;
		default:
			return by_value[value];
	}
	if (!possible)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("option \"columns\": column \"%s\" of type %s cannot be what it asks for", name, format_type_be(type)),
				 errhint("Cast the column in the query, or leave \"as\" out.")));
	return as == DEEPSAD_AS_NUMBER ? DSAD_KIND_NUMBER : as == DEEPSAD_AS_BOOLEAN ? DSAD_KIND_BOOLEAN :
		as == DEEPSAD_AS_CATEGORY ? DSAD_KIND_CATEGORY : DSAD_KIND_TIME;
}

/* A copy in the gather's context. */
static DsadBytes
copy_bytes(MemoryContext context, DsadBytes source)
{
	char	   *copy = MemoryContextAlloc(context, Max(source.length, 1));

	memcpy(copy, source.bytes, source.length);
	return (DsadBytes) {copy, source.length};
}

static uint32 find_category(void *ctx, uint32 column, DsadBytes category);
static void check_identifier(const DeepsadGather *gather, uint32 c);

static DeepsadGather *
create(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "deepsad columns", ALLOCSET_SMALL_SIZES);
	DeepsadGather *gather = MemoryContextAllocZero(context, sizeof(DeepsadGather));

	gather->context = context;
	deepsad_env_init(&gather->env, context);
	dsad_arena_init(&gather->arena, &gather->env);
	return gather;
}

/* Describes one column of the rows, whose first value is known. */
static void
describe(DeepsadGather *gather, Form_pg_attribute attribute, const char *name, JsonbContainer *options, bool null, Datum datum)
{
	DsadColumn *column = &gather->draft.column[gather->draft.columns];
	ColumnFacts *facts = &gather->facts[gather->draft.columns];
	DeepsadValue value;
	char	   *type;

	facts->options = deepsad_column_options(options, name);
	if (facts->options.as == DEEPSAD_AS_SKIP && !gather->draft.named)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns\": column %s of a row without names cannot be skipped", name),
				 errhint("Leave it out of the row.")));
	if (facts->options.as == DEEPSAD_AS_SKIP)
		return;
	if (!deepsad_value_resolve(&value, attribute->atttypid, gather->context))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of the features row is of type %s, which is not supported", name,
						format_type_be(attribute->atttypid)),
				 gather->draft.named ?
				 errhint("Leave it out: '{\"columns\": {\"%s\": \"skip\"}}', or cast it in the query.", name) :
				 errhint("Leave it out of the row, or cast it in the query.")));
	column->value = (uint8) value.value;
	column->kind = (uint8) choose_kind(name, attribute->atttypid, value.value, facts->options.as);
	column->prefix = value.value == DSAD_VALUE_ADDRESS ? facts->options.prefix : 0;
	column->cells = 1;
	if (value.value == DSAD_VALUE_ARRAY)
	{
		double	   *elements;

		/* nowhere an array: one missing number */
		column->cells = null ? 1 : deepsad_value_elements(&value, datum, &elements);
		if (column->cells == 0)
			ereport(ERROR,
					(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
					 errmsg("array in column \"%s\" is empty", name)));
	}
	if (gather->draft.named)
		column->name = copy_bytes(gather->context, deepsad_utf8(name, strlen(name)));
	type = deepsad_value_type_name(attribute->atttypid);
	column->type = copy_bytes(gather->context, deepsad_utf8(type, strlen(type)));
	if (column->kind == DSAD_KIND_CATEGORY)
		facts->dictionary = dictionary_create(gather->context, 64, NULL);
	facts->copies_label = column->kind == DSAD_KIND_BOOLEAN ||
		(column->kind == DSAD_KIND_NUMBER && column->value == DSAD_VALUE_NUMBER && gather->integer_labels);
	if (facts->options.as != DEEPSAD_AS_DEFAULT)
		facts->copies_label = false;	/* who says how to encode it wants it */
	for (uint32 c = 0; c < gather->draft.columns && gather->draft.named; c++)
		if (gather->draft.column[c].name.length == column->name.length &&
			memcmp(gather->draft.column[c].name.bytes, column->name.bytes, column->name.length) == 0)
			deepsad_duplicate_column(name);
	gather->draft.columns++;
}

/*
 * Whether all arrays among a row's columns are there, so that their lengths are known;
 * only then is there a point in starting to gather, unless no such row comes.
 */
bool
deepsad_gather_complete(TupleDesc desc, Jsonb *options, const bool *null)
{
	JsonbContainer *columns = deepsad_columns_option(options);

	for (int i = 0; i < desc->natts; i++)
	{
		DeepsadValue value;

		if (null[i] && !TupleDescAttr(desc, i)->attisdropped &&
			deepsad_column_options(columns, NameStr(TupleDescAttr(desc, i)->attname)).as != DEEPSAD_AS_SKIP &&
			deepsad_value_resolve(&value, TupleDescAttr(desc, i)->atttypid, CurrentMemoryContext) &&
			value.value == DSAD_VALUE_ARRAY)
			return false;
	}
	return true;
}

/* For rows of this type; datum and null are those of one that is complete, if there is one. */
DeepsadGather *
deepsad_gather_create(MemoryContext parent, TupleDesc desc, Jsonb *options, const bool *null, const Datum *datum,
					  bool integer_labels)
{
	DeepsadGather *gather = create(parent);
	JsonbContainer *columns = deepsad_columns_option(options);
	char	  **names = palloc(Max(desc->natts, 1) * sizeof(char *));
	int			count = 0;
	MemoryContext old = MemoryContextSwitchTo(gather->context);
	DsadError	error;

	gather->integer_labels = integer_labels;
	gather->draft.named = deepsad_row_has_names(desc);
	gather->draft.column = palloc0(Max(desc->natts, 1) * sizeof(DsadColumn));
	gather->facts = palloc0(Max(desc->natts, 1) * sizeof(ColumnFacts));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped)
			continue;
		names[count] = gather->draft.named ? pstrdup(NameStr(attribute->attname)) : psprintf("%d", count + 1);
		describe(gather, attribute, names[count], columns, null[i], datum[i]);
		count++;
	}
	deepsad_columns_check(columns, names, count);
	if (gather->draft.columns == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("features row has no columns")));
	if (gather->draft.columns > DSAD_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row has %u columns, the limit is %d", gather->draft.columns, DSAD_MAX_COLUMNS)));
	deepsad_check(dsad_encoder_finish(&gather->draft, &gather->arena, &error), &error);
	gather->columns.encoder = &gather->draft;
	gather->columns.find = find_category;
	gather->columns.ctx = gather;
	MemoryContextSwitchTo(old);
	return gather;
}

/* For rows that go on training a model with this encoder, which must stay. */
DeepsadGather *
deepsad_gather_create_for_model(MemoryContext parent, const DsadEncoder *encoder)
{
	DeepsadGather *gather = create(parent);

	gather->draft = gather->encoder = *encoder;
	gather->columns.encoder = &gather->encoder;
	return gather;
}

/* What rows are read by. */
const DeepsadColumns *
deepsad_gather_columns(const DeepsadGather *gather)
{
	return &gather->columns;
}

/* Numbers of a row that is kept. */
uint32
deepsad_gather_cells(const DeepsadGather *gather)
{
	return gather->draft.cells;
}

/* DeepsadFindCategory: the number of a value in its column's dictionary, which grows; counts it. */
static uint32
find_category(void *ctx, uint32 c, DsadBytes category)
{
	DeepsadGather *gather = ctx;
	ColumnFacts *facts = &gather->facts[c];
	bool		found;
	DictionaryEntry *entry;

	if (category.length > MAX_CATEGORY_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column %s has a value of %u bytes, the limit for categories is %d", deepsad_column_label(&gather->draft, c),
						category.length, MAX_CATEGORY_BYTES),
				 errhint("Leave the column out, or shorten its values in the query.")));
	entry = dictionary_insert(facts->dictionary, category, &found);
	if (!found)
	{
		if (facts->distinct == MAX_DISTINCT)
		{
			check_identifier(gather, c);
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("column %s has more than %d different values", deepsad_column_label(&gather->draft, c), MAX_DISTINCT),
					 errhint("Leave it out, or group its values in the query.")));
		}
		if (facts->distinct == facts->counted_capacity)
		{
			facts->counted_capacity = Max(16, 2 * facts->counted_capacity);
			facts->counted = facts->counted ? repalloc(facts->counted, facts->counted_capacity * sizeof(Counted)) :
				MemoryContextAlloc(gather->context, facts->counted_capacity * sizeof(Counted));
		}
		gather->dictionary_bytes += category.length + 3 * sizeof(DictionaryEntry) + 2 * sizeof(Counted);
		if (gather->dictionary_bytes > Max(MIN_DICTIONARY_BYTES, (Size) maintenance_work_mem * 1024))
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the different values of the categories take more than %zu MB",
							Max(MIN_DICTIONARY_BYTES, (Size) maintenance_work_mem * 1024) / (1024 * 1024)),
					 errhint("Raise maintenance_work_mem, or leave columns like %s out.", deepsad_column_label(&gather->draft, c))));
		entry->key = copy_bytes(gather->context, category);
		entry->number = facts->distinct;
		facts->counted[facts->distinct] = (Counted) {entry->key, 0, facts->distinct};
		facts->distinct++;
	}
	facts->counted[entry->number].rows++;
	return entry->number;
}

/* Takes note of a row's cells. */
void
deepsad_gather_row(DeepsadGather *gather, const double *cells, int8 label)
{
	if (gather->facts == NULL)
		return;
	gather->labelled += label != DSAD_UNLABELLED;
	for (uint32 c = 0; c < gather->draft.columns; c++)
	{
		const DsadColumn *column = &gather->draft.column[c];
		const double *cell = cells + column->first_cell;
		ColumnFacts *facts = &gather->facts[c];

		for (uint32 i = 0; i < column->cells; i++)
		{
			facts->missing |= isnan(cell[i]);
			facts->present |= !isnan(cell[i]);
		}
		if (!facts->copies_label)
			continue;
		facts->known_unlabelled |= label == DSAD_UNLABELLED && !isnan(*cell);
		if (column->kind == DSAD_KIND_BOOLEAN)
			facts->copies_label = label == DSAD_UNLABELLED || *cell == (label == DSAD_ANOMALY);
		else
			facts->copies_label = isnan(*cell) ? label == DSAD_UNLABELLED : *cell == label;
	}
}

/* More frequent first, then by bytes. */
static int
compare_counted(const void *a, const void *b)
{
	const Counted *x = a;
	const Counted *y = b;
	int			order;

	if (x->rows != y->rows)
		return x->rows > y->rows ? -1 : 1;
	order = memcmp(x->value.bytes, y->value.bytes, Min(x->value.length, y->value.length));
	return order != 0 ? order : x->value.length < y->value.length ? -1 : 1;
}

/* Refuses a column whose values hardly repeat, unless it was asked for. */
static void
check_identifier(const DeepsadGather *gather, uint32 c)
{
	const ColumnFacts *facts = &gather->facts[c];
	char	   *label = deepsad_column_label(&gather->draft, c);
	uint64		rows = 0;

	if (facts->options.as == DEEPSAD_AS_CATEGORY || gather->draft.column[c].value == DSAD_VALUE_ADDRESS)
		return;
	for (uint32 i = 0; i < facts->distinct; i++)
		rows += facts->counted[i].rows;
	if (rows >= MIN_IDENTIFIER_ROWS && facts->distinct > rows / 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("column %s looks like an identifier: %u different values in %llu rows", label, facts->distinct,
						(unsigned long long) rows),
				 gather->draft.named ?
				 errhint("Leave it out: '{\"columns\": {%s: \"skip\"}}'; or insist: {\"as\": \"category\"}.", label) :
				 errhint("Leave it out of the row; or insist: '{\"columns\": {\"%s\": {\"as\": \"category\"}}}'.", label)));
}

/* The most frequent values become the column's categories. */
static void
choose_categories(DeepsadGather *gather, uint32 c, DsadColumn *column)
{
	ColumnFacts *facts = &gather->facts[c];
	uint32		kept = 0;

	check_identifier(gather, c);
	if (facts->distinct > 1)
		qsort(facts->counted, facts->distinct, sizeof(Counted), compare_counted);
	while (kept < facts->distinct && kept < facts->options.top && facts->counted[kept].rows >= MIN_CATEGORY_ROWS)
		kept++;
	column->categories = kept;
	column->category = palloc(Max(kept, 1) * sizeof(DsadBytes));
	facts->category = palloc(Max(facts->distinct, 1) * sizeof(uint32));
	for (uint32 i = 0; i < facts->distinct; i++)
	{
		if (i < kept)
			column->category[i] = facts->counted[i].value;
		facts->category[facts->counted[i].number] = Min(i, kept);
	}
}

/* Whether the column is the label, or tells it; then says so. */
static bool
is_label(const DeepsadGather *gather, uint32 c)
{
	if (!gather->facts[c].copies_label)
		return false;
	/* where nothing is labelled, that is the label as well as any column without a value */
	if (gather->labelled == 0)
		return !gather->facts[c].present;
	/* few labels prove nothing, unless it is known where they are and nowhere else */
	if (gather->facts[c].known_unlabelled && gather->labelled < MIN_LABEL_ROWS)
		return false;
	/* rows without names are matched by position: none may fall out */
	if (!gather->draft.named)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column %s equals the label in every labelled row", deepsad_column_label(&gather->draft, c)),
				 errhint("Leave it out of the row.")));
	ereport(NOTICE,
			(errmsg("column %s equals the label in every labelled row, it is left out", deepsad_column_label(&gather->draft, c)),
			 errhint("To keep it, name how to encode it: '{\"columns\": {%s: \"%s\"}}'.", deepsad_column_label(&gather->draft, c),
					 gather->draft.column[c].kind == DSAD_KIND_BOOLEAN ? "boolean" : "number")));
	return true;
}

/* All rows have come: makes the encoder.  Errors: an identifier, or no column is left. */
void
deepsad_gather_finish(DeepsadGather *gather)
{
	MemoryContext old = MemoryContextSwitchTo(gather->context);
	DsadEncoder *encoder = &gather->encoder;
	DsadError	error;

	if (gather->facts)
	{
		encoder->named = gather->draft.named;
		encoder->column = palloc0(gather->draft.columns * sizeof(DsadColumn));
		for (uint32 c = 0; c < gather->draft.columns; c++)
		{
			DsadColumn *column = &encoder->column[encoder->columns];
			ColumnFacts *facts = &gather->facts[c];

			if (is_label(gather, c))
				continue;
			*column = gather->draft.column[c];
			column->indicator = facts->missing;
			if (column->kind == DSAD_KIND_CATEGORY)
				choose_categories(gather, c, column);
			gather->facts[encoder->columns].store_cell = gather->draft.column[c].first_cell;
			gather->facts[encoder->columns].store_category = facts->category;
			encoder->columns++;
		}
		if (encoder->columns == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("no column is left to train on")));
		deepsad_check(dsad_encoder_finish(encoder, &gather->arena, &error), &error);
	}
	gather->stored = palloc(gather->draft.cells * sizeof(double));
	gather->cells = palloc(encoder->cells * sizeof(double));
	MemoryContextSwitchTo(old);
}

/* Features that a row becomes, when finished. */
uint32
deepsad_gather_units(const DeepsadGather *gather)
{
	return gather->encoder.units;
}

/* DsadRowSource.read */
static int
read_row(void *ctx, uint64_t row, double *features, int8_t *label)
{
	DeepsadGather *gather = ctx;
	const DsadEncoder *encoder = &gather->encoder;
	int			failure = gather->rows.read(gather->rows.ctx, row, gather->stored, label);

	if (failure != 0)
		return failure;
	if (gather->facts == NULL)
	{
		dsad_encode(encoder, gather->stored, features);
		return 0;
	}
	for (uint32 c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];
		const ColumnFacts *facts = &gather->facts[c];
		double	   *cell = gather->cells + column->first_cell;

		memcpy(cell, gather->stored + facts->store_cell, column->cells * sizeof(double));
		if (column->kind == DSAD_KIND_CATEGORY && !isnan(*cell))
			*cell = facts->store_category[(uint32) *cell];
	}
	dsad_encode(encoder, gather->cells, features);
	return 0;
}

/* The rows that were kept, as features. */
void
deepsad_gather_source(DeepsadGather *gather, const DsadRowSource *rows, DsadRowSource *result)
{
	gather->rows = *rows;
	*result = *rows;
	result->ctx = gather;
	result->features = gather->encoder.units;
	result->encoder = &gather->encoder;
	result->read = read_row;
}
