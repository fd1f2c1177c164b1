/*
 * set_result.c
 *	  Functions that return a materialized set of rows.
 */
#include "pg/pg_compat.h"

#include "funcapi.h"
#include "miscadmin.h"

#include "pg/set_result.h"

/*
 * The store that takes the rows of this call's result, and what they look like;
 * beyond work_mem it goes to disk.  The function then returns (Datum) 0.
 */
Tuplestorestate *
deepsad_set_begin(FunctionCallInfo fcinfo, TupleDesc *desc)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;
	TupleDesc	type;

	if (result == NULL || !IsA(result, ReturnSetInfo) || !(result->allowedModes & SFRM_Materialize))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	if (get_call_result_type(fcinfo, NULL, &type) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("columns of the result are not known"),
				 errhint("Call the function in FROM, with a value of a named row type: NULL::t.")));
	/* only what the executor frees after each call may lie in the query's context */
	old = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	*desc = BlessTupleDesc(CreateTupleDescCopy(type));
	result->setDesc = *desc;
	result->setResult = tuplestore_begin_heap((result->allowedModes & SFRM_Materialize_Random) != 0,
											  false, work_mem);
	result->returnMode = SFRM_Materialize;
	MemoryContextSwitchTo(old);
	return result->setResult;
}
