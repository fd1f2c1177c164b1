/*
 * row_layout.c
 *	  The bytes of a kept row.  What a row's numbers are does not depend on how they lie:
 *	  the order of rows, and all that is learned from them, goes by the numbers.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "utils/memutils.h"

#include "train/row_layout.h"

#define MISSING_SHORT PG_INT16_MIN

static const Size width_bytes[] = {
	[DEEPSAD_WIDTH_BYTE] = sizeof(uint8),
	[DEEPSAD_WIDTH_SHORT] = sizeof(int16),
	[DEEPSAD_WIDTH_SINGLE] = sizeof(float),
	[DEEPSAD_WIDTH_DOUBLE] = sizeof(double),
};

/* Places all parts: wide ones first, so that each is aligned, then the label. */
static void
place(DeepsadRowLayout *layout)
{
	Size		at = 0;
	Size		widest = 1;

	for (int width = DEEPSAD_WIDTH_DOUBLE; width >= DEEPSAD_WIDTH_BYTE; width--)
		for (uint32 p = 0; p < layout->parts; p++)
		{
			DeepsadRowPart *part = &layout->part[p];

			if ((int) part->width != width)
				continue;
			widest = Max(widest, width_bytes[width]);
			part->offset = at;
			at += width_bytes[width] * part->count;
		}
	layout->label = at;
	layout->row_bytes = TYPEALIGN(widest, at + 1);
}

/* Adds a part behind the others; its memory is of context. */
static void
add_part(DeepsadRowLayout *layout, MemoryContext context, uint32 first, uint32 count, DeepsadWidth width, bool picture)
{
	Size		size = (layout->parts + 1) * sizeof(DeepsadRowPart);

	if (count == 0)
		return;
	layout->part = layout->part ? repalloc(layout->part, size) : MemoryContextAlloc(context, size);
	layout->part[layout->parts++] = (DeepsadRowPart) {first, count, width, picture, 0};
}

/*
 * Before the first row: these features are a picture's pixels.  Pictures are told of in the order of
 * their features.
 */
void
deepsad_layout_picture(DeepsadRowLayout *layout, MemoryContext context, uint32 first, uint32 count)
{
	add_part(layout, context, first, count, DEEPSAD_WIDTH_BYTE, true);
}

/* The first row comes, of so many features; those that are no picture's are single numbers or double ones. */
void
deepsad_layout_start(DeepsadRowLayout *layout, MemoryContext context, uint32 features, bool single)
{
	DeepsadRowLayout pictures = *layout;
	DeepsadWidth width = single ? DEEPSAD_WIDTH_SINGLE : DEEPSAD_WIDTH_DOUBLE;
	uint32		next = 0;

	*layout = (DeepsadRowLayout) {.features = features};
	for (uint32 p = 0; p < pictures.parts; p++)
	{
		const DeepsadRowPart *picture = &pictures.part[p];

		add_part(layout, context, next, picture->first - next, width, false);
		add_part(layout, context, picture->first, picture->count, picture->width, true);
		next = picture->first + picture->count;
	}
	add_part(layout, context, next, features - next, width, false);
	if (pictures.part)
		pfree(pictures.part);
	place(layout);
}

/* The narrowest width, from this one on, that holds a number exactly. */
static DeepsadWidth
width_of(double number, DeepsadWidth width)
{
	if (width == DEEPSAD_WIDTH_BYTE)
	{
		if (number >= 0 && number <= PG_UINT8_MAX && number == (double) (uint8) number && !signbit(number))
			return width;
		width = DEEPSAD_WIDTH_SHORT;
	}
	if (width == DEEPSAD_WIDTH_SHORT)
	{
		if (isnan(number) || (number > PG_INT16_MIN && number <= PG_INT16_MAX && number == (double) (int16) number &&
							  !(number == 0 && signbit(number))))
			return width;
		width = DEEPSAD_WIDTH_SINGLE;
	}
	if (width == DEEPSAD_WIDTH_SINGLE && (isnan(number) || number == (double) (float) number))
		return width;
	return DEEPSAD_WIDTH_DOUBLE;
}

/* The width that a part needs for a row's numbers, too. */
static DeepsadWidth
needed_width(const DeepsadRowPart *part, const DsadRows *values)
{
	DeepsadWidth width = part->width;

	for (uint32 i = 0; part->picture && i < part->count && width < DEEPSAD_WIDTH_DOUBLE; i++)
		width = width_of(dsad_row_number(values, part->first + i), width);
	return width;
}

/* Whether a row's numbers are exact in the layout. */
bool
deepsad_layout_holds(const DeepsadRowLayout *layout, const DsadRows *values)
{
	for (uint32 p = 0; p < layout->parts; p++)
		if (needed_width(&layout->part[p], values) != layout->part[p].width)
			return false;
	return true;
}

/* Makes pictures as wide as a row needs them. */
void
deepsad_layout_widen(DeepsadRowLayout *layout, const DsadRows *values)
{
	for (uint32 p = 0; p < layout->parts; p++)
		layout->part[p].width = needed_width(&layout->part[p], values);
	place(layout);
}

/* Writes the numbers of a part, which hold them. */
static void
write_part(const DeepsadRowPart *part, const DsadRows *values, char *row)
{
	char	   *at = row + part->offset;

	switch (part->width)
	{
		case DEEPSAD_WIDTH_BYTE:
			for (uint32 i = 0; i < part->count; i++)
				((uint8 *) at)[i] = (uint8) dsad_row_number(values, part->first + i);
			break;
		case DEEPSAD_WIDTH_SHORT:
			for (uint32 i = 0; i < part->count; i++)
			{
				double		number = dsad_row_number(values, part->first + i);

				((int16 *) at)[i] = isnan(number) ? MISSING_SHORT : (int16) number;
			}
			break;
		case DEEPSAD_WIDTH_SINGLE:
			for (uint32 i = 0; i < part->count; i++)
				((float *) at)[i] = (float) dsad_row_number(values, part->first + i);
			break;
		case DEEPSAD_WIDTH_DOUBLE:
			if (!values->single)
				memcpy(at, (const double *) values->values + part->first, part->count * sizeof(double));
			else
				for (uint32 i = 0; i < part->count; i++)
					((double *) at)[i] = dsad_row_number(values, part->first + i);
			break;
	}
}

/* Writes a row that the layout holds. */
void
deepsad_layout_write(const DeepsadRowLayout *layout, const DsadRows *values, int8 label, char *row)
{
	for (uint32 p = 0; p < layout->parts; p++)
		write_part(&layout->part[p], values, row);
	row[layout->label] = (char) label;
	memset(row + layout->label + 1, 0, layout->row_bytes - layout->label - 1);
}

/* Reads the numbers of a part. */
static void
read_part(const DeepsadRowPart *part, const char *row, double *features)
{
	const char *at = row + part->offset;
	double	   *number = features + part->first;

	switch (part->width)
	{
		case DEEPSAD_WIDTH_BYTE:
			for (uint32 i = 0; i < part->count; i++)
				number[i] = ((const uint8 *) at)[i];
			break;
		case DEEPSAD_WIDTH_SHORT:
			for (uint32 i = 0; i < part->count; i++)
				number[i] = ((const int16 *) at)[i] == MISSING_SHORT ? NAN : ((const int16 *) at)[i];
			break;
		case DEEPSAD_WIDTH_SINGLE:
			for (uint32 i = 0; i < part->count; i++)
				number[i] = ((const float *) at)[i];
			break;
		case DEEPSAD_WIDTH_DOUBLE:
			memcpy(number, at, part->count * sizeof(double));
			break;
	}
}

/* A row's features. */
void
deepsad_layout_read(const DeepsadRowLayout *layout, const char *row, double *features)
{
	for (uint32 p = 0; p < layout->parts; p++)
		read_part(&layout->part[p], row, features);
}
