/*
 * choices.h
 *	  What training chooses where the options do not say, and why.
 */
#ifndef DSAD_CHOICES_H
#define DSAD_CHOICES_H

#include "core/model/model.h"

#define DSAD_WHY 160			/* bytes of a reason */

extern void dsad_defaults(DsadConfig *config, DsadPreset preset, int64_t network, const DsadEncoder *encoder,
						  uint64_t rows);
extern int64_t dsad_model_default_epochs(const DsadModel *model);
extern double dsad_default_input_weight(const DsadModel *model);
extern int64_t dsad_default_calibration(const DsadConfig *config, const DsadFacts *facts);
extern double dsad_enough_alike(uint64_t anomalies);
extern bool dsad_choice(const DsadModel *model, const DsadOption *option, char *why);

#endif
