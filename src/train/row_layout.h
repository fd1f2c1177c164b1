/*
 * row_layout.h
 *	  How the numbers of a kept row lie: as wide as their type, and those of a picture
 *	  as narrow as its pixels have allowed so far.
 */
#ifndef DEEPSAD_ROW_LAYOUT_H
#define DEEPSAD_ROW_LAYOUT_H

#include "core/dsad.h"

/* Each holds all that those before it hold. */
typedef enum DeepsadWidth
{
	DEEPSAD_WIDTH_BYTE,			/* integers from 0 to 255 */
	DEEPSAD_WIDTH_SHORT,		/* integers from -32767 to 32767, missing */
	DEEPSAD_WIDTH_SINGLE,
	DEEPSAD_WIDTH_DOUBLE
} DeepsadWidth;

/* Numbers side by side that lie alike. */
typedef struct DeepsadRowPart
{
	uint32		first;			/* feature */
	uint32		count;
	DeepsadWidth width;
	bool		picture;		/* the width grows with the numbers */
	Size		offset;			/* in the row */
} DeepsadRowPart;

typedef struct DeepsadRowLayout
{
	uint32		features;
	uint32		parts;
	DeepsadRowPart *part;		/* in the order of the features */
	Size		label;			/* where it lies */
	Size		row_bytes;
} DeepsadRowLayout;

extern void deepsad_layout_picture(DeepsadRowLayout *layout, MemoryContext context, uint32 first, uint32 count);
extern void deepsad_layout_start(DeepsadRowLayout *layout, MemoryContext context, uint32 features, bool single);
extern bool deepsad_layout_holds(const DeepsadRowLayout *layout, const DsadRows *values);
extern void deepsad_layout_widen(DeepsadRowLayout *layout, const DsadRows *values);
extern void deepsad_layout_write(const DeepsadRowLayout *layout, const DsadRows *values, int8 label, char *row);
extern void deepsad_layout_read(const DeepsadRowLayout *layout, const char *row, double *features);

/* The label of a row. */
static inline int8
deepsad_layout_label(const DeepsadRowLayout *layout, const char *row)
{
	return (int8) row[layout->label];
}

#endif
