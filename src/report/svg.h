/*
 * svg.h
 *	  Plots as inline SVG.
 */
#ifndef DEEPSAD_SVG_H
#define DEEPSAD_SVG_H

#include "report/html.h"

/* An axis: its range, and whether it is logarithmic. */
typedef struct DeepsadAxis
{
	const char *title;
	double		low;
	double		high;
	bool		log;
	bool		percent;		/* values are shares */
} DeepsadAxis;

/* A plot that is being drawn. */
typedef struct DeepsadPlot
{
	StringInfo	page;
	DeepsadAxis x;
	DeepsadAxis y;
} DeepsadPlot;

extern void deepsad_plot_begin(DeepsadPlot *plot, StringInfo page, const char *title);
extern void deepsad_plot_line(const DeepsadPlot *plot, const char *class, const char *title, const double *x,
							  const double *y, int count);
extern void deepsad_plot_steps(const DeepsadPlot *plot, const char *class, const double *edge, const double *height,
							   int count);
extern void deepsad_plot_band(const DeepsadPlot *plot, const double *low_x, const double *low_y, const double *high_x,
							  const double *high_y, int count);
extern void deepsad_plot_mark(const DeepsadPlot *plot, double x, const char *label);
extern void deepsad_plot_end(const DeepsadPlot *plot);

extern void deepsad_svg_bars(StringInfo page, const double *share, const double *other, int count);
extern void deepsad_svg_density(StringInfo page, const double *edge, const double *share, int edges);

#endif
