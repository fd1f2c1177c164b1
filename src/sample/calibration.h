/*
 * calibration.h
 *	  A model's scores of rows that it was not trained on, and the model with p-values by them.
 */
#ifndef DEEPSAD_CALIBRATION_H
#define DEEPSAD_CALIBRATION_H

#include "rows/row_features.h"
#include "rows/row_hash.h"

typedef struct DeepsadCalibrator DeepsadCalibrator;

extern DeepsadCalibrator *deepsad_calibrator_create(MemoryContext context, struct varlena *model, bool bounded);
extern void deepsad_calibrator_check_model(const DeepsadCalibrator *calibrator, struct varlena *model);
extern void deepsad_calibrator_add(DeepsadCalibrator *calibrator, DeepsadFeatures *features,
								   const NullableDatum *argument, uint64 count);
extern void deepsad_calibrator_note(DeepsadCalibrator *calibrator, DeepsadRowHash *hash, DeepsadFeatures *features,
									const NullableDatum *argument, uint64 count);
extern void deepsad_calibrator_end(DeepsadCalibrator *calibrator);
extern bytea *deepsad_calibrator_finish(DeepsadCalibrator *calibrator);

#endif
