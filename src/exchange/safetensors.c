/*
 * safetensors.c
 *	  Files of named tensors, written and read.
 *
 * The format (github.com/huggingface/safetensors, README.md, "Format"): 8 bytes, the
 * header's length N; N bytes of JSON, {"name": {"dtype", "shape", "data_offsets"}, ...,
 * "__metadata__": {text: text}}; the tensors one behind the other, row-major, little-endian.
 */
#include "pg/pg_compat.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "exchange/safetensors.h"

#define LENGTH_BYTES 8
#define MAX_HEADER_BYTES (16 * 1024 * 1024)
#define METADATA "__metadata__"

static const struct
{
	const char *name;
	int			width;
} element_types[] = {{"F64", 8}, {"F32", 4}, {"I64", 8}};

/* A new tensor at the end of the list. */
static DeepsadTensor *
append(DeepsadTensors *list)
{
	if (list->count == list->room)
	{
		list->room = list->room ? 2 * list->room : 64;
		list->tensor = list->tensor ? repalloc(list->tensor, list->room * sizeof(DeepsadTensor)) :
									  palloc(list->room * sizeof(DeepsadTensor));
	}
	memset(&list->tensor[list->count], 0, sizeof(DeepsadTensor));
	return &list->tensor[list->count++];
}

/* ---- writing ---- */

/* Adds a tensor of any shape. */
DeepsadTensor *
deepsad_tensor_add_shaped(DeepsadTensors *list, DeepsadElementType type, const void *data, int dimensions,
						  const uint64 *shape, const char *name)
{
	DeepsadTensor *tensor = append(list);

	strlcpy(tensor->name, name, DEEPSAD_TENSOR_NAME);
	tensor->type = type;
	tensor->data = data;
	tensor->dimensions = dimensions;
	memcpy(tensor->shape, shape, dimensions * sizeof(uint64));
	return tensor;
}

/* Adds a vector, or (columns > 0) a matrix. */
DeepsadTensor *
deepsad_tensor_add(DeepsadTensors *list, DeepsadElementType type, const void *data, uint64 rows, uint64 columns,
				   const char *format, ...)
{
	uint64		shape[2] = {rows, columns};
	char		name[DEEPSAD_TENSOR_NAME];
	va_list		args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	return deepsad_tensor_add_shaped(list, type, data, columns > 0 ? 2 : 1, shape, name);
}

/* Numbers for each step of a tensor's first dimension: of a matrix its columns. */
static uint64
columns_of(const DeepsadTensor *tensor)
{
	uint64		columns = 1;

	for (int i = 1; i < tensor->dimensions; i++)
		columns *= tensor->shape[i];
	return columns;
}

/* The header; sets where each tensor lies. */
static void
put_header(StringInfo header, DeepsadTensors *list, const char *metadata)
{
	uint64		at = 0;

	appendStringInfoChar(header, '{');
	deepsad_json_key(header, METADATA);
	appendStringInfoString(header, metadata);
	for (int i = 0; i < list->count; i++)
	{
		DeepsadTensor *tensor = &list->tensor[i];

		tensor->begin = at;
		at += columns_of(tensor) * tensor->shape[0] * element_types[tensor->type].width;
		tensor->end = at;
		deepsad_json_key(header, tensor->name);
		appendStringInfo(header, "{\"dtype\": \"%s\", \"shape\": [" UINT64_FORMAT, element_types[tensor->type].name,
						 tensor->shape[0]);
		for (int d = 1; d < tensor->dimensions; d++)
			appendStringInfo(header, ", " UINT64_FORMAT, tensor->shape[d]);
		appendStringInfo(header, "], \"data_offsets\": [" UINT64_FORMAT ", " UINT64_FORMAT "]}", tensor->begin,
						 tensor->end);
	}
	appendStringInfoChar(header, '}');
	while (header->len % 8 != 0)
		appendStringInfoChar(header, ' ');
	if (header->len > MAX_HEADER_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model needs a safetensors header of %d bytes, the limit is %d", header->len,
						MAX_HEADER_BYTES)));
}

/* Writes a number of 4 or 8 bytes, little-endian; compilers know this as one move. */
static inline void
put_element(uint8 *at, const void *number, int width)
{
	uint64		bits = 0;
	uint32		short_bits;

	if (width == 4)
	{
		memcpy(&short_bits, number, 4);
		bits = short_bits;
	}
	else
		memcpy(&bits, number, 8);
	for (int i = 0; i < width; i++)
		at[i] = (uint8) (bits >> (8 * i));
}

static void
put_tensor(uint8 *data, const DeepsadTensor *tensor)
{
	uint64		columns = columns_of(tensor);
	int			width = element_types[tensor->type].width;
	uint8	   *at = data + tensor->begin;

	for (uint64 i = 0; i < tensor->shape[0]; i++)
	{
		if (i % 64 == 0)
			CHECK_FOR_INTERRUPTS();
		for (uint64 j = 0; j < columns; j++, at += width)
			put_element(at,
						(const char *) tensor->data +
							(tensor->transposed ? j * tensor->shape[0] + i : i * columns + j) * width,
						width);
	}
}

/* The file of all tensors, in their order; metadata: a JSON object whose values are texts. */
bytea *
deepsad_tensors_write(DeepsadTensors *list, const char *metadata)
{
	StringInfoData header;
	int64		header_length;
	uint64		length;
	bytea	   *file;
	uint8	   *at;

	initStringInfo(&header);
	put_header(&header, list, metadata);
	header_length = header.len;
	length = VARHDRSZ + LENGTH_BYTES + header_length + list->tensor[list->count - 1].end;
	file = palloc(length);
	SET_VARSIZE(file, length);
	at = (uint8 *) VARDATA(file);
	put_element(at, &header_length, LENGTH_BYTES);
	memcpy(at + LENGTH_BYTES, header.data, header.len);
	for (int i = 0; i < list->count; i++)
		put_tensor(at + LENGTH_BYTES + header.len, &list->tensor[i]);
	return file;
}

/* ---- reading ---- */

/* Reads an array of at most `most` whole numbers. */
static int
read_numbers(const JsonbValue *value, uint64 *numbers, int most, const char *what)
{
	JsonbContainer *array = deepsad_json_container(value, true, what);
	int			count = (int) JsonContainerSize(array);

	if (count > most)
		deepsad_file_invalid("\"%s\" has %d numbers, the limit is %d", what, count, most);
	for (int i = 0; i < count; i++)
		numbers[i] = (uint64) deepsad_json_read_int(getIthJsonbValueFromContainer(array, i), 0, PG_INT64_MAX, what);
	return count;
}

/* Reads what the header says of one tensor, which must lie within so many bytes of data. */
static void
read_tensor(DeepsadTensor *tensor, const JsonbValue *key, const JsonbValue *value, const uint8 *data, uint64 length)
{
	JsonbContainer *object;
	uint64		offsets[2];
	uint64		size;
	DsadBytes	type;

	if (key->val.string.len >= DEEPSAD_TENSOR_NAME)
		deepsad_file_invalid("a tensor's name has %d bytes, the limit is %d", key->val.string.len,
							 DEEPSAD_TENSOR_NAME - 1);
	memcpy(tensor->name, key->val.string.val, key->val.string.len);
	object = deepsad_json_container(value, false, tensor->name);
	type = deepsad_json_get_text(object, "dtype", DEEPSAD_TENSOR_NAME);
	tensor->type = DEEPSAD_F64;
	while (tensor->type <= DEEPSAD_I64 && (strlen(element_types[tensor->type].name) != type.length ||
										   memcmp(element_types[tensor->type].name, type.bytes, type.length) != 0))
		tensor->type++;
	if (tensor->type > DEEPSAD_I64)
		deepsad_file_invalid("tensor \"%s\" has numbers of type \"%.*s\"", tensor->name, (int) type.length, type.bytes);
	size = element_types[tensor->type].width;
	tensor->dimensions = read_numbers(deepsad_json_find(object, "shape"), tensor->shape, DEEPSAD_TENSOR_DIMENSIONS,
									  "shape");
	for (int i = 0; i < tensor->dimensions; i++)
		if (__builtin_mul_overflow(size, tensor->shape[i], &size))
			deepsad_file_invalid("tensor \"%s\" is larger than the file", tensor->name);
	if (read_numbers(deepsad_json_find(object, "data_offsets"), offsets, 2, "data_offsets") != 2 ||
		offsets[0] > offsets[1] || offsets[1] > length || offsets[1] - offsets[0] != size)
		deepsad_file_invalid("tensor \"%s\" does not lie where a tensor of its shape can", tensor->name);
	tensor->begin = offsets[0];
	tensor->end = offsets[1];
	tensor->data = data + offsets[0];
}

static int
compare_places(const void *a, const void *b)
{
	const DeepsadTensor *x = a;
	const DeepsadTensor *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const DeepsadTensor *) a)->name, ((const DeepsadTensor *) b)->name);
}

/* Reads all tensors' places: they fill the data, without a gap, and none lies on another.  Sorted by name. */
static void
read_places(DeepsadTensors *list, Jsonb *header, const uint8 *data, uint64 length)
{
	JsonbIterator *iterator = JsonbIteratorInit(&header->root);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;
	uint64		at = 0;

	while ((token = JsonbIteratorNext(&iterator, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		CHECK_FOR_INTERRUPTS();
		(void) JsonbIteratorNext(&iterator, &value, true);
		if (key.val.string.len == strlen(METADATA) && memcmp(key.val.string.val, METADATA, strlen(METADATA)) == 0)
			continue;
		read_tensor(append(list), &key, &value, data, length);
	}
	if (list->count > 0)
		qsort(list->tensor, list->count, sizeof(DeepsadTensor), compare_places);
	for (int i = 0; i < list->count; i++)
	{
		if (list->tensor[i].begin != at)
			deepsad_file_invalid("tensor \"%s\" does not begin where the one before it ends", list->tensor[i].name);
		at = list->tensor[i].end;
	}
	if (at != length)
		deepsad_file_invalid("its tensors have " UINT64_FORMAT " bytes, there are " UINT64_FORMAT, at, length);
	if (list->count > 0)
		qsort(list->tensor, list->count, sizeof(DeepsadTensor), compare_names);
}

/* Reads a file: its tensors into the list, which point into it.  Returns the metadata. */
JsonbContainer *
deepsad_tensors_read(DeepsadTensors *list, bytea *file)
{
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(file);
	uint64		length = VARSIZE_ANY_EXHDR(file);
	uint64		header_length = 0;
	Jsonb	   *header;

	if (length < LENGTH_BYTES)
		deepsad_file_invalid("it is cut short");
	for (int i = 0; i < LENGTH_BYTES; i++)
		header_length |= (uint64) bytes[i] << (8 * i);
	if (header_length > length - LENGTH_BYTES || header_length > MAX_HEADER_BYTES)
		deepsad_file_invalid("its header has " UINT64_FORMAT " bytes, the limit is " UINT64_FORMAT, header_length,
							 Min(length - LENGTH_BYTES, MAX_HEADER_BYTES));
	bytes += LENGTH_BYTES;
	if (header_length < 2 || bytes[0] != '{' || memchr(bytes, '\0', header_length) != NULL)
		deepsad_file_invalid("its header is no JSON object");
	if (!pg_verify_mbstr(PG_UTF8, (const char *) bytes, (int) header_length, true))
		deepsad_file_invalid("its header is not in UTF-8");
	header = deepsad_json_parse(pnstrdup((const char *) bytes, header_length));
	if (!JB_ROOT_IS_OBJECT(header))
		deepsad_file_invalid("its header is no JSON object");
	read_places(list, header, bytes + header_length, length - LENGTH_BYTES - header_length);
	return deepsad_json_container(deepsad_json_find(&header->root, METADATA), false, METADATA);
}

/* The tensor of that name, which is marked as used; NULL when there is none. */
DeepsadTensor *
deepsad_tensor_find(const DeepsadTensors *list, const char *format, ...)
{
	DeepsadTensor wanted;
	DeepsadTensor *found;
	va_list		args;

	va_start(args, format);
	vsnprintf(wanted.name, sizeof(wanted.name), format, args);
	va_end(args);
	found = list->count == 0 ? NULL : bsearch(&wanted, list->tensor, list->count, sizeof(DeepsadTensor), compare_names);
	if (found)
		found->used = true;
	return found;
}

/* A tensor of another type or shape is an error. */
static void
check_shape(const DeepsadTensor *tensor, DeepsadElementType type, int dimensions, const uint64 *shape)
{
	bool		same = tensor->type == type && tensor->dimensions == dimensions;

	for (int i = 0; i < dimensions && same; i++)
		same = tensor->shape[i] == shape[i];
	if (!same)
		deepsad_file_invalid("tensor \"%s\" has another type or shape than the model asks for", tensor->name);
}

/* Copies a tensor's numbers, `rows` times `columns`. */
static void
get_numbers(const DeepsadTensor *tensor, void *numbers, uint64 rows, uint64 columns, bool transposed)
{
	const uint8 *at = tensor->data;
	int			width = element_types[tensor->type].width;

	for (uint64 i = 0; i < rows; i++)
	{
		if (i % 64 == 0)
			CHECK_FOR_INTERRUPTS();
		for (uint64 j = 0; j < columns; j++, at += width)
		{
			uint64		bits = 0;
			uint32		short_bits;
			char	   *to = (char *) numbers + (transposed ? j * rows + i : i * columns + j) * width;

			for (int b = 0; b < width; b++)
				bits |= (uint64) at[b] << (8 * b);
			short_bits = (uint32) bits;
			memcpy(to, width == 4 ? (void *) &short_bits : (void *) &bits, width);
		}
	}
}

/*
 * The tensor's numbers, a vector of `rows` or (columns > 0) a matrix, which in `numbers` may be
 * transposed.  tensor NULL: nothing, and false.  A tensor of another type or shape is an error.
 */
bool
deepsad_tensor_get(const DeepsadTensor *tensor, DeepsadElementType type, void *numbers, uint64 rows, uint64 columns,
				   bool transposed)
{
	uint64		shape[2] = {rows, columns};

	if (tensor == NULL)
		return false;
	check_shape(tensor, type, columns > 0 ? 2 : 1, shape);
	get_numbers(tensor, numbers, rows, Max(columns, 1), transposed);
	return true;
}

/* The numbers of a tensor that is there, of this shape; one of another type or shape is an error. */
void
deepsad_tensor_get_shaped(const DeepsadTensor *tensor, DeepsadElementType type, void *numbers, int dimensions,
						  const uint64 *shape)
{
	check_shape(tensor, type, dimensions, shape);
	get_numbers(tensor, numbers, shape[0], columns_of(tensor), false);
}
