/*
 * held_out.h
 *	  How many rows are held out, for what.
 */
#ifndef DSAD_HELD_OUT_H
#define DSAD_HELD_OUT_H

#include "core/train/dataset.h"

/* Share of the eligible rows that split calibration holds out at most, as each member of cross leaves out. */
#define DSAD_CALIBRATION_PART 5

extern void dsad_split_resolve(DsadConfig *config, const DsadFacts *facts);
extern double dsad_validation_rows(const DsadConfig *config, const DsadFacts *facts, uint32_t inputs);
extern double dsad_calibration_rows(const DsadConfig *config, double rows);

#endif
