/*
 * label.c
 *	  Labels: true = known anomaly, false = known normal, NULL = unlabeled; integers
 *	  as in the paper.
 */
#include "pg/pg_compat.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "rows/label.h"

/* How labels of this type are read; is_null: the first of them is NULL.  Any other type is an error. */
DeepsadLabelKind
deepsad_label_kind(Oid type, bool is_null)
{
	Oid			base = OidIsValid(type) ? getBaseType(type) : InvalidOid;
	bool		is_text = base == TEXTOID || base == VARCHAROID || base == BPCHAROID;

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
			if (is_null)
				return DEEPSAD_LABEL_NONE;
			break;
		default:
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("label is of type %s, must be boolean or integer", OidIsValid(type) ? format_type_be(type) :
																						  "unknown"),
			 base == JSONBOID || base == JSONOID ?
				 errhint("Options come behind the label: deepsad_train(features, NULL, options).") :
			 base == UNKNOWNOID ?
				 errhint("Give a column, or a constant with its type: NULL::boolean. Options come behind it.") :
			 is_text ?
				 errhint("Compare it: label = 'yes'. NULL of type text is written NULL::boolean.") :
				 errhint("true marks a known anomaly, false a known normal row, NULL an unlabeled one.")));
}

/* A label as the paper's number. */
int8
deepsad_label_read(DeepsadLabelKind kind, const NullableDatum *label)
{
	int64		value;

	if (kind == DEEPSAD_LABEL_NONE || label->isnull)
		return DSAD_UNLABELED;
	if (kind == DEEPSAD_LABEL_BOOLEAN)
		return DatumGetBool(label->value) ? DSAD_ANOMALY : DSAD_NORMAL;
	value = kind == DEEPSAD_LABEL_INT2 ? DatumGetInt16(label->value) :
			kind == DEEPSAD_LABEL_INT4 ? DatumGetInt32(label->value) :
										 DatumGetInt64(label->value);
	if (value < -1 || value > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("integer label is %lld, must be -1, 0 or 1", (long long) value),
				 errhint("-1 marks a known anomaly, 1 a known normal row, 0 or NULL an unlabeled one; "
						 "a boolean label reads more easily.")));
	return (int8) value;
}
