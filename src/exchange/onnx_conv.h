/*
 * onnx_conv.h
 *	  The convolutions of an ONNX graph.
 */
#ifndef DEEPSAD_ONNX_CONV_H
#define DEEPSAD_ONNX_CONV_H

#include "core/dsad.h"
#include "exchange/onnx_wire.h"

extern void deepsad_onnx_convs(DeepsadOnnx *onnx, const DsadModel *model);
extern void deepsad_onnx_input_center(DeepsadOnnx *onnx, const DsadModel *model);

#endif
