/*
 * judged_rows.c
 *	  How well a model tells the anomalies among rows that it was given: summary, ROC and precision-recall curves,
 *	  scores by label.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "report/judged_rows.h"
#include "report/page.h"
#include "report/report_model.h"
#include "report/svg.h"

#define CONFIDENCE 1.959964		/* standard deviations of a 95 % interval */
#define MAX_POINTS 4096
#define STEP 0.002				/* points of a curve that lie nearer are one */
#define BINS_SHOWN 40

/* What a walk over the scores, highest first, collects. */
typedef struct Curve
{
	double		anomalies;		/* all there are */
	double		normals;
	double		found;			/* at the current score or above */
	double		alarms;
	double		pairs;			/* in the right order, ties half */
	double		precision_sum;	/* average precision, before division */
	int			points;
	double	   *rate[2];		/* of false alarms, of anomalies found; points of them */
	int			pr_points;
	double	   *recall;
	double	   *precision;
} Curve;

/* Appends a point, unless the last one is as good; the room's last place is always the newest. */
static void
append(double *x, double *y, int *points, double at_x, double at_y)
{
	int			last = *points - 1;

	if (last >= 0 && fabs(x[last] - at_x) < STEP && fabs(y[last] - at_y) < STEP)
		return;
	if (*points < MAX_POINTS)
		(*points)++;
	x[*points - 1] = at_x;
	y[*points - 1] = at_y;
}

/* DeepsadTieCallback */
static void
add_tie(void *arg, double score, uint64 anomalies, uint64 normals)
{
	Curve	   *curve = arg;
	bool		done = curve->found == curve->anomalies;

	curve->pairs += (double) normals * (curve->found + (double) anomalies / 2);
	curve->found += (double) anomalies;
	curve->alarms += (double) normals;
	if (curve->found + curve->alarms == 0)
		return;
	curve->precision_sum += (double) anomalies * curve->found / (curve->found + curve->alarms);
	append(curve->rate[0], curve->rate[1], &curve->points, curve->alarms / curve->normals,
		   curve->found / curve->anomalies);
	/* all are found: more alarms add nothing */
	if (!done)
		append(curve->recall, curve->precision, &curve->pr_points, curve->found / curve->anomalies,
			   curve->found / (curve->found + curve->alarms));
}

/* Walks the scores; false unless there are anomalies and rows to tell them from. */
static bool
make_curve(Curve *curve, DeepsadLabeledScores *scores)
{
	memset(curve, 0, sizeof(*curve));
	/* without known normal rows the unlabeled ones stand for them */
	scores->unlabeled_too = scores->normals == 0;
	curve->anomalies = (double) scores->anomalies;
	curve->normals = (double) (scores->unlabeled_too ? scores->unlabeled : scores->normals);
	if (curve->anomalies == 0 || curve->normals == 0)
		return false;
	for (int i = 0; i < 2; i++)
		curve->rate[i] = palloc(MAX_POINTS * sizeof(double));
	curve->recall = palloc(MAX_POINTS * sizeof(double));
	curve->precision = palloc(MAX_POINTS * sizeof(double));
	curve->rate[0][0] = curve->rate[1][0] = 0;
	curve->points = 1;
	deepsad_labeled_scores_walk(scores, add_tie, curve);
	/* the end may lie too near the last point to be one */
	curve->rate[0][curve->points - 1] = curve->rate[1][curve->points - 1] = 1;
	return true;
}

/* Wilson's interval of a share among n (Wilson, JASA 1927). */
static void
wilson(double share, double n, double *low, double *high)
{
	double		z = CONFIDENCE * CONFIDENCE;
	double		middle = (share + z / (2 * n)) / (1 + z / n);
	double		half = CONFIDENCE / (1 + z / n) * sqrt(share * (1 - share) / n + z / (4 * n * n));

	*low = fmax(middle - half, 0);
	*high = fmin(middle + half, 1);
}

/* The area in which the curve lies, as far as its rates are sure, each point by itself. */
static void
draw_band(const DeepsadPlot *plot, const Curve *curve)
{
	double	   *edge[4];

	for (int i = 0; i < 4; i++)
		edge[i] = palloc(curve->points * sizeof(double));
	for (int i = 0; i < curve->points; i++)
	{
		/* the worse end has more false alarms and fewer anomalies */
		wilson(curve->rate[0][i], curve->normals, &edge[2][i], &edge[0][i]);
		wilson(curve->rate[1][i], curve->anomalies, &edge[1][i], &edge[3][i]);
	}
	deepsad_plot_band(plot, edge[0], edge[1], edge[2], edge[3], curve->points);
}

/* The ROC curve; others: the rows that anomalies are told from. */
static void
draw_roc(StringInfo page, const Curve *curve, const char *others)
{
	static const double diagonal[] = {0, 1};
	DeepsadPlot plot = {
		.x = {psprintf("false alarms among %s", others), 0, 1, false, true},
		.y = {"anomalies found", 0, 1, false, true}};
	double		auc = curve->pairs / (curve->anomalies * curve->normals);
	double		interval[2];

	dsad_auc_interval(auc, curve->anomalies, curve->normals, CONFIDENCE, interval);
	deepsad_html(page, "<figure>\n");
	deepsad_plot_begin(&plot, page, psprintf("ROC curve, area %.3f", auc));
	draw_band(&plot, curve);
	deepsad_plot_line(&plot, "chance", NULL, diagonal, diagonal, 2);
	deepsad_plot_line(&plot, "blue", NULL, curve->rate[0], curve->rate[1], curve->points);
	deepsad_plot_end(&plot);
	deepsad_html(page, "<figcaption><strong>ROC AUC %.3f</strong>, with 95 %% confidence between %.3f and %.3f. "
					   "Shaded: Wilson&#39;s 95 %% "
					   "intervals of both rates. Dotted: guessing.</figcaption>\n</figure>\n",
				 auc, interval[0], interval[1]);
}

/* The precision-recall curve. */
static void
draw_precision(StringInfo page, const Curve *curve)
{
	DeepsadPlot plot = {
		.x = {"anomalies found (recall)", 0, 1, false, true},
		.y = {"right among alarms (precision)", 0, 1, false, true}};
	double		base = curve->anomalies / (curve->anomalies + curve->normals);
	double		chance[2] = {base, base};
	double		average = curve->precision_sum / curve->anomalies;

	deepsad_html(page, "<figure>\n");
	deepsad_plot_begin(&plot, page, psprintf("Precision-recall curve, average precision %.3f", average));
	deepsad_plot_line(&plot, "chance", NULL, (const double[]) {0, 1}, chance, 2);
	deepsad_plot_line(&plot, "blue", NULL, curve->recall, curve->precision, curve->pr_points);
	deepsad_plot_end(&plot);
	deepsad_html(page, "<figcaption><strong>Average precision %.3f</strong>. Dotted: guessing, "
					   "%s.</figcaption>\n</figure>\n",
				 average, deepsad_percent(base));
}

/* The lower end of a bin of scores. */
static double
bin_edge(int bin)
{
	return exp2(DEEPSAD_FIRST_OCTAVE + (double) bin / DEEPSAD_BINS_PER_OCTAVE);
}

/* The first and last bins that rows lie in; scores near zero are drawn in the first one beside the others. */
static void
bin_range(const DeepsadJudged *judged, int *first, int *last)
{
	*first = DEEPSAD_SCORE_BINS;
	*last = 0;
	for (int kind = 0; kind < DEEPSAD_KINDS; kind++)
		for (int bin = 1; bin < DEEPSAD_SCORE_BINS; bin++)
			if (judged->bin[kind][bin] > 0)
			{
				*first = Min(*first, bin);
				*last = Max(*last, bin);
			}
	if (*first > *last)
		*first = *last = 0;
}

/* Histograms of the scores, one for each label. */
static void
draw_scores(StringInfo page, const DeepsadJudged *judged)
{
	static const char *const colors[] = {"red", "gray", "blue"};
	static const char *const names[] = {"known anomalies", "unlabeled", "known normal"};
	DeepsadPlot plot = {.x = {"score", 1, 1, true, false}, .y = {"share of its kind", 0, 0, false, true}};
	double		edge[BINS_SHOWN + 1];
	double		share[DEEPSAD_KINDS][BINS_SHOWN] = {{0}};
	int			first;
	int			last;
	int			width;
	int			bins;

	bin_range(judged, &first, &last);
	width = (last - first) / BINS_SHOWN + 1;
	bins = (last - first) / width + 1;
	for (int i = 0; i <= bins; i++)
		edge[i] = bin_edge(first + i * width);
	for (int kind = 0; kind < DEEPSAD_KINDS; kind++)
	{
		for (int bin = 0; bin < DEEPSAD_SCORE_BINS; bin++)
			if (judged->bin[kind][bin] > 0)
				share[kind][Max(bin - first, 0) / width] +=
					(double) judged->bin[kind][bin] / (double) judged->count[kind];
		for (int i = 0; i < bins; i++)
			plot.y.high = fmax(plot.y.high, share[kind][i] * 1.08);
	}
	plot.x.low = edge[0];
	plot.x.high = edge[bins];
	deepsad_html(page, "<figure>\n");
	deepsad_plot_begin(&plot, page, "Distribution of scores by label");
	for (int kind = DEEPSAD_KINDS - 1; kind >= 0; kind--)
		if (judged->count[kind] > 0)
			deepsad_plot_steps(&plot, colors[kind], edge, share[kind], bins);
	if (judged->decision.kind == DSAD_DECISION_SCORE)
		deepsad_plot_mark(&plot, judged->decision.score, psprintf("threshold %.4g", judged->decision.score));
	deepsad_plot_end(&plot);
	deepsad_html(page, "<figcaption>Scores:");
	for (int kind = 0; kind < DEEPSAD_KINDS; kind++)
		if (judged->count[kind] > 0)
			deepsad_html(page, " <span class=\"key %s\"></span>%s (%llu)", colors[kind], names[kind],
						 (unsigned long long) judged->count[kind]);
	deepsad_html(page, "</figcaption>\n</figure>\n");
}

/* Curves and histograms. */
static void
put_curves(StringInfo page, DeepsadJudged *judged)
{
	Curve		curve;

	deepsad_html(page, "<h2 id=\"separation\">Does it tell anomalies from other rows?</h2>\n");
	if (!make_curve(&curve, judged->scores))
		deepsad_html(page, judged->count[0] == 0 ?
							   "<p>No row is labeled an anomaly, so there is nothing to compare.</p>\n" :
							   "<p>Every row is labeled an anomaly, so there is nothing to compare.</p>\n");
	else
	{
		deepsad_html(page, "<p>An anomaly scores higher than %s in <strong>%.1f of 100</strong> pairs.</p>\n",
					 judged->scores->unlabeled_too ? "an unlabeled row" : "a normal row",
					 100 * curve.pairs / (curve.anomalies * curve.normals));
		if (judged->scores->unlabeled_too)
			deepsad_html(page, "<p class=\"soft\">No row is labeled normal: unlabeled rows stand for them, and "
							   "anomalies among those count "
							   "against the model.</p>\n");
	}
	deepsad_html(page, "<div class=\"plots\">\n");
	if (curve.points > 0)
	{
		draw_roc(page, &curve, judged->scores->unlabeled_too ? "unlabeled rows" : "normal rows");
		draw_precision(page, &curve);
	}
	draw_scores(page, judged);
	deepsad_html(page, "</div>\n");
}

/* "12 of 80" */
static char *
part_of(uint64 part, uint64 whole)
{
	return psprintf("%s of %s", deepsad_grouped((long long) part), deepsad_grouped((long long) whole));
}

/* Title, a sentence, the figures that matter most; then the parts that have curves and tables. */
void
deepsad_judged_page(StringInfo page, DeepsadJudged *judged)
{
	uint64		rows = deepsad_judged_count(judged);
	uint64		alarms = judged->alarm[0] + judged->alarm[1] + judged->alarm[2];
	char	   *decision = deepsad_report_decision(&judged->model);

	deepsad_html(page, "<h1>Anomaly detector %s on %llu %s</h1>\n<p>Deep SAD, trained on %llu rows with %llu known "
					   "anomalies, judged by "
					   "%llu %s: %llu labeled as anomalies, %llu as normal.",
				 judged->name, (unsigned long long) rows, rows == 1 ? "row" : "rows",
				 (unsigned long long) judged->model.facts.rows, (unsigned long long) judged->model.facts.anomalies,
				 (unsigned long long) rows, rows == 1 ? "row" : "rows", (unsigned long long) judged->count[0],
				 (unsigned long long) judged->count[2]);
	if (judged->skipped > 0)
		deepsad_html(page, " %llu more were NULL.", (unsigned long long) judged->skipped);
	deepsad_html(page, "</p>\n<dl class=\"tiles\">\n");
	if (decision == NULL)
		deepsad_page_tile(page, "an anomaly is", "not decided");
	else
	{
		deepsad_page_tile(page, "taken for anomalies", deepsad_percent((double) alarms / (double) rows));
		if (judged->count[0] > 0)
			deepsad_page_tile(page, "anomalies found", part_of(judged->alarm[0], judged->count[0]));
		if (judged->count[2] > 0)
			deepsad_page_tile(page, "false alarms", part_of(judged->alarm[2], judged->count[2]));
		deepsad_page_tile(page, "an anomaly is", decision);
	}
	deepsad_html(page, "</dl>\n");
	put_curves(page, judged);
	deepsad_judged_alarms(page, judged);
}
