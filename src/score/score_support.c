/*
 * score_support.c
 *	  Tells the planner what a score costs, so that cheap filters run first and
 *	  big scans go parallel.
 */
#include "pg/pg_compat.h"

#include "access/detoast.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"

DEEPSAD_FUNCTION(deepsad_score_support);

/*
 * In units of cpu_operator_cost, measured (tests/bench/score): a call itself
 * costs as much as some ten operators, and each 400 bytes of weights one more.
 */
#define CALL_COST 10
#define BYTES_PER_OPERATOR 400
#define LOAD_BYTES_PER_OPERATOR 40	/* making a model ready, once a statement */

/* deepsad_score_support(request) -> answer, or NULL for what we do not know */
Datum
deepsad_score_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	SupportRequestCost *cost;
	Node	   *model;
	Size		bytes;

	if (!IsA(request, SupportRequestCost))
		PG_RETURN_POINTER(NULL);
	cost = (SupportRequestCost *) request;
	if (cost->node == NULL || !IsA(cost->node, FuncExpr) || ((FuncExpr *) cost->node)->args == NIL)
		PG_RETURN_POINTER(NULL);
	model = linitial(((FuncExpr *) cost->node)->args);
	if (!IsA(model, Const) || ((Const *) model)->constisnull)
		PG_RETURN_POINTER(NULL);	/* procost stands for models we cannot see */
	bytes = toast_raw_datum_size(((Const *) model)->constvalue);
	cost->startup = (double) bytes / LOAD_BYTES_PER_OPERATOR * cpu_operator_cost;
	cost->per_tuple = (CALL_COST + (double) bytes / BYTES_PER_OPERATOR) * cpu_operator_cost;
	PG_RETURN_POINTER(cost);
}
