/*
 * column_sample.h
 *	  A sample of training rows that depends on their content alone.
 */
#ifndef DEEPSAD_COLUMN_SAMPLE_H
#define DEEPSAD_COLUMN_SAMPLE_H

#include "core/dsad.h"
#include "train/dictionary.h"

extern double *deepsad_column_sample(const DsadEncoder *draft, const DeepsadDictionary *const *dictionary,
									 const DsadRowSource *rows, uint32 *count, double **digits);

#endif
