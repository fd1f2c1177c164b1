/*
 * safetensors.h
 *	  Files of named tensors.
 */
#ifndef DEEPSAD_SAFETENSORS_H
#define DEEPSAD_SAFETENSORS_H

#include "exchange/json_parts.h"

#define DEEPSAD_TENSOR_NAME 64
#define DEEPSAD_TENSOR_DIMENSIONS 4

typedef enum DeepsadElementType
{
	DEEPSAD_F64,
	DEEPSAD_F32,
	DEEPSAD_I64
} DeepsadElementType;

typedef struct DeepsadTensor
{
	char		name[DEEPSAD_TENSOR_NAME];
	DeepsadElementType type;
	int			dimensions;
	uint64		shape[DEEPSAD_TENSOR_DIMENSIONS];
	const void *data;			/* writing: numbers of this machine; reading: bytes of the file */
	bool		transposed;		/* writing: data of a matrix is (shape[1], shape[0]) */
	uint64		begin;			/* in the file's data */
	uint64		end;
	bool		used;			/* reading */
} DeepsadTensor;

typedef struct DeepsadTensors
{
	DeepsadTensor *tensor;
	int			count;
	int			room;
} DeepsadTensors;

extern DeepsadTensor *deepsad_tensor_add(DeepsadTensors *list, DeepsadElementType type, const void *data, uint64 rows,
										 uint64 columns, const char *format, ...) pg_attribute_printf(6, 7);
extern DeepsadTensor *deepsad_tensor_add_shaped(DeepsadTensors *list, DeepsadElementType type, const void *data,
												int dimensions, const uint64 *shape, const char *name);
extern bytea *deepsad_tensors_write(DeepsadTensors *list, const char *metadata);

extern JsonbContainer *deepsad_tensors_read(DeepsadTensors *list, bytea *file);
extern DeepsadTensor *deepsad_tensor_find(const DeepsadTensors *list, const char *format, ...)
	pg_attribute_printf(2, 3);
extern bool deepsad_tensor_get(const DeepsadTensor *tensor, DeepsadElementType type, void *numbers, uint64 rows,
							   uint64 columns, bool transposed);
extern void deepsad_tensor_get_shaped(const DeepsadTensor *tensor, DeepsadElementType type, void *numbers,
									  int dimensions, const uint64 *shape);

#endif
