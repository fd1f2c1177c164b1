/*
 * pg_compat.h
 *	  The only place that knows how PostgreSQL versions differ; every file of
 *	  the PostgreSQL side includes it first.
 */
#ifndef DEEPSAD_PG_COMPAT_H
#define DEEPSAD_PG_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 130000
#error "deepsad requires PostgreSQL 13 or later"
#endif

#include <fcntl.h>

#include "fmgr.h"

/* We build with hidden symbols; before 16, PGDLLEXPORT is empty outside Windows. */
#if PG_VERSION_NUM < 160000 && defined(__GNUC__) && !defined(WIN32)
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* clang does not know the format by the name that a server built by gcc has for it. */
#ifdef __clang__
#undef PG_PRINTF_ATTRIBUTE
#define PG_PRINTF_ATTRIBUTE printf
#endif

/* The option of tuplesort_begin_* that allows a second read. */
#if PG_VERSION_NUM >= 150000
#define DEEPSAD_TUPLESORT_RANDOM_ACCESS TUPLESORT_RANDOMACCESS
#else
#define DEEPSAD_TUPLESORT_RANDOM_ACCESS true
#endif

/* The next datum of a sort: a copy, which is the caller's to give back, or valid until the one after it. */
#if PG_VERSION_NUM >= 160000
#define deepsad_sort_next(sort, value, null) tuplesort_getdatum(sort, true, false, value, null, NULL)
#define DEEPSAD_SORT_COPIES false
#else
#define deepsad_sort_next(sort, value, null) tuplesort_getdatum(sort, true, value, null, NULL)
#define DEEPSAD_SORT_COPIES true
#endif

/* This transaction's number, unique in the life of this session. */
#if PG_VERSION_NUM >= 170000
#define DEEPSAD_LOCAL_TRANSACTION (MyProc->vxid.lxid)
#else
#define DEEPSAD_LOCAL_TRANSACTION (MyProc->lxid)
#endif

#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(prefix) EmitWarningsOnPlaceholders(prefix)
#endif

/* Temporary files: shared file sets were renamed in 15, failures became errors in 14. */
#include "storage/buffile.h"
#include "storage/sharedfileset.h"

static inline void
deepsad_file_read(BufFile *file, void *data, size_t size)
{
#if PG_VERSION_NUM >= 160000
	BufFileReadExact(file, data, size);
#else
	size_t		got = BufFileRead(file, data, size);

	if (got != size)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from temporary file: read only %zu of %zu bytes", got, size)));
#endif
}

static inline void
deepsad_file_write(BufFile *file, void *data, size_t size)
{
#if PG_VERSION_NUM >= 140000
	BufFileWrite(file, data, size);
#else
	if (BufFileWrite(file, data, size) != size)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not write to temporary file")));
#endif
}

static inline BufFile *
deepsad_file_create(SharedFileSet *fileset, const char *name)
{
#if PG_VERSION_NUM >= 150000
	return BufFileCreateFileSet(&fileset->fs, name);
#else
	return BufFileCreateShared(fileset, name);
#endif
}

static inline void
deepsad_file_export(BufFile *file)
{
#if PG_VERSION_NUM >= 150000
	BufFileExportFileSet(file);
#else
	BufFileExportShared(file);
#endif
}

static inline BufFile *
deepsad_file_open(SharedFileSet *fileset, const char *name)
{
#if PG_VERSION_NUM >= 150000
	return BufFileOpenFileSet(&fileset->fs, name, O_RDONLY, false);
#elif PG_VERSION_NUM >= 140000
	return BufFileOpenShared(fileset, name, O_RDONLY);
#else
	return BufFileOpenShared(fileset, name);
#endif
}

/* The backend status array: other names and places before 14 and 16. */
#if PG_VERSION_NUM >= 140000
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/wait_event.h"
#else
#include "pgstat.h"
#define ROLE_PG_READ_ALL_STATS DEFAULT_ROLE_READ_ALL_STATS
#endif
#if PG_VERSION_NUM < 160000
#define pgstat_get_local_beentry_by_index(index) pgstat_fetch_stat_local_beentry(index)
#endif

/* Which command shows its progress in this backend's entry; 13 does not tell, so there only ours is known. */
#if PG_VERSION_NUM >= 140000
#define DEEPSAD_CURRENT_PROGRESS(ours, ours_is_shown) \
	(MyBEEntry ? MyBEEntry->st_progress_command : PROGRESS_COMMAND_VACUUM)
#else
#define DEEPSAD_CURRENT_PROGRESS(ours, ours_is_shown) ((ours_is_shown) ? (ours) : PROGRESS_COMMAND_INVALID)
#endif

/* Rights on functions. */
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_proc.h"
#define deepsad_function_aclcheck(function, role, mode) object_aclcheck(ProcedureRelationId, function, role, mode)
#else
#define deepsad_function_aclcheck(function, role, mode) pg_proc_aclcheck(function, role, mode)
#endif

/*
 * The body of an SQL function that returns an expression.  From 14 on it is kept
 * parsed, with what it needs on record, in dumps too; before, we record that.
 */
#include "catalog/dependency.h"
#include "catalog/pg_proc.h"
#include "utils/builtins.h"

static inline char *
deepsad_sql_body(const char *expression)
{
#if PG_VERSION_NUM >= 140000
	return psprintf("RETURN %s", expression);
#else
	return psprintf("AS %s", quote_literal_cstr(psprintf("SELECT %s", expression)));
#endif
}

static inline void
deepsad_record_sql_body(Oid function, Oid called)
{
#if PG_VERSION_NUM < 140000
	ObjectAddress from;
	ObjectAddress to;

	ObjectAddressSet(from, ProcedureRelationId, function);
	ObjectAddressSet(to, ProcedureRelationId, called);
	recordDependencyOn(&from, &to, DEPENDENCY_NORMAL);
#else
	(void) function;
	(void) called;
#endif
}

/* Intervals have been finite until 17. */
#include "datatype/timestamp.h"
#ifndef INTERVAL_NOT_FINITE
#define INTERVAL_NOT_FINITE(interval) false
#endif

/*
 * Converts one UTF-8 character to the server's encoding; false when that has no such character, and always before 14,
 * where it would be an error.
 */
#if PG_VERSION_NUM >= 140000
#include "mb/pg_wchar.h"
static inline bool
deepsad_convert_character(Oid conversion, const char *from, int length, char *to, int room)
{
	return OidIsValid(conversion) &&
		   pg_do_encoding_conversion_buf(conversion, PG_UTF8, GetDatabaseEncoding(), (unsigned char *) from, length,
										 (unsigned char *) to, room, true) == length;
}
#else
static inline bool
deepsad_convert_character(Oid conversion, const char *from, int length, char *to, int room)
{
	(void) conversion;
	(void) from;
	(void) length;
	(void) to;
	(void) room;
	return false;
}
#endif

/* Functions that do not return. */
#if PG_VERSION_NUM >= 180000
#define DEEPSAD_NORETURN pg_noreturn
#elif defined(__GNUC__)
#define DEEPSAD_NORETURN __attribute__((noreturn))
#else
#define DEEPSAD_NORETURN
#endif

/* PG_FUNCTION_INFO_V1 declares its function exported only from 16 on. */
#define DEEPSAD_FUNCTION(name) \
	extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(name)

#endif
