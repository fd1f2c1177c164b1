/*
 * blockfile.c
 *	  Scaled training rows in a temporary file, block by block: written once by the
 *	  process that scales them, read in any order by all that train.
 *
 * Block b begins at b * block_bytes with its rows' numbers, their labels follow.
 */
#include "pg/pg_compat.h"

#include "train/blockfile.h"

#define BLOCK_BYTES (32 * 1024)	/* small enough to shuffle by, large enough to read at once */
#define FILE_NAME "rows"

struct DeepsadBlockFile
{
	BufFile    *file;
	uint32		inputs;
	uint32		block_rows;
	uint64		count;			/* rows of the whole data set */
};

static DeepsadBlockFile *
create(uint32 inputs)
{
	DeepsadBlockFile *file = palloc0(sizeof(DeepsadBlockFile));

	file->inputs = inputs;
	file->block_rows = Max(1, BLOCK_BYTES / (inputs * sizeof(float) + 1));
	return file;
}

/* A new file in the current context; with a fileset, for workers to open once it is exported. */
DeepsadBlockFile *
deepsad_blockfile_create(uint32 inputs, SharedFileSet *fileset)
{
	DeepsadBlockFile *file = create(inputs);

	file->file = fileset ? deepsad_file_create(fileset, FILE_NAME) : BufFileCreateTemp(false);
	return file;
}

/* The file that another process has exported. */
DeepsadBlockFile *
deepsad_blockfile_open(uint32 inputs, SharedFileSet *fileset)
{
	DeepsadBlockFile *file = create(inputs);

	file->file = deepsad_file_open(fileset, FILE_NAME);
	return file;
}

/* Ends writing: from now on others may open it. */
void
deepsad_blockfile_export(DeepsadBlockFile *file)
{
	deepsad_file_export(file->file);
}

void
deepsad_blockfile_close(DeepsadBlockFile *file)
{
	BufFileClose(file->file);
	pfree(file);
}

static void
seek(DeepsadBlockFile *file, uint64 block)
{
	uint64		bytes = (uint64) file->block_rows * (file->inputs * sizeof(float) + 1);

	if (BufFileSeek(file->file, 0, (off_t) (block * bytes), SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in temporary file of training rows")));
}

/* DsadDataset.write_block: blocks come in order */
static int
write_block(void *ctx, uint64_t block, const float *scaled, const int8_t *label, uint32_t rows)
{
	DeepsadBlockFile *file = ctx;

	deepsad_file_write(file->file, (void *) scaled, (Size) rows * file->inputs * sizeof(float));
	deepsad_file_write(file->file, (void *) label, rows);
	return 0;
}

/* DsadDataset.read_block */
static int
read_block(void *ctx, uint64_t block, float *scaled, int8_t *label)
{
	DeepsadBlockFile *file = ctx;
	uint64		left = file->count - block * file->block_rows;
	Size		rows = Min(left, file->block_rows);

	seek(file, block);
	deepsad_file_read(file->file, scaled, rows * file->inputs * sizeof(float));
	deepsad_file_read(file->file, label, rows);
	return 0;
}

/* Makes data the file's count rows. */
void
deepsad_blockfile_dataset(DeepsadBlockFile *file, DsadDataset *data, uint64 count, Size window_bytes)
{
	file->count = count;
	data->count = count;
	data->inputs = file->inputs;
	data->scaled = NULL;
	data->label = NULL;
	data->ctx = file;
	data->block_rows = file->block_rows;
	data->write_block = write_block;
	data->read_block = read_block;
	data->window_bytes = window_bytes;
}
