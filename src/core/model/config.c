/*
 * config.c
 *	  The options of a training: their names, ranges, defaults and presets.
 *	  SQL options, deepsad_info and the model bytes all follow this one table.
 */
#include "core/model/config.h"

#include <math.h>
#include <string.h>

static const char *const network_labels[] = {"auto", "mlp", "conv", NULL};
static const char *const preset_labels[] = {"paper", "fast", "default", "best", NULL};
static const char *const scaling_labels[] = {"standard", "minmax", "none", "robust", "standard_robust", "common", NULL};
static const char *const reconstruction_labels[] = {"linear", "sigmoid", NULL};
static const char *const calibration_labels[] = {"auto", "split", "cross", "none", NULL};
static const char *const init_labels[] = {"pytorch", "glorot", NULL};

/* The kind, which does not compile unless the field has the type that goes with it. */
#define KIND(name, type, kind) _Generic(((DsadConfig *) 0)->name, type \
										: kind)

/* The last argument of each tells whether an update may change it; `none` is the number that stands for NULL. */
#define OPTION(name, id, kind, min, max, none, labels, update) \
	{ \
#name, id, kind, offsetof(DsadConfig, name), min, max, none, 0, 0, labels, false, update \
	}
#define INT(name, id, min, max, update) \
	INT_OR_NULL(name, id, min, max, NAN, update)
#define INT_OR_NULL(name, id, min, max, none, update) \
	OPTION(name, id, KIND(name, int64_t, DSAD_OPTION_INT), min, max, none, NULL, update)
#define FLOAT(name, id, min, max, update) \
	FLOAT_OR_NULL(name, id, min, max, NAN, update)
#define FLOAT_OR_NULL(name, id, min, max, none, update) \
	OPTION(name, id, KIND(name, double, DSAD_OPTION_FLOAT), min, max, none, NULL, update)
#define ENUM(name, id, last) \
	OPTION(name, id, KIND(name, int64_t, DSAD_OPTION_ENUM), 0, last, NAN, name##_labels, false)
/* conv: only models of convolutional networks keep it. */
#define LIST(name, id, min, max, min_count, max_count, conv, update) \
	{ \
#name, id, KIND(name, DsadIntList, DSAD_OPTION_INT_LIST), offsetof(DsadConfig, name), min, max, NAN, min_count, \
			max_count, NULL, conv, update \
	}

const DsadOption dsad_options[] = {
	ENUM(preset, 1, DSAD_PRESET_BEST),
	LIST(hidden, 2, 1, DSAD_MAX_WIDTH, 0, DSAD_MAX_HIDDEN, false, false),
	INT(latent, 3, 1, DSAD_MAX_LATENT, false),
	INT(members, 4, 1, DSAD_MAX_MEMBERS, false),
	INT(seed, 5, -9223372036854775808.0, 9223372036854775807.0, true),
	INT_OR_NULL(epochs, 6, 0, DSAD_MAX_EPOCHS, -1, true),
	INT(pretrain_epochs, 7, 0, DSAD_MAX_EPOCHS, false),
	INT_OR_NULL(max_steps, 8, 1, 9007199254740992.0, 0, true),
	INT(batch_size, 9, 2, 65536, true),
	FLOAT(learning_rate, 10, 1e-10, 1, true),
	LIST(milestones, 11, 0, DSAD_MAX_EPOCHS, 0, DSAD_MAX_MILESTONES, false, true),
	FLOAT(weight_decay, 12, 0, 1, true),
	FLOAT(eta, 13, 0, 1e6, true),
	ENUM(scaling, 14, DSAD_SCALING_COMMON),
	ENUM(reconstruction, 15, DSAD_RECONSTRUCTION_SIGMOID),
	ENUM(init, 16, DSAD_INIT_GLOROT),
	FLOAT(validation, 17, 0, 0.5, false),
	INT(patience, 18, 1, DSAD_MAX_EPOCHS, false),
	INT_OR_NULL(max_rows, 19, 1, 4294967295.0, 0, true),
	FLOAT(trimming, 20, 0, 1e6, true),
	FLOAT(ema_decay, 21, 0, 0.999999, true),
	FLOAT_OR_NULL(input_weight, 22, 0, 1e3, -1, false),
	ENUM(calibration, 23, DSAD_CALIBRATION_NONE),
	FLOAT(alpha, 24, 1e-9, 1, false),
	FLOAT_OR_NULL(contamination, 25, 1e-9, 0.5, 0, false),
	FLOAT_OR_NULL(threshold, 26, DSAD_MIN_THRESHOLD, DSAD_MAX_THRESHOLD, 0, false),
	FLOAT(offset_scale, 27, 0, 10, false),
	ENUM(network, 28, DSAD_NETWORK_CONV),
	LIST(channels, 29, 1, DSAD_MAX_CHANNELS, 1, DSAD_MAX_CONVS, true, false),
	OPTION(workers, 0, DSAD_OPTION_INT, 0, 1024, -1, NULL, true),
	OPTION(verbose, 0, DSAD_OPTION_BOOL, 0, 1, NAN, NULL, true),
};

/* Labels are indexed by value, and end with NULL. */
#define LABELED(name, last) \
	_Static_assert(sizeof(name##_labels) / sizeof(name##_labels[0]) == (last) + 2, "a value of " #name " has no label")
LABELED(network, DSAD_NETWORK_CONV);
LABELED(preset, DSAD_PRESET_BEST);
LABELED(scaling, DSAD_SCALING_COMMON);
LABELED(calibration, DSAD_CALIBRATION_NONE);
LABELED(init, DSAD_INIT_GLOROT);
LABELED(reconstruction, DSAD_RECONSTRUCTION_SIGMOID);

_Static_assert(sizeof(dsad_options) / sizeof(dsad_options[0]) < 64, "options that were read are bits of one integer");

const int dsad_option_count = sizeof(dsad_options) / sizeof(dsad_options[0]);

/* The value of an option that is no list, at field. */
static double
number_of(const DsadOption *option, const void *field)
{
	return option->kind == DSAD_OPTION_FLOAT ? *(const double *) field : (double) *(const int64_t *) field;
}

/* Whether an option says "not given", as SQL's NULL does. */
bool
dsad_option_is_null(const DsadOption *option, const DsadConfig *config)
{
	return option->kind != DSAD_OPTION_INT_LIST &&
		   number_of(option, (const char *) config + option->offset) == option->none;
}

/* The option of that name (length bytes), or NULL. */
const DsadOption *
dsad_option_find(const char *name, size_t length)
{
	for (int i = 0; i < dsad_option_count; i++)
		if (strlen(dsad_options[i].name) == length && memcmp(dsad_options[i].name, name, length) == 0)
			return &dsad_options[i];
	return NULL;
}

/* Two-element list. */
static DsadIntList
list2(int32_t first, int32_t second)
{
	DsadIntList list = {2, {first, second}};

	return list;
}

/*
 * As many epochs as `most`, but not more than make so many visits to rows (and
 * at least one): ten million rows must not mean as many as a thousand.
 */
int64_t
dsad_bounded_epochs(int64_t most, int64_t visits, uint64_t rows)
{
	int64_t		epochs = rows > 0 ? (int64_t) ((uint64_t) visits / rows) : most;

	return epochs < 1 ? 1 : epochs < most ? epochs :
											most;
}

/*
 * Every option's value under a preset for `rows` rows, each read as so many numbers.
 * 'paper' is Ruff et al., appendix E: 50 epochs at 1e-4 and 100 at 1e-5, batches
 * of 200, Glorot weights, one network, and the plain squared distance as score.
 */
void
dsad_config_defaults(DsadConfig *config, DsadPreset preset, uint32_t numbers, uint64_t rows)
{
	bool		wide = numbers > DSAD_MANY_NUMBERS;

	memset(config, 0, sizeof(*config));
	config->preset = preset;
	config->hidden = wide ? list2(128, 64) : list2(32, 16);
	config->latent = wide ? 32 : 8;
	config->members = 8;
	config->seed = 0;
	config->epochs = -1;
	config->pretrain_epochs = dsad_bounded_epochs(DSAD_PRETRAIN_EPOCHS, DSAD_MAX_VISITS, rows);
	config->max_steps = 0;
	config->batch_size = 128;
	config->learning_rate = 1e-3;
	config->weight_decay = 1e-6;
	config->eta = 4;
	config->scaling = DSAD_SCALING_STANDARD_ROBUST;
	config->reconstruction = DSAD_RECONSTRUCTION_LINEAR;
	config->init = DSAD_INIT_PYTORCH;
	config->validation = 0;
	config->patience = 10;
	config->max_rows = 0;
	config->trimming = 5;
	config->ema_decay = 0.99;
	config->offset_scale = 0.7;
	config->input_weight = -1;
	config->calibration = DSAD_CALIBRATION_AUTO;
	config->alpha = 0.01;
	config->contamination = 0;
	config->threshold = 0;
	config->network = DSAD_NETWORK_AUTO;
	config->channels = list2(8, 4);
	config->workers = -1;
	config->verbose = 0;
	switch (preset)
	{
		case DSAD_PRESET_PAPER:
			config->members = 1;
			config->epochs = 150;
			config->pretrain_epochs = 150;
			config->milestones.count = 1;
			config->milestones.value[0] = 50;
			config->batch_size = 200;
			config->learning_rate = 1e-4;
			config->init = DSAD_INIT_GLOROT;
			config->eta = 1;
			config->scaling = DSAD_SCALING_STANDARD;
			config->trimming = 0;
			config->ema_decay = 0;
			config->offset_scale = 0;
			config->input_weight = 0;
			config->calibration = DSAD_CALIBRATION_NONE;
			break;
		case DSAD_PRESET_FAST:
			config->members = 1;
			break;
		case DSAD_PRESET_BEST:
			config->members = 32;
			break;
		case DSAD_PRESET_DEFAULT:
			break;
	}
}

/*
 * The defaults of an update on so many rows, over the options that the model was
 * trained with: a few epochs at the rate that training ended with.
 */
void
dsad_config_update(DsadConfig *config, uint64_t rows)
{
	for (uint32_t i = 0; i < config->milestones.count; i++)
		if (config->milestones.value[i] < config->epochs)
			config->learning_rate *= 0.1;
	config->learning_rate = fmax(config->learning_rate, dsad_option_find("learning_rate", 13)->min);
	config->milestones.count = 0;
	config->epochs = dsad_bounded_epochs(DSAD_UPDATE_EPOCHS, DSAD_MAX_UPDATE_VISITS, rows);
	config->max_steps = 0;
	config->max_rows = 0;
	config->validation = 0;
	config->ema_decay = 0;		/* averaging so few steps would undo half of what they did */
	config->workers = -1;
	config->verbose = 0;
	for (int i = 0; i < dsad_option_count; i++)
		if (dsad_option_of_update(&dsad_options[i]))
			dsad_option_mark_given(&dsad_options[i], config, false);
}

/* Whether an update has a default of its own for the option, whatever the model was trained with. */
bool
dsad_option_of_update(const DsadOption *option)
{
	return option->offset == offsetof(DsadConfig, learning_rate) ||
		   option->offset == offsetof(DsadConfig, milestones) || option->offset == offsetof(DsadConfig, epochs) ||
		   option->offset == offsetof(DsadConfig, max_steps) || option->offset == offsetof(DsadConfig, max_rows) ||
		   option->offset == offsetof(DsadConfig, validation) || option->offset == offsetof(DsadConfig, ema_decay);
}

/* Whether somebody gave the option, and training did not choose it. */
bool
dsad_option_is_given(const DsadOption *option, const DsadConfig *config)
{
	return config->given >> (option - dsad_options) & 1;
}

/* From now on somebody gave the option, or nobody. */
void
dsad_option_mark_given(const DsadOption *option, DsadConfig *config, bool given)
{
	uint64_t	bit = UINT64_C(1) << (option - dsad_options);

	config->given = given ? config->given | bit : config->given & ~bit;
}

/* Whether the score stays the plain squared distance. */
bool
dsad_config_plain_score(const DsadConfig *config)
{
	return config->preset == DSAD_PRESET_PAPER;
}

/* DSAD_OK, or DSAD_BAD_OPTION when the value, or list element, is out of the option's range. */
DsadStatus
dsad_option_check(const DsadOption *option, double value, DsadError *error)
{
	if (value >= option->min && value <= option->max)
		return DSAD_OK;
	return dsad_fail(error, DSAD_BAD_OPTION, NULL,
					 "option \"%s\" is %.15g, must be from %.15g to %.15g",
					 option->name, value, option->min, option->max);
}

/* Checks every element of a list, and how many there are. */
static DsadStatus
check_list(const DsadOption *option, const DsadIntList *list, DsadError *error)
{
	DsadStatus	status = DSAD_OK;

	if (list->count < option->min_count || list->count > option->max_count)
		return dsad_fail(error, DSAD_BAD_OPTION, NULL,
						 "option \"%s\" has %u elements, must have from %u to %u",
						 option->name, list->count, option->min_count, option->max_count);
	for (uint32_t j = 0; j < list->count && status == DSAD_OK; j++)
		status = dsad_option_check(option, list->value[j], error);
	return status;
}

/* Checks every value against its option's range; the codec and SQL options both come through here. */
DsadStatus
dsad_config_check(const DsadConfig *config, DsadError *error)
{
	DsadStatus	status = DSAD_OK;

	for (int i = 0; i < dsad_option_count && status == DSAD_OK; i++)
	{
		const DsadOption *option = &dsad_options[i];
		const void *field = (const char *) config + option->offset;
		double		value;

		if (option->kind == DSAD_OPTION_INT_LIST && field == &config->hidden && config->hidden.count == 0 &&
			config->network == DSAD_NETWORK_MLP)
			return dsad_fail(error, DSAD_BAD_OPTION, NULL, "option \"hidden\" has 0 elements, must have from 1 to %d",
							 DSAD_MAX_HIDDEN);
		if (option->kind == DSAD_OPTION_INT_LIST)
		{
			status = check_list(option, field, error);
			continue;
		}
		value = number_of(option, field);
		if (value != option->none)
			status = dsad_option_check(option, value, error);
	}
	return status;
}
