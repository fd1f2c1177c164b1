/*
 * choices.c
 *	  What training chooses where the options do not say, and why.
 *
 * Each choice is a function that gives the value and, if it is asked, the reason with the
 * numbers that it came from.  All of these numbers are a model's facts: a reason can be
 * told of any model, later.
 */
#include "core/model/choices.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/model/wide.h"

#define LEAST_EPOCHS 55
#define MORE_EPOCHS 65			/* with many known anomalies */
#define ANOMALIES_AN_EPOCH 4

#define FORGET_INPUTS 50		/* known anomalies from which on the inputs' own distance is left out */

#define ENOUGH_ALIKE 2.5		/* rows like each of many known anomalies */
#define KNOWN_BY_HEART 30		/* known anomalies that count half */

/* Below so many eligible rows none is held out of all members ... */
#define MIN_SPLIT_ROWS 500

/* ... and below so many none is held out of any: rows that are left out of so few are far from all others. */
#define MIN_CALIBRATION_ROWS 20

/* Writes a reason, unless nobody asks for it. */
__attribute__((format(printf, 2, 3))) static void
say(char *why, const char *format, ...)
{
	va_list		arguments;

	if (why == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(why, DSAD_WHY, format, arguments);
	va_end(arguments);
}

/* The epochs of the Deep SAD phase: the more anomalies are known the longer there is something to learn. */
static int64_t
choose_epochs(const DsadModel *model, char *why)
{
	const DsadFacts *facts = &model->facts;
	uint64_t	more = facts->anomalies / ANOMALIES_AN_EPOCH;
	int64_t		most = LEAST_EPOCHS + (int64_t) (more < MORE_EPOCHS ? more : MORE_EPOCHS);
	int64_t		bounded = dsad_bounded_epochs(most, DSAD_MAX_VISITS, facts->rows);
	int64_t		epochs = model->convs == 0 ? bounded :
											 dsad_conv_epochs(bounded, model->config.members, facts->rows,
															  dsad_model_work(model));

	if (epochs < bounded && epochs == DSAD_MOST_CONV_EPOCHS)
		say(why, "known anomalies: %llu; pictures at most %d", (unsigned long long) facts->anomalies,
			DSAD_MOST_CONV_EPOCHS);
	else if (epochs < bounded)
		say(why, "%llu rows, each of %.0f multiply-adds in %lld members, would take too long with %lld",
			(unsigned long long) facts->rows, dsad_model_work(model), (long long) model->config.members,
			(long long) bounded);
	else if (bounded < most)
		say(why, "%lld, but at most %d visits to %llu rows", (long long) most, DSAD_MAX_VISITS,
			(unsigned long long) facts->rows);
	else
		say(why, "known anomalies: %llu; %d and one for each %d of them, up to %d",
			(unsigned long long) facts->anomalies, LEAST_EPOCHS, ANOMALIES_AN_EPOCH, LEAST_EPOCHS + MORE_EPOCHS);
	return epochs;
}

/* The epochs of a model's Deep SAD phase when the options do not say, by its facts. */
int64_t
dsad_model_default_epochs(const DsadModel *model)
{
	return choose_epochs(model, NULL);
}

/*
 * How much the inputs' own distance counts beside the nets': three times as much when nothing is labeled, and the
 * less the more anomalies are known.  Whitened it is worth more, and longer.
 */
static double
choose_input_weight(const DsadModel *model, char *why)
{
	uint64_t	anomalies = model->facts.anomalies;
	unsigned long long known = anomalies;
	int			half = model->convs > 0 ? 20 : 4;

	if (model->config.scaling == DSAD_SCALING_COMMON)
	{
		say(why, "known anomalies: %llu; whitened 10 / (1 + %llu / %d)", known, known, half);
		return 10 / (1 + (double) anomalies / half);
	}
	if (anomalies < FORGET_INPUTS)
	{
		say(why, "known anomalies: %llu; 3 / (1 + 5 * %llu)", known, known);
		return 3 / (1 + 5 * (double) anomalies);
	}
	say(why, "known anomalies: %llu, at least %d", known, FORGET_INPUTS);
	return 0;
}

double
dsad_default_input_weight(const DsadModel *model)
{
	return choose_input_weight(model, NULL);
}

/* Which rows are held out for p-values; one member alone has no others to leave rows to. */
static int64_t
choose_calibration(const DsadConfig *config, const DsadFacts *facts, char *why)
{
	uint64_t	eligible = facts->rows - facts->anomalies;
	unsigned long long rows = eligible;

	if (eligible < MIN_CALIBRATION_ROWS)
	{
		say(why, "rows that are no known anomalies: %llu, fewer than %d", rows, MIN_CALIBRATION_ROWS);
		return DSAD_CALIBRATION_NONE;
	}
	if (eligible >= MIN_SPLIT_ROWS)
	{
		say(why, "rows that are no known anomalies: %llu, at least %d", rows, MIN_SPLIT_ROWS);
		return DSAD_CALIBRATION_SPLIT;
	}
	if (config->members == 1)
	{
		say(why, "rows that are no known anomalies: %llu, fewer than %d, but one member", rows, MIN_SPLIT_ROWS);
		return DSAD_CALIBRATION_SPLIT;
	}
	say(why, "rows that are no known anomalies: %llu, fewer than %d", rows, MIN_SPLIT_ROWS);
	return DSAD_CALIBRATION_CROSS;
}

int64_t
dsad_default_calibration(const DsadConfig *config, const DsadFacts *facts)
{
	return choose_calibration(config, facts, NULL);
}

/*
 * How many unlabeled rows like each known anomaly leave trimming as it is: what a few anomalies say, which the net
 * knows by heart, counts little.
 */
double
dsad_enough_alike(uint64_t anomalies)
{
	double		weight = (double) anomalies / KNOWN_BY_HEART;

	return ENOUGH_ALIKE * weight * weight / (1 + weight * weight);
}

static void
say_trimming(const DsadModel *model, char *why)
{
	unsigned long long known = model->facts.anomalies;
	long long	members = model->config.members;

	if (known == 0)
		say(why, "known anomalies: 0; %lld of %lld members trim, always as much", (members + 1) / 2, members);
	else
		say(why,
			"known anomalies: %llu; %lld of %lld members trim, less below %.2g unlabeled rows like each", known,
			(members + 1) / 2, members, dsad_enough_alike(known));
}

/*
 * Every option as it is for such rows when nothing is said but preset and network; what only training can choose is
 * still open.  encoder: NULL when nobody knows yet what rows are like.
 */
void
dsad_defaults(DsadConfig *config, DsadPreset preset, int64_t network, const DsadEncoder *encoder, uint64_t rows)
{
	dsad_config_defaults(config, preset, encoder ? encoder->cells : 1, rows);
	config->network = network;
	if (encoder == NULL)
		return;
	dsad_wide_defaults(config, encoder);
	dsad_conv_defaults(config, encoder, rows);
}

/* Every option as it is for these rows when nothing is said but preset, network, and for choices their own grounds. */
static void
choose_all(DsadConfig *chosen, const DsadModel *model)
{
	const DsadConfig *config = &model->config;

	dsad_defaults(chosen, (DsadPreset) config->preset, config->network, model->encoder, model->facts.rows);
	if (chosen->epochs < 0)
		chosen->epochs = choose_epochs(model, NULL);
	if (chosen->input_weight < 0)
		chosen->input_weight = choose_input_weight(model, NULL);
	if (chosen->calibration == DSAD_CALIBRATION_AUTO)
		chosen->calibration = choose_calibration(config, &model->facts, NULL);
}

/* The reason of a choice of an option that the rows' shape made. */
static void
say_shape(const DsadModel *model, size_t option, char *why)
{
	DsadShape	shape = dsad_encoder_picture(model->encoder).shape;
	uint32_t	numbers = model->encoder->cells;

	if (model->convs > 0)
		say(why, "the rows hold a picture of %u x %u", shape.height, shape.width);
	else if (option == offsetof(DsadConfig, network))
		say(why, "the rows hold no picture");
	else if (model->config.preset != DSAD_PRESET_PAPER && dsad_is_wide(model->encoder))
		say(why, "the rows are arrays, %u numbers", numbers);
	else
		say(why, "numbers in a row: %u, %s %d", numbers, numbers > DSAD_MANY_NUMBERS ? "more than" : "at most",
			DSAD_MANY_NUMBERS);
}

/* Whether the shape of rows decides an option for this model. */
static bool
by_shape(const DsadModel *model, size_t option)
{
	bool		paper = model->config.preset == DSAD_PRESET_PAPER;
	bool		wide = !paper && dsad_is_wide(model->encoder);

	if (option == offsetof(DsadConfig, hidden) || option == offsetof(DsadConfig, latent) ||
		option == offsetof(DsadConfig, network))
		return true;
	if (option == offsetof(DsadConfig, pretrain_epochs))
		return model->convs > 0 && !paper;
	if (option == offsetof(DsadConfig, scaling))
		return model->convs > 0 || wide;
	return option == offsetof(DsadConfig, members) &&
		   ((model->convs > 0 && !paper) || (wide && model->config.preset == DSAD_PRESET_DEFAULT));
}

/* The reason of a value that something decided after training, if it is one. */
static bool
say_later(const DsadModel *model, const DsadOption *which, char *why)
{
	const DsadConfig *config = &model->config;
	size_t		option = which->offset;

	if (model->facts.updates > 0 && dsad_option_of_update(which) && option != offsetof(DsadConfig, epochs))
		say(why, "preset for updates");
	else if (model->facts.updates > 0 && dsad_option_of_update(which))
		say(why, "rows of the update: %llu; %d, but at most %d visits to them",
			(unsigned long long) model->facts.update_rows, DSAD_UPDATE_EPOCHS, DSAD_MAX_UPDATE_VISITS);
	else if (model->facts.updates > 0 && option == offsetof(DsadConfig, calibration) &&
			 config->calibration == DSAD_CALIBRATION_NONE)
		say(why, "an update changes the scores, but not those of the rows held aside");
	else if (model->facts.updates > 0 && option == offsetof(DsadConfig, threshold))
		say(why, "the score that the p-values came to before the update");
	else if ((model->facts.updates > 0 || model->facts.calibration == 0) &&
			 config->calibration == DSAD_CALIBRATION_SPLIT && option == offsetof(DsadConfig, calibration))
		say(why, "rows given after training: %u", model->calibration.rows);
	else
		return false;
	return true;
}

/* Whether a column said which rows belong together. */
static bool
is_grouped(const DsadEncoder *encoder)
{
	for (uint32_t i = 0; i < encoder->left_out; i++)
		if (encoder->left[i].reason == DSAD_LEFT_OUT_GROUP)
			return true;
	return false;
}

/* The reason of a value that none of the usual rules gives, if it has one. */
static bool
say_exception(const DsadModel *model, size_t option, char *why)
{
	const DsadConfig *config = &model->config;

	if (option == offsetof(DsadConfig, scaling) && config->scaling == DSAD_SCALING_STANDARD &&
		dsad_is_wide(model->encoder))
		say(why, "the elements of the rows' arrays have no common unit");
	else if (option == offsetof(DsadConfig, input_weight) && config->input_weight == 0)
		say(why, "no input varies");
	else if (option == offsetof(DsadConfig, calibration) && is_grouped(model->encoder))
		say(why, "the rows come in few groups");
	else
		return false;
	return true;
}

/* The reason of an option that has its usual value. */
static void
say_usual(const DsadModel *model, const DsadOption *option, char *why)
{
	const DsadConfig *config = &model->config;
	bool		paper = config->preset == DSAD_PRESET_PAPER;
	uint64_t	rows = model->facts.rows;

	if (by_shape(model, option->offset))
		say_shape(model, option->offset, why);
	else if (option->offset == offsetof(DsadConfig, epochs) && !paper)
		choose_epochs(model, why);
	else if (option->offset == offsetof(DsadConfig, input_weight) && !paper)
		choose_input_weight(model, why);
	else if (option->offset == offsetof(DsadConfig, calibration) && !paper)
		choose_calibration(config, &model->facts, why);
	else if (option->offset == offsetof(DsadConfig, trimming) && config->trimming > 0)
		say_trimming(model, why);
	else if (option->offset == offsetof(DsadConfig, pretrain_epochs) && !paper &&
			 config->pretrain_epochs < DSAD_PRETRAIN_EPOCHS)
		say(why, "rows: %llu; %d, but at most %d visits to them", (unsigned long long) rows, DSAD_PRETRAIN_EPOCHS,
			DSAD_MAX_VISITS);
	else if (option->offset == offsetof(DsadConfig, preset))
		say(why, "nothing was said");
	else
		say(why, "preset %s", dsad_option_find("preset", 6)->labels[config->preset]);
}

/*
 * Whether training chose the value of an option that the model keeps, with the reason in why (DSAD_WHY bytes);
 * false, and why "given", when somebody gave it.  A model of an earlier version does not tell; there what differs
 * from today's choice counts as given.
 */
bool
dsad_choice(const DsadModel *model, const DsadOption *option, char *why)
{
	DsadConfig	chosen;
	const char *own = (const char *) &model->config + option->offset;
	size_t		size = option->kind == DSAD_OPTION_INT_LIST ? sizeof(DsadIntList) : sizeof(int64_t);

	say(why, "given");
	if (dsad_option_is_given(option, &model->config))
		return false;
	if (say_later(model, option, why))
		return true;
	choose_all(&chosen, model);
	if (memcmp(own, (const char *) &chosen + option->offset, size) != 0)
		return say_exception(model, option->offset, why);
	say_usual(model, option, why);
	return true;
}
