/*
 * number.c
 *	  Which SQL types are numbers, and how each becomes a double.
 */
#include "pg_compat.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "number.h"

/* Calls a cast function: it may also take typmod and explicitness. */
Datum
deepsad_call_cast(FmgrInfo *cast, Datum value)
{
	return cast->fn_nargs == 1 ? FunctionCall1(cast, value) :
		cast->fn_nargs == 2 ? FunctionCall2(cast, value, Int32GetDatum(-1)) :
		FunctionCall3(cast, value, Int32GetDatum(-1), BoolGetDatum(true));
}

/*
 * Whether a cast may be used that the query does not name: reading somebody's table
 * must not run his code with the reader's rights.
 */
bool
deepsad_may_cast(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return false;
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner == GetUserId() || superuser_arg(owner);
}

/* Looks a cast function up, with the caller's right to call it. */
void
deepsad_prepare_cast(FmgrInfo *cast, Oid function, MemoryContext context)
{
	AclResult	result = deepsad_function_aclcheck(function, GetUserId(), ACL_EXECUTE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function));
	fmgr_info_cxt(function, cast, context);
}

/* Whether type (not a domain) is a number, and if so how it is read. */
bool
deepsad_number_resolve(DeepsadNumber *number, Oid type, MemoryContext context)
{
	char		category;
	bool		preferred;
	Oid			function;

	number->type = type;
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return true;
		default:
			break;
	}
	get_type_category_preferred(type, &category, &preferred);
	if (category != TYPCATEGORY_NUMERIC ||
		find_coercion_pathway(FLOAT8OID, type, COERCION_EXPLICIT, &function) != COERCION_PATH_FUNC ||
		!deepsad_may_cast(function))
	{
		number->type = InvalidOid;
		return false;
	}
	deepsad_prepare_cast(&number->cast, function, context);
	return true;
}
