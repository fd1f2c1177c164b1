/*
 * row_file.h
 *	  Rows of one size in a temporary file, by their numbers.
 */
#ifndef DEEPSAD_ROW_FILE_H
#define DEEPSAD_ROW_FILE_H

#include "storage/buffile.h"
#include "utils/resowner.h"

typedef struct DeepsadRowFile
{
	BufFile    *file;			/* NULL: there is none */
	Size		row_bytes;
	uint64		row;			/* where the file stands */
} DeepsadRowFile;

extern void deepsad_rowfile_create(DeepsadRowFile *rows, MemoryContext context, ResourceOwner owner, Size row_bytes);
extern void deepsad_rowfile_write(DeepsadRowFile *rows, uint64 row, char *data);
extern void deepsad_rowfile_read(DeepsadRowFile *rows, uint64 row, char *data);
extern void deepsad_rowfile_close(DeepsadRowFile *rows);

#endif
