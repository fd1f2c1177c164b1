/*
 * test_groups.c
 *	  Rows that belong together: they are held out together, whatever their order.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/train/held_out.h"
#include "core/hash.h"
#include "core/train/groups.h"
#include "core/train/loader.h"
#include "core/train/split.h"

enum
{
	FEATURES = 3,
	ROWS = 3000
};

/* Rows, the group of each, and the order in which they come. */
typedef struct Grouped
{
	TestRows	rows;
	uint64_t	group[ROWS];
	uint32_t	order[ROWS];
	uint64_t	last;			/* group of the row that was read last */
} Grouped;

static int
read_grouped(void *ctx, uint64_t row, double *features, int8_t *label)
{
	Grouped    *g = ctx;
	uint32_t	at = g->order[row];

	memcpy(features, g->rows.value + (size_t) at * FEATURES, FEATURES * sizeof(double));
	*label = g->rows.label[at];
	g->last = g->group[at];
	return 0;
}

/* `count` rows in groups of `size`; at each end of a group `edge` rows resemble the neighbors'. */
static DsadRowSource
make(Grouped *g, uint32_t count, uint32_t size, uint32_t edge)
{
	DsadRowSource source = {.ctx = g, .count = count, .features = FEATURES, .read = read_grouped, .group = &g->last};

	test_normal_rows(&g->rows, ROWS, FEATURES, 1);
	for (uint32_t i = 0; i < ROWS; i++)
	{
		bool		at_edge = i % size < edge || i % size >= size - edge;

		g->rows.label[i] = (int8_t) (i % 10 == 0 ? DSAD_ANOMALY : i % 7 == 0 ? DSAD_NORMAL :
																			   DSAD_UNLABELED);
		g->group[i] = dsad_hash_end(i / size + 1) & ~DSAD_GROUP_EDGE;
		g->group[i] |= at_edge ? DSAD_GROUP_EDGE : 0;
		g->order[i] = i;
		if (i < count)
		{
			source.anomalies += g->rows.label[i] == DSAD_ANOMALY;
			source.normals += g->rows.label[i] == DSAD_NORMAL;
		}
	}
	return source;
}

/* Reverses the order in which rows come. */
static void
reverse(Grouped *g, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		g->order[i] = count - 1 - i;
}

/* Where each row went: its part, or beyond them its fold. */
static void
divide(uint8_t *went, const TestEnv *env, DsadConfig *config, Grouped *g, const DsadRowSource *source)
{
	DsadFacts	facts = {.rows = source->count, .anomalies = source->anomalies, .normals = source->normals};
	DsadEncoder encoder;
	DsadRowSource rows = *source;
	DsadGroups	groups;
	DsadArena	arena;
	DsadSplit	split;
	DsadError	error;
	uint64_t	count[DSAD_PARTS];
	uint64_t	got[DSAD_PARTS + 1] = {0};

	dsad_arena_init(&arena, &env->env);
	CHECK(dsad_encoder_of_array(&encoder, &arena, FEATURES, &error) == DSAD_OK);
	rows.encoder = &encoder;
	dsad_split_resolve(config, &facts);
	CHECK(dsad_groups_divide(&groups, &arena, &env->env, config, &facts, &rows, &error) == DSAD_OK);
	dsad_split_start(&split, config, &facts, FEATURES, &groups);
	dsad_split_counts(&split, count);
	for (uint32_t i = 0; i < source->count; i++)
	{
		double		row[FEATURES];
		int8_t		label;
		DsadPart	part;

		read_grouped(g, i, row, &label);
		part = dsad_split_next(&split, &rows, &label);
		got[part]++;
		CHECK(part != DSAD_PART_CALIBRATION || label != DSAD_ANOMALY);
		CHECK(dsad_label_alone(label) == g->rows.label[g->order[i]]);
		went[g->order[i]] = (uint8_t) (dsad_label_fold(label) > 0 ? DSAD_PARTS + dsad_label_fold(label) : part);
	}
	for (int part = 0; part < DSAD_PARTS; part++)
		CHECK(got[part] == count[part]);
	dsad_arena_release(&arena);
}

/* Groups are whole, of about the right number of rows, and the same in any order. */
static void
test_division(void)
{
	static const struct
	{
		uint32_t	rows;
		uint32_t	size;
		uint32_t	edge;
		double		validation;
		DsadCalibrationMethod method;
		DsadCalibrationMethod chosen;
		uint32_t	least;		/* rows of calibration, or in folds */
		uint32_t	most;
	} cases[] = {
		{3000, 10, 0, 0, DSAD_CALIBRATION_AUTO, DSAD_CALIBRATION_SPLIT, 900, 910},
		{3000, 1, 0, 0, DSAD_CALIBRATION_AUTO, DSAD_CALIBRATION_SPLIT, 500, 600},
		{3000, 50, 5, 0, DSAD_CALIBRATION_AUTO, DSAD_CALIBRATION_SPLIT, 720, 760},
		{3000, 10, 0, 0.3, DSAD_CALIBRATION_AUTO, DSAD_CALIBRATION_SPLIT, 620, 640},
		{3000, 1500, 0, 0, DSAD_CALIBRATION_AUTO, DSAD_CALIBRATION_SPLIT, 1350, 1350},
		{3000, 3000, 0, 0, DSAD_CALIBRATION_AUTO, DSAD_CALIBRATION_NONE, 0, 0},
		{400, 5, 0, 0, DSAD_CALIBRATION_AUTO, DSAD_CALIBRATION_CROSS, 360, 360},
		{400, 100, 0, 0, DSAD_CALIBRATION_AUTO, DSAD_CALIBRATION_SPLIT, 180, 180},
		{3000, 10, 0, 0, DSAD_CALIBRATION_CROSS, DSAD_CALIBRATION_CROSS, 2000, 2700},
		{3000, 10, 0, 0, DSAD_CALIBRATION_NONE, DSAD_CALIBRATION_NONE, 0, 0},
	};
	Grouped    *g = malloc(sizeof(Grouped));
	TestEnv		env;

	test_env_init(&env);
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
	{
		DsadRowSource source = make(g, cases[c].rows, cases[c].size, cases[c].edge);
		uint8_t		went[2][ROWS] = {{0}};
		uint32_t	out = 0;

		for (int turn = 0; turn < 2; turn++)
		{
			DsadConfig	config = test_config(FEATURES);

			config.calibration = cases[c].method;
			config.members = 8;
			config.validation = cases[c].validation;
			divide(went[turn], &env, &config, g, &source);
			CHECK(config.calibration == (int64_t) cases[c].chosen);
			reverse(g, cases[c].rows);
		}
		for (uint32_t i = 0; i < cases[c].rows; i++)
		{
			uint32_t	first = i / cases[c].size * cases[c].size;
			bool		known = g->rows.label[i] == DSAD_ANOMALY;

			while (g->rows.label[first] == DSAD_ANOMALY || g->group[first] & DSAD_GROUP_EDGE)
				first++;
			CHECK(went[0][i] == went[1][i]);
			CHECK((known && went[0][first] != DSAD_PART_VALIDATION) || (g->group[i] & DSAD_GROUP_EDGE) ||
				  went[0][i] == went[0][first]);
			CHECK(went[0][i] != DSAD_PART_NONE || (g->group[i] & DSAD_GROUP_EDGE));
			CHECK(!(g->group[i] & DSAD_GROUP_EDGE) || went[0][first] == DSAD_PART_TRAINING || known || went[0][i] == DSAD_PART_NONE);
			out += went[0][i] == DSAD_PART_CALIBRATION || went[0][i] > DSAD_PARTS;
		}
		CHECK(out >= cases[c].least && out <= cases[c].most);
		test_free_rows(&g->rows);
	}
	CHECK(env.live == 0);
	free(g);
}

/* The model is the same in any order of the rows, and another without groups. */
static void
test_model(void)
{
	Grouped    *g = malloc(sizeof(Grouped));
	DsadRowSource source = make(g, ROWS, 20, 2);
	uint8_t    *bytes[3];
	size_t		length[3];
	TestEnv		env;

	test_env_init(&env);
	for (int turn = 0; turn < 3; turn++)
	{
		DsadConfig	config = test_config(FEATURES);
		DsadArena	arena;
		DsadModel	model;
		DsadError	error;

		if (turn == 2)
			source.group = NULL;
		config.calibration = DSAD_CALIBRATION_AUTO;
		dsad_arena_init(&arena, &env.env);
		CHECK(test_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
		CHECK(model.calibration.rows >= (turn == 2 ? 180 : 350) && model.calibration.rows <= model.facts.calibration);
		bytes[turn] = test_encode(&model, &env, &length[turn]);
		dsad_arena_release(&arena);
		reverse(g, ROWS);
	}
	CHECK(length[0] == length[1] && memcmp(bytes[0], bytes[1], length[0]) == 0);
	CHECK(length[0] != length[2] || memcmp(bytes[0], bytes[2], length[0]) != 0);
	for (int turn = 0; turn < 3; turn++)
		free(bytes[turn]);
	test_free_rows(&g->rows);
	free(g);
	CHECK(env.live == 0);
}

int
main(void)
{
	test_division();
	test_model();
	return check_report();
}
