/*
 * import_sizes.h
 *	  The sizes of the nets in a file of tensors.
 */
#ifndef DEEPSAD_IMPORT_SIZES_H
#define DEEPSAD_IMPORT_SIZES_H

#include "core/dsad.h"
#include "exchange/safetensors.h"

extern uint32 deepsad_import_sizes(const DeepsadTensors *tensors, DsadConfig *config);
extern uint32 deepsad_import_inputs(const DsadConfig *config, const DsadEncoder *encoder,
									const DeepsadTensors *tensors, uint32 dense);

#endif
