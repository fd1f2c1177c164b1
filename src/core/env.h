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

/*
 * Polling for code that has no status to return: once cancelled it stays so, and
 * whoever started the work asks dsad_watch_status when it is done.
 */
typedef struct DsadWatch
{
	const DsadEnv *env;
	bool		cancelled;
} DsadWatch;

/* Elements that a loop may handle between two polls: a few milliseconds of work. */
#define DSAD_POLL_ELEMENTS ((size_t) 1 << 20)

/* Multiply-adds that one call of a kernel may make: the same. */
#define DSAD_POLL_WORK ((size_t) 128 << 20)

static inline void
dsad_watch(DsadWatch *watch)
{
	if (!watch->cancelled && watch->env->poll(watch->env->ctx) != 0)
		watch->cancelled = true;
}

/* For row loops: polls before row i when about DSAD_POLL_ELEMENTS have gone by. */
static inline void
dsad_watch_rows(DsadWatch *watch, size_t i, size_t width)
{
	if (i % (DSAD_POLL_ELEMENTS / (width < DSAD_POLL_ELEMENTS ? width : DSAD_POLL_ELEMENTS)) == 0)
		dsad_watch(watch);
}

extern DsadStatus dsad_watch_status(const DsadWatch *watch, DsadError *error);
extern DsadStatus dsad_fail(DsadError *error, DsadStatus status, const char *hint,
							const char *format,...)
			__attribute__((format(printf, 4, 5)));
extern DsadStatus dsad_no_memory(DsadError *error);
extern DsadStatus dsad_poll(const DsadEnv *env, DsadError *error);

#endif
