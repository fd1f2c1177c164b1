/*
 * conv.c
 *	  The shapes, limits and defaults of convolutional networks.
 */
#include "core/model/conv.h"

#include <math.h>

/* Multiply-adds of a picture through one member's convolutions, at most: a few milliseconds between two polls. */
#define MAX_WORK 2e8

/*
 * What default epochs of all members together stay within, in multiply-adds of forward passes (members * epochs *
 * rows * those of a row): a few minutes of two cores.
 */
#define TRAINING_WORK 3e12
#define PRETRAINING_WORK 4e11
#define PRETRAIN_EPOCHS 10

/* Sets the modules' shapes; how many numbers the last one's maps are, 0 when a side is used up before. */
uint32_t
dsad_conv_shapes(DsadConv *conv, const DsadIntList *channels, DsadShape shape)
{
	for (uint32_t m = 0; m < channels->count; m++)
	{
		conv[m] = (DsadConv) {shape.channels, (uint32_t) channels->value[m], shape.height, shape.width};
		shape = (DsadShape) {conv[m].out, shape.height / 2, shape.width / 2};
	}
	/* at most 512 maps of a fourth of 65,535 pixels */
	return (uint32_t) dsad_shape_cells(shape);
}

/* Multiply-adds of a picture through these modules. */
double
dsad_conv_work(const DsadConv *conv, uint32_t convs)
{
	double		work = 0;

	for (uint32_t m = 0; m < convs; m++)
		work += (double) dsad_conv_weights(&conv[m]) * (double) dsad_conv_pixels(&conv[m]);
	return work;
}

/* How many modules a picture is large enough for. */
static uint32_t
most_modules(DsadShape shape)
{
	uint32_t	side = shape.height < shape.width ? shape.height : shape.width;
	uint32_t	modules = 0;

	for (; side >= 2 && modules < DSAD_MAX_CONVS; side /= 2)
		modules++;
	return modules;
}

/* Whether the options' network, of a training, fits rows of such an encoder. */
DsadStatus
dsad_network_check(const DsadConfig *config, const DsadEncoder *encoder, DsadError *error)
{
	DsadShape	shape = dsad_encoder_picture(encoder).shape;
	DsadConfig	resolved = *config;
	DsadConv	conv[DSAD_MAX_CONVS];
	double		work;

	resolved.network = dsad_network(config, encoder);
	if (resolved.network != DSAD_NETWORK_CONV)
		return dsad_config_check(&resolved, error);
	if (shape.channels == 0)
		return dsad_fail(error, DSAD_BAD_OPTION, "Give pictures as arrays of two or three dimensions.",
						 "network \"conv\" needs a picture of at least %d x %d pixels, the rows hold none",
						 DSAD_MIN_SIDE, DSAD_MIN_SIDE);
	if (config->channels.count > most_modules(shape))
		return dsad_fail(error, DSAD_BAD_OPTION, NULL,
						 "option \"channels\" has %u elements, a picture of %u x %u pixels is halved at most %u times",
						 config->channels.count, shape.height, shape.width, most_modules(shape));
	dsad_conv_shapes(conv, &config->channels, shape);
	work = dsad_conv_work(conv, config->channels.count);
	if (work > MAX_WORK)
		return dsad_fail(error, DSAD_TOO_LARGE, "Use fewer \"channels\", or smaller pictures.",
						 "a picture takes %.0f multiply-adds of a network's convolutions, the limit is %.0f", work,
						 MAX_WORK);
	return dsad_config_check(&resolved, error);
}

/* As many epochs as `most`, but not more than make so much work, and at least one. */
static int64_t
bounded_epochs(int64_t most, double limit, int64_t members, uint64_t rows, double work)
{
	double		epochs = floor(limit / ((double) members * (double) rows * work));

	return epochs < 1 ? 1 : epochs < (double) most ? (int64_t) epochs :
													 most;
}

/* The epochs of a convolutional training whose options do not say: within DSAD_MOST_CONV_EPOCHS and TRAINING_WORK. */
int64_t
dsad_conv_epochs(int64_t most, int64_t members, uint64_t rows, double work)
{
	if (most > DSAD_MOST_CONV_EPOCHS)
		most = DSAD_MOST_CONV_EPOCHS;
	return bounded_epochs(most, TRAINING_WORK, members, rows, work);
}

/*
 * The defaults of rows with a picture, over those of dsad_config_defaults and before the user's own options: all
 * that differs when the network is to be "conv"; for other rows, or network "mlp" (set before), nothing.
 */
void
dsad_conv_defaults(DsadConfig *config, const DsadEncoder *encoder, uint64_t rows)
{
	DsadConv	conv[DSAD_MAX_CONVS];

	if (dsad_network(config, encoder) != DSAD_NETWORK_CONV)
		return;
	config->hidden.count = 0;
	config->latent = config->preset == DSAD_PRESET_PAPER ? 32 : 128;
	config->scaling = config->preset == DSAD_PRESET_PAPER ? DSAD_SCALING_STANDARD : DSAD_SCALING_COMMON;
	if (config->preset == DSAD_PRESET_PAPER)
		return;
	config->members = config->preset == DSAD_PRESET_FAST ? 1 : config->preset == DSAD_PRESET_BEST ? 16 :
																									4;
	dsad_conv_shapes(conv, &config->channels, dsad_encoder_picture(encoder).shape);
	config->pretrain_epochs = bounded_epochs(PRETRAIN_EPOCHS, PRETRAINING_WORK, config->members, rows > 0 ? rows : 1,
											 dsad_conv_work(conv, config->channels.count));
}
