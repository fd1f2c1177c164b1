/*
 * pixels.c
 *	  Pictures as inline SVG (SVG 2): the pixels of one color are one path, a stroke for each run of them.  Colors are
 *	  this file's own.
 *
 * Large pictures are shown by the means of squares of pixels, so that a page stays below a megabyte.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "miscadmin.h"

#include "report/pixels.h"
#include "rows/column_text.h"
#include "rows/picture.h"
#include "rows/value_reader.h"

#define SIDE_SHOWN 40			/* squares of a side, at most */
#define SQUARES_SHOWN (SIDE_SHOWN * SIDE_SHOWN)
#define GRAYS 32
#define TONES 6					/* of red, green and blue each */
#define HEATS 8					/* of what adds, and as many of what takes away */
#define COLORS_MOST (TONES * TONES * TONES)
#define PICTURES_SHOWN 3		/* of a row */
#define RED_GREEN_BLUE 3

/* A picture's squares, each the number of a color or -1 = missing. */
typedef struct Squares
{
	int			height;
	int			width;
	int			color[SQUARES_SHOWN];
} Squares;

/* How many pixels a square's side has. */
static uint32
square_side(const DsadShape *shape)
{
	return (Max(shape->height, shape->width) + SIDE_SHOWN - 1) / SIDE_SHOWN;
}

/* The mean of a channel's pixels in a square, of those that are there; NaN when none is. */
static double
square_mean(const DsadShape *shape, const double *channel, int row, int column)
{
	uint32		side = square_side(shape);
	double		sum = 0;
	int			count = 0;

	for (uint32 r = row * side; r < Min((row + 1) * side, shape->height); r++)
		for (uint32 c = column * side; c < Min((column + 1) * side, shape->width); c++)
		{
			double		pixel = channel[(size_t) r * shape->width + c];

			/* bounded: the sum of huge ones must not be infinite */
			if (!isnan(pixel))
			{
				sum += Max(Min(pixel, 1e300), -1e300);
				count++;
			}
		}
	return count > 0 ? sum / count : (double) NAN;
}

/* A row's squares of all channels: mean (channels, height, width). */
static double *
square_means(const DsadShape *shape, const double *pixel, Squares *squares)
{
	uint32		side = square_side(shape);
	double	   *mean;
	double	   *at;

	squares->height = (int) ((shape->height + side - 1) / side);
	squares->width = (int) ((shape->width + side - 1) / side);
	at = mean = palloc((Size) shape->channels * squares->height * squares->width * sizeof(double));
	for (uint32 c = 0; c < shape->channels; c++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int row = 0; row < squares->height; row++)
			for (int column = 0; column < squares->width; column++)
				*at++ = square_mean(shape, pixel + (size_t) c * shape->height * shape->width, row, column);
	}
	return mean;
}

/* Draws the squares: color i is drawn with attribute[i]. */
static void
draw(StringInfo page, const char *title, const Squares *squares, const char *const *attribute, int colors)
{
	deepsad_html(page, "<svg class=\"pixels\" viewBox=\"0 0 %d %d\" role=\"img\"><title>%s</title>", 2 * squares->width,
				 2 * squares->height, title);
	for (int color = 0; color < colors; color++)
	{
		bool		any = false;

		CHECK_FOR_INTERRUPTS();
		for (int y = 0; y < squares->height; y++)
			for (int x = 0, run; x < squares->width; x += run)
			{
				const int  *at = squares->color + y * squares->width + x;

				for (run = 1; x + run < squares->width && at[run] == *at;)
					run++;
				if (*at != color)
					continue;
				if (!any)
					appendStringInfo(page, "<path %s d=\"", attribute[color]);
				any = true;
				appendStringInfo(page, "M%d %dh%d", 2 * x, 2 * y + 1, 2 * run);
			}
		if (any)
			appendStringInfoString(page, "\"/>");
	}
	appendStringInfoString(page, "</svg>");
}

/* Where a value lies from low to high, as one of so many steps. */
static int
step_of(double value, double low, double high, int steps)
{
	double		place = high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 0.5;

	return (int) Max(Min(place * steps, steps - 1), 0);
}

/* The least and greatest of numbers that are there; false when there are none. */
static bool
find_range(const double *number, int count, double *low, double *high)
{
	*low = INFINITY;
	*high = -INFINITY;
	for (int i = 0; i < count; i++)
		if (!isnan(number[i]))
		{
			*low = Min(*low, number[i]);
			*high = Max(*high, number[i]);
		}
	return *low <= *high;
}

/* A picture in its colors if it has three channels, else in grays by the mean of its channels. */
static void
draw_picture(StringInfo page, const char *title, const DsadShape *shape, const double *pixel)
{
	bool		colored = shape->channels == RED_GREEN_BLUE;
	Squares    *squares = palloc(sizeof(Squares));
	double	   *mean = square_means(shape, pixel, squares);
	int			count = squares->height * squares->width;
	int			colors = colored ? COLORS_MOST : GRAYS;
	const char *attribute[COLORS_MOST];
	double		low;
	double		high;

	for (int i = 0; i < count && !colored; i++)
	{
		double		sum = 0;

		for (uint32 c = 0; c < shape->channels; c++)
			sum += mean[(size_t) c * count + i] / shape->channels;
		mean[i] = sum;
	}
	find_range(mean, colored ? RED_GREEN_BLUE * count : count, &low, &high);
	for (int i = 0; i < count; i++)
	{
		squares->color[i] = 0;
		for (int c = 0; c < (colored ? RED_GREEN_BLUE : 1); c++)
			if (isnan(mean[c * count + i]) || squares->color[i] < 0)
				squares->color[i] = -1;
			else
				squares->color[i] = squares->color[i] * TONES +
									step_of(mean[c * count + i], low, high, colored ? TONES : GRAYS);
	}
	for (int i = 0; i < colors; i++)
	{
		int			red = colored ? i / (TONES * TONES) * 255 / (TONES - 1) : i * 255 / (GRAYS - 1);
		int			green = colored ? i / TONES % TONES * 255 / (TONES - 1) : red;
		int			blue = colored ? i % TONES * 255 / (TONES - 1) : red;

		attribute[i] = psprintf("stroke=\"#%02x%02x%02x\"", red, green, blue);
	}
	deepsad_html(page, "<figure>");
	draw(page, title, squares, attribute, colors);
	if (low <= high)
		deepsad_html(page, "<figcaption>%s, from %g (%s) to %g (%s)</figcaption></figure>\n", title, low,
					 colored ? "dark" : "black", high, colored ? "bright" : "white");
	else
		deepsad_html(page, "<figcaption>%s: every pixel is missing</figcaption></figure>\n", title);
	pfree(mean);
	pfree(squares);
}

/* What pixels, of all channels together, add to a score (red) and take from it (blue). */
static void
draw_heat(StringInfo page, const char *title, const DsadShape *shape, const double *part)
{
	Squares    *squares = palloc(sizeof(Squares));
	double	   *mean = square_means(shape, part, squares);
	int			count = squares->height * squares->width;
	const char *attribute[2 * HEATS];
	double		most = 0;

	for (int i = 0; i < count; i++)
	{
		for (uint32 c = 1; c < shape->channels; c++)
			mean[i] += mean[(size_t) c * count + i];
		if (isfinite(mean[i]))
			most = Max(most, fabs(mean[i]));
	}
	for (int i = 0; i < count; i++)
	{
		int			heat = most > 0 ? (int) Min(fabs(mean[i]) / most * HEATS + 0.5, HEATS) : 0;

		squares->color[i] = !isfinite(mean[i]) || heat == 0 ? -1 : heat - 1 + (mean[i] < 0 ? HEATS : 0);
	}
	for (int i = 0; i < 2 * HEATS; i++)
		attribute[i] = psprintf("class=\"%s\" opacity=\"%.3f\"", i < HEATS ? "red" : "blue",
								(i % HEATS + 1) / (double) HEATS);
	deepsad_html(page, "<figure>");
	draw(page, title, squares, attribute, 2 * HEATS);
	deepsad_html(page, "<figcaption>%s: <span class=\"key red\"></span>adds, <span class=\"key blue\"></span>takes "
					   "away, at most %g a pixel</figcaption></figure>\n",
				 title, most);
	pfree(mean);
	pfree(squares);
}

/* Calls for each of the first pictures of a row. */
static void
put_pictures(StringInfo page, const DsadEncoder *encoder, const DsadRows *row, const double *part, const char *what)
{
	int			shown = 0;

	for (uint32 c = 0; c < encoder->columns && shown < PICTURES_SHOWN; c++)
	{
		const DsadColumn *column = &encoder->column[c];
		double	   *pixel;
		char	   *name;

		if (column->shape.channels == 0)
			continue;
		name = column->name.length > 0 ? psprintf("%s: %s", deepsad_clip(deepsad_utf8_text(&column->name), 40), what) :
										 pstrdup(what);
		pixel = palloc(column->cells * sizeof(double));
		for (uint32 i = 0; i < column->cells; i++)
			pixel[i] = dsad_row_number(row, column->first_feature + i);
		if (shown++ == 0)
			deepsad_html(page, "<div class=\"pictures\">\n");
		draw_picture(page, name, &column->shape, pixel);
		if (part)
			draw_heat(page, "its score", &column->shape, part + column->first_feature);
		pfree(pixel);
	}
	if (shown > 0)
		deepsad_html(page, "</div>\n");
}

/* The mean of the training rows' pictures. */
void
deepsad_report_mean_pictures(StringInfo page, const DsadModel *model)
{
	DsadRows	mean = {model->scaling.fill, 1, false};

	put_pictures(page, model->encoder, &mean, NULL, "mean of the training rows");
}

/* A row's pictures, and (part not NULL) what each pixel adds to the score. */
void
deepsad_top_pictures(StringInfo page, const DsadEncoder *encoder, const DsadRows *row, const double *part)
{
	put_pictures(page, encoder, row, part, "the picture");
}
