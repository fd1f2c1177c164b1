/*
 * row_file.c
 *	  Rows of one size in a temporary file.
 */
#include "pg/pg_compat.h"

#include "utils/memutils.h"

#include "train/row_file.h"

/* A file in context that lives as long as owner, whoever makes it. */
void
deepsad_rowfile_create(DeepsadRowFile *rows, MemoryContext context, ResourceOwner owner, Size row_bytes)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	ResourceOwner current = CurrentResourceOwner;
	BufFile    *file = NULL;

	CurrentResourceOwner = owner;
	PG_TRY();
	{
		file = BufFileCreateTemp(false);
	}
	PG_FINALLY();
	{
		CurrentResourceOwner = current;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	*rows = (DeepsadRowFile) {file, row_bytes, 0};
}

/* Moves the file to a row. */
static void
seek(DeepsadRowFile *rows, uint64 row)
{
	if (rows->row != row && BufFileSeek(rows->file, 0, (off_t) (row * rows->row_bytes), SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in temporary file of training rows")));
	rows->row = row;
}

void
deepsad_rowfile_write(DeepsadRowFile *rows, uint64 row, char *data)
{
	seek(rows, row);
	deepsad_file_write(rows->file, data, rows->row_bytes);
	rows->row++;
}

void
deepsad_rowfile_read(DeepsadRowFile *rows, uint64 row, char *data)
{
	seek(rows, row);
	deepsad_file_read(rows->file, data, rows->row_bytes);
	rows->row++;
}

/* Closes the file, if there is one. */
void
deepsad_rowfile_close(DeepsadRowFile *rows)
{
	if (rows->file)
		BufFileClose(rows->file);
	rows->file = NULL;
}
