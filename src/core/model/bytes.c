/*
 * bytes.c
 *	  Numbers <-> bytes, little-endian whatever the machine.  The reader trusts
 *	  nothing: what is missing or not a good number marks it as failed.
 */
#include "core/model/bytes.h"

#include <math.h>
#include <string.h>

#define LEAST_ROOM 4096			/* of a writer that grows */

/* Makes room for all of w->length and half as much again. */
static bool
grow(DsadWriter *w)
{
	const DsadEnv *env = w->watch.env;
	size_t		room = w->length + w->length / 2 + LEAST_ROOM;
	uint8_t    *bytes = env->resize(env->ctx, w->bytes, room);

	if (bytes == NULL)
		return false;
	w->bytes = bytes;
	w->room = room;
	return true;
}

/* Where the next count bytes go; NULL when they are only counted. */
static uint8_t *
reserve(DsadWriter *w, size_t count)
{
	size_t		start = w->length;

	w->length += count;
	if (w->length > w->room && (w->failed || !w->grows || !grow(w)))
		w->failed = true;
	return w->failed ? NULL : w->bytes + start;
}

/* The low `bytes` bytes of value, least significant first. */
void
dsad_store_int(uint8_t *at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (uint8_t) (value >> (8 * i));
}

void
dsad_put_int(DsadWriter *w, uint64_t value, int bytes)
{
	uint8_t    *at = reserve(w, (size_t) bytes);

	if (at != NULL)
		dsad_store_int(at, value, bytes);
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

/* When they are only counted, values may be NULL. */
void
dsad_put_floats(DsadWriter *w, const float *values, size_t count)
{
	uint8_t    *at = reserve(w, 4 * count);

	for (size_t i = 0; i < count && at != NULL; i++)
	{
		uint32_t	bits;

		if (w->watch.env != NULL)
			dsad_watch_rows(&w->watch, i, 1);
		memcpy(&bits, &values[i], sizeof(bits));
		dsad_store_int(at + 4 * i, bits, 4);
	}
}

void
dsad_put_bytes(DsadWriter *w, const char *bytes, size_t count)
{
	uint8_t    *at = reserve(w, count);

	if (at != NULL && count > 0)
		memcpy(at, bytes, count);
}

/* count bytes where they lie; NULL when there are fewer, which fails the reader. */
const uint8_t *
dsad_get_bytes(DsadReader *r, size_t count)
{
	const uint8_t *at = r->at;

	if (r->failed || r->left < count)
	{
		r->failed = true;
		return NULL;
	}
	r->at += count;
	r->left -= count;
	return at;
}

uint64_t
dsad_get_int(DsadReader *r, int bytes)
{
	const uint8_t *at = dsad_get_bytes(r, (size_t) bytes);
	uint64_t	value = 0;

	for (int i = 0; i < bytes && at != NULL; i++)
		value |= (uint64_t) at[i] << (8 * i);
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

/* Reads count floats, which are there; whether all are finite and none is below `least`. */
static bool
load_floats(const uint8_t *at, float *values, size_t count, float least)
{
	uint32_t	bad = 0;

	for (size_t i = 0; i < count; i++)
	{
		uint32_t	bits = (uint32_t) at[4 * i] | (uint32_t) at[4 * i + 1] << 8 | (uint32_t) at[4 * i + 2] << 16 |
						   (uint32_t) at[4 * i + 3] << 24;
		float		value;

		memcpy(&value, &bits, sizeof(value));
		values[i] = value;
		bad |= (bits & 0x7F800000) == 0x7F800000;
		bad |= value < least;
	}
	return bad == 0;
}

/* count finite floats, none below `least`; anything else fails the reader. */
void
dsad_get_floats(DsadReader *r, float *values, size_t count, float least)
{
	const uint8_t *at = count <= r->left / 4 ? dsad_get_bytes(r, 4 * count) : NULL;

	if (at == NULL)
		r->failed = true;
	for (size_t start = 0; start < count && at != NULL; start += DSAD_POLL_ELEMENTS)
	{
		size_t		n = count - start < DSAD_POLL_ELEMENTS ? count - start : DSAD_POLL_ELEMENTS;

		dsad_watch(r->watch);
		r->failed |= !load_floats(at + 4 * start, values + start, n, least);
	}
}
