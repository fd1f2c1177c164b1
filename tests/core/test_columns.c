/*
 * test_columns.c
 *	  Which columns are left out: what tells the label and what cannot mean the same
 *	  later, and no honest column; whatever the order of the rows.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/columns/column_moves.h"

#define DAY 86400e6
#define HOUR 3600e6
#define MAX_ROWS 4000
#define MAX_COLUMNS 12

/* A table: cells (rows, columns), labels. */
typedef struct Table
{
	uint32_t	rows;
	DsadEncoder draft;
	DsadColumn	column[MAX_COLUMNS];
	bool		integer[MAX_COLUMNS];
	double	   *cells;
	double	   *digits;			/* of texts, as the cells */
	int8_t	   *label;
} Table;

static uint64_t state = 1;

static double
uniform(void)
{
	return test_uniform(&state);
}

static void
start_table(Table *table, uint32_t rows)
{
	memset(table, 0, sizeof(*table));
	table->rows = rows;
	table->draft.column = table->column;
	table->cells = calloc((size_t) rows * MAX_COLUMNS, sizeof(double));
	table->digits = calloc((size_t) rows * MAX_COLUMNS, sizeof(double));
	for (size_t i = 0; i < (size_t) rows * MAX_COLUMNS; i++)
		table->digits[i] = NAN;
	table->label = calloc(rows, 1);
}

static void
end_table(Table *table)
{
	free(table->cells);
	free(table->digits);
	free(table->label);
}

/* Adds a column; its cells are at *cell(table, row, number). */
static uint32_t
add_column(Table *table, DsadColumnType type, bool integer)
{
	uint32_t	c = table->draft.columns++;
	DsadColumn *column = &table->column[c];

	column->type = (uint8_t) type;
	column->encoding = type == DSAD_TYPE_NUMBER || type == DSAD_TYPE_INTERVAL ? DSAD_ENCODING_NUMBER :
					   type == DSAD_TYPE_BOOLEAN							  ? DSAD_ENCODING_BOOLEAN :
					   type == DSAD_TYPE_TEXT || type == DSAD_TYPE_ADDRESS	  ? DSAD_ENCODING_CATEGORY :
																				DSAD_ENCODING_TIME;
	column->cells = 1;
	column->first_cell = c;
	column->name = (DsadBytes) {&"abcdefghijkl"[c], 1};
	table->integer[c] = integer;
	table->draft.cells = table->draft.columns;
	return c;
}

static double *
cell(Table *table, uint32_t row, uint32_t column)
{
	return table->cells + (size_t) row * MAX_COLUMNS + column;
}

static double *
digits(Table *table, uint32_t row, uint32_t column)
{
	return table->digits + (size_t) row * MAX_COLUMNS + column;
}

/* Swaps two rows. */
static void
swap_rows(Table *table, uint32_t a, uint32_t b)
{
	int8_t		label = table->label[a];

	table->label[a] = table->label[b];
	table->label[b] = label;
	for (uint32_t c = 0; c < table->draft.columns; c++)
	{
		double		value = *cell(table, a, c);

		*cell(table, a, c) = *cell(table, b, c);
		*cell(table, b, c) = value;
		value = *digits(table, a, c);
		*digits(table, a, c) = *digits(table, b, c);
		*digits(table, b, c) = value;
	}
}

static void
shuffle(Table *table)
{
	for (uint32_t i = table->rows; i > 1; i--)
		swap_rows(table, i - 1, (uint32_t) (uniform() * i));
}

/* Sorts by a column (columns = by label), slowly. */
static void
sort_rows(Table *table, uint32_t by)
{
	for (uint32_t i = 1; i < table->rows; i++)
		for (uint32_t j = i; j > 0 && (by == table->draft.columns ? table->label[j - 1] > table->label[j] :
																	*cell(table, j - 1, by) > *cell(table, j, by));
			 j--)
			swap_rows(table, j - 1, j);
}

/* Columns of the rows that are sorted: their cells, then their digits. */
static uint32_t compared_columns;

static int
compare_rows(const void *a, const void *b)
{
	return memcmp(a, b, compared_columns * sizeof(double));
}

static void
free_statistics(DsadColumnStatistics *s)
{
	free(s->few.value);
	free(s->few.rows);
	free(s->sampled.value);
	free(s->sampled.again);
	free(s->coverage);
	free(s->telling.varies);
	free(s->telling.low);
	free(s->telling.high);
	free(s->telling.value[0]);
	free(s->telling.value[1]);
}

/* Decides what moves with what, on all rows, sorted by their content. */
static void
decide_moves(Table *table, DsadCandidate *candidate, const DsadEnv *env)
{
	uint32_t	columns = table->draft.columns;
	size_t		width = 2 * (size_t) columns;
	double	   *both = malloc(table->rows * width * sizeof(double));
	double	   *cells = malloc(table->rows * width / 2 * sizeof(double));
	double	   *text = malloc(table->rows * width / 2 * sizeof(double));
	DsadError	error;

	for (uint32_t i = 0; i < table->rows; i++)
	{
		memcpy(both + i * width, cell(table, i, 0), columns * sizeof(double));
		memcpy(both + i * width + columns, digits(table, i, 0), columns * sizeof(double));
	}
	compared_columns = (uint32_t) width;
	qsort(both, table->rows, width * sizeof(double), compare_rows);
	for (uint32_t i = 0; i < table->rows; i++)
	{
		memcpy(cells + (size_t) i * columns, both + i * width, columns * sizeof(double));
		memcpy(text + (size_t) i * columns, both + i * width + columns, columns * sizeof(double));
	}
	CHECK(dsad_column_moves(&table->draft, candidate, cells, text, table->rows, env, &error) == DSAD_OK);
	free(both);
	free(cells);
	free(text);
}

/* Decides on a table's columns; asked: none is. */
static void
decide(Table *table, DsadCandidate *candidate)
{
	DsadColumnStatistics statistics[MAX_COLUMNS];
	uint64_t	rows[DSAD_LABELS] = {0, 0, 0};
	DsadError	error;
	TestEnv		env;

	test_env_init(&env);
	memset(candidate, 0, MAX_COLUMNS * sizeof(*candidate));
	for (uint32_t c = 0; c < table->draft.columns; c++)
	{
		dsad_column_statistics_init(&statistics[c], table->integer[c], 1);
		candidate[c].statistics = &statistics[c];
		candidate[c].integer = table->integer[c];
	}
	for (uint32_t i = 0; i < table->rows; i++)
	{
		rows[table->label[i] + 1]++;
		for (uint32_t c = 0; c < table->draft.columns; c++)
			CHECK(dsad_column_statistics_add(&statistics[c], &table->column[c], cell(table, i, c),
											 table->label[i], &env.env, &error) == DSAD_OK);
	}
	CHECK(dsad_column_rules(&table->draft, candidate, rows, &env.env, &error) == DSAD_OK);
	if (dsad_column_moves_want_rows(&table->draft, candidate))
		decide_moves(table, candidate, &env.env);
	for (uint32_t c = 0; c < table->draft.columns; c++)
		free_statistics(&statistics[c]);
}

static bool
same_decisions(const DsadCandidate *a, const DsadCandidate *b, uint32_t columns)
{
	for (uint32_t c = 0; c < columns; c++)
		if (a[c].left_out != b[c].left_out || a[c].reason != b[c].reason || a[c].time != b[c].time || a[c].since != b[c].since ||
			a[c].warning != b[c].warning || a[c].other != b[c].other)
			return false;
	return true;
}

/* Checks that the order of the rows does not matter. */
static void
check_orders(Table *table, const DsadCandidate *expected)
{
	DsadCandidate candidate[MAX_COLUMNS];

	for (uint32_t by = 0; by <= table->draft.columns; by++)
	{
		sort_rows(table, by);
		decide(table, candidate);
		CHECK(same_decisions(expected, candidate, table->draft.columns));
	}
	shuffle(table);
	decide(table, candidate);
	CHECK(same_decisions(expected, candidate, table->draft.columns));
}

#define KINDS 11

/* An honest value of kind `kind`: none depends on labels or on time. */
static double
honest(int kind)
{
	double		u = uniform();

	switch (kind)
	{
		case 0:
			return floor(u * 5);	/* a small number */
		case 1:
			return u < 0.01;	/* a flag that is rarely set */
		case 2:
			return u < 0.4;
		case 3:
			return floor(exp(4 + 2 * u + uniform()));	/* an amount in cents */
		case 4:
			return floor(-log(u + 1e-9) * 3);	/* a count */
		case 5:
			return u < 0.3 ? NAN : floor(u * 20);	/* with gaps */
		case 6:
			return u < 0.97 ? NAN : floor(uniform() * 3);	/* hardly ever there */
		case 7:
			return floor(u * 1e6);	/* an account number */
		case 8:
			return 7;			/* always the same */
		case 10:
			return floor(u * u * 300);	/* a name */
		default:
			return u * 100 - 50;
	}
}

/* Hundreds of honest columns of 30 to 3,000 rows, beside a time, under labels of several kinds. */
static void
test_honest(void)
{
	int			columns = 0;
	int			left_out = 0;

	for (int trial = 0; trial < 60; trial++)
	{
		static const uint32_t sizes[] = {30, 60, 100, 250, 700, 3000};
		uint32_t	rows = sizes[trial % 6];
		Table		table;
		DsadCandidate candidate[MAX_COLUMNS];

		start_table(&table, rows);
		for (int kind = 0; kind < KINDS; kind++)
			add_column(&table, kind == 1 || kind == 2 ? DSAD_TYPE_BOOLEAN : kind > 9 ? DSAD_TYPE_TEXT :
																					   DSAD_TYPE_NUMBER,
					   kind != 1 && kind != 2 && kind < 9);
		add_column(&table, DSAD_TYPE_TIMESTAMP, false);
		for (uint32_t i = 0; i < rows; i++)
		{
			double		u = uniform();

			for (int kind = 0; kind < KINDS; kind++)
				*cell(&table, i, (uint32_t) kind) = honest(kind);
			*cell(&table, i, KINDS) = uniform() * 30 * DAY;
			/* few anomalies; some anomalies and normal rows; all labeled; none */
			table.label[i] = trial % 4 == 0 ? (u < 0.03 ? DSAD_ANOMALY : DSAD_UNLABELED) :
							 trial % 4 == 1 ? (u < 0.05 ? DSAD_ANOMALY : u < 0.2 ? DSAD_NORMAL :
																				   DSAD_UNLABELED) :
							 trial % 4 == 2 ? (u < 0.05 ? DSAD_ANOMALY : DSAD_NORMAL) :
											  DSAD_UNLABELED;
		}
		decide(&table, candidate);
		for (int kind = 0; kind < KINDS; kind++)
			left_out += candidate[kind].left_out;
		columns += KINDS;
		if (rows <= 250)
			check_orders(&table, candidate);
		end_table(&table);
	}
	printf("%d of %d honest columns are left out\n", left_out, columns);
	CHECK(left_out <= columns / 200);
}

/* Serial numbers: dense, with gaps, from any number on, with a few copies; not below so many rows, and no others. */
static void
test_serial(void)
{
	Table		table;
	DsadCandidate candidate[MAX_COLUMNS];

	for (uint32_t rows = 50; rows <= 800; rows *= 4)
	{
		start_table(&table, rows);
		for (int c = 0; c < 6; c++)
			add_column(&table, DSAD_TYPE_NUMBER, c != 5);
		for (uint32_t i = 0; i < rows; i++)
		{
			*cell(&table, i, 0) = i + 1;
			*cell(&table, i, 1) = 1e9 - 2.0 * i - (uniform() < 0.5);	/* falls, has gaps */
			*cell(&table, i, 2) = i == 10 ? 9 : i;	/* one copy */
			*cell(&table, i, 3) = floor(uniform() * 3 * rows);
			*cell(&table, i, 4) = 30.0 * i;	/* too far apart to be sure ... */
			*cell(&table, i, 5) = i;	/* no integer */
		}
		shuffle(&table);
		decide(&table, candidate);
		for (int c = 0; c < 2; c++)
		{
			CHECK(candidate[c].left_out == (rows >= 200) && (rows < 200 || candidate[c].reason == DSAD_LEFT_OUT_SERIAL));
			CHECK(rows >= 200 || candidate[c].warning == DSAD_WARNING_SERIAL);
		}
		CHECK(candidate[2].left_out == (rows >= 200));
		CHECK(!candidate[3].left_out && candidate[3].warning == DSAD_WARNING_NONE);
		/* ... but it rises with one */
		CHECK(candidate[4].left_out == (rows >= 200) &&
			  (rows < 200 || candidate[4].reason == (rows < 800 ? DSAD_LEFT_OUT_MOVES : DSAD_LEFT_OUT_SERIAL)));
		CHECK(!candidate[5].left_out && (rows < 200 || candidate[5].warning == DSAD_WARNING_MOVES));
		check_orders(&table, candidate);
		end_table(&table);
	}
}

/* What rises or falls with a time: load numbers that repeat, the month, a key that falls; not what only tends to. */
static void
test_moves(void)
{
	Table		table;
	DsadCandidate candidate[MAX_COLUMNS];

	start_table(&table, 600);
	add_column(&table, DSAD_TYPE_TIMESTAMPTZ, false);
	for (int c = 1; c < 8; c++)
		add_column(&table, DSAD_TYPE_NUMBER, c < 6);
	for (uint32_t i = 0; i < 600; i++)
	{
		double		at = i * 0.5 * DAY + uniform() * 0.4 * DAY;

		*cell(&table, i, 0) = at;
		*cell(&table, i, 1) = floor(at / (3 * DAY));	/* load number */
		*cell(&table, i, 2) = floor(at / (150 * DAY));	/* one of two years */
		*cell(&table, i, 3) = -floor(at / HOUR);
		*cell(&table, i, 4) = floor(at / DAY + 60 * uniform());	/* tends to rise */
		*cell(&table, i, 5) = floor(uniform() * 5);
		*cell(&table, i, 6) = at / DAY + uniform();	/* a measurement that rises */
		*cell(&table, i, 7) = uniform();
	}
	decide(&table, candidate);
	for (int c = 1; c <= 2; c++)
		CHECK(candidate[c].left_out && candidate[c].reason == DSAD_LEFT_OUT_MOVES && candidate[c].other == 0);
	CHECK(candidate[3].left_out);
	CHECK(!candidate[4].left_out && candidate[4].warning == DSAD_WARNING_MOVES);
	CHECK(!candidate[5].left_out && candidate[5].warning == DSAD_WARNING_NONE);
	CHECK(!candidate[6].left_out && candidate[6].warning == DSAD_WARNING_MOVES);
	CHECK(!candidate[7].left_out && candidate[7].warning == DSAD_WARNING_NONE);
	check_orders(&table, candidate);
	end_table(&table);
}

/* Every hundredth row of a table with a serial number; and keys that came by chance out of as large a range. */
static void
test_sampled_serial(void)
{
	Table		table;
	DsadCandidate candidate[MAX_COLUMNS];

	start_table(&table, MAX_ROWS);
	for (int c = 0; c < 4; c++)
		add_column(&table, DSAD_TYPE_NUMBER, true);
	for (uint32_t i = 0; i < MAX_ROWS; i++)
	{
		*cell(&table, i, 0) = 1e9 + 100.0 * i + floor(100 * uniform());
		*cell(&table, i, 1) = floor(uniform() * 100 * MAX_ROWS);
		*cell(&table, i, 2) = i / 2;	/* all come twice */
		*cell(&table, i, 3) = i % 1000;
	}
	shuffle(&table);
	decide(&table, candidate);
	CHECK(candidate[0].left_out && candidate[0].reason == DSAD_LEFT_OUT_SERIAL);
	CHECK(!candidate[1].left_out && !candidate[3].left_out);
	CHECK(candidate[2].left_out && candidate[2].reason == DSAD_LEFT_OUT_MOVES);
	/* numeric, with a single fraction: no serial number */
	*cell(&table, 17, 0) += 0.5;
	decide(&table, candidate);
	CHECK(!candidate[0].left_out);
	end_table(&table);
}

/* Tenants that count by themselves, whether text or number says whose it is; and what only differs between tenants. */
static void
test_moves_within(void)
{
	for (int number = 0; number < 2; number++)
	{
		Table		table;
		DsadCandidate candidate[MAX_COLUMNS];
		double		next[20] = {0};

		start_table(&table, 800);
		add_column(&table, number ? DSAD_TYPE_NUMBER : DSAD_TYPE_TEXT, number);
		add_column(&table, DSAD_TYPE_TIMESTAMP, false);
		for (int c = 2; c < 6; c++)
			add_column(&table, DSAD_TYPE_NUMBER, true);
		for (uint32_t i = 0; i < 800; i++)
		{
			int			tenant = (int) (uniform() * 20);

			next[tenant] += floor(1 + 2 * uniform());
			*cell(&table, i, 0) = tenant;
			*cell(&table, i, 1) = i * HOUR;
			*cell(&table, i, 2) = 50 * (tenant * 7 % 20) + next[tenant];
			*cell(&table, i, 3) = tenant * 3;
			*cell(&table, i, 4) = tenant * 3 + floor(10 * uniform());
			*cell(&table, i, 5) = floor(uniform() * 9);
		}
		decide(&table, candidate);
		CHECK(candidate[2].left_out && candidate[2].reason == DSAD_LEFT_OUT_MOVES && candidate[2].other == 1);
		for (int c = 3; c < 6; c++)
			CHECK(!candidate[c].left_out);
		CHECK(!candidate[0].left_out);
		check_orders(&table, candidate);
		end_table(&table);
	}
}

/* Year and month beside the time, also when they do not vary; not a number that happens to be the month. */
static void
test_parts(void)
{
	Table		table;
	DsadCandidate candidate[MAX_COLUMNS];
	double		begin = 9436 * DAY;	/* 2025-11-01 */

	start_table(&table, 400);
	add_column(&table, DSAD_TYPE_TIMESTAMPTZ, false);
	for (int c = 1; c < 6; c++)
		add_column(&table, DSAD_TYPE_NUMBER, c < 3);
	for (uint32_t i = 0; i < 400; i++)
	{
		double		day = floor(uniform() * 100);

		*cell(&table, i, 0) = begin + day * DAY + 23.5 * HOUR * uniform();
		*cell(&table, i, 1) = day < 30 ? 11 : day < 61 ? 12 :
										  day < 92	   ? 1 :
														 2;
		*cell(&table, i, 2) = day < 61 ? 2025 : 2026;
		*cell(&table, i, 3) = (*cell(&table, i, 0) / 1e6 + 946684800);
		*cell(&table, i, 4) = 11;
		*cell(&table, i, 5) = floor(uniform() * 12) + 1;
	}
	decide(&table, candidate);
	for (int c = 1; c < 4; c++)
		CHECK(candidate[c].left_out && candidate[c].reason == DSAD_LEFT_OUT_MOVES && candidate[c].other == 0);
	CHECK(!candidate[4].left_out && !candidate[5].left_out);
	check_orders(&table, candidate);
	/* three hours ahead of UTC, within one month: the month does not vary, but the year is there, too */
	for (uint32_t i = 0; i < 400; i++)
	{
		*cell(&table, i, 0) = begin + (20 * uniform() - 0.125) * DAY;
		*cell(&table, i, 1) = 11;
		*cell(&table, i, 2) = 2025;
		*cell(&table, i, 3) = 202511;
		*cell(&table, i, 4) = 10;
	}
	decide(&table, candidate);
	for (int c = 1; c < 4; c++)
		CHECK(candidate[c].left_out && candidate[c].reason == DSAD_LEFT_OUT_MOVES);
	CHECK(!candidate[4].left_out);
	for (uint32_t i = 0; i < 400; i++)
		*cell(&table, i, 2) = *cell(&table, i, 3) = 17;
	decide(&table, candidate);
	CHECK(!candidate[1].left_out);
	end_table(&table);
}

/* Text that takes turns in time: a session, a version; not one that comes again, nor names that hardly do. */
static void
test_turns(void)
{
	Table		table;
	DsadCandidate candidate[MAX_COLUMNS];

	start_table(&table, 900);
	add_column(&table, DSAD_TYPE_TIMESTAMP, false);
	for (int c = 1; c < 6; c++)
		add_column(&table, DSAD_TYPE_TEXT, false);
	for (uint32_t i = 0; i < 900; i++)
	{
		*cell(&table, i, 0) = i * HOUR;
		*cell(&table, i, 1) = i / 4;
		*cell(&table, i, 2) = i < 300 ? 0 : i < 500 ? NAN :
										i < 700		? 1 :
													  2;
		*cell(&table, i, 3) = floor(uniform() * 300);
		*cell(&table, i, 4) = i / 300 % 2;
		*cell(&table, i, 5) = i % 3;
	}
	decide(&table, candidate);
	for (int c = 1; c < 3; c++)
		CHECK(candidate[c].left_out && candidate[c].reason == DSAD_LEFT_OUT_MOVES && candidate[c].other == 0);
	for (int c = 3; c < 6; c++)
		CHECK(!candidate[c].left_out);
	check_orders(&table, candidate);
	end_table(&table);
}

/* One instant over `days` days, hours `from` to `to` of each. */
static DsadCandidate
instant(DsadColumnType type, double days, int from, int to, uint32_t rows)
{
	Table		table;
	DsadCandidate candidate[MAX_COLUMNS];

	start_table(&table, rows);
	add_column(&table, type, false);
	add_column(&table, DSAD_TYPE_NUMBER, false);
	for (uint32_t i = 0; i < rows; i++)
	{
		double		at = uniform() * days;

		if (to - from < 24)
			at = floor(at) + (from + uniform() * (to - from)) / 24;
		*cell(&table, i, 0) = (type == DSAD_TYPE_DATE ? floor(at) : at) * DAY;
		*cell(&table, i, 1) = uniform();
	}
	/* the span is the whole of it */
	if (to - from == 24)
		*cell(&table, 0, 0) = 0, *cell(&table, 1, 0) = (type == DSAD_TYPE_DATE ? floor(days - 1) : days) * DAY;
	decide(&table, candidate);
	end_table(&table);
	return candidate[0];
}

/* Time of day and day of week are features only when the rows have seen enough of them. */
static void
test_coverage(void)
{
	CHECK(instant(DSAD_TYPE_TIMESTAMP, 0.25, 0, 24, 2000).left_out);
	CHECK(instant(DSAD_TYPE_TIMESTAMP, 1.9, 0, 24, 2000).left_out);
	CHECK(instant(DSAD_TYPE_TIMESTAMP, 4, 0, 24, 2000).time == DSAD_TIME_CLOCK);
	CHECK(instant(DSAD_TYPE_TIMESTAMP, 10, 0, 24, 2000).time == DSAD_TIME_CLOCK);
	CHECK(instant(DSAD_TYPE_TIMESTAMP, 15, 0, 24, 2000).time == (DSAD_TIME_CLOCK | DSAD_TIME_CALENDAR));
	/* office hours: after two weeks it is known that nothing happens at night, not after four days */
	CHECK(instant(DSAD_TYPE_TIMESTAMP, 4, 9, 17, 2000).left_out);
	CHECK(instant(DSAD_TYPE_TIMESTAMP, 40, 9, 17, 2000).time == (DSAD_TIME_CLOCK | DSAD_TIME_CALENDAR));
	CHECK(instant(DSAD_TYPE_DATE, 10, 0, 24, 2000).left_out);
	CHECK(instant(DSAD_TYPE_DATE, 14, 0, 24, 2000).time == DSAD_TIME_CALENDAR);
	CHECK(instant(DSAD_TYPE_TIME, 1, 0, 24, 2000).time == DSAD_TIME_CLOCK);
	CHECK(instant(DSAD_TYPE_TIME, 1, 9, 17, 2000).left_out);
	CHECK(instant(DSAD_TYPE_TIMESTAMP, 0, 0, 23, 100).left_out);
}

/* Instants of one row are measured from one of them; what never varies is left out. */
static void
test_differences(void)
{
	Table		table;
	DsadCandidate candidate[MAX_COLUMNS];

	start_table(&table, 500);
	for (int c = 0; c < 5; c++)
		add_column(&table, c == 4 ? DSAD_TYPE_INTERVAL : DSAD_TYPE_TIMESTAMP, false);
	for (uint32_t i = 0; i < 500; i++)
	{
		*cell(&table, i, 0) = i < 5 ? NAN : (uniform() * 5) * DAY;	/* opened, not always known */
		*cell(&table, i, 1) = uniform() * 5 * DAY;	/* paid */
		*cell(&table, i, 2) = *cell(&table, i, 1) + HOUR;	/* always an hour later */
		*cell(&table, i, 3) = 9 * DAY;	/* load date */
		*cell(&table, i, 4) = HOUR;
	}
	decide(&table, candidate);
	CHECK(candidate[0].time == (DSAD_TIME_CLOCK | DSAD_TIME_SINCE) && candidate[0].since == 1);
	CHECK(!candidate[1].left_out && candidate[1].time == DSAD_TIME_CLOCK);
	CHECK(candidate[2].time == DSAD_TIME_CLOCK);
	CHECK(candidate[3].left_out && candidate[3].reason == DSAD_LEFT_OUT_CONSTANT);
	CHECK(candidate[4].left_out && candidate[4].reason == DSAD_LEFT_OUT_CONSTANT);
	check_orders(&table, candidate);
	/* within an hour there is nothing but the difference; what it is measured from stays for that alone */
	for (uint32_t i = 0; i < 500; i++)
	{
		*cell(&table, i, 0) = uniform() * HOUR;
		*cell(&table, i, 1) = uniform() * HOUR;
		*cell(&table, i, 2) = *cell(&table, i, 0);
	}
	decide(&table, candidate);
	CHECK(!candidate[0].left_out && candidate[0].time == 0);
	CHECK(candidate[1].time == DSAD_TIME_SINCE && candidate[1].since == 0);
	CHECK(candidate[2].left_out && candidate[2].reason == DSAD_LEFT_OUT_INSTANT);
	end_table(&table);
}

/* Labels: given away by value, inverted, by being there; and what only looks like it. */
static void
test_labels(void)
{
	Table		table;
	DsadCandidate candidate[MAX_COLUMNS];

	for (int kinds = 0; kinds < 3; kinds++)
	{
		start_table(&table, 1000);
		for (int c = 0; c < 9; c++)
			add_column(&table, c == 2 ? DSAD_TYPE_BOOLEAN : DSAD_TYPE_NUMBER, c < 6);
		for (uint32_t i = 0; i < 1000; i++)
		{
			bool		anomaly = i % 20 == 0;
			bool		labeled = kinds == 0 || (kinds == 1 ? i % 5 == 0 : anomaly);
			double		known = labeled ? 1 : NAN;

			table.label[i] = !labeled ? DSAD_UNLABELED : anomaly ? DSAD_ANOMALY :
																   DSAD_NORMAL;
			*cell(&table, i, 0) = labeled ? anomaly : 7;	/* class */
			*cell(&table, i, 1) = labeled ? 5 - anomaly : floor(uniform() * 4) + 10;	/* inverted, beside other codes */
			*cell(&table, i, 2) = labeled ? anomaly : NAN;	/* the label itself */
			*cell(&table, i, 3) = anomaly ? floor(uniform() * 90) : NAN;	/* reason, in anomalies only */
			*cell(&table, i, 4) = known * floor(uniform() * 1000);	/* who closed it, where it is known */
			*cell(&table, i, 5) = anomaly || i % 30 == 0;	/* on the blacklist, as others are */
			*cell(&table, i, 6) = anomaly ? 100 + uniform() : uniform();	/* separates by a threshold */
			*cell(&table, i, 7) = anomaly ? 8 + i / 20 % 2 : i % 3;	/* the same with few values */
			*cell(&table, i, 8) = uniform() < 0.5;
		}
		decide(&table, candidate);
		for (int c = 0; c < 4; c++)
			CHECK(candidate[c].left_out && (candidate[c].reason == DSAD_LEFT_OUT_LABEL || candidate[c].reason == DSAD_LEFT_OUT_FILLED));
		CHECK(candidate[4].left_out == (kinds > 0) && (kinds == 0 || candidate[4].reason == DSAD_LEFT_OUT_FILLED));
		for (int c = 5; c < 9; c++)
			CHECK(!candidate[c].left_out);
		check_orders(&table, candidate);
		end_table(&table);
	}
	/* five labeled rows of 300 prove it, two do not */
	start_table(&table, 300);
	add_column(&table, DSAD_TYPE_BOOLEAN, false);
	add_column(&table, DSAD_TYPE_BOOLEAN, false);
	add_column(&table, DSAD_TYPE_NUMBER, true);
	for (uint32_t i = 0; i < 300; i++)
	{
		table.label[i] = i % 60 == 0 ? DSAD_ANOMALY : DSAD_UNLABELED;
		*cell(&table, i, 0) = i % 60 == 0;
		*cell(&table, i, 1) = i % 60 == 0 ? 1 : NAN;
		*cell(&table, i, 2) = i % 7;
	}
	decide(&table, candidate);
	CHECK(candidate[0].left_out && candidate[1].left_out && !candidate[2].left_out);
	for (uint32_t i = 120; i < 300; i++)
	{
		table.label[i] = DSAD_UNLABELED;
		*cell(&table, i, 0) = 0;
		*cell(&table, i, 1) = NAN;
	}
	decide(&table, candidate);
	CHECK(!candidate[0].left_out && candidate[0].warning == DSAD_WARNING_LABEL);
	CHECK(candidate[1].left_out && !candidate[2].left_out);
	/* a note that somebody made in another row, too, among many */
	for (uint32_t i = 0; i < 300; i++)
	{
		table.label[i] = i % 10 == 0 ? DSAD_ANOMALY : DSAD_UNLABELED;
		*cell(&table, i, 0) = i % 10 == 0 ? 1 + i % 3 : 7 + i % 4;
		*cell(&table, i, 1) = i % 10 == 0 || i == 77 ? i / 10 % 2 : NAN;
	}
	decide(&table, candidate);
	CHECK(!candidate[0].left_out && candidate[0].warning == DSAD_WARNING_LABEL);
	CHECK(!candidate[1].left_out && candidate[1].warning == DSAD_WARNING_LABEL && candidate[2].warning == DSAD_WARNING_NONE);
	/* without labels, a flag without values may be one */
	for (uint32_t i = 0; i < 300; i++)
	{
		table.label[i] = DSAD_UNLABELED;
		*cell(&table, i, 1) = NAN;
	}
	decide(&table, candidate);
	CHECK(!candidate[0].left_out && candidate[1].left_out && candidate[1].reason == DSAD_LEFT_OUT_EMPTY && !candidate[2].left_out);
	end_table(&table);
}

/* An element of an array that tells the label. */
static void
test_array(void)
{
	DsadColumn	column = {.type = DSAD_TYPE_ARRAY, .cells = 4};
	DsadEncoder draft = {.columns = 1, .column = &column};
	DsadColumnStatistics s;
	DsadCandidate candidate = {.statistics = &s};
	uint64_t	rows[DSAD_LABELS] = {0, 0, 0};
	TestEnv		env;
	DsadError	error;

	test_env_init(&env);
	dsad_column_statistics_init(&s, false, 0);
	for (int i = 0; i < 100; i++)
	{
		int8_t		label = i % 4 == 0 ? DSAD_ANOMALY : i % 4 == 1 ? DSAD_NORMAL :
																	 DSAD_UNLABELED;
		double		cells[4] = {i, i % 4 == 0 ? 3 : i % 4 == 1 ? i :
																 0,
								label == DSAD_UNLABELED ? uniform() : label * 2, NAN};

		rows[label + 1]++;
		CHECK(dsad_column_statistics_add(&s, &column, cells, label, &env.env, &error) == DSAD_OK);
	}
	CHECK(dsad_column_rules(&draft, &candidate, rows, &env.env, &error) == DSAD_OK);
	CHECK(candidate.warning == DSAD_WARNING_TELLING && candidate.element == 2 && !candidate.left_out);
	free_statistics(&s);
	/* anomalies alone: one value, beyond all others; missing in all is none */
	memset(rows, 0, sizeof(rows));
	candidate = (DsadCandidate) {.statistics = &s};
	dsad_column_statistics_init(&s, false, 0);
	for (int i = 0; i < 100; i++)
	{
		int8_t		label = i % 4 == 0 ? DSAD_ANOMALY : DSAD_UNLABELED;
		double		cells[4] = {label == DSAD_ANOMALY ? 0.5 : uniform(), label == DSAD_ANOMALY ? NAN : 1, i, label == DSAD_ANOMALY};

		rows[label + 1]++;
		CHECK(dsad_column_statistics_add(&s, &column, cells, label, &env.env, &error) == DSAD_OK);
	}
	CHECK(dsad_column_rules(&draft, &candidate, rows, &env.env, &error) == DSAD_OK);
	CHECK(candidate.warning == DSAD_WARNING_TELLING && candidate.element == 3);
	free_statistics(&s);
}

/* Honest columns that look like what is left out: they stay, without a word where possible. */
static void
test_look_alikes(void)
{
	Table		table;
	DsadCandidate candidate[MAX_COLUMNS];

	start_table(&table, 400);
	add_column(&table, DSAD_TYPE_TIMESTAMP, false);	/* loaded: most in one night */
	add_column(&table, DSAD_TYPE_DATE, false);	/* born */
	for (int c = 2; c < 8; c++)
		add_column(&table, c == 5 ? DSAD_TYPE_BOOLEAN : DSAD_TYPE_NUMBER, c != 5);
	for (uint32_t i = 0; i < 400; i++)
	{
		double		born = -floor(365.25 * 50 * uniform() + 365) * DAY;

		*cell(&table, i, 0) = i < 300 ? uniform() * HOUR : uniform() * 40 * DAY;
		*cell(&table, i, 1) = born;
		*cell(&table, i, 2) = floor((9000 * DAY - born) / (365.25 * DAY));	/* age */
		*cell(&table, i, 3) = (9000 * DAY - born) / DAY;	/* days since birth */
		*cell(&table, i, 4) = i % 97 == 0;	/* hardly ever set */
		*cell(&table, i, 5) = i % 50 == 0;
		*cell(&table, i, 6) = floor(uniform() * 3) + 1;
		*cell(&table, i, 7) = 1;
	}
	decide(&table, candidate);
	for (int c = 2; c < 8; c++)
		CHECK(!candidate[c].left_out && candidate[c].warning == DSAD_WARNING_NONE);
	CHECK(!candidate[1].left_out);
	check_orders(&table, candidate);
	end_table(&table);
}

/* Text with a month or a quarter in it, texts that overlap in time, an interval that grows, networks in turn. */
static void
test_text_moves(void)
{
	Table		table;
	DsadCandidate candidate[MAX_COLUMNS];

	start_table(&table, 300);
	add_column(&table, DSAD_TYPE_TIMESTAMP, false);
	for (int c = 1; c < 5; c++)
		add_column(&table, DSAD_TYPE_TEXT, false);
	add_column(&table, DSAD_TYPE_INTERVAL, false);
	add_column(&table, DSAD_TYPE_ADDRESS, false);
	add_column(&table, DSAD_TYPE_TEXT, false);
	for (uint32_t i = 0; i < 300; i++)
	{
		double		day = floor(i / 300.0 * 50);	/* of November and December 2025 */
		int			month = day < 30 ? 11 : 12;

		*cell(&table, i, 0) = (9436 + day) * DAY + uniform() * 20 * HOUR;
		*cell(&table, i, 1) = month * 7919;	/* "2025-11" */
		*digits(&table, i, 1) = 202500 + month;
		*cell(&table, i, 2) = day < 25;	/* a version */
		*cell(&table, i, 3) = day < 20 ? 1 : day < 30 ? i % 2 :
														0;	/* one that not all got at once */
		*cell(&table, i, 4) = i % 7;	/* holds a number that is no part of the date */
		*digits(&table, i, 4) = i % 7;
		*cell(&table, i, 5) = *cell(&table, i, 0) - 9000 * DAY;	/* age */
		*cell(&table, i, 6) = floor(day / 5);
		*cell(&table, i, 7) = 3;
	}
	decide(&table, candidate);
	CHECK(candidate[1].left_out && candidate[1].reason == DSAD_LEFT_OUT_MOVES);
	CHECK(candidate[2].left_out && candidate[2].reason == DSAD_LEFT_OUT_MOVES);
	CHECK(!candidate[3].left_out && candidate[3].warning == DSAD_WARNING_MOVES);
	CHECK(!candidate[4].left_out && candidate[4].warning == DSAD_WARNING_NONE);
	CHECK(candidate[5].left_out && candidate[5].reason == DSAD_LEFT_OUT_MOVES);
	CHECK(candidate[6].left_out && candidate[6].reason == DSAD_LEFT_OUT_MOVES);
	CHECK(!candidate[7].left_out && candidate[7].warning == DSAD_WARNING_NONE);
	check_orders(&table, candidate);
	end_table(&table);
}

/* A serial number with a stray value is one; times as numbers are worth a word; text is not said to move with a serial number. */
static void
test_numbers(void)
{
	Table		table;
	DsadCandidate candidate[MAX_COLUMNS];

	start_table(&table, 400);
	for (int c = 0; c < 3; c++)
		add_column(&table, DSAD_TYPE_NUMBER, true);
	add_column(&table, DSAD_TYPE_TEXT, false);
	for (uint32_t i = 0; i < 400; i++)
	{
		*cell(&table, i, 0) = i == 3 ? 1e12 : i == 4 ? -1 :
													   5000 + (double) i;
		*cell(&table, i, 1) = floor(1.7e9 + 1e6 * uniform() * uniform());
		*cell(&table, i, 2) = floor(5e8 * uniform());
		*cell(&table, i, 3) = i / 100;	/* blocks of numbers, given to shops */
	}
	decide(&table, candidate);
	CHECK(candidate[0].left_out && candidate[0].reason == DSAD_LEFT_OUT_SERIAL);
	CHECK(!candidate[1].left_out && candidate[1].warning == DSAD_WARNING_TIME);
	CHECK(!candidate[2].left_out && candidate[2].warning == DSAD_WARNING_NONE);
	CHECK(!candidate[3].left_out && candidate[3].warning == DSAD_WARNING_MOVES);
	check_orders(&table, candidate);
	end_table(&table);
}

/* The first day of each month, over four of them: later months begin on other weekdays. */
static void
test_months(void)
{
	static const double first[] = {9131, 9162, 9190, 9221};
	Table		table;
	DsadCandidate candidate[MAX_COLUMNS];

	start_table(&table, 400);
	add_column(&table, DSAD_TYPE_DATE, false);
	add_column(&table, DSAD_TYPE_NUMBER, false);
	for (uint32_t i = 0; i < 400; i++)
	{
		*cell(&table, i, 0) = first[i / 100] * DAY;
		*cell(&table, i, 1) = uniform();
	}
	decide(&table, candidate);
	CHECK(candidate[0].left_out && candidate[0].reason == DSAD_LEFT_OUT_INSTANT);
	end_table(&table);
}

/* Few rows with an instant in a short span: the clock is no feature. */
static void
test_few_instants(void)
{
	CHECK(instant(DSAD_TYPE_TIMESTAMP, 1, 0, 24, 35).left_out);
	CHECK(!instant(DSAD_TYPE_TIMESTAMP, 60, 0, 24, 35).left_out);
}

int
main(void)
{
	test_honest();
	test_serial();
	test_moves();
	test_sampled_serial();
	test_moves_within();
	test_parts();
	test_turns();
	test_coverage();
	test_differences();
	test_labels();
	test_array();
	test_look_alikes();
	test_text_moves();
	test_numbers();
	test_few_instants();
	test_months();
	return check_report();
}
