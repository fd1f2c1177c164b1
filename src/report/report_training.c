/*
 * report_training.c
 *	  The parts of a report that are drawn from the training: loss curves, calibration scores, the threshold.
 */
#include "pg/pg_compat.h"

#include <math.h>

#include "report/page.h"
#include "report/report_model.h"
#include "report/svg.h"

#define LOSS_POINTS 6000		/* of all lines of a plot */
#define MEMBERS_SHOWN 64
#define SCORE_BINS 40
#define LOG_RATIO 15			/* losses that fall this far are drawn on a logarithmic axis */

/* The curves of one phase: losses of each member, or NULL. */
typedef struct Curves
{
	const char *title;
	const float *loss[DSAD_MAX_MEMBERS];
	const float *held_out[DSAD_MAX_MEMBERS];
	uint32		epochs[DSAD_MAX_MEMBERS];
	int			members;
} Curves;

/* Extends an axis to a member's losses that can be drawn. */
static void
extend(DeepsadAxis *axis, const float *loss, uint32 epochs)
{
	for (uint32 i = 0; loss != NULL && i < epochs; i++)
		if (isfinite(loss[i]))
		{
			axis->low = fmin(axis->low, loss[i]);
			axis->high = fmax(axis->high, loss[i]);
		}
}

/* A member's losses as a line of few points. */
static void
draw_losses(const DeepsadPlot *plot, const Curves *curves, int m, const float *loss, bool held_out)
{
	uint32		epochs = curves->epochs[m];
	uint32		points = Min(epochs, (uint32) Max(LOSS_POINTS / curves->members / 2, 40));
	double	   *x = palloc(Max(points, 1) * sizeof(double));
	double	   *y = palloc(Max(points, 1) * sizeof(double));
	int			count = 0;

	for (uint32 i = 0; i < points; i++)
	{
		uint32		epoch = points > 1 ? (uint32) ((uint64) i * (epochs - 1) / (points - 1)) : 0;

		if (!isfinite(loss[epoch]))
			continue;
		x[count] = epoch + 1;
		y[count++] = loss[epoch];
	}
	deepsad_plot_line(plot, psprintf("thin m%d%s", m % 8, held_out ? " dashed" : ""),
					  psprintf("network %d%s", m + 1, held_out ? ", rows held out" : ""), x, y, count);
	pfree(x);
	pfree(y);
}

/* Draws the curves of one phase, unless it had none. */
static void
draw_phase(StringInfo page, const Curves *curves)
{
	DeepsadPlot plot = {.x = {"epoch", 1, 1, false, false}, .y = {"loss", INFINITY, -INFINITY, false, false}};
	bool		held_out = false;
	bool		any = false;

	for (int m = 0; m < curves->members; m++)
	{
		any |= curves->epochs[m] > 0;
		held_out |= curves->held_out[m] != NULL && curves->epochs[m] > 0;
		plot.x.high = fmax(plot.x.high, curves->epochs[m]);
		extend(&plot.y, curves->loss[m], curves->epochs[m]);
		extend(&plot.y, curves->held_out[m], curves->epochs[m]);
	}
	if (!any || !(plot.y.low <= plot.y.high))
		return;
	plot.y.log = plot.y.low > 0 && plot.y.high / plot.y.low > LOG_RATIO;
	if (!plot.y.log && plot.y.low > 0)
		plot.y.low = 0;
	deepsad_html(page, "<figure>\n");
	deepsad_plot_begin(&plot, page, psprintf("%s: loss by epoch, a line for each network", curves->title));
	for (int m = 0; m < curves->members; m++)
	{
		if (curves->epochs[m] > 0)
			draw_losses(&plot, curves, m, curves->loss[m], false);
		if (curves->held_out[m] != NULL && curves->epochs[m] > 0)
			draw_losses(&plot, curves, m, curves->held_out[m], true);
	}
	deepsad_plot_end(&plot);
	deepsad_html(page, "<figcaption>%s: loss by epoch, a line for each "
					   "network%s.</figcaption>\n</figure>\n",
				 curves->title,
				 held_out ? "; dashed: on the rows held out" : "");
}

/* The last training loss; NaN when there is none. */
static double
last_loss(const DsadMember *member)
{
	return member->epochs_run > 0 ? (double) member->train_loss[member->epochs_run - 1] : (double) NAN;
}

/* What became of each member. */
static void
put_members(StringInfo page, const DsadModel *model, bool validated)
{
	static const char *const stops[] = {"all epochs were run", "the steps were used up", "rows held out got no better"};
	int			shown = Min((int) model->config.members, MEMBERS_SHOWN);

	deepsad_table_begin(page, "network", "#epochs", "#last loss", "#mean distance", "ended when",
						validated ? "#best epoch" : NULL, NULL);
	for (int m = 0; m < shown; m++)
	{
		const DsadMember *member = &model->members[m];

		deepsad_html(page, "<tr><th scope=\"row\"><span class=\"key m%d\"></span>%d</th>", m % 8, m + 1);
		deepsad_cell_count(page, member->epochs_run);
		deepsad_cell_number(page, last_loss(member));
		deepsad_cell_number(page, member->divisor);
		deepsad_html(page, "<td>%s%s</td>", stops[Min(member->stop, lengthof(stops) - 1)],
					 member->collapsed ? "; it learned nothing" : "");
		if (validated)
			deepsad_cell_count(page, member->best_epoch);
		deepsad_html(page, "</tr>\n");
	}
	deepsad_table_end(page);
}

/* Loss curves by member. */
void
deepsad_report_losses(StringInfo page, const DsadModel *model)
{
	bool		validated = model->config.validation > 0 && model->facts.validation > 0;
	Curves	   *before = palloc0(sizeof(Curves));
	Curves	   *training = palloc0(sizeof(Curves));

	before->title = "Pretraining as an autoencoder";
	training->title = "Training (Deep SAD)";
	before->members = training->members = (int) Min(model->config.members, DSAD_MAX_MEMBERS);
	for (int m = 0; m < training->members; m++)
	{
		const DsadMember *member = &model->members[m];

		before->loss[m] = member->pretrain_loss;
		before->epochs[m] = member->pretrain_epochs_run;
		training->loss[m] = member->train_loss;
		training->epochs[m] = member->epochs_run;
		training->held_out[m] = validated ? member->validation_loss : NULL;
	}
	deepsad_html(page, "<h2 id=\"losses\">How training went</h2>\n<div class=\"plots\">\n");
	draw_phase(page, before);
	draw_phase(page, training);
	deepsad_html(page, "</div>\n");
	put_members(page, model, validated);
}

/* Bins of calibration scores on a logarithmic axis, and the score that so many of them reach. */
typedef struct ScoreBins
{
	double		edge[SCORE_BINS + 1];
	double		share[SCORE_BINS];
} ScoreBins;

/* The lowest and highest kept scores that a logarithm can be taken of; false when there are none. */
static bool
score_range(const DsadCalibration *calibration, double *low, double *high)
{
	*low = INFINITY;
	*high = 0;
	for (uint32 l = 0; l < calibration->lists; l++)
		for (uint32 i = 0; i < calibration->list[l].kept; i++)
		{
			double		score = calibration->list[l].score[i];

			if (!(score > 1e-300) || !(score < 1e300))
				continue;
			*low = fmin(*low, score);
			*high = fmax(*high, score);
		}
	return *low <= *high;
}

/* Counts the kept scores, each for the rows that it stands for. */
static void
bin_scores(ScoreBins *bins, const DsadCalibration *calibration, double low, double high)
{
	double		width = log(high / low) / SCORE_BINS;

	memset(bins, 0, sizeof(*bins));
	for (int i = 0; i <= SCORE_BINS; i++)
		bins->edge[i] = low * exp(width * i);
	for (uint32 l = 0; l < calibration->lists; l++)
	{
		const DsadScoreList *list = &calibration->list[l];
		uint32		counted = 0;

		for (uint32 i = 0; i < list->kept; i++)
		{
			uint32		at_least = i < DSAD_CALIBRATION_EXACT ? i + 1 : counted + DSAD_CALIBRATION_STEP;
			double		bin = floor(log(list->score[i] / low) / width);

			if (i + 1 == list->kept)
				at_least = list->rows;
			bin = isfinite(bin) ? fmax(fmin(bin, SCORE_BINS - 1), 0) : 0;
			bins->share[(int) bin] += (double) (at_least - counted) / (double) calibration->rows;
			counted = at_least;
		}
	}
}

/* The score that `most` rows of calibration reach or pass, of all lists together; infinity when there is none. */
static double
pooled_threshold(const DsadCalibration *calibration, int64 most)
{
	double		low = -690;		/* logarithms */
	double		high = 690;

	if (most < 0)
		return INFINITY;
	for (int i = 0; i < 80; i++)
	{
		double		middle = (low + high) / 2;
		int64		count = 0;

		for (uint32 l = 0; l < calibration->lists; l++)
			count += dsad_count_at_least(&calibration->list[l], exp(middle));
		if (count <= most)
			high = middle;
		else
			low = middle;
	}
	return exp(high);
}

/* The histogram of the calibration scores. */
static void
draw_calibration(StringInfo page, const DsadModel *model, const DsadDecision *decision)
{
	const DsadCalibration *calibration = &model->calibration;
	bool		by_score = decision->kind == DSAD_DECISION_SCORE;
	double		threshold = INFINITY;
	DeepsadPlot plot = {.x = {"score", 1, 1, true, false}, .y = {"share of rows", 0, 0, false, true}};
	ScoreBins	bins;
	double		low;
	double		high;

	if (!score_range(calibration, &low, &high))
		return;
	if (decision->kind != DSAD_DECISION_NONE)
		threshold = by_score ? decision->score : pooled_threshold(calibration, decision->most);
	if (high < low * 1.05)
	{
		low /= 1.05;
		high *= 1.05;
	}
	bin_scores(&bins, calibration, low, high);
	plot.x.low = threshold > low / 1000 && threshold < low ? threshold / 1.1 : low;
	plot.x.high = threshold < high * 1000 && threshold > high ? threshold * 1.1 : high;
	for (int i = 0; i < SCORE_BINS; i++)
		plot.y.high = fmax(plot.y.high, bins.share[i] * 1.08);
	deepsad_html(page, "<figure>\n");
	deepsad_plot_begin(&plot, page, "Distribution of the calibration scores, with the threshold");
	deepsad_plot_steps(&plot, "blue", bins.edge, bins.share, SCORE_BINS);
	if (isfinite(threshold))
		deepsad_plot_mark(&plot, threshold, psprintf(by_score ? "threshold %.4g" : "threshold about %.3g", threshold));
	deepsad_plot_end(&plot);
	deepsad_html(page, "<figcaption>Scores of %u rows that were not trained on "
					   "(calibration)%s.</figcaption>\n</figure>\n",
				 calibration->rows, by_score ? "" : "; each network has rows of its own, and the decision counts "
													"them all");
}

/* What an anomaly is by this model, and how its calibration scores lie. */
void
deepsad_report_threshold(StringInfo page, const DsadModel *model)
{
	const DsadCalibration *calibration = &model->calibration;
	char	   *text = deepsad_report_decision(model);
	DsadDecision decision;

	dsad_decision(&decision, model);
	deepsad_html(page, "<h2 id=\"threshold\">What it takes for an anomaly</h2>\n");
	if (text == NULL)
	{
		deepsad_html(page, "<p>The model has no threshold, because no rows were held out to find one. It ranks rows "
						   "by their "
						   "scores; deepsad_set_threshold gives it a threshold.</p>\n");
		return;
	}
	deepsad_html(page, "<p>A row is taken for an anomaly by its <strong>%s</strong>. ", text);
	if (model->config.threshold > 0)
		deepsad_html(page, "That is a fixed score.</p>\n");
	else if (model->config.contamination > 0)
		deepsad_html(page, "That many of the rows held out scored as high.</p>\n");
	else
		deepsad_html(page, "About %s of ordinary rows will be false alarms: that many of the rows held out scored as "
						   "high.</p>\n",
					 deepsad_percent(model->config.alpha));
	if (calibration->lists == 0)
	{
		deepsad_html(page, "<p>There are no calibration scores, so there are no p-values.</p>\n");
		return;
	}
	if (!dsad_decision_reached(model))
		deepsad_html(page, "<p class=\"bad\">None of the rows held out reaches it.</p>\n");
	draw_calibration(page, model, &decision);
	deepsad_html(page, "<p class=\"soft\">The smallest p-value that %u rows can give is %g.</p>\n", calibration->rows,
				 dsad_smallest_pvalue(calibration));
}
