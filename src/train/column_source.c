/*
 * column_source.c
 *	  Kept rows as features: they are encoded each time they are read.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "train/column_source.h"

/* DsadRowSource.read, of rows of the encoder's cells */
static int
read_cells(void *ctx, uint64_t row, double *features, int8_t *label)
{
	DeepsadColumnSource *source = ctx;
	int			failure = source->rows.read(source->rows.ctx, row, source->stored, label);

	if (failure == 0)
		dsad_encode(source->encoder, source->stored, features);
	return failure;
}

/* DsadRowSource.read, of rows of the draft's cells */
static int
read_draft(void *ctx, uint64_t row, double *features, int8_t *label)
{
	DeepsadColumnSource *source = ctx;
	const DsadEncoder *encoder = source->encoder;
	const DeepsadDraft *draft = source->draft;
	int			failure = source->rows.read(source->rows.ctx, row, source->stored, label);

	if (failure != 0)
		return failure;
	if (source->groups->columns > 0)
		source->group = deepsad_row_group(source->groups, source->stored);
	for (uint32 c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];
		uint16		from = source->draft_column[c];
		const uint32 *category = draft->column[from].category;
		double	   *cell = source->cells + column->first_cell;

		memcpy(cell, source->stored + draft->encoder.column[from].first_cell, column->cells * sizeof(double));
		if (category && !isnan(*cell))
			*cell = category[(uint32) *cell];
	}
	dsad_encode(encoder, source->cells, features);
	return 0;
}

/* Prepares to read rows, with memory from the current context; draft_column NULL: the draft is the encoder. */
void
deepsad_column_source_init(DeepsadColumnSource *source, const DeepsadDraft *draft, const DsadEncoder *encoder,
						   const uint16 *draft_column, const DeepsadRowGroups *groups)
{
	source->draft = draft;
	source->groups = groups;
	source->encoder = encoder;
	source->draft_column = draft_column;
	source->stored = palloc(draft->encoder.cells * sizeof(double));
	source->cells = palloc(Max(encoder->cells, 1) * sizeof(double));
}

/* The rows that were kept, as features; valid as long as source is. */
void
deepsad_column_source_read(DeepsadColumnSource *source, const DsadRowSource *rows, DsadRowSource *result)
{
	const DsadEncoder *encoder = source->encoder;

	source->rows = *rows;
	*result = *rows;
	result->features = encoder->features;
	result->encoder = encoder;
	/* cells that are the features need no more than to be read */
	if (encoder->identity && encoder->cells == source->draft->encoder.cells && source->groups->columns == 0)
		return;
	if (source->groups->columns > 0)
		result->group = &source->group;
	result->ctx = source;
	result->read = source->draft_column ? read_draft : read_cells;
}
