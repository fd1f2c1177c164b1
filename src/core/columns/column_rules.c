/*
 * column_rules.c
 *	  Which columns of the training rows are no features.
 *
 * A table that somebody puts in as it is has columns that tell the label, and columns
 * that cannot mean the same tomorrow: serial numbers, times of insertion, whatever
 * rises with those.  All rules are functions of the set of rows.  A rule holds a column
 * for one of these only when chance makes that of an honest one less than once in 10^5.
 */
#include "core/columns/column_rules.h"

#include <math.h>
#include <string.h>

#include "core/statistics.h"

#define MICROSECONDS_PER_DAY 86400e6

#define CHANCE 1e-5				/* of a rule's being wrong by chance, at most */
#define WARN_CHANCE 1e-3		/* the same for a warning */
#define FILLED_CHANCE 1e-3		/* of values in labeled rows only */
#define WARN_FILLED_CHANCE 0.05
#define MAX_STRAY 0.05			/* of the values in other rows: hardly any */

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

/* Natural logarithm of the number of ways to choose k of n. */
static double
log_choose(uint64_t n, uint64_t k)
{
	double		sum = 0;

	if (k > n - k)
		k = n - k;
	/* more terms only make it larger, and this is large enough to compare */
	for (uint64_t i = 1; i <= k && i <= 64; i++)
		sum += log((double) (n - k + i) / (double) i);
	return sum;
}

static bool
same_number(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

/* ---- what tells the label ---- */

/* The one value that all rows of a label have: its index among the few, -1 = there are several, or none. */
static int
only_value(const DsadFewValues *few, int label)
{
	int			found = -1;

	if (few->count > DSAD_FEW_VALUES)
		return -1;
	for (uint32_t i = 0; i < few->count; i++)
	{
		if (few->rows[i][label] == 0)
			continue;
		if (found >= 0)
			return -1;
		found = (int) i;
	}
	return found;
}

/* Logarithm of how likely chance makes a column tell the label as it does, one value for each; 0 when it does not. */
static double
label_chance(const DsadColumnStatistics *s, const uint64_t rows[DSAD_LABELS])
{
	uint64_t	anomalies = rows[0];
	uint64_t	unlabeled = rows[1];
	uint64_t	normals = rows[2];
	int			label = anomalies > 0 ? 0 : 2;
	int			value[2] = {only_value(&s->few, 0), only_value(&s->few, 2)};

	if (anomalies > 0 && normals > 0)
	{
		bool		by_presence = (s->missing[0] == 0 && s->present[2] == 0) || (s->present[0] == 0 && s->missing[2] == 0);
		bool		by_value = value[0] >= 0 && value[1] >= 0 && value[0] != value[1];

		return by_presence || by_value ? -log_choose(anomalies + normals, anomalies) : 0;
	}
	if (rows[label] == 0 || unlabeled == 0)
		return 0;
	/* one kind of label: the labeled rows share a value that no other row has */
	if (value[label / 2] < 0 || s->few.rows[value[label / 2]][1] > 0)
		return 0;
	return -log_choose(rows[label] + unlabeled, rows[label]);
}

/*
 * The same when the rows of a label have several values, of few in all, that no others have: so many ways there
 * are at most to divide the values.
 */
static double
values_chance(const DsadColumnStatistics *s, const uint64_t rows[DSAD_LABELS])
{
	bool		both = rows[0] > 0 && rows[2] > 0;
	uint64_t	labeled = rows[0] > 0 ? rows[0] : rows[2];
	uint64_t	others = both ? rows[2] : rows[1];

	if (labeled == 0 || others == 0 || s->few.count > DSAD_FEW_VALUES)
		return 0;
	for (uint32_t i = 0; i < s->few.count; i++)
	{
		uint64_t	with = rows[0] > 0 ? s->few.rows[i][0] : s->few.rows[i][2];

		if (with > 0 && s->few.rows[i][both ? 2 : 1] > 0)
			return 0;
	}
	return s->few.count * log(2) - log_choose(labeled + others, labeled);
}

/* Logarithm of how likely chance makes a column have values only, or nearly only, where the label is known; 0 when it
 * has not. */
static double
filled_chance(const DsadColumnStatistics *s, const uint64_t rows[DSAD_LABELS])
{
	uint64_t	labeled = rows[0] + rows[2];
	uint64_t	filled = s->present[0] + s->present[2];
	uint64_t	stray = s->present[1];
	double		share = (double) labeled / ((double) labeled + (double) rows[1]);

	if (filled == 0 || rows[1] == 0 || (double) stray > MAX_STRAY * (double) (filled + stray))
		return 0;
	return (double) filled * log(share) + log_choose(filled + stray, stray);
}

/* Whether element i of an array tells the label: by one value for each or, with one kind known, one beyond all others.
 */
static bool
element_tells(const DsadTelling *telling, uint32_t i, bool both, int kind)
{
	double		value = telling->value[kind][i];

	if (telling->varies[i])
		return false;
	if (both)
		return !same_number(value, telling->value[1][i]);
	return value < telling->low[i] || value > telling->high[i];
}

/* The first element of an array that tells the label; cells when none does. */
static uint32_t
telling_element(const DsadColumn *column, const DsadColumnStatistics *s, const uint64_t rows[DSAD_LABELS])
{
	const DsadTelling *telling = &s->telling;
	bool		both = telling->value[0] && telling->value[1];
	int			kind = telling->value[0] ? 0 : 1;
	uint64_t	others = both ? rows[2] : rows[1];

	if (!telling->value[kind] || (!both && !telling->low) ||
		-log_choose(rows[2 * kind] + others, rows[2 * kind]) > log(CHANCE))
		return column->cells;
	for (uint32_t i = 0; i < column->cells; i++)
		if (element_tells(telling, i, both, kind))
			return i;
	return column->cells;
}

void
dsad_leave_out(DsadCandidate *candidate, DsadLeftOutReason reason)
{
	candidate->left_out = true;
	candidate->reason = (uint8_t) reason;
}

static void
judge_label(const DsadColumn *column, DsadCandidate *candidate, const uint64_t rows[DSAD_LABELS])
{
	const DsadColumnStatistics *s = candidate->statistics;
	double		chance;
	double		filled;

	if (column->type == DSAD_TYPE_ARRAY)
	{
		candidate->element = telling_element(column, s, rows);
		if (candidate->element < column->cells)
			candidate->warning = DSAD_WARNING_TELLING;
		return;
	}
	chance = label_chance(s, rows);
	filled = filled_chance(s, rows);
	if (!candidate->asked && filled <= log(FILLED_CHANCE) && s->present[1] == 0)
		dsad_leave_out(candidate, DSAD_LEFT_OUT_FILLED);
	else if (!candidate->asked && chance <= log(CHANCE))
		dsad_leave_out(candidate, DSAD_LEFT_OUT_LABEL);
	else if (filled <= log(s->present[1] == 0 ? WARN_FILLED_CHANCE : CHANCE) || chance <= log(WARN_CHANCE) ||
			 values_chance(s, rows) <= log(CHANCE))
		candidate->warning = DSAD_WARNING_LABEL;
	/* where nothing is labeled, a flag without values may well be the label */
	else if (!candidate->asked && rows[0] + rows[2] == 0 && dsad_rows_present(s) == 0 &&
			 column->type == DSAD_TYPE_BOOLEAN)
		dsad_leave_out(candidate, DSAD_LEFT_OUT_EMPTY);
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
	double		never = s->few.count <= DSAD_FEW_VALUES ? INFINITY : 0;
	uint8_t		time = 0;

	if (s->coverage == NULL)
		return 0;
	if (column->type != DSAD_TYPE_DATE &&
		is_covered((const int32_t(*)[2]) s->coverage->hour, DSAD_HOURS, span, MIN_CLOCK_DAYS, QUIET_CLOCK_DAYS + never))
		time |= DSAD_TIME_CLOCK;
	/* a date stands for its whole day */
	if (is_covered((const int32_t(*)[2]) s->coverage->weekday, DSAD_WEEKDAYS,
				   span + (column->type == DSAD_TYPE_DATE ? 1 : 0), MIN_WEEKDAY_DAYS, QUIET_WEEKDAY_DAYS + never))
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
	if (dsad_rows_present(s) >= MIN_SERIAL_ROWS && candidate->serial_chance <= log(CHANCE))
		dsad_leave_out(candidate, DSAD_LEFT_OUT_SERIAL);
	else if (candidate->warning != DSAD_WARNING_NONE)
		return;
	else if (dsad_rows_present(s) >= WARN_SERIAL_ROWS && candidate->serial_chance <= log(WARN_CHANCE))
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

		judge_label(&draft->column[c], &candidate[c], rows);
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
