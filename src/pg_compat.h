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

#include "fmgr.h"

/* We build with hidden symbols; before 16, PGDLLEXPORT is empty outside Windows. */
#if PG_VERSION_NUM < 160000 && defined(__GNUC__) && !defined(WIN32)
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* The option of tuplesort_begin_* that allows a second read. */
#if PG_VERSION_NUM >= 150000
#define DSAD_TUPLESORT_RANDOM_ACCESS TUPLESORT_RANDOMACCESS
#else
#define DSAD_TUPLESORT_RANDOM_ACCESS true
#endif

/* This transaction's number, unique in the life of this session. */
#if PG_VERSION_NUM >= 170000
#define DSAD_LOCAL_TRANSACTION (MyProc->vxid.lxid)
#else
#define DSAD_LOCAL_TRANSACTION (MyProc->lxid)
#endif

#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(prefix) EmitWarningsOnPlaceholders(prefix)
#endif

/* PG_FUNCTION_INFO_V1 declares its function exported only from 16 on. */
#define DSAD_FUNCTION(name) \
	extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(name)

#endif
