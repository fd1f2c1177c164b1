/*
 * fuzz_corpus.c
 *	  Makes the corpus of the fuzz targets: models of all kinds, cut ones, ones of a
 *	  newer format.
 *
 *	fuzz_corpus DIRECTORY
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void
require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void
write_file(const char *directory, const char *name, const uint8_t *bytes, size_t size)
{
	char		path[4096];
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	require(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0,
			"cannot write the corpus");
}

/* Trains a model and keeps its bytes, and in some wrong forms. */
static void
write_model(const char *directory, const char *name, const DsadConfig *config, uint32_t features,
			const DsadEncoder *encoder)
{
	TestEnv		env;
	TestRows	rows;
	DsadArena	arena;
	DsadModel	model;
	DsadError	error;
	DsadRowSource source;
	size_t		size;
	uint8_t    *bytes;
	char		other[64];

	test_env_init(&env);
	test_normal_rows(&rows, 20, features, 3);
	source = test_source(&rows, 20);
	source.encoder = encoder;
	dsad_arena_init(&arena, &env.env);
	require(test_train(&model, &arena, &env.env, config, &source, &error) == DSAD_OK, "no model");
	bytes = test_encode(&model, &env, &size);
	require(bytes != NULL, "not written");
	write_file(directory, name, bytes, size);
	snprintf(other, sizeof(other), "%s-cut", name);
	write_file(directory, other, bytes, size * 2 / 3);
	snprintf(other, sizeof(other), "%s-newer", name);
	bytes[8] = DSAD_FORMAT + 1;
	write_file(directory, other, bytes, size);
	free(bytes);
	dsad_arena_release(&arena);
	test_free_rows(&rows);
}

/* A model of columns: a number with gaps, a category of two, a time. */
static void
write_columns_model(const char *directory)
{
	DsadConfig	config = test_config(10);
	DsadBytes	category[2] = {{"DE", 2}, {"FR", 2}};
	DsadColumn	column[3];
	DsadEncoder encoder;
	TestEnv		env;
	DsadArena	arena;
	DsadError	error;

	memset(&encoder, 0, sizeof(encoder));
	memset(column, 0, sizeof(column));
	encoder.columns = 3;
	encoder.column = column;
	for (int c = 0; c < 3; c++)
	{
		column[c].name = (DsadBytes) {&"abc"[c], 1};
		column[c].type_name = (DsadBytes) {"text", 4};
		column[c].cells = 1;
	}
	column[0].indicator = 1;
	column[1].type = DSAD_TYPE_TEXT;
	column[1].encoding = DSAD_ENCODING_CATEGORY;
	column[1].categories = 2;
	column[1].category = category;
	column[2].type = DSAD_TYPE_TIMESTAMP;
	column[2].encoding = DSAD_ENCODING_TIME;
	column[2].time = DSAD_TIME_CLOCK | DSAD_TIME_CALENDAR | DSAD_TIME_ITSELF;
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	require(dsad_encoder_finish(&encoder, &arena, &error) == DSAD_OK && encoder.features == 10, "no encoder");
	config.scaling = DSAD_SCALING_STANDARD_ROBUST;
	write_model(directory, "columns", &config, 10, &encoder);
	dsad_arena_release(&arena);
}

/* A convolutional model of pictures of 6 x 5 pixels in two channels, and a number behind them. */
static void
write_conv_model(const char *directory)
{
	DsadConfig	config = test_config(61);
	DsadColumn	column[2];
	DsadEncoder encoder;
	TestEnv		env;
	DsadArena	arena;
	DsadError	error;

	memset(&encoder, 0, sizeof(encoder));
	memset(column, 0, sizeof(column));
	encoder.columns = 2;
	encoder.column = column;
	for (int c = 0; c < 2; c++)
	{
		column[c].name = (DsadBytes) {&"ab"[c], 1};
		column[c].type_name = (DsadBytes) {"real", 4};
	}
	column[0].type = DSAD_TYPE_ARRAY;
	column[0].cells = 60;
	column[0].shape = (DsadShape) {2, 6, 5};
	column[1].cells = 1;
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	require(dsad_encoder_finish(&encoder, &arena, &error) == DSAD_OK, "no encoder");
	config.channels.count = 2;
	config.channels.value[0] = 5;
	config.channels.value[1] = 3;
	config.hidden.count = 0;
	write_model(directory, "conv", &config, 61, &encoder);
	dsad_arena_release(&arena);
}

static void
write_corpus(const char *directory)
{
	DsadConfig	config = test_config(3);

	write_model(directory, "two-members", &config, 3, NULL);
	config.validation = 0.3;
	write_model(directory, "validation", &config, 3, NULL);
	config.validation = 0;
	config.calibration = DSAD_CALIBRATION_SPLIT;
	write_model(directory, "split", &config, 3, NULL);
	config.calibration = DSAD_CALIBRATION_CROSS;
	write_model(directory, "cross", &config, 3, NULL);
	config.calibration = DSAD_CALIBRATION_NONE;
	config.scaling = DSAD_SCALING_STANDARD_ROBUST;
	write_model(directory, "copies", &config, 3, NULL);
	config.scaling = DSAD_SCALING_MINMAX;
	config.reconstruction = DSAD_RECONSTRUCTION_SIGMOID;
	config.members = 1;
	write_model(directory, "minmax", &config, 4, NULL);
	config.hidden.count = 1;
	config.hidden.value[0] = 2;
	config.latent = 1;
	config.epochs = 0;
	config.pretrain_epochs = 0;
	write_model(directory, "tiny", &config, 1, NULL);
	dsad_config_defaults(&config, DSAD_PRESET_PAPER, 2, 1);
	config.epochs = 2;
	config.pretrain_epochs = 1;
	config.hidden.count = 4;
	for (int i = 0; i < 4; i++)
		config.hidden.value[i] = 5 - i;
	config.latent = 2;
	write_model(directory, "paper-deep", &config, 2, NULL);
	write_columns_model(directory);
	write_conv_model(directory);
	write_file(directory, "empty", (const uint8_t *) "", 0);
	write_file(directory, "magic", (const uint8_t *) "DEEPSAD\n", 8);
}

int
main(int argc, char **argv)
{
	require(argc == 2, "usage: fuzz_corpus DIRECTORY");
	write_corpus(argv[1]);
	return 0;
}
