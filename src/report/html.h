/*
 * html.h
 *	  Writing HTML: markup comes from format strings alone, values are escaped.
 */
#ifndef DEEPSAD_HTML_H
#define DEEPSAD_HTML_H

#include "lib/stringinfo.h"

extern void deepsad_html(StringInfo page, const char *format, ...) pg_attribute_printf(2, 3);
extern char *deepsad_grouped(long long number);
extern char *deepsad_percent(double share);
extern char *deepsad_clip(const char *text, int most);

#endif
