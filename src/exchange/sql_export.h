/*
 * sql_export.h
 *	  A model as plain SQL, whose values come from arguments or columns.
 */
#ifndef DEEPSAD_SQL_EXPORT_H
#define DEEPSAD_SQL_EXPORT_H

#include "exchange/sql_features.h"

/* What the SQL of a model reads and gives. */
typedef struct DeepsadSqlSource
{
	char	  **value;			/* for each of the model's columns, an expression */
	char	   *from;			/* " FROM ...", or nothing */
	char	   *carried;		/* columns of `from` that every row of the result has too, each with a comma */
	int			carries;
	bool		statements;		/* a function's body: values are arguments, nothing is carried */
	const char *prefix;			/* of the names that the SQL makes up */
	const char *score;			/* what the score is called */
} DeepsadSqlSource;

extern void deepsad_sql_check(const DsadModel *model, const DeepsadSqlSource *source);
extern void deepsad_sql_statements(StringInfo out, const DsadModel *model, const DeepsadSqlSource *source);
extern void deepsad_sql_query(StringInfo out, const DsadModel *model, const DeepsadSqlSource *source);

#endif
