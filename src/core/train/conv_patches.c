/*
 * conv_patches.c
 *	  Pictures' maps as the matrices of products: patches, the maps of a decoder made larger and back, and
 *	  weights turned for the way back.
 */
#include "core/train/conv_patches.h"

#include <string.h>

/* Zeroes one column of a map, if it has that many. */
static inline void
clear_column(float *to, long pixels, int width, int column)
{
	if (column >= 0 && column < width)
		for (long i = column; i < pixels; i += width)
			to[i] = 0;
}

/* to (height, width) = from, moved by so many rows and columns, two at most; zero where there is none. */
static void
move_map(const float *from, int height, int width, int rows, int columns, float *to)
{
	long		pixels = (long) height * width;
	long		shift = (long) rows * width + columns;
	long		first = shift < 0 ? -shift : 0;
	long		end = shift > 0 ? pixels - shift : pixels;

	if (first >= end)
	{
		memset(to, 0, (size_t) pixels * sizeof(float));
		return;
	}
	for (long i = 0; i < first; i++)
		to[i] = 0;
	memcpy(to + first, from + first + shift, (size_t) (end - first) * sizeof(float));
	for (long i = end; i < pixels; i++)
		to[i] = 0;
	/* what came from the end of another row */
	if (columns < 0)
		clear_column(to, pixels, width, 0);
	if (columns < -1)
		clear_column(to, pixels, width, 1);
	if (columns > 0)
		clear_column(to, pixels, width, width - 1);
	if (columns > 1)
		clear_column(to, pixels, width, width - 2);
}

/*
 * patches (channels * 25, ld): for each pixel of pictures start .. start + count - 1 the 5 x 5 square around it, a row
 * for each of its places; zero beyond the last picture.
 */
void
dsad_patches(const DsadMaps *maps, size_t start, size_t count, uint32_t channels, uint32_t height, uint32_t width,
			 float *patches, size_t ld)
{
	size_t		pixels = (size_t) height * width;

	for (uint32_t c = 0; c < channels; c++)
		for (int tap = 0; tap < DSAD_CONV_TAPS; tap++, patches += ld)
		{
			for (size_t i = 0; i < count; i++)
				move_map(dsad_map(maps, start + i, c), (int) height, (int) width, tap / DSAD_CONV_SIDE - DSAD_CONV_PAD,
						 tap % DSAD_CONV_SIDE - DSAD_CONV_PAD, patches + i * pixels);
			memset(patches + count * pixels, 0, (ld - count * pixels) * sizeof(float));
		}
}

/* One map (height / 2, width / 2) as one of height x width: every pixel twice each way, the last once more when odd. */
static void
raise_map(const float *from, uint32_t height, uint32_t width, float *to)
{
	uint32_t	columns = width / 2;

	for (uint32_t r = 0; r < height; r++, to += width)
	{
		const float *row = from + (size_t) (r / 2 < height / 2 ? r / 2 : height / 2 - 1) * columns;

		if (r % 2 == 1 || r / 2 == height / 2)
		{
			memcpy(to, to - width, width * sizeof(float));
			continue;
		}
		for (uint32_t c = 0; c < columns; c++)
			to[2 * c] = to[2 * c + 1] = row[c];
		if (width % 2 != 0)
			to[width - 1] = row[columns - 1];
	}
}

/* Pictures start .. start + count - 1, raised to height x width, as pictures 0 .. count - 1 of raised. */
void
dsad_raise(const DsadMaps *maps, size_t start, size_t count, uint32_t channels, uint32_t height, uint32_t width,
		   const DsadMaps *raised)
{
	for (size_t i = 0; i < count; i++)
		for (uint32_t c = 0; c < channels; c++)
			raise_map(dsad_map(maps, start + i, c), height, width, dsad_map(raised, i, c));
}

/* Backward through raising: lowered (height / 2, width / 2) are the sums of the pixels that each became. */
void
dsad_lower(const float *map, uint32_t height, uint32_t width, float *lowered)
{
	uint32_t	rows = height / 2;
	uint32_t	columns = width / 2;

	for (uint32_t r = 0; r < rows; r++, lowered += columns)
	{
		uint32_t	end = r + 1 == rows ? height : 2 * r + 2;

		for (uint32_t c = 0; c < columns; c++)
			lowered[c] = 0;
		for (uint32_t i = 2 * r; i < end; i++)
		{
			const float *row = map + (size_t) i * width;

			for (uint32_t c = 0; c < columns; c++)
				lowered[c] += row[2 * c] + row[2 * c + 1];
			if (width % 2 != 0)
				lowered[columns - 1] += row[width - 1];
		}
	}
}

/* flipped (in, out, 5, 5): the weights (out, in, 5, 5) that take a gradient from outputs to inputs. */
void
dsad_flip(const float *weight, const DsadConv *conv, float *flipped)
{
	for (size_t i = 0; i < conv->in; i++)
		for (size_t o = 0; o < conv->out; o++)
			for (size_t tap = 0; tap < DSAD_CONV_TAPS; tap++)
				flipped[(i * conv->out + o) * DSAD_CONV_TAPS + tap] =
					weight[(o * conv->in + i) * DSAD_CONV_TAPS + DSAD_CONV_TAPS - 1 - tap];
}
