/*
 * value_reader.c
 *	  SQL values: which types can be read, and what their values are as a number, as
 *	  the bytes of a category; array_reader.c reads arrays.  The same in every database:
 *	  text is UTF-8 whatever the server's encoding, times are UTC, no setting counts.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "parser/parse_coerce.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/inet.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "rows/value_reader.h"

#define DAYS_PER_MONTH_OF_INTERVAL 30
#define ROOM_FOR_CHARACTER (4 * MAX_CONVERSION_GROWTH + 1)	/* of UTF-8, in any encoding */
#define EXACT_INTEGERS 9007199254740992.0	/* 2^53: smaller integers are exact as doubles */
#define BIGINTS 9223372036854775808.0	/* 2^63: smaller numbers fit a bigint */

/* Prepares for arrays of an element type; false when it is not a number. */
static bool
resolve_elements(DeepsadValueReader *reader, Oid element, DeepsadRefusal *why)
{
	if (!OidIsValid(element) || !deepsad_number_resolve(&reader->number, getBaseType(element), reader->context, why))
		return false;
	reader->type = DSAD_TYPE_ARRAY;
	get_typlenbyvalalign(element, &reader->element_length, &reader->element_by_value, &reader->element_align);
	return true;
}

/* Prepares for a type with a cast function to real[] or float8[] (pgvector's vector); false when there is none. */
static bool
resolve_array_cast(DeepsadValueReader *reader, Oid type, DeepsadRefusal *why)
{
	static const Oid target[][2] = {{FLOAT4ARRAYOID, FLOAT4OID}, {FLOAT8ARRAYOID, FLOAT8OID}};

	reader->layout = deepsad_pgvector_layout(type);
	for (int i = 0; i < (int) lengthof(target); i++)
		if (deepsad_cast_resolve(&reader->to_array, type, target[i][0], reader->context, why))
			return resolve_elements(reader, target[i][1], why);
	if (reader->layout == DEEPSAD_LAYOUT_SPARSEVEC)
	{
		why->detail = "A sparsevec holds only the numbers that are not 0; features are all of them.";
		why->cast = "vector";
	}
	return false;
}

/* Prepares for untyped literals that are arrays: '{1,2}'. */
void
deepsad_array_literal(DeepsadValueReader *reader, MemoryContext context)
{
	DeepsadRefusal why = {"", ""};

	memset(reader, 0, sizeof(*reader));
	reader->oid = UNKNOWNOID;
	reader->context = context;
	fmgr_info_cxt(F_ARRAY_IN, &reader->to_array.function, context);
	resolve_elements(reader, FLOAT8OID, &why);
}

/* What an enum's labels are depends on the catalog, which can change: its output function is STABLE for that reason. */
static bool
refuse_enum(DeepsadRefusal *why)
{
	why->detail = "A label of an enum can be renamed, and scores must not change.";
	why->cast = "text";
	return false;
}

/*
 * Whether values of this type can be read, and if so how; what that needs lives in
 * context.  If not, *why (both members set to "" by the caller) may say more.
 */
bool
deepsad_value_resolve(DeepsadValueReader *reader, Oid type, MemoryContext context, DeepsadRefusal *why)
{
	char		category;
	bool		preferred;

	memset(reader, 0, sizeof(*reader));
	reader->context = context;
	why->detail = why->cast = "";
	if (!OidIsValid(type))
		return false;
	type = reader->oid = getBaseType(type);
	switch (type)
	{
		case BOOLOID:
			reader->type = DSAD_TYPE_BOOLEAN;
			return true;
		case UNKNOWNOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
		case CHAROID:
		case UUIDOID:
			reader->type = DSAD_TYPE_TEXT;
			return true;
		case TIMESTAMPOID:
			reader->type = DSAD_TYPE_TIMESTAMP;
			return true;
		case TIMESTAMPTZOID:
			reader->type = DSAD_TYPE_TIMESTAMPTZ;
			return true;
		case DATEOID:
			reader->type = DSAD_TYPE_DATE;
			return true;
		case TIMEOID:
		case TIMETZOID:
			reader->type = DSAD_TYPE_TIME;
			return true;
		case INTERVALOID:
			reader->type = DSAD_TYPE_INTERVAL;
			return true;
		case INETOID:
		case CIDROID:
			reader->type = DSAD_TYPE_ADDRESS;
			return true;
		default:
			break;
	}
	if (deepsad_number_resolve(&reader->number, type, context, why))
	{
		reader->type = DSAD_TYPE_NUMBER;
		return true;
	}
	if (OidIsValid(get_element_type(type)))
		return resolve_elements(reader, get_element_type(type), why);
	get_type_category_preferred(type, &category, &preferred);
	if (category == TYPCATEGORY_ENUM)
		return refuse_enum(why);
	if (category == TYPCATEGORY_STRING && IsBinaryCoercible(type, TEXTOID))
	{
		reader->type = DSAD_TYPE_TEXT;
		reader->oid = TEXTOID;
		return true;
	}
	return resolve_array_cast(reader, type, why);
}

/* Whether reading may call a function that somebody wrote, which may do whatever SQL can. */
bool
deepsad_value_calls(const DeepsadValueReader *reader)
{
	return OidIsValid(reader->number.cast.function.fn_oid) ||
		   (reader->oid != UNKNOWNOID && OidIsValid(reader->to_array.function.fn_oid));
}

/* Whether values can be read as what a column expects; untyped literals become text or a number, as it expects. */
bool
deepsad_value_fits(DeepsadValueReader *reader, DsadColumnType expected)
{
	if (reader->oid == UNKNOWNOID && expected == DSAD_TYPE_NUMBER)
	{
		reader->type = expected;
		reader->number.type = UNKNOWNOID;
	}
	return reader->type == expected;
}

static double
finite_time(bool finite, double microseconds)
{
	return finite ? microseconds : NAN;
}

/* A number, boolean, time or interval as a number; an infinite time is NaN, missing. */
double
deepsad_value_number(DeepsadValueReader *reader, Datum datum)
{
	switch (reader->oid)
	{
		case BOOLOID:
			return DatumGetBool(datum);
		case UNKNOWNOID:
			return DatumGetFloat8(DirectFunctionCall1(float8in, datum));
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return finite_time(!TIMESTAMP_NOT_FINITE(DatumGetTimestamp(datum)), (double) DatumGetTimestamp(datum));
		case DATEOID:
			return finite_time(!DATE_NOT_FINITE(DatumGetDateADT(datum)),
							   (double) DatumGetDateADT(datum) * USECS_PER_DAY);
		case TIMEOID:
			return (double) DatumGetTimeADT(datum);
		case TIMETZOID:
		{
			const TimeTzADT *time = DatumGetTimeTzADTP(datum);
			int64		utc = (time->time + time->zone * USECS_PER_SEC) % USECS_PER_DAY;

			return (double) (utc < 0 ? utc + USECS_PER_DAY : utc);
		}
		case INTERVALOID:
		{
			const Interval *interval = DatumGetIntervalP(datum);

			return finite_time(!INTERVAL_NOT_FINITE(interval),
							   (double) interval->time + (double) interval->day * USECS_PER_DAY +
								   (double) interval->month * DAYS_PER_MONTH_OF_INTERVAL * USECS_PER_DAY);
		}
		default:
			return deepsad_number_read(&reader->number, datum);
	}
}

/* Text of the server's encoding as UTF-8; where it lies, if it is that already. */
DsadBytes
deepsad_utf8(const char *text, Size length)
{
	DsadBytes	bytes = {text, (uint32) length};

	if (GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII)
		return bytes;
	for (Size i = 0; i < length; i++)
		if (IS_HIGHBIT_SET(text[i]))
		{
			bytes.bytes = pg_server_to_any(text, (int) length, PG_UTF8);
			bytes.length = (uint32) strlen(bytes.bytes);
			break;
		}
	return bytes;
}

/*
 * UTF-8 from a model as text of this database.  A character that the database does not have, and bytes that are no
 * character, are shown by the numbers of their bytes.
 */
char *
deepsad_utf8_text(const DsadBytes *bytes)
{
	int			encoding = GetDatabaseEncoding();
	bool		valid = pg_verify_mbstr(PG_UTF8, bytes->bytes, (int) bytes->length, true);
	bool		plain = valid && (encoding == PG_UTF8 || encoding == PG_SQL_ASCII);
	Size		room = mul_size(plain ? 1 : ROOM_FOR_CHARACTER, (Size) bytes->length + 1);
	char	   *text = palloc_extended(room, MCXT_ALLOC_HUGE);
	char	   *at = text;
	Oid			conversion = InvalidOid;

	for (uint32 i = 0, length; i < bytes->length; i += length)
	{
		const char *from = bytes->bytes + i;

		length = valid ? (uint32) pg_utf_mblen((const unsigned char *) from) : 1;
		if (valid && !plain && length > 1 && !OidIsValid(conversion))
			conversion = FindDefaultConversionProc(PG_UTF8, encoding);
		if (*from != '\0' && (plain || !IS_HIGHBIT_SET(*from)))
		{
			memcpy(at, from, length);
			at += length;
		}
		else if (valid && deepsad_convert_character(conversion, from, (int) length, at, ROOM_FOR_CHARACTER))
			at += strlen(at);
		else
			for (uint32 b = 0; b < length; b++)
				at += sprintf(at, "\\x%02x", (unsigned char) from[b]);
	}
	*at = '\0';
	return text;
}

/* The network of an address as text, of that many bits for IPv4 and twice as many for IPv6. */
static uint32
network_text(const inet *address, uint8 prefix, char *text)
{
	unsigned char bytes[16] = {0};
	bool		v4 = ip_family(address) == PGSQL_AF_INET;
	int			bits = Min(v4 ? prefix : 2 * prefix, ip_bits(address));
	char	   *at = text;

	memcpy(bytes, ip_addr(address), v4 ? 4 : 16);
	for (int i = 0; i < 16; i++)
		bytes[i] &= (unsigned char) (bits >= 8 * (i + 1) ? 0xFF : bits <= 8 * i ? 0 :
																				  0xFF << (8 * (i + 1) - bits));
	if (v4)
		at += sprintf(at, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
	else
	{
		for (int i = 0; i < (bits + 15) / 16; i++)
			at += sprintf(at, "%x:", bytes[2 * i] << 8 | bytes[2 * i + 1]);
		at += sprintf(at, ":");
	}
	at += sprintf(at, "/%d", bits);
	return (uint32) (at - text);
}

/* An integer that a bigint can hold and whose nearest double is this: as the type has it, not as the double. */
static int64
exact_integer(const DeepsadValueReader *reader, Datum datum, double nearest)
{
	if (fabs(nearest) < EXACT_INTEGERS)
		return (int64) nearest;
	if (reader->oid == UNKNOWNOID)
		datum = DirectFunctionCall3(numeric_in, datum, ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	else if (reader->oid != NUMERICOID)
		return (int64) nearest;
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, datum));
}

/*
 * A number as the name of a category; 1, 1.0 and 1e0 are one, whatever their types.  Integers are exact as far as a
 * bigint goes; beyond, and between integers, numbers with one nearest double are one.
 */
static uint32
number_text(DeepsadValueReader *reader, Datum datum, char *text)
{
	double		number;

	if (reader->oid == INT8OID)
		return (uint32) sprintf(text, INT64_FORMAT, DatumGetInt64(datum));
	number = deepsad_number_read(&reader->number, datum) + 0.0;
	if (fabs(number) < BIGINTS && number == (double) (int64) number)
		return (uint32) sprintf(text, INT64_FORMAT, exact_integer(reader, datum, number));
	double_to_shortest_decimal_buf(number, text);
	return (uint32) strlen(text);
}

/* A varlena's bytes, where they lie unless they are compressed or out of line. */
static DsadBytes
varlena_bytes(Datum datum)
{
	const struct varlena *text = PG_DETOAST_DATUM_PACKED(datum);
	DsadBytes	bytes = {VARDATA_ANY(text), (uint32) VARSIZE_ANY_EXHDR(text)};

	return bytes;
}

static uint32
uuid_text(const pg_uuid_t *uuid, char *text)
{
	char	   *at = text;

	for (int i = 0; i < UUID_LEN; i++)
		at += sprintf(at, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid->data[i]);
	return (uint32) (at - text);
}

/*
 * The name, in UTF-8, of the category that a value is: where it lies, in buffer
 * (DEEPSAD_VALUE_TEXT bytes), or in the current context.
 */
DsadBytes
deepsad_value_category(DeepsadValueReader *reader, uint8 prefix, Datum datum, char *buffer)
{
	DsadBytes	bytes = {buffer, 0};

	switch (reader->oid)
	{
		case BOOLOID:
			bytes.bytes = DatumGetBool(datum) ? "true" : "false";
			bytes.length = (uint32) strlen(bytes.bytes);
			return bytes;
		case INETOID:
		case CIDROID:
			bytes.length = network_text(DatumGetInetPP(datum), prefix, buffer);
			return bytes;
		case UUIDOID:
			bytes.length = uuid_text(DatumGetUUIDP(datum), buffer);
			return bytes;
		case CHAROID:
			*buffer = DatumGetChar(datum);
			return deepsad_utf8(buffer, *buffer != '\0');
		case UNKNOWNOID:
			if (reader->type != DSAD_TYPE_NUMBER)
				return deepsad_utf8(DatumGetCString(datum), strlen(DatumGetCString(datum)));
			bytes.length = number_text(reader, datum, buffer);
			return bytes;
		case NAMEOID:
			return deepsad_utf8(NameStr(*DatumGetName(datum)), strlen(NameStr(*DatumGetName(datum))));
		case BPCHAROID:
			bytes = varlena_bytes(datum);
			while (bytes.length > 0 && bytes.bytes[bytes.length - 1] == ' ')
				bytes.length--;
			return deepsad_utf8(bytes.bytes, bytes.length);
		case TEXTOID:
		case VARCHAROID:
			bytes = varlena_bytes(datum);
			return deepsad_utf8(bytes.bytes, bytes.length);
		default:
			bytes.length = number_text(reader, datum, buffer);
			return bytes;
	}
}

/* A type's name for people, the same whatever search_path is. */
char *
deepsad_type_name(Oid type)
{
	HeapTuple	tuple;
	char	   *name;

	type = getBaseType(type);
	if (type < FirstNormalObjectId)
		return format_type_be(type);
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple))
		return format_type_be(type);
	name = pstrdup(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname));
	ReleaseSysCache(tuple);
	return name;
}
