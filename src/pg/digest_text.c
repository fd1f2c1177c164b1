/*
 * digest_text.c
 *	  Digests of training rows as people see them: 32 hexadecimal digits.
 */
#include "pg/pg_compat.h"

#include "pg/digest_text.h"

#define HALF_DIGITS 16			/* of each of the two numbers */

/* The digits, in the current context; NULL when the digest is not known. */
char *
deepsad_digest_text(const DsadDigest *digest)
{
	if (digest->rows == 0 && digest->labels == 0)
		return NULL;
	return psprintf("%08x%08x%08x%08x", (uint32) (digest->rows >> 32), (uint32) digest->rows,
					(uint32) (digest->labels >> 32), (uint32) digest->labels);
}

static bool
parse_half(uint64_t *half, const char *digits)
{
	*half = 0;
	for (int i = 0; i < HALF_DIGITS; i++)
	{
		char		c = digits[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		*half = *half << 4 | (uint64_t) (c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return true;
}

/* Reads such digits; whether they are. */
bool
deepsad_digest_parse(DsadDigest *digest, const char *text, Size length)
{
	return length == 2 * HALF_DIGITS && parse_half(&digest->rows, text) &&
		   parse_half(&digest->labels, text + HALF_DIGITS);
}
