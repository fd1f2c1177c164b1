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

/* Fails unless the current user has the right to call a function. */
static void
check_execute(Oid function)
{
	AclResult	result = deepsad_function_aclcheck(function, GetUserId(), ACL_EXECUTE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function));
}

/*
 * Prepares for the function that casts one type to another, if there is one that may be
 * called; it lives in context.
 */
bool
deepsad_cast_resolve(DeepsadCast *cast, Oid from, Oid to, MemoryContext context, DeepsadRefusal *why)
{
	Oid			function;

	if (find_coercion_pathway(to, from, COERCION_EXPLICIT, &function) != COERCION_PATH_FUNC ||
		!may_cast(function, from, to, why))
		return false;
	check_execute(function);
	fmgr_info_cxt(function, &cast->function, context);
	cast->from = from;
	cast->to = to;
	cast->user = GetUserId();
	return true;
}

/* Fails unless the current user may call a cast that another one could. */
static void
check_user(DeepsadCast *cast)
{
	DeepsadRefusal why = {"", ""};

	if (!may_cast(cast->function.fn_oid, cast->from, cast->to, &why))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("values of type %s cannot be cast to %s", format_type_be(cast->from), format_type_be(cast->to)),
				 why.detail[0] ? errdetail("%s", why.detail) : 0,
				 errhint("Cast them in the query: (...)::%s.", format_type_be(cast->to))));
	check_execute(cast->function.fn_oid);
	cast->user = GetUserId();
}

/*
 * Calls a cast function: it may also take typmod and explicitness.  NULL for a value that is not is an error.
 * A call site can outlive a change of the user, as in a function that is SECURITY DEFINER: then it is asked
 * anew whether the cast may be called.
 */
Datum
deepsad_call_cast(DeepsadCast *cast, Datum value)
{
	LOCAL_FCINFO(call, 3);
	Datum		result;

	if (unlikely(cast->user != GetUserId()))
		check_user(cast);
	InitFunctionCallInfoData(*call, &cast->function, cast->function.fn_nargs, InvalidOid, NULL, NULL);
	call->args[0] = (NullableDatum) {value, false};
	call->args[1] = (NullableDatum) {Int32GetDatum(-1), false};
	call->args[2] = (NullableDatum) {BoolGetDatum(true), false};
	result = FunctionCallInvoke(call);
	if (call->isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("cast function %s gives NULL for a value that is not", format_procedure(cast->function.fn_oid)),
				 errhint("Cast the value in the query: what is NULL there is missing.")));
	return result;
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
