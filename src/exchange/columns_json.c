/*
 * columns_json.c
 *	  The columns of a model and their encodings <-> JSON.
 */
#include "pg/pg_compat.h"

#include "miscadmin.h"

#include "exchange/model_json.h"

static const char *const types[DSAD_TYPES] = {
	"number", "boolean", "text", "timestamp", "timestamptz", "date", "time", "interval", "address", "array"};

static const char *const encodings[DSAD_ENCODINGS] = {"number", "boolean", "category", "time"};

/* Bit i of a column's `time` is name i. */
static const char *const times[] = {"clock", "calendar", "days", "since"};

static const char *const reasons[DSAD_LEFT_OUT_REASONS] = {
	"other", "skipped", "label", "filled", "empty", "serial", "moves", "instant", "constant", "identifier", "variety",
	"group"};

static void
put_column(StringInfo out, const DsadColumn *column)
{
	appendStringInfoChar(out, '{');
	deepsad_json_key(out, "name");
	deepsad_json_text(out, column->name);
	deepsad_json_key(out, "type");
	deepsad_json_string(out, types[column->type]);
	deepsad_json_key(out, "type_name");
	deepsad_json_text(out, column->type_name);
	deepsad_json_key(out, "encoding");
	deepsad_json_string(out, encodings[column->encoding]);
	deepsad_json_key(out, "missing");
	deepsad_json_bool(out, column->indicator != 0);
	deepsad_json_key(out, "cells");
	appendStringInfo(out, "%u", column->cells);
	deepsad_json_key(out, "features");
	appendStringInfo(out, "%u", column->features);
	if (column->shape.channels > 0)
	{
		deepsad_json_key(out, "shape");
		appendStringInfo(out, "[%u, %u, %u]", column->shape.channels, column->shape.height, column->shape.width);
	}
	if (column->type == DSAD_TYPE_ADDRESS)
	{
		deepsad_json_key(out, "prefix");
		appendStringInfo(out, "%d", column->prefix);
	}
	if (column->encoding == DSAD_ENCODING_TIME)
	{
		const char *comma = "";

		deepsad_json_key(out, "time");
		appendStringInfoChar(out, '[');
		for (int i = 0; i < (int) lengthof(times); i++)
			if (column->time & 1 << i)
			{
				appendStringInfo(out, "%s\"%s\"", comma, times[i]);
				comma = ", ";
			}
		appendStringInfoChar(out, ']');
		deepsad_json_key(out, "since");
		appendStringInfo(out, "%d", column->since);
	}
	if (column->encoding == DSAD_ENCODING_CATEGORY)
	{
		deepsad_json_key(out, "categories");
		appendStringInfoChar(out, '[');
		for (uint32 k = 0; k < column->categories; k++)
		{
			if (k > 0)
				appendStringInfoString(out, ", ");
			deepsad_json_text(out, column->category[k]);
		}
		appendStringInfoChar(out, ']');
	}
	appendStringInfoChar(out, '}');
}

/* An array of the columns, in their order. */
void
deepsad_json_columns(StringInfo out, const DsadEncoder *encoder)
{
	appendStringInfoChar(out, '[');
	for (uint32 c = 0; c < encoder->columns; c++)
	{
		CHECK_FOR_INTERRUPTS();
		if (c > 0)
			appendStringInfoString(out, ", ");
		put_column(out, &encoder->column[c]);
	}
	appendStringInfoChar(out, ']');
}

/* An array of the columns that are left out. */
void
deepsad_json_left_out(StringInfo out, const DsadEncoder *encoder)
{
	appendStringInfoChar(out, '[');
	for (uint32 i = 0; i < encoder->left_out; i++)
	{
		const DsadLeftOut *left = &encoder->left[i];

		appendStringInfoString(out, i > 0 ? ", {" : "{");
		deepsad_json_key(out, "name");
		deepsad_json_text(out, left->name);
		deepsad_json_key(out, "type_name");
		deepsad_json_text(out, left->type_name);
		deepsad_json_key(out, "reason");
		deepsad_json_string(out, reasons[left->reason]);
		if (left->other.length > 0)
		{
			deepsad_json_key(out, "other");
			deepsad_json_text(out, left->other);
		}
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
}

/* How many elements an array has, of which there may be `most`. */
static uint32
array_size(JsonbContainer *array, uint32 most, const char *what)
{
	uint32		size = JsonContainerSize(array);

	if (size > most)
		deepsad_file_invalid("\"%s\" has %u elements, the limit is %u", what, size, most);
	return size;
}

/* Room for elements in arena. */
static void *
reserve(DsadArena *arena, uint32 count, size_t size)
{
	void	   *room = dsad_arena_array(arena, count, size);

	if (room == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return room;
}

/* What a time becomes: some of the names above. */
static uint8
read_time(const JsonbValue *value)
{
	JsonbContainer *array;
	uint8		time = 0;

	if (value == NULL)
		return 0;
	array = deepsad_json_container(value, true, "time");
	for (uint32 i = 0; i < array_size(array, lengthof(times), "time"); i++)
	{
		DsadBytes	name = deepsad_json_read_text(getIthJsonbValueFromContainer(array, i), 64, "time");
		int			bit = 0;

		while (bit < (int) lengthof(times) &&
			   (strlen(times[bit]) != name.length || memcmp(times[bit], name.bytes, name.length) != 0))
			bit++;
		if (bit == (int) lengthof(times))
			deepsad_file_invalid("\"time\" has \"%.*s\", which is not known", (int) name.length, name.bytes);
		time |= (uint8) (1 << bit);
	}
	return time;
}

static void
read_categories(DsadColumn *column, DsadArena *arena, const JsonbValue *value)
{
	JsonbContainer *array;
	JsonbIterator *iterator;
	JsonbValue	element;
	JsonbIteratorToken token;
	uint32		k = 0;

	if (value == NULL)
		return;
	array = deepsad_json_container(value, true, "categories");
	column->categories = array_size(array, DSAD_MAX_FEATURES, "categories");
	column->category = reserve(arena, column->categories, sizeof(DsadBytes));
	iterator = JsonbIteratorInit(array);
	while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
		if (token == WJB_ELEM && k < column->categories)
		{
			CHECK_FOR_INTERRUPTS();
			column->category[k++] = deepsad_json_read_text(&element, DSAD_MAX_CATEGORY, "categories");
		}
}

/* Channels, height and width of a picture, all of the column's cells. */
static void
read_shape(DsadColumn *column, const JsonbValue *value)
{
	uint32		side[3];
	JsonbContainer *array;

	if (value == NULL)
		return;
	array = deepsad_json_container(value, true, "shape");
	if (array_size(array, lengthof(side), "shape") != lengthof(side))
		deepsad_file_invalid("\"shape\" has %u elements, must have %d: channels, height, width",
							 JsonContainerSize(array), (int) lengthof(side));
	for (uint32 i = 0; i < lengthof(side); i++)
		side[i] = (uint32) deepsad_json_read_int(getIthJsonbValueFromContainer(array, i), 1, DSAD_MAX_FEATURES,
												 "shape");
	column->shape = (DsadShape) {side[0], side[1], side[2]};
	if (column->type != DSAD_TYPE_ARRAY || column->encoding != DSAD_ENCODING_NUMBER ||
		dsad_shape_cells(column->shape) != column->cells)
		deepsad_file_invalid("\"shape\" is %u x %u x %u, the column has %u cells", side[0], side[1], side[2],
							 column->cells);
}

static void
read_column(DsadColumn *column, DsadArena *arena, JsonbContainer *object)
{
	memset(column, 0, sizeof(*column));
	column->name = deepsad_json_get_text(object, "name", DSAD_MAX_NAME);
	column->type_name = deepsad_json_get_text(object, "type_name", DSAD_MAX_NAME);
	column->type = (uint8) deepsad_json_get_name(object, "type", types, lengthof(types));
	column->encoding = (uint8) deepsad_json_get_name(object, "encoding", encodings, lengthof(encodings));
	column->indicator = deepsad_json_get_bool(object, "missing");
	column->cells = (uint32) deepsad_json_get_int(object, "cells", 1, DSAD_MAX_FEATURES, 1);
	column->prefix = (uint8) deepsad_json_get_int(object, "prefix", 0, 32, 0);
	column->time = read_time(deepsad_json_find(object, "time"));
	column->since = (uint16) deepsad_json_get_int(object, "since", 0, DSAD_MAX_COLUMNS, 0);
	read_categories(column, arena, deepsad_json_find(object, "categories"));
	read_shape(column, deepsad_json_find(object, "shape"));
}

/* The columns of an encoder, whose places are not yet set; what texts they have lie in the jsonb. */
void
deepsad_read_columns(DsadEncoder *encoder, DsadArena *arena, JsonbContainer *columns)
{
	encoder->columns = array_size(columns, DSAD_MAX_COLUMNS, "columns");
	if (encoder->columns == 0)
		deepsad_file_invalid("it has no columns");
	encoder->column = reserve(arena, encoder->columns, sizeof(DsadColumn));
	for (uint32 c = 0; c < encoder->columns; c++)
		read_column(&encoder->column[c], arena,
					deepsad_json_container(getIthJsonbValueFromContainer(columns, c), false, "columns"));
}

/* The columns that an encoder leaves out. */
void
deepsad_read_left_out(DsadEncoder *encoder, DsadArena *arena, JsonbContainer *left_out)
{
	encoder->left_out = array_size(left_out, DSAD_MAX_COLUMNS, "left_out");
	encoder->left = reserve(arena, encoder->left_out, sizeof(DsadLeftOut));
	for (uint32 i = 0; i < encoder->left_out; i++)
	{
		JsonbContainer *object = deepsad_json_container(getIthJsonbValueFromContainer(left_out, i), false, "left_out");

		encoder->left[i].name = deepsad_json_get_text(object, "name", DSAD_MAX_NAME);
		encoder->left[i].type_name = deepsad_json_get_text(object, "type_name", DSAD_MAX_NAME);
		encoder->left[i].reason = (uint8) deepsad_json_get_name(object, "reason", reasons, lengthof(reasons));
		encoder->left[i].other = deepsad_json_get_text(object, "other", DSAD_MAX_NAME);
	}
}
