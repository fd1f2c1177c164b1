/*
 * jsonb_number.c
 *	  Numbers of jsonb as C has them.
 */
#include "pg/pg_compat.h"

#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "pg/jsonb_number.h"

/* Whether a value is a whole number, of any size. */
bool
deepsad_jsonb_is_integer(const JsonbValue *value)
{
	Datum		number;

	if (value->type != jbvNumeric)
		return false;
	number = NumericGetDatum(value->val.numeric);
	return DatumGetBool(DirectFunctionCall2(numeric_eq, number,
											DirectFunctionCall2(numeric_trunc, number, Int32GetDatum(0))));
}

static Datum
numeric_of(int64 number)
{
	return DirectFunctionCall1(int8_numeric, Int64GetDatum(number));
}

/* A number, rounded unless it is whole; false when it is beyond an int64. */
bool
deepsad_jsonb_int64(const JsonbValue *number, int64 *result)
{
	Datum		value = NumericGetDatum(number->val.numeric);

	if (DatumGetBool(DirectFunctionCall2(numeric_gt, value, numeric_of(PG_INT64_MAX))) ||
		DatumGetBool(DirectFunctionCall2(numeric_lt, value, numeric_of(PG_INT64_MIN))))
		return false;
	*result = DatumGetInt64(DirectFunctionCall1(numeric_int8, value));
	return true;
}

/* A number as the nearest double, infinity beyond them. */
double
deepsad_jsonb_double(const JsonbValue *number)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(number->val.numeric)));
}
