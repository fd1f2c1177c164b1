/*
 * binding.c
 *	  Which column of a row is which of a model's, found once for each row type, and
 *	  the cells of a row.
 */
#include "pg_compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "binding.h"
#include "column_text.h"

/* How a column's cells are read, by what is frequent. */
typedef enum Reader
{
	READ_INT2, READ_INT4, READ_INT8, READ_FLOAT4, READ_FLOAT8,
	READ_VALUE,					/* other single numbers */
	READ_TEXT,					/* a category that is text in UTF-8 */
	READ_CATEGORY,
	READ_ARRAY
} Reader;

/* Where one of the model's columns is found. */
typedef struct Source
{
	uint16		index;			/* in datum and null */
	uint16		reader;			/* Reader */
	uint32		cell;
} Source;

struct DeepsadBinding
{
	MemoryContext context;		/* where this lives */
	MemoryContext bound;		/* of what is made for one row type and encoder */
	bool		valid;
	DsadBytes	signature;		/* of the encoder */
	Oid			row_type;		/* InvalidOid = loose arguments */
	int32		row_typmod;
	uint64		row_identifier; /* changes when ALTER TYPE changes the columns */
	TupleDesc	desc;			/* of the row */
	Source	   *source;			/* encoder->columns, as values */
	DeepsadValue *value;
	Datum	   *datum;
	bool	   *null;
	double	   *cells;			/* encoder->cells; the last row's */
	bool		from_numbers;	/* the last row came as an array */
	uint32		unit_capacity;
	double	   *units;
};

/* An empty binding in context. */
DeepsadBinding *
deepsad_binding_create(MemoryContext context)
{
	DeepsadBinding *binding = MemoryContextAllocZero(context, sizeof(DeepsadBinding));

	binding->context = context;
	binding->bound = AllocSetContextCreate(context, "deepsad row binding", ALLOCSET_SMALL_SIZES);
	return binding;
}

/* Raises the error for a row with two columns of a name. */
void
deepsad_duplicate_column(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_COLUMN),
			 errmsg("features row has two columns \"%s\"", name),
			 errhint("Rename one of them in a subquery.")));
}

/* Whether a row type's columns have names of their own, unlike those of ROW(...); a table's or type's have. */
bool
deepsad_row_has_names(TupleDesc desc)
{
	char		name[NAMEDATALEN];

	if (desc->tdtypeid != RECORDOID)
		return true;

	for (int i = 0; i < desc->natts; i++)
	{
		snprintf(name, sizeof(name), "f%d", i + 1);
		if (TupleDescAttr(desc, i)->attisdropped || strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) != 0)
			return true;
	}
	return false;
}

static bool
same_bytes(DsadBytes a, DsadBytes b)
{
	return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

/* Whether the binding is for such columns. */
static inline bool
fits(const DeepsadBinding *binding, const DeepsadColumns *columns)
{
	return columns->same || same_bytes(binding->signature, columns->encoder->signature);
}

/* Starts binding anew. */
static void
start(DeepsadBinding *binding, const DsadEncoder *encoder, int values)
{
	char	   *signature;

	binding->valid = false;
	MemoryContextReset(binding->bound);
	signature = MemoryContextAlloc(binding->bound, encoder->signature.length);
	memcpy(signature, encoder->signature.bytes, encoder->signature.length);
	binding->signature = (DsadBytes) {signature, encoder->signature.length};
	binding->source = MemoryContextAllocZero(binding->bound, encoder->columns * sizeof(Source));
	binding->value = MemoryContextAllocZero(binding->bound, encoder->columns * sizeof(DeepsadValue));
	binding->cells = MemoryContextAllocZero(binding->bound, encoder->cells * sizeof(double));
	binding->datum = MemoryContextAllocZero(binding->bound, Max(values, 1) * sizeof(Datum));
	binding->null = MemoryContextAllocZero(binding->bound, Max(values, 1) * sizeof(bool));
}

static Reader
choose_reader(const DsadColumn *column, const DeepsadValue *value)
{
	bool		utf8 = GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII;

	if (column->kind == DSAD_KIND_CATEGORY)
		return utf8 && (value->type == TEXTOID || value->type == VARCHAROID) ? READ_TEXT : READ_CATEGORY;
	if (column->value == DSAD_VALUE_ARRAY)
		return READ_ARRAY;
	switch (value->type)
	{
		case INT2OID:
			return READ_INT2;
		case INT4OID:
			return READ_INT4;
		case INT8OID:
			return READ_INT8;
		case FLOAT4OID:
			return READ_FLOAT4;
		case FLOAT8OID:
			return READ_FLOAT8;
		default:
			return READ_VALUE;
	}
}

/* Makes value number `index`, of this type, the source of one of the model's columns. */
static void
bind_column(DeepsadBinding *binding, const DsadEncoder *encoder, uint32 c, int index, Oid type)
{
	const DsadColumn *column = &encoder->column[c];
	DeepsadValue *value = &binding->value[c];

	if (!deepsad_value_resolve(value, type, binding->bound) || !deepsad_value_fits(value, (DsadValue) column->value))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column %s is of type %s, the model was trained on %s", deepsad_column_label(encoder, c),
						OidIsValid(type) ? format_type_be(type) : "unknown", deepsad_utf8_text(&column->type)),
				 errhint("Cast it to what it was, or train a new model.")));
	binding->source[c] = (Source) {(uint16) index, (uint16) choose_reader(column, value), column->first_cell};
}

/* The column of a row type with that name, or -1; that there are two is an error. */
static int
find_attribute(TupleDesc desc, const DsadBytes *names, DsadBytes name)
{
	int			found = -1;

	for (int i = 0; i < desc->natts; i++)
	{
		if (TupleDescAttr(desc, i)->attisdropped || !same_bytes(names[i], name))
			continue;
		if (found >= 0)
			deepsad_duplicate_column(NameStr(TupleDescAttr(desc, i)->attname));
		found = i;
	}
	return found;
}

/* Binds by name; the row may have more columns, in any order. */
static void
bind_names(DeepsadBinding *binding, const DsadEncoder *encoder, TupleDesc desc)
{
	DsadBytes  *names = MemoryContextAlloc(binding->bound, desc->natts * sizeof(DsadBytes));

	for (int i = 0; i < desc->natts; i++)
		names[i] = deepsad_utf8(NameStr(TupleDescAttr(desc, i)->attname), strlen(NameStr(TupleDescAttr(desc, i)->attname)));
	for (uint32 c = 0; c < encoder->columns; c++)
	{
		int			i = find_attribute(desc, names, encoder->column[c].name);

		if (i < 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("row has no column %s", deepsad_column_label(encoder, c)),
					 errdetail("The model was trained on a column of that name, of type %s.",
							   deepsad_utf8_text(&encoder->column[c].type)),
					 errhint("Name it so in a subquery, or train a new model.")));
		bind_column(binding, encoder, c, i, TupleDescAttr(desc, i)->atttypid);
	}
}

static void
wrong_count(const DsadEncoder *encoder, int count)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("row has %d columns, the model was trained on %u", count, encoder->columns),
			 errhint(encoder->named ? "Rows with column names are matched by name: deepsad_score(model, t) FROM t." :
					 "Give the columns in the order of the training rows.")));
}

/* Columns f1, f2, ... in another order are no ROW(...): a model without names would mix them up. */
void
deepsad_check_order(TupleDesc desc)
{
	int			position = 0;

	for (int i = 0; i < desc->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(desc, i)->attname);
		char	   *end;

		if (TupleDescAttr(desc, i)->attisdropped)
			continue;
		position++;
		if (name[0] == 'f' && name[1] >= '1' && name[1] <= '9' && strtol(name + 1, &end, 10) != position && *end == '\0')
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" is in place %d, and the model was trained on columns without names", name, position),
					 errhint("Give the columns in the order of the training rows, or train on a table or a composite type.")));
	}
}

/* Binds by position. */
static void
bind_positions(DeepsadBinding *binding, const DsadEncoder *encoder, TupleDesc desc)
{
	int			count = 0;
	uint32		c = 0;

	for (int i = 0; i < desc->natts; i++)
		count += !TupleDescAttr(desc, i)->attisdropped;
	if (count != (int) encoder->columns)
		wrong_count(encoder, count);
	if (!encoder->named)
		deepsad_check_order(desc);
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			bind_column(binding, encoder, c++, i, TupleDescAttr(desc, i)->atttypid);
}

/* Binds a row type. */
static void
bind_row(DeepsadBinding *binding, const DsadEncoder *encoder, Oid type, int32 typmod)
{
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(type, typmod);
	MemoryContext old;

	start(binding, encoder, desc->natts);
	if (encoder->named && deepsad_row_has_names(desc))
		bind_names(binding, encoder, desc);
	else
		bind_positions(binding, encoder, desc);
	old = MemoryContextSwitchTo(binding->bound);
	binding->desc = CreateTupleDescCopy(desc);
	MemoryContextSwitchTo(old);
	FreeTupleDesc(desc);
	binding->row_type = type;
	binding->row_typmod = typmod;
	binding->row_identifier = assign_record_type_identifier(type, typmod);
	binding->valid = true;
}

/* Raises the error of a number that is infinite. */
static void
infinite(const DsadEncoder *encoder, uint32 c)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("column %s is infinite", deepsad_column_label(encoder, c)),
			 errhint("Use NULL for a missing value.")));
}

/* An array's cells. */
static void
read_elements(DeepsadValue *value, const DsadEncoder *encoder, uint32 c, Datum datum, double *cells)
{
	const DsadColumn *column = &encoder->column[c];
	double	   *elements;
	uint32		count = deepsad_value_elements(value, datum, &elements);

	if (count != column->cells)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("array in column %s has %u elements, the model was trained on %u",
						deepsad_column_label(encoder, c), count, column->cells)));
	for (uint32 i = 0; i < count; i++)
	{
		if (isinf(elements[i]))
			infinite(encoder, c);
		cells[i] = elements[i];
	}
	pfree(elements);
}

/* The category that a value is. */
static double
find_category(const DeepsadColumns *columns, uint32 c, DsadBytes category)
{
	return columns->find ? columns->find(columns->ctx, c, category) :
		dsad_category_find(&columns->encoder->column[c], category.bytes, category.length);
}

/* Text as it lies in a row, unless it is compressed or elsewhere. */
static inline DsadBytes
text_bytes(Datum datum)
{
	const struct varlena *text = (const struct varlena *) DatumGetPointer(datum);

	if (unlikely(VARATT_IS_COMPRESSED(text) || VARATT_IS_EXTERNAL(text)))
		text = PG_DETOAST_DATUM_PACKED(datum);
	return (DsadBytes) {VARDATA_ANY(text), (uint32) VARSIZE_ANY_EXHDR(text)};
}

/* All cells of the row whose values lie in datum and null. */
static const double *
read_cells(DeepsadBinding *binding, const DeepsadColumns *columns)
{
	const DsadEncoder *encoder = columns->encoder;
	char		buffer[DEEPSAD_VALUE_TEXT];

	binding->from_numbers = false;
	for (uint32 c = 0; c < encoder->columns; c++)
	{
		const Source *source = &binding->source[c];
		double	   *cell = binding->cells + source->cell;
		Datum		datum = binding->datum[source->index];

		if (binding->null[source->index])
		{
			for (uint32 i = 0; i < encoder->column[c].cells; i++)
				cell[i] = NAN;
			continue;
		}
		switch ((Reader) source->reader)
		{
			case READ_INT2:
				*cell = DatumGetInt16(datum);
				continue;
			case READ_INT4:
				*cell = DatumGetInt32(datum);
				continue;
			case READ_INT8:
				*cell = (double) DatumGetInt64(datum);
				continue;
			case READ_FLOAT4:
				*cell = DatumGetFloat4(datum);
				break;
			case READ_FLOAT8:
				*cell = DatumGetFloat8(datum);
				break;
			case READ_VALUE:
				*cell = deepsad_value_read(&binding->value[c], datum);
				break;
			case READ_TEXT:
				*cell = find_category(columns, c, text_bytes(datum));
				continue;
			case READ_CATEGORY:
				*cell = binding->value[c].value == DSAD_VALUE_NUMBER ? deepsad_number_read(&binding->value[c].number, datum) : 0;
				if (isnan(*cell))
					continue;
				if (isinf(*cell))
					break;
				*cell = find_category(columns, c, deepsad_value_bytes(&binding->value[c], encoder->column[c].prefix, datum, buffer));
				continue;
			case READ_ARRAY:
				read_elements(&binding->value[c], encoder, c, datum, cell);
				continue;
		}
		if (unlikely(isinf(*cell)))
			infinite(encoder, c);
	}
	return binding->cells;
}

/* The cells of a row value, which carries its own row type; valid until the next call. */
const double *
deepsad_binding_row(DeepsadBinding *binding, const DeepsadColumns *columns, HeapTupleHeader row)
{
	Oid			type = HeapTupleHeaderGetTypeId(row);
	int32		typmod = HeapTupleHeaderGetTypMod(row);
	HeapTupleData tuple;

	if (unlikely(!binding->valid || binding->row_type != type || binding->row_typmod != typmod ||
				 binding->row_identifier != assign_record_type_identifier(type, typmod) ||
				 !fits(binding, columns)))
		bind_row(binding, columns->encoder, type, typmod);
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, binding->desc, binding->datum, binding->null);
	return read_cells(binding, columns);
}

/* The cells of loose arguments (count, of these types, always the same), by position. */
const double *
deepsad_binding_loose(DeepsadBinding *binding, const DeepsadColumns *columns, const Oid *types, int count,
					  const NullableDatum *values)
{
	if (unlikely(!binding->valid || OidIsValid(binding->row_type) || !fits(binding, columns)))
	{
		if (count != (int) columns->encoder->columns)
			wrong_count(columns->encoder, count);
		start(binding, columns->encoder, count);
		for (int i = 0; i < count; i++)
			bind_column(binding, columns->encoder, (uint32) i, i, types[i]);
		binding->row_type = InvalidOid;
		binding->valid = true;
	}
	for (int i = 0; i < count; i++)
	{
		binding->datum[i] = values[i].value;
		binding->null[i] = values[i].isnull;
	}
	return read_cells(binding, columns);
}

/* The cells of a row that came as `count` numbers: all columns must be numbers, or arrays of them. */
const double *
deepsad_binding_numbers(DeepsadBinding *binding, const DeepsadColumns *columns, const DsadRows *row, uint32 count)
{
	const DsadEncoder *encoder = columns->encoder;

	for (uint32 c = 0; c < encoder->columns; c++)
		if (encoder->column[c].kind != DSAD_KIND_NUMBER || encoder->column[c].value == DSAD_VALUE_INTERVAL)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("features are an array, the model was trained on rows"),
					 errdetail("Column %s is of type %s.", deepsad_column_label(encoder, c),
							   deepsad_utf8_text(&encoder->column[c].type)),
					 errhint("Give a row, deepsad_score(model, t) FROM t, or loose columns.")));
	if (count != encoder->cells)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("row has %u features, the model was trained on %u", count, encoder->cells)));
	if (!binding->valid || !fits(binding, columns))
	{
		start(binding, encoder, 0);
		binding->row_type = InvalidOid;
		binding->valid = true;
	}
	for (uint32 i = 0; i < count; i++)
	{
		float		narrow;

		if (row->single)
			memcpy(&narrow, (const char *) row->values + i * sizeof(float), sizeof(float));
		else
			memcpy(&binding->cells[i], (const char *) row->values + i * sizeof(double), sizeof(double));
		if (row->single)
			binding->cells[i] = narrow;
		if (isinf(binding->cells[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("feature %u is infinite", i + 1),
					 errhint("Use NULL for a missing value.")));
	}
	binding->from_numbers = true;
	return binding->cells;
}

/* The features of the last row, valid until the next call. */
double *
deepsad_binding_units(DeepsadBinding *binding, const DsadEncoder *encoder)
{
	if (encoder->units > binding->unit_capacity)
	{
		if (binding->units)
			pfree(binding->units);
		binding->units = NULL;
		binding->unit_capacity = 0;
		binding->units = MemoryContextAlloc(binding->context, encoder->units * sizeof(double));
		binding->unit_capacity = encoder->units;
	}
	dsad_encode(encoder, binding->cells, binding->units);
	return binding->units;
}

/* The last row's value in one of the model's columns, as text; NULL when it is missing. */
char *
deepsad_binding_text(DeepsadBinding *binding, const DsadEncoder *encoder, uint32 c)
{
	const DsadColumn *column = &encoder->column[c];
	const double *cells = binding->cells + column->first_cell;
	char		buffer[DEEPSAD_VALUE_TEXT];
	DsadBytes	bytes;

	/* one that the model does not know is shown all the same */
	if (!binding->from_numbers && column->kind == DSAD_KIND_CATEGORY && *cells >= column->categories)
	{
		bytes = deepsad_value_bytes(&binding->value[c], column->prefix, binding->datum[binding->source[c].index], buffer);
		return deepsad_utf8_text(&bytes);
	}
	return deepsad_cells_text(column, cells);
}
