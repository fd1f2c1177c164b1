/*
 * sample_options.h
 *	  Options of deepsad_sample.
 */
#ifndef DEEPSAD_SAMPLE_OPTIONS_H
#define DEEPSAD_SAMPLE_OPTIONS_H

#include "utils/jsonb.h"

typedef struct DeepsadSampleOptions
{
	int64		max_rows;
	int64		max_bytes;
	int64		seed;
} DeepsadSampleOptions;

extern void deepsad_sample_options_parse(DeepsadSampleOptions *options, Jsonb *jsonb);
extern bool deepsad_sample_takes(Jsonb *options, const char *column);
extern void deepsad_sample_check_names(Jsonb *options, char *const *names, int count);

#endif
