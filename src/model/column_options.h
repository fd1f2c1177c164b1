/*
 * column_options.h
 *	  What the option "columns" says of each column.
 */
#ifndef DEEPSAD_COLUMN_OPTIONS_H
#define DEEPSAD_COLUMN_OPTIONS_H

#include "utils/jsonb.h"

#include "core/dsad.h"

/* What a column is to become: any of the encodings, or nothing. */
#define DEEPSAD_AS_NUMBER 1
#define DEEPSAD_AS_BOOLEAN 2
#define DEEPSAD_AS_CATEGORY 4
#define DEEPSAD_AS_TIME 8
#define DEEPSAD_AS_SKIP 16

typedef struct DeepsadColumnOptions
{
	uint8		as;				/* 0 = not said; time and number may stand together */
	uint32		top;			/* categories that are kept at most */
	uint8		prefix;			/* of networks */
	bool		says_top;		/* whether somebody gave it */
	bool		says_prefix;
} DeepsadColumnOptions;

/* The option "group_by": the columns whose values, together, say which rows belong together. */
typedef struct DeepsadGroupBy
{
	int			count;			/* 0 = not given */
	char	  **name;
} DeepsadGroupBy;

extern DeepsadGroupBy deepsad_group_by_option(Jsonb *options);
extern bool deepsad_groups_by(const DeepsadGroupBy *group_by, const char *name);
extern JsonbContainer *deepsad_columns_option(Jsonb *options);
extern DeepsadColumnOptions deepsad_column_options(JsonbContainer *columns, const char *name);
extern void deepsad_columns_validate(JsonbContainer *columns);
extern void deepsad_columns_check(JsonbContainer *columns, char *const *names, int count);
extern const char *deepsad_column_as(uint8 as);
extern char *deepsad_column_example(const char *name, const char *as);

#endif
