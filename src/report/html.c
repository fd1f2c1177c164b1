/*
 * html.c
 *	  Writing HTML: markup comes from format strings alone, values are escaped.
 *
 * What is written is ASCII, whatever the encodings of server and client are: other characters
 * become numeric references (HTML Standard, section 13.1.4).  A page that psql writes to a
 * file is the same bytes under any client_encoding.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "mb/pg_wchar.h"

#include "report/html.h"

#define REPLACEMENT 0xFFFD		/* the character that stands for bytes that are none */
#define CONTROL_PICTURES 0x2400	/* U+2400 is the picture of U+0000, and so on */

/* Writes a character beyond ASCII, or a control character, as a reference. */
static void
put_reference(StringInfo page, pg_wchar c)
{
	/* characters that no document may hold, not even by reference */
	if ((c >= 0x7F && c <= 0x9F) || (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE)
		c = REPLACEMENT;
	appendStringInfo(page, "&#x%x;", c < ' ' ? CONTROL_PICTURES + c : c);
}

/* Writes one ASCII character. */
static void
put_ascii(StringInfo page, char c)
{
	switch (c)
	{
		case '&':
			appendStringInfoString(page, "&amp;");
			break;
		case '<':
			appendStringInfoString(page, "&lt;");
			break;
		case '>':
			appendStringInfoString(page, "&gt;");
			break;
		case '"':
			appendStringInfoString(page, "&quot;");
			break;
		case '\'':
			appendStringInfoString(page, "&#39;");
			break;
		default:
			if ((unsigned char) c < ' ' || c == 0x7F)
				put_reference(page, (pg_wchar) c);
			else
				appendStringInfoChar(page, c);
	}
}

/* Whether the database's text is UTF-8, or bytes that nobody vouches for. */
static bool
is_utf8(void)
{
	return GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII;
}

/* Writes a text of this database, escaped: it stays text in any place between tags. */
static void
put_text(StringInfo page, const char *text)
{
	const char *end = text + strlen(text);
	const char *at = text;

	while (at < end && !IS_HIGHBIT_SET(*at))
		put_ascii(page, *at++);
	if (at == end)
		return;
	if (!is_utf8())
	{
		at = pg_server_to_any(at, (int) (end - at), PG_UTF8);
		end = at + strlen(at);
	}
	while (at < end)
	{
		int			length = pg_utf_mblen((const unsigned char *) at);

		if (!IS_HIGHBIT_SET(*at))
			put_ascii(page, *at++);
		else if (length <= end - at && pg_utf8_islegal((const unsigned char *) at, length))
		{
			put_reference(page, utf8_to_unicode((const unsigned char *) at));
			at += length;
		}
		else
		{
			put_reference(page, REPLACEMENT);
			at++;
		}
	}
}

/* An integer with a comma before each three digits. */
char *
deepsad_grouped(long long number)
{
	char		digits[32];
	int			length = snprintf(digits, sizeof(digits), "%lld", number);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < length; i++)
	{
		if (i > (digits[0] == '-') && (length - i) % 3 == 0)
			appendStringInfoChar(&text, ',');
		appendStringInfoChar(&text, digits[i]);
	}
	return text.data;
}

/* Writes a number as people read it, with four digits; a dash when it is none. */
static void
put_number(StringInfo page, double number)
{
	double		size = fabs(number);

	if (isnan(number))
		appendStringInfoString(page, "&#8211;");
	else if (isinf(number))
		appendStringInfoString(page, number > 0 ? "&#8734;" : "&#8722;&#8734;");
	else if (size < 1e-300)
		appendStringInfoChar(page, '0');
	else if (size >= 1000 && size < 1e12)
		put_text(page, deepsad_grouped(llrint(number)));
	else
		appendStringInfo(page, "%.4g", number);
}

/* Writes a number with so many decimals, which must be finite in a drawing. */
static void
put_fixed(StringInfo page, int decimals, double number)
{
	if (!isfinite(number))
		number = 0;
	appendStringInfo(page, "%.*f", decimals, Max(Min(number, 1e15), -1e15));
}

/*
 * Writes format, which is markup.  Conversions: %s a text, escaped; %d and %u; %lld and %llu with commas;
 * %g a number as people read it; %.1f and the like, plain; %%.
 */
void
deepsad_html(StringInfo page, const char *format, ...)
{
	va_list		args;

	va_start(args, format);
	for (const char *at = format; *at; at++)
	{
		size_t		plain = strcspn(at, "%");

		appendBinaryStringInfo(page, at, (int) plain);
		at += plain;
		if (*at == '\0')
			break;
		switch (*++at)
		{
			case 's':
				put_text(page, va_arg(args, const char *));
				break;
			case 'd':
				appendStringInfo(page, "%d", va_arg(args, int));
				break;
			case 'u':
				appendStringInfo(page, "%u", va_arg(args, unsigned int));
				break;
			case 'l':
				put_text(page, deepsad_grouped(va_arg(args, long long)));
				at += 2;
				break;
			case 'g':
				put_number(page, va_arg(args, double));
				break;
			case '.':
				put_fixed(page, at[1] - '0', va_arg(args, double));
				at += 2;
				break;
			case '%':
				appendStringInfoChar(page, '%');
				break;
			default:
				elog(ERROR, "unknown conversion in a page's format");
		}
	}
	va_end(args);
}

/* A share as percent, for people; "-" when it is none. */
char *
deepsad_percent(double share)
{
	double		percent = share * 100;

	if (!isfinite(percent))
		return pstrdup("-");
	if (percent > 0 && percent < 0.01)
		return pstrdup("< 0.01 %");
	if (percent > 99.99 && percent < 100)
		return pstrdup("> 99.99 %");
	return psprintf(percent == 0 || fabs(percent) >= 99.995 ? "%.0f %%" : fabs(percent) < 1 ? "%.2f %%" :
																							  "%.1f %%",
					percent);
}

/* The text, or as much of it as `most` bytes hold, with dots. */
char *
deepsad_clip(const char *text, int most)
{
	size_t		length = strlen(text);

	if (length <= (size_t) most)
		return pstrdup(text);
	return psprintf("%.*s...", pg_mbcliplen(text, (int) Min(length, (size_t) most + MAX_MULTIBYTE_CHAR_LEN), most),
					text);
}
