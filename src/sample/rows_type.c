/*
 * rows_type.c
 *	  Type deepsad_rows in and out: \x and hexadecimal digits as text, its bytes in binary.  What
 *	  comes in is looked at as a whole.
 */
#include "pg/pg_compat.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "sample/sample_state.h"

#define POLL_BYTES (1024 * 1024)

DEEPSAD_FUNCTION(deepsad_rows_in);
DEEPSAD_FUNCTION(deepsad_rows_out);
DEEPSAD_FUNCTION(deepsad_rows_recv);
DEEPSAD_FUNCTION(deepsad_rows_send);

/* Raises the error of a value that is no training set, or does nothing. */
static void
check_value(struct varlena *value)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "deepsad checking", ALLOCSET_DEFAULT_SIZES);
	DeepsadRows rows;

	deepsad_rows_open(&rows, PointerGetDatum(value), context);
	MemoryContextDelete(context);
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 :
																		-1;
}

Datum
deepsad_rows_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	Size		length = strlen(text);
	struct varlena *result = palloc(VARHDRSZ + length / 2);
	uint8	   *at = (uint8 *) VARDATA(result);
	bool		good = length >= 2 && length % 2 == 0 && text[0] == '\\' && text[1] == 'x';

	for (Size i = 2; i < length && good; i += 2)
	{
		int			high = digit(text[i]);
		int			low = digit(text[i + 1]);

		if (i % POLL_BYTES == 0)
			CHECK_FOR_INTERRUPTS();
		good = high >= 0 && low >= 0;
		*at++ = (uint8) ((uint32) high << 4 | (uint32) low);
	}
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", "deepsad_rows"),
				 errdetail("A training set is \\x and an even number of hexadecimal digits.")));
	SET_VARSIZE(result, (char *) at - (char *) result);
	check_value(result);
	PG_RETURN_POINTER(result);
}

Datum
deepsad_rows_out(PG_FUNCTION_ARGS)
{
	static const char digits[] = "0123456789abcdef";
	const struct varlena *value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	const uint8 *from = (const uint8 *) VARDATA_ANY(value);
	Size		length = VARSIZE_ANY_EXHDR(value);
	char	   *text = palloc(2 * length + 3);
	char	   *at = text;

	*at++ = '\\';
	*at++ = 'x';
	for (Size i = 0; i < length; i++)
	{
		if (i % POLL_BYTES == 0)
			CHECK_FOR_INTERRUPTS();
		*at++ = digits[from[i] >> 4];
		*at++ = digits[from[i] & 15];
	}
	*at = '\0';
	PG_RETURN_CSTRING(text);
}

Datum
deepsad_rows_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			length = buffer->len - buffer->cursor;
	struct varlena *result = palloc(VARHDRSZ + (Size) length);

	SET_VARSIZE(result, VARHDRSZ + length);
	pq_copymsgbytes(buffer, VARDATA(result), length);
	check_value(result);
	PG_RETURN_POINTER(result);
}

Datum
deepsad_rows_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(pg_detoast_datum_copy((struct varlena *) DatumGetPointer(PG_GETARG_DATUM(0))));
}
