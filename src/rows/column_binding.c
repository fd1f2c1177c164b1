/*
 * column_binding.c
 *	  Which value of a row is which of an encoder's columns, found once for each row type.
 *
 * Columns are found by name whenever both sides have names, and by position only if
 * one of them has none.  PostgreSQL calls the columns of ROW(...) f1, f2, ...: names
 * like that, in that order, are none, unless the other side has a use for them all.
 */
#include "pg/pg_compat.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "rows/column_binding_parts.h"
#include "rows/column_text.h"

/* An empty binding in context. */
DeepsadBinding *
deepsad_binding_create(MemoryContext context)
{
	DeepsadBinding *binding = MemoryContextAllocZero(context, sizeof(DeepsadBinding));

	binding->bound = AllocSetContextCreate(context, "deepsad row binding", ALLOCSET_SMALL_SIZES);
	return binding;
}

/* The number (from 1) of a nameless row's column that is called so; 0 when none is. */
static uint32
position_of_name(DsadBytes name)
{
	uint32		number = 0;

	if (name.length < 2 || name.length > 5 || name.bytes[0] != 'f' || name.bytes[1] == '0')
		return 0;
	for (uint32 i = 1; i < name.length; i++)
	{
		if (name.bytes[i] < '0' || name.bytes[i] > '9')
			return 0;
		number = 10 * number + (uint32) (name.bytes[i] - '0');
	}
	return number;
}

static DsadBytes
attribute_name(TupleDesc desc, int i)
{
	const char *name = NameStr(TupleDescAttr(desc, i)->attname);

	return deepsad_utf8(name, strlen(name));
}

/* Whether a row type's columns have no names of their own; a table's or composite type's have. */
bool
deepsad_row_is_nameless(TupleDesc desc)
{
	if (desc->tdtypeid != RECORDOID)
		return false;
	for (int i = 0; i < desc->natts; i++)
		if (TupleDescAttr(desc, i)->attisdropped || position_of_name(attribute_name(desc, i)) != (uint32) i + 1)
			return false;
	return true;
}

/* Whether the columns of the rows that an encoder was made of had no names of their own, also those that were left out.
 */
static bool
encoder_is_nameless(const DsadEncoder *encoder)
{
	uint32		last = 0;

	if (dsad_encoder_is_array(encoder))
		return true;
	for (uint32 c = 0; c < encoder->columns; c++)
	{
		uint32		number = position_of_name(encoder->column[c].name);

		if (number <= last || number > encoder->columns + encoder->left_out)
			return false;
		last = number;
	}
	for (uint32 i = 0; i < encoder->left_out; i++)
	{
		uint32		number = position_of_name(encoder->left[i].name);

		if (number == 0 || number > encoder->columns + encoder->left_out)
			return false;
	}
	return true;
}

static bool
same_bytes(DsadBytes a, DsadBytes b)
{
	return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

/* Whether the binding is for such columns, of the last row's type. */
bool
deepsad_binding_fits(const DeepsadBinding *binding, const DeepsadColumns *columns)
{
	return binding->valid && (columns->same || same_bytes(binding->signature, columns->encoder->signature));
}

/* Starts binding anew, for rows of so many values. */
static void
start(DeepsadBinding *binding, const DsadEncoder *encoder, int values)
{
	uint32		most = Max(encoder->columns, (uint32) values);	/* sources: columns, or the elements of an array */
	char	   *signature;

	binding->valid = false;
	MemoryContextReset(binding->bound);
	signature = MemoryContextAlloc(binding->bound, encoder->signature.length);
	memcpy(signature, encoder->signature.bytes, encoder->signature.length);
	binding->signature = (DsadBytes) {signature, encoder->signature.length};
	binding->sources = 0;
	binding->source = MemoryContextAllocZero(binding->bound, most * sizeof(DeepsadCellSource));
	binding->value = MemoryContextAllocZero(binding->bound, most * sizeof(DeepsadValueReader));
	binding->cells = MemoryContextAllocZero(binding->bound, encoder->cells * sizeof(double));
	binding->datum = MemoryContextAllocZero(binding->bound, Max(values, 1) * sizeof(Datum));
	binding->null = MemoryContextAllocZero(binding->bound, Max(values, 1) * sizeof(bool));
}

static DeepsadCellReader
choose_reader(const DsadColumn *column, const DeepsadValueReader *value)
{
	bool		utf8 = GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII;

	if (column->encoding == DSAD_ENCODING_CATEGORY)
		return utf8 && (value->oid == TEXTOID || value->oid == VARCHAROID) ? READ_TEXT : READ_CATEGORY;
	if (value->type == DSAD_TYPE_ARRAY)
		return READ_ARRAY;
	switch (value->oid)
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
			return READ_NUMBER;
	}
}

/* Adds value number `index`, of this type, as the source of column c, whose values are of the type `expected`. */
static void
add_source(DeepsadBinding *binding, const DeepsadColumns *columns, uint32 c, DsadColumnType expected, uint32 cell,
		   int index, Oid type)
{
	const DsadEncoder *encoder = columns->encoder;
	const DsadColumn *column = &encoder->column[c];
	DeepsadValueReader *value = &binding->value[binding->sources];
	DeepsadRefusal why;
	bool		read = deepsad_value_resolve(value, type, binding->bound, &why);

	if (!read && why.detail[0] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column %s is of type %s, which is not supported", deepsad_column_label(encoder, c),
						format_type_be(type)),
				 errdetail("%s", why.detail),
				 errhint("Cast it in the query: %s::%s.", deepsad_column_sql(encoder, c), why.cast)));
	if (dsad_encoder_is_array(encoder) && (!read || !deepsad_value_fits(value, expected)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("feature %u is of type %s, which is not a number", cell + 1,
						OidIsValid(type) ? format_type_be(type) : "unknown"),
				 errhint("Give one numeric array or row, or loose numeric columns.")));
	if (!read || !deepsad_value_fits(value, expected))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column %s is of type %s, %s %s", deepsad_column_label(encoder, c),
						OidIsValid(type) ? format_type_be(type) : "unknown", deepsad_trained_on(columns),
						deepsad_utf8_text(&column->type_name)),
				 columns->find ? errhint("Give rows of one type.") :
								 errhint("Cast it to what it was, or train a new model.")));
	binding->source[binding->sources++] =
		(DeepsadCellSource) {(uint16) index, (uint16) choose_reader(column, value), c, cell};
}

/* Makes value number `index`, of this type, the source of a whole column. */
static void
bind_column(DeepsadBinding *binding, const DeepsadColumns *columns, uint32 c, int index, Oid type)
{
	const DsadColumn *column = &columns->encoder->column[c];

	add_source(binding, columns, c, (DsadColumnType) column->type, column->first_cell, index, type);
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
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("features row has two columns \"%s\"", NameStr(TupleDescAttr(desc, i)->attname)),
					 errhint("Rename one of them in a subquery.")));
		found = i;
	}
	return found;
}

static void
wrong_count(const DeepsadColumns *columns, int count)
{
	const DsadEncoder *encoder = columns->encoder;

	if (dsad_encoder_is_array(encoder))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg_plural("row has %d feature, %s %u", "row has %d features, %s %u", count, count,
							   deepsad_trained_on(columns), encoder->cells)));
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg_plural("row has %d column, %s %u", "row has %d columns, %s %u", count, count,
						   deepsad_trained_on(columns), encoder->columns),
			 columns->find ? errhint("Give rows of one type.") :
			 encoder_is_nameless(encoder) ?
							 errhint("Give the columns in the order of the training rows%s.",
									 encoder->left_out > 0 ? ", with or without those that were left out" : "") :
							 errhint("Rows with column names are matched by name: deepsad_score(model, t) FROM t.")));
}

/*
 * Binds by position: so many values, of these types and at these places.  They are the encoder's columns in their order
 * or, when those had no names, all that the training rows had, also those that were left out.
 */
static void
bind_positions(DeepsadBinding *binding, const DeepsadColumns *columns, const Oid *types, const int *index, int count)
{
	const DsadEncoder *encoder = columns->encoder;
	bool all =
		encoder->left_out > 0 && count == (int) (encoder->columns + encoder->left_out) && encoder_is_nameless(encoder);

	/* the elements of an array one by one */
	if (dsad_encoder_is_array(encoder) && count == (int) encoder->cells)
	{
		DeepsadValueReader value;
		DeepsadRefusal why;

		if (count > 1 || !deepsad_value_resolve(&value, types[0], binding->bound, &why) ||
			value.type != DSAD_TYPE_ARRAY)
		{
			for (int i = 0; i < count; i++)
				add_source(binding, columns, 0, DSAD_TYPE_NUMBER, (uint32) i, index[i], types[i]);
			return;
		}
	}
	if (!all && count != (int) encoder->columns)
		wrong_count(columns, count);
	for (uint32 c = 0; c < encoder->columns; c++)
	{
		uint32		place = all ? position_of_name(encoder->column[c].name) - 1 : c;

		bind_column(binding, columns, c, index[place], types[place]);
	}
}

/* Raises the error of a row without one of the model's columns. */
static void
missing_column(const DeepsadColumns *columns, uint32 c, bool mixture)
{
	const DsadEncoder *encoder = columns->encoder;
	const char *type = deepsad_utf8_text(&encoder->column[c].type_name);

	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("row has no column %s", deepsad_column_label(encoder, c)),
			 columns->find ? errdetail("The rows before have a column of that name, of type %s.", type) :
							 errdetail("The model was trained on a column of that name, of type %s.", type),
			 columns->find ? errhint("Give rows of one type.") :
			 mixture ?
							 errhint("Some of the row's columns are called as the model's are: "
									 "name all of them so, or none, as in ROW(a, b).") :
							 errhint("Name it so in a subquery, or train a new model.")));
}

/* Binds a row with columns: by name, or by position if one side has no names. */
static void
bind_row(DeepsadBinding *binding, const DeepsadColumns *columns, const DeepsadRowType *row)
{
	const DsadEncoder *encoder = columns->encoder;
	TupleDesc	desc = row->desc;
	int			natts = desc->natts;
	DsadBytes  *names = MemoryContextAlloc(binding->bound, Max(natts, 1) * sizeof(DsadBytes));
	int		   *found = MemoryContextAlloc(binding->bound, encoder->columns * sizeof(int));
	Oid		   *types = MemoryContextAlloc(binding->bound, Max(natts, 1) * sizeof(Oid));
	int		   *index = MemoryContextAlloc(binding->bound, Max(natts, 1) * sizeof(int));
	bool		encoder_nameless = encoder_is_nameless(encoder);
	uint32		matches = 0;
	uint32		missing = encoder->columns;
	int			count = 0;

	for (int i = 0; i < natts; i++)
	{
		names[i] = attribute_name(desc, i);
		if (TupleDescAttr(desc, i)->attisdropped)
			continue;
		types[count] = TupleDescAttr(desc, i)->atttypid;
		index[count++] = i;
	}
	for (uint32 c = 0; c < encoder->columns; c++)
	{
		found[c] = find_attribute(desc, names, encoder->column[c].name);
		matches += found[c] >= 0;
		if (found[c] < 0 && missing == encoder->columns)
			missing = c;
	}
	if (encoder_nameless ? row->nameless || matches == 0 : row->nameless && matches == 0)
		bind_positions(binding, columns, types, index, count);
	else if (matches < encoder->columns)
		missing_column(columns, missing, row->nameless || encoder_nameless);
	else
		for (uint32 c = 0; c < encoder->columns; c++)
			bind_column(binding, columns, c, found[c], TupleDescAttr(desc, found[c])->atttypid);
}

/* Binds loose values. */
static void
bind_loose(DeepsadBinding *binding, const DeepsadColumns *columns, const DeepsadRowType *row)
{
	int		   *index = MemoryContextAlloc(binding->bound, Max(row->count, 1) * sizeof(int));

	for (int i = 0; i < row->count; i++)
		index[i] = i;
	bind_positions(binding, columns, row->types, index, row->count);
}

/* Binds rows of this type to an encoder's columns; an error when they do not fit. */
void
deepsad_binding_bind(DeepsadBinding *binding, const DeepsadColumns *columns, const DeepsadRowType *row)
{
	if (row->desc)
	{
		start(binding, columns->encoder, row->desc->natts);
		bind_row(binding, columns, row);
	}
	else
	{
		start(binding, columns->encoder, row->count);
		bind_loose(binding, columns, row);
	}
	binding->valid = true;
}

/* Where the next row's values go, and which of them are NULL. */
Datum *
deepsad_binding_values(const DeepsadBinding *binding, bool **nulls)
{
	*nulls = binding->null;
	return binding->datum;
}
