/*
 * core_env.h
 *	  The core's environment on top of PostgreSQL.
 */
#ifndef DEEPSAD_CORE_ENV_H
#define DEEPSAD_CORE_ENV_H

#include "core/dsad.h"

extern void deepsad_env_init(DsadEnv *env, MemoryContext context);
extern void deepsad_check(DsadStatus status, const DsadError *error);

#endif
