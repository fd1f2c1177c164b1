/*
 * column_options.h
 *	  What the option "columns" says of each column.
 */
#ifndef DEEPSAD_COLUMN_OPTIONS_H
#define DEEPSAD_COLUMN_OPTIONS_H

#include "utils/jsonb.h"

#include "core/dsad.h"

typedef enum DeepsadAs
{
	DEEPSAD_AS_DEFAULT,
	DEEPSAD_AS_NUMBER,
	DEEPSAD_AS_BOOLEAN,
	DEEPSAD_AS_CATEGORY,
	DEEPSAD_AS_TIME,
	DEEPSAD_AS_SKIP				/* not a feature */
} DeepsadAs;

typedef struct DeepsadColumnOptions
{
	DeepsadAs	as;
	uint32		top;			/* categories that are kept at most */
	uint8		prefix;			/* of networks */
} DeepsadColumnOptions;

extern JsonbContainer *deepsad_columns_option(Jsonb *options);
extern DeepsadColumnOptions deepsad_column_options(JsonbContainer *columns, const char *name);
extern void deepsad_columns_check(JsonbContainer *columns, char *const *names, int count);

#endif
