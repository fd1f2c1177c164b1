/*
 * dsad.h
 *	  The numerical core of deepsad: Deep SAD (Ruff et al., ICLR 2020) without
 *	  PostgreSQL.  This is the only core header that other code includes.
 *
 * Matrices are row-major.  A weight matrix is (in, out): weight[i * out + j]
 * joins input i to output j, the transpose of PyTorch's.  All memory comes from
 * the caller's DsadEnv, so a caller that unwinds with longjmp loses nothing.
 */
#ifndef DSAD_H
#define DSAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DSAD_FORMAT 0				/* number of the byte format we write */

#define DSAD_MAX_HIDDEN 8			/* hidden layers */
#define DSAD_MAX_LAYERS (DSAD_MAX_HIDDEN + 1)
#define DSAD_MAX_WIDTH 8192			/* units of a hidden layer */
#define DSAD_MAX_LATENT 4096
#define DSAD_MAX_MEMBERS 64
#define DSAD_MAX_MILESTONES 16
#define DSAD_MAX_FEATURES 65535
#define DSAD_MAX_EPOCHS 1000000
#define DSAD_MAX_MODEL_BYTES ((size_t) 256 << 20)

#define DSAD_BATCHNORM_EPS 1e-4f
#define DSAD_BATCHNORM_MOMENTUM 0.1f
#define DSAD_LEAKY_SLOPE 0.01f

/* ---- status and environment ---- */

typedef enum DsadStatus
{
	DSAD_OK = 0,
	DSAD_CANCELLED,				/* poll asked to stop */
	DSAD_NO_MEMORY,				/* alloc returned NULL */
	DSAD_BAD_OPTION,			/* an option is out of range */
	DSAD_BAD_DATA,				/* the row source failed or gave nonsense */
	DSAD_NO_ELIGIBLE_ROWS,		/* every row is a known anomaly */
	DSAD_DIVERGED,				/* the loss became NaN or infinite */
	DSAD_TOO_LARGE,				/* more memory or work than is allowed */
	DSAD_CORRUPT,				/* bytes are not a model */
	DSAD_NEWER_FORMAT			/* bytes were made by a newer deepsad */
} DsadStatus;

/* What went wrong, for people: one line, and what to do about it ("" = none). */
typedef struct DsadError
{
	DsadStatus	status;
	char		message[256];
	char		hint[256];
} DsadError;

typedef enum DsadPhase
{
	DSAD_PHASE_SCALING,
	DSAD_PHASE_PRETRAINING,
	DSAD_PHASE_CENTRE,
	DSAD_PHASE_TRAINING,
	DSAD_PHASE_NORMALISING
} DsadPhase;

/* Where a member's training stands; reported now and then, and at the end of each epoch. */
typedef struct DsadProgress
{
	DsadPhase	phase;
	uint32_t	member;			/* from 0 */
	uint32_t	epoch;			/* from 0 */
	uint32_t	epochs;			/* of this phase, 0 = it has none */
	bool		epoch_ended;
	double		loss;			/* mean over the epoch's batches so far */
	uint64_t	rows;			/* visits to rows of this member, all phases together */
	uint64_t	rows_total;		/* how many there will be at most */
} DsadProgress;

/*
 * Everything the core needs from outside.  alloc may return NULL or not return
 * at all; poll returns nonzero to cancel (or does not return); report may be
 * NULL, and gets report_ctx; crc32c is the Castagnoli CRC of a whole buffer.
 */
typedef struct DsadEnv
{
	void	   *(*alloc) (void *ctx, size_t size);
	void		(*release) (void *ctx, void *ptr);
	int			(*poll) (void *ctx);
	void		(*report) (void *report_ctx, const DsadProgress *progress);
	uint32_t	(*crc32c) (const void *data, size_t length);
	void	   *ctx;
	void	   *report_ctx;
} DsadEnv;

/* A bump allocator over an environment; freed as a whole. */
typedef struct DsadArenaBlock DsadArenaBlock;
typedef struct DsadArena
{
	const DsadEnv *env;
	DsadArenaBlock *blocks;
	size_t		used;			/* in the newest block */
	size_t		size;
	size_t		next_size;		/* of the block after it */
} DsadArena;

extern void dsad_arena_init(DsadArena *arena, const DsadEnv *env);
extern void *dsad_arena_alloc(DsadArena *arena, size_t size);
extern void *dsad_arena_array(DsadArena *arena, size_t count, size_t size);
extern void dsad_arena_release(DsadArena *arena);

/* ---- options ---- */

typedef enum DsadPreset
{
	DSAD_PRESET_PAPER, DSAD_PRESET_FAST, DSAD_PRESET_DEFAULT, DSAD_PRESET_BEST
} DsadPreset;

typedef enum DsadObjective
{
	DSAD_OBJECTIVE_SAD, DSAD_OBJECTIVE_SOFT_BOUNDARY
} DsadObjective;

typedef enum DsadScalingMethod
{
	DSAD_SCALING_STANDARD, DSAD_SCALING_MINMAX, DSAD_SCALING_NONE, DSAD_SCALING_ROBUST,
	DSAD_SCALING_STANDARD_ROBUST
} DsadScalingMethod;

typedef enum DsadReconstruction
{
	DSAD_RECONSTRUCTION_LINEAR, DSAD_RECONSTRUCTION_SIGMOID
} DsadReconstruction;

typedef enum DsadInit
{
	DSAD_INIT_PYTORCH, DSAD_INIT_GLOROT
} DsadInit;

typedef enum DsadCalibrationMethod
{
	DSAD_CALIBRATION_AUTO, DSAD_CALIBRATION_SPLIT, DSAD_CALIBRATION_CROSS, DSAD_CALIBRATION_NONE
} DsadCalibrationMethod;

typedef struct DsadIntList
{
	uint32_t	count;
	int32_t		value[DSAD_MAX_MILESTONES];
} DsadIntList;

/* The complete effective options of a training. */
typedef struct DsadConfig
{
	int64_t		preset;			/* DsadPreset */
	DsadIntList hidden;			/* widths of the encoder's hidden layers */
	int64_t		latent;
	int64_t		members;
	int64_t		seed;
	int64_t		epochs;			/* Deep SAD phase, per member */
	int64_t		pretrain_epochs;
	int64_t		max_steps;		/* Deep SAD phase, per member; 0 = no limit */
	int64_t		batch_size;
	double		learning_rate;
	DsadIntList milestones;		/* epochs at which the rate is cut to a tenth, in both phases */
	double		weight_decay;
	double		eta;
	int64_t		objective;		/* DsadObjective */
	double		nu;
	int64_t		warmup_epochs;
	int64_t		scaling;		/* DsadScalingMethod */
	int64_t		reconstruction; /* DsadReconstruction */
	int64_t		init;			/* DsadInit */
	double		validation;		/* share of the rows held out for early stopping */
	int64_t		patience;		/* epochs without a better validation loss */
	int64_t		max_rows;		/* 0 = all, else train on a uniform sample of so many */
	double		trimming;		/* unlabelled rows beyond so many median distances do not count; 0 = all do */
	double		ema_decay;		/* of the average of weights over steps; 0 = the last step's weights */
	double		input_weight;	/* of the inputs' own distance in the score; -1 = by the number of known anomalies */

	int64_t		calibration;	/* DsadCalibrationMethod; of a trained model never AUTO */
	double		alpha;			/* a p-value that low is an anomaly ... */
	double		contamination;	/* ... or, if > 0, a score that this share of the calibration rows reach ... */
	double		threshold;		/* ... or, if > 0, that score */

	/* How, not what, to train: not in the bytes of a model. */
	int64_t		workers;		/* -1 = as the server is set */
	int64_t		verbose;		/* 1 = tell of progress in notices */
} DsadConfig;

typedef enum DsadOptionKind
{
	DSAD_OPTION_INT, DSAD_OPTION_FLOAT, DSAD_OPTION_ENUM, DSAD_OPTION_INT_LIST
} DsadOptionKind;

/* One option: where it lies in DsadConfig and what it may be. */
typedef struct DsadOption
{
	const char *name;
	uint16_t	id;				/* for ever: it stands in model bytes */
	DsadOptionKind kind;
	size_t		offset;
	double		min;			/* of the value, or of each list element */
	double		max;
	uint32_t	min_count;		/* lists */
	uint32_t	max_count;
	const char *const *labels;	/* enums: NULL-terminated, index = value */
	bool		transient;		/* not in the bytes of a model */
	bool		update;			/* an update may change it */
} DsadOption;

extern const DsadOption dsad_options[];
extern const int dsad_option_count;

extern const DsadOption *dsad_option_find(const char *name, size_t length);
extern void dsad_config_defaults(DsadConfig *config, DsadPreset preset, uint32_t features,
								 uint64_t rows);
extern void dsad_config_update(DsadConfig *config, uint64_t rows);
extern DsadStatus dsad_config_check(const DsadConfig *config, DsadError *error);
extern bool dsad_config_plain_score(const DsadConfig *config);

/* ---- the model ---- */

/*
 * From features to the nets' inputs.  The first inputs are the features, in order;
 * the rest are copies, of which feature each says in `copied`.  Input = (raw - offset)
 * * scale, kept within +-limit; fill is the raw value that stands for a missing one.
 */
typedef struct DsadScaling
{
	uint32_t	features;
	uint32_t	inputs;
	uint32_t   *copied;			/* inputs - features */
	double	   *offset;			/* these: inputs */
	double	   *scale;
	double	   *fill;
	double	   *limit;
} DsadScaling;

/* What a column's values are: its SQL type, as far as reading it goes. */
typedef enum DsadColumnType
{
	DSAD_TYPE_NUMBER, DSAD_TYPE_BOOLEAN, DSAD_TYPE_TEXT, DSAD_TYPE_TIMESTAMP, DSAD_TYPE_TIMESTAMPTZ,
	DSAD_TYPE_DATE, DSAD_TYPE_TIME, DSAD_TYPE_INTERVAL, DSAD_TYPE_ADDRESS, DSAD_TYPE_ARRAY,
	DSAD_TYPES
} DsadColumnType;

/* How a column becomes features. */
typedef enum DsadEncoding
{
	DSAD_ENCODING_NUMBER,		/* itself; an array, each element; an interval, in days */
	DSAD_ENCODING_BOOLEAN,		/* 0 or 1 */
	DSAD_ENCODING_CATEGORY,		/* one 0 or 1 for each category, and one for all others */
	DSAD_ENCODING_TIME,			/* what `time` says, perhaps nothing: another column is measured from it */
	DSAD_ENCODINGS
} DsadEncoding;

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
	DsadBytes	signature;		/* differs where columns differ in name, type, encoding or cells */
} DsadEncoder;

#define DSAD_MAX_COLUMNS 1600	/* as in a table of PostgreSQL */
#define DSAD_MAX_CATEGORY 1000	/* bytes of a category: longer text is none */

extern DsadStatus dsad_encoder_of_array(DsadEncoder *encoder, DsadArena *arena, uint32_t cells, DsadError *error);
extern DsadStatus dsad_encoder_layout(DsadEncoder *encoder, DsadArena *arena, DsadError *error);
extern DsadStatus dsad_encoder_finish(DsadEncoder *encoder, DsadArena *arena, DsadError *error);
extern void dsad_encode(const DsadEncoder *encoder, const double *cells, double *features);
extern DsadEncoder *dsad_encoder_copy(DsadArena *arena, const DsadEncoder *encoder);
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

extern uint32_t dsad_inputs(const DsadConfig *config, const DsadEncoder *encoder);

typedef enum DsadStop
{
	DSAD_STOP_EPOCHS,			/* all epochs were run */
	DSAD_STOP_MAX_STEPS,
	DSAD_STOP_VALIDATION		/* the loss on held-out rows did not fall for `patience` epochs */
} DsadStop;

/* One network of the ensemble.  L = layers; layer l maps dims[l] to dims[l + 1]. */
typedef struct DsadMember
{
	float	   *weight[DSAD_MAX_LAYERS];	/* (dims[l], dims[l + 1]) */
	float	   *running_mean[DSAD_MAX_HIDDEN];	/* dims[l + 1], hidden layers only */
	float	   *running_var[DSAD_MAX_HIDDEN];
	float	   *centre;			/* dims[L] */
	double		divisor;		/* mean squared distance of eligible training rows, or 1 */
	double		radius;			/* soft boundary's R, else 0 */
	float	   *pretrain_loss;	/* pretrain_epochs_run */
	float	   *train_loss;		/* epochs_run */
	float	   *validation_loss;	/* epochs_run, if the model has validation rows */
	uint32_t	pretrain_epochs_run;
	uint32_t	epochs_run;
	uint64_t	steps_run;		/* optimiser steps of the Deep SAD phase */
	uint32_t	best_epoch;		/* from 1: whose weights these are; 0 = those before the phase */
	uint8_t		stop;			/* DsadStop */
	uint8_t		collapsed;		/* 1 = the scores of the training rows do not differ */
} DsadMember;

/* What the model was trained on. */
typedef struct DsadFacts
{
	uint64_t	rows;			/* of the table, without the skipped ones */
	uint64_t	skipped;		/* NULL feature rows */
	uint64_t	anomalies;		/* known */
	uint64_t	normals;		/* known */
	uint64_t	missing;		/* NULL or NaN elements */
	uint64_t	validation;		/* rows held out for early stopping */
	uint64_t	calibration;	/* rows held out of all members for p-values */
	uint64_t	updates;		/* how often the model was updated since */
	uint64_t	update_rows;	/* of the last update */
	uint64_t	update_anomalies;
	uint64_t	update_normals;
} DsadFacts;

/* What a trained model is worth, see trust.c; -1 = not known. */
typedef struct DsadTrust
{
	bool		held_out;		/* measured on rows that no member was trained on */
	uint64_t	rows[3];		/* looked at: known anomalies, unlabelled, known normals */
	double		mean_score[3];	/* of them */
	double		deviation;		/* standard, of the eligible rows' scores */
	double		auc;			/* ROC AUC, known anomalies against all others */
	double		interval[2];	/* in which it lies with 95 % confidence */
	double		untrained_auc;	/* of the same networks before training */
	double		plain_auc;		/* of the scaled features' squared distance */
} DsadTrust;

/*
 * Scores of rows that were not trained on, highest first: the highest ones all, below
 * them every DSAD_CALIBRATION_STEP-th.
 */
#define DSAD_CALIBRATION_ROWS 2000	/* the most there are */
#define DSAD_CALIBRATION_EXACT 256
#define DSAD_CALIBRATION_STEP 16

typedef struct DsadScoreList
{
	uint32_t	rows;
	uint32_t	kept;
	double	   *score;			/* kept */
} DsadScoreList;

/* One list of the model's scores (split) or one of each member's own (cross), or none. */
typedef struct DsadCalibration
{
	uint32_t	lists;
	uint32_t	rows;			/* of all lists */
	DsadScoreList *list;
} DsadCalibration;

/*
 * What training rows were like: how many of `rows` sampled ones lie in each cell of each
 * feature.  Cell 0 holds missing values; the others end at the edges, the last nowhere.
 */
#define DSAD_SKETCH_EDGES 18
#define DSAD_SKETCH_CELLS (DSAD_SKETCH_EDGES + 2)

typedef struct DsadSketch
{
	uint32_t	rows;
	uint32_t   *edges;			/* features */
	double	   *edge;			/* (features, DSAD_SKETCH_EDGES), ascending; NULL = there is no sketch */
	uint32_t   *count;			/* (features, DSAD_SKETCH_CELLS) */
} DsadSketch;

typedef struct DsadModel
{
	DsadConfig	config;
	uint32_t	layers;			/* hidden layers + 1 */
	uint32_t	dims[DSAD_MAX_LAYERS + 1];	/* dims[0] = inputs, dims[layers] = latent */
	const DsadEncoder *encoder;
	DsadScaling scaling;
	double		input_mean;		/* mean over the eligible training rows of the inputs' squared norm */
	DsadFacts	facts;
	DsadTrust	trust;
	DsadMember *members;		/* config.members of them */
	DsadCalibration calibration;
	DsadSketch	sketch;
} DsadModel;

extern DsadStatus dsad_model_alloc(DsadModel *model, DsadArena *arena, const DsadConfig *config,
								   uint32_t features, uint32_t inputs, DsadError *error);
extern DsadStatus dsad_model_alloc_losses(DsadModel *model, DsadArena *arena, DsadError *error);

/* ---- hashing rows: a 64-bit hash goes on step by step, number by number ---- */

/* A number's bits; both zeros, and every NaN, are alike. */
static inline uint64_t
dsad_number_bits(double value)
{
	uint64_t	bits;

	value += 0.0;
	memcpy(&bits, &value, sizeof(bits));
	return value != value ? UINT64_C(0x7ff8000000000000) : bits;
}

/* Goes on from h; odd multipliers and shifts as in Steele and Vigna's mixers (2021). */
static inline uint64_t
dsad_hash_step(uint64_t h, uint64_t bits)
{
	h = (h ^ bits) * UINT64_C(0x9fb21c651e98df25);
	return h ^ (h >> 32);
}

static inline uint64_t
dsad_hash_end(uint64_t h)
{
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ (h >> 32);
}

/* ---- training ---- */

typedef enum DsadLabel
{
	DSAD_ANOMALY = -1, DSAD_UNLABELLED = 0, DSAD_NORMAL = 1
} DsadLabel;

/* A uniform sample of a stream: the caller keeps the items, in slots 0 .. capacity - 1. */
typedef struct DsadReservoir
{
	uint64_t	state[4];
	uint64_t	capacity;
	uint64_t	seen;
} DsadReservoir;

extern void dsad_reservoir_init(DsadReservoir *reservoir, uint64_t capacity, int64_t seed);
extern bool dsad_reservoir_next(DsadReservoir *reservoir, uint64_t *slot);

/*
 * Training rows.  read copies row `row` (0 .. count - 1) as doubles, NaN for a
 * missing element, and its label; nonzero = failure.  Sequential rows are only
 * ever read from 0 upwards, again from 0 for each pass.
 */
typedef struct DsadRowSource
{
	void	   *ctx;
	uint64_t	count;			/* at most UINT32_MAX */
	uint32_t	features;
	bool		sequential;
	int			(*read) (void *ctx, uint64_t row, double *features, int8_t *label);
	const DsadEncoder *encoder; /* what made the features; NULL = they are the elements of an array */
} DsadRowSource;

/*
 * Scaled rows: in memory, or in blocks of block_rows rows (the last may hold
 * fewer) that are written once, in order, and then read in any order.
 */
typedef struct DsadDataset
{
	uint64_t	count;
	uint32_t	inputs;
	float	   *scaled;			/* (count, inputs), NULL = in blocks */
	int8_t	   *label;			/* count: labels, with folds in them (loader.h) */
	void	   *ctx;
	uint32_t	block_rows;
	int			(*write_block) (void *ctx, uint64_t block, const float *scaled, const int8_t *label,
								uint32_t rows);
	int			(*read_block) (void *ctx, uint64_t block, float *scaled, int8_t *label);
	size_t		window_bytes;	/* for the blocks that a training holds at a time */
} DsadDataset;

/* The parts that the rows are divided into, the same for all members. */
typedef enum DsadPart
{
	DSAD_PART_TRAINING,
	DSAD_PART_VALIDATION,		/* for early stopping; always in memory */
	DSAD_PART_CALIBRATION,		/* for p-values; always in memory */
	DSAD_PARTS
} DsadPart;

/* What dsad_prepare finds out about the rows. */
typedef struct DsadPlan
{
	const uint32_t *order;		/* rows in canonical order; NULL = as they come */
	uint64_t	count[DSAD_PARTS];
} DsadPlan;

/*
 * A training in three steps: prepare fits the scaling, fill writes the scaled
 * rows of each part to where the caller wants them, and each member is then
 * trained by whoever likes, in any order.  dsad_train does all of it in memory.
 */
extern DsadStatus dsad_prepare(DsadModel *model, DsadPlan *plan, DsadArena *arena, DsadArena *scratch,
							   const DsadEnv *env, const DsadConfig *config,
							   const DsadRowSource *rows, DsadError *error);
extern DsadStatus dsad_fill(DsadModel *model, const DsadPlan *plan, const DsadEnv *env,
							const DsadRowSource *rows, DsadDataset *parts, DsadError *error);

/* An update of a finished model: prepare, then fill, then each member. */
extern DsadStatus dsad_prepare_update(DsadModel *model, DsadPlan *plan, DsadArena *arena,
									  DsadArena *scratch, const DsadEnv *env,
									  const DsadRowSource *rows, DsadError *error);
extern DsadStatus dsad_update_member(const DsadModel *model, const DsadPlan *plan, uint32_t member,
									 const DsadEnv *env, const DsadDataset *parts, DsadError *error);

/* When all members are trained or updated. */
extern DsadStatus dsad_finish(DsadModel *model, DsadArena *arena, const DsadEnv *env,
							  const DsadDataset *parts, DsadError *error);

extern double dsad_member_memory(const DsadModel *model, const DsadPlan *plan);
extern uint64_t dsad_member_visits(const DsadModel *model, const DsadPlan *plan);
extern DsadStatus dsad_train_member(const DsadModel *model, const DsadPlan *plan, uint32_t member,
									const DsadEnv *env, const DsadDataset *parts, DsadError *error);
extern DsadStatus dsad_train(DsadModel *model, DsadArena *arena, const DsadEnv *env,
							 const DsadConfig *config, const DsadRowSource *rows,
							 DsadError *error);

extern bool dsad_trust_failed(const DsadTrust *trust);

/* ---- statistics ---- */

extern void dsad_auc_interval(double auc, double anomalies, double normals, double z, double interval[2]);

/* ---- bytes ---- */

extern size_t dsad_model_size(const DsadModel *model);
extern bool dsad_model_encode(const DsadModel *model, const DsadEnv *env, uint8_t *bytes, size_t size);
extern DsadStatus dsad_model_decode(DsadModel *model, DsadArena *arena, const DsadEnv *env,
									const uint8_t *bytes, size_t length, DsadError *error);

/* One member alone, without checksum or version: between processes of one training. */
extern size_t dsad_member_size(const DsadModel *model);
extern size_t dsad_member_encode(const DsadModel *model, uint32_t member, const DsadEnv *env, uint8_t *bytes,
								 size_t room);
extern DsadStatus dsad_member_decode(DsadModel *model, uint32_t member, const DsadEnv *env,
									 const uint8_t *bytes, size_t length, DsadError *error);

/* ---- scoring ---- */

typedef struct DsadKernel DsadKernel;

/* Kernel levels from plain C up; NULL when this CPU or build lacks the level. */
typedef enum DsadKernelLevel
{
	DSAD_KERNEL_PLAIN, DSAD_KERNEL_SSE2, DSAD_KERNEL_AVX2, DSAD_KERNEL_AVX512
} DsadKernelLevel;

extern const DsadKernel *dsad_kernel(DsadKernelLevel level);
extern const DsadKernel *dsad_kernel_best(void);
extern const char *dsad_kernel_name(const DsadKernel *kernel);

/* A model made ready for scoring: BatchNorm folded, weights padded and aligned. */
typedef struct DsadScorer DsadScorer;

extern DsadStatus dsad_scorer_create(DsadScorer **scorer, DsadArena *arena, const DsadModel *model,
									 const DsadKernel *kernel);
extern uint32_t dsad_scorer_features(const DsadScorer *scorer);
extern const double *dsad_scorer_expected(const DsadScorer *scorer);
extern const DsadEncoder *dsad_scorer_encoder(const DsadScorer *scorer);
extern uint32_t dsad_scorer_embedding_size(const DsadScorer *scorer);

/* Rows to score, (count, features), NaN = missing: doubles or, if single, floats, at any address. */
typedef struct DsadRows
{
	const void *values;
	size_t		count;
	bool		single;
} DsadRows;

/* Number i of the rows, counted through all of them. */
static inline double
dsad_row_number(const DsadRows *rows, size_t i)
{
	float		single;
	double		number;

	if (rows->single)
	{
		memcpy(&single, (const char *) rows->values + i * sizeof(single), sizeof(single));
		return (double) single;
	}
	memcpy(&number, (const char *) rows->values + i * sizeof(number), sizeof(number));
	return number;
}

/* Rows that one call should score at most, so that a poll comes every few milliseconds. */
extern size_t dsad_scorer_poll_rows(const DsadScorer *scorer);

extern size_t dsad_scorer_scratch(const DsadScorer *scorer, size_t count);

/* The same of rows that are scaled already, each `stride` floats after the last. */
extern DsadStatus dsad_scorer_begin(DsadScorer **scorer, void **scratch, DsadArena *arena, const DsadModel *model,
									const DsadKernel *kernel, size_t count, DsadError *error);
extern DsadStatus dsad_score_polled(const DsadScorer *scorer, const DsadEnv *env, const float *scaled, size_t stride,
									size_t count, void *scratch, double *scores, DsadError *error);
extern void dsad_score_scaled(const DsadScorer *scorer, const float *scaled, size_t stride, size_t count,
							  void *scratch, double *scores);

/* Scores (count); their bits do not depend on count. */
extern size_t dsad_score(const DsadScorer *scorer, const DsadRows *rows, void *scratch, double *scores);

/* One row's embedding: members x latent floats whose squared length is the score. */
extern bool dsad_embed(const DsadScorer *scorer, const DsadRows *row, void *scratch, float *embedding);

/* ---- deciding ---- */

/* How a model tells anomalies. */
typedef enum DsadDecisionKind
{
	DSAD_DECISION_NONE,			/* it cannot */
	DSAD_DECISION_SCORE,		/* by the score */
	DSAD_DECISION_PVALUE		/* by the rows of calibration that score as high */
} DsadDecisionKind;

typedef struct DsadDecision
{
	DsadDecisionKind kind;
	double		score;			/* the lowest that is an anomaly, perhaps infinity; SCORE only */
	int64_t		most;			/* so many rows of calibration may score as high; PVALUE only */
} DsadDecision;

extern void dsad_decision(DsadDecision *decision, const DsadModel *model);
extern bool dsad_decision_reached(const DsadModel *model);
extern double dsad_smallest_pvalue(const DsadCalibration *calibration);

/* Of one row; false when it has an infinite number. */
extern bool dsad_pvalue(const DsadScorer *scorer, const DsadRows *row, void *scratch, double *pvalue);
extern bool dsad_is_anomaly(const DsadScorer *scorer, const DsadRows *row, void *scratch, bool *anomaly);
extern const DsadDecision *dsad_scorer_decision(const DsadScorer *scorer);
extern const DsadCalibration *dsad_scorer_calibration(const DsadScorer *scorer);

/* ---- drift ---- */

#define DSAD_DRIFT_BINS 20		/* of p-values */

/* Rows counted against a model's sketch and calibration. */
typedef struct DsadDrift
{
	const DsadModel *model;
	DsadScorer *scorer;
	uint64_t	rows;
	uint64_t   *count;			/* (features, DSAD_SKETCH_CELLS) */
	double		bin[DSAD_DRIFT_BINS];
	double	   *pvalue;			/* DSAD_MAX_MEMBERS */
} DsadDrift;

/* How two distributions differ. */
typedef struct DsadShift
{
	double		psi;			/* population stability index */
	double		psi_by_chance;	/* about what it is when nothing has changed */
	double		ks;				/* largest difference of cumulative shares */
	double		chance;			/* at most, of so large a ks anywhere when nothing has changed */
	bool		shifted;
} DsadShift;

extern bool dsad_drift_start(DsadDrift *drift, DsadArena *arena, const DsadModel *model);
extern bool dsad_drift_add(DsadDrift *drift, const DsadRows *row, void *scratch);
extern void dsad_drift_feature(const DsadDrift *drift, uint32_t j, DsadShift *shift);
extern bool dsad_drift_score(const DsadDrift *drift, DsadShift *shift);

/* ---- explaining ---- */

extern DsadStatus dsad_explain(const DsadScorer *scorer, const DsadRows *row, const DsadEnv *env,
							   double *contribution, DsadError *error);

/* ---- OpenBLAS ---- */

/* What the process's OpenBLAS binding says of itself; config and core are "" when not bound. */
typedef struct DsadBlasInfo
{
	bool		bound;
	char		config[128];	/* openblas_get_config */
	char		core[32];		/* openblas_get_corename */
	char		reason[160];	/* why it is not bound, "" if it is or was not tried */
} DsadBlasInfo;

extern bool dsad_wants_blas(const uint32_t *dims, uint32_t layers, size_t batch_rows);
extern void dsad_blas_bind(void);
extern DsadBlasInfo dsad_blas_info(void);

#endif
