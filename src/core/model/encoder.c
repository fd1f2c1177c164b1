/*
 * encoder.c
 *	  From a row of columns to features: numbers stay what they are, a category is
 *	  one flag for each known value and one for all others, times go round circles.
 *	  What is missing is NaN in every feature of its column but the indicator.
 *
 * Scores depend on these bits: only +, -, *, / and comparisons, and no table that
 * depends on the machine.
 */
#include "core/model/encoder.h"

#include <math.h>
#include <string.h>

#define MICROSECONDS_PER_DAY 86400e6
#define DAYS_PER_WEEK 7
#define PI 3.14159265358979323846

/* Beyond the range of any timestamp; also keeps conversion to integers defined. */
#define MAX_TIME 9e18

/* Numbers or booleans side by side that become one feature each, or (count 0) another column. */
typedef struct DsadRun
{
	uint32_t	column;
	uint32_t	cell;
	uint32_t	feature;
	uint32_t	count;
} DsadRun;

/* How many features a time becomes on circles; they come before the others. */
static uint32_t
circle_features(const DsadColumn *column)
{
	return (column->time & DSAD_TIME_CLOCK ? 2 : 0) + (column->time & DSAD_TIME_CALENDAR ? 2 : 0);
}

/* How many features the column becomes, without its indicator. */
static uint64_t
value_features(const DsadColumn *column)
{
	switch ((DsadEncoding) column->encoding)
	{
		case DSAD_ENCODING_CATEGORY:
			return (uint64_t) column->categories + 1;
		case DSAD_ENCODING_TIME:
			return circle_features(column) + (column->time & DSAD_TIME_ITSELF ? 1 : 0) +
				   (column->time & DSAD_TIME_SINCE ? 1 : 0);
		default:
			return column->cells;
	}
}

/* Fills in what the column's features are. */
static void
describe_features(const DsadColumn *column, uint32_t number, uint8_t *kind, uint16_t *feature_column)
{
	for (uint32_t i = 0; i < column->features; i++)
	{
		bool		flag = column->encoding == DSAD_ENCODING_BOOLEAN || column->encoding == DSAD_ENCODING_CATEGORY ||
						   (column->indicator && i + 1 == column->features);
		bool		bounded = column->encoding == DSAD_ENCODING_TIME && i < circle_features(column);

		kind[i] = flag ? DSAD_FEATURE_FLAG : bounded ? DSAD_FEATURE_BOUNDED :
													   DSAD_FEATURE_NUMBER;
		feature_column[i] = (uint16_t) number;
	}
}

/* Whether the column's features are its cells. */
static bool
is_plain(const DsadColumn *column)
{
	return column->encoding <= DSAD_ENCODING_BOOLEAN && column->type != DSAD_TYPE_INTERVAL && !column->indicator;
}

/* Divides the columns into runs: most columns of most tables go in few. */
static void
find_runs(DsadEncoder *encoder)
{
	encoder->runs = 0;
	encoder->numeric = true;
	for (uint32_t c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];

		if (c == 0 || !is_plain(column) || !is_plain(column - 1))
			encoder->run[encoder->runs++] = (DsadRun) {c, column->first_cell, column->first_feature, 0};
		if (is_plain(column))
			encoder->run[encoder->runs - 1].count += column->cells;
		encoder->numeric &= column->encoding == DSAD_ENCODING_NUMBER && column->type != DSAD_TYPE_INTERVAL;
	}
	encoder->identity = encoder->runs == 1 && encoder->run[0].count == encoder->features;
}

/* What makes rows of columns readable for one encoder and not for another. */
static bool
sign(DsadEncoder *encoder, DsadArena *arena)
{
	size_t		length = 0;
	char	   *at;

	for (uint32_t c = 0; c < encoder->columns; c++)
		length += 3 + sizeof(DsadShape) + 2 * sizeof(uint32_t) + encoder->column[c].name.length;
	/* where rows without names have other columns between */
	for (uint32_t i = 0; i < encoder->left_out; i++)
		length += sizeof(uint32_t) + encoder->left[i].name.length;
	at = dsad_arena_alloc(arena, length);
	if (at == NULL)
		return false;
	encoder->signature.bytes = at;
	encoder->signature.length = (uint32_t) length;
	for (uint32_t c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];

		*at++ = (char) column->type;
		*at++ = (char) column->encoding;
		*at++ = (char) column->prefix;
		memcpy(at, &column->shape, sizeof(DsadShape));
		at += sizeof(DsadShape);
		memcpy(at, &column->cells, sizeof(uint32_t));
		memcpy(at + sizeof(uint32_t), &column->name.length, sizeof(uint32_t));
		if (column->name.length > 0)
			memcpy(at + 2 * sizeof(uint32_t), column->name.bytes, column->name.length);
		at += 2 * sizeof(uint32_t) + column->name.length;
	}
	for (uint32_t i = 0; i < encoder->left_out; i++)
	{
		const DsadBytes *name = &encoder->left[i].name;

		memcpy(at, &name->length, sizeof(uint32_t));
		if (name->length > 0)
			memcpy(at + sizeof(uint32_t), name->bytes, name->length);
		at += sizeof(uint32_t) + name->length;
	}
	return true;
}

/* Gives each column its cells: enough to read rows by.  Errors: too many, or out of memory. */
DsadStatus
dsad_encoder_layout(DsadEncoder *encoder, DsadArena *arena, DsadError *error)
{
	uint64_t	cells = 0;

	for (uint32_t c = 0; c < encoder->columns; c++)
	{
		encoder->column[c].first_cell = (uint32_t) cells;
		cells += encoder->column[c].cells;
		if (cells > DSAD_MAX_FEATURES)
			return dsad_fail(error, DSAD_TOO_LARGE, "Leave columns out.", "columns hold more than %d numbers",
							 DSAD_MAX_FEATURES);
	}
	encoder->cells = (uint32_t) cells;
	return sign(encoder, arena) ? DSAD_OK : dsad_no_memory(error);
}

/*
 * Completes an encoder whose columns are described: places, tables (in arena).
 * Errors: no feature or too many, a category twice, canceled, or out of memory.
 */
DsadStatus
dsad_encoder_finish(DsadEncoder *encoder, DsadArena *arena, DsadError *error)
{
	uint64_t	features = 0;
	DsadStatus	status = dsad_encoder_layout(encoder, arena, error);

	for (uint32_t c = 0; c < encoder->columns && status == DSAD_OK; c++)
	{
		DsadColumn *column = &encoder->column[c];

		column->first_feature = (uint32_t) features;
		column->features = (uint32_t) (value_features(column) + column->indicator);
		features += column->features;
		if (features > DSAD_MAX_FEATURES)
			return dsad_fail(error, DSAD_TOO_LARGE, "Leave columns out, or lower their \"top\".",
							 "columns become more than %d features", DSAD_MAX_FEATURES);
		status = dsad_index_categories(column, arena, error);
	}
	if (status != DSAD_OK)
		return status;
	if (features == 0)
		return dsad_fail(error, DSAD_BAD_DATA, NULL, "no column is left to train on");
	encoder->features = (uint32_t) features;
	encoder->kind = dsad_arena_alloc(arena, features);
	encoder->feature_column = dsad_arena_array(arena, features, sizeof(uint16_t));
	encoder->run = dsad_arena_array(arena, encoder->columns, sizeof(DsadRun));
	if (!encoder->kind || !encoder->feature_column || !encoder->run)
		return dsad_no_memory(error);
	for (uint32_t c = 0; c < encoder->columns; c++)
		describe_features(&encoder->column[c], c, encoder->kind + encoder->column[c].first_feature,
						  encoder->feature_column + encoder->column[c].first_feature);
	find_runs(encoder);
	return DSAD_OK;
}

/* The encoder of rows that are an array of numbers, whatever their type; it lives in arena. */
DsadStatus
dsad_encoder_of_array(DsadEncoder *encoder, DsadArena *arena, uint32_t cells, DsadError *error)
{
	memset(encoder, 0, sizeof(*encoder));
	encoder->columns = 1;
	encoder->column = dsad_arena_alloc(arena, sizeof(DsadColumn));
	if (encoder->column == NULL)
		return dsad_no_memory(error);
	encoder->column[0] = (DsadColumn) {.type = DSAD_TYPE_ARRAY, .encoding = DSAD_ENCODING_NUMBER, .cells = cells};
	encoder->column[0].name.bytes = encoder->column[0].type_name.bytes = "";
	return dsad_encoder_finish(encoder, arena, error);
}

/* The encoder of rows that are one picture: an array of this shape, channels first. */
DsadStatus
dsad_encoder_of_picture(DsadEncoder *encoder, DsadArena *arena, DsadShape shape, DsadError *error)
{
	uint64_t	cells = dsad_shape_cells(shape);
	uint32_t	bounded = cells > DSAD_MAX_FEATURES ? DSAD_MAX_FEATURES + 1 : (uint32_t) cells;
	DsadStatus	status = dsad_encoder_of_array(encoder, arena, bounded, error);

	if (status != DSAD_OK)
		return status;
	encoder->column[0].shape = shape;
	return dsad_encoder_finish(encoder, arena, error);
}

/* The first column that is a picture large enough for convolutions. */
DsadPicture
dsad_encoder_picture(const DsadEncoder *encoder)
{
	for (uint32_t c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];

		if (column->shape.channels > 0 && column->shape.height >= DSAD_MIN_SIDE && column->shape.width >= DSAD_MIN_SIDE)
			return (DsadPicture) {column->shape, column->first_feature};
	}
	return (DsadPicture) {{0, 0, 0}, 0};
}

/* Which networks these options mean for such rows, never AUTO. */
DsadNetwork
dsad_network(const DsadConfig *config, const DsadEncoder *encoder)
{
	if (config->network != DSAD_NETWORK_AUTO)
		return (DsadNetwork) config->network;
	return dsad_encoder_picture(encoder).shape.channels > 0 ? DSAD_NETWORK_CONV : DSAD_NETWORK_MLP;
}

/*
 * How many inputs nets have for an encoder's features: some scalings add copies of those that are numbers, but
 * not of pixels that convolutions go over.
 */
uint32_t
dsad_inputs(const DsadConfig *config, const DsadEncoder *encoder)
{
	uint32_t	inputs = encoder->features;

	if (config->scaling != DSAD_SCALING_STANDARD_ROBUST)
		return inputs;
	for (uint32_t i = 0; i < encoder->features; i++)
		inputs += encoder->kind[i] == DSAD_FEATURE_NUMBER;
	if (dsad_network(config, encoder) == DSAD_NETWORK_CONV)
		inputs -= (uint32_t) dsad_shape_cells(dsad_encoder_picture(encoder).shape);
	return inputs;
}

/* Whether a missing feature is one missing value more: a column that is no number counts once. */
bool
dsad_encoder_counts(const DsadEncoder *encoder, uint32_t feature)
{
	const DsadColumn *column = &encoder->column[encoder->feature_column[feature]];

	return column->encoding == DSAD_ENCODING_NUMBER || column->first_feature == feature;
}

/*
 * Sine and cosine of `turn` full turns, 0 <= turn < 1: Taylor's polynomials within an
 * eighth of a turn, where their next term is below 1e-15.
 */
static void
circle(double turn, double *sine, double *cosine)
{
	int			quarter = (int) (turn * 4 + 0.5);
	double		x = (turn * 4 - quarter) * (PI / 2);
	double		q = x * x;
	double s =
		x * (1 - q / 6 * (1 - q / 20 * (1 - q / 42 * (1 - q / 72 * (1 - q / 110 * (1 - q / 156 * (1 - q / 210)))))));
	double c =
		1 - q / 2 * (1 - q / 12 * (1 - q / 30 * (1 - q / 56 * (1 - q / 90 * (1 - q / 132 * (1 - q / 182))))));

	*sine = quarter % 4 == 0 ? s : quarter % 4 == 1 ? c :
							   quarter % 4 == 2		? -s :
													  -c;
	*cosine = quarter % 4 == 0 ? c : quarter % 4 == 1 ? -s :
								 quarter % 4 == 2	  ? -c :
														s;
}

/* A time in microseconds that can be converted to an integer. */
static double
bounded_time(double time)
{
	if (time > -MAX_TIME && time < MAX_TIME)
		return time;
	return time > 0 ? MAX_TIME : -MAX_TIME;
}

/* The features of a time in microseconds since 2000, a Saturday; cells are the whole row's. */
static void
encode_time(const DsadEncoder *encoder, const DsadColumn *column, const double *cells, double *feature)
{
	double		time = bounded_time(cells[column->first_cell]);
	int64_t		days = (int64_t) (time / MICROSECONDS_PER_DAY);
	int64_t		weekday;
	double		clock;

	days -= (double) days * MICROSECONDS_PER_DAY > time;
	clock = (time - (double) days * MICROSECONDS_PER_DAY) / MICROSECONDS_PER_DAY;
	weekday = days % DAYS_PER_WEEK;
	weekday += weekday < 0 ? DAYS_PER_WEEK : 0;
	if (column->time & DSAD_TIME_CLOCK)
	{
		circle(clock >= 0 && clock < 1 ? clock : 0, &feature[0], &feature[1]);
		feature += 2;
	}
	if (column->time & DSAD_TIME_CALENDAR)
	{
		circle((double) weekday / DAYS_PER_WEEK, &feature[0], &feature[1]);
		feature += 2;
	}
	if (column->time & DSAD_TIME_ITSELF)
		*feature++ = time / MICROSECONDS_PER_DAY;
	if (column->time & DSAD_TIME_SINCE)
	{
		double		start = cells[encoder->column[column->since].first_cell];

		*feature = isnan(start) ? NAN : (time - bounded_time(start)) / MICROSECONDS_PER_DAY;
	}
}

static void
encode_column(const DsadEncoder *encoder, const DsadColumn *column, const double *cells, double *feature)
{
	const double *cell = cells + column->first_cell;
	uint32_t	count = column->features - column->indicator;
	double		factor = column->type == DSAD_TYPE_INTERVAL ? 1 / MICROSECONDS_PER_DAY : 1;
	bool		missing = isnan(*cell);

	if (column->encoding == DSAD_ENCODING_NUMBER || column->encoding == DSAD_ENCODING_BOOLEAN)
		for (uint32_t i = 0; i < column->cells; i++)
		{
			feature[i] = cell[i] * factor;
			missing |= isnan(cell[i]);
		}
	else if (missing)
		for (uint32_t i = 0; i < count; i++)
			feature[i] = NAN;
	else if (column->encoding == DSAD_ENCODING_CATEGORY)
	{
		memset(feature, 0, count * sizeof(double));
		feature[*cell >= 0 && *cell < count ? (uint32_t) *cell : column->categories] = 1;
	}
	else
		encode_time(encoder, column, cells, feature);
	if (column->indicator)
		feature[count] = missing;
}

/* The features of a row's cells. */
void
dsad_encode(const DsadEncoder *encoder, const double *cells, double *features)
{
	for (uint32_t r = 0; r < encoder->runs; r++)
	{
		const DsadRun *run = &encoder->run[r];

		if (run->count > 0)
			memcpy(features + run->feature, cells + run->cell, run->count * sizeof(double));
		else
			encode_column(encoder, &encoder->column[run->column], cells, features + run->feature);
	}
}
