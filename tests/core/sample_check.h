/*
 * sample_check.h
 *	  Training sets of made-up rows, for tests.
 */
#ifndef DSAD_SAMPLE_CHECK_H
#define DSAD_SAMPLE_CHECK_H

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/sample/sample_codec.h"

/* One made-up row: columns "n", "t" and "v", some of them missing. */
static inline uint32_t
sample_content(uint8_t *at, const uint16_t *number, uint32_t which)
{
	size_t		length = 0;
	float		value[3] = {(float) which, 0.5f, (float) (which % 7)};
	char		text[64];

	/* in the order of the names */
	if (which % 5 != 0)
	{
		memcpy(at, &number[0], 2);
		length = 2 + dsad_cell_number(at + 2, which % 3 == 0 ? which / 3.0 : which);
	}
	if (which % 4 != 1)
	{
		memcpy(at + length, &number[1], 2);
		length += 2;
		length += dsad_cell_text(at + length, (DsadBytes) {text, (uint32_t) snprintf(text, sizeof(text), "row %u", which % 1000)});
	}
	memcpy(at + length, &number[2], 2);
	length += 2;
	return (uint32_t) (length + dsad_cell_array(at + length, &(DsadRows) {value, 1, true}, 1 + which % 3));
}

static inline DsadStatus
sample_start(DsadSample *sample, const DsadEnv *env, bool keyed, uint32_t rows, uint64_t bytes, uint16_t *number,
			 DsadError *error)
{
	const DsadSampleColumn column[3] = {
		{.name = {"n", 1}, .type = DSAD_SAMPLE_FLOAT8, .position = 2},
		{.name = {"t", 1}, .type = DSAD_SAMPLE_TEXT, .position = 1},
		{.name = {"v", 1}, .type = DSAD_SAMPLE_FLOAT4_ARRAY, .position = 3, .form = DSAD_FORM_FLAT}};
	DsadStatus	status = dsad_sample_init(sample, env, 7, rows, bytes, error);

	sample->typed = true;
	sample->keyed = keyed;
	return status == DSAD_OK ? dsad_sample_columns(sample, column, 3, number, error) : status;
}

/* Adds row number `which`, whose key (if there are keys) is key. */
static inline DsadStatus
sample_add(DsadSample *sample, const uint16_t *number, uint32_t which, uint32_t key, int8_t label, DsadError *error)
{
	uint8_t		content[256];
	char		text[16];
	DsadSampleRow row = {.count = 1, .label = label, .key = {text, 0}};

	row.content = (DsadBytes) {(const char *) content, sample_content(content, number, which)};
	if (sample->keyed)
		row.key.length = (uint32_t) snprintf(text, sizeof(text), "%u", key);
	row.hash = dsad_sample_hash(sample->seed, sample->column, sample->keyed, row.key, row.content);
	sample->seen[label + 1]++;
	return dsad_sample_add(sample, &row, error);
}

/* The set's bytes, malloced. */
static inline DsadStatus
sample_bytes(DsadSample *sample, const DsadEnv *env, uint8_t **bytes, size_t *size, DsadError *error)
{
	DsadArena	scratch;
	DsadSampleItem *order;
	DsadStatus	status;

	*bytes = NULL;
	dsad_arena_init(&scratch, env);
	status = dsad_sample_encode_begin(sample, &scratch, &order, size, error);
	if (status == DSAD_OK)
	{
		*bytes = malloc(*size);
		if (!dsad_sample_encode(sample, order, &scratch, *bytes, *size))
			status = DSAD_NO_MEMORY;
	}
	dsad_arena_release(&scratch);
	return status;
}

/* Merges bytes into a set, which is made if it is NULL-like (slots == 0). */
static inline DsadStatus
sample_merge(DsadSample *sample, const DsadEnv *env, const uint8_t *bytes, size_t size, DsadError *error)
{
	DsadArena	scratch;
	DsadSampleView view;
	DsadStatus	status;

	dsad_arena_init(&scratch, env);
	status = dsad_sample_open(&view, &scratch, env, bytes, size, error);
	if (status == DSAD_OK && sample->slots == 0)
		status = dsad_sample_init(sample, env, view.seed, view.max_rows, view.max_bytes, error);
	if (status == DSAD_OK)
		status = dsad_sample_merge(sample, &view, &scratch, error);
	dsad_arena_release(&scratch);
	return status;
}

#endif
