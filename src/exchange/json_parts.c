/*
 * json_parts.c
 *	  Numbers, texts and names in JSON (RFC 8259): written with a stable form, read from
 *	  jsonb that nobody vouches for.
 *
 * Text is UTF-8 whatever the server's encoding.  What is no UTF-8, or has a zero byte,
 * which jsonb cannot hold, is written as {"hex": "..."}.
 */
#include "pg/pg_compat.h"

#include <ctype.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "exchange/json_parts.h"
#include "pg/jsonb_number.h"
#include "rows/value_reader.h"

/* Raises the error of a file that is no model. */
void
deepsad_file_invalid(const char *format, ...)
{
	char		what[256];
	DsadBytes	utf8 = {what, 0};
	va_list		args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	/* a name out of the file, which is UTF-8, may be cut in the middle of a character */
	utf8.length = (uint32) pg_encoding_mbcliplen(PG_UTF8, what, (int) strlen(what), sizeof(what) - 1);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid safetensors file: %s", deepsad_utf8_text(&utf8)),
			 errhint("A file is what deepsad_export_safetensors returned, or is made as doc/exchange.md says.")));
}

/* ---- writing ---- */

/* Text as a JSON string, or the digits of its bytes. */
void
deepsad_json_text(StringInfo out, DsadBytes text)
{
	/* a zero byte does not pass either */
	if (pg_verify_mbstr(PG_UTF8, text.bytes, (int) text.length, true))
	{
		escape_json(out, pnstrdup(text.bytes, text.length));
		return;
	}
	appendStringInfoString(out, "{\"hex\": \"");
	for (uint32 i = 0; i < text.length; i++)
		appendStringInfo(out, "%02x", (unsigned char) text.bytes[i]);
	appendStringInfoString(out, "\"}");
}

/* A string of our own; NULL: null. */
void
deepsad_json_string(StringInfo out, const char *string)
{
	if (string == NULL)
		appendStringInfoString(out, "null");
	else
		escape_json(out, string);
}

/* The shortest digits that are this number and no other; null when it is not finite. */
void
deepsad_json_double(StringInfo out, double number)
{
	char		text[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (!isfinite(number))
	{
		appendStringInfoString(out, "null");
		return;
	}
	double_to_shortest_decimal_buf(number, text);
	appendStringInfoString(out, text);
}

void
deepsad_json_bool(StringInfo out, bool truth)
{
	appendStringInfoString(out, truth ? "true" : "false");
}

/* A key of ours, with a comma before it unless it is the first of its object. */
void
deepsad_json_key(StringInfo out, const char *key)
{
	appendStringInfo(out, "%s\"%s\": ", out->len > 0 && out->data[out->len - 1] != '{' ? ", " : "", key);
}

/* ---- reading ---- */

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
																   -1;
}

/* The number that four hexadecimal digits are, with \u before them; -1 when they are not there. */
static int
escaped_unit(const char *at)
{
	int			unit = 0;

	if (at[0] != '\\' || at[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++)
	{
		if (!isxdigit((unsigned char) at[i]))
			return -1;
		unit = unit * 16 + hex_digit((char) tolower((unsigned char) at[i]));
	}
	return unit;
}

/* JSON whose characters beyond ASCII are UTF-8, none a \u: jsonb would make those of the server's encoding. */
static char *
without_escapes(const char *at)
{
	StringInfoData text;

	initStringInfo(&text);
	while (*at != '\0')
	{
		int			first = escaped_unit(at);
		int			second = first >= 0xd800 && first < 0xdc00 ? escaped_unit(at + 6) : -1;
		bool		pair = second >= 0xdc00 && second < 0xe000;
		unsigned char bytes[8] = {0};

		if (pair)
			unicode_to_utf8(0x10000 + ((pg_wchar) (first - 0xd800) << 10) + (pg_wchar) (second - 0xdc00), bytes);
		else if (first >= 0x80 && (first < 0xd800 || first >= 0xe000))
			unicode_to_utf8((pg_wchar) first, bytes);
		if (bytes[0] != 0)
		{
			appendStringInfoString(&text, (char *) bytes);
			at += pair ? 12 : 6;
			continue;
		}
		appendStringInfoChar(&text, *at);
		/* what is escaped begins nothing itself */
		if (*at++ == '\\' && *at != '\0')
			appendStringInfoChar(&text, *at++);
	}
	return text.data;
}

/* JSON as jsonb, its texts UTF-8 whatever the server's encoding; that it is none is an error of the server's. */
Jsonb *
deepsad_json_parse(const char *text)
{
	if (GetDatabaseEncoding() != PG_UTF8)
		text = without_escapes(text);
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* The object, or array, that a value is. */
JsonbContainer *
deepsad_json_container(const JsonbValue *value, bool array, const char *what)
{
	if (value == NULL || value->type != jbvBinary ||
		(array ? !JsonContainerIsArray(value->val.binary.data) || JsonContainerIsScalar(value->val.binary.data) :
				 !JsonContainerIsObject(value->val.binary.data)))
		deepsad_file_invalid("\"%s\" is no %s", what, array ? "array" : "object");
	return value->val.binary.data;
}

/* The value of a key; NULL when there is none. */
JsonbValue *
deepsad_json_find(JsonbContainer *object, const char *key)
{
	JsonbValue	wanted;

	wanted.type = jbvString;
	wanted.val.string.val = (char *) key;
	wanted.val.string.len = (int) strlen(key);
	return findJsonbValueFromContainer(object, JB_FOBJECT, &wanted);
}

/* The bytes that hexadecimal digits stand for. */
static DsadBytes
read_hex(const JsonbValue *value, const char *what)
{
	uint32		length = value->type == jbvString ? (uint32) value->val.string.len / 2 : 0;
	char	   *bytes = palloc(length + 1);

	if (value->type != jbvString || value->val.string.len % 2 != 0)
		deepsad_file_invalid("\"%s\" is no text", what);
	for (uint32 i = 0; i < length; i++)
	{
		int			high = hex_digit(value->val.string.val[2 * i]);
		int			low = hex_digit(value->val.string.val[2 * i + 1]);

		if (high < 0 || low < 0)
			deepsad_file_invalid("\"%s\" is no text", what);
		bytes[i] = (char) (high << 4 | low);
	}
	return (DsadBytes) {bytes, length};
}

/* A text of at most `most` bytes. */
DsadBytes
deepsad_json_read_text(const JsonbValue *value, uint32 most, const char *what)
{
	DsadBytes	text = {"", 0};

	if (value != NULL && value->type == jbvString)
		text = (DsadBytes) {value->val.string.val, (uint32) value->val.string.len};
	else if (value != NULL && value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data))
	{
		const JsonbValue *hex = deepsad_json_find(value->val.binary.data, "hex");

		if (hex == NULL)
			deepsad_file_invalid("\"%s\" is no text", what);
		text = read_hex(hex, what);
	}
	else
		deepsad_file_invalid("\"%s\" is no text", what);
	if (text.length > most)
		deepsad_file_invalid("\"%s\" has %u bytes, the limit is %u", what, text.length, most);
	return text;
}

/* The text of a key; an empty one when there is none. */
DsadBytes
deepsad_json_get_text(JsonbContainer *object, const char *key, uint32 most)
{
	const JsonbValue *value = deepsad_json_find(object, key);

	return value == NULL ? (DsadBytes) {"", 0} : deepsad_json_read_text(value, most, key);
}

/* A whole number within bounds. */
int64
deepsad_json_read_int(const JsonbValue *value, int64 least, int64 most, const char *what)
{
	int64		number;

	if (value == NULL || value->type != jbvNumeric)
		deepsad_file_invalid("\"%s\" is no number", what);
	if (!deepsad_jsonb_int64(value, &number))
		deepsad_file_invalid("\"%s\" is out of range", what);
	if (!deepsad_jsonb_is_integer(value))
		deepsad_file_invalid("\"%s\" is no whole number", what);
	if (number < least || number > most)
		deepsad_file_invalid("\"%s\" is %lld, must be from %lld to %lld", what, (long long) number, (long long) least,
							 (long long) most);
	return number;
}

/* The whole number of a key; `absent` when there is none. */
int64
deepsad_json_get_int(JsonbContainer *object, const char *key, int64 least, int64 most, int64 absent)
{
	const JsonbValue *value = deepsad_json_find(object, key);

	return value == NULL ? absent : deepsad_json_read_int(value, least, most, key);
}

/* Whether a key is true, or 1; false when there is none. */
bool
deepsad_json_get_bool(JsonbContainer *object, const char *key)
{
	const JsonbValue *value = deepsad_json_find(object, key);

	if (value == NULL || value->type == jbvBool)
		return value != NULL && value->val.boolean;
	if (value->type != jbvNumeric)
		deepsad_file_invalid("\"%s\" is neither true nor false", key);
	return deepsad_json_read_int(value, 0, 1, key) != 0;
}

/* The number of a key; `absent` when there is none, or null. */
double
deepsad_json_get_double(JsonbContainer *object, const char *key, double absent)
{
	const JsonbValue *value = deepsad_json_find(object, key);

	if (value == NULL || value->type == jbvNull)
		return absent;
	if (value->type != jbvNumeric)
		deepsad_file_invalid("\"%s\" is no number", key);
	return deepsad_jsonb_double(value);
}

/* Which of the names the text of a key is; the first when there is none. */
int
deepsad_json_get_name(JsonbContainer *object, const char *key, const char *const *names, int count)
{
	const JsonbValue *value = deepsad_json_find(object, key);
	DsadBytes	text;

	if (value == NULL)
		return 0;
	text = deepsad_json_read_text(value, 64, key);
	for (int i = 0; i < count; i++)
		if (strlen(names[i]) == text.length && memcmp(names[i], text.bytes, text.length) == 0)
			return i;
	deepsad_file_invalid("\"%s\" is \"%.*s\", which is not known", key, (int) text.length, text.bytes);
}
