/*
 * bytes.h
 *	  Numbers <-> bytes, for the codecs.
 */
#ifndef DSAD_BYTES_H
#define DSAD_BYTES_H

#include "core/env.h"

/* Writes up to `room` bytes; what does not fit is counted, not written, and marks it as failed. */
typedef struct DsadWriter
{
	uint8_t    *at;				/* NULL = only count */
	size_t		room;			/* left */
	size_t		length;
	bool		failed;
	DsadWatch	watch;			/* polled while writing; a cancel that returns changes nothing */
} DsadWriter;

typedef struct DsadReader
{
	const uint8_t *at;
	size_t		left;
	bool		failed;			/* something asked for more than was left, or was not valid */
	DsadWatch  *watch;
} DsadReader;

extern void dsad_put_int(DsadWriter *w, uint64_t value, int bytes);
extern void dsad_put_double(DsadWriter *w, double value);
extern void dsad_put_doubles(DsadWriter *w, const double *values, size_t count);
extern void dsad_put_floats(DsadWriter *w, const float *values, size_t count);
extern void dsad_put_bytes(DsadWriter *w, const char *bytes, size_t count);

extern uint64_t dsad_get_int(DsadReader *r, int bytes);
extern double dsad_get_double(DsadReader *r);
extern void dsad_get_doubles(DsadReader *r, double *values, size_t count);
extern void dsad_get_floats(DsadReader *r, float *values, size_t count, float least);
extern DsadStatus dsad_corrupt(DsadError *error, const char *what);
extern DsadStatus dsad_finish_section(const DsadReader *body, const char *tag, DsadError *error);

#endif
