/*
 * onnx_wire.h
 *	  ONNX models, written.
 */
#ifndef DEEPSAD_ONNX_WIRE_H
#define DEEPSAD_ONNX_WIRE_H

#include "lib/stringinfo.h"

/* TensorProto.DataType */
typedef enum DeepsadOnnxType
{
	DEEPSAD_ONNX_FLOAT = 1,
	DEEPSAD_ONNX_INT64 = 7,
	DEEPSAD_ONNX_BOOL = 9,
	DEEPSAD_ONNX_DOUBLE = 11
} DeepsadOnnxType;

typedef struct DeepsadOnnxTensor DeepsadOnnxTensor;

#define DEEPSAD_ONNX_LIST 4

/* An attribute of a node: an integer, or (count > 0) a list of some. */
typedef struct DeepsadOnnxAttribute
{
	const char *name;
	int			count;
	int64		value[DEEPSAD_ONNX_LIST];
} DeepsadOnnxAttribute;

/* A model in the making. */
typedef struct DeepsadOnnx
{
	StringInfoData graph;		/* fields of GraphProto, without the tensors */
	StringInfoData metadata;	/* metadata_props of ModelProto */
	DeepsadOnnxTensor *tensor;
	int			tensors;
	int			room;
} DeepsadOnnx;

extern void deepsad_onnx_begin(DeepsadOnnx *onnx);
extern void deepsad_onnx_node(DeepsadOnnx *onnx, const char *operator, const char * inputs, const char *output,
							  const char *attribute, int64 value);
extern void deepsad_onnx_node_with(DeepsadOnnx *onnx, const char *operator, const char * inputs, const char *output,
								   const DeepsadOnnxAttribute *attribute, int attributes);
extern void deepsad_onnx_tensor(DeepsadOnnx *onnx, const char *name, DeepsadOnnxType type, const void *numbers,
								int dimensions, const int64 *shape);
extern void deepsad_onnx_input(DeepsadOnnx *onnx, const char *name, DeepsadOnnxType type, int64 columns);
extern void deepsad_onnx_output(DeepsadOnnx *onnx, const char *name, DeepsadOnnxType type, int64 columns);
extern void deepsad_onnx_metadata(DeepsadOnnx *onnx, const char *key, const char *value);
extern bytea *deepsad_onnx_end(DeepsadOnnx *onnx, const char *name, int opset);

#endif
