/*
 * row_sort.h
 *	  Rows in a file in an order that depends on their content alone.
 */
#ifndef DEEPSAD_ROW_SORT_H
#define DEEPSAD_ROW_SORT_H

#include "train/rowstore.h"

extern void deepsad_rowstore_sort(DeepsadRowStore *store, const DsadRowSource *source);

#endif
