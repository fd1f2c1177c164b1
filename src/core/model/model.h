/*
 * model.h
 *	  A trained model.  A weight matrix is (in, out): weight[i * out + j] joins input i to
 *	  output j, the transpose of PyTorch's.
 */
#ifndef DSAD_MODEL_H
#define DSAD_MODEL_H

#include "core/digest.h"
#include "core/model/conv.h"

#define DSAD_FORMAT 1			/* number of the byte format that is written */
#define DSAD_MAX_MODEL_BYTES ((size_t) 256 << 20)

#define DSAD_BATCHNORM_EPS 1e-4f
#define DSAD_BATCHNORM_MOMENTUM 0.1f
#define DSAD_LEAKY_SLOPE 0.01f

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

/*
 * Scaled values are kept within this bound at least, so that no finite input can
 * overflow inside the net.
 */
#define DSAD_SCALED_MAX 1e9

#define DSAD_ROBUST_LIMIT 5		/* of robust inputs: bounded, or outliers would be all that counts */

#define DSAD_FLAG_SCALE 10		/* of a 0 or 1 that hardly varies, at most */

typedef enum DsadStop
{
	DSAD_STOP_EPOCHS,			/* all epochs were run */
	DSAD_STOP_MAX_STEPS,
	DSAD_STOP_VALIDATION,		/* the loss on held-out rows did not fall for `patience` epochs */
	DSAD_STOPS
} DsadStop;

extern const char *const dsad_stop_labels[DSAD_STOPS];	/* for people */

/* One network of the ensemble.  L = layers; layer l maps dims[l] to dims[l + 1]. */
typedef struct DsadMember
{
	float	   *weight[DSAD_MAX_LAYERS];	/* (dims[l], dims[l + 1]) */
	float	   *running_mean[DSAD_MAX_HIDDEN];	/* dims[l + 1], hidden layers only */
	float	   *running_var[DSAD_MAX_HIDDEN];
	float	   *offset[DSAD_MAX_HIDDEN];	/* between BatchNorm and activation; never trained */
	float	   *conv_weight[DSAD_MAX_CONVS];	/* (out, in, 5, 5) */
	float	   *conv_mean[DSAD_MAX_CONVS];	/* out: BatchNorm's running statistics of each map */
	float	   *conv_var[DSAD_MAX_CONVS];
	float	   *center;			/* dims[L] */
	double		divisor;		/* mean squared distance of eligible training rows, or 1, times normalize.c's factor */
	float	   *pretrain_loss;	/* pretrain_epochs_run */
	float	   *train_loss;		/* epochs_run */
	float	   *validation_loss;	/* epochs_run, if the model has validation rows */
	uint32_t	pretrain_epochs_run;
	uint32_t	epochs_run;
	uint64_t	steps_run;		/* optimizer steps of the Deep SAD phase */
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
	DsadDigest	digest;			/* of all rows that are not NULL, whether held out or left out by max_rows */
	DsadDigest	update_digest;
} DsadFacts;

/* What a trained model is worth, see trust.c; -1 = not known. */
typedef struct DsadTrust
{
	bool		held_out;		/* measured on rows that no member was trained on */
	uint64_t	rows[3];		/* looked at: known anomalies, unlabeled, known normals */
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
 * What training rows were like: how many of `rows` sampled ones lie in each cell of each number of their
 * summaries (summary.h): each feature, or a picture's mean and contrast.  Cell 0 holds missing values; the others
 * end at the edges, the last nowhere.
 */
#define DSAD_SKETCH_EDGES 18
#define DSAD_SKETCH_CELLS (DSAD_SKETCH_EDGES + 2)

typedef struct DsadSketch
{
	uint32_t	rows;
	uint32_t   *edges;			/* summaries */
	double	   *edge;			/* (summaries, DSAD_SKETCH_EDGES), ascending; NULL = there is no sketch */
	uint32_t   *count;			/* (summaries, DSAD_SKETCH_CELLS) */
} DsadSketch;

/*
 * The inputs' own distance where they are whitened: own * |x|^2 - |x * directions|^2, x from dsad_input_center.
 * Directions in which the training rows vary much count less.
 */
#define DSAD_MAX_DIRECTIONS 64

typedef struct DsadWhitening
{
	double		own;
	float	   *direction;		/* (inputs, dsad_directions) */
} DsadWhitening;

typedef struct DsadModel
{
	uint32_t	format;			/* number of the byte format that it was read from */
	DsadConfig	config;
	DsadPicture picture;		/* that convolutions go over; none in other networks */
	uint32_t	convs;			/* modules before the dense layers, 0 = none */
	DsadConv	conv[DSAD_MAX_CONVS];
	uint32_t	layers;			/* dense: hidden layers + 1 */
	uint32_t	dims[DSAD_MAX_LAYERS + 1];	/* dims[0] = inputs, or maps and other inputs; dims[layers] = latent */
	const DsadEncoder *encoder;
	DsadScaling scaling;
	double		input_mean;		/* the same of the inputs' own distance, whitened or not */
	DsadWhitening white;
	DsadFacts	facts;
	DsadTrust	trust;
	DsadMember *members;		/* config.members of them */
	DsadCalibration calibration;
	DsadSketch	sketch;
} DsadModel;

extern DsadStatus dsad_model_alloc(DsadModel *model, DsadArena *arena, const DsadConfig *config,
								   uint32_t features, uint32_t inputs, DsadPicture picture, DsadError *error);
extern void dsad_model_shape(DsadModel *model, uint32_t inputs, DsadPicture picture);
extern DsadPicture dsad_conv_picture(const DsadConfig *config, const DsadEncoder *encoder);
extern double dsad_model_weights(const DsadModel *model);
extern double dsad_model_work(const DsadModel *model);
extern float dsad_input_center(const DsadModel *model, uint32_t input);
extern uint32_t dsad_directions(const DsadConfig *config, uint32_t inputs);
extern bool dsad_whitening_alloc(DsadModel *model, DsadArena *arena);
extern DsadStatus dsad_model_alloc_members(DsadModel *model, DsadArena *arena, DsadError *error);
extern DsadStatus dsad_model_alloc_losses(DsadModel *model, DsadArena *arena, DsadError *error);
extern bool dsad_scaling_alloc(DsadScaling *scaling, DsadArena *arena, uint32_t features, uint32_t inputs);

#endif
