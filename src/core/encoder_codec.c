/*
 * encoder_codec.c
 *	  An encoder <-> the body of section "ENCO"; doc/format.md specifies it.
 */
#include <string.h>

#include "bytes.h"
#include "encoder.h"

#define COLUMN_BYTES (4 + 4 + 2 + 2 + 4)	/* of a column at least */
#define CATEGORY_BYTES 4					/* of a category at least */

/* A length of length_bytes bytes, then the bytes. */
static void
put_text(DsadWriter *w, const DsadBytes *text, int length_bytes)
{
	dsad_put_int(w, text->length, length_bytes);
	dsad_put_bytes(w, text->bytes, text->length);
}

/* The body of the section. */
void
dsad_put_encoder(DsadWriter *w, const DsadEncoder *encoder)
{
	dsad_put_int(w, encoder->columns, 4);
	dsad_put_int(w, encoder->named, 4);
	for (uint32_t c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];

		dsad_put_int(w, column->value, 1);
		dsad_put_int(w, column->kind, 1);
		dsad_put_int(w, column->indicator, 1);
		dsad_put_int(w, column->prefix, 1);
		dsad_put_int(w, column->cells, 4);
		put_text(w, &column->name, 2);
		put_text(w, &column->type, 2);
		dsad_put_int(w, column->categories, 4);
		for (uint32_t k = 0; k < column->categories; k++)
			put_text(w, &column->category[k], 4);
	}
}

/* Bytes where they lie. */
static DsadBytes
get_text(DsadReader *in, int length_bytes)
{
	DsadBytes	bytes = {"", 0};
	uint32_t	length = (uint32_t) dsad_get_int(in, length_bytes);

	if (in->failed || length > in->left)
	{
		in->failed = true;
		return bytes;
	}
	bytes.bytes = (const char *) in->at;
	bytes.length = length;
	in->at += length;
	in->left -= length;
	return bytes;
}

/* Whether such a column can be: its kind fits its values, and its sizes its kind. */
static bool
is_column(const DsadColumn *column)
{
	bool		array = column->value == DSAD_VALUE_ARRAY;
	bool		address = column->value == DSAD_VALUE_ADDRESS;

	if (column->value >= DSAD_VALUES || column->kind >= DSAD_KINDS || column->indicator > 1 ||
		column->name.length > DSAD_MAX_NAME || column->type.length > DSAD_MAX_NAME ||
		(address ? column->prefix < 1 || column->prefix > 32 : column->prefix != 0) ||
		column->cells < 1 || column->cells > DSAD_MAX_FEATURES || (column->cells > 1 && !array) ||
		(column->categories > 0 && column->kind != DSAD_KIND_CATEGORY))
		return false;
	switch ((DsadKind) column->kind)
	{
		case DSAD_KIND_NUMBER:
			return column->value != DSAD_VALUE_BOOLEAN && column->value != DSAD_VALUE_TEXT && !address;
		case DSAD_KIND_BOOLEAN:
			return column->value == DSAD_VALUE_BOOLEAN;
		case DSAD_KIND_CATEGORY:
			return column->value == DSAD_VALUE_NUMBER || column->value == DSAD_VALUE_BOOLEAN ||
				column->value == DSAD_VALUE_TEXT || address;
		default:
			return column->value >= DSAD_VALUE_TIMESTAMP && column->value <= DSAD_VALUE_TIME;
	}
}

static DsadStatus
get_column(DsadReader *in, DsadColumn *column, DsadArena *arena, DsadError *error)
{
	column->value = (uint8_t) dsad_get_int(in, 1);
	column->kind = (uint8_t) dsad_get_int(in, 1);
	column->indicator = (uint8_t) dsad_get_int(in, 1);
	column->prefix = (uint8_t) dsad_get_int(in, 1);
	column->cells = (uint32_t) dsad_get_int(in, 4);
	column->name = get_text(in, 2);
	column->type = get_text(in, 2);
	column->categories = (uint32_t) dsad_get_int(in, 4);
	if (in->failed || !is_column(column) || column->categories > in->left / CATEGORY_BYTES ||
		column->categories > DSAD_MAX_FEATURES)
	{
		in->failed = true;
		return DSAD_OK;
	}
	column->category = dsad_arena_array(arena, column->categories, sizeof(DsadBytes));
	if (column->category == NULL)
		return dsad_no_memory(error);
	for (uint32_t k = 0; k < column->categories; k++)
		column->category[k] = get_text(in, 4);
	return DSAD_OK;
}

/* Reads an encoder from bytes that stay. */
static DsadStatus
read_in_place(DsadEncoder **result, DsadArena *arena, const uint8_t *bytes, size_t length, DsadError *error)
{
	DsadReader	in = {bytes, length, false, NULL};
	DsadEncoder *encoder = dsad_arena_alloc(arena, sizeof(DsadEncoder));
	uint32_t	named;
	DsadStatus	status = DSAD_OK;

	if (encoder == NULL)
		return dsad_no_memory(error);
	encoder->columns = (uint32_t) dsad_get_int(&in, 4);
	named = (uint32_t) dsad_get_int(&in, 4);
	encoder->named = named == 1;
	if (in.failed || named > 1 || encoder->columns < 1 || encoder->columns > DSAD_MAX_COLUMNS ||
		encoder->columns > in.left / COLUMN_BYTES)
		in.failed = true;
	if (!in.failed)
		encoder->column = dsad_arena_array(arena, encoder->columns, sizeof(DsadColumn));
	if (!in.failed && encoder->column == NULL)
		return dsad_no_memory(error);
	for (uint32_t c = 0; c < encoder->columns && !in.failed && status == DSAD_OK; c++)
		status = get_column(&in, &encoder->column[c], arena, error);
	if (status == DSAD_OK && (in.failed || in.left > 0))
		status = dsad_fail(error, DSAD_CORRUPT, "The value may have been damaged or cut short.",
						   "invalid deepsad model: section \"ENCO\" is malformed");
	if (status == DSAD_OK)
		status = dsad_encoder_finish(encoder, arena, error);
	*result = encoder;
	return status;
}

/* Reads an encoder from untrusted bytes, which are copied; it lives in arena. */
DsadStatus
dsad_encoder_read(DsadEncoder **encoder, DsadArena *arena, const uint8_t *bytes, size_t length, DsadError *error)
{
	uint8_t    *copy = dsad_arena_alloc(arena, length);

	if (copy == NULL)
		return dsad_no_memory(error);
	memcpy(copy, bytes, length);
	return read_in_place(encoder, arena, copy, length, error);
}

/* A copy in arena, NULL when out of memory. */
DsadEncoder *
dsad_encoder_copy(DsadArena *arena, const DsadEncoder *encoder)
{
	DsadWriter	w = {0};
	size_t		length;
	uint8_t    *bytes;
	DsadEncoder *copy;
	DsadError	error;

	dsad_put_encoder(&w, encoder);
	length = w.length;
	bytes = dsad_arena_alloc(arena, length);
	if (bytes == NULL)
		return NULL;
	w = (DsadWriter) {.at = bytes, .room = length};
	dsad_put_encoder(&w, encoder);
	return read_in_place(&copy, arena, bytes, length, &error) == DSAD_OK ? copy : NULL;
}
