/*
 * env.h
 *	  What the core needs from outside: memory, a poll, reports; statuses and errors.
 *	  Matrices are row-major everywhere.  All memory comes from the caller's DsadEnv, so a caller that
 *	  unwinds with longjmp loses nothing.
 */
#ifndef DSAD_ENV_H
#define DSAD_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum DsadStatus
{
	DSAD_OK = 0,
	DSAD_CANCELED,				/* poll asked to stop */
	DSAD_NO_MEMORY,				/* alloc returned NULL */
	DSAD_BAD_OPTION,			/* an option is out of range */
	DSAD_BAD_DATA,				/* the row source failed or gave nonsense */
	DSAD_NO_ELIGIBLE_ROWS,		/* every row is a known anomaly */
	DSAD_DIVERGED,				/* the loss became NaN or infinite */
	DSAD_TOO_LARGE,				/* more memory or work than is allowed */
	DSAD_NO_MODEL,				/* bytes do not begin like a model */
	DSAD_CORRUPT,				/* bytes are a damaged model */
	DSAD_NEWER_FORMAT,			/* bytes were made by a newer deepsad */
	DSAD_OLDER_FORMAT			/* bytes are of a format that is not read any more */
} DsadStatus;

/* What went wrong, for people: one line, and what to do about it ("" = none). */
typedef struct DsadError
{
	DsadStatus	status;
	char		message[256];
	char		hint[256];
} DsadError;

typedef enum DsadPhase
{
	DSAD_PHASE_SCALING,
	DSAD_PHASE_PRETRAINING,
	DSAD_PHASE_CENTER,
	DSAD_PHASE_TRAINING,
	DSAD_PHASE_NORMALIZING
} DsadPhase;

/* Where a member's training stands; reported now and then, and at the end of each epoch. */
typedef struct DsadProgress
{
	DsadPhase	phase;
	uint32_t	member;			/* from 0 */
	uint32_t	epoch;			/* from 0 */
	uint32_t	epochs;			/* of this phase, 0 = it has none */
	bool		epoch_ended;
	double		loss;			/* mean over the epoch's batches so far */
	uint64_t	rows;			/* visits to rows of this member, all phases together */
	uint64_t	rows_total;		/* how many there will be at most */
} DsadProgress;

/*
 * Everything the core needs from outside.  alloc may return NULL or not return
 * at all; resize gives what alloc gave, or nothing (NULL), another size, and fails like alloc;
 * poll returns nonzero to cancel (or does not return); report may be NULL, and gets
 * report_ctx; crc32c is the Castagnoli CRC of a whole buffer.
 */
typedef struct DsadEnv
{
	void	   *(*alloc) (void *ctx, size_t size);
	void	   *(*resize) (void *ctx, void *ptr, size_t size);
	void		(*release) (void *ctx, void *ptr);
	int			(*poll) (void *ctx);
	void		(*report) (void *report_ctx, const DsadProgress *progress);
	uint32_t	(*crc32c) (const void *data, size_t length);
	void	   *ctx;
	void	   *report_ctx;
} DsadEnv;

/* A bump allocator over an environment; freed as a whole. */
typedef struct DsadArenaBlock DsadArenaBlock;
typedef struct DsadArena
{
	const DsadEnv *env;
	DsadArenaBlock *blocks;
	size_t		used;			/* in the newest block */
	size_t		size;
	size_t		next_size;		/* of the block after it */
} DsadArena;

extern void dsad_arena_init(DsadArena *arena, const DsadEnv *env);
extern void *dsad_arena_alloc(DsadArena *arena, size_t size);
extern void *dsad_arena_array(DsadArena *arena, size_t count, size_t size);
extern void dsad_arena_release(DsadArena *arena);

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
 * Polling for code that has no status to return: once canceled it stays so, and
 * whoever started the work asks dsad_watch_status when it is done.
 */
typedef struct DsadWatch
{
	const DsadEnv *env;
	bool		canceled;
} DsadWatch;

/* Elements that a loop may handle between two polls: a few milliseconds of work. */
#define DSAD_POLL_ELEMENTS ((size_t) 1 << 20)

/* Multiply-adds that one call of a kernel may make: the same. */
#define DSAD_POLL_WORK ((size_t) 128 << 20)

static inline void
dsad_watch(DsadWatch *watch)
{
	if (!watch->canceled && watch->env->poll(watch->env->ctx) != 0)
		watch->canceled = true;
}

/* Rows of so much each, be it nothing, that make about one of the two budgets above; at least one. */
static inline size_t
dsad_poll_rows(size_t budget, size_t width)
{
	return budget / (width + 1) + 1;
}

/* For row loops: polls before row i when about DSAD_POLL_ELEMENTS have gone by. */
static inline void
dsad_watch_rows(DsadWatch *watch, size_t i, size_t width)
{
	if (i % dsad_poll_rows(DSAD_POLL_ELEMENTS, width) == 0)
		dsad_watch(watch);
}

extern DsadStatus dsad_watch_status(const DsadWatch *watch, DsadError *error);
extern DsadStatus dsad_fail(DsadError *error, DsadStatus status, const char *hint,
							const char *format, ...)
	__attribute__((format(printf, 4, 5)));
extern DsadStatus dsad_poll(const DsadEnv *env, DsadError *error);

/* The failure of an allocation; here, so that static analysis sees that it is never DSAD_OK. */
static inline DsadStatus
dsad_no_memory(DsadError *error)
{
	(void) dsad_fail(error, DSAD_NO_MEMORY, NULL, "out of memory");
	return DSAD_NO_MEMORY;
}

#endif
