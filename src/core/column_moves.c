/*
 * column_moves.c
 *	  Which columns of the training rows move with an instant or a serial number: numbers
 *	  that rise or fall with it, in all rows or within each value of another column (each
 *	  tenant counts by itself), parts of its date, and texts that follow one another.
 *
 * All of them are told from a sample of rows, chosen by their content.
 */
#include "column_moves.h"

#include <math.h>

#include "env.h"

#define MICROSECONDS_PER_SECOND 1e6
#define MICROSECONDS_PER_HOUR 3600e6
#define MICROSECONDS_PER_DAY 86400e6
#define UNIX_EPOCH_SECONDS 946684800.0	/* 2000-01-01 since 1970-01-01 */

#define MIN_MOVE_ROWS 30		/* below, nothing is known to move with anything */
#define MOVES 0.999				/* rank correlation of what moves with another column */
#define WARN_MOVES 0.8			/* and of what is worth a warning */
#define MIN_ARRANGEMENTS 1e6	/* of the rows by a column's values: fewer make a correlation by chance */
#define PROBE_ROWS 100			/* tell most columns that do not move within groups */
#define PROBE_MOVES 0.9
#define OUTER_PART 20			/* one in so many rows at each end may be far from the others */

#define SAME_PART 0.98			/* of the rows have the date's part: the clock may have been changed */
#define MAX_ZONE_HOURS 14
#define MIN_YEAR_DAYS 366		/* a span of which all months, weeks and days of a year came ... */
#define MIN_MONTH_DAYS 62		/* ... and of which all days of a month did */
#define MIN_WEEK_DAYS 14

/* ---- rank correlation ---- */

typedef struct Pair
{
	double		x;
	double		y;
} Pair;

/* Pairs of rows, counted over groups of rows: how many there are, how many are tied, how many lie the wrong way. */
typedef struct Tally
{
	size_t		rows;
	double		all;
	double		tied_x;
	double		tied_y;
	double		tied_both;
	double		discordant;
	double		log_ways_x;		/* logarithm of the number of ways to arrange the rows by x */
	double		log_ways_y;
} Tally;

static int
compare_pairs(const Pair *a, const Pair *b)
{
	if (a->x != b->x)
		return a->x < b->x ? -1 : 1;
	return a->y < b->y ? -1 : a->y > b->y;
}

/*
 * Sorts pairs (count) by x, then y, with room for as many, or by y alone; returns how many pairs of pairs stood
 * the other way round, those with equal y left out.
 */
static uint64_t
merge_sort(Pair *pair, Pair *room, size_t count, bool by_y)
{
	size_t		half = count / 2;
	size_t		i = 0;
	size_t		j = half;
	uint64_t	inversions;

	if (count < 2)
		return 0;
	inversions = merge_sort(pair, room, half, by_y) + merge_sort(pair + half, room, count - half, by_y);
	for (size_t k = 0; k < count; k++)
	{
		bool		right = i == half ||
			(j < count && (by_y ? pair[j].y < pair[i].y : compare_pairs(&pair[j], &pair[i]) < 0));

		if (right)
			inversions += half - i;
		room[k] = pair[right ? j++ : i++];
	}
	memcpy(pair, room, count * sizeof(Pair));
	return inversions;
}

/* Adds, over runs of equal values in sorted pairs: pairs of pairs that are tied, and the logarithm of the number of arrangements. */
static void
count_ties(const Pair *pair, size_t count, bool by_y, bool both, double *tied, double *log_ways)
{
	double		log_factorial = 0;
	size_t		run = 1;

	for (size_t i = 1; i <= count; i++)
	{
		*log_ways += log((double) i);
		if (i < count && (by_y || pair[i].x == pair[i - 1].x) && (!(by_y || both) || pair[i].y == pair[i - 1].y))
		{
			run++;
			log_factorial += log((double) run);
			continue;
		}
		*tied += (double) run * (double) (run - 1) / 2;
		*log_ways -= log_factorial;
		log_factorial = 0;
		run = 1;
	}
}

/* Adds a group's pairs (count), which are sorted then, with room for as many. */
static void
add_pairs(Tally *tally, Pair *pair, Pair *room, size_t count)
{
	double		ignored = 0;

	if (count < 2)
		return;
	tally->rows += count;
	tally->all += (double) count * (double) (count - 1) / 2;
	merge_sort(pair, room, count, false);
	count_ties(pair, count, false, false, &tally->tied_x, &tally->log_ways_x);
	count_ties(pair, count, false, true, &tally->tied_both, &ignored);
	tally->discordant += (double) merge_sort(pair, room, count, true);
	count_ties(pair, count, true, false, &tally->tied_y, &tally->log_ways_y);
}

/*
 * Goodman's and Kruskal's gamma: of the pairs of rows that differ in both columns, how many more
 * lie one way than the other.  0 when so few rows differ that chance could make it anything.
 */
static double
rank_correlation(const Tally *tally)
{
	double		informative = tally->all - tally->tied_x - tally->tied_y + tally->tied_both;

	if (tally->rows < MIN_MOVE_ROWS || !(informative > 0) || tally->log_ways_x < log(MIN_ARRANGEMENTS) ||
		tally->log_ways_y < log(MIN_ARRANGEMENTS))
		return 0;
	return 1 - 2 * tally->discordant / informative;
}

/* ---- the rows ---- */

typedef struct Sample
{
	const DsadEncoder *draft;
	const double *cells;		/* (rows, draft->columns) */
	uint32_t	rows;
	Pair	   *pair;			/* rows: scratch */
	Pair	   *room;			/* rows: scratch */
	uint32_t   *order;			/* rows: sorted by some column */
	double		span;			/* of the clock, without the first and last rows */
} Sample;

static double
cell(const Sample *sample, uint32_t row, uint32_t column)
{
	return sample->cells[(size_t) row * sample->draft->columns + column];
}

/* The rows order[0 .. rows) that have both cells, or (start >= 0) the differences between the second and cell `start`; how many. */
static size_t
take_pairs(const Sample *sample, const uint32_t *order, uint32_t rows, uint32_t x, uint32_t y, int64_t start)
{
	size_t		count = 0;

	for (uint32_t i = 0; i < rows; i++)
	{
		uint32_t	row = order[i];
		double		value = cell(sample, row, y) - (start >= 0 ? cell(sample, row, (uint32_t) start) : 0);

		if (!isnan(cell(sample, row, x)) && !isnan(value))
			sample->pair[count++] = (Pair) {cell(sample, row, x), value};
	}
	return count;
}

/* Sorts the rows by a column; missing values are one that comes last. */
static void
sort_rows(Sample *sample, uint32_t column)
{
	for (uint32_t i = 0; i < sample->rows; i++)
	{
		double		value = cell(sample, i, column);

		sample->pair[i] = (Pair) {isnan(value) ? INFINITY : value, i};
	}
	merge_sort(sample->pair, sample->room, sample->rows, false);
	for (uint32_t i = 0; i < sample->rows; i++)
		sample->order[i] = (uint32_t) sample->pair[i].y;
}

/* The end of the run of rows that begins at order[begin] and has one value in a column. */
static uint32_t
end_of_run(const Sample *sample, uint32_t begin, uint32_t column)
{
	double		value = cell(sample, sample->order[begin], column);
	uint32_t	end = begin + 1;

	for (; end < sample->rows; end++)
	{
		double		other = cell(sample, sample->order[end], column);

		if (other != value && !(isnan(other) && isnan(value)))
			break;
	}
	return end;
}

/* ---- what is compared with what ---- */

/* Whether other columns are compared with this one. */
static bool
is_clock(const DsadColumn *column, const DsadCandidate *candidate)
{
	if (dsad_column_is_instant(column))
		return candidate->statistics->max > candidate->statistics->min;
	return candidate->left_out && candidate->reason == DSAD_LEFT_OUT_SERIAL;
}

/* Whether the column is a number that is compared with others. */
static bool
is_measured(const DsadColumn *column, const DsadCandidate *candidate)
{
	return column->type == DSAD_TYPE_NUMBER && column->encoding == DSAD_ENCODING_NUMBER && !candidate->left_out &&
		!candidate->asked;
}

/* Whether the column is text that is compared with others. */
static bool
is_text(const DsadColumn *column, const DsadCandidate *candidate)
{
	return column->type == DSAD_TYPE_TEXT && column->encoding == DSAD_ENCODING_CATEGORY && !candidate->left_out &&
		!candidate->asked;
}

/* Whether rows may be counted within each of the column's values. */
static bool
is_group(const DsadColumn *column, const DsadCandidate *candidate)
{
	return column->encoding == DSAD_ENCODING_CATEGORY || column->encoding == DSAD_ENCODING_BOOLEAN ||
		(candidate->integer && !(candidate->left_out && candidate->reason == DSAD_LEFT_OUT_SERIAL));
}

/* Whether there is anything to decide on that needs rows. */
bool
dsad_column_moves_want_rows(const DsadEncoder *draft, const DsadCandidate *candidate)
{
	bool		clock = false;
	bool		measured = false;

	for (uint32_t c = 0; c < draft->columns; c++)
	{
		clock |= is_clock(&draft->column[c], &candidate[c]);
		measured |= is_measured(&draft->column[c], &candidate[c]) || is_text(&draft->column[c], &candidate[c]) ||
			(candidate[c].time & DSAD_TIME_SINCE) != 0;
	}
	return clock && measured;
}

/* The column moves with a clock: it is left out. */
static void
leave_out(DsadCandidate *one, uint32_t clock)
{
	dsad_leave_out(one, DSAD_LEFT_OUT_MOVES);
	one->other = (uint16_t) clock;
}

/* ---- numbers that rise or fall ---- */

/* Decides on a number beside a clock. */
static void
judge_number(Sample *sample, DsadCandidate *one, uint32_t clock, uint32_t c)
{
	Tally		tally = {0};
	double		correlation;

	add_pairs(&tally, sample->pair, sample->room, take_pairs(sample, sample->order, sample->rows, clock, c, -1));
	correlation = fabs(rank_correlation(&tally));
	if (correlation >= MOVES && one->integer)
		leave_out(one, clock);
	else if (correlation >= WARN_MOVES)
	{
		one->warning = DSAD_WARNING_MOVES;
		one->other = (uint16_t) clock;
	}
}

/* A difference that never varies, or is as good as the instant itself, is none to go by. */
static void
judge_difference(Sample *sample, DsadCandidate *one, uint32_t clock, uint32_t c)
{
	Tally		tally = {0};
	size_t		count = take_pairs(sample, sample->order, sample->rows, clock, c, one->since);
	bool		varies = false;

	for (size_t i = 1; i < count; i++)
		varies |= sample->pair[i].y != sample->pair[0].y;
	add_pairs(&tally, sample->pair, sample->room, count);
	if (varies && fabs(rank_correlation(&tally)) < MOVES)
		return;
	one->time &= (uint8_t) ~DSAD_TIME_SINCE;
	one->since = 0;
}

/* Whether pairs (count) spread over half of the time that most rows come from; a session does not. */
static bool
is_spread(const Sample *sample, size_t count)
{
	double		min = INFINITY;
	double		max = -INFINITY;

	for (size_t i = 0; i < count; i++)
	{
		double		x = sample->pair[i].x;

		min = x < min ? x : min;
		max = x > max ? x : max;
	}
	return max - min >= sample->span / 2;
}

/* The rank correlation within the values of a column, of the first `rows` rows in its order. */
static double
correlation_within(Sample *sample, uint32_t group, uint32_t clock, uint32_t c, uint32_t rows)
{
	Tally		tally = {0};

	for (uint32_t begin = 0, end; begin < rows; begin = end)
	{
		size_t		count;

		end = end_of_run(sample, begin, group);
		count = take_pairs(sample, sample->order + begin, end - begin, clock, c, -1);
		if (is_spread(sample, count))
			add_pairs(&tally, sample->pair, sample->room, count);
	}
	return rank_correlation(&tally);
}

/* Leaves out the integers that count within the values of a column, by which the rows are sorted. */
static DsadStatus
judge_within(Sample *sample, DsadCandidate *candidate, uint32_t clock, uint32_t group, const DsadEnv *env, DsadError *error)
{
	uint32_t	columns = sample->draft->columns;
	uint32_t	probe = sample->rows < PROBE_ROWS ? sample->rows : PROBE_ROWS;
	DsadStatus	status = DSAD_OK;

	for (uint32_t c = 0; c < columns && status == DSAD_OK; c++)
	{
		double		correlation;

		if (c == group || !is_measured(&sample->draft->column[c], &candidate[c]) || !candidate[c].integer)
			continue;
		/* zero also stands for too few rows */
		correlation = fabs(correlation_within(sample, group, clock, c, probe));
		if (correlation != 0 && correlation < PROBE_MOVES)
			continue;
		if (fabs(correlation_within(sample, group, clock, c, sample->rows)) >= MOVES)
			leave_out(&candidate[c], clock);
		status = dsad_poll(env, error);
	}
	return status;
}

/* ---- parts of a date ---- */

typedef enum Part
{
	PART_EPOCH,					/* seconds */
	PART_EPOCH_MILLISECONDS,
	PART_YEAR,
	PART_YEAR_MONTH,			/* 202612 */
	PART_YEAR_WEEK,
	PART_DATE,					/* 20261231 */
	PART_QUARTER,
	PART_MONTH,
	PART_WEEK,
	PART_DAY_OF_YEAR,
	PART_DAY,
	PART_DAY_OF_WEEK,			/* Sunday = 0 */
	PART_ISO_DAY_OF_WEEK,		/* Sunday = 7 */
	PARTS
} Part;

/* All parts of an instant in microseconds since 2000, which is finite. */
static void
take_parts(double instant, double part[PARTS])
{
	/* days since 0000-03-01 of the proleptic Gregorian calendar, in eras of 400 years of 146097 days */
	int64_t		day = (int64_t) floor(instant / MICROSECONDS_PER_DAY) + 730425;
	int64_t		era = (day >= 0 ? day : day - 146096) / 146097;
	int64_t		of_era = day - era * 146097;
	int64_t		year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t		of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t		month = (5 * of_year + 2) / 153;
	int64_t		day_of_month = of_year - (153 * month + 2) / 5 + 1;
	int64_t		year = year_of_era + era * 400 + (month >= 10);
	bool		leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	int64_t		day_of_week = ((day + 3) % 7 + 7) % 7;
	int64_t		iso = day_of_week == 0 ? 7 : day_of_week;
	int64_t		day_of_year = of_year >= 306 ? of_year - 305 : of_year + 60 + leap;
	int64_t		week = (day_of_year - iso + 10) / 7;

	month = month < 10 ? month + 3 : month - 9;
	part[PART_EPOCH] = instant / MICROSECONDS_PER_SECOND + UNIX_EPOCH_SECONDS;
	part[PART_EPOCH_MILLISECONDS] = part[PART_EPOCH] * 1000;
	part[PART_YEAR] = (double) year;
	part[PART_YEAR_MONTH] = (double) (year * 100 + month);
	part[PART_YEAR_WEEK] = (double) (year * 100 + week);
	part[PART_DATE] = (double) (year * 10000 + month * 100 + day_of_month);
	part[PART_QUARTER] = (double) ((month + 2) / 3);
	part[PART_MONTH] = (double) month;
	part[PART_WEEK] = (double) week;
	part[PART_DAY_OF_YEAR] = (double) day_of_year;
	part[PART_DAY] = (double) day_of_month;
	part[PART_DAY_OF_WEEK] = (double) day_of_week;
	part[PART_ISO_DAY_OF_WEEK] = (double) iso;
}

/* The days that the rows must span so that a part goes on as it was; infinite for one that never comes again. */
static double
days_of_part(Part part)
{
	switch (part)
	{
		case PART_QUARTER:
		case PART_MONTH:
		case PART_WEEK:
		case PART_DAY_OF_YEAR:
			return MIN_YEAR_DAYS;
		case PART_DAY:
			return MIN_MONTH_DAYS;
		case PART_DAY_OF_WEEK:
		case PART_ISO_DAY_OF_WEEK:
			return MIN_WEEK_DAYS;
		default:
			return INFINITY;
	}
}

/* Whether a number is a part of an instant, in some time zone, give or take what is rounded. */
static bool
is_part(Part part, double number, double value)
{
	double		wide = part == PART_EPOCH ? 1 : part == PART_EPOCH_MILLISECONDS ? 1000 : 0;

	return fabs(number - value) <= wide;
}

/*
 * The part of a clock that a number is in (nearly) all rows, in a time zone so many hours ahead;
 * PARTS when it is none.  That a number which never varies is a part is an accident unless it has four digits.
 */
static Part
find_part(const Sample *sample, uint32_t clock, uint32_t c, int hours, bool varies)
{
	uint32_t	same[PARTS] = {0};
	uint32_t	rows = 0;
	Part		best = PARTS;

	for (uint32_t i = 0; i < sample->rows; i++)
	{
		double		instant = cell(sample, i, clock) + hours * MICROSECONDS_PER_HOUR;
		double		number = cell(sample, i, c);
		double		part[PARTS];
		bool		any = false;

		if (isnan(instant) || isnan(number) || !(fabs(instant) < 1e18))
			continue;
		rows++;
		take_parts(instant, part);
		for (Part p = 0; p < PARTS; p++)
		{
			same[p] += is_part(p, number, part[p]);
			any |= same[p] >= rows - (1 - SAME_PART) * sample->rows;
		}
		if (!any)
			return PARTS;
	}
	for (Part p = 0; p < PARTS && rows >= MIN_MOVE_ROWS; p++)
		if (same[p] >= SAME_PART * rows && (varies || p < PART_QUARTER) && best == PARTS)
			best = p;
	return best;
}

/* Leaves out the parts of a clock's dates that the rows have not seen all of. */
static DsadStatus
judge_parts(Sample *sample, DsadCandidate *candidate, uint32_t clock, const DsadEnv *env, DsadError *error)
{
	const DsadColumn *column = &sample->draft->column[clock];
	const DsadColumnStatistics *s = candidate[clock].statistics;
	double		days = (s->max - s->min) / MICROSECONDS_PER_DAY;
	int			zones = column->type == DSAD_TYPE_TIMESTAMPTZ ? MAX_ZONE_HOURS : 0;
	bool		year = false;
	DsadStatus	status = DSAD_OK;

	/* first those that vary or cannot be an accident; then, if a year is among them, the others */
	for (int pass = 0; pass <= (int) year; pass++)
		for (uint32_t c = 0; c < sample->draft->columns && status == DSAD_OK; c++)
		{
			DsadCandidate *one = &candidate[c];
			bool		varies = one->statistics->max > one->statistics->min;

			if (!is_measured(&sample->draft->column[c], one))
				continue;
			for (int hours = -zones; hours <= zones; hours++)
			{
				Part		part = find_part(sample, clock, c, hours, varies || pass > 0);

				if (part == PARTS || days >= days_of_part(part))
					continue;
				leave_out(one, clock);
				year |= part == PART_YEAR;
				break;
			}
			status = dsad_poll(env, error);
		}
	return status;
}

/* ---- texts that follow one another ---- */

/*
 * Whether the values of a text take turns in time: a version, a month, a session.  Each value
 * that came more than once stands for the mean of its times; then the rows' times
 * rise with those means.  The rows are sorted by the text.
 */
static bool
takes_turns(Sample *sample, uint32_t clock, uint32_t c)
{
	Tally		tally = {0};
	size_t		count = 0;
	uint32_t	values = 0;

	for (uint32_t begin = 0, end; begin < sample->rows; begin = end)
	{
		size_t		first = count;
		double		mean = 0;

		end = end_of_run(sample, begin, c);
		for (uint32_t i = begin; i < end && !isnan(cell(sample, sample->order[i], c)); i++)
			if (!isnan(cell(sample, sample->order[i], clock)))
			{
				sample->pair[count++].x = cell(sample, sample->order[i], clock);
				mean += sample->pair[count - 1].x;
			}
		if (count - first < 2)
		{
			count = first;
			continue;
		}
		mean /= (double) (count - first);
		for (size_t i = first; i < count; i++)
			sample->pair[i].y = mean;
		values++;
	}
	add_pairs(&tally, sample->pair, sample->room, count);
	return values > 2 && rank_correlation(&tally) >= MOVES;
}

/* ---- all together ---- */

/* From where to where most rows lie, which are sorted by the clock; infinite when there are none. */
static double
span_of_clock(const Sample *sample, uint32_t clock)
{
	uint32_t	count = sample->rows;

	while (count > 0 && isnan(cell(sample, sample->order[count - 1], clock)))
		count--;
	if (count == 0)
		return INFINITY;
	return cell(sample, sample->order[count - 1 - count / OUTER_PART], clock) -
		cell(sample, sample->order[count / OUTER_PART], clock);
}

/* Decides on all columns beside one clock. */
static DsadStatus
judge_clock(Sample *sample, DsadCandidate *candidate, uint32_t clock, const DsadEnv *env, DsadError *error)
{
	const DsadEncoder *draft = sample->draft;
	DsadStatus	status = DSAD_OK;

	sort_rows(sample, clock);
	sample->span = span_of_clock(sample, clock);
	for (uint32_t c = 0; c < draft->columns && status == DSAD_OK; c++)
	{
		DsadCandidate *one = &candidate[c];

		if ((one->time & DSAD_TIME_SINCE) != 0 && !one->left_out)
			judge_difference(sample, one, clock, c);
		else if (is_measured(&draft->column[c], one))
			judge_number(sample, one, clock, c);
		status = dsad_poll(env, error);
	}
	if (dsad_column_is_instant(&draft->column[clock]) && status == DSAD_OK)
		status = judge_parts(sample, candidate, clock, env, error);
	for (uint32_t c = 0; c < draft->columns && status == DSAD_OK; c++)
	{
		if (c == clock || !(is_text(&draft->column[c], &candidate[c]) || is_group(&draft->column[c], &candidate[c])))
			continue;
		sort_rows(sample, c);
		status = judge_within(sample, candidate, clock, c, env, error);
		/* numbers are often given out in blocks, times are not */
		if (is_text(&draft->column[c], &candidate[c]) && dsad_column_is_instant(&draft->column[clock]) && takes_turns(sample, clock, c))
			leave_out(&candidate[c], clock);
	}
	return status;
}

/*
 * Decides what moves with an instant or a serial number, from the first cells of the columns (rows,
 * draft->columns) of rows that were chosen, and are sorted, by their content.
 */
DsadStatus
dsad_column_moves(const DsadEncoder *draft, DsadCandidate *candidate, const double *cells, uint32_t rows,
				  const DsadEnv *env, DsadError *error)
{
	Sample		sample = {draft, cells, rows, NULL, NULL, NULL, 0};
	DsadArena	scratch;
	DsadStatus	status = DSAD_OK;

	dsad_arena_init(&scratch, env);
	sample.pair = dsad_arena_array(&scratch, rows, sizeof(Pair));
	sample.room = dsad_arena_array(&scratch, rows, sizeof(Pair));
	sample.order = dsad_arena_array(&scratch, rows, sizeof(uint32_t));
	if (!sample.pair || !sample.room || !sample.order)
		status = dsad_no_memory(error);
	for (uint32_t clock = 0; clock < draft->columns && status == DSAD_OK; clock++)
		if (is_clock(&draft->column[clock], &candidate[clock]))
			status = judge_clock(&sample, candidate, clock, env, error);
	dsad_arena_release(&scratch);
	dsad_settle_instants(draft, candidate);
	return status;
}
