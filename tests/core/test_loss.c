/*
 * test_loss.c
 *	  Trimming: which rows of a batch cost nothing.  The losses themselves are held
 *	  against PyTorch in test_parity.c and differentiated in test_gradients.c.
 */
#include <math.h>
#include <string.h>

#include "check.h"
#include "core/train/loss.h"

enum
{
	ROWS = 40,
	WIDTH = DSAD_LANES,
	FEATURES = 3
};

typedef struct Setup
{
	TestEnv		env;
	DsadArena	arena;
	DsadWatch	watch;
	DsadLoss	loss;
	float		center[WIDTH];
	float		z[ROWS * WIDTH];	/* row i at the distance i + 1, squared */
	float		zeros[ROWS * WIDTH];
	float		gradient[ROWS * WIDTH];
	int8_t		label[ROWS];
} Setup;

static void
setup(Setup *s)
{
	DsadError	error;

	memset(s, 0, sizeof(*s));
	test_env_init(&s->env);
	dsad_arena_init(&s->arena, &s->env.env);
	s->watch = (DsadWatch) {&s->env.env, false};
	CHECK(dsad_loss_alloc(&s->loss, &s->arena, FEATURES, ROWS, &error) == DSAD_OK);
	s->loss.kernel = dsad_kernel_best();
	s->loss.watch = &s->watch;
	s->loss.center = s->center;
	s->loss.eta = 2;
	for (int i = 0; i < ROWS; i++)
		s->z[i * WIDTH + i % FEATURES] = sqrtf((float) (i + 1));
}

/* Whether a row costs something, by its gradient. */
static bool
counts(const Setup *s, int row)
{
	bool		any = false;

	for (int j = 0; j < WIDTH; j++)
		any |= s->gradient[row * WIDTH + j] != 0;
	return any;
}

static double
reconstruct(Setup *s)
{
	float		y[ROWS * WIDTH];

	memcpy(y, s->z, sizeof(y));
	return dsad_loss_reconstruction(&s->loss, s->zeros, y, s->label, ROWS, FEATURES, DSAD_RECONSTRUCTION_LINEAR,
									s->gradient);
}

/* Distances 1 .. 36, and four rows far out: of those the unlabeled ones do not count. */
static void
test_far_rows(void)
{
	Setup		s;
	double		all;
	double		trimmed;

	setup(&s);
	for (int i = 36; i < ROWS; i++)
		s.z[i * WIDTH + i % FEATURES] = 100;
	s.label[0] = DSAD_ANOMALY;
	s.label[1] = DSAD_NORMAL;
	s.label[38] = DSAD_NORMAL;
	s.label[39] = DSAD_ANOMALY;
	all = dsad_loss_sad(&s.loss, s.z, s.label, ROWS, s.gradient);
	for (int i = 0; i < ROWS; i++)
		CHECK(counts(&s, i));
	s.loss.trim = 5;
	trimmed = dsad_loss_sad(&s.loss, s.z, s.label, ROWS, s.gradient);
	for (int i = 0; i < ROWS; i++)
		CHECK(counts(&s, i) == (i != 36 && i != 37));
	CHECK(fabs(all - trimmed - 2 * 10000.0 / ROWS) < 1e-3);

	/* in pretraining known anomalies cost nothing either, nor does the worst tenth of the 36 unlabeled rows */
	s.loss.trim = 0;
	s.loss.usual = 0;
	all = reconstruct(&s);
	CHECK(counts(&s, 0) && counts(&s, 36) && counts(&s, 39));
	s.loss.trim = 5;
	trimmed = reconstruct(&s);
	for (int i = 0; i < ROWS; i++)
		CHECK(counts(&s, i) == ((i > 0 && i < 34) || i == 38));
	CHECK(fabs(all - trimmed - (1 + 35 + 36 + 3 * 10000.0) / (ROWS * FEATURES)) < 1e-3);
	dsad_arena_release(&s.arena);
}

/* However small the factor, half of the unlabeled rows count; in pretraining nine in ten, whatever the factor. */
static void
test_most_rows_count(void)
{
	Setup		s;

	setup(&s);
	s.loss.trim = 1e-3;
	dsad_loss_sad(&s.loss, s.z, s.label, ROWS, s.gradient);
	for (int i = 0; i < ROWS; i++)
		CHECK(counts(&s, i) == (i < ROWS / 2));
	for (int trim = 0; trim < 2; trim++)
	{
		s.loss.trim = trim ? 1e3 : 1e-3;
		s.loss.usual = 0;
		reconstruct(&s);
		for (int i = 0; i < ROWS; i++)
			CHECK(counts(&s, i) == (i < ROWS * 9 / 10));
	}
	dsad_arena_release(&s.arena);
}

/*
 * Far rows that look like known anomalies do not count; far rows where few do look like them are ordinary ones, and
 * count.  The far rows are 36 and 37; the known anomalies are in the middle or farther out.
 */
static void
test_rows_alike(void)
{
	for (int beyond = 0; beyond < 2; beyond++)
	{
		Setup		s;

		setup(&s);
		for (int i = 36; i < ROWS; i++)
			s.z[i * WIDTH + i % FEATURES] = 100;
		for (int i = 0; i < 8; i++)
			s.label[i] = DSAD_ANOMALY;
		for (int i = 0; i < 8; i++)
			s.z[i * WIDTH + i % FEATURES] = beyond ? 1000 : 5;
		s.loss.trim = 5;
		s.loss.enough = 2;
		dsad_loss_sad(&s.loss, s.z, s.label, ROWS, s.gradient);
		for (int i = 8; i < ROWS; i++)
			CHECK(counts(&s, i) == (beyond || i < 36));
		dsad_arena_release(&s.arena);
	}
}

/* The limit moves slowly from batch to batch, and not at all with rows that are only looked at. */
static void
test_smoothing(void)
{
	Setup		s;
	double		median;

	setup(&s);
	s.loss.trim = 5;
	dsad_loss_sad(&s.loss, s.z, s.label, ROWS, s.gradient);
	median = s.loss.usual;
	CHECK(fabs(median - 20) < 1e-3);
	for (int i = 0; i < ROWS * WIDTH; i++)
		s.z[i] *= 10;
	s.loss.hold = true;
	dsad_loss_sad(&s.loss, s.z, s.label, ROWS, s.gradient);
	CHECK(s.loss.usual == median);
	s.loss.hold = false;
	dsad_loss_sad(&s.loss, s.z, s.label, ROWS, s.gradient);
	CHECK(s.loss.usual > median && s.loss.usual < 50 * median);
	/* nobody to learn from, and distances without end */
	memset(s.label, DSAD_NORMAL, sizeof(s.label));
	median = s.loss.usual;
	dsad_loss_sad(&s.loss, s.z, s.label, ROWS, s.gradient);
	CHECK(s.loss.usual == median);
	memset(s.label, DSAD_UNLABELED, sizeof(s.label));
	for (int i = 0; i < ROWS * WIDTH; i++)
		s.z[i] = INFINITY;
	dsad_loss_sad(&s.loss, s.z, s.label, ROWS, s.gradient);
	CHECK(s.loss.usual == median);
	dsad_arena_release(&s.arena);
}

int
main(void)
{
	test_far_rows();
	test_most_rows_count();
	test_rows_alike();
	test_smoothing();
	return check_report();
}
