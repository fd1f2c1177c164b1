/*
 * row_features.c
 *	  One row's features: a numeric array, anything with a cast to one (pgvector's
 *	  vector), a row, loose values.  The types of a call site's arguments are resolved
 *	  once.
 *
 * One road leads from SQL values to features: values -> cells -> features, by way of
 * a binding and an encoder.  An array for an encoder that changes nothing is read where
 * it lies.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "pg/version_check.h"
#include "rows/column_text.h"
#include "rows/picture.h"
#include "rows/row_features.h"

typedef enum FeatureForm
{
	FORM_ARRAY,					/* one array, or what is cast to one */
	FORM_ROW,					/* one row value */
	FORM_LOOSE,					/* one value for each column, without names */
	FORM_COLUMNS				/* the same with names */
} FeatureForm;

struct DeepsadFeatures
{
	FeatureForm form;
	int			arguments;		/* of the call */
	const Oid  *types;			/* theirs */
	MemoryContext context;		/* where this lives */
	DeepsadValueReader array;	/* FORM_ARRAY */

	/* FORM_ROW: the type of the last row; FORM_COLUMNS: desc only */
	MemoryContext row_context;	/* of desc */
	Oid			row_type;
	int32		row_typmod;
	uint64		row_identifier;	/* changes when ALTER TYPE changes the columns; 0 = nothing is resolved */
	TupleDesc	desc;

	DeepsadBinding *binding;
	bool		bound;			/* to the last row's type */
	double	   *cells;			/* FORM_ARRAY for an encoder that changes something */
	uint32		cell_capacity;
	double	   *values;			/* the last row's features, unless they lie elsewhere */
	uint32		capacity;
	DsadRows	row;			/* the last row's features */
};

/* Raises the error of a single argument that is no features. */
DEEPSAD_NORETURN static void refuse_type(Oid type, const DeepsadRefusal *why);

static void
refuse_type(Oid type, const DeepsadRefusal *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("features of type %s are not supported", format_type_be(type)),
			 why->detail[0] ? errdetail("%s", why->detail) : 0,
			 why->cast[0] ? errhint("Cast it in the query: (...)::%s.", why->cast) :
							errhint("Give a row, a numeric array, or a type with a cast to real[].")));
}

/* Finds out what a single argument is. */
static void
resolve_single(DeepsadFeatures *features, bool allow_loose)
{
	Oid			type = features->types[0];
	Oid			base;
	DeepsadRefusal why;
	bool		read;

	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_INDETERMINATE_DATATYPE),
				 errmsg("could not determine the type of the features argument")));
	base = getBaseType(type);
	if (base == UNKNOWNOID)
	{
		features->form = FORM_ARRAY;
		deepsad_array_literal(&features->array, features->context);
		return;
	}
	if (type_is_rowtype(base))
	{
		features->form = FORM_ROW;
		return;
	}
	read = deepsad_value_resolve(&features->array, base, features->context, &why);
	if (read && features->array.type == DSAD_TYPE_ARRAY)
	{
		features->form = FORM_ARRAY;
		return;
	}
	/* a model of one column may be scored with it */
	if (allow_loose && read)
	{
		features->form = FORM_LOOSE;
		return;
	}
	if (read && features->array.type == DSAD_TYPE_NUMBER)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("features are a single value of type %s", format_type_be(type)),
				 errhint("Write ARRAY[a, b] or ROW(a, b), also for a single column: ROW(a).")));
	refuse_type(type, &why);
}

/*
 * Resolves features that come as arguments of these types; lives in context.
 * allow_loose: several arguments, or a single value, are loose features.
 */
DeepsadFeatures *
deepsad_features_create(MemoryContext context, const Oid *types, int arguments, bool allow_loose)
{
	DeepsadFeatures *features = MemoryContextAllocZero(context, sizeof(DeepsadFeatures));
	Oid		   *copy = MemoryContextAlloc(context, arguments * sizeof(Oid));

	memcpy(copy, types, arguments * sizeof(Oid));
	features->types = copy;
	features->arguments = arguments;
	features->context = context;
	features->binding = deepsad_binding_create(context);
	if (allow_loose && arguments > 1)
		features->form = FORM_LOOSE;
	else
		resolve_single(features, allow_loose);
	return features;
}

/* The same for the arguments of this call site from number `first` on; lives as long as it. */
DeepsadFeatures *
deepsad_features_of_call(FunctionCallInfo fcinfo, int first, bool allow_loose)
{
	int			arguments = allow_loose ? PG_NARGS() - first : 1;
	Oid			types[FUNC_MAX_ARGS];

	deepsad_check_versions();
	for (int i = 0; i < arguments; i++)
		types[i] = get_fn_expr_argtype(fcinfo->flinfo, first + i);
	return deepsad_features_create(fcinfo->flinfo->fn_mcxt, types, arguments, allow_loose);
}

/* For values that are given one by one, as the columns of desc, which have the names that they have. */
DeepsadFeatures *
deepsad_features_of_columns(MemoryContext context, TupleDesc desc)
{
	DeepsadFeatures *features = MemoryContextAllocZero(context, sizeof(DeepsadFeatures));
	MemoryContext old = MemoryContextSwitchTo(context);

	features->form = FORM_COLUMNS;
	features->context = context;
	features->desc = CreateTupleDescCopy(desc);
	features->binding = deepsad_binding_create(context);
	MemoryContextSwitchTo(old);
	return features;
}

/* Whether the features are NULL as a whole. */
bool
deepsad_features_null(const DeepsadFeatures *features, const NullableDatum *argument)
{
	return features->form <= FORM_ROW && argument->isnull;
}

/* Whether rows are arrays. */
bool
deepsad_features_are_array(const DeepsadFeatures *features)
{
	return features->form == FORM_ARRAY;
}

/* Whether the numbers are exact in float4, so that rows may be kept in half the room. */
bool
deepsad_features_single(const DeepsadFeatures *features)
{
	return features->form == FORM_ARRAY &&
		   (features->array.number.type == FLOAT4OID || features->array.number.type == INT2OID);
}

/* The columns of deepsad_features_of_columns. */
TupleDesc
deepsad_features_desc(const DeepsadFeatures *features)
{
	return features->desc;
}

/* Makes room for count doubles. */
static double *
reserve(DeepsadFeatures *features, double **values, uint32 *capacity, uint32 count)
{
	if (count <= *capacity)
		return *values;
	if (*values)
		pfree(*values);
	*values = NULL;
	*capacity = 0;
	*values = MemoryContextAlloc(features->context, count * sizeof(double));
	*capacity = count;
	return *values;
}

/* An array's numbers, where they lie or in the reader's memory; how many, and the shape of a picture. */
uint32
deepsad_features_numbers(DeepsadFeatures *features, const NullableDatum *argument, DsadRows *row, DsadShape *shape)
{
	uint32		count = 0;
	int			dimensions = deepsad_value_array(&features->array, argument->value, row, &count, shape);

	if (unlikely(dimensions == 0 || dimensions > 3))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 dimensions == 0 ?
					 errmsg("features array is empty") :
					 errmsg("features array has %d dimensions, can have 1 to 3", dimensions)));
	if (unlikely(count > DSAD_MAX_FEATURES))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row has %u features, the limit is %d", count, DSAD_MAX_FEATURES)));
	return count;
}

/* Looks up what the columns of a row are; each row value carries its own type. */
static void
resolve_row(DeepsadFeatures *features, Oid type, int32 typmod)
{
	TupleDesc	desc;
	MemoryContext old;

	features->row_identifier = 0;
	features->bound = false;
	features->desc = NULL;
	if (features->row_context == NULL)
		features->row_context = AllocSetContextCreate(features->context, "deepsad row type", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(features->row_context);
	desc = lookup_rowtype_tupdesc(type, typmod);
	old = MemoryContextSwitchTo(features->row_context);
	features->desc = CreateTupleDescCopy(desc);
	MemoryContextSwitchTo(old);
	ReleaseTupleDesc(desc);
	features->row_type = type;
	features->row_typmod = typmod;
	features->row_identifier = assign_record_type_identifier(type, typmod);
}

/* The header of a row value, whose type is the last row's afterwards. */
static HeapTupleHeader
open_row(DeepsadFeatures *features, const NullableDatum *argument)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(argument->value);
	Oid			type = HeapTupleHeaderGetTypeId(header);
	int32		typmod = HeapTupleHeaderGetTypMod(header);

	if (unlikely(features->row_identifier == 0 || features->row_type != type || features->row_typmod != typmod ||
				 features->row_identifier != assign_record_type_identifier(type, typmod)))
		resolve_row(features, type, typmod);
	return header;
}

/* What the last row's values are. */
static DeepsadRowType
row_type(const DeepsadFeatures *features)
{
	DeepsadRowType row = {features->desc, false, features->types, features->arguments};

	row.nameless = features->form == FORM_ROW && deepsad_row_is_nameless(features->desc);
	return row;
}

static void
deform(TupleDesc desc, HeapTupleHeader header, Datum *values, bool *nulls)
{
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, desc, values, nulls);
}

/*
 * What the columns of a row are that is not NULL and no array, and its values, both
 * valid until the next call and in the current context.
 */
void
deepsad_features_row(DeepsadFeatures *features, const NullableDatum *argument, DeepsadRowType *type, Datum **values,
					 bool **nulls)
{
	HeapTupleHeader header = features->form == FORM_ROW ? open_row(features, argument) : NULL;
	int			count = features->desc->natts;

	*type = row_type(features);
	*values = palloc(Max(count, 1) * sizeof(Datum));
	*nulls = palloc(Max(count, 1) * sizeof(bool));
	if (header)
		deform(features->desc, header, *values, *nulls);
	for (int i = 0; i < count && !header; i++)
	{
		(*values)[i] = argument[i].value;
		(*nulls)[i] = argument[i].isnull;
	}
}

/* The cells of a row whose values are columns; finite, or it is an error. */
static const double *
read_columns(DeepsadFeatures *features, const DeepsadColumns *columns, const NullableDatum *argument)
{
	const DsadEncoder *encoder = columns->encoder;
	HeapTupleHeader header = features->form == FORM_ROW ? open_row(features, argument) : NULL;
	const double *cells;
	Datum	   *value;
	bool	   *null;
	bool		infinite = false;

	if (unlikely(!features->bound || !deepsad_binding_fits(features->binding, columns)))
	{
		DeepsadRowType row = row_type(features);

		features->bound = false;
		deepsad_binding_bind(features->binding, columns, &row);
		features->bound = true;
	}
	value = deepsad_binding_values(features->binding, &null);
	if (header)
		deform(features->desc, header, value, null);
	else
	{
		int			count = features->form == FORM_LOOSE ? features->arguments : features->desc->natts;

		for (int i = 0; i < count; i++)
		{
			value[i] = argument[i].value;
			null[i] = argument[i].isnull;
		}
	}
	cells = deepsad_binding_cells(features->binding, columns);
	for (uint32 i = 0; i < encoder->cells; i++)
		infinite |= isinf(cells[i]) != 0;
	if (unlikely(infinite))
		deepsad_cell_infinite(encoder, cells);
	return cells;
}

/*
 * The cells of a row that is not NULL, as doubles, valid until the next call.  They are finite,
 * or it is an error.
 */
const double *
deepsad_features_cells(DeepsadFeatures *features, const DeepsadColumns *columns, const NullableDatum *argument)
{
	DsadRows	row;
	DsadShape	shape;
	uint32		count;
	double	   *cells;
	bool		infinite = false;

	if (features->form != FORM_ARRAY)
		return read_columns(features, columns, argument);
	count = deepsad_features_numbers(features, argument, &row, &shape);
	deepsad_check_array(columns->encoder, count, &shape);
	cells = reserve(features, &features->cells, &features->cell_capacity, count);
	for (uint32 i = 0; i < count; i++)
	{
		cells[i] = dsad_row_number(&row, i);
		infinite |= isinf(cells[i]) != 0;
	}
	if (unlikely(infinite))
		deepsad_features_infinite(&row, count);
	return cells;
}

/*
 * The features of a row that is not NULL, valid until the next call.  An array's may be
 * infinite; that is for the caller to find out (deepsad_features_infinite).
 */
void
deepsad_features_read(DeepsadFeatures *features, const DeepsadColumns *columns, const NullableDatum *argument,
					  DsadRows *row)
{
	const DsadEncoder *encoder = columns->encoder;
	const double *cells;

	if (features->form == FORM_ARRAY && encoder->identity)
	{
		DsadShape	shape;
		uint32		count = deepsad_features_numbers(features, argument, row, &shape);

		if (unlikely(count != encoder->cells || !encoder->numeric || !deepsad_fits_shape(encoder, &shape)))
			deepsad_check_array(encoder, count, &shape);
		features->row = *row;
		return;
	}
	cells = deepsad_features_cells(features, columns, argument);
	if (!encoder->identity)
	{
		double	   *values = reserve(features, &features->values, &features->capacity, encoder->features);

		dsad_encode(encoder, cells, values);
		cells = values;
	}
	*row = features->row = (DsadRows) {cells, 1, false};
}

/* The last row's value in a column, as text; NULL when it is missing. */
char *
deepsad_features_text(DeepsadFeatures *features, const DsadEncoder *encoder, uint32 column)
{
	const DsadColumn *described = &encoder->column[column];

	if (features->form != FORM_ARRAY)
		return deepsad_binding_text(features->binding, encoder, column);
	return encoder->identity ? deepsad_numbers_text(&features->row, described->first_feature, described->cells) :
							   deepsad_cells_text(described, features->cells + described->first_cell);
}
