/*
 * column_sample.c
 *	  A sample of training rows that depends on their content alone: those whose content
 *	  has the smallest hashes, in the order of the hashes.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "miscadmin.h"

#include "train/column_sample.h"
#include "core/columns/column_moves.h"

/* A row that was kept, by its content. */
typedef struct HashedRow
{
	uint64		hash;
	uint64		row;
} HashedRow;

/* A cell without the order in which the values of its category (dictionary NULL: it has none) came. */
static uint64
hash_cell(double value, const DeepsadDictionary *dictionary)
{
	if (isnan(value))
		return 0;
	if (dictionary == NULL)
		return dsad_number_bits(value);
	return deepsad_dictionary_full(dictionary) ? 0 : deepsad_dictionary_hash(dictionary, (uint32) value);
}

/* A hash of a row's cells and label. */
static uint64
hash_row(const DsadEncoder *draft, const DeepsadDictionary *const *dictionary, const double *cells, int8 label)
{
	uint64		h = (uint64) (label + 2);

	for (uint32 c = 0; c < draft->columns; c++)
		for (uint32 i = 0; i < draft->column[c].cells; i++)
			h = dsad_hash_step(h, hash_cell(cells[draft->column[c].first_cell + i], dictionary[c]));
	return dsad_hash_end(h);
}

/* Moves the last of count rows up its heap, whose first has the largest hash; or the first down. */
static void
sift(HashedRow *heap, uint32 count, bool up)
{
	uint32		at = up ? count - 1 : 0;
	HashedRow	moved = heap[at];

	if (up)
		for (; at > 0 && heap[(at - 1) / 2].hash < moved.hash; at = (at - 1) / 2)
			heap[at] = heap[(at - 1) / 2];
	else
		for (uint32 child; (child = 2 * at + 1) < count; at = child)
		{
			if (child + 1 < count && heap[child + 1].hash > heap[child].hash)
				child++;
			if (heap[child].hash <= moved.hash)
				break;
			heap[at] = heap[child];
		}
	heap[at] = moved;
}

static int
compare_hashes(const void *a, const void *b)
{
	const HashedRow *x = a;
	const HashedRow *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* The rows with the smallest hashes, in their order; scratch: draft->cells numbers. */
static HashedRow *
choose(const DsadEncoder *draft, const DeepsadDictionary *const *dictionary, const DsadRowSource *rows, double *scratch,
	   uint32 *count)
{
	HashedRow  *heap = palloc(DSAD_MOVE_ROWS * sizeof(HashedRow));
	int8_t		label;

	*count = 0;
	for (uint64 row = 0; row < rows->count; row++)
	{
		HashedRow	hashed;

		if (row % 64 == 0)
			CHECK_FOR_INTERRUPTS();
		rows->read(rows->ctx, row, scratch, &label);
		hashed = (HashedRow) {hash_row(draft, dictionary, scratch, label), row};
		if (*count < DSAD_MOVE_ROWS)
		{
			heap[(*count)++] = hashed;
			sift(heap, *count, true);
		}
		else if (hashed.hash < heap[0].hash)
		{
			heap[0] = hashed;
			sift(heap, *count, false);
		}
	}
	qsort(heap, *count, sizeof(HashedRow), compare_hashes);
	return heap;
}

/*
 * Each column's first cell (count, draft->columns) in a sample of `rows`, which hold cells of the
 * draft.  A category's cell is a number that stands for its value, and *digits (count, draft columns) the number
 * that the value holds; dictionary: by column, NULL = it is no category.  In the current context.
 */
double *
deepsad_column_sample(const DsadEncoder *draft, const DeepsadDictionary *const *dictionary, const DsadRowSource *rows,
					  uint32 *count, double **digits)
{
	double	   *row = palloc(draft->cells * sizeof(double));
	HashedRow  *chosen = choose(draft, dictionary, rows, row, count);
	double	   *cells = palloc(Max(*count, 1) * (Size) draft->columns * sizeof(double));
	int8_t		label;

	*digits = palloc(Max(*count, 1) * (Size) draft->columns * sizeof(double));
	for (uint32 i = 0; i < *count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		rows->read(rows->ctx, chosen[i].row, row, &label);
		for (uint32 c = 0; c < draft->columns; c++)
		{
			double		value = row[draft->column[c].first_cell];
			bool		category = dictionary[c] && !isnan(value) && !deepsad_dictionary_full(dictionary[c]);

			(*digits)[(Size) i * draft->columns + c] =
				category ? deepsad_dictionary_digits(dictionary[c], (uint32) value) : NAN;
			/* so many bits of the hash are a double's, too */
			if (category)
				value = (double) (hash_cell(value, dictionary[c]) >> 11);
			cells[(Size) i * draft->columns + c] = value;
		}
	}
	pfree(chosen);
	pfree(row);
	return cells;
}
