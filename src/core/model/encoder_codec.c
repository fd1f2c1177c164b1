/*
 * encoder_codec.c
 *	  An encoder <-> the body of section "ENCO"; doc/format.md specifies it.
 */
#include "core/model/encoder_codec.h"

#include <string.h>

/* The fewest bytes there can be of a ... */
#define COLUMN_BYTES (8 + 4 + 2 + 2 + 4)
#define CATEGORY_BYTES 4
#define LEFT_OUT_BYTES (4 + 2 + 2 + 2)

/* In the bytes an array that has a shape is of a type of its own, which only says so. */
#define SHAPED_ARRAY 10
_Static_assert(SHAPED_ARRAY == DSAD_TYPES, "no other type has this number");

static DsadStatus
encoder_corrupt(DsadError *error)
{
	return dsad_corrupt(error, "section \"ENCO\" is malformed");
}

/* A length of length_bytes bytes, then the bytes. */
static void
put_text(DsadWriter *w, const DsadBytes *text, int length_bytes)
{
	dsad_put_int(w, text->length, length_bytes);
	dsad_put_bytes(w, text->bytes, text->length);
}

/* The body of the section. */
void
dsad_put_encoder(DsadWriter *w, const DsadModel *model)
{
	const DsadEncoder *encoder = model->encoder;

	dsad_put_int(w, encoder->columns, 4);
	dsad_put_int(w, encoder->left_out, 4);
	for (uint32_t c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];

		dsad_put_int(w, column->shape.channels > 0 ? SHAPED_ARRAY : column->type, 1);
		dsad_put_int(w, column->encoding, 1);
		dsad_put_int(w, column->indicator, 1);
		dsad_put_int(w, column->prefix, 1);
		dsad_put_int(w, column->time, 2);
		dsad_put_int(w, column->since, 2);
		dsad_put_int(w, column->cells, 4);
		if (column->shape.channels > 0)
		{
			dsad_put_int(w, column->shape.channels, 4);
			dsad_put_int(w, column->shape.height, 4);
			dsad_put_int(w, column->shape.width, 4);
		}
		put_text(w, &column->name, 2);
		put_text(w, &column->type_name, 2);
		dsad_put_int(w, column->categories, 4);
		for (uint32_t k = 0; k < column->categories; k++)
			put_text(w, &column->category[k], 4);
	}
	for (uint32_t i = 0; i < encoder->left_out; i++)
	{
		dsad_put_int(w, encoder->left[i].reason, 4);
		put_text(w, &encoder->left[i].name, 2);
		put_text(w, &encoder->left[i].type_name, 2);
		put_text(w, &encoder->left[i].other, 2);
	}
}

/* Bytes where they lie. */
static DsadBytes
get_text(DsadReader *in, int length_bytes)
{
	uint32_t	length = (uint32_t) dsad_get_int(in, length_bytes);
	const char *bytes = (const char *) dsad_get_bytes(in, length);

	return bytes ? (DsadBytes) {bytes, length} : (DsadBytes) {"", 0};
}

/* Whether a time can become that; of an encoder whose columns are all read. */
static bool
is_time(const DsadEncoder *encoder, const DsadColumn *column)
{
	const DsadColumn *start;

	if (column->encoding != DSAD_ENCODING_TIME)
		return column->time == 0 && column->since == 0;
	if (column->time > DSAD_TIME_ALL || (column->type == DSAD_TYPE_DATE && column->time & DSAD_TIME_CLOCK) ||
		(column->type == DSAD_TYPE_TIME && column->time & (DSAD_TIME_CALENDAR | DSAD_TIME_SINCE)))
		return false;
	if (!(column->time & DSAD_TIME_SINCE))
		return column->since == 0;
	if (column->since >= encoder->columns)
		return false;
	start = &encoder->column[column->since];
	return start != column && start->encoding == DSAD_ENCODING_TIME && dsad_column_is_instant(start);
}

/* Whether such a column can be: its encoding fits its type, and its sizes its encoding. */
static bool
is_column(const DsadColumn *column)
{
	bool		array = column->type == DSAD_TYPE_ARRAY;
	bool		address = column->type == DSAD_TYPE_ADDRESS;

	if (column->type >= DSAD_TYPES || column->encoding >= DSAD_ENCODINGS || column->indicator > 1 ||
		column->name.length > DSAD_MAX_NAME || column->type_name.length > DSAD_MAX_NAME ||
		(address ? column->prefix < 1 || column->prefix > 32 : column->prefix != 0) ||
		column->cells < 1 || column->cells > DSAD_MAX_FEATURES || (column->cells > 1 && !array) ||
		(column->categories > 0 && column->encoding != DSAD_ENCODING_CATEGORY) ||
		/* only rows that are one array have no names, and pictures no indicator */
		(column->name.length == 0 && !array) || (column->shape.channels > 0 && column->indicator != 0))
		return false;
	switch ((DsadEncoding) column->encoding)
	{
		case DSAD_ENCODING_NUMBER:
			return column->type == DSAD_TYPE_NUMBER || array || column->type == DSAD_TYPE_INTERVAL;
		case DSAD_ENCODING_BOOLEAN:
			return column->type == DSAD_TYPE_BOOLEAN;
		case DSAD_ENCODING_CATEGORY:
			return column->type == DSAD_TYPE_NUMBER || column->type == DSAD_TYPE_BOOLEAN ||
				   column->type == DSAD_TYPE_TEXT || address;
		default:
			return column->type >= DSAD_TYPE_TIMESTAMP && column->type <= DSAD_TYPE_TIME;
	}
}

/* The shape of an array of so many cells. */
static void
get_shape(DsadReader *in, DsadShape *shape, uint32_t cells)
{
	shape->channels = (uint32_t) dsad_get_int(in, 4);
	shape->height = (uint32_t) dsad_get_int(in, 4);
	shape->width = (uint32_t) dsad_get_int(in, 4);
	/* none is larger than the cells, of which there are few enough: the product cannot wrap */
	if (shape->channels < 1 || shape->channels > cells || shape->height > cells || shape->width > cells ||
		cells > DSAD_MAX_FEATURES || dsad_shape_cells(*shape) != cells)
		in->failed = true;
}

static DsadStatus
get_column(DsadReader *in, DsadColumn *column, DsadArena *arena, DsadError *error)
{
	bool		shaped;

	column->type = (uint8_t) dsad_get_int(in, 1);
	shaped = column->type == SHAPED_ARRAY;
	if (shaped)
		column->type = DSAD_TYPE_ARRAY;
	column->encoding = (uint8_t) dsad_get_int(in, 1);
	column->indicator = (uint8_t) dsad_get_int(in, 1);
	column->prefix = (uint8_t) dsad_get_int(in, 1);
	column->time = (uint8_t) dsad_get_int(in, 1);
	/* room for more that a time may become */
	if (dsad_get_int(in, 1) != 0)
		in->failed = true;
	column->since = (uint16_t) dsad_get_int(in, 2);
	column->cells = (uint32_t) dsad_get_int(in, 4);
	if (shaped)
		get_shape(in, &column->shape, column->cells);
	column->name = get_text(in, 2);
	column->type_name = get_text(in, 2);
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
	{
		column->category[k] = get_text(in, 4);
		in->failed |= column->category[k].length > DSAD_MAX_CATEGORY;
	}
	return DSAD_OK;
}

static void
get_left_out(DsadReader *in, DsadLeftOut *left)
{
	uint32_t	reason = (uint32_t) dsad_get_int(in, 4);

	left->reason = (uint8_t) (reason < DSAD_LEFT_OUT_REASONS ? reason : DSAD_LEFT_OUT_OTHER);
	left->name = get_text(in, 2);
	left->type_name = get_text(in, 2);
	left->other = get_text(in, 2);
	if (left->name.length > DSAD_MAX_NAME || left->type_name.length > DSAD_MAX_NAME ||
		left->other.length > DSAD_MAX_NAME)
		in->failed = true;
}

/* The columns, and those left out, from bytes that stay; what is wrong with them fails the reader. */
static DsadStatus
get_columns(DsadReader *in, DsadEncoder *encoder, DsadArena *arena, DsadError *error)
{
	DsadStatus	status = DSAD_OK;

	encoder->columns = (uint32_t) dsad_get_int(in, 4);
	encoder->left_out = (uint32_t) dsad_get_int(in, 4);
	if (encoder->columns < 1 || encoder->columns > DSAD_MAX_COLUMNS || encoder->left_out > DSAD_MAX_COLUMNS ||
		encoder->columns > in->left / COLUMN_BYTES || encoder->left_out > in->left / LEFT_OUT_BYTES)
		return encoder_corrupt(error);
	encoder->column = dsad_arena_array(arena, encoder->columns, sizeof(DsadColumn));
	encoder->left = dsad_arena_array(arena, encoder->left_out, sizeof(DsadLeftOut));
	if (encoder->column == NULL || encoder->left == NULL)
		return dsad_no_memory(error);
	for (uint32_t c = 0; c < encoder->columns && !in->failed && status == DSAD_OK; c++)
		status = get_column(in, &encoder->column[c], arena, error);
	for (uint32_t i = 0; i < encoder->left_out && !in->failed && status == DSAD_OK; i++)
		get_left_out(in, &encoder->left[i]);
	for (uint32_t c = 0; c < encoder->columns && !in->failed && status == DSAD_OK; c++)
		in->failed = !is_time(encoder, &encoder->column[c]) ||
					 (encoder->column[c].name.length == 0 && !dsad_encoder_is_array(encoder));
	return status == DSAD_OK ? dsad_finish_section(in, "ENCO", error) : status;
}

/* Reads the model's encoder, which lives in arena with a copy of the section. */
DsadStatus
dsad_get_encoder(DsadReader *r, DsadModel *model, DsadArena *arena, DsadError *error)
{
	uint8_t    *copy = dsad_arena_alloc(arena, r->left);
	DsadEncoder *encoder = dsad_arena_alloc(arena, sizeof(DsadEncoder));
	DsadStatus	status;

	if (copy == NULL || encoder == NULL)
		return dsad_no_memory(error);
	memcpy(copy, r->at, r->left);
	r->at = copy;
	model->encoder = encoder;
	status = get_columns(r, encoder, arena, error);
	if (status == DSAD_OK)
		status = dsad_encoder_finish(encoder, arena, error);
	/* its columns are there: what is wrong with them is wrong with the bytes */
	return status == DSAD_BAD_DATA || status == DSAD_TOO_LARGE ? encoder_corrupt(error) : status;
}
