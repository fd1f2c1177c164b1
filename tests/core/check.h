/*
 * check.h
 *	  What the core's test programs share: counted checks, an environment that
 *	  can fail on purpose, small data.
 */
#ifndef DSAD_CHECK_H
#define DSAD_CHECK_H

#include <stdio.h>

#include "core/dsad.h"

#define CHECK(condition) check_that((condition), __FILE__, __LINE__, #condition)

extern void check_that(bool condition, const char *file, int line, const char *text);
extern int	check_report(void);

/* A malloc environment; counts what is live, fails the n-th allocation or poll when asked. */
typedef struct TestEnv
{
	DsadEnv		env;
	long		live;			/* blocks not released */
	long		allocations;
	long		polls;
	long		fail_allocation;	/* 0 = never; 1 = the first */
	long		fail_poll;
	long		largest;		/* bytes of the largest allocation */
} TestEnv;

extern void test_env_init(TestEnv *env);
extern uint32_t test_crc32c(const void *data, size_t length);
extern uint8_t *test_encode(const DsadModel *model, const TestEnv *env, size_t *length);

/* Rows in one array, labels in another. */
typedef struct TestRows
{
	double	   *value;			/* (count, features) */
	int8_t	   *label;
	uint32_t	features;
} TestRows;

extern void test_count_labels(DsadRowSource *source);
extern DsadRowSource test_source(TestRows *rows, uint64_t count);
extern double test_uniform(uint64_t *state);
extern void test_normal_rows(TestRows *rows, uint32_t count, uint32_t features, uint64_t seed);
extern void test_free_rows(TestRows *rows);
extern DsadConfig test_config(uint32_t features);
extern void test_score(const DsadScorer *scorer, const double *rows, size_t count, double *scores);
extern void test_embed(const DsadScorer *scorer, const double *row, float *embedding);
extern DsadStatus test_train(DsadModel *model, DsadArena *arena, const DsadEnv *env, const DsadConfig *config,
							 const DsadRowSource *rows, DsadError *error);

#endif
