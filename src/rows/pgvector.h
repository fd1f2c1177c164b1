/*
 * pgvector.h
 *	  The types of the extension pgvector, read without it.
 */
#ifndef DEEPSAD_PGVECTOR_H
#define DEEPSAD_PGVECTOR_H

#include "core/dsad.h"

/* pgvector's rows are as long as this at most. */
#define DEEPSAD_VECTOR_MAX_NUMBERS 16000

/* How the numbers of a value lie that is cast to an array. */
typedef enum DeepsadLayout
{
	DEEPSAD_LAYOUT_UNKNOWN,		/* the cast must tell */
	DEEPSAD_LAYOUT_VECTOR,		/* floats */
	DEEPSAD_LAYOUT_HALFVEC,		/* floats of 16 bits */
	DEEPSAD_LAYOUT_SPARSEVEC	/* not read */
} DeepsadLayout;

extern DeepsadLayout deepsad_pgvector_layout(Oid type);
extern Oid	deepsad_pgvector_type(void);
extern bool deepsad_pgvector_open(DeepsadLayout layout, Datum datum, const char **numbers, uint32 *count);
extern void deepsad_pgvector_halves(const char *halves, uint32 count, float *numbers);

#endif
