/*
 * calibration.h
 *	  Scores of rows that were not trained on, and what they decide.
 */
#ifndef DSAD_CALIBRATION_H
#define DSAD_CALIBRATION_H

#include "dsad.h"

extern uint32_t dsad_calibration_lists(const DsadConfig *config);
extern uint32_t dsad_scores_kept(uint32_t rows);
extern bool dsad_calibration_copy(DsadCalibration *calibration, DsadArena *arena, const DsadCalibration *source);
extern int	dsad_pvalue_bin(double pvalue, int bins);
extern void dsad_pvalue_bins(const DsadCalibration *calibration, double *share, int bins);
extern DsadStatus dsad_calibrate(DsadModel *model, DsadArena *arena, const DsadEnv *env, const DsadDataset *parts,
								 DsadError *error);
extern void dsad_calibration_drop(DsadModel *model);

#endif
