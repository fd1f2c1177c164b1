/*
 * sample_columns.c
 *	  The columns of a training set: what they are in all rows that have come.
 */
#include "core/sample/sample.h"

#include <stdio.h>
#include <string.h>

#define FORM_TEXT 40

/* What a column's name adds to the hash of a row. */
uint64_t
dsad_sample_column_hash(DsadBytes name)
{
	return dsad_hash_end(dsad_hash_bytes(UINT64_C(0x8bb84b93962eacc9), (const uint8_t *) name.bytes, name.length));
}

/* A column of that name, NULL if there is none. */
static DsadSampleColumn *
find_column(const DsadSample *sample, DsadBytes name)
{
	for (uint32_t c = 0; c < sample->columns; c++)
		if (dsad_bytes_compare(sample->column[c].name, name) == 0)
			return &sample->column[c];
	return NULL;
}

static DsadStatus
add_column(DsadSample *sample, const DsadSampleColumn *column, bool partial, DsadError *error)
{
	size_t		room = sample->column_room * sizeof(DsadSampleColumn);
	void	   *memory = sample->column;
	size_t		wanted = (sample->columns + 1) * sizeof(DsadSampleColumn);
	DsadSampleColumn *added;
	char	   *name;
	DsadStatus	status;

	if (sample->columns == DSAD_MAX_COLUMNS)
		return dsad_fail(error, DSAD_TOO_LARGE, "Leave some out with option \"columns\".",
						 "training set has more than %d columns", DSAD_MAX_COLUMNS);
	if (column->name.length > DSAD_MAX_NAME)
		return dsad_fail(error, DSAD_TOO_LARGE, "Rename it.", "name of a column has %u bytes, the limit is %d",
						 column->name.length, DSAD_MAX_NAME);
	status = dsad_sample_grow(&sample->env, &memory, &room, wanted, false, error);
	sample->column = memory;
	sample->column_room = (uint32_t) (room / sizeof(DsadSampleColumn));
	if (status != DSAD_OK)
		return status;
	name = sample->env.alloc(sample->env.ctx, column->name.length + 1);
	if (name == NULL)
		return dsad_no_memory(error);
	memcpy(name, column->name.bytes, column->name.length);
	added = &sample->column[sample->columns++];
	*added = *column;
	added->name.bytes = name;
	added->partial = column->partial || partial;
	added->hash = dsad_sample_column_hash(added->name);
	return DSAD_OK;
}

/* What a column's arrays are, for people. */
static const char *
form_text(DsadForm form, DsadShape shape, char *text, size_t room)
{
	if (form == DSAD_FORM_FLAT)
		snprintf(text, room, "one dimension");
	else if (shape.channels == 1)
		snprintf(text, room, "%u x %u", shape.height, shape.width);
	else
		snprintf(text, room, "%u x %u x %u", shape.channels, shape.height, shape.width);
	return text;
}

/* Arrays of that form come in a column; all of them are flat, or pictures of one shape. */
DsadStatus
dsad_sample_join_form(DsadSampleColumn *column, DsadForm form, DsadShape shape, DsadError *error)
{
	char		before[FORM_TEXT];
	char		now[FORM_TEXT];
	const char *hint = "Give arrays of one shape, or leave the column out with option \"columns\".";

	if (form == DSAD_FORM_UNKNOWN)
		return DSAD_OK;
	if (column->form == DSAD_FORM_UNKNOWN)
	{
		column->form = (uint8_t) form;
		column->shape = shape;
	}
	if (column->form == form && (form == DSAD_FORM_FLAT || memcmp(&column->shape, &shape, sizeof(shape)) == 0))
		return DSAD_OK;
	form_text((DsadForm) column->form, column->shape, before, sizeof(before));
	form_text(form, shape, now, sizeof(now));
	if (column->name.length == 0)
		return dsad_fail(error, DSAD_BAD_DATA, "Give arrays of one shape.",
						 "arrays of one training set change their shape: %s and %s", before, now);
	return dsad_fail(error, DSAD_BAD_DATA, hint,
					 "arrays in column \"%.*s\" change their shape within one training set: %s and %s",
					 (int) column->name.length, column->name.bytes, before, now);
}

/* Takes note of what an array is that comes in column `number`, by its cell. */
DsadStatus
dsad_sample_array(DsadSample *sample, uint16_t number, const uint8_t *cell, size_t length, DsadError *error)
{
	DsadSampleColumn *column = &sample->column[number];
	DsadCell	read;

	if (cell[0] != DSAD_CELL_PICTURE)
		return column->form == DSAD_FORM_FLAT ?
				   DSAD_OK :
				   dsad_sample_join_form(column, DSAD_FORM_FLAT, (DsadShape) {0, 0, 0}, error);
	dsad_cell_read(cell, length, &read);
	return dsad_sample_join_form(column, DSAD_FORM_PICTURE, read.shape, error);
}

/* Makes a column what it is in rows that have it as `other`, too. */
static DsadStatus
join_column(DsadSampleColumn *column, const DsadSampleColumn *other, DsadError *error)
{
	uint8_t		type = dsad_sample_common_type(column->type, other->type);

	if (type == 0)
		return dsad_fail(error, DSAD_BAD_DATA, "Cast it to one type, or leave it out with option \"columns\".",
						 "column \"%.*s\" changes its kind between rows of one training set", (int) column->name.length,
						 column->name.bytes);
	column->type = type;
	column->partial |= other->partial;
	if (other->position < column->position)
		column->position = other->position;
	return dsad_sample_join_form(column, (DsadForm) other->form, other->shape, error);
}

/*
 * Takes note of the columns of rows that are to come, whose names differ; number (count) is set to what they
 * are here.  Those that only these rows have, or only rows before, are partial.
 */
DsadStatus
dsad_sample_columns(DsadSample *sample, const DsadSampleColumn *columns, uint32_t count, uint16_t *number,
					DsadError *error)
{
	bool		first = sample->columns == 0;
	uint32_t	before = sample->columns;
	bool		found[DSAD_MAX_COLUMNS] = {false};

	if (count == 0)
		return DSAD_OK;
	if (!first && (sample->column[0].name.length == 0) != (columns[0].name.length == 0))
		return dsad_fail(error, DSAD_BAD_DATA, "Give rows of one form.",
						 "some rows of the training set are arrays, others have columns");
	for (uint32_t c = 0; c < count; c++)
	{
		DsadSampleColumn *column = find_column(sample, columns[c].name);
		DsadStatus	status = column ? join_column(column, &columns[c], error) :
									  add_column(sample, &columns[c], !first, error);

		if (status != DSAD_OK)
			return status;
		if (column == NULL)
			column = &sample->column[sample->columns - 1];
		number[c] = (uint16_t) (column - sample->column);
		found[number[c]] = true;
	}
	for (uint32_t c = 0; c < before; c++)
		sample->column[c].partial |= !found[c];
	return DSAD_OK;
}
