/*
 * test_encoder.c
 *	  Columns to features: each kind, gaps, unknown categories; models with an
 *	  encoder through training, bytes and scoring.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "core/model/encoder_codec.h"

#define DAY 86400e6

static DsadBytes
text(const char *s)
{
	return (DsadBytes) {s, (uint32_t) strlen(s)};
}

/* An encoder's bytes, in `room` of them; how many there are. */
static size_t
write_encoder(const DsadEncoder *encoder, uint8_t *bytes, size_t room)
{
	DsadModel	model = {.encoder = encoder};
	DsadWriter	w = {.bytes = bytes, .room = room};

	dsad_put_encoder(&w, &model);
	CHECK(w.failed == (w.length > room));
	return w.length;
}

/* The encoder that the bytes are, in arena. */
static DsadStatus
read_encoder(const DsadEncoder **encoder, DsadArena *arena, const uint8_t *bytes, size_t length, DsadError *error)
{
	DsadModel	model = {0};
	DsadWatch	watch = {arena->env, false};
	DsadReader	r = {bytes, length, false, &watch, DSAD_FORMAT, 0};
	DsadStatus	status = dsad_get_encoder(&r, &model, arena, error);

	*encoder = model.encoder;
	return status;
}

/* Through bytes. */
static DsadStatus
copy_encoder(const DsadEncoder **copy, DsadArena *arena, const DsadEncoder *encoder)
{
	size_t		length = write_encoder(encoder, NULL, 0);
	uint8_t    *bytes = malloc(length);
	DsadError	error;
	DsadStatus	status;

	CHECK(write_encoder(encoder, bytes, length) == length);
	status = read_encoder(copy, arena, bytes, length, &error);
	free(bytes);
	return status;
}

/* amount number with gaps, country DE FR "" UK, flag boolean, at timestamp, day date, clock time, place address, pair[2]. */
static void
make_encoder(DsadEncoder *encoder, DsadArena *arena)
{
	static const DsadColumnType type[] = {DSAD_TYPE_NUMBER, DSAD_TYPE_TEXT, DSAD_TYPE_BOOLEAN, DSAD_TYPE_TIMESTAMP,
										  DSAD_TYPE_DATE, DSAD_TYPE_TIME, DSAD_TYPE_ADDRESS, DSAD_TYPE_ARRAY};
	static const DsadEncoding encoding[] = {DSAD_ENCODING_NUMBER, DSAD_ENCODING_CATEGORY, DSAD_ENCODING_BOOLEAN, DSAD_ENCODING_TIME,
											DSAD_ENCODING_TIME, DSAD_ENCODING_TIME, DSAD_ENCODING_CATEGORY, DSAD_ENCODING_NUMBER};
	static const char *const name[] = {"amount", "country", "flag", "at", "day", "clock", "place", "pair"};
	static DsadBytes country[4];
	DsadError	error;

	memset(encoder, 0, sizeof(*encoder));
	encoder->columns = 8;
	encoder->column = dsad_arena_array(arena, 8, sizeof(DsadColumn));
	for (int c = 0; c < 8; c++)
	{
		DsadColumn *column = &encoder->column[c];

		column->name = text(name[c]);
		column->type_name = text("type");
		column->type = (uint8_t) type[c];
		column->encoding = (uint8_t) encoding[c];
		column->cells = type[c] == DSAD_TYPE_ARRAY ? 2 : 1;
		column->prefix = type[c] == DSAD_TYPE_ADDRESS ? 16 : 0;
		column->indicator = c < 2;
		if (encoding[c] == DSAD_ENCODING_TIME)
			column->time = (type[c] != DSAD_TYPE_DATE ? DSAD_TIME_CLOCK : 0) |
						   (type[c] != DSAD_TYPE_TIME ? DSAD_TIME_CALENDAR | DSAD_TIME_ITSELF : 0);
	}
	country[0] = text("DE");
	country[1] = text("FR");
	country[2] = text("");
	country[3] = text("a name of more than eight bytes");
	encoder->column[1].categories = 4;
	encoder->column[1].category = country;
	CHECK(dsad_encoder_finish(encoder, arena, &error) == DSAD_OK);
}

static void
test_units(const DsadEncoder *encoder)
{
	static const uint32_t units[] = {2, 6, 1, 5, 3, 2, 1, 2};
	double		cells[9] = {5, 1, 1, 0, DAY, DAY / 4, 0, 7, 8};
	double		unit[32];

	CHECK(encoder->cells == 9 && encoder->features == 22);
	for (int c = 0; c < 8; c++)
		CHECK(encoder->column[c].features == units[c]);
	CHECK(encoder->kind[0] == DSAD_FEATURE_NUMBER && encoder->kind[1] == DSAD_FEATURE_FLAG && encoder->kind[2] == DSAD_FEATURE_FLAG);
	CHECK(encoder->kind[9] == DSAD_FEATURE_BOUNDED && encoder->kind[13] == DSAD_FEATURE_NUMBER && encoder->feature_column[13] == 3);
	CHECK(encoder->kind[17] == DSAD_FEATURE_BOUNDED && encoder->kind[18] == DSAD_FEATURE_BOUNDED);

	dsad_encode(encoder, cells, unit);
	CHECK(unit[0] == 5 && unit[1] == 0);
	CHECK(unit[2] == 0 && unit[3] == 1 && unit[4] == 0 && unit[5] == 0 && unit[6] == 0 && unit[7] == 0);
	CHECK(unit[8] == 1);
	/* midnight, a Saturday */
	CHECK(unit[9] == 0 && unit[10] == 1 && unit[11] == 0 && unit[12] == 1 && unit[13] == 0);
	/* a Sunday */
	CHECK(fabs(unit[14] - sin(2 * M_PI / 7)) < 1e-14 && fabs(unit[15] - cos(2 * M_PI / 7)) < 1e-14 && unit[16] == 1);
	/* six in the morning */
	CHECK(unit[17] == 1 && fabs(unit[18]) < 1e-15);
	CHECK(unit[19] == 1 && unit[20] == 7 && unit[21] == 8);

	/* missing: NaN but for the indicator */
	for (int i = 0; i < 9; i++)
		cells[i] = NAN;
	dsad_encode(encoder, cells, unit);
	for (uint32_t i = 0; i < encoder->features; i++)
		CHECK(i == 1 || i == 7 ? unit[i] == 1 : isnan(unit[i]));

	/* any index beyond the categories is "other"; times far away are times */
	cells[1] = 99;
	cells[3] = -1e300;
	cells[4] = 1e300;
	dsad_encode(encoder, cells, unit);
	CHECK(unit[6] == 1 && unit[2] == 0 && unit[7] == 0);
	CHECK(fabs(unit[9]) <= 1 && fabs(unit[11]) <= 1 && isfinite(unit[13]) && isfinite(unit[16]));
	cells[1] = -3;
	dsad_encode(encoder, cells, unit);
	CHECK(unit[6] == 1);
}

/* The whole circle, beside the C library's. */
static void
test_circle(const DsadEncoder *encoder)
{
	double		cells[9] = {0};
	double		unit[32];

	for (int i = -20000; i < 20000; i++)
	{
		double		turn = i * 0.000731 - floor(i * 0.000731);

		cells[3] = i * 0.000731 * DAY;
		dsad_encode(encoder, cells, unit);
		CHECK(fabs(unit[9] - sin(2 * M_PI * turn)) < 1e-9 && fabs(unit[10] - cos(2 * M_PI * turn)) < 1e-9);
		CHECK(fabs(unit[9] * unit[9] + unit[10] * unit[10] - 1) < 1e-14);
	}
	/* the days of a week, before 2000 too */
	for (int day = -14; day < 14; day++)
	{
		cells[4] = day * DAY;
		dsad_encode(encoder, cells, unit);
		CHECK(fabs(unit[14] - sin(2 * M_PI * day / 7)) < 1e-14);
	}
}

static void
test_find(const DsadEncoder *encoder)
{
	const DsadColumn *country = &encoder->column[1];
	TestEnv		env;
	DsadArena	arena;
	DsadEncoder many;
	DsadColumn	column;
	DsadError	error;
	static char names[5000][12];

	CHECK(dsad_category_find(country, "DE", 2) == 0 && dsad_category_find(country, "FRx", 2) == 1);
	CHECK(dsad_category_find(country, "", 0) == 2 && dsad_category_find(country, "DEF", 3) == 4);
	CHECK(dsad_category_find(country, "a name of more than eight bytes", 31) == 3);
	CHECK(dsad_category_find(&encoder->column[6], "x", 1) == 0);

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	memset(&many, 0, sizeof(many));
	memset(&column, 0, sizeof(column));
	many.columns = 1;
	many.column = &column;
	column.type = DSAD_TYPE_TEXT;
	column.encoding = DSAD_ENCODING_CATEGORY;
	column.cells = 1;
	column.categories = 5000;
	column.category = calloc(5000, sizeof(DsadBytes));
	for (int i = 0; i < 5000; i++)
	{
		snprintf(names[i], sizeof(names[i]), "%d", i * 7);
		column.category[i] = text(names[i]);
	}
	column.category[4999] = column.category[17];
	CHECK(dsad_encoder_finish(&many, &arena, &error) == DSAD_CORRUPT);
	column.category[4999] = text(names[4999]);
	CHECK(dsad_encoder_finish(&many, &arena, &error) == DSAD_OK);
	for (uint32_t i = 0; i < 5000; i++)
		CHECK(dsad_category_find(&column, names[i], (uint32_t) strlen(names[i])) == i);
	CHECK(dsad_category_find(&column, "8", 1) == 5000);
	free(column.category);
	column.categories = DSAD_MAX_FEATURES;
	CHECK(dsad_encoder_finish(&many, &arena, &error) == DSAD_TOO_LARGE);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
}

/* What times become, each part by itself and together; what others are measured from may become nothing. */
static void
test_times(void)
{
	static const uint32_t features[] = {0, 1, 2, 3};
	DsadColumn	column[4];
	DsadLeftOut left[2] = {{text("id"), text("int4"), DSAD_LEFT_OUT_SERIAL, text("")},
						   {text("batch"), text("int4"), DSAD_LEFT_OUT_MOVES, text("id")}};
	DsadEncoder encoder = {.columns = 4, .column = column, .left_out = 2, .left = left};
	const DsadEncoder *copy;
	double		cells[4] = {3 * DAY, 5.5 * DAY, 1 * DAY, 2 * DAY};
	double		feature[6];
	TestEnv		env;
	DsadArena	arena;
	DsadError	error;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	memset(column, 0, sizeof(column));
	for (int c = 0; c < 4; c++)
	{
		column[c].name = (DsadBytes) {&"abcd"[c], 1};
		column[c].type_name = text("timestamp");
		column[c].type = c < 3 ? DSAD_TYPE_TIMESTAMP : DSAD_TYPE_DATE;
		column[c].encoding = DSAD_ENCODING_TIME;
		column[c].cells = 1;
	}
	column[1].time = DSAD_TIME_SINCE;
	column[2].time = DSAD_TIME_CLOCK;
	column[3].time = DSAD_TIME_CALENDAR | DSAD_TIME_SINCE;
	column[3].since = 1;
	CHECK(dsad_encoder_finish(&encoder, &arena, &error) == DSAD_OK);
	for (int c = 0; c < 4; c++)
		CHECK(encoder.column[c].features == features[c]);
	CHECK(encoder.kind[0] == DSAD_FEATURE_NUMBER && encoder.kind[1] == DSAD_FEATURE_BOUNDED && encoder.kind[5] == DSAD_FEATURE_NUMBER);
	dsad_encode(&encoder, cells, feature);
	CHECK(feature[0] == 2.5 && feature[1] == 0 && feature[2] == 1 && feature[5] == -3.5);
	cells[1] = NAN;
	dsad_encode(&encoder, cells, feature);
	CHECK(isnan(feature[0]) && feature[1] == 0 && !isnan(feature[3]) && isnan(feature[5]));
	CHECK(copy_encoder(&copy, &arena, &encoder) == DSAD_OK && copy->left_out == 2 && copy->left[1].reason == DSAD_LEFT_OUT_MOVES && copy->left[1].other.length == 2);
	left[1].reason = 200;
	CHECK(copy_encoder(&copy, &arena, &encoder) == DSAD_OK && copy->left[0].reason == DSAD_LEFT_OUT_SERIAL && copy->left[1].reason == DSAD_LEFT_OUT_OTHER);
	CHECK(copy->column[3].since == 1 && copy->column[3].time == column[3].time);
	/* nothing is measured from itself, nor from what is no instant */
	column[3].since = 3;
	CHECK(copy_encoder(&copy, &arena, &encoder) == DSAD_CORRUPT);
	column[3].since = 1;
	column[1].type = DSAD_TYPE_TIME;
	column[1].time = DSAD_TIME_CLOCK;
	CHECK(copy_encoder(&copy, &arena, &encoder) == DSAD_CORRUPT);
	/* an interval is days */
	column[1].type = DSAD_TYPE_INTERVAL;
	column[1].encoding = DSAD_ENCODING_NUMBER;
	column[1].time = 0;
	column[3].time = 0;
	column[3].since = 0;
	cells[1] = 1.5 * DAY;
	CHECK(dsad_encoder_finish(&encoder, &arena, &error) == DSAD_OK);
	dsad_encode(&encoder, cells, feature);
	CHECK(feature[0] == 1.5);
	/* nothing at all */
	column[1].type = DSAD_TYPE_TIMESTAMP;
	column[1].encoding = DSAD_ENCODING_TIME;
	column[2].time = 0;
	CHECK(dsad_encoder_finish(&encoder, &arena, &error) == DSAD_BAD_DATA);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
}

/* Rows that are arrays. */
static void
test_array(void)
{
	DsadEncoder encoder;
	TestEnv		env;
	DsadArena	arena;
	DsadError	error;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(dsad_encoder_of_array(&encoder, &arena, 7, &error) == DSAD_OK);
	CHECK(dsad_encoder_is_array(&encoder) && encoder.identity && encoder.numeric && encoder.features == 7);
	CHECK(dsad_encoder_of_array(&encoder, &arena, DSAD_MAX_FEATURES + 1, &error) == DSAD_TOO_LARGE);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
}

/* Categories whose hashes are all the same, as a forged model may have them: found, and in no time. */
static void
test_collisions(void)
{
	enum
	{
		COUNT = 60000
	};
	uint64_t(*word)[2] = malloc(COUNT * sizeof(*word));
	DsadColumn	column = {.type = DSAD_TYPE_TEXT, .encoding = DSAD_ENCODING_CATEGORY, .cells = 1, .categories = COUNT};
	DsadEncoder encoder = {.columns = 1, .column = &column};
	TestEnv		env;
	DsadArena	arena;
	DsadError	error;
	clock_t		start = clock();

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	column.category = malloc(COUNT * sizeof(DsadBytes));
	for (uint64_t i = 0; i < COUNT; i++)
	{
		/* the second word undoes what the first did to the hash (category_index.c, hash_bytes) */
		uint64_t	h = (16 ^ i) * UINT64_C(0x9fb21c651e98df25);

		word[i][0] = i;
		word[i][1] = h ^ h >> 35;
		column.category[i] = (DsadBytes) {(const char *) word[i], 16};
	}
	CHECK(dsad_encoder_finish(&encoder, &arena, &error) == DSAD_OK);
	CHECK(column.sorted != NULL);
	for (uint32_t i = 0; i < COUNT; i++)
		CHECK(dsad_category_find(&column, (const char *) word[i], 16) == i);
	CHECK(dsad_category_find(&column, "sixteen bytes ..", 16) == COUNT);
	CHECK((double) (clock() - start) / CLOCKS_PER_SEC < 2);
	word[COUNT - 1][0] = word[0][0];
	word[COUNT - 1][1] = word[0][1];
	CHECK(dsad_encoder_finish(&encoder, &arena, &error) == DSAD_CORRUPT);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
	free(column.category);
	free(word);
}

/* Bytes: the same again; cut or changed anywhere refused or the like of an encoder, never a crash. */
static void
test_bytes(const DsadEncoder *encoder)
{
	size_t		length = write_encoder(encoder, NULL, 0);	/* only counted */
	uint8_t    *bytes = malloc(length);
	uint8_t    *again = malloc(length);
	TestEnv		env;
	DsadArena	arena;
	const DsadEncoder *copy;
	DsadError	error;
	int			accepted = 0;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(write_encoder(encoder, bytes, length) == length);
	CHECK(read_encoder(&copy, &arena, bytes, length, &error) == DSAD_OK);
	CHECK(write_encoder(copy, again, length) == length && memcmp(bytes, again, length) == 0);
	CHECK(copy->signature.length == encoder->signature.length &&
		  memcmp(copy->signature.bytes, encoder->signature.bytes, copy->signature.length) == 0);
	test_units(copy);
	test_find(copy);
	for (size_t cut = 0; cut < length; cut++)
	{
		uint8_t    *piece = malloc(cut ? cut : 1);

		memcpy(piece, bytes, cut);
		CHECK(read_encoder(&copy, &arena, piece, cut, &error) == DSAD_CORRUPT);
		free(piece);
	}
	for (size_t i = 0; i < length; i++)
		for (int bit = 0; bit < 8; bit++)
		{
			bytes[i] ^= (uint8_t) (1 << bit);
			if (read_encoder(&copy, &arena, bytes, length, &error) == DSAD_OK)
			{
				double	   *cells = calloc(copy->cells, sizeof(double));
				double	   *units = calloc(copy->features, sizeof(double));

				dsad_encode(copy, cells, units);
				free(cells);
				free(units);
				accepted++;
			}
			bytes[i] ^= (uint8_t) (1 << bit);
		}
	CHECK(accepted > 0);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
	free(bytes);
	free(again);
}

/* Columns that no training gives: only an array has no name, and a picture no indicator. */
static void
test_forged(void)
{
	static const struct
	{
		DsadColumn	column;
		bool		good;
	} forged[] = {{{.type = DSAD_TYPE_ARRAY, .cells = 16}, true},
				  {{.type = DSAD_TYPE_ARRAY, .cells = 16, .shape = {1, 4, 4}}, true},
				  {{.type = DSAD_TYPE_ARRAY, .cells = 16, .shape = {1, 4, 4}, .indicator = 1}, false},
				  {{.type = DSAD_TYPE_NUMBER, .cells = 1}, false},
				  {{.type = DSAD_TYPE_TEXT, .encoding = DSAD_ENCODING_CATEGORY, .cells = 1}, false}};
	TestEnv		env;
	DsadArena	arena;
	DsadError	error;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++)
	{
		DsadColumn	column = forged[i].column;
		DsadEncoder encoder = {.columns = 1, .column = &column};
		const DsadEncoder *read;
		uint8_t		bytes[200];
		size_t		length;

		column.name.bytes = column.type_name.bytes = "";
		length = write_encoder(&encoder, bytes, sizeof(bytes));
		CHECK((read_encoder(&read, &arena, bytes, length, &error) == DSAD_OK) == forged[i].good);
	}
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
}

/* Rows of cells, read as features. */
typedef struct Source
{
	const DsadEncoder *encoder;
	uint32_t	count;
} Source;

static int
read_row(void *ctx, uint64_t row, double *features, int8_t *label)
{
	const Source *source = ctx;
	double		cells[9] = {(double) (row % 11), (double) (row % 6), row % 3 == 0, (double) row * 1e9, (double) (row % 9) * DAY,
							(double) (row % 24) * DAY / 24, 0, (double) (row % 5), row % 7 == 0 ? NAN : 1};

	if (row % 10 == 0)
		cells[0] = NAN;
	dsad_encode(source->encoder, cells, features);
	*label = row % 50 == 0 ? DSAD_ANOMALY : DSAD_UNLABELED;
	return 0;
}

static void
test_model(const DsadEncoder *encoder)
{
	DsadConfig	config = test_config(encoder->features);
	Source		source = {encoder, 300};
	DsadRowSource rows = {&source, 300, encoder->features, false, read_row, encoder, 6, 0, NULL};
	TestEnv		env;
	DsadArena	arena;
	DsadModel	model;
	DsadModel	read;
	DsadScorer *scorer;
	DsadError	error;
	uint8_t    *bytes;
	size_t		length;
	double		row[32];
	double		score[2];
	int8_t		label;

	config.scaling = DSAD_SCALING_STANDARD_ROBUST;
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(test_train(&model, &arena, &env.env, &config, &rows, &error) == DSAD_OK);
	/* amount, at, day, pair are numbers and have copies */
	CHECK(model.scaling.features == 22 && model.scaling.inputs == 22 + 5);
	CHECK(model.scaling.copied[0] == 0 && model.scaling.copied[1] == 13 && model.scaling.copied[2] == 16 && model.scaling.copied[3] == 20);
	/* 30 gaps in amount, and 43 in pair */
	CHECK(model.facts.missing == 30 + 43);
	/* place is always "other": a constant flag */
	CHECK(model.scaling.offset[19] == 1 && model.scaling.scale[19] == 10);
	bytes = test_encode(&model, &env, &length);
	CHECK(dsad_model_decode(&read, &arena, bytes, length, &error) == DSAD_OK);
	CHECK(read.encoder && read.encoder->columns == 8 && read.encoder->column[1].categories == 4);
	read_row(&source, 17, row, &label);
	for (int i = 0; i < 2; i++)
	{
		CHECK(dsad_scorer_create(&scorer, &arena, i == 0 ? &model : &read, dsad_kernel_best(), &error) == DSAD_OK);
		CHECK(dsad_scorer_encoder(scorer) != NULL && dsad_scorer_encoder(scorer)->features == 22);
		test_score(scorer, row, 1, &score[i]);
	}
	CHECK(memcmp(&score[0], &score[1], sizeof(score[0])) == 0 && score[0] > 0);
	for (size_t cut = 0; cut < length; cut++)
		CHECK(dsad_model_decode(&read, &arena, bytes, cut, &error) == (cut < 24 ? DSAD_NO_MODEL : DSAD_CORRUPT));
	free(bytes);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
}

int
main(void)
{
	TestEnv		env;
	DsadArena	arena;
	DsadEncoder encoder;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	make_encoder(&encoder, &arena);
	test_units(&encoder);
	test_circle(&encoder);
	test_find(&encoder);
	test_collisions();
	test_times();
	test_array();
	test_bytes(&encoder);
	test_forged();
	test_model(&encoder);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
	return check_report();
}
