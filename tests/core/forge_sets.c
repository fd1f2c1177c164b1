/*
 * forge_sets.c
 *	  Training sets that nobody collected: well-formed as bytes, with columns of all types, numbers that
 *	  their types cannot hold, text that is none, counts without bounds.
 *
 *	forge_sets --hex N [SEED]		prints N of them, a line of hexadecimal digits each
 *	forge_sets --write DIRECTORY	makes the corpus of fuzz_sample
 */
#include <math.h>
#include <stdio.h>

#include "sample_check.h"

#define MAX_COLUMNS 5
#define MAX_CONTENT 4096

static void
require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static uint32_t
below(uint64_t *state, uint32_t bound)
{
	return (uint32_t) (test_uniform(state) * bound);
}

/* Numbers small and large, at the ends of what types hold, and beyond them. */
static double
number(uint64_t *state)
{
	static const double ends[] = {0, 1, -1, 32768, -32769, 2147483648.0, 9007199254740993.0, -9.3e18, 1e300, -1e-300, 0.1};

	return below(state, 400) == 0 ? ends[below(state, sizeof(ends) / sizeof(ends[0]))] : floor(test_uniform(state) * 40) / (below(state, 2) ? 1 : 8);
}

static int64_t
integer(uint64_t *state)
{
	static const int64_t ends[] = {INT64_MAX, INT64_MIN, 86400000000, 86400000001, -1, 2147483647, 99999999999};

	return below(state, 400) == 0 ? ends[below(state, sizeof(ends) / sizeof(ends[0]))] : (int64_t) below(state, 24) * 3600000000;
}

#define MAX_PIXELS 72

/* Writes an array's cell. */
static size_t
put_array(uint8_t *at, uint64_t *state, const DsadSampleColumn *column, bool ragged)
{
	double		value[MAX_PIXELS];
	bool		picture = column->form == DSAD_FORM_PICTURE;
	bool		narrow = below(state, 2) == 0;
	uint32_t	count = picture ? column->shape.channels * column->shape.height * column->shape.width :
						ragged	 ? 1 + below(state, 9) :
								  3;

	for (uint32_t i = 0; i < count; i++)
		value[i] = picture && narrow ? below(state, 256) : below(state, 10) == 0 ? NAN :
																				   number(state);
	return picture ? dsad_cell_picture(at, &(DsadRows) {value, 1, false}, count, column->shape) :
					 dsad_cell_array(at, &(DsadRows) {value, 1, false}, count);
}

/* Writes a cell that fits a column of that type. */
static size_t
put_cell(uint8_t *at, uint64_t *state, const DsadSampleColumn *column, bool ragged)
{
	char		text[200];
	uint32_t	length = below(state, 12) == 0 ? below(state, 200) : 2;

	switch (dsad_sample_kind(column->type))
	{
		case DSAD_TYPE_NUMBER:
			return dsad_cell_number(at, number(state));
		case DSAD_TYPE_BOOLEAN:
			return dsad_cell_boolean(at, below(state, 2) == 1);
		case DSAD_TYPE_TEXT:
			for (uint32_t i = 0; i < length; i++)
				text[i] = (char) (below(state, 2000) == 0 ? below(state, 256) : 'a' + below(state, 4));
			return dsad_cell_text(at, (DsadBytes) {text, length});
		case DSAD_TYPE_INTERVAL:
			return dsad_cell_interval(at, integer(state), (int32_t) integer(state), (int32_t) integer(state));
		case DSAD_TYPE_ADDRESS:
			for (int i = 0; i < 16; i++)
				text[i] = (char) below(state, 4);
			return dsad_cell_address(at, (const uint8_t *) text, below(state, 2) ? 4 : 16, (uint8_t) below(state, 33));
		case DSAD_TYPE_ARRAY:
			return put_array(at, state, column, ragged);
		default:
			return dsad_cell_integer(at, integer(state));
	}
}

/* Adds a row of the set's columns, in their order. */
static void
add_row(DsadSample *sample, const uint16_t *numbers, uint64_t *state, bool ragged)
{
	uint8_t		content[MAX_CONTENT];
	char		key[16];
	DsadSampleRow row = {.count = 1, .label = (int8_t) (below(state, 3) ? 0 : (int) below(state, 3) - 1), .key = {key, 0}};
	size_t		length = 0;
	DsadError	error;

	for (uint32_t c = 0; c < sample->columns; c++)
		if (below(state, 6) > 0 || sample->column[0].name.length == 0)
		{
			content[length] = (uint8_t) numbers[c];
			content[length + 1] = 0;
			length += 2 + put_cell(content + length + 2, state, &sample->column[numbers[c]], ragged);
		}
	row.content = (DsadBytes) {(const char *) content, (uint32_t) length};
	if (below(state, 20) == 0)
		row.count = below(state, 60) ? 1 + below(state, 300) : UINT64_MAX >> below(state, 32);
	if (sample->keyed)
		row.key.length = (uint32_t) snprintf(key, sizeof(key), "%u", below(state, 1000));
	row.hash = dsad_sample_hash(sample->seed, sample->column, sample->keyed, row.key, row.content);
	sample->seen[row.label + 1] = dsad_sample_sum(sample->seen[row.label + 1], row.count);
	require(dsad_sample_add(sample, &row, &error) == DSAD_OK, "no row");
}

/* A set that nobody collected; its bytes are malloced. */
static size_t
forge(uint8_t **bytes, uint64_t *state)
{
	static const char names[] = "abcdefg";
	DsadSampleColumn column[MAX_COLUMNS] = {{.name = {"", 0}}};
	uint16_t	numbers[MAX_COLUMNS];
	uint32_t	columns = 1 + below(state, MAX_COLUMNS);
	uint32_t	rows = 1 + below(state, 60);
	bool		arrays = below(state, 5) == 0;
	bool		ragged = below(state, 10) == 0;
	TestEnv		env;
	DsadSample	sample;
	DsadError	error;
	size_t		size;

	test_env_init(&env);
	if (arrays)
		columns = 1;
	for (uint32_t c = 0; c < columns; c++)
	{
		column[c].name = (DsadBytes) {names + c, arrays ? 0 : 1};
		column[c].type = (uint8_t) (arrays ? DSAD_SAMPLE_INT2_ARRAY + below(state, 6) : 1 + below(state, DSAD_SAMPLE_TYPES - 1));
		column[c].position = (uint16_t) (1 + below(state, 9));
		column[c].partial = below(state, 9) == 0;
		if (dsad_sample_kind(column[c].type) != DSAD_TYPE_ARRAY)
			continue;
		column[c].form = (uint8_t) below(state, 3);
		if (column[c].form == DSAD_FORM_PICTURE)
			column[c].shape = (DsadShape) {1 + below(state, 2), 1 + below(state, 6), 1 + below(state, 6)};
	}
	require(dsad_sample_init(&sample, &env.env, (int64_t) below(state, 3), 1 + below(state, 100), 200000, &error) == DSAD_OK, "no set");
	sample.typed = true;
	sample.keyed = below(state, 2) == 1;
	require(dsad_sample_columns(&sample, column, columns, numbers, &error) == DSAD_OK, "no columns");
	for (uint32_t i = 0; i < rows; i++)
		add_row(&sample, numbers, state, ragged);
	require(sample_bytes(&sample, &env.env, bytes, &size, &error) == DSAD_OK, "no bytes");
	dsad_sample_release(&sample);
	return size;
}

/* Writes some as files. */
static void
write_corpus(const char *directory)
{
	uint64_t	state = 1;

	for (int i = 0; i < 40; i++)
	{
		uint8_t    *bytes;
		size_t		size = forge(&bytes, &state);
		char		path[4096];
		FILE	   *file;

		snprintf(path, sizeof(path), "%s/set-%02d", directory, i);
		file = fopen(path, "wb");
		require(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, "cannot write the corpus");
		free(bytes);
	}
}

int
main(int argc, char **argv)
{
	uint64_t	state = argc > 3 ? (uint64_t) atol(argv[3]) : 1;

	if (argc == 3 && strcmp(argv[1], "--write") == 0)
	{
		write_corpus(argv[2]);
		return 0;
	}
	require(argc > 2 && strcmp(argv[1], "--hex") == 0, "usage: forge_sets --hex N [SEED] | --write DIRECTORY");
	for (long i = atol(argv[2]); i > 0; i--)
	{
		uint8_t    *bytes;
		size_t		size = forge(&bytes, &state);

		for (size_t at = 0; at < size; at++)
			printf("%02x", bytes[at]);
		printf("\n");
		free(bytes);
	}
	return 0;
}
