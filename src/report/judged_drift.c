/*
 * judged_drift.c
 *	  How the rows given differ from the training rows, by feature.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "report/judged_rows.h"
#include "report/page.h"
#include "report/svg.h"
#include "rows/column_text.h"

#define FEATURES_SHOWN 60

/* A feature and its shift. */
typedef struct Shift
{
	uint32		feature;
	DsadShift	shift;
} Shift;

/* Those that shifted first, then those that differ most. */
static int
compare_shifts(const void *a, const void *b)
{
	const Shift *x = a;
	const Shift *y = b;

	if (x->shift.shifted != y->shift.shifted)
		return x->shift.shifted ? -1 : 1;
	if (x->shift.psi != y->shift.psi)
		return x->shift.psi > y->shift.psi ? -1 : 1;
	return x->feature < y->feature ? -1 : 1;
}

/* One line; the picture shows the shares of the cells, of training rows and of these. */
static void
put_shift(StringInfo page, const char *name, const DsadShift *shift, const double *then,
		  const double *now, int cells)
{
	deepsad_html(page, "<tr><th scope=\"row\"><bdi>%s</bdi></th><td>%s</td><td class=\"number\">%.3f</td><td "
					   "class=\"number\">%.3f</td><td>",
				 deepsad_clip(name, DEEPSAD_PAGE_NAME), shift->shifted ? "shifted" : "as before", shift->psi,
				 shift->ks);
	deepsad_svg_bars(page, then, now, cells);
	deepsad_html(page, "</td></tr>\n");
}

/* One feature's line. */
static void
put_feature(StringInfo page, const DeepsadJudged *judged, const Shift *shift)
{
	const DsadSketch *sketch = &judged->model.sketch;
	size_t		first = (size_t) shift->feature * DSAD_SKETCH_CELLS;
	double		then[DSAD_SKETCH_CELLS];
	double		now[DSAD_SKETCH_CELLS];
	int			cells = 0;

	for (size_t i = 0; i < sketch->edges[shift->feature] + 2; i++)
		if (sketch->count[first + i] > 0 || judged->drift.count[first + i] > 0)
		{
			then[cells] = (double) sketch->count[first + i] / sketch->rows;
			now[cells++] = (double) judged->drift.count[first + i] / (double) judged->drift.rows;
		}
	put_shift(page, deepsad_summary_label(judged->model.encoder, shift->feature), &shift->shift, then, now, cells);
}

/* The scores, by bins of their p-values. */
static void
put_score(StringInfo page, const DeepsadJudged *judged, const DsadShift *shift)
{
	double		then[DSAD_DRIFT_BINS];
	double		now[DSAD_DRIFT_BINS];

	dsad_pvalue_bins(&judged->model.calibration, then, DSAD_DRIFT_BINS);
	for (int i = 0; i < DSAD_DRIFT_BINS; i++)
		now[i] = judged->drift.bin[i] / (double) judged->drift.rows;
	put_shift(page, "scores (p-values)", shift, then, now, DSAD_DRIFT_BINS);
}

/* Drift by feature. */
void
deepsad_judged_drift(StringInfo page, DeepsadJudged *judged)
{
	uint32		features = judged->drift.summaries;
	uint32		shifted = 0;
	Shift	   *shift;
	DsadShift	score;
	bool		scored;

	deepsad_html(page, "<h2 id=\"drift\">Are these rows like the training rows?</h2>\n");
	if (judged->model.sketch.rows == 0)
	{
		deepsad_html(page, "<p>The model has no summary of its training rows, so this cannot be told.</p>\n");
		return;
	}
	shift = palloc_extended(mul_size(features, sizeof(Shift)), MCXT_ALLOC_HUGE);
	scored = dsad_drift_score(&judged->drift, &score);
	for (uint32 j = 0; j < features; j++)
	{
		CHECK_FOR_INTERRUPTS();
		shift[j].feature = j;
		dsad_drift_feature(&judged->drift, j, &shift[j].shift);
		shifted += shift[j].shift.shifted;
	}
	qsort(shift, features, sizeof(Shift), compare_shifts);
	if (shifted == 0 && !(scored && score.shifted))
		deepsad_html(page, "<p><span class=\"good\">Yes:</span> no feature differs by more than chance "
						   "explains.</p>\n");
	else
		deepsad_html(page, "<p><span class=\"bad\">No:</span> %u of %u features differ by more than chance "
						   "explains%s. Train anew if the world has "
						   "changed.</p>\n",
					 shifted, features, !scored ? "" : score.shifted ? ", and so do the scores" :
																	   ", though the scores do not");
	deepsad_table_begin(page, "feature", "is", "#PSI", "#KS", "then and now", NULL);
	if (scored)
		put_score(page, judged, &score);
	for (uint32 j = 0; j < Min(features, FEATURES_SHOWN); j++)
	{
		CHECK_FOR_INTERRUPTS();
		put_feature(page, judged, &shift[j]);
	}
	deepsad_table_end(page);
	deepsad_page_rest(page, features > FEATURES_SHOWN ? features - FEATURES_SHOWN : 0, "features, which differ less,");
	deepsad_html(page, "<p class=\"soft\">PSI, the population stability index, says how large a shift is; KS is the "
					   "largest difference of the cumulative shares. Bars: <span class=\"key gray\"></span>training "
					   "rows, <span class=\"key blue\"></span>these rows, by the training rows&#39; deciles, "
					   "missing values first.</p>\n");
}
