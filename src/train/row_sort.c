/*
 * row_sort.c
 *	  Rows in a file in an order that depends on their content alone: that of rows in
 *	  memory, core/train/order.c.  PostgreSQL's own sort does it, within maintenance_work_mem.
 *
 * What is sorted is a row as it lies in the file behind its hash, as a bytea whose order is that of
 * its bytes.  Rows of one hash have the same features, label and group: it does not matter which is first.
 */
#include "pg/pg_compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "core/train/order.h"
#include "train/row_sort.h"

#define HASH_BYTES 8

typedef struct Sorting
{
	Tuplesortstate *sort;
	Size		row_bytes;
} Sorting;

/* Hands all rows to the sort, by the hashes of what source makes of them. */
static void
put_rows(Sorting *sorting, const DeepsadRowStore *store, const DsadRowSource *source)
{
	double	   *features = palloc(source->features * sizeof(double));
	Size		size = 0;
	bytea	   *value = NULL;

	for (uint64 row = 0; row < source->count; row++)
	{
		const char *data;
		uint64		hash;
		int8_t		label;

		CHECK_FOR_INTERRUPTS();
		if (source->read(source->ctx, row, features, &label) != 0)
			elog(ERROR, "could not read training row");
		hash = dsad_canonical_hash(source, features, label);
		data = deepsad_rowstore_last(store, &sorting->row_bytes);
		if (value == NULL)
		{
			size = VARHDRSZ + HASH_BYTES + sorting->row_bytes;
			value = palloc(size);
			SET_VARSIZE(value, size);
		}
		for (int i = 0; i < HASH_BYTES; i++)
			((uint8 *) VARDATA(value))[i] = (uint8) (hash >> (8 * (HASH_BYTES - 1 - i)));
		memcpy(VARDATA(value) + HASH_BYTES, data, sorting->row_bytes);
		tuplesort_putdatum(sorting->sort, PointerGetDatum(value), false);
	}
	if (value)
		pfree(value);
	pfree(features);
}

/* The next row in order. */
static void
next_row(void *ctx, char *row)
{
	Sorting    *sorting = ctx;
	Datum		value;
	bool		null;

	if (!deepsad_sort_next(sorting->sort, &value, &null) || null)
		elog(ERROR, "sorted training rows are fewer than there were");
	memcpy(row, VARDATA_ANY(DatumGetPointer(value)) + HASH_BYTES, sorting->row_bytes);
	if (DEEPSAD_SORT_COPIES)
		pfree(DatumGetPointer(value));
}

/* Sorts the rows of a store that is in a file; source: what a training reads of it. */
void
deepsad_rowstore_sort(DeepsadRowStore *store, const DsadRowSource *source)
{
	Oid			before = lookup_type_cache(BYTEAOID, TYPECACHE_LT_OPR)->lt_opr;
	Sorting		sorting = {NULL, 0};

	sorting.sort = tuplesort_begin_datum(BYTEAOID, before, InvalidOid, false, maintenance_work_mem, NULL, 0);
	put_rows(&sorting, store, source);
	tuplesort_performsort(sorting.sort);
	deepsad_rowstore_reorder(store, next_row, &sorting);
	tuplesort_end(sorting.sort);
}
