/*
 * bytes.c
 *	  Numbers <-> bytes, little-endian whatever the machine.  The reader trusts
 *	  nothing: what is missing or not a good number marks it as failed.
 */
#include "core/model/bytes.h"

#include <math.h>
#include <string.h>

/* The low `bytes` bytes of value, least significant first. */
void
dsad_put_int(DsadWriter *w, uint64_t value, int bytes)
{
	w->length += (size_t) bytes;
	if (w->at == NULL)
		return;
	if (w->room < (size_t) bytes)
	{
		w->failed = true;
		w->room = 0;
		return;
	}
	for (int i = 0; i < bytes; i++)
		*w->at++ = (uint8_t) (value >> (8 * i));
	w->room -= (size_t) bytes;
}

void
dsad_put_double(DsadWriter *w, double value)
{
	uint64_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	dsad_put_int(w, bits, 8);
}

void
dsad_put_doubles(DsadWriter *w, const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dsad_put_double(w, values[i]);
}

void
dsad_put_floats(DsadWriter *w, const float *values, size_t count)
{
	if (w->at == NULL)
	{
		w->length += 4 * count;
		return;
	}
	for (size_t i = 0; i < count; i++)
	{
		uint32_t	bits;

		dsad_watch_rows(&w->watch, i, 1);
		memcpy(&bits, &values[i], sizeof(bits));
		dsad_put_int(w, bits, 4);
	}
}

void
dsad_put_bytes(DsadWriter *w, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dsad_put_int(w, (uint8_t) bytes[i], 1);
}

uint64_t
dsad_get_int(DsadReader *r, int bytes)
{
	uint64_t	value = 0;

	if (r->left < (size_t) bytes)
	{
		r->failed = true;
		return 0;
	}
	for (int i = 0; i < bytes; i++)
		value |= (uint64_t) r->at[i] << (8 * i);
	r->at += bytes;
	r->left -= (size_t) bytes;
	return value;
}

double
dsad_get_double(DsadReader *r)
{
	uint64_t	bits = dsad_get_int(r, 8);
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* count finite doubles; anything else fails the reader. */
void
dsad_get_doubles(DsadReader *r, double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		values[i] = dsad_get_double(r);
		if (!isfinite(values[i]))
			r->failed = true;
	}
}

/* count finite floats, none below `least`; anything else fails the reader. */
void
dsad_get_floats(DsadReader *r, float *values, size_t count, float least)
{
	for (size_t i = 0; i < count; i++)
	{
		uint32_t	bits = (uint32_t) dsad_get_int(r, 4);

		dsad_watch_rows(r->watch, i, 1);
		memcpy(&values[i], &bits, sizeof(bits));
		if (!isfinite(values[i]) || values[i] < least)
			r->failed = true;
	}
}

DsadStatus
dsad_corrupt(DsadError *error, const char *what)
{
	return dsad_fail(error, DSAD_CORRUPT, "The value may have been damaged or cut short.",
					 "invalid deepsad model: %s", what);
}

/* Fails unless the body was read to its exact end and every number was good. */
DsadStatus
dsad_finish_section(const DsadReader *body, const char *tag, DsadError *error)
{
	if (!body->failed && body->left == 0)
		return DSAD_OK;
	return dsad_fail(error, DSAD_CORRUPT, "The value may have been damaged or cut short.",
					 "invalid deepsad model: section \"%s\" is malformed", tag);
}
