/*
 * aggregate_call.c
 *	  What functions of aggregates must not be called without.
 */
#include "pg/pg_compat.h"

#include "utils/lsyscache.h"

#include "pg/aggregate_call.h"

/* The memory that lives as long as the group of the aggregate that calls; an error when none does. */
MemoryContext
deepsad_aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function %s is called outside an aggregate", get_func_name(fcinfo->flinfo->fn_oid))));
	return context;
}
