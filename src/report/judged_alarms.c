/*
 * judged_alarms.c
 *	  Alarms, true and false, by threshold: the model's own, p-values, and scores.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "report/judged_rows.h"
#include "report/page.h"
#include "report/report_model.h"

#define SHARES 6
static const double shares[SHARES] = {0.1, 0.05, 0.02, 0.01, 0.005, 0.001};

#define MAX_THRESHOLDS (SHARES + 1)

/* A score and the rows that reach it. */
typedef struct Threshold
{
	double		score;
	bool		best;			/* has the best F1 */
	double		share;			/* else: so large a share of the rows was asked for */
	uint64		alarm[DEEPSAD_KINDS];
} Threshold;

/* What a walk over the scores, highest first, collects. */
typedef struct Walk
{
	double		rows;			/* all there are, and anomalies among them */
	double		anomalies;
	uint64		count[2];		/* at the current score or above: others, anomalies */
	int			next;			/* share to be reached */
	int			thresholds;
	Threshold	threshold[MAX_THRESHOLDS];
	double		best_f1;
	Threshold	best;
} Walk;

/* DeepsadTieCallback: finds the scores that shares of all rows reach; others are unlabeled and normal rows. */
static void
find_shares(void *arg, double score, uint64 anomalies, uint64 normals)
{
	Walk	   *walk = arg;
	double		reached;

	walk->count[0] += normals;
	walk->count[1] += anomalies;
	reached = (double) (walk->count[0] + walk->count[1]);
	/* the largest share that this score reaches counts: walked from the smallest on */
	while (walk->next >= 0 && reached >= shares[walk->next] * walk->rows)
	{
		Threshold  *threshold = &walk->threshold[walk->thresholds];

		if (walk->next > 0 && reached >= shares[walk->next - 1] * walk->rows)
		{
			walk->next--;
			continue;
		}
		threshold->score = score;
		threshold->share = shares[walk->next--];
		threshold->alarm[0] = walk->count[1];
		threshold->alarm[1] = walk->count[0];
		walk->thresholds++;
	}
}

/* DeepsadTieCallback over labeled rows: finds the best F1, and the known normal rows at each threshold. */
static void
count_normals(void *arg, double score, uint64 anomalies, uint64 normals)
{
	Walk	   *walk = arg;
	double		f1;

	walk->count[0] += normals;
	walk->count[1] += anomalies;
	for (int i = 0; i < walk->thresholds; i++)
		if (score >= walk->threshold[i].score)
			walk->threshold[i].alarm[2] = walk->count[0];
	if (walk->anomalies == 0 || walk->count[0] + walk->count[1] == 0)
		return;
	f1 = 2 * (double) walk->count[1] / ((double) (walk->count[0] + walk->count[1]) + walk->anomalies);
	if (f1 <= walk->best_f1)
		return;
	walk->best_f1 = f1;
	walk->best.score = score;
	walk->best.best = true;
	walk->best.alarm[0] = walk->count[1];
	walk->best.alarm[2] = walk->count[0];
}

/* DeepsadTieCallback: counts the unlabeled rows of the threshold with the best F1, with the normal ones. */
static void
count_best(void *arg, double score, uint64 anomalies, uint64 normals)
{
	Walk	   *walk = arg;

	if (score >= walk->best.score)
		walk->best.alarm[1] += normals;
}

/* One line: what is taken for an anomaly, and what comes of it. */
static void
put_alarms(StringInfo page, const DeepsadJudged *judged, const char *label, const uint64 *alarm, bool chosen)
{
	uint64		all = alarm[0] + alarm[1] + alarm[2];

	deepsad_html(page, chosen ? "<tr class=\"chosen\"><th scope=\"row\">%s</th>" : "<tr><th "
																				   "scope=\"row\">%s</th>",
				 label);
	deepsad_html(page, "<td class=\"number\">%llu</td><td class=\"number\">%s</td>", (unsigned long long) all,
				 deepsad_percent((double) all / (double) deepsad_judged_count(judged)));
	if (judged->count[0] > 0)
		deepsad_html(page, "<td class=\"number\">%llu</td><td class=\"number\">%s</td>", (unsigned long long) alarm[0],
					 deepsad_percent((double) alarm[0] / (double) judged->count[0]));
	if (judged->count[2] > 0)
		deepsad_html(page, "<td class=\"number\">%llu</td><td class=\"number\">%s</td>", (unsigned long long) alarm[2],
					 deepsad_percent((double) alarm[2] / (double) judged->count[2]));
	/* no number when there is no alarm */
	if (judged->count[0] > 0 && judged->count[2] > 0)
		deepsad_cell_percent(page, (double) alarm[0] / (double) (alarm[0] + alarm[2]));
	deepsad_html(page, "</tr>\n");
}

/* Alarms by the score: the shares of rows that reach it, and the best F1. */
static void
put_scores(StringInfo page, DeepsadJudged *judged)
{
	Walk	   *walk = palloc0(sizeof(Walk));

	walk->rows = (double) deepsad_judged_count(judged);
	walk->anomalies = (double) judged->count[0];
	walk->next = SHARES - 1;
	judged->scores->unlabeled_too = true;
	deepsad_labeled_scores_walk(judged->scores, find_shares, walk);
	walk->count[0] = walk->count[1] = 0;
	judged->scores->unlabeled_too = false;
	if (judged->count[0] + judged->count[2] > 0)
		deepsad_labeled_scores_walk(judged->scores, count_normals, walk);
	for (int i = walk->thresholds - 1; i >= 0; i--)
	{
		Threshold  *threshold = &walk->threshold[i];

		/* others were unlabeled and normal ones together */
		threshold->alarm[1] -= threshold->alarm[2];
		put_alarms(page, judged,
				   psprintf("score at least %.4g (the highest %g %%)", threshold->score, threshold->share * 100),
				   threshold->alarm, false);
	}
	if (walk->best.best && judged->count[2] > 0)
	{
		judged->scores->unlabeled_too = true;
		deepsad_labeled_scores_walk(judged->scores, count_best, walk);
		walk->best.alarm[1] -= walk->best.alarm[2];
		put_alarms(page, judged, psprintf("score at least %.4g (best F1, %.3f)", walk->best.score, walk->best_f1),
				   walk->best.alarm, false);
	}
}

/* Alarms by threshold. */
void
deepsad_judged_alarms(StringInfo page, DeepsadJudged *judged)
{
	char	   *decision = deepsad_report_decision(&judged->model);

	deepsad_html(page, "<h2 id=\"alarms\">Alarms by threshold</h2>\n<div class=\"wide\"><table><thead><tr>"
					   "<th scope=\"col\">taken for an anomaly</th>"
					   "<th scope=\"colgroup\" colspan=\"2\" class=\"number\">rows</th>");
	if (judged->count[0] > 0)
		deepsad_html(page, "<th scope=\"colgroup\" colspan=\"2\" class=\"number\">anomalies found</th>");
	if (judged->count[2] > 0)
		deepsad_html(page, "<th scope=\"colgroup\" colspan=\"2\" class=\"number\">false alarms</th>");
	if (judged->count[0] > 0 && judged->count[2] > 0)
		deepsad_html(page, "<th scope=\"col\" class=\"number\">precision</th>");
	deepsad_html(page, "</tr></thead><tbody>\n");
	if (decision)
		put_alarms(page, judged, psprintf("the model's own: %s", decision), judged->alarm, true);
	for (int i = 0; i < DEEPSAD_ALPHAS; i++)
		if (judged->model.calibration.lists > 0 &&
			deepsad_alphas[i] >= dsad_smallest_pvalue(&judged->model.calibration))
			put_alarms(page, judged, psprintf("p-value at most %g", deepsad_alphas[i]), judged->at_alpha[i], false);
	put_scores(page, judged);
	deepsad_table_end(page);
	deepsad_html(page, "<p class=\"soft\">Anomalies found are of those labeled so, false alarms of the rows labeled "
					   "normal, precision of both. Unlabeled rows count in the first columns alone.</p>\n");
}
