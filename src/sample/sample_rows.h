/*
 * sample_rows.h
 *	  Rows of a stored training set, for people and for other functions.
 */
#ifndef DEEPSAD_SAMPLE_ROWS_H
#define DEEPSAD_SAMPLE_ROWS_H

#include "utils/jsonb.h"

#include "core/digest.h"
#include "sample/sample_type.h"

DEEPSAD_NORETURN extern void deepsad_rows_conflict(const DsadSampleView *view, const DsadSampleRow *row);
extern bool deepsad_rows_next(const DsadSampleView *view, DsadSampleCursor *cursor, DsadSampleRow *row);
extern void deepsad_rows_check_count(const DsadSampleView *view);
extern void deepsad_rows_digest_add(DsadDigest *digest, const DsadSampleView *view, const DsadSampleRow *row);

#endif
