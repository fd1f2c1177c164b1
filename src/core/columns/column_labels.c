/*
 * column_labels.c
 *	  Which columns of the training rows tell the label: by a value for each kind of it,
 *	  by values that one kind alone has, or by having one only where the label is known.
 */
#include "core/columns/column_rules.h"

#include <math.h>

#define FILLED_CHANCE 1e-3		/* of values in labeled rows only */
#define WARN_FILLED_CHANCE 0.05
#define MAX_STRAY 0.05			/* of the values in other rows: hardly any */

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
		bool		by_presence = (s->filled[0] == anomalies && s->filled[2] == 0) ||
								  (s->filled[0] == 0 && s->filled[2] == normals);
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
	uint64_t	filled = s->filled[0] + s->filled[2];
	uint64_t	stray = s->filled[1];
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
		return !dsad_same_cell(value, telling->value[1][i]);
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
		-log_choose(rows[2 * kind] + others, rows[2 * kind]) > log(DSAD_RULE_CHANCE))
		return column->cells;
	for (uint32_t i = 0; i < column->cells; i++)
		if (element_tells(telling, i, both, kind))
			return i;
	return column->cells;
}

/* Decides whether a column, or an element of an array, tells the label. */
void
dsad_judge_label(const DsadColumn *column, DsadCandidate *candidate, const uint64_t rows[DSAD_LABELS])
{
	const DsadColumnStatistics *s = candidate->statistics;
	bool		array = column->type == DSAD_TYPE_ARRAY;
	bool		whole = column->name.length == 0;	/* the rows are this array: it has values in all of them */
	double		chance = whole ? 0 : label_chance(s, rows);
	double		filled = whole ? 0 : filled_chance(s, rows);

	candidate->element = array ? telling_element(column, s, rows) : 0;
	if (!candidate->asked && filled <= log(FILLED_CHANCE) && s->filled[1] == 0)
		dsad_leave_out(candidate, DSAD_LEFT_OUT_FILLED);
	else if (!candidate->asked && chance <= log(DSAD_RULE_CHANCE))
		dsad_leave_out(candidate, DSAD_LEFT_OUT_LABEL);
	else if (filled <= log(s->filled[1] == 0 ? WARN_FILLED_CHANCE : DSAD_RULE_CHANCE) ||
			 chance <= log(DSAD_WARN_CHANCE) ||
			 (!array && values_chance(s, rows) <= log(DSAD_RULE_CHANCE)))
		candidate->warning = DSAD_WARNING_LABEL;
	else if (array && candidate->element < column->cells)
		candidate->warning = DSAD_WARNING_TELLING;
	/* where nothing is labeled, a flag without values may well be the label */
	else if (!candidate->asked && rows[0] + rows[2] == 0 && dsad_rows_present(s) == 0 &&
			 column->type == DSAD_TYPE_BOOLEAN)
		dsad_leave_out(candidate, DSAD_LEFT_OUT_EMPTY);
}
