/*
 * score_support.c
 *	  Tells the planner what a score or an explanation costs, so that cheap filters
 *	  run first and big scans go parallel, and how many rows an explanation has.
 */
#include "pg/pg_compat.h"

#include "access/detoast.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"

#include "model/model_bytes.h"

DEEPSAD_FUNCTION(deepsad_score_support);
DEEPSAD_FUNCTION(deepsad_explain_support);

/*
 * In units of cpu_operator_cost, measured (tests/bench/cost) with one and eight members, 4 to 32 features.  The
 * COSTs in the install script come from the same measurement.
 */
#define CALL_COST 10
#define BYTES_PER_OPERATOR 550	/* of a model, to score a row */
#define EXPLAIN_BYTES_PER_OPERATOR 5	/* of a model, to explain a row */
#define LOAD_BYTES_PER_OPERATOR 10	/* of a model, to make it ready once a statement */

#define MAX_DECODED (1024 * 1024)	/* bytes of a model that the planner may look into */

/* The model in a call's first argument, as it is stored; NULL when the planner cannot see it. */
static struct varlena *
visible_model(const Node *call)
{
	const Node *model;

	if (call == NULL || !IsA(call, FuncExpr) || ((const FuncExpr *) call)->args == NIL)
		return NULL;
	model = linitial(((const FuncExpr *) call)->args);
	if (!IsA(model, Const) || ((const Const *) model)->constisnull)
		return NULL;
	return (struct varlena *) DatumGetPointer(((const Const *) model)->constvalue);
}

/* What a call costs; false for models that the planner cannot see: the function's COST stands for them. */
static bool
find_cost(SupportRequestCost *cost, double bytes_per_operator)
{
	struct varlena *model = visible_model(cost->node);
	double		bytes;

	if (model == NULL)
		return false;
	bytes = (double) toast_raw_datum_size(PointerGetDatum(model)) - VARHDRSZ;
	cost->startup = bytes / LOAD_BYTES_PER_OPERATOR * cpu_operator_cost;
	cost->per_tuple = (CALL_COST + bytes / bytes_per_operator) * cpu_operator_cost;
	return true;
}

/* How many rows an explanation has: one for each column, or element of an array. */
static bool
find_rows(SupportRequestRows *rows)
{
	struct varlena *stored = visible_model(rows->node);
	MemoryContext context;
	DsadEnv		env;
	DsadArena	arena;
	DsadModel	model;
	bool		known;

	if (stored == NULL || toast_raw_datum_size(PointerGetDatum(stored)) > MAX_DECODED)
		return false;
	context = AllocSetContextCreate(CurrentMemoryContext, "deepsad planning", ALLOCSET_SMALL_SIZES);
	known = deepsad_model_try_decode(&model, &arena, &env, context, (bytea *) pg_detoast_datum_packed(stored));
	if (known)
		rows->rows = dsad_encoder_is_array(model.encoder) ? model.scaling.features : model.encoder->columns;
	MemoryContextDelete(context);
	return known;
}

/* deepsad_score_support(request) -> answer, or NULL for what we do not know */
Datum
deepsad_score_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestCost) && find_cost((SupportRequestCost *) request, BYTES_PER_OPERATOR))
		PG_RETURN_POINTER(request);
	PG_RETURN_POINTER(NULL);
}

/* deepsad_explain_support(request) -> answer, or NULL for what we do not know */
Datum
deepsad_explain_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestCost) && find_cost((SupportRequestCost *) request, EXPLAIN_BYTES_PER_OPERATOR))
		PG_RETURN_POINTER(request);
	if (IsA(request, SupportRequestRows) && find_rows((SupportRequestRows *) request))
		PG_RETURN_POINTER(request);
	PG_RETURN_POINTER(NULL);
}
