/*
 * encoder.h
 *	  From the columns of a row to features.
 */
#ifndef DSAD_ENCODER_H
#define DSAD_ENCODER_H

#include "core/model/config.h"

/* What a column's values are: its SQL type, as far as reading it goes. */
typedef enum DsadColumnType
{
	DSAD_TYPE_NUMBER,
	DSAD_TYPE_BOOLEAN,
	DSAD_TYPE_TEXT,
	DSAD_TYPE_TIMESTAMP,
	DSAD_TYPE_TIMESTAMPTZ,
	DSAD_TYPE_DATE,
	DSAD_TYPE_TIME,
	DSAD_TYPE_INTERVAL,
	DSAD_TYPE_ADDRESS,
	DSAD_TYPE_ARRAY,
	DSAD_TYPES
} DsadColumnType;

_Static_assert(DSAD_TYPE_DATE == DSAD_TYPE_TIMESTAMP + 2 && DSAD_TYPE_TIME == DSAD_TYPE_DATE + 1,
			   "instants lie side by side, and the time of day behind them");

/* How a column becomes features. */
typedef enum DsadEncoding
{
	DSAD_ENCODING_NUMBER,		/* itself; an array, each element; an interval, in days */
	DSAD_ENCODING_BOOLEAN,		/* 0 or 1 */
	DSAD_ENCODING_CATEGORY,		/* one 0 or 1 for each category, and one for all others */
	DSAD_ENCODING_TIME,			/* what `time` says, perhaps nothing: another column is measured from it */
	DSAD_ENCODINGS
} DsadEncoding;

_Static_assert(DSAD_ENCODING_NUMBER == 0 && DSAD_ENCODING_BOOLEAN == 1, "columns that stay what they are come first");

/* What a time becomes, in this order; any of them. */
#define DSAD_TIME_CLOCK 1		/* sine and cosine of the time of day; not of a date */
#define DSAD_TIME_CALENDAR 2	/* sine and cosine of the day of the week; not of a time of day */
#define DSAD_TIME_ITSELF 4		/* days since 2000, or the day's share that has gone by */
#define DSAD_TIME_SINCE 8		/* days since another instant of the row; not of a time of day */
#define DSAD_TIME_ALL 15

/* What scaling must know of a feature. */
typedef enum DsadFeatureKind
{
	DSAD_FEATURE_NUMBER,
	DSAD_FEATURE_BOUNDED,		/* sine or cosine */
	DSAD_FEATURE_FLAG			/* 0 or 1 */
} DsadFeatureKind;

/* Bytes that are not NUL-terminated; text is UTF-8. */
typedef struct DsadBytes
{
	const char *bytes;
	uint32_t	length;
} DsadBytes;

/* What an array of two or three dimensions is. */
typedef struct DsadShape
{
	uint32_t	channels;		/* 0 = the array is no picture */
	uint32_t	height;
	uint32_t	width;
} DsadShape;

/* Where the picture lies that convolutions go over: pixel (channel, row, column) in this order. */
typedef struct DsadPicture
{
	DsadShape	shape;			/* channels 0 = there is none */
	uint32_t	first;			/* number of its first feature, and input */
} DsadPicture;

#define DSAD_MIN_SIDE 4			/* of a picture, for convolutions */

typedef struct DsadColumn
{
	DsadBytes	name;			/* empty: the rows are one array */
	DsadBytes	type_name;		/* of the training rows, for people */
	uint8_t		type;			/* DsadColumnType */
	uint8_t		encoding;		/* DsadEncoding */
	uint8_t		indicator;		/* 1 = a feature more tells whether the value is missing */
	uint8_t		prefix;			/* addresses: bits of an IPv4 network; IPv6's are twice as long */
	uint8_t		time;			/* DSAD_TIME_... */
	uint16_t	since;			/* DSAD_TIME_SINCE: the column that it is measured from */
	uint32_t	cells;			/* 1, or the length of an array */
	DsadShape	shape;			/* arrays of two or three dimensions: cells in all */
	uint32_t	categories;
	DsadBytes  *category;		/* most frequent first */

	/* Set by dsad_encoder_finish. */
	uint32_t	first_cell;
	uint32_t	first_feature;
	uint32_t	features;
	uint32_t	slots;			/* a power of two, or 0 */
	uint32_t   *slot;			/* hash table: category + 1, 0 = free */
	uint32_t   *sorted;			/* categories: in order of their bytes; instead of a table that is no good, else NULL */
} DsadColumn;

/* Why a column of the training rows is no feature. */
typedef enum DsadLeftOutReason
{
	DSAD_LEFT_OUT_OTHER,		/* a reason that only a later version knows */
	DSAD_LEFT_OUT_SKIPPED,		/* the options say so */
	DSAD_LEFT_OUT_LABEL,		/* tells the label */
	DSAD_LEFT_OUT_FILLED,		/* has a value only where the label is known */
	DSAD_LEFT_OUT_EMPTY,		/* never has a value, and its type could be the label's */
	DSAD_LEFT_OUT_SERIAL,		/* numbers the rows */
	DSAD_LEFT_OUT_MOVES,		/* rises or falls with another column that cannot mean the same later */
	DSAD_LEFT_OUT_INSTANT,		/* an instant: later rows have later ones */
	DSAD_LEFT_OUT_CONSTANT,		/* a time or interval that never varies */
	DSAD_LEFT_OUT_IDENTIFIER,	/* text whose values hardly repeat */
	DSAD_LEFT_OUT_VARIETY,		/* text of too many different values */
	DSAD_LEFT_OUT_GROUP,		/* says which rows belong together */
	DSAD_LEFT_OUT_REASONS
} DsadLeftOutReason;

typedef struct DsadLeftOut
{
	DsadBytes	name;
	DsadBytes	type_name;
	uint8_t		reason;			/* DsadLeftOutReason */
	DsadBytes	other;			/* MOVES: the column that it moves with; else empty */
} DsadLeftOut;

/*
 * From a row of columns to features.  A row comes as cells: numbers, true = 1, times
 * in microseconds since 2000 (UTC), categories as their index (those beyond the last:
 * any other), NaN = missing.
 */
typedef struct DsadEncoder
{
	uint32_t	columns;
	DsadColumn *column;
	uint32_t	left_out;		/* columns of the training rows that later rows need not have */
	DsadLeftOut *left;

	/* Set by dsad_encoder_finish. */
	uint32_t	cells;
	uint32_t	features;
	uint8_t    *kind;			/* features: DsadFeatureKind */
	uint16_t   *feature_column;	/* features: which column each belongs to */
	struct DsadRun *run;		/* how to encode: columns one by one, or many that stay what they are */
	uint32_t	runs;
	bool		identity;		/* the features are the cells */
	bool		numeric;		/* all cells are numbers: a row may be given as an array */
	DsadBytes	signature;		/* differs where rows are read differently: encoder.c, sign */
} DsadEncoder;

#define DSAD_MAX_COLUMNS 1600	/* as in a table of PostgreSQL */
#define DSAD_MAX_CATEGORY 1000	/* bytes of a category: longer text is none */
#define DSAD_MAX_NAME 1024		/* bytes of a column's or type's name */

extern DsadStatus dsad_encoder_of_array(DsadEncoder *encoder, DsadArena *arena, uint32_t cells, DsadError *error);
extern DsadStatus dsad_encoder_of_picture(DsadEncoder *encoder, DsadArena *arena, DsadShape shape, DsadError *error);
extern DsadStatus dsad_encoder_layout(DsadEncoder *encoder, DsadArena *arena, DsadError *error);
extern DsadStatus dsad_encoder_finish(DsadEncoder *encoder, DsadArena *arena, DsadError *error);
extern void dsad_encode(const DsadEncoder *encoder, const double *cells, double *features);
extern DsadStatus dsad_index_categories(DsadColumn *column, DsadArena *arena, DsadError *error);
extern uint32_t dsad_category_find(const DsadColumn *column, const char *bytes, uint32_t length);

/* Whether rows are one array, whose elements have numbers instead of names. */
static inline bool
dsad_encoder_is_array(const DsadEncoder *encoder)
{
	return encoder->columns == 1 && encoder->column[0].name.length == 0 && encoder->left_out == 0;
}

/* Whether a column holds instants: points in time. */
static inline bool
dsad_column_is_instant(const DsadColumn *column)
{
	return column->type >= DSAD_TYPE_TIMESTAMP && column->type <= DSAD_TYPE_DATE;
}

/* How many numbers a picture is of; 0 for none. */
static inline uint64_t
dsad_shape_cells(DsadShape shape)
{
	return (uint64_t) shape.channels * shape.height * shape.width;
}

extern DsadPicture dsad_encoder_picture(const DsadEncoder *encoder);
extern DsadNetwork dsad_network(const DsadConfig *config, const DsadEncoder *encoder);
extern uint32_t dsad_inputs(const DsadConfig *config, const DsadEncoder *encoder);
extern bool dsad_encoder_counts(const DsadEncoder *encoder, uint32_t feature);

#endif
