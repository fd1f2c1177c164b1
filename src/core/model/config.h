/*
 * config.h
 *	  The options of a training.
 */
#ifndef DSAD_CONFIG_H
#define DSAD_CONFIG_H

#include "core/env.h"

#define DSAD_MAX_HIDDEN 8		/* hidden layers */
#define DSAD_MAX_LAYERS (DSAD_MAX_HIDDEN + 1)
#define DSAD_MAX_WIDTH 8192		/* units of a hidden layer */
#define DSAD_MAX_LATENT 4096
#define DSAD_MAX_MEMBERS 64
#define DSAD_MAX_MILESTONES 16
#define DSAD_MAX_FEATURES 65535
#define DSAD_MAX_CONVS 6		/* modules of a convolutional network */
#define DSAD_MAX_CHANNELS 512	/* maps that a module makes */
#define DSAD_MAX_EPOCHS 1000000

/* Visits to rows of a phase, per member, that default epochs stay within; the same of an update. */
#define DSAD_MAX_VISITS 5000000
#define DSAD_MAX_UPDATE_VISITS 500000
#define DSAD_PRETRAIN_EPOCHS 20
#define DSAD_UPDATE_EPOCHS 20

#define DSAD_MANY_NUMBERS 100	/* of rows with more the networks are wider */

#define DSAD_MIN_THRESHOLD 1e-300
#define DSAD_MAX_THRESHOLD 1e300

typedef enum DsadPreset
{
	DSAD_PRESET_PAPER,
	DSAD_PRESET_FAST,
	DSAD_PRESET_DEFAULT,
	DSAD_PRESET_BEST
} DsadPreset;

/* How a row's features meet the dense layers. */
typedef enum DsadNetwork
{
	DSAD_NETWORK_AUTO,			/* conv where the rows hold a picture, else mlp */
	DSAD_NETWORK_MLP,
	DSAD_NETWORK_CONV			/* the picture goes through convolutions first */
} DsadNetwork;

typedef enum DsadScalingMethod
{
	DSAD_SCALING_STANDARD,
	DSAD_SCALING_MINMAX,
	DSAD_SCALING_NONE,
	DSAD_SCALING_ROBUST,
	DSAD_SCALING_STANDARD_ROBUST,
	DSAD_SCALING_COMMON
} DsadScalingMethod;

typedef enum DsadReconstruction
{
	DSAD_RECONSTRUCTION_LINEAR,
	DSAD_RECONSTRUCTION_SIGMOID
} DsadReconstruction;

typedef enum DsadInit
{
	DSAD_INIT_PYTORCH,
	DSAD_INIT_GLOROT
} DsadInit;

typedef enum DsadCalibrationMethod
{
	DSAD_CALIBRATION_AUTO,
	DSAD_CALIBRATION_SPLIT,
	DSAD_CALIBRATION_CROSS,
	DSAD_CALIBRATION_NONE
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
	int64_t		scaling;		/* DsadScalingMethod */
	int64_t		reconstruction;	/* DsadReconstruction */
	int64_t		init;			/* DsadInit */
	double		validation;		/* share of the rows held out for early stopping */
	int64_t		patience;		/* epochs without a better validation loss */
	int64_t		max_rows;		/* 0 = all, else train on a uniform sample of so many */
	double		trimming;		/* unlabeled rows beyond so many median distances do not count; 0 = all do */
	double		ema_decay;		/* of the average of weights over steps; 0 = the last step's weights */
	double		offset_scale;	/* standard deviation of the hidden units' fixed offsets; 0 = none */
	double		input_weight;	/* of the inputs' own distance in the score; -1 = by the number of known anomalies */

	int64_t		calibration;	/* DsadCalibrationMethod; of a trained model never AUTO */
	double		alpha;			/* a p-value that low is an anomaly ... */
	double		contamination;	/* ... or, if > 0, a score that this share of the calibration rows reach ... */
	double		threshold;		/* ... or, if > 0, that score */

	int64_t		network;		/* DsadNetwork; of a trained model never AUTO */
	DsadIntList channels;		/* maps of each module of a convolutional network; for others of no meaning */

	/* How, not what, to train: not in the bytes of a model. */
	int64_t		workers;		/* -1 = as the server is set */
	int64_t		verbose;		/* bool: tell of progress in notices */

	uint64_t	given;			/* bit i: somebody gave dsad_options[i], training did not choose it */
} DsadConfig;

typedef enum DsadOptionKind
{
	DSAD_OPTION_INT,
	DSAD_OPTION_FLOAT,
	DSAD_OPTION_ENUM,
	DSAD_OPTION_INT_LIST,
	DSAD_OPTION_BOOL
} DsadOptionKind;

/* One option: where it lies in DsadConfig and what it may be. */
typedef struct DsadOption
{
	const char *name;
	uint16_t	id;				/* for ever: it stands in model bytes; 0 = it does not */
	DsadOptionKind kind;
	size_t		offset;
	double		min;			/* of the value, or of each list element */
	double		max;
	double		none;			/* stands for SQL's NULL, outside the range; NaN: NULL is no value of it */
	uint32_t	min_count;		/* lists */
	uint32_t	max_count;
	const char *const *labels;	/* enums: NULL-terminated, index = value */
	bool		conv;			/* only a model of a convolutional network keeps it */
	bool		update;			/* an update may change it */
} DsadOption;

extern const DsadOption dsad_options[];
extern const int dsad_option_count;

/* Whether a model with these options keeps that one. */
static inline bool
dsad_option_is_kept(const DsadOption *option, const DsadConfig *config)
{
	return option->id != 0 && (!option->conv || config->network == DSAD_NETWORK_CONV);
}

extern bool dsad_option_is_null(const DsadOption *option, const DsadConfig *config);
extern const DsadOption *dsad_option_find(const char *name, size_t length);
extern void dsad_config_defaults(DsadConfig *config, DsadPreset preset, uint32_t numbers,
								 uint64_t rows);
extern int64_t dsad_bounded_epochs(int64_t most, int64_t visits, uint64_t rows);
extern bool dsad_option_is_given(const DsadOption *option, const DsadConfig *config);
extern void dsad_option_mark_given(const DsadOption *option, DsadConfig *config, bool given);
extern bool dsad_option_of_update(const DsadOption *option);
extern void dsad_config_update(DsadConfig *config, uint64_t rows);
extern DsadStatus dsad_option_check(const DsadOption *option, double value, DsadError *error);
extern DsadStatus dsad_config_check(const DsadConfig *config, DsadError *error);
extern bool dsad_config_plain_score(const DsadConfig *config);

#endif
