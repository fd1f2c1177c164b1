/*
 * env.h
 *	  Inside the core: size arithmetic that cannot wrap, polling, error texts.
 */
#ifndef DSAD_ENV_H
#define DSAD_ENV_H

#include "dsad.h"

/* Sets *product = a * b; false when it would not fit a size_t. */
static inline bool
dsad_mul_size(size_t a, size_t b, size_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

/* Sets *sum = a + b; false when it would not fit a size_t. */
static inline bool
dsad_add_size(size_t a, size_t b, size_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

extern DsadStatus dsad_fail(DsadError *error, DsadStatus status, const char *hint,
							const char *format,...)
			__attribute__((format(printf, 4, 5)));
extern DsadStatus dsad_no_memory(DsadError *error);
extern DsadStatus dsad_poll(const DsadEnv *env, DsadError *error);

#endif
