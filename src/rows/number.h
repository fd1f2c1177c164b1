/*
 * number.h
 *	  How one number of an SQL type becomes a double.
 */
#ifndef DEEPSAD_NUMBER_H
#define DEEPSAD_NUMBER_H

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/fmgrprotos.h"

/* A cast that a query does not name. */
typedef struct DeepsadCast
{
	FmgrInfo	function;		/* fn_oid InvalidOid = none */
	Oid			from;
	Oid			to;
	Oid			user;			/* who may call it, as far as is known */
} DeepsadCast;

typedef struct DeepsadNumber
{
	Oid			type;			/* InvalidOid = none */
	DeepsadCast cast;			/* to float8, for types we do not read ourselves */
} DeepsadNumber;

/* Why values of a type are not read, and what a query should cast them to; "" = no more to say than that. */
typedef struct DeepsadRefusal
{
	const char *detail;
	const char *cast;
} DeepsadRefusal;

extern bool deepsad_cast_resolve(DeepsadCast *cast, Oid from, Oid to, MemoryContext context, DeepsadRefusal *why);
extern Datum deepsad_call_cast(DeepsadCast *cast, Datum value);
extern bool deepsad_number_resolve(DeepsadNumber *number, Oid type, MemoryContext context, DeepsadRefusal *why);

/* A number as double, beyond whose range it is infinite; does not look at NULLs. */
static inline double
deepsad_number_read(DeepsadNumber *number, Datum value)
{
	switch (number->type)
	{
		case UNKNOWNOID:
			return DatumGetFloat8(DirectFunctionCall1(float8in, value));
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		case INT8OID:
			return (double) DatumGetInt64(value);
		case FLOAT4OID:
			return DatumGetFloat4(value);
		case FLOAT8OID:
			return DatumGetFloat8(value);
		case NUMERICOID:
			return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));
		default:
			return DatumGetFloat8(deepsad_call_cast(&number->cast, value));
	}
}

#endif
