/*
 * column_statistics.c
 *	  What is learned of the columns of training rows while the rows come.
 *
 * Memory comes from the environment piece by piece, so that thousands of small groups
 * take little; whoever owns the environment gives it back as a whole.
 */
#include "core/columns/column_statistics.h"

#include <math.h>

#define MICROSECONDS_PER_HOUR 3600e6

/* Nothing yet; counted: whether integers are sampled, as in so many columns of the rows. */
void
dsad_column_statistics_init(DsadColumnStatistics *s, bool counted, uint32_t counted_columns)
{
	uint32_t	most = DSAD_SAMPLED_IN_ALL / (counted_columns > 0 ? counted_columns : 1);

	memset(s, 0, sizeof(*s));
	if (counted)
		s->sampled.most = most > DSAD_SAMPLED_VALUES   ? DSAD_SAMPLED_VALUES :
						  most < DSAD_SAMPLED_AT_LEAST ? DSAD_SAMPLED_AT_LEAST :
														 most;
	s->min = INFINITY;
	s->max = -INFINITY;
}

/* Rows with a value, whatever their label. */
uint64_t
dsad_rows_present(const DsadColumnStatistics *s)
{
	return s->present[0] + s->present[1] + s->present[2];
}

/* Moves count elements of size bytes to a place of their own with room for more; NULL when there is none. */
static void *
grow(const DsadEnv *env, void *old, size_t count, size_t room, size_t size)
{
	void	   *place = env->alloc(env->ctx, room * size);

	if (place == NULL)
		return NULL;
	if (count > 0)
		memcpy(place, old, count * size);
	if (old != NULL)
		env->release(env->ctx, old);
	return place;
}

/* Counts a row's value among the few, and forgets them all when there are too many. */
static DsadStatus
add_few(DsadFewValues *few, double value, int label, const DsadEnv *env, DsadError *error)
{
	uint32_t	i = few->last;

	if (few->count > DSAD_FEW_VALUES)
		return DSAD_OK;
	if (i >= few->count || !dsad_same_cell(few->value[i], value))
		for (i = 0; i < few->count && !dsad_same_cell(few->value[i], value); i++)
			;
	if (i == DSAD_FEW_VALUES)
	{
		env->release(env->ctx, few->value);
		env->release(env->ctx, few->rows);
		few->value = NULL;
		few->rows = NULL;
		few->count++;
		return DSAD_OK;
	}
	if (i == few->room)
	{
		uint32_t	room = few->room ? 2 * few->room : 2;

		few->value = grow(env, few->value, few->count, room, sizeof(few->value[0]));
		few->rows = few->value ? grow(env, few->rows, few->count, room, sizeof(few->rows[0])) : NULL;
		if (few->rows == NULL)
			return dsad_no_memory(error);
		few->room = room;
	}
	if (i == few->count)
	{
		few->value[i] = value;
		memset(few->rows[i], 0, sizeof(few->rows[i]));
		few->count++;
	}
	few->last = i;
	few->rows[i][label]++;
	return DSAD_OK;
}

/* A 64-bit hash of a number; both zeros are alike (the last mixing steps of splitmix64, Steele et al. 2014). */
static uint64_t
hash_number(double value)
{
	uint64_t	z;

	value += 0.0;
	memcpy(&z, &value, sizeof(z));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Where a value of this hash is, or belongs. */
static uint32_t
find_sampled(const DsadSampledValues *sampled, uint64_t hash)
{
	uint32_t	low = 0;
	uint32_t	high = sampled->count;

	while (low < high)
	{
		uint32_t	middle = (low + high) / 2;

		if (hash_number(sampled->value[middle]) < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Counts a value if its hash is among the smallest. */
static DsadStatus
add_sampled(DsadSampledValues *sampled, double value, const DsadEnv *env, DsadError *error)
{
	uint64_t	hash = hash_number(value);
	uint32_t	at;

	if (sampled->count == sampled->most && hash > sampled->largest)
		return DSAD_OK;
	at = find_sampled(sampled, hash);
	if (at < sampled->count && hash_number(sampled->value[at]) == hash)
	{
		sampled->again[at] = 1;
		return DSAD_OK;
	}
	if (sampled->count == sampled->room && sampled->room < sampled->most)
	{
		uint32_t	room = sampled->room ? 2 * sampled->room : 8;

		room = room < sampled->most ? room : sampled->most;
		sampled->value = grow(env, sampled->value, sampled->count, room, sizeof(sampled->value[0]));
		sampled->again = sampled->value ? grow(env, sampled->again, sampled->count, room, 1) : NULL;
		if (sampled->again == NULL)
			return dsad_no_memory(error);
		sampled->room = room;
	}
	if (sampled->count < sampled->most)
		sampled->count++;
	memmove(sampled->value + at + 1, sampled->value + at, (sampled->count - 1 - at) * sizeof(sampled->value[0]));
	memmove(sampled->again + at + 1, sampled->again + at, sampled->count - 1 - at);
	sampled->value[at] = value;
	sampled->again[at] = 0;
	sampled->largest = hash_number(sampled->value[sampled->count - 1]);
	return DSAD_OK;
}

/* Widens a pair of days. */
static void
cover(int32_t range[2], int32_t day)
{
	if (day < range[0])
		range[0] = day;
	if (day > range[1])
		range[1] = day;
}

/* Takes note of the hour and day of a time in microseconds since 2000, or of the day's begin. */
static DsadStatus
add_coverage(DsadColumnStatistics *s, double time, const DsadEnv *env, DsadError *error)
{
	double		days = floor(time / (DSAD_HOURS * MICROSECONDS_PER_HOUR));
	double		hour = floor((time - days * (DSAD_HOURS * MICROSECONDS_PER_HOUR)) / MICROSECONDS_PER_HOUR);
	double		weekday = days - DSAD_WEEKDAYS * floor(days / DSAD_WEEKDAYS);

	if (s->coverage == NULL)
	{
		s->coverage = env->alloc(env->ctx, sizeof(DsadCoverage));
		if (s->coverage == NULL)
			return dsad_no_memory(error);
		for (int i = 0; i < DSAD_HOURS; i++)
			s->coverage->hour[i][0] = INT32_MAX, s->coverage->hour[i][1] = INT32_MIN;
		for (int i = 0; i < DSAD_WEEKDAYS; i++)
			s->coverage->weekday[i][0] = INT32_MAX, s->coverage->weekday[i][1] = INT32_MIN;
	}
	if (!(fabs(days) < INT32_MAX) || !(hour >= 0 && hour < DSAD_HOURS) || !(weekday >= 0 && weekday < DSAD_WEEKDAYS))
		return DSAD_OK;
	cover(s->coverage->hour[(int) hour], (int32_t) days);
	cover(s->coverage->weekday[(int) weekday], (int32_t) days);
	return DSAD_OK;
}

/* Widens the range of each element by those of an unlabeled row. */
static DsadStatus
add_range(DsadTelling *telling, const double *cells, uint32_t count, const DsadEnv *env, DsadError *error)
{
	if (telling->low == NULL)
	{
		telling->low = grow(env, NULL, 0, count, sizeof(double));
		telling->high = telling->low ? grow(env, NULL, 0, count, sizeof(double)) : NULL;
		if (telling->high == NULL)
			return dsad_no_memory(error);
		for (uint32_t i = 0; i < count; i++)
		{
			telling->low[i] = INFINITY;
			telling->high[i] = -INFINITY;
		}
	}
	for (uint32_t i = 0; i < count; i++)
	{
		telling->low[i] = cells[i] < telling->low[i] ? cells[i] : telling->low[i];
		telling->high[i] = cells[i] > telling->high[i] ? cells[i] : telling->high[i];
	}
	return DSAD_OK;
}

/* Looks whether the elements of labeled rows go on telling the label. */
static DsadStatus
add_telling(DsadTelling *telling, const double *cells, uint32_t count, int8_t label, const DsadEnv *env,
			DsadError *error)
{
	int			kind = label == DSAD_ANOMALY ? 0 : 1;

	if (label == DSAD_UNLABELED)
		return add_range(telling, cells, count, env, error);
	if (telling->varies == NULL)
	{
		telling->varies = env->alloc(env->ctx, count);
		if (telling->varies == NULL)
			return dsad_no_memory(error);
		memset(telling->varies, 0, count);
	}
	if (telling->value[kind] == NULL)
	{
		telling->value[kind] = grow(env, NULL, 0, count, sizeof(double));
		if (telling->value[kind] == NULL)
			return dsad_no_memory(error);
		memcpy(telling->value[kind], cells, count * sizeof(double));
	}
	for (uint32_t i = 0; i < count; i++)
		telling->varies[i] |= !dsad_same_cell(telling->value[kind][i], cells[i]);
	return DSAD_OK;
}

/*
 * Takes note of a row's cells in a column.  Memory comes from env
 * and is not given back.
 */
DsadStatus
dsad_column_statistics_add(DsadColumnStatistics *s, const DsadColumn *column, const double *cells,
						   int8_t label, const DsadEnv *env, DsadError *error)
{
	double		value = *cells;
	bool		missing = isnan(value);
	bool		filled = !missing;
	DsadStatus	status = DSAD_OK;

	if (column->type == DSAD_TYPE_ARRAY)
	{
		for (uint32_t i = 1; i < column->cells; i++)
		{
			missing |= isnan(cells[i]) != 0;
			filled |= !isnan(cells[i]);
		}
		status = add_telling(&s->telling, cells, column->cells, label, env, error);
	}
	(missing ? s->missing : s->present)[label + 1]++;
	s->filled[label + 1] += filled;
	if (column->type == DSAD_TYPE_ARRAY)
		return status;
	status = add_few(&s->few, value, label + 1, env, error);
	if (missing || status != DSAD_OK)
		return status;
	if (value < s->min)
		s->min = value;
	if (value > s->max)
		s->max = value;
	if (column->type >= DSAD_TYPE_TIMESTAMP && column->type <= DSAD_TYPE_TIME)
		return add_coverage(s, value, env, error);
	if (s->sampled.most == 0 || s->fraction)
		return DSAD_OK;
	if (value == floor(value))
		return add_sampled(&s->sampled, value, env, error);
	s->fraction = true;
	return DSAD_OK;
}
