/*
 * column_rules.c
 *	  Which columns of the training rows are no features.
 *
 * A table that somebody puts in as it is has columns that tell the label, and columns
 * that cannot mean the same tomorrow: serial numbers, times of insertion, whatever
 * rises with those.  All rules are functions of the set of rows.  A rule holds a column
 * for one of these only when chance makes that of an honest one less than once in 10^5 (values where the label is
 * known alone: 10^3).
 */
#include "core/columns/column_rules.h"

#include <math.h>
#include <string.h>

#include "core/statistics.h"

#define MICROSECONDS_PER_DAY 86400e6

#define MIN_CLOCK_DAYS 2		/* of rows from which on the time of day is a feature ... */
#define MIN_WEEKDAY_DAYS 14		/* ... and the day of the week */
#define QUIET_CLOCK_DAYS 14		/* so many days without rows in an hour: there are none in that hour ... */
#define QUIET_WEEKDAY_DAYS 28	/* ... and on a day of the week */

#define MIN_SERIAL_ROWS 200		/* from which on numbers that never repeat are left out ... */
#define WARN_SERIAL_ROWS 20		/* ... and are worth a warning */
#define MAX_REPEATED 0.01		/* of numbers that hardly do: rows were copied */
#define OUTER_PART 100			/* one number in so many at each end may lie anywhere */

#define FIRST_SECOND 1e9		/* of numbers that may be times: 2001 ... */
#define LAST_SECOND 2.2e9		/* ... to 2039, in seconds since 1970 */

#define MIN_IDENTIFIER_ROWS 100	/* from which on text that hardly repeats is left out */

/* The rule holds a column for something: it is left out. */
void
dsad_leave_out(DsadCandidate *candidate, DsadLeftOutReason reason)
{
	candidate->left_out = true;
	candidate->reason = (uint8_t) reason;
}

/* ---- text ---- */

/* Text whose values hardly repeat says who it was, not what. */
static void
judge_text(const DsadColumn *column, DsadCandidate *candidate)
{
	uint64_t	present = dsad_rows_present(candidate->statistics);

	if (column->encoding != DSAD_ENCODING_CATEGORY || candidate->asked)
		return;
	if (candidate->variety)
		dsad_leave_out(candidate, candidate->values > present / 2 ? DSAD_LEFT_OUT_IDENTIFIER : DSAD_LEFT_OUT_VARIETY);
	/* addresses are known by their networks */
	else if (column->type != DSAD_TYPE_ADDRESS && present >= MIN_IDENTIFIER_ROWS && candidate->values > present / 2)
		dsad_leave_out(candidate, DSAD_LEFT_OUT_IDENTIFIER);
}

/* ---- times ---- */

/*
 * Whether later rows will not come in other hours, or on other weekdays: each came, on more than one day,
 * or so many days went by that those which never came are quiet.
 */
static bool
is_covered(const int32_t (*days)[2], int bins, double span, double least, double quiet)
{
	if (span >= quiet)
		return true;
	for (int i = 0; i < bins; i++)
		if (days[i][0] >= days[i][1])
			return false;
	return span >= least;
}

/* What an instant becomes by itself: circles of which the rows have seen enough. */
static uint8_t
circles(const DsadColumn *column, const DsadColumnStatistics *s)
{
	double		span = (s->max - s->min) / MICROSECONDS_PER_DAY;
	/* few instants, as the first day of each month, leave out hours and weekdays that later ones will have */
	bool		few = s->few.count <= DSAD_FEW_VALUES;
	uint8_t		time = 0;

	double		clock_days = few ? INFINITY : QUIET_CLOCK_DAYS;
	double		weekday_days = few ? INFINITY : QUIET_WEEKDAY_DAYS;

	if (s->coverage == NULL)
		return 0;
	if (column->type != DSAD_TYPE_DATE &&
		is_covered((const int32_t(*)[2]) s->coverage->hour, DSAD_HOURS, span, MIN_CLOCK_DAYS, clock_days))
		time |= DSAD_TIME_CLOCK;
	/* a date stands for its whole day */
	if (is_covered((const int32_t(*)[2]) s->coverage->weekday, DSAD_WEEKDAYS,
				   span + (column->type == DSAD_TYPE_DATE ? 1 : 0), MIN_WEEKDAY_DAYS, weekday_days))
		time |= DSAD_TIME_CALENDAR;
	return time;
}

/* Whether every hour of the day came. */
static bool
has_all_hours(const DsadColumnStatistics *s)
{
	for (int i = 0; s->coverage && i < DSAD_HOURS; i++)
		if (s->coverage->hour[i][0] > s->coverage->hour[i][1])
			return false;
	return s->coverage != NULL;
}

/* Whether some instant of the rows spans so many days that hours without rows are quiet ones. */
static bool
spans_quiet_days(const DsadEncoder *draft, const DsadCandidate *candidate)
{
	for (uint32_t c = 0; c < draft->columns; c++)
		if (dsad_column_is_instant(&draft->column[c]) &&
			candidate[c].statistics->max - candidate[c].statistics->min >= QUIET_CLOCK_DAYS * MICROSECONDS_PER_DAY)
			return true;
	return false;
}

static bool
is_time(const DsadColumn *column)
{
	return column->type >= DSAD_TYPE_TIMESTAMP && column->type <= DSAD_TYPE_INTERVAL;
}

/* Whether the other instants of a row can be measured from this column. */
static bool
can_start(const DsadColumn *column, const DsadCandidate *candidate)
{
	return dsad_column_is_instant(column) && column->encoding == DSAD_ENCODING_TIME &&
		   candidate->statistics->max > candidate->statistics->min &&
		   !(candidate->left_out &&
			 (candidate->reason == DSAD_LEFT_OUT_LABEL || candidate->reason == DSAD_LEFT_OUT_FILLED));
}

/* The column that the other instants are measured from: the fullest one, of several the first; columns when there is
 * none. */
static uint32_t
find_start(const DsadEncoder *draft, const DsadCandidate *candidate)
{
	uint32_t	start = draft->columns;

	for (uint32_t c = 0; c < draft->columns; c++)
		if (can_start(&draft->column[c], &candidate[c]) &&
			(start == draft->columns ||
			 dsad_rows_present(candidate[c].statistics) > dsad_rows_present(candidate[start].statistics)))
			start = c;
	return start;
}

/* Times that never varied say nothing of later ones; the others are what the rows have seen enough of. */
static void
judge_times(const DsadEncoder *draft, DsadCandidate *candidate)
{
	bool		quiet = spans_quiet_days(draft, candidate);
	uint32_t	start;

	for (uint32_t c = 0; c < draft->columns; c++)
	{
		const DsadColumn *column = &draft->column[c];
		DsadCandidate *one = &candidate[c];

		if (!is_time(column) || one->asked || one->left_out)
			continue;
		if (!(one->statistics->max > one->statistics->min))
			dsad_leave_out(one, DSAD_LEFT_OUT_CONSTANT);
		else if (dsad_column_is_instant(column))
			one->time = circles(column, one->statistics);
		else if (column->type == DSAD_TYPE_TIME)
		{
			one->time = DSAD_TIME_CLOCK;
			if (!quiet && !has_all_hours(one->statistics))
				dsad_leave_out(one, DSAD_LEFT_OUT_INSTANT);
		}
	}
	start = find_start(draft, candidate);
	for (uint32_t c = 0; c < draft->columns && start < draft->columns; c++)
	{
		const DsadColumn *column = &draft->column[c];
		DsadCandidate *one = &candidate[c];

		if (c == start || !dsad_column_is_instant(column) || column->encoding != DSAD_ENCODING_TIME || one->exact ||
			one->left_out)
			continue;
		one->time |= DSAD_TIME_SINCE;
		one->since = (uint16_t) start;
	}
}

/* Leaves out the instants that become nothing, unless others are measured from them. */
void
dsad_settle_instants(const DsadEncoder *draft, DsadCandidate *candidate)
{
	for (uint32_t c = 0; c < draft->columns; c++)
	{
		bool		start = false;

		if (!dsad_column_is_instant(&draft->column[c]) || draft->column[c].encoding != DSAD_ENCODING_TIME ||
			candidate[c].asked || candidate[c].left_out || candidate[c].time != 0)
			continue;
		for (uint32_t other = 0; other < draft->columns; other++)
			start |= candidate[other].time & DSAD_TIME_SINCE && candidate[other].since == c;
		if (!start)
			dsad_leave_out(&candidate[c], DSAD_LEFT_OUT_INSTANT);
	}
}

/* ---- serial numbers ---- */

/* The range that most of the sampled values lie in, as if it went on: a single other number hides no serial number. */
static double
range_of_most(const DsadSampledValues *sampled, DsadArena *scratch)
{
	double	   *value = dsad_arena_array(scratch, sampled->count, sizeof(double));
	uint32_t	outer = (sampled->count + OUTER_PART - 1) / OUTER_PART;

	if (value == NULL || sampled->count < 3 * outer)
		return INFINITY;
	memcpy(value, sampled->value, sampled->count * sizeof(double));
	dsad_sort(value, sampled->count);
	return (value[sampled->count - 1 - outer] - value[outer] + 1) * sampled->count / (sampled->count - 2 * outer);
}

/*
 * Logarithm of how likely it is that numbers which came by chance repeat as little as the column's do; 0
 * when they do repeat.  A number out of a range, that came at all, came again with the chance
 * below, or a larger one when not all are equally likely; whoever numbers rows makes no copies.  A
 * sample of every hundredth row is still told from chance.  Poisson's and the binomial distribution.
 */
static double
serial_chance(const DsadColumnStatistics *s, DsadArena *scratch)
{
	const DsadSampledValues *sampled = &s->sampled;
	double		density = (double) dsad_rows_present(s) / range_of_most(sampled, scratch);
	double		again = density < 1e-3 ? density / 2 : 1 - density / (exp(density) - 1);
	double		term = sampled->count * log(1 - again);
	double		sum = 0;
	double		largest = term;
	uint32_t	repeated = 0;

	for (uint32_t i = 0; i < sampled->count; i++)
		repeated += sampled->again[i];
	if (repeated > MAX_REPEATED * sampled->count)
		return 0;
	for (uint32_t k = 0; k <= repeated; k++)
	{
		/* terms as parts of the largest so far */
		if (term > largest)
		{
			sum *= exp(largest - term);
			largest = term;
		}
		sum += exp(term - largest);
		term += log((double) (sampled->count - k) / (k + 1)) + log(again) - log(1 - again);
	}
	return largest + log(sum) < 0 ? largest + log(sum) : 0;
}

/* Whether all numbers could be seconds, or thousandths or millionths of one, of times of a few decades. */
static bool
looks_like_time(const DsadColumnStatistics *s)
{
	for (double unit = 1; unit <= 1e6; unit *= 1000)
		if (s->min >= FIRST_SECOND * unit && s->max < LAST_SECOND * unit)
			return true;
	return false;
}

static void
judge_integer(const DsadColumn *column, DsadCandidate *candidate, DsadArena *scratch)
{
	const DsadColumnStatistics *s = candidate->statistics;

	if (s->sampled.most == 0 || s->fraction || column->encoding != DSAD_ENCODING_NUMBER || candidate->left_out ||
		candidate->asked || dsad_rows_present(s) == 0)
		return;
	candidate->serial_chance = serial_chance(s, scratch);
	if (dsad_rows_present(s) >= MIN_SERIAL_ROWS && candidate->serial_chance <= log(DSAD_RULE_CHANCE))
		dsad_leave_out(candidate, DSAD_LEFT_OUT_SERIAL);
	else if (candidate->warning != DSAD_WARNING_NONE)
		return;
	else if (dsad_rows_present(s) >= WARN_SERIAL_ROWS && candidate->serial_chance <= log(DSAD_WARN_CHANCE))
		candidate->warning = DSAD_WARNING_SERIAL;
	else if (dsad_rows_present(s) >= WARN_SERIAL_ROWS && s->max > s->min && looks_like_time(s))
		candidate->warning = DSAD_WARNING_TIME;
}

/*
 * Decides what needs no more than the statistics (rows: how many there are of each
 * label); what moves with what is for dsad_column_moves.
 */
DsadStatus
dsad_column_rules(const DsadEncoder *draft, DsadCandidate *candidate, const uint64_t rows[DSAD_LABELS],
				  const DsadEnv *env, DsadError *error)
{
	DsadStatus	status = DSAD_OK;

	for (uint32_t c = 0; c < draft->columns && status == DSAD_OK; c++)
	{
		DsadArena	scratch;

		dsad_judge_label(&draft->column[c], &candidate[c], rows);
		if (candidate[c].left_out)
			continue;
		judge_text(&draft->column[c], &candidate[c]);
		dsad_arena_init(&scratch, env);
		judge_integer(&draft->column[c], &candidate[c], &scratch);
		dsad_arena_release(&scratch);
		status = dsad_poll(env, error);
	}
	judge_times(draft, candidate);
	dsad_settle_instants(draft, candidate);
	return status;
}
