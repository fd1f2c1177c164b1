/*
 * version_check.c
 *	  The library serves SQL objects of its own version and of earlier ones of its major version, so that an
 *	  upgraded package does not stop a database before ALTER EXTENSION; not those that are newer than itself,
 *	  which a session older than the upgrade would meet.
 */
#include "pg/pg_compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "core/version.h"
#include "pg/version_check.h"

#ifndef DEEPSAD_VERSION
#error "DEEPSAD_VERSION comes from the control file through the Makefile"
#endif

/* Whether the library served the SQL objects when last asked; functions have not changed since. */
static bool served = false;

/* SyscacheCallbackFunction: a function was made or replaced, as by ALTER EXTENSION. */
static void
functions_changed(Datum arg, int cache, uint32 hash)
{
	served = false;
}

/* The version of the extension in this database, NULL if there is none (functions made by hand). */
static char *
installed_version(void)
{
	Relation	relation = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *version = NULL;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("deepsad"));
	scan = systable_beginscan(relation, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(relation), &isnull);

		if (!isnull)
			version = TextDatumGetCString(value);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return version;
}

/*
 * An error when this library does not serve the version of the extension in this
 * database.  To be called where a statement begins to use us, not for each row;
 * looks once a session, and again after functions have changed.
 */
void
deepsad_check_versions(void)
{
	static bool registered = false;
	char	   *version;

	if (likely(served) || creating_extension)
		return;
	if (!registered)
	{
		CacheRegisterSyscacheCallback(PROCOID, functions_changed, (Datum) 0);
		registered = true;
	}
	version = installed_version();
	if (version && !dsad_version_serves(DEEPSAD_VERSION, version))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the library of deepsad is version %s, the extension in this database is version %s",
						DEEPSAD_VERSION, version),
				 errhint("After an upgrade, run ALTER EXTENSION deepsad UPDATE; "
						 "sessions that were connected before must connect anew.")));
	if (version)
		pfree(version);
	served = true;
}
