/*
 * bytes.h
 *	  Numbers <-> bytes, for the codecs.
 */
#ifndef DSAD_BYTES_H
#define DSAD_BYTES_H

#include "core/env.h"

_Static_assert(sizeof(float) == 4 && sizeof(double) == 8, "floats are IEEE 754, as the bytes hold them");

/*
 * Writes bytes.  Those that there is no room for are only counted, and mark it as failed:
 * a writer of zeros counts.  One that grows gets room from its environment instead.
 */
typedef struct DsadWriter
{
	uint8_t    *bytes;
	size_t		room;
	size_t		length;
	bool		grows;			/* bytes are watch.env's */
	bool		failed;
	DsadWatch	watch;			/* polled while writing, unless it has no environment */
} DsadWriter;

typedef struct DsadReader
{
	const uint8_t *at;
	size_t		left;
	bool		failed;			/* something asked for more than was left, or was not valid */
	DsadWatch  *watch;
	uint32_t	format;			/* of the model's bytes */
	uint32_t	place;			/* of the last section among those that every model has, from 1 */
} DsadReader;

extern void dsad_store_int(uint8_t *at, uint64_t value, int bytes);
extern void dsad_put_int(DsadWriter *w, uint64_t value, int bytes);
extern void dsad_put_double(DsadWriter *w, double value);
extern void dsad_put_doubles(DsadWriter *w, const double *values, size_t count);
extern void dsad_put_floats(DsadWriter *w, const float *values, size_t count);
extern void dsad_put_bytes(DsadWriter *w, const char *bytes, size_t count);

extern const uint8_t *dsad_get_bytes(DsadReader *r, size_t count);
extern uint64_t dsad_get_int(DsadReader *r, int bytes);
extern double dsad_get_double(DsadReader *r);
extern void dsad_get_doubles(DsadReader *r, double *values, size_t count);
extern void dsad_get_floats(DsadReader *r, float *values, size_t count, float least);

#endif
