/*
 * number.c
 *	  Which SQL types are numbers, and how each becomes a double; which casts may be
 *	  used that no query names.
 */
#include "pg/pg_compat.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "rows/number.h"

/* Calls a cast function: it may also take typmod and explicitness.  NULL for a value that is not is an error. */
Datum
deepsad_call_cast(FmgrInfo *cast, Datum value)
{
	LOCAL_FCINFO(call, 3);
	Datum		result;

	InitFunctionCallInfoData(*call, cast, cast->fn_nargs, InvalidOid, NULL, NULL);
	call->args[0] = (NullableDatum) {value, false};
	call->args[1] = (NullableDatum) {Int32GetDatum(-1), false};
	call->args[2] = (NullableDatum) {BoolGetDatum(true), false};
	result = FunctionCallInvoke(call);
	if (call->isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("cast function %s gives NULL for a value that is not", format_procedure(cast->fn_oid)),
				 errhint("Cast the value in the query: what is NULL there is missing.")));
	return result;
}

/*
 * Whether a cast function may be called that the query does not name: reading somebody's
 * table must not run his code with the reader's rights, and scoring is IMMUTABLE.
 */
static bool
may_cast(Oid function, Oid from, Oid to, DeepsadRefusal *why)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	bool		owner;
	bool		immutable;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	owner = form->proowner == GetUserId() || superuser_arg(form->proowner);
	immutable = form->provolatile == PROVOLATILE_IMMUTABLE;
	if (!owner)
		why->detail = psprintf("Its cast to %s is a function of role \"%s\", which is neither you nor a superuser.",
							   format_type_be(to), GetUserNameFromId(form->proowner, false));
	else if (!immutable)
		why->detail = psprintf("Its cast to %s is not an IMMUTABLE function: one row could have several scores.",
							   format_type_be(to));
	if (!owner || !immutable)
		why->cast = format_type_be(to);
	ReleaseSysCache(tuple);
	return owner && immutable;
}

/*
 * Prepares for the function that casts one type to another, if there is one that may be
 * called; it lives in context.
 */
bool
deepsad_cast_resolve(FmgrInfo *cast, Oid from, Oid to, MemoryContext context, DeepsadRefusal *why)
{
	Oid			function;
	AclResult	result;

	if (find_coercion_pathway(to, from, COERCION_EXPLICIT, &function) != COERCION_PATH_FUNC ||
		!may_cast(function, from, to, why))
		return false;
	result = deepsad_function_aclcheck(function, GetUserId(), ACL_EXECUTE);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function));
	fmgr_info_cxt(function, cast, context);
	return true;
}

/* Whether type (not a domain) is a number, and if so how it is read. */
bool
deepsad_number_resolve(DeepsadNumber *number, Oid type, MemoryContext context, DeepsadRefusal *why)
{
	char		category;
	bool		preferred;

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
	if (category == TYPCATEGORY_NUMERIC && deepsad_cast_resolve(&number->cast, type, FLOAT8OID, context, why))
		return true;
	number->type = InvalidOid;
	return false;
}
