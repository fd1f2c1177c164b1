/*
 * module.c
 *	  The module itself: magic, start-up, and what this build is.
 */
#include "pg/pg_compat.h"

#include "utils/guc.h"

#include "core/dsad.h"
#include "pg/jsonb_build.h"
#include "pg/version_check.h"
#include "model/model_cache.h"

#ifndef DEEPSAD_VERSION
#error "DEEPSAD_VERSION comes from the control file through the Makefile"
#endif

PG_MODULE_MAGIC;

DEEPSAD_FUNCTION(deepsad_build_info);

extern PGDLLEXPORT void _PG_init(void);

/* Parameters only; must stay free of catalogs, shared memory and OpenBLAS (pg_upgrade, workers). */
void
_PG_init(void)
{
	deepsad_model_cache_init();
	MarkGUCPrefixReserved("deepsad");
}

/* deepsad_build_info() -> jsonb: library, version and kernel in use in this session */
Datum
deepsad_build_info(PG_FUNCTION_ARGS)
{
	DsadBlasInfo blas = dsad_blas_info();
	JsonbParseState *state = NULL;

	deepsad_check_versions();
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	deepsad_push_string(&state, "version", DEEPSAD_VERSION);
	deepsad_push_int(&state, "model_format", DSAD_FORMAT);
	deepsad_push_string(&state, "built_for", PG_VERSION_STR);
	deepsad_push_string(&state, "kernel", dsad_kernel_name(dsad_kernel_best()));
	deepsad_push_key(&state, "openblas");
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	deepsad_push_bool(&state, "in_use", blas.bound);
	if (blas.core[0])
	{
		deepsad_push_string(&state, "config", blas.config);
		deepsad_push_string(&state, "core", blas.core);
	}
	if (!blas.bound)
		deepsad_push_string(&state, "reason",
							blas.reason[0] ? blas.reason :
											 "loaded at the first training of a session, never for scoring");
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}
