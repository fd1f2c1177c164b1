/*
 * svg.c
 *	  Plots as inline SVG (SVG 2, W3C Candidate Recommendation 2018): paths and text, no script.
 *	  Colors are classes, so that the page's style sheet turns them light or dark.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "report/svg.h"

/* A plot's size and the place of its frame; its width is about a phone's, so that its text stays as large there. */
#define WIDTH 400
#define HEIGHT 260
#define LEFT 46
#define RIGHT 384
#define TOP 10
#define BOTTOM 220

#define MAX_TICKS 12
#define NEAR 0.5				/* points nearer than this are one */

#define STRIP_WIDTH 120
#define STRIP_HEIGHT 22

/* Where a value lies on an axis, from 0 to 1 within its range; never far outside. */
static double
place(const DeepsadAxis *axis, double value)
{
	double		low = axis->log ? log(axis->low) : axis->low;
	double		high = axis->log ? log(axis->high) : axis->high;
	double		at = ((axis->log ? log(Max(value, axis->low)) : value) - low) / (high - low);

	return isfinite(at) ? Max(Min(at, 1.02), -0.02) : 0;
}

/* Where a value lies in the picture, from left to right. */
static double
place_x(const DeepsadPlot *plot, double value)
{
	return LEFT + (RIGHT - LEFT) * place(&plot->x, value);
}

/* The same from top to bottom. */
static double
place_y(const DeepsadPlot *plot, double value)
{
	return BOTTOM - (BOTTOM - TOP) * place(&plot->y, value);
}

/* Round numbers within a linear axis; how many. */
static int
linear_ticks(const DeepsadAxis *axis, double *tick)
{
	double		raw = (axis->high - axis->low) / 5;
	double		power = pow(10, floor(log10(raw)));
	double		step = power * (raw / power <= 1 ? 1 : raw / power <= 2 ? 2 :
												   raw / power <= 5	   ? 5 :
																		  10);
	int			count = 0;

	if (!(step > 0) || !isfinite(step))
		return 0;
	for (double i = ceil(axis->low / step - 1e-9); i * step <= axis->high + step * 1e-9 && count < MAX_TICKS; i += 1)
		tick[count++] = i * step;
	return count;
}

/* Powers of ten within a logarithmic axis, with their doubles and fives when they are few; how many. */
static int
log_ticks(const DeepsadAxis *axis, double *tick)
{
	double		decades = log10(axis->high / axis->low);
	int			skip = (int) ceil(decades / 8);
	int			count = 0;

	if (!isfinite(decades) || decades <= 0)
		return 0;
	for (double e = floor(log10(axis->low)); e <= ceil(log10(axis->high)) && count < MAX_TICKS - 2; e += 1)
		for (int part = 0; part < 3; part++)
		{
			double		value = (part == 0 ? 1 : part == 1 ? 2 :
															 5) *
								pow(10, e);

			if (value < axis->low * 0.999 || value > axis->high * 1.001)
				continue;
			if (part == 0 ? fmod(fabs(e), Max(skip, 1)) == 0 : decades < 2.2 && count < MAX_TICKS)
				tick[count++] = value;
		}
	return count;
}

/* A number at an axis. */
static void
put_tick(StringInfo page, const DeepsadAxis *axis, double value)
{
	if (axis->percent)
		appendStringInfo(page, "%.3g%%", value * 100);
	else
		appendStringInfo(page, "%.3g", value);
}

/* Lines and numbers of both axes. */
static void
draw_axes(const DeepsadPlot *plot)
{
	double		tick[MAX_TICKS];
	int			count = plot->y.log ? log_ticks(&plot->y, tick) : linear_ticks(&plot->y, tick);

	for (int i = 0; i < count; i++)
	{
		double		y = place_y(plot, tick[i]);

		deepsad_html(plot->page, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"end\" x=\"%d\" "
								 "y=\"%.1f\">",
					 LEFT, y, RIGHT,
					 LEFT - 5, y + 4);
		put_tick(plot->page, &plot->y, tick[i]);
		deepsad_html(plot->page, "</text>");
	}
	count = plot->x.log ? log_ticks(&plot->x, tick) : linear_ticks(&plot->x, tick);
	for (int i = 0; i < count; i++)
	{
		double		x = place_x(plot, tick[i]);

		deepsad_html(plot->page, "<path class=\"axis\" d=\"M%.1f %dv4\"/><text class=\"middle\" x=\"%.1f\" "
								 "y=\"%d\">",
					 x, BOTTOM, x,
					 BOTTOM + 17);
		put_tick(plot->page, &plot->x, tick[i]);
		deepsad_html(plot->page, "</text>");
	}
	deepsad_html(plot->page, "<path class=\"axis\" d=\"M%d %dH%d\"/>", LEFT, BOTTOM, RIGHT);
	deepsad_html(plot->page, "<text class=\"middle name\" x=\"%d\" y=\"%d\">%s</text>", (LEFT + RIGHT) / 2,
				 HEIGHT - 6, plot->x.title);
	deepsad_html(plot->page, "<text class=\"middle name\" transform=\"translate(11 %d) "
							 "rotate(-90)\">%s</text>",
				 (TOP + BOTTOM) / 2,
				 plot->y.title);
}

/* An axis must have a length. */
static void
widen(DeepsadAxis *axis)
{
	if (!isfinite(axis->low) || (axis->log && !(axis->low > 0)))
		axis->low = axis->log ? 1 : 0;
	if (!isfinite(axis->high) || !(axis->high > axis->low))
		axis->high = axis->log ? axis->low * 2 : axis->low + 1;
}

/* Begins a plot whose axes are set; title is what a reader who cannot see it hears. */
void
deepsad_plot_begin(DeepsadPlot *plot, StringInfo page, const char *title)
{
	plot->page = page;
	widen(&plot->x);
	widen(&plot->y);
	deepsad_html(page, "<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>%s</title>", WIDTH, HEIGHT, title);
	draw_axes(plot);
}

/* Ends a plot. */
void
deepsad_plot_end(const DeepsadPlot *plot)
{
	deepsad_html(plot->page, "</svg>\n");
}

/* A line through points; class must be a word of ours, title is shown by the pointer. */
void
deepsad_plot_line(const DeepsadPlot *plot, const char *class, const char *title, const double *x, const double *y,
				  int count)
{
	double		last_x = -1000;
	double		last_y = -1000;

	if (count < 1)
		return;
	deepsad_html(plot->page, "<path class=\"%s\" d=\"", class);
	for (int i = 0; i < count; i++)
	{
		double		at_x = place_x(plot, x[i]);
		double		at_y = place_y(plot, y[i]);

		if (i > 0 && i + 1 < count && fabs(at_x - last_x) < NEAR && fabs(at_y - last_y) < NEAR)
			continue;
		deepsad_html(plot->page, i == 0 ? "M%.1f %.1f" : "L%.1f %.1f", at_x, at_y);
		last_x = at_x;
		last_y = at_y;
	}
	/* a single point is seen by its round end */
	if (count == 1)
		deepsad_html(plot->page, "h0.1");
	deepsad_html(plot->page, title ? "\"><title>%s</title></path>" : "\"/>", title);
}

/* The outline of a histogram: height[i] between edge[i] and edge[i + 1]. */
void
deepsad_plot_steps(const DeepsadPlot *plot, const char *class, const double *edge, const double *height, int count)
{
	deepsad_html(plot->page, "<path class=\"area %s\" d=\"M%.1f %d", class, place_x(plot, edge[0]), BOTTOM);
	for (int i = 0; i < count; i++)
		deepsad_html(plot->page, "V%.1fH%.1f", place_y(plot, height[i]), place_x(plot, edge[i + 1]));
	deepsad_html(plot->page, "V%dz\"/>", BOTTOM);
}

/* The area between two lines that go up together. */
void
deepsad_plot_band(const DeepsadPlot *plot, const double *low_x, const double *low_y, const double *high_x,
				  const double *high_y, int count)
{
	if (count < 1)
		return;
	deepsad_html(plot->page, "<path class=\"band\" d=\"");
	for (int i = 0; i < count; i++)
		deepsad_html(plot->page, i == 0 ? "M%.1f %.1f" : "L%.1f %.1f", place_x(plot, low_x[i]),
					 place_y(plot, low_y[i]));
	for (int i = count - 1; i >= 0; i--)
		deepsad_html(plot->page, "L%.1f %.1f", place_x(plot, high_x[i]), place_y(plot, high_y[i]));
	deepsad_html(plot->page, "z\"/>");
}

/* A vertical line with a label, on the side where there is room. */
void
deepsad_plot_mark(const DeepsadPlot *plot, double x, const char *label)
{
	double		at = place_x(plot, x);
	bool		left = at > (LEFT + RIGHT) / 2;

	if (!isfinite(x) || at > RIGHT + 1 || at < LEFT - 1)
		return;
	deepsad_html(plot->page, "<path class=\"mark\" d=\"M%.1f %dV%d\"/>", at, TOP, BOTTOM);
	deepsad_html(plot->page, left ? "<text class=\"end\" x=\"%.1f\" y=\"%d\">%s</text>" : "<text x=\"%.1f\" "
																						  "y=\"%d\">%s</text>",
				 left ? at - 4 : at + 4, TOP + 10, label);
}

/* Shares as small bars, and others beside them. */
void
deepsad_svg_bars(StringInfo page, const double *share, const double *other, int count)
{
	double		most = 0;
	double		step = (double) STRIP_WIDTH / Max(count, 1);

	for (int i = 0; i < count; i++)
		most = fmax(most, fmax(share[i], other[i]));
	if (!(most > 0) || !isfinite(most))
		return;
	deepsad_html(page, "<svg class=\"strip\" viewBox=\"0 0 %d %d\" aria-hidden=\"true\">", STRIP_WIDTH, STRIP_HEIGHT);
	for (int pass = 0; pass < 2; pass++)
	{
		deepsad_html(page, pass ? "<path class=\"now\" d=\"" : "<path class=\"then\" d=\"");
		for (int i = 0; i < count; i++)
		{
			double		height = (pass ? other : share)[i] / most * STRIP_HEIGHT;

			if (height >= 0.05)
				deepsad_html(page, "M%.1f %dv-%.1fh%.1fv%.1fz", step * (i + pass * 0.45), STRIP_HEIGHT, height,
							 step * 0.45, height);
		}
		deepsad_html(page, "\"/>");
	}
	deepsad_html(page, "</svg>");
}

/*
 * What lies between the first and the last of ascending edges: share[i] between edge[i] and edge[i + 1], as
 * density where they lie apart, as a line where they are one value.
 */
void
deepsad_svg_density(StringInfo page, const double *edge, const double *share, int edges)
{
	double		low = edge[0];
	double		range = edge[edges - 1] - low;
	double		least = range / STRIP_WIDTH / 2;	/* of a cell that is more than one value */
	double		most = 0;

	if (!(range > 0) || !isfinite(range))
		return;
	for (int i = 0; i + 1 < edges; i++)
		if (edge[i + 1] - edge[i] > least)
			most = fmax(most, share[i] / (edge[i + 1] - edge[i]));
	deepsad_html(page, "<svg class=\"strip\" viewBox=\"-1 0 %d %d\" aria-hidden=\"true\"><path class=\"then\" "
					   "d=\"",
				 STRIP_WIDTH + 2,
				 STRIP_HEIGHT);
	for (int i = 0; i + 1 < edges; i++)
	{
		double		x = (edge[i] - low) / range * STRIP_WIDTH;
		double		width = (edge[i + 1] - edge[i]) / range * STRIP_WIDTH;
		bool		one = edge[i + 1] - edge[i] <= least;
		double		height = one ? fmin(share[i], 1) : share[i] / (edge[i + 1] - edge[i]) / most;

		deepsad_html(page, "M%.1f %dv-%.1fh%.1fv%.1fz", one ? x - 1 : x, STRIP_HEIGHT, height * STRIP_HEIGHT,
					 one ? 2 : width, height * STRIP_HEIGHT);
	}
	deepsad_html(page, "\"/></svg>");
}
