/*
 * input.c
 *	  Features: numeric arrays, anything with a cast to real[] (pgvector's
 *	  vector), rows, loose numbers.  The type of a call site's argument is
 *	  resolved once.  Reading gives one row of numbers, NaN = missing: real[] and
 *	  float8[] where they lie, everything else as an array of doubles.
 */
#include "pg_compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "core/dsad.h"
#include "binding.h"
#include "input.h"

typedef enum FeatureForm
{
	FORM_ARRAY,
	FORM_CAST,					/* through a function to an array */
	FORM_ROW,
	FORM_LOOSE,
	FORM_LITERAL				/* an untyped literal, read as float8[] */
} FeatureForm;

struct DeepsadFeatures
{
	FeatureForm form;
	int			arguments;		/* of the call */
	const Oid  *types;			/* theirs */
	MemoryContext context;		/* where this lives */

	DeepsadNumber		element;		/* FORM_ARRAY, FORM_CAST, FORM_LITERAL: of the array */
	int16		element_length;
	bool		element_by_value;
	char		element_align;
	FmgrInfo	to_array;		/* FORM_CAST, and FORM_LITERAL's array_in */

	uint32		numbers;		/* FORM_LOOSE, FORM_ROW */
	bool		no_number;		/* FORM_LOOSE: some argument is none */
	DeepsadNumber	   *number;
	MemoryContext row_context;	/* FORM_ROW: of what follows, made for one row type */
	Oid			row_type;
	int32		row_typmod;
	uint64		row_identifier; /* changes when ALTER TYPE changes the columns */
	TupleDesc	row_desc;
	Datum	   *row_datum;
	bool	   *row_null;

	uint32		capacity;		/* of values */
	double	   *values;

	DeepsadBinding *binding;	/* for models of columns; NULL until one is met */
};

/* Prepares for arrays of an element type; false when it is not a number. */
static bool
resolve_element(DeepsadFeatures *features, Oid type)
{
	if (!OidIsValid(type) || !deepsad_number_resolve(&features->element, getBaseType(type), features->context))
		return false;
	get_typlenbyvalalign(type, &features->element_length, &features->element_by_value,
						 &features->element_align);
	return true;
}

/* Prepares for a type with a cast function to real[] or float8[]; false when there is none. */
static bool
resolve_cast(DeepsadFeatures *features, Oid type)
{
	static const Oid target[][2] = {{FLOAT4ARRAYOID, FLOAT4OID}, {FLOAT8ARRAYOID, FLOAT8OID}};

	for (int i = 0; i < (int) lengthof(target); i++)
	{
		Oid			function;

		if (find_coercion_pathway(target[i][0], type, COERCION_EXPLICIT, &function) ==
			COERCION_PATH_FUNC && deepsad_may_cast(function))
		{
			deepsad_prepare_cast(&features->to_array, function, features->context);
			return resolve_element(features, target[i][1]);
		}
	}
	return false;
}

/*
 * Prepares for one value per argument.  What is no number is for models of columns
 * only: read_loose refuses it.
 */
static void
resolve_loose(DeepsadFeatures *features)
{
	features->form = FORM_LOOSE;
	features->numbers = features->arguments;
	features->number = MemoryContextAllocZero(features->context, features->numbers * sizeof(DeepsadNumber));
	for (uint32 i = 0; i < features->numbers; i++)
	{
		Oid			type = features->types[i];
		Oid			base = OidIsValid(type) ? getBaseType(type) : InvalidOid;

		if (base == UNKNOWNOID)
			features->number[i].type = UNKNOWNOID;
		else if (!OidIsValid(base) || !deepsad_number_resolve(&features->number[i], base, features->context))
			features->no_number = true;
	}
}

/* Raises the error of a single argument that is no features. */
static void
refuse_type(Oid type)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("features of type %s are not supported", format_type_be(type)),
			 errhint("Give a row, a numeric array, or a type with a cast to real[].")));
}

/* Prepares for one array, row, vector or literal argument. */
static void
resolve_single(DeepsadFeatures *features, bool allow_loose)
{
	Oid			type = features->types[0];
	Oid			base;

	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_INDETERMINATE_DATATYPE),
				 errmsg("could not determine the type of the features argument")));
	base = getBaseType(type);
	if (base == UNKNOWNOID)
	{
		features->form = FORM_LITERAL;
		fmgr_info_cxt(F_ARRAY_IN, &features->to_array, features->context);
		resolve_element(features, FLOAT8OID);
		return;
	}
	if (type_is_rowtype(base))
	{
		features->form = FORM_ROW;
		return;
	}
	if (resolve_element(features, get_element_type(base)))
	{
		features->form = FORM_ARRAY;
		return;
	}
	if (!OidIsValid(get_element_type(base)))
	{
		DeepsadNumber		number;

		if (deepsad_number_resolve(&number, base, features->context))
		{
			if (allow_loose)
			{
				resolve_loose(features);
				return;
			}
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("features are a single value of type %s", format_type_be(type)),
					 errhint("Write ARRAY[a, b] or ROW(a, b), also for a single column: ROW(a).")));
		}
		if (resolve_cast(features, base))
		{
			features->form = FORM_CAST;
			return;
		}
	}
	/* a model of one column may be scored with it */
	if (!allow_loose || OidIsValid(get_element_type(base)))
		refuse_type(type);
	resolve_loose(features);
}

/*
 * Resolves features that come as arguments of these types; lives in context.
 * allow_loose: several arguments, or a single number, are loose features.
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
	if (allow_loose && arguments > 1)
		resolve_loose(features);
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

	for (int i = 0; i < arguments; i++)
		types[i] = get_fn_expr_argtype(fcinfo->flinfo, first + i);
	return deepsad_features_create(fcinfo->flinfo->fn_mcxt, types, arguments, allow_loose);
}

/* Whether the numbers are exact in float4, so that rows may be kept in half the room. */
bool
deepsad_features_single(const DeepsadFeatures *features)
{
	if (features->form != FORM_ARRAY && features->form != FORM_CAST)
		return false;
	return features->element.type == FLOAT4OID || features->element.type == INT2OID;
}

static void
check_width(uint32 count)
{
	if (count > DSAD_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row has %u features, the limit is %d", count, DSAD_MAX_FEATURES)));
}

/* Makes room for count values. */
static void
reserve(DeepsadFeatures *features, uint32 count)
{
	check_width(count);
	if (count <= features->capacity)
		return;
	if (features->values)
		pfree(features->values);
	features->values = NULL;
	features->capacity = 0;
	features->values = MemoryContextAlloc(features->context, count * sizeof(double));
	features->capacity = count;
}

/* How the numbers of one array without NULLs lie in memory that may be unaligned. */
static void
view(DsadRows *row, const void *values, bool single)
{
	row->values = values;
	row->count = 1;
	row->single = single;
}

static void
check_dimensions(int dimensions)
{
	if (dimensions != 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 dimensions == 0 ?
				 errmsg("features array is empty") :
				 errmsg("features array has %d dimensions, must have 1", dimensions)));
}

/*
 * A real[] or float8[] with a short header, without NULLs, is read where it
 * lies: copying it to an aligned place costs more than small nets do.
 */
static bool
view_short_array(const DeepsadFeatures *features, const struct varlena *value, DsadRows *row,
				 uint32 *count)
{
	const char *data = VARDATA_SHORT(value);
	bool		single = features->element.type == FLOAT4OID;
	ArrayType	header;			/* as it would lie behind a 4-byte length word */
	int			dimension[2];	/* length, lower bound */

	if (!single && features->element.type != FLOAT8OID)
		return false;
	memcpy((char *) &header + VARHDRSZ, data, sizeof(header) - VARHDRSZ);
	if (header.ndim != 1 || header.dataoffset != 0)
		return false;			/* the ordinary way deals with these */
	memcpy(dimension, data + sizeof(header) - VARHDRSZ, sizeof(dimension));
	*count = (uint32) dimension[0];
	view(row, data + ARR_OVERHEAD_NONULLS(1) - VARHDRSZ, single);
	return true;
}

/* Reads a one-dimensional array. */
static void
read_array(DeepsadFeatures *features, ArrayType *array, DsadRows *row, uint32 *count)
{
	Oid			type = features->element.type;
	Datum	   *element;
	bool	   *null;
	int			elements;

	check_dimensions(ARR_NDIM(array));
	*count = (uint32) ARR_DIMS(array)[0];
	if (!ARR_HASNULL(array) && (type == FLOAT4OID || type == FLOAT8OID))
	{
		check_width(*count);
		view(row, ARR_DATA_PTR(array), type == FLOAT4OID);
		return;
	}
	reserve(features, *count);
	deconstruct_array(array, ARR_ELEMTYPE(array), features->element_length,
					  features->element_by_value, features->element_align,
					  &element, &null, &elements);
	for (uint32 i = 0; i < *count; i++)
		features->values[i] = null[i] ? NAN : deepsad_number_read(&features->element, element[i]);
	pfree(element);
	pfree(null);
	view(row, features->values, false);
}

/* Resolves the columns of a row type; dropped columns count as none. */
static void
resolve_row(DeepsadFeatures *features, Oid type, int32 typmod)
{
	TupleDesc	desc;
	MemoryContext old;

	if (features->row_context == NULL)
		features->row_context = AllocSetContextCreate(features->context, "deepsad row type", ALLOCSET_SMALL_SIZES);
	features->row_desc = NULL;
	MemoryContextReset(features->row_context);
	desc = lookup_rowtype_tupdesc(type, typmod);
	old = MemoryContextSwitchTo(features->row_context);
	features->row_desc = CreateTupleDescCopy(desc);
	ReleaseTupleDesc(desc);
	deepsad_check_order(features->row_desc);
	features->number = palloc0(features->row_desc->natts * sizeof(DeepsadNumber));
	features->row_datum = palloc(features->row_desc->natts * sizeof(Datum));
	features->row_null = palloc(features->row_desc->natts * sizeof(bool));
	MemoryContextSwitchTo(old);
	features->row_type = type;
	features->row_typmod = typmod;
	features->row_identifier = assign_record_type_identifier(type, typmod);
	features->numbers = 0;
	for (int i = 0; i < features->row_desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(features->row_desc, i);

		if (attribute->attisdropped)
			continue;
		if (attribute->atttypid == UNKNOWNOID)
			features->number[i].type = UNKNOWNOID;
		else if (!deepsad_number_resolve(&features->number[i], getBaseType(attribute->atttypid), features->row_context))
		{
			features->row_identifier = 0;	/* resolved in part only */
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column %d (\"%s\") of the features row is of type %s, which is not a number",
							i + 1, NameStr(attribute->attname), format_type_be(attribute->atttypid)),
					 errhint("The model was trained on numbers: name the numeric columns, ROW(a, b).")));
		}
		features->numbers++;
	}
}

/* Reads a row value; each datum carries its own row type. */
static uint32
read_row(DeepsadFeatures *features, HeapTupleHeader header)
{
	Oid			type = HeapTupleHeaderGetTypeId(header);
	int32		typmod = HeapTupleHeaderGetTypMod(header);
	HeapTupleData tuple;
	uint32		count = 0;

	if (features->row_desc == NULL || features->row_type != type || features->row_typmod != typmod ||
		features->row_identifier != assign_record_type_identifier(type, typmod))
		resolve_row(features, type, typmod);
	if (features->numbers == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("features row has no columns")));
	reserve(features, features->numbers);
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, features->row_desc, features->row_datum, features->row_null);
	for (int i = 0; i < features->row_desc->natts; i++)
	{
		if (TupleDescAttr(features->row_desc, i)->attisdropped)
			continue;
		features->values[count++] = features->row_null[i] ? NAN :
			deepsad_number_read(&features->number[i], features->row_datum[i]);
	}
	return count;
}

/* Raises the error of loose arguments that are not all numbers, for a model of numbers. */
static void
refuse_loose(const DeepsadFeatures *features)
{
	for (uint32 i = 0; i < features->numbers; i++)
	{
		Oid			type = features->types[i];

		if (!OidIsValid(features->number[i].type) && features->arguments == 1)
			refuse_type(type);
		if (!OidIsValid(features->number[i].type))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("feature %u is of type %s, which is not a number",
							i + 1, OidIsValid(type) ? format_type_be(type) : "unknown"),
					 errhint("Give one numeric array or row, or loose numeric columns.")));
	}
}

/* Reads one number per argument; NULL = missing. */
static uint32
read_loose(DeepsadFeatures *features, const NullableDatum *argument)
{
	reserve(features, features->numbers);
	if (unlikely(features->no_number))
		refuse_loose(features);
	for (uint32 i = 0; i < features->numbers; i++)
		features->values[i] = argument[i].isnull ? NAN : deepsad_number_read(&features->number[i], argument[i].value);
	return features->numbers;
}

/* An array argument, whatever it is stored as. */
static void
read_array_argument(DeepsadFeatures *features, Datum datum, DsadRows *row, uint32 *count)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(datum);

	if (features->form == FORM_ARRAY && VARATT_IS_SHORT(value) && !VARATT_IS_EXTERNAL(value) &&
		view_short_array(features, value, row, count))
		return;
	read_array(features, DatumGetArrayTypeP(datum), row, count);
}

/*
 * Reads features from these arguments: false when they are NULL as a whole, else
 * one row of *count numbers, NaN = missing, valid until the next call.  Whether
 * they are finite is for the caller to find out.
 */
bool
deepsad_features_read(DeepsadFeatures *features, const NullableDatum *argument,
					  DsadRows *row, uint32 *count)
{
	FmgrInfo   *cast = &features->to_array;
	Datum		datum;

	if (features->form == FORM_LOOSE)
	{
		*count = read_loose(features, argument);
		view(row, features->values, false);
		return true;
	}
	if (argument->isnull)
		return false;
	datum = argument->value;
	switch (features->form)
	{
		case FORM_ROW:
			*count = read_row(features, DatumGetHeapTupleHeader(datum));
			view(row, features->values, false);
			break;
		case FORM_CAST:
			datum = deepsad_call_cast(cast, datum);
			read_array_argument(features, datum, row, count);
			break;
		case FORM_LITERAL:
			datum = InputFunctionCall(cast, DatumGetCString(datum), FLOAT8OID, -1);
			read_array_argument(features, datum, row, count);
			break;
		default:
			read_array_argument(features, datum, row, count);
			break;
	}
	return true;
}

/* Whether the features are NULL as a whole. */
bool
deepsad_features_null(const DeepsadFeatures *features, const NullableDatum *argument)
{
	return features->form != FORM_LOOSE && argument->isnull;
}

/* The type of a row value that is not NULL, and its values, in the current context; NULL when it is no row. */
TupleDesc
deepsad_features_row(DeepsadFeatures *features, const NullableDatum *argument, Datum **values, bool **nulls)
{
	HeapTupleHeader header;
	HeapTupleData tuple;
	TupleDesc	desc;

	if (features->form != FORM_ROW)
		return NULL;
	header = DatumGetHeapTupleHeader(argument->value);
	desc = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	*values = palloc(Max(desc->natts, 1) * sizeof(Datum));
	*nulls = palloc(Max(desc->natts, 1) * sizeof(bool));
	heap_deform_tuple(&tuple, desc, *values, *nulls);
	return desc;
}

/*
 * Reads features for a model of columns: their cells, valid until the next call;
 * NULL when the features are NULL as a whole.
 */
const double *
deepsad_features_cells(DeepsadFeatures *features, const DeepsadColumns *columns, const NullableDatum *argument)
{
	DsadRows	row;
	uint32		count;

	if (unlikely(features->binding == NULL))
		features->binding = deepsad_binding_create(features->context);
	if (features->form == FORM_LOOSE)
		return deepsad_binding_loose(features->binding, columns, features->types, features->arguments, argument);
	if (features->form == FORM_ROW)
		return argument->isnull ? NULL :
			deepsad_binding_row(features->binding, columns, DatumGetHeapTupleHeader(argument->value));
	if (!deepsad_features_read(features, argument, &row, &count))
		return NULL;
	return deepsad_binding_numbers(features->binding, columns, &row, count);
}

/* How the last row's columns were found; NULL when deepsad_features_cells was never called. */
DeepsadBinding *
deepsad_features_binding(const DeepsadFeatures *features)
{
	return features->binding;
}

/* Number i of a row. */
static double
row_number(const DsadRows *row, uint32 i)
{
	float		narrow;
	double		wide;

	if (!row->single)
	{
		memcpy(&wide, (const char *) row->values + i * sizeof(wide), sizeof(wide));
		return wide;
	}
	memcpy(&narrow, (const char *) row->values + i * sizeof(narrow), sizeof(narrow));
	return narrow;
}

/* Whether no feature is infinite. */
bool
deepsad_features_finite(const DsadRows *row, uint32 count)
{
	bool		infinite = false;

	for (uint32 i = 0; i < count; i++)
		infinite |= isinf(row_number(row, i)) != 0;
	return !infinite;
}

/* Raises the error for a row that does not fit the model. */
void
deepsad_wrong_width(uint32 count, uint32 expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("row has %u features, the model was trained on %u", count, expected)));
}

/* Raises the error for a row with an infinite feature. */
void
deepsad_features_infinite(const DsadRows *row, uint32 count)
{
	uint32		i = 0;

	while (i + 1 < count && !isinf(row_number(row, i)))
		i++;
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("feature %u is infinite", i + 1),
			 errhint("Use NULL for a missing value.")));
}

/* How the label argument is read; any other type is an error. */
DeepsadLabelKind
deepsad_label_kind(FunctionCallInfo fcinfo, int argno)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, argno);
	Oid			base = OidIsValid(type) ? getBaseType(type) : InvalidOid;
	bool		maybe_options = base == JSONBOID || base == JSONOID || base == UNKNOWNOID;

	switch (base)
	{
		case BOOLOID:
			return DEEPSAD_LABEL_BOOLEAN;
		case INT2OID:
			return DEEPSAD_LABEL_INT2;
		case INT4OID:
			return DEEPSAD_LABEL_INT4;
		case INT8OID:
			return DEEPSAD_LABEL_INT8;
		case UNKNOWNOID:
			if (PG_ARGISNULL(argno))
				return DEEPSAD_LABEL_NONE;
			break;
		default:
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("label is of type %s, must be boolean or integer",
					OidIsValid(type) ? format_type_be(type) : "unknown"),
			 maybe_options ?
			 errhint("Options are the third argument: deepsad_train(features, label, options).") :
			 base == TEXTOID || base == VARCHAROID || base == BPCHAROID ?
			 errhint("Compare it: label = 'yes'. NULL of type text is written NULL::boolean.") :
			 errhint("true marks a known anomaly, false a known normal row, NULL an unlabelled one.")));
}

/* The label of this call, as the paper's number. */
int8
deepsad_label_read(DeepsadLabelKind kind, FunctionCallInfo fcinfo, int argno)
{
	int64		value;

	if (kind == DEEPSAD_LABEL_NONE || PG_ARGISNULL(argno))
		return DSAD_UNLABELLED;
	if (kind == DEEPSAD_LABEL_BOOLEAN)
		return PG_GETARG_BOOL(argno) ? DSAD_ANOMALY : DSAD_NORMAL;
	value = kind == DEEPSAD_LABEL_INT2 ? PG_GETARG_INT16(argno) :
		kind == DEEPSAD_LABEL_INT4 ? PG_GETARG_INT32(argno) : PG_GETARG_INT64(argno);
	if (value < -1 || value > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("integer label is %lld, must be -1, 0 or 1", (long long) value),
				 errhint("-1 marks a known anomaly, 1 a known normal row, 0 or NULL an unlabelled one; a boolean label reads more easily.")));
	return (int8) value;
}
