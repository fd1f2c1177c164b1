/*
 * sample_reading.h
 *	  SQL rows as entries of a training set.
 */
#ifndef DEEPSAD_SAMPLE_READING_H
#define DEEPSAD_SAMPLE_READING_H

#include "sample/sample_state.h"

extern void deepsad_sample_read(DeepsadSample *state, Datum features, bool is_array, const DsadBytes *key,
								DsadSampleRow *row);

#endif
