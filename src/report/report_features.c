/*
 * report_features.c
 *	  The parts of a report about columns: what each became, what its training rows were like, what was left out.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "core/model/sketch.h"
#include "report/page.h"
#include "report/pixels.h"
#include "report/report_model.h"
#include "report/svg.h"
#include "rows/column_text.h"
#include "rows/value_reader.h"

#define CATEGORIES_SHOWN 6
#define CATEGORY_BYTES 40

/* The cells of a number: counts and edges. */
typedef struct Cells
{
	const double *edge;
	const uint32 *count;		/* NULL = the model has no sketch */
	uint32		edges;
	double		rows;
} Cells;

/* The cells of a number of the summary. */
static Cells
summary_cells(const DsadModel *model, uint32 number)
{
	const DsadSketch *sketch = &model->sketch;

	if (sketch->rows == 0)
		return (Cells) {NULL, NULL, 0, 0};
	return (Cells) {
		.edge = sketch->edge + (size_t) number * DSAD_SKETCH_EDGES,
		.count = sketch->count + (size_t) number * DSAD_SKETCH_CELLS,
		.edges = sketch->edges[number],
		.rows = sketch->rows};
}

/* The cells of a feature; of a pixel those of its picture's mean. */
static Cells
cells_of(const DsadModel *model, uint32 feature)
{
	return summary_cells(model, dsad_summary_of(model->encoder, feature));
}

/* The share of training rows whose flag is set; by the sketch, else by the mean. */
static double
flag_share(const DsadModel *model, uint32 feature)
{
	Cells		cells = cells_of(model, feature);

	if (cells.count == NULL)
		return model->scaling.fill[feature];
	return cells.count[dsad_sketch_cell(cells.edge, cells.edges, 1)] / cells.rows;
}

/* The range in which most of a number's training rows lie, as text and drawn; mean NaN: it is not known. */
static void
put_range(StringInfo page, Cells cells, double mean)
{
	double		share[DSAD_SKETCH_EDGES];
	double		first;
	double		last;

	if (cells.count == NULL || cells.edges == 0)
	{
		deepsad_html(page, "mean %g", mean);
		return;
	}
	/* a value that is often met has an edge just below it and one at it */
	first = cells.edges > 1 && nextafter(cells.edge[0], INFINITY) == cells.edge[1] ? cells.edge[1] : cells.edge[0];
	last = cells.edge[cells.edges - 1];
	if (first == last)
	{
		double		same = cells.count[dsad_sketch_cell(cells.edge, cells.edges, last)];

		deepsad_html(page, same >= cells.rows - cells.count[0] && same > 0 ? "always %g" : "mostly %g", last);
		return;
	}
	deepsad_html(page, isnan(mean) ? "%g to %g" : "%g to %g, mean %g", first, last, mean);
	for (uint32 i = 0; i + 1 < cells.edges; i++)
		share[i] = cells.count[i + 2] / cells.rows;
	deepsad_svg_density(page, cells.edge, share, (int) cells.edges);
}

static void
put_number(StringInfo page, const DsadModel *model, uint32 feature)
{
	put_range(page, cells_of(model, feature), model->scaling.fill[feature]);
}

/* A picture's mean and contrast. */
static void
put_picture(StringInfo page, const DsadModel *model, const DsadColumn *column)
{
	uint32		number = dsad_summary_of(model->encoder, column->first_feature);
	double		mean = 0;

	for (uint32 i = 0; i < column->cells; i++)
		mean += model->scaling.fill[column->first_feature + i] / column->cells;
	deepsad_html(page, "its pixels&#39; mean: ");
	put_range(page, summary_cells(model, number), mean);
	if (model->sketch.rows == 0)
		return;
	deepsad_html(page, "<br>its contrast (their standard deviation): ");
	put_range(page, summary_cells(model, number + 1), NAN);
}

/* The most frequent categories and their shares. */
static void
put_categories(StringInfo page, const DsadModel *model, const DsadColumn *column)
{
	double		rest = flag_share(model, column->first_feature + column->categories);
	uint32		shown = Min(column->categories, CATEGORIES_SHOWN);

	for (uint32 k = 0; k < shown; k++)
		deepsad_html(page, "%s<bdi>%s</bdi> %s", k ? ", " : "",
					 deepsad_clip(deepsad_utf8_text(&column->category[k]), CATEGORY_BYTES),
					 deepsad_percent(flag_share(model, column->first_feature + k)));
	if (column->categories > shown)
		deepsad_html(page, ", and %u more", column->categories - shown);
	deepsad_html(page, "%sall others %s", column->categories > 0 ? "; " : "", deepsad_percent(rest));
}

/* What a column's training rows were like. */
static void
put_values(StringInfo page, const DsadModel *model, uint32 c)
{
	const DsadColumn *column = &model->encoder->column[c];
	char	   *expected;

	if (column->shape.channels > 0)
		put_picture(page, model, column);
	else if (column->encoding == DSAD_ENCODING_CATEGORY)
		put_categories(page, model, column);
	else if (column->encoding == DSAD_ENCODING_BOOLEAN)
		deepsad_html(page, "true %s", deepsad_percent(flag_share(model, column->first_feature)));
	else if (column->encoding == DSAD_ENCODING_NUMBER && column->cells == 1)
		put_number(page, model, column->first_feature);
	else if ((expected = deepsad_column_expected(model->encoder, c, model->scaling.fill)) != NULL)
		deepsad_html(page, "mean %s", deepsad_clip(expected, DEEPSAD_PAGE_VALUE));
}

/* The share of training rows in which the feature is missing. */
static void
put_missing(StringInfo page, const DsadModel *model, uint32 feature)
{
	Cells		cells = cells_of(model, feature);

	deepsad_cell_percent(page, cells.count != NULL ? cells.count[0] / cells.rows : (double) NAN);
}

/* The elements of an array, by number. */
static void
put_elements(StringInfo page, const DsadModel *model)
{
	uint32		shown = Min(model->scaling.features, DEEPSAD_PAGE_ROWS);

	for (uint32 i = 0; i < shown; i++)
	{
		CHECK_FOR_INTERRUPTS();
		deepsad_html(page, "<tr><th scope=\"row\">%u</th><td>number</td>", i + 1);
		put_missing(page, model, i);
		deepsad_html(page, "<td>");
		put_number(page, model, i);
		deepsad_html(page, "</td></tr>\n");
	}
}

/* The columns of rows. */
static void
put_columns(StringInfo page, const DsadModel *model)
{
	uint32		shown = Min(model->encoder->columns, DEEPSAD_PAGE_ROWS);

	for (uint32 c = 0; c < shown; c++)
	{
		const DsadColumn *column = &model->encoder->column[c];
		char	   *name = deepsad_utf8_text(&column->name);

		if (column->name.length == 0)
			name = dsad_encoder_is_array(model->encoder) ? pstrdup("picture") : psprintf("column %u", c + 1);
		CHECK_FOR_INTERRUPTS();
		deepsad_html(page, "<tr><th scope=\"row\"><bdi>%s</bdi></th><td>%s<br><span class=\"soft type\">%s</span></td>",
					 deepsad_clip(name, DEEPSAD_PAGE_NAME),
					 deepsad_clip(deepsad_encoding_text(model->encoder, c), DEEPSAD_PAGE_NAME),
					 deepsad_clip(deepsad_utf8_text(&column->type_name), DEEPSAD_PAGE_NAME));
		/* a column that another is measured from has no feature of its own */
		if (column->features == 0)
			deepsad_html(page, "<td></td>");
		else
			put_missing(page, model, column->first_feature);
		deepsad_html(page, "<td>");
		if (column->features > 0)
			put_values(page, model, c);
		deepsad_html(page, "</td></tr>\n");
	}
}

/* The features: encodings, missing shares, ranges. */
void
deepsad_report_features(StringInfo page, const DsadModel *model)
{
	bool		is_array = dsad_encoder_is_array(model->encoder) && model->encoder->column[0].shape.channels == 0;
	uint32		count = is_array ? model->scaling.features : model->encoder->columns;

	deepsad_html(page, "<h2 id=\"features\">What it looks at</h2>\n");
	if (model->sketch.rows > 0)
		deepsad_html(page, "<p class=\"soft\">By a sample of %llu training rows. Ranges hold the middle 80 %% of a "
						   "number&#39;s "
						   "values; the picture shows how they lie in it.</p>\n",
					 (unsigned long long) model->sketch.rows);
	else
		deepsad_html(page, "<p class=\"soft\">The model has no summary of its training rows.</p>\n");
	deepsad_table_begin(page, is_array ? "element" : "column", "becomes", "#missing", "values", NULL);
	if (is_array)
		put_elements(page, model);
	else
		put_columns(page, model);
	deepsad_table_end(page);
	deepsad_page_rest(page, count > DEEPSAD_PAGE_ROWS ? count - DEEPSAD_PAGE_ROWS : 0,
					  is_array ? "elements" : "columns");
	deepsad_report_mean_pictures(page, model);
}

/* What was left out, and why. */
void
deepsad_report_left_out(StringInfo page, const DsadModel *model)
{
	const DsadEncoder *encoder = model->encoder;
	uint32		shown = Min(encoder->left_out, DEEPSAD_PAGE_ROWS);

	if (dsad_encoder_is_array(encoder))
		return;
	deepsad_html(page, "<h2 id=\"left-out\">What was left out</h2>\n");
	if (shown == 0)
	{
		deepsad_html(page, "<p>Nothing: every column of the training rows is used.</p>\n");
		return;
	}
	deepsad_table_begin(page, "column", "type", "because", NULL);
	for (uint32 i = 0; i < shown; i++)
	{
		const DsadLeftOut *left = &encoder->left[i];

		CHECK_FOR_INTERRUPTS();
		deepsad_html(page, "<tr><th scope=\"row\"><bdi>%s</bdi></th><td>%s</td><td>%s</td></tr>\n",
					 deepsad_clip(deepsad_utf8_text(&left->name), DEEPSAD_PAGE_NAME),
					 deepsad_clip(deepsad_utf8_text(&left->type_name), DEEPSAD_PAGE_NAME),
					 deepsad_clip(deepsad_left_out_text((DsadLeftOutReason) left->reason, left->other),
								  2 * DEEPSAD_PAGE_NAME));
	}
	deepsad_table_end(page);
	deepsad_page_rest(page, encoder->left_out - shown, "columns");
}
