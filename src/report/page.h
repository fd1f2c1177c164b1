/*
 * page.h
 *	  The frame of a report: head, style and foot.
 */
#ifndef DEEPSAD_PAGE_H
#define DEEPSAD_PAGE_H

#include "report/html.h"

extern void deepsad_page_begin(StringInfo page, const char *name);
extern void deepsad_page_end(StringInfo page);
extern void deepsad_page_tile(StringInfo page, const char *what, const char *value);
extern void deepsad_table_begin(StringInfo page, const char *first, ...);
extern void deepsad_table_end(StringInfo page);
extern void deepsad_cell_count(StringInfo page, uint64 count);
extern void deepsad_cell_number(StringInfo page, double number);
extern void deepsad_cell_percent(StringInfo page, double share);
extern void deepsad_page_rest(StringInfo page, uint64 left, const char *of_what);

/* What lists show at most, so that a page stays below a megabyte whatever the model is. */
#define DEEPSAD_PAGE_ROWS 200
#define DEEPSAD_PAGE_NAME 100	/* bytes of a name */
#define DEEPSAD_PAGE_VALUE 80	/* bytes of a value */

#endif
