/*
 * jsonb_build.c
 *	  One function for each kind of jsonb value; key NULL = an array element.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "pg/jsonb_build.h"

static void
push(JsonbParseState **state, const char *key, JsonbValue *value)
{
	if (key)
		deepsad_push_key(state, key);
	pushJsonbValue(state, key ? WJB_VALUE : WJB_ELEM, value);
}

void
deepsad_push_key(JsonbParseState **state, const char *key)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = pstrdup(key);
	value.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &value);
}

void
deepsad_push_int(JsonbParseState **state, const char *key, int64 number)
{
	JsonbValue	value;

	value.type = jbvNumeric;
	value.val.numeric = DatumGetNumeric(DirectFunctionCall1(int8_numeric, Int64GetDatum(number)));
	push(state, key, &value);
}

/* JSON has no NaN or infinity: null stands for them. */
void
deepsad_push_float(JsonbParseState **state, const char *key, double number)
{
	JsonbValue	value;

	value.type = jbvNull;
	if (isfinite(number))
	{
		/* through the shortest text, so that 0.001 does not become 0.00100000000000000002; no setting matters */
		char		text[DOUBLE_SHORTEST_DECIMAL_LEN];

		double_to_shortest_decimal_buf(number, text);

		value.type = jbvNumeric;
		value.val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
																ObjectIdGetDatum(InvalidOid),
																Int32GetDatum(-1)));
	}
	push(state, key, &value);
}

/*
 * To six significant digits: what exp() or log() made, whose last digits are not the same in every C library.
 */
void
deepsad_push_rounded(JsonbParseState **state, const char *key, double number)
{
	deepsad_push_float(state, key, isfinite(number) ? strtod(psprintf("%.6g", number), NULL) : number);
}

/* string NULL: null */
void
deepsad_push_string(JsonbParseState **state, const char *key, const char *string)
{
	JsonbValue	value;

	value.type = jbvNull;
	if (string != NULL)
	{
		value.type = jbvString;
		value.val.string.val = pstrdup(string);
		value.val.string.len = strlen(string);
	}
	push(state, key, &value);
}

void
deepsad_push_bool(JsonbParseState **state, const char *key, bool truth)
{
	JsonbValue	value;

	value.type = jbvBool;
	value.val.boolean = truth;
	push(state, key, &value);
}
