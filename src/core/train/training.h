/*
 * training.h
 *	  One member while it is being trained.
 */
#ifndef DSAD_TRAINING_H
#define DSAD_TRAINING_H

#include "core/train/dataset.h"
#include "core/train/loader.h"
#include "core/train/loss.h"
#include "core/train/net.h"

/* A copy of an encoder's weights and statistics. */
typedef struct DsadSnapshot
{
	float	   *weight[DSAD_MAX_TENSORS];
	float	   *running_mean[DSAD_MAX_TENSORS];
	float	   *running_var[DSAD_MAX_TENSORS];
} DsadSnapshot;

/* What the phases of one member share. */
typedef struct DsadTraining
{
	const DsadEnv *env;
	const DsadConfig *config;
	const DsadModel *model;
	const DsadPlan *plan;
	const DsadDataset *parts;
	DsadMember *member;
	uint32_t	member_number;
	uint32_t	inputs;
	uint32_t	batch_size;		/* at most the rows there are */
	DsadLoader	loader;			/* of the training part */
	DsadLoader	validation;		/* of the validation part, if it has rows */
	DsadProgress progress;
	float	   *batch;			/* (batch_size, inputs padded) */
	int8_t	   *label;			/* batch_size */
	float	   *gradient;		/* (batch_size, wider of inputs and latent, padded) */
	float	   *center;			/* latent padded */
	double	   *scores;			/* batch_size */
	DsadNet		encoder;
	DsadNet		decoder;
	DsadLoss	loss;
	DsadProducts products;
	DsadSnapshot best;			/* of the lowest validation loss */
	DsadSnapshot average;		/* over steps, when ema_decay > 0 */
	uint64_t	phase_step;		/* steps of this phase so far */
	uint64_t	phase_steps;	/* of the whole phase, at most */
	DsadError  *error;
} DsadTraining;

/* The squared distances of a member's rows. */
typedef struct DsadDistances
{
	double		mean;			/* over eligible rows; NaN when there are none */
	double		lowest;
	double		highest;
	uint64_t	eligible;
	uint64_t	rows;
} DsadDistances;

extern DsadStatus dsad_training_run(DsadModel *model, const DsadPlan *plan, uint32_t member,
									const DsadEnv *env, const DsadDataset *parts,
									DsadStatus (*phases)(DsadTraining *, DsadArena *), DsadError *error);
extern DsadStatus dsad_training_alloc(DsadTraining *t, DsadArena *arena);
extern void dsad_training_start_phase(DsadTraining *t, int64_t epochs, int64_t max_steps);
extern void dsad_training_step(DsadTraining *t);
extern void dsad_training_report(DsadTraining *t, DsadPhase phase, uint32_t epoch, int64_t epochs,
								 double loss, bool epoch_ended);
extern void dsad_training_advance(DsadTraining *t, DsadPhase phase, uint32_t epoch, int64_t epochs,
								  double loss, uint32_t step, uint32_t n);
extern DsadStatus dsad_training_next_batch(DsadTraining *t, DsadLoader *loader, uint32_t *n);
extern DsadStatus dsad_training_canceled(const DsadTraining *t);
extern DsadStatus dsad_training_diverged(DsadTraining *t, const char *phase, uint32_t epoch);
extern DsadStatus dsad_training_objective(DsadTraining *t, DsadArena *arena, DsadStream stream);
extern DsadStatus dsad_training_keep_weights(DsadTraining *t);
extern DsadStatus dsad_training_distances(DsadTraining *t, DsadArena *arena, DsadDistances *result);
extern double dsad_member_memory(const DsadModel *model, const DsadPlan *plan);
extern uint64_t dsad_member_visits(const DsadModel *model, const DsadPlan *plan);

#endif
