/*
 * onnx_wire.c
 *	  ONNX models, written in protobuf's wire format.
 *
 * The wire format (protobuf.dev/programming-guides/encoding): a field is a tag, number << 3 |
 * kind, as a varint, then for kind 0 a varint, for kind 2 a length as a varint and that many
 * bytes.  The messages and their field numbers: github.com/onnx/onnx, onnx/onnx.proto; they
 * stand beside the functions that write them.
 */
#include "pg/pg_compat.h"

#include "miscadmin.h"

#include "exchange/onnx_wire.h"

#define KIND_VARINT 0
#define KIND_BYTES 2

#define ATTRIBUTE_INT 2			/* AttributeProto.AttributeType */
#define ATTRIBUTE_INTS 7
#define MAX_VARINT 10

/* Numbers that are written last, straight to where they go. */
struct DeepsadOnnxTensor
{
	StringInfoData head;		/* fields of TensorProto, up to raw_data's length */
	const void *numbers;
	Size		count;
	int			width;
};

/* Writes a varint; returns how many bytes it has. */
static int
put_varint(char *at, uint64 value)
{
	int			length = 0;

	while (value >= 128)
	{
		at[length++] = (char) (value | 128);
		value >>= 7;
	}
	at[length++] = (char) value;
	return length;
}

static void
append_varint(StringInfo out, uint64 value)
{
	char		bytes[MAX_VARINT];

	appendBinaryStringInfo(out, bytes, put_varint(bytes, value));
}

static void
append_int(StringInfo out, int field, int64 value)
{
	append_varint(out, field << 3 | KIND_VARINT);
	append_varint(out, (uint64) value);
}

static void
append_head(StringInfo out, int field, uint64 length)
{
	append_varint(out, field << 3 | KIND_BYTES);
	append_varint(out, length);
}

static void
append_bytes(StringInfo out, int field, const char *bytes, Size length)
{
	append_head(out, field, length);
	appendBinaryStringInfo(out, bytes, (int) length);
}

static void
append_string(StringInfo out, int field, const char *string)
{
	append_bytes(out, field, string, strlen(string));
}

/* A message within another; it is emptied. */
static void
append_message(StringInfo out, int field, StringInfo message)
{
	append_bytes(out, field, message->data, message->len);
	resetStringInfo(message);
}

void
deepsad_onnx_begin(DeepsadOnnx *onnx)
{
	memset(onnx, 0, sizeof(*onnx));
	initStringInfo(&onnx->graph);
	initStringInfo(&onnx->metadata);
}

/* AttributeProto: name 1, i 3, ints 8, type 20. */
static void
append_attribute(StringInfo part, const DeepsadOnnxAttribute *attribute)
{
	append_string(part, 1, attribute->name);
	if (attribute->count == 0)
		append_int(part, 3, attribute->value[0]);
	for (int i = 0; i < attribute->count; i++)
		append_int(part, 8, attribute->value[i]);
	append_int(part, 20, attribute->count == 0 ? ATTRIBUTE_INT : ATTRIBUTE_INTS);
}

/*
 * A node: names of its inputs with spaces between, one output, and so many attributes.
 * GraphProto.node = 1; NodeProto: input 1, output 2, name 3, op_type 4, attribute 5.
 */
void
deepsad_onnx_node_with(DeepsadOnnx *onnx, const char *operator, const char * inputs, const char *output,
					   const DeepsadOnnxAttribute *attribute, int attributes)
{
	StringInfoData node;
	StringInfoData part;

	initStringInfo(&node);
	initStringInfo(&part);
	for (const char *end; *inputs != '\0'; inputs = end + (*end == ' '))
	{
		end = inputs + strcspn(inputs, " ");
		append_bytes(&node, 1, inputs, end - inputs);
	}
	append_string(&node, 2, output);
	append_string(&node, 4, operator);
	for (int i = 0; i < attributes; i++)
	{
		append_attribute(&part, &attribute[i]);
		append_message(&node, 5, &part);
	}
	append_message(&onnx->graph, 1, &node);
	pfree(part.data);
	pfree(node.data);
}

/* A node with (attribute not NULL) one integer, or without attributes. */
void
deepsad_onnx_node(DeepsadOnnx *onnx, const char *operator, const char * inputs, const char *output,
				  const char *attribute, int64 value)
{
	DeepsadOnnxAttribute one = {attribute, 0, {value}};

	deepsad_onnx_node_with(onnx, operator, inputs, output, &one, attribute != NULL);
}

/*
 * A tensor of numbers, which must stay where they are until the end.
 * TensorProto: dims 1, data_type 2, name 8, raw_data 9 (little-endian).
 */
void
deepsad_onnx_tensor(DeepsadOnnx *onnx, const char *name, DeepsadOnnxType type, const void *numbers, int dimensions,
					const int64 *shape)
{
	DeepsadOnnxTensor *tensor;

	if (onnx->tensors == onnx->room)
	{
		onnx->room = onnx->room ? 2 * onnx->room : 64;
		onnx->tensor = onnx->tensor ? repalloc(onnx->tensor, onnx->room * sizeof(*tensor)) :
									  palloc(onnx->room * sizeof(*tensor));
	}
	tensor = &onnx->tensor[onnx->tensors++];
	tensor->numbers = numbers;
	tensor->count = 1;
	tensor->width = type == DEEPSAD_ONNX_FLOAT ? 4 : 8;
	initStringInfo(&tensor->head);
	for (int i = 0; i < dimensions; i++)
	{
		append_int(&tensor->head, 1, shape[i]);
		tensor->count *= shape[i];
	}
	append_int(&tensor->head, 2, type);
	append_string(&tensor->head, 8, name);
	append_head(&tensor->head, 9, tensor->count * tensor->width);
}

/*
 * An input (field 11 of GraphProto) or output (12) of any number of rows.  ValueInfoProto: name 1, type 2;
 * TypeProto: tensor_type 1; its elem_type 1, shape 2; TensorShapeProto: dim 1; its dim_value 1, dim_param 2.
 */
static void
append_value(DeepsadOnnx *onnx, int field, const char *name, DeepsadOnnxType type, int64 columns)
{
	StringInfoData dimension;
	StringInfoData shape;
	StringInfoData tensor;
	StringInfoData value;

	initStringInfo(&dimension);
	initStringInfo(&shape);
	initStringInfo(&tensor);
	initStringInfo(&value);
	append_string(&dimension, 2, "N");
	append_message(&shape, 1, &dimension);
	append_int(&dimension, 1, columns);
	append_message(&shape, 1, &dimension);
	append_int(&tensor, 1, type);
	append_message(&tensor, 2, &shape);
	/* TypeProto */
	append_message(&dimension, 1, &tensor);
	append_string(&value, 1, name);
	append_message(&value, 2, &dimension);
	append_message(&onnx->graph, field, &value);
}

void
deepsad_onnx_input(DeepsadOnnx *onnx, const char *name, DeepsadOnnxType type, int64 columns)
{
	append_value(onnx, 11, name, type, columns);
}

void
deepsad_onnx_output(DeepsadOnnx *onnx, const char *name, DeepsadOnnxType type, int64 columns)
{
	append_value(onnx, 12, name, type, columns);
}

/* ModelProto.metadata_props = 14; StringStringEntryProto: key 1, value 2 (UTF-8). */
void
deepsad_onnx_metadata(DeepsadOnnx *onnx, const char *key, const char *value)
{
	StringInfoData entry;

	initStringInfo(&entry);
	append_string(&entry, 1, key);
	append_string(&entry, 2, value);
	append_message(&onnx->metadata, 14, &entry);
	pfree(entry.data);
}

/* Copies numbers, little-endian whatever this machine is. */
static char *
put_numbers(char *at, const DeepsadOnnxTensor *tensor)
{
	const char *from = tensor->numbers;

	for (Size i = 0; i < tensor->count; i++, from += tensor->width, at += tensor->width)
	{
		uint64		bits = 0;
		uint32		short_bits;

		if (i % (1024 * 1024) == 0)
			CHECK_FOR_INTERRUPTS();
		if (tensor->width == 4)
		{
			memcpy(&short_bits, from, 4);
			bits = short_bits;
		}
		else
			memcpy(&bits, from, 8);
		for (int b = 0; b < tensor->width; b++)
			at[b] = (char) (bits >> (8 * b));
	}
	return at;
}

/*
 * The whole file.  ModelProto: ir_version 1, producer_name 2, graph 7, opset_import 8
 * (OperatorSetIdProto: version 2); GraphProto: name 2, initializer 5.  IR versions 7 and 8 are those of
 * opsets 13 and 15 to 17.
 */
bytea *
deepsad_onnx_end(DeepsadOnnx *onnx, const char *name, int opset)
{
	StringInfoData model;
	StringInfoData part;
	Size		graph;
	Size		length;
	bytea	   *file;
	char	   *at;

	append_string(&onnx->graph, 2, name);
	graph = onnx->graph.len;
	for (int i = 0; i < onnx->tensors; i++)
	{
		DeepsadOnnxTensor *tensor = &onnx->tensor[i];
		Size		size = tensor->head.len + tensor->count * tensor->width;
		char		head[2 * MAX_VARINT];

		graph += put_varint(head, 5 << 3 | KIND_BYTES) + put_varint(head, size) + size;
	}
	initStringInfo(&model);
	initStringInfo(&part);
	append_int(&model, 1, opset < 15 ? 7 : 8);
	append_string(&model, 2, "deepsad");
	append_int(&part, 2, opset);
	append_message(&model, 8, &part);
	appendBinaryStringInfo(&model, onnx->metadata.data, onnx->metadata.len);
	append_head(&model, 7, graph);
	length = VARHDRSZ + model.len + graph;
	file = palloc(length);
	SET_VARSIZE(file, length);
	at = VARDATA(file);
	memcpy(at, model.data, model.len);
	memcpy(at += model.len, onnx->graph.data, onnx->graph.len);
	at += onnx->graph.len;
	for (int i = 0; i < onnx->tensors; i++)
	{
		DeepsadOnnxTensor *tensor = &onnx->tensor[i];

		at += put_varint(at, 5 << 3 | KIND_BYTES);
		at += put_varint(at, tensor->head.len + tensor->count * tensor->width);
		memcpy(at, tensor->head.data, tensor->head.len);
		at = put_numbers(at + tensor->head.len, tensor);
	}
	return file;
}
