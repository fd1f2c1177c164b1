/*
 * blockfile.h
 *	  Scaled training rows in a temporary file, block by block.
 */
#ifndef DEEPSAD_BLOCKFILE_H
#define DEEPSAD_BLOCKFILE_H

#include "core/dsad.h"

typedef struct DeepsadBlockFile DeepsadBlockFile;

extern DeepsadBlockFile *deepsad_blockfile_create(uint32 inputs, SharedFileSet *fileset);
extern DeepsadBlockFile *deepsad_blockfile_open(uint32 inputs, SharedFileSet *fileset);
extern void deepsad_blockfile_export(DeepsadBlockFile *file);
extern void deepsad_blockfile_dataset(DeepsadBlockFile *file, DsadDataset *data, uint64 count,
									  Size window_bytes);
extern void deepsad_blockfile_close(DeepsadBlockFile *file);

#endif
