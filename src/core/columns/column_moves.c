/*
 * column_moves.c
 *	  Which columns of the training rows move with an instant or a serial number: numbers
 *	  that rise or fall with it, in all rows or within each value of another column (each
 *	  tenant counts by itself), parts of its date, and texts that follow one another.
 *
 * All of them are told from a sample of rows, chosen by their content.
 */
#include "core/columns/column_moves.h"

#include <math.h>

#define MICROSECONDS_PER_DAY 86400e6

#define MOVES 0.999				/* rank correlation of what moves with another column */
#define WARN_MOVES 0.8			/* and of what is worth a warning */

#define MAX_CLOCKS 8			/* columns that others are compared with */
#define MAX_CLOCK_DAYS 7300.0	/* instants over more than twenty years tell of persons and things, not of rows */
#define MAX_GROUPS 32			/* columns within whose values others are compared ... */
#define MIN_GROUP_ROWS 10		/* ... if their values have so many rows on average */
#define PROBE_ROWS 100			/* tell most columns that do not move within groups */
#define PROBE_MOVES 0.9

/* ---- what is compared with what ---- */

/* Whether other columns are compared with this one. */
static bool
is_clock(const DsadColumn *column, const DsadCandidate *candidate)
{
	double		span = candidate->statistics->max - candidate->statistics->min;

	if (dsad_column_is_instant(column))
		return span > 0 && span <= MAX_CLOCK_DAYS * MICROSECONDS_PER_DAY;
	return candidate->left_out && candidate->reason == DSAD_LEFT_OUT_SERIAL;
}

/* Whether the column is a number or interval that is compared with others. */
bool
dsad_is_measured(const DsadColumn *column, const DsadCandidate *candidate)
{
	return (column->type == DSAD_TYPE_NUMBER || column->type == DSAD_TYPE_INTERVAL) &&
		   column->encoding == DSAD_ENCODING_NUMBER && !candidate->left_out && !candidate->asked;
}

/* Whether the column is text that is compared with others. */
bool
dsad_is_text(const DsadColumn *column, const DsadCandidate *candidate)
{
	return (column->type == DSAD_TYPE_TEXT || column->type == DSAD_TYPE_ADDRESS) &&
		   column->encoding == DSAD_ENCODING_CATEGORY && !candidate->left_out && !candidate->asked;
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
		measured |= dsad_is_measured(&draft->column[c], &candidate[c]) ||
					dsad_is_text(&draft->column[c], &candidate[c]) || (candidate[c].time & DSAD_TIME_SINCE) != 0;
	}
	return clock && measured;
}

/* The column moves with a clock: it is left out. */
void
dsad_moves_with(DsadCandidate *one, uint32_t clock)
{
	dsad_leave_out(one, DSAD_LEFT_OUT_MOVES);
	one->other = (uint16_t) clock;
}

/* The column seems to move with a clock; what was found before says more. */
static void
warn(DsadCandidate *one, uint32_t clock)
{
	if (one->warning != DSAD_WARNING_NONE && one->warning != DSAD_WARNING_TIME)
		return;
	one->warning = DSAD_WARNING_MOVES;
	one->other = (uint16_t) clock;
}

/* ---- numbers that rise or fall ---- */

/* Decides on a number or interval beside a clock. */
static void
judge_number(DsadMoveSample *sample, DsadCandidate *one, uint32_t clock, uint32_t c)
{
	bool		counts = one->integer || sample->draft->column[c].type == DSAD_TYPE_INTERVAL;
	DsadTally	tally = {0};
	double		correlation;

	dsad_tally_add(&tally, sample->pair, sample->room,
				   dsad_sample_take_pairs(sample, sample->order, sample->rows, clock, c, -1));
	correlation = fabs(dsad_rank_correlation(&tally, 0));
	if (correlation >= MOVES && counts)
		dsad_moves_with(one, clock);
	else if (correlation >= WARN_MOVES)
		warn(one, clock);
}

/* A difference that never varies, or is as good as the instant itself, is none to go by. */
static void
judge_difference(DsadMoveSample *sample, DsadCandidate *one, uint32_t clock, uint32_t c)
{
	DsadTally	tally = {0};
	size_t		count = dsad_sample_take_pairs(sample, sample->order, sample->rows, clock, c, one->since);
	bool		varies = false;

	for (size_t i = 1; i < count; i++)
		varies |= sample->pair[i].y != sample->pair[0].y;
	dsad_tally_add(&tally, sample->pair, sample->room, count);
	if (varies && fabs(dsad_rank_correlation(&tally, 0)) < MOVES)
		return;
	one->time &= (uint8_t) ~DSAD_TIME_SINCE;
	one->since = 0;
}

/* Whether pairs (count) spread over half of the time that most rows come from; a session does not. */
static bool
is_spread(const DsadMoveSample *sample, size_t count)
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
correlation_within(DsadMoveSample *sample, uint32_t group, uint32_t clock, uint32_t c, uint32_t rows)
{
	DsadTally	tally = {0};

	for (uint32_t begin = 0, end; begin < rows; begin = end)
	{
		size_t		count;

		end = dsad_sample_end_of_run(sample, begin, group);
		count = dsad_sample_take_pairs(sample, sample->order + begin, end - begin, clock, c, -1);
		if (is_spread(sample, count))
			dsad_tally_add(&tally, sample->pair, sample->room, count);
	}
	return dsad_rank_correlation(&tally, 0);
}

/* Leaves out the integers that count within the values of a column, by which the rows are sorted. */
static DsadStatus
judge_within(DsadMoveSample *sample, DsadCandidate *candidate, uint32_t clock, uint32_t group, const DsadEnv *env,
			 DsadError *error)
{
	uint32_t	columns = sample->draft->columns;
	uint32_t	probe = sample->rows < PROBE_ROWS ? sample->rows : PROBE_ROWS;
	DsadStatus	status = DSAD_OK;

	for (uint32_t c = 0; c < columns && status == DSAD_OK; c++)
	{
		double		correlation;

		if (c == group || !dsad_is_measured(&sample->draft->column[c], &candidate[c]) || !candidate[c].integer)
			continue;
		/* zero also stands for too few rows */
		correlation = fabs(correlation_within(sample, group, clock, c, probe));
		if (correlation != 0 && correlation < PROBE_MOVES)
			continue;
		if (fabs(correlation_within(sample, group, clock, c, sample->rows)) >= MOVES)
			dsad_moves_with(&candidate[c], clock);
		status = dsad_poll(env, error);
	}
	return status;
}

/* ---- texts that follow one another ---- */

/*
 * How far the values of a text take turns in time: a version, a month, a session.  Each value
 * that came more than once stands for the median of its times; the rank correlation of
 * the rows' times and those medians.  The rows are sorted by the text.
 */
static double
takes_turns(DsadMoveSample *sample, uint32_t clock, uint32_t c)
{
	DsadTally	tally = {0};
	size_t		count = 0;
	uint32_t	values = 0;
	double		orders = 0;		/* logarithm: of the values, one of which is sure to fit */

	for (uint32_t begin = 0, end; begin < sample->rows; begin = end)
	{
		size_t		first = count;
		double		median;

		end = dsad_sample_end_of_run(sample, begin, c);
		for (uint32_t i = begin; i < end && !isnan(dsad_sample_cell(sample, sample->order[i], c)); i++)
			if (!isnan(dsad_sample_cell(sample, sample->order[i], clock)))
				sample->pair[count++] = (DsadPair) {dsad_sample_cell(sample, sample->order[i], clock), 0};
		if (count - first < 2)
		{
			count = first;
			continue;
		}
		dsad_sort_pairs(sample->pair + first, sample->room, count - first);
		median = sample->pair[first + (count - first) / 2].x;
		for (size_t i = first; i < count; i++)
			sample->pair[i].y = median;
		values++;
	}
	dsad_tally_add(&tally, sample->pair, sample->room, count);
	for (uint32_t i = 2; i <= values; i++)
		orders += log((double) i);
	return values > 1 ? dsad_rank_correlation(&tally, orders) : 0;
}

/* ---- all together ---- */

/* Decides on the numbers, differences and parts of dates beside one clock. */
static DsadStatus
judge_beside(DsadMoveSample *sample, DsadCandidate *candidate, uint32_t clock, const DsadEnv *env, DsadError *error)
{
	const DsadEncoder *draft = sample->draft;
	DsadStatus	status = DSAD_OK;

	for (uint32_t c = 0; c < draft->columns && status == DSAD_OK; c++)
	{
		DsadCandidate *one = &candidate[c];

		if ((one->time & DSAD_TIME_SINCE) != 0 && !one->left_out)
			judge_difference(sample, one, clock, c);
		else if (dsad_is_measured(&draft->column[c], one))
			judge_number(sample, one, clock, c);
		status = dsad_poll(env, error);
	}
	return dsad_column_is_instant(&draft->column[clock]) && status == DSAD_OK ?
			   dsad_judge_parts(sample, candidate, clock, env, error) :
			   status;
}

/* Decides on the texts that take turns, and on what counts within the values of a column, beside some clocks. */
static DsadStatus
judge_values(DsadMoveSample *sample, DsadCandidate *candidate, const uint32_t *clock, const double *span,
			 uint32_t clocks, const DsadEnv *env, DsadError *error)
{
	const DsadEncoder *draft = sample->draft;
	uint32_t	groups = 0;
	DsadStatus	status = DSAD_OK;

	for (uint32_t c = 0; c < draft->columns && status == DSAD_OK; c++)
	{
		bool		text = dsad_is_text(&draft->column[c], &candidate[c]);
		bool		group = is_group(&draft->column[c], &candidate[c]);
		uint32_t	runs;

		if (!text && !group)
			continue;
		dsad_sample_sort_rows(sample, c);
		runs = dsad_sample_count_runs(sample, c);
		group &= groups < MAX_GROUPS && runs > 1 && sample->rows / runs >= MIN_GROUP_ROWS;
		groups += group;
		for (uint32_t k = 0; k < clocks && status == DSAD_OK; k++)
		{
			double		turns = text && !candidate[c].left_out ? takes_turns(sample, clock[k], c) : 0;

			sample->span = span[k];
			if (group && clock[k] != c)
				status = judge_within(sample, candidate, clock[k], c, env, error);
			/* numbers are often given out in blocks, times are not */
			if (turns >= MOVES && dsad_column_is_instant(&draft->column[clock[k]]))
				dsad_moves_with(&candidate[c], clock[k]);
			else if (turns >= WARN_MOVES)
				warn(&candidate[c], clock[k]);
		}
		if (status == DSAD_OK)
			status = dsad_poll(env, error);
	}
	return status;
}

static DsadStatus
judge(DsadMoveSample *sample, DsadCandidate *candidate, const DsadEnv *env, DsadError *error)
{
	uint32_t	clock[MAX_CLOCKS];
	double		span[MAX_CLOCKS];
	uint32_t	clocks = 0;
	DsadStatus	status = DSAD_OK;

	for (uint32_t c = 0; c < sample->draft->columns && clocks < MAX_CLOCKS && status == DSAD_OK; c++)
	{
		if (!is_clock(&sample->draft->column[c], &candidate[c]))
			continue;
		dsad_sample_sort_rows(sample, c);
		clock[clocks] = c;
		span[clocks++] = dsad_sample_span(sample, c);
		status = judge_beside(sample, candidate, c, env, error);
	}
	return status == DSAD_OK ? judge_values(sample, candidate, clock, span, clocks, env, error) : status;
}

/*
 * Decides what moves with an instant or a serial number, from the first cells of the columns (rows,
 * draft->columns) of rows that were chosen, and are sorted, by their content; digits: the numbers that
 * texts hold, NaN where there is none.
 */
DsadStatus
dsad_column_moves(const DsadEncoder *draft, DsadCandidate *candidate, const double *cells, const double *digits,
				  uint32_t rows, const DsadEnv *env, DsadError *error)
{
	DsadMoveSample sample = {.draft = draft, .cells = cells, .digits = digits, .rows = rows};
	DsadArena	scratch;
	DsadStatus	status;

	dsad_arena_init(&scratch, env);
	sample.pair = dsad_arena_array(&scratch, rows, sizeof(DsadPair));
	sample.room = dsad_arena_array(&scratch, rows, sizeof(DsadPair));
	sample.order = dsad_arena_array(&scratch, rows, sizeof(uint32_t));
	if (!sample.pair || !sample.room || !sample.order)
		status = dsad_no_memory(error);
	else
		status = judge(&sample, candidate, env, error);
	dsad_arena_release(&scratch);
	dsad_settle_instants(draft, candidate);
	return status;
}
