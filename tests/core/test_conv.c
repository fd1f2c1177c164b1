/*
 * test_conv.c
 *	  Convolutional models from training to explanations: scores against a reference in double precision, the same
 *	  bits at each level, in any batch and through the bytes, updates, missing pixels, limits, failing anywhere.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/train/conv_net.h"

enum
{
	ROWS = 40,
	STEPS = 400
};

/* Pictures of one bright square each, or (labeled anomalies) of two. */
static void
make_pictures(TestRows *rows, DsadShape shape, uint32_t others, uint64_t seed)
{
	size_t		cells = dsad_shape_cells(shape);

	rows->features = (uint32_t) cells + others;
	rows->value = malloc((size_t) ROWS * rows->features * sizeof(double));
	rows->label = calloc(ROWS, 1);
	for (int i = 0; i < ROWS; i++)
	{
		double	   *pixel = rows->value + (size_t) i * rows->features;

		for (size_t j = 0; j < rows->features; j++)
			pixel[j] = floor(test_uniform(&seed) * 40);
		rows->label[i] = i % 5 == 0 ? DSAD_ANOMALY : DSAD_UNLABELED;
		for (int k = 0; k < (i % 5 == 0 ? 2 : 1); k++)
		{
			uint32_t	row = (uint32_t) (test_uniform(&seed) * (shape.height - 2));
			uint32_t	column = (uint32_t) (test_uniform(&seed) * (shape.width - 2));

			for (uint32_t c = 0; c < shape.channels; c++)
				for (int p = 0; p < 9; p++)
					pixel[(c * shape.height + row + p / 3) * shape.width + column + p % 3] = 200 + 10 * c;
		}
	}
}

static DsadConfig
conv_config(const int32_t *channels, uint32_t modules, uint32_t hidden)
{
	DsadConfig	config = test_config(1);

	config.network = DSAD_NETWORK_CONV;
	config.channels.count = modules;
	memcpy(config.channels.value, channels, modules * sizeof(int32_t));
	config.hidden.count = hidden > 0;
	config.hidden.value[0] = (int32_t) hidden;
	config.latent = 5;
	return config;
}

/* An encoder of a picture and, behind it, so many numbers. */
static void
make_encoder(DsadEncoder *encoder, DsadArena *arena, DsadShape shape, uint32_t others)
{
	static char names[] = "abcdefgh";
	DsadError	error;

	memset(encoder, 0, sizeof(*encoder));
	encoder->columns = 1 + others;
	encoder->column = dsad_arena_array(arena, encoder->columns, sizeof(DsadColumn));
	for (uint32_t c = 0; c < encoder->columns; c++)
	{
		encoder->column[c].name = (DsadBytes) {names + c, others > 0};
		encoder->column[c].type_name = (DsadBytes) {"real", 4};
		encoder->column[c].type = c == 0 ? DSAD_TYPE_ARRAY : DSAD_TYPE_NUMBER;
		encoder->column[c].cells = c == 0 ? (uint32_t) dsad_shape_cells(shape) : 1;
	}
	encoder->column[0].shape = shape;
	CHECK(dsad_encoder_finish(encoder, arena, &error) == DSAD_OK);
}

/* One module's maps in double precision. */
static void
reference_module(const DsadModel *model, const DsadMember *member, uint32_t m, const double *x, double *maps)
{
	const DsadConv *c = &model->conv[m];
	int			h = (int) c->height;
	int			w = (int) c->width;

	for (uint32_t o = 0; o < c->out; o++)
		for (int r = 0; r < h / 2; r++)
			for (int q = 0; q < w / 2; q++)
			{
				double		best = -INFINITY;

				for (int corner = 0; corner < 4; corner++)
				{
					double		y = 0;

					for (uint32_t i = 0; i < c->in; i++)
						for (int tap = 0; tap < 25; tap++)
						{
							int			row = 2 * r + corner / 2 + tap / 5 - 2;
							int			column = 2 * q + corner % 2 + tap % 5 - 2;

							if (row >= 0 && row < h && column >= 0 && column < w)
								y += (double) member->conv_weight[m][(o * c->in + i) * 25 + tap] * x[(i * h + row) * w + column];
						}
					y = (y - (double) member->conv_mean[m][o]) / sqrt((double) member->conv_var[m][o] + 1e-4);
					y = y < 0 ? y * 0.01 : y;
					best = fmax(best, y);
				}
				maps[(o * (h / 2) + r) * (w / 2) + q] = best;
			}
}

/* The inputs' own distance, whitened or not. */
static double
reference_distance(const DsadModel *model, const double *x)
{
	uint32_t	inputs = model->scaling.inputs;
	uint32_t	directions = dsad_directions(&model->config, inputs);
	double		distance = 0;

	for (uint32_t i = 0; i < inputs; i++)
		distance += model->white.own * pow(x[i] - (double) dsad_input_center(model, i), 2);
	for (uint32_t d = 0; d < directions; d++)
	{
		double		along = 0;

		for (uint32_t i = 0; i < inputs; i++)
			along += (x[i] - (double) dsad_input_center(model, i)) * (double) model->white.direction[i * directions + d];
		distance -= along * along;
	}
	return distance;
}

/* The score of scaled inputs in double precision, from the definition. */
static double
reference_score(const DsadModel *model, const double *x)
{
	size_t		cells = dsad_shape_cells(model->picture.shape);
	double	   *in = malloc(400000 * sizeof(double));
	double	   *out = malloc(400000 * sizeof(double));
	double		weight = fmax(model->config.input_weight, 0);
	double		score = 0;

	for (int m = 0; m < model->config.members; m++)
	{
		const DsadMember *member = &model->members[m];
		double		distance = 0;
		size_t		maps = 0;

		memcpy(in, x + model->picture.first, cells * sizeof(double));
		for (uint32_t c = 0; c < model->convs; c++)
		{
			reference_module(model, member, c, in, out);
			maps = model->conv[c].out * dsad_conv_pooled(&model->conv[c]);
			memcpy(in, out, maps * sizeof(double));
		}
		for (uint32_t i = 0; i < model->scaling.inputs; i++)
			if (i < model->picture.first || i >= model->picture.first + cells)
				in[maps++] = x[i];
		for (uint32_t l = 0; l < model->layers; l++)
		{
			for (uint32_t j = 0; j < model->dims[l + 1]; j++)
			{
				out[j] = 0;
				for (uint32_t i = 0; i < model->dims[l]; i++)
					out[j] += in[i] * (double) member->weight[l][i * model->dims[l + 1] + j];
				if (l + 1 == model->layers)
					continue;
				out[j] = (out[j] - (double) member->running_mean[l][j]) / sqrt((double) member->running_var[l][j] + 1e-4) +
						 (double) member->offset[l][j];
				out[j] = out[j] < 0 ? out[j] * 0.01 : out[j];
			}
			memcpy(in, out, model->dims[l + 1] * sizeof(double));
		}
		for (uint32_t j = 0; j < model->dims[model->layers]; j++)
			distance += pow(in[j] - (double) member->center[j], 2);
		score += distance / member->divisor / (double) model->config.members;
	}
	free(in);
	free(out);
	return (score + weight * reference_distance(model, x) / model->input_mean) / (1 + weight);
}

/* A row's inputs. */
static void
reference_inputs(const DsadScaling *scaling, const double *row, double *x)
{
	for (uint32_t i = 0; i < scaling->inputs; i++)
	{
		double		raw = row == NULL || isnan(row[i]) ? scaling->fill[i] : row[i];

		x[i] = fmin(fmax((raw - scaling->offset[i]) * scaling->scale[i], -scaling->limit[i]), scaling->limit[i]);
	}
}

/* Scores against the reference; together, alone, and at each level the same bits; missing pixels count as their mean. */
static void
check_scores(const DsadModel *model, DsadArena *arena, TestRows *rows)
{
	uint32_t	features = rows->features;
	double		scores[ROWS];
	double	   *x = malloc(features * sizeof(double));
	float	   *embedding;
	bool		first = true;
	DsadError	error;

	rows->value[3] = NAN;
	for (int level = DSAD_KERNEL_PLAIN; level <= DSAD_KERNEL_AVX512; level++)
	{
		const DsadKernel *kernel = dsad_kernel((DsadKernelLevel) level);
		DsadScorer *scorer;
		double		found[ROWS];

		if (kernel == NULL)
			continue;
		CHECK(dsad_scorer_create(&scorer, arena, model, kernel, &error) == DSAD_OK);
		test_score(scorer, rows->value, ROWS, found);
		if (first)
			memcpy(scores, found, sizeof(scores));
		CHECK(memcmp(scores, found, sizeof(scores)) == 0);
		for (int i = 0; i < ROWS; i += 3)
		{
			double		alone;
			double		norm = 0;

			test_score(scorer, rows->value + (size_t) i * features, 1, &alone);
			CHECK(memcmp(&alone, &scores[i], sizeof(double)) == 0);
			embedding = malloc(dsad_scorer_embedding_size(scorer) * sizeof(float));
			test_embed(scorer, rows->value + (size_t) i * features, embedding);
			for (uint32_t j = 0; j < dsad_scorer_embedding_size(scorer); j++)
				norm += pow(embedding[j], 2);
			CHECK(fabs(norm - alone) <= 3e-5 * alone);
			free(embedding);
		}
		first = false;
	}
	for (int i = 0; i < 4; i++)
	{
		double		expected;

		reference_inputs(&model->scaling, rows->value + (size_t) i * features, x);
		expected = reference_score(model, x);
		CHECK(fabs(scores[i] - expected) <= 2e-5 * expected);
	}
	rows->value[3] = 0;
	free(x);
}

/* Contributions add up to score - baseline; the same bits at each level; of small pictures, against small steps. */
static void
check_explanations(const DsadModel *model, DsadArena *arena, const TestEnv *env, const TestRows *rows, bool small)
{
	uint32_t	features = rows->features;
	double	   *contribution = malloc(4 * features * sizeof(double));
	double	   *before = contribution + features;
	double	   *from = before + features;
	double	   *to = from + features;
	DsadError	error;

	for (int level = DSAD_KERNEL_PLAIN; level <= DSAD_KERNEL_AVX512; level++)
	{
		const DsadKernel *kernel = dsad_kernel((DsadKernelLevel) level);
		DsadScorer *scorer;
		double		score[2];
		double		sum = 0;

		if (kernel == NULL)
			continue;
		CHECK(dsad_scorer_create(&scorer, arena, model, kernel, &error) == DSAD_OK);
		CHECK(dsad_explain(scorer, &(DsadRows) {rows->value + features, 1, false}, &env->env, contribution, &error) == DSAD_OK);
		CHECK(level == DSAD_KERNEL_PLAIN || memcmp(before, contribution, features * sizeof(double)) == 0);
		memcpy(before, contribution, features * sizeof(double));
		for (uint32_t j = 0; j < features; j++)
			from[j] = NAN;
		test_score(scorer, from, 1, &score[0]);
		test_score(scorer, rows->value + features, 1, &score[1]);
		for (uint32_t j = 0; j < features; j++)
			sum += contribution[j];
		CHECK(fabs(sum - (score[1] - score[0])) <= 1e-5 * (score[0] + score[1]));
	}
	if (small)
	{
		double		worst = 0;
		double		sizes = 0;
		double	   *expected = calloc(features, sizeof(double));
		double	   *x = malloc(features * sizeof(double));

		reference_inputs(&model->scaling, NULL, from);
		reference_inputs(&model->scaling, rows->value + features, to);
		for (int step = 0; step < STEPS; step++)
			for (uint32_t i = 0; i < features; i++)
			{
				double		above;

				for (uint32_t j = 0; j < features; j++)
					x[j] = from[j] + (to[j] - from[j]) * (step + 0.5) / STEPS;
				x[i] += 1e-6;
				above = reference_score(model, x);
				x[i] -= 2e-6;
				expected[i] += (to[i] - from[i]) * (above - reference_score(model, x)) / 2e-6 / STEPS;
			}
		for (uint32_t i = 0; i < features; i++)
		{
			worst = fmax(worst, fabs(expected[i] - contribution[i]));
			sizes += fabs(expected[i]);
		}
		if (worst > 2e-2 * sizes)
			printf("a contribution is off by %g of %g\n", worst, sizes);
		CHECK(worst <= 2e-2 * sizes);
		free(expected);
		free(x);
	}
	free(contribution);
}

/* Through the bytes: the same model, which scores the same. */
static void
check_bytes(const DsadModel *model, const TestEnv *env, const TestRows *rows)
{
	DsadArena	arena;
	DsadArena	members;
	DsadModel	read[2];
	DsadError	error;
	size_t		length;
	size_t		again;
	uint8_t    *bytes = test_encode(model, env, &length);
	uint8_t    *other;

	dsad_arena_init(&arena, &env->env);
	dsad_arena_init(&members, &env->env);
	CHECK(dsad_model_decode(&read[0], &arena, bytes, length, &error) == DSAD_OK);
	CHECK(dsad_model_decode_for_scoring(&read[1], &arena, &members, bytes, length, &error) == DSAD_OK);
	CHECK(read[0].convs == model->convs && memcmp(&read[0].picture, &model->picture, sizeof(DsadPicture)) == 0);
	CHECK(read[0].config.network == DSAD_NETWORK_CONV);
	other = test_encode(&read[0], env, &again);
	CHECK(again == length && memcmp(bytes, other, length) == 0);
	for (int i = 0; i < 2; i++)
	{
		const DsadModel *models[] = {model, &read[i]};
		double		score[2][ROWS];

		for (int k = 0; k < 2; k++)
		{
			DsadScorer *scorer;

			CHECK(dsad_scorer_create(&scorer, &arena, models[k], dsad_kernel_best(), &error) == DSAD_OK);
			test_score(scorer, rows->value, ROWS, score[k]);
		}
		CHECK(memcmp(score[0], score[1], sizeof(score[0])) == 0);
	}
	/* cut anywhere, it is none */
	for (size_t cut = 0; cut < length; cut += length / 97 + 1)
		CHECK(dsad_model_decode(&read[1], &arena, bytes, cut, &error) != DSAD_OK);
	free(bytes);
	free(other);
	dsad_arena_release(&members);
	dsad_arena_release(&arena);
}

/* Bytes that nobody trained: a mean picture beyond the inputs' limit scores finitely; an infinite factor is refused. */
static void
check_forged(const DsadModel *model, DsadArena *arena, const TestEnv *env, const TestRows *rows)
{
	double		own = model->white.own;
	double		fill = model->scaling.fill[0];
	DsadModel	forged = *model;
	DsadModel	read;
	DsadScorer *scorer;
	DsadError	error;
	size_t		length;
	uint8_t    *bytes;
	double		score[2];

	if (dsad_directions(&model->config, model->scaling.inputs) == 0)
		return;
	for (int sign = -1; sign <= 1; sign += 2)
	{
		model->scaling.fill[0] = sign * 1e308;
		CHECK(fabsf(dsad_input_center(model, 0)) == (float) model->scaling.limit[0]);
		CHECK(dsad_scorer_create(&scorer, arena, model, dsad_kernel_best(), &error) == DSAD_OK);
		test_score(scorer, rows->value, 2, score);
		CHECK(isfinite(score[0]) && isfinite(score[1]) && score[0] > 0);
	}
	model->scaling.fill[0] = fill;
	for (int i = 0; i < 2; i++)
	{
		forged.white.own = i == 0 ? own : INFINITY;
		bytes = test_encode(&forged, env, &length);
		CHECK((dsad_model_decode(&read, arena, bytes, length, &error) == DSAD_OK) == (i == 0));
		free(bytes);
	}
}

/* An update moves the weights, and keeps scaling and BatchNorm's statistics. */
static void
check_update(DsadModel *model, DsadArena *arena, const TestEnv *env, TestRows *rows)
{
	DsadRowSource source = test_source(rows, ROWS);
	DsadDataset parts[DSAD_PARTS];
	DsadMember *member = &model->members[0];
	size_t		weights = dsad_conv_weights(&model->conv[0]);
	float	   *before = malloc(weights * sizeof(float));
	float		mean = member->conv_mean[0][0];
	DsadPlan	plan;
	DsadError	error;

	memcpy(before, member->conv_weight[0], weights * sizeof(float));
	dsad_config_update(&model->config, ROWS);
	model->config.epochs = 2;
	CHECK(dsad_prepare_update(model, &plan, arena, arena, &env->env, &source, &error) == DSAD_OK);
	memset(parts, 0, sizeof(parts));
	for (int part = 0; part < DSAD_PARTS; part++)
	{
		parts[part].scaled = dsad_arena_array(arena, plan.count[part], rows->features * sizeof(float));
		parts[part].label = dsad_arena_array(arena, plan.count[part], sizeof(int8_t));
	}
	CHECK(dsad_fill(model, &plan, &env->env, &source, parts, &error) == DSAD_OK);
	for (uint32_t m = 0; m < model->config.members; m++)
		CHECK(dsad_update_member(model, &plan, m, &env->env, parts, &error) == DSAD_OK);
	CHECK(memcmp(before, member->conv_weight[0], weights * sizeof(float)) != 0);
	CHECK(member->conv_mean[0][0] == mean);
	free(before);
}

/* A model of such pictures from beginning to end. */
static void
test_pictures(DsadShape shape, uint32_t others, const int32_t *channels, uint32_t modules, uint32_t hidden, bool small)
{
	DsadConfig	config = conv_config(channels, modules, hidden);
	TestEnv		env;
	TestRows	rows;
	DsadArena	arena;
	DsadEncoder encoder;
	DsadModel	model;
	DsadModel	twin;
	DsadError	error;
	DsadRowSource source;

	config.ema_decay = 0.9;
	config.trimming = 5;
	if (others == 0)
	{
		/* as by default: their own distance is whitened, and every second member learns slowly */
		config.preset = DSAD_PRESET_DEFAULT;
		config.scaling = DSAD_SCALING_COMMON;
		config.input_weight = 1;
	}
	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	make_pictures(&rows, shape, others, 7);
	make_encoder(&encoder, &arena, shape, others);
	source = test_source(&rows, ROWS);
	source.encoder = &encoder;
	CHECK(test_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
	CHECK(model.convs == modules && model.config.network == DSAD_NETWORK_CONV);
	for (int m = 0; m < config.members; m++)
		CHECK(model.members[m].pretrain_loss[1] < model.members[m].pretrain_loss[0]);
	config.network = DSAD_NETWORK_AUTO;
	CHECK(test_train(&twin, &arena, &env.env, &config, &source, &error) == DSAD_OK);
	CHECK(memcmp(twin.members[1].conv_weight[0], model.members[1].conv_weight[0],
				 dsad_conv_weights(&model.conv[0]) * sizeof(float)) == 0);
	check_scores(&model, &arena, &rows);
	check_explanations(&model, &arena, &env, &rows, small);
	check_bytes(&model, &env, &rows);
	check_forged(&model, &arena, &env, &rows);
	check_update(&model, &arena, &env, &rows);
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
	test_free_rows(&rows);
}

/* One scaling for all pixels of a channel: mean 0 and deviation 1 over all, or from 0 to 1. */
static void
test_scaling(void)
{
	static const int32_t channels[] = {2};
	DsadShape	shape = {2, 6, 5};
	DsadConfig	config = conv_config(channels, 1, 0);
	TestEnv		env;
	TestRows	rows;
	DsadArena	arena;
	DsadEncoder encoder;
	DsadModel	model;
	DsadError	error;
	DsadRowSource source;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	make_pictures(&rows, shape, 1, 9);
	make_encoder(&encoder, &arena, shape, 1);
	source = test_source(&rows, ROWS);
	source.encoder = &encoder;
	for (int method = 0; method <= DSAD_SCALING_STANDARD_ROBUST; method++)
	{
		double		sum = 0;
		double		squares = 0;

		config.scaling = method;
		CHECK(test_train(&model, &arena, &env.env, &config, &source, &error) == DSAD_OK);
		CHECK(model.scaling.inputs == (method == DSAD_SCALING_STANDARD_ROBUST ? 62 : 61));
		for (uint32_t j = 0; j < 30; j++)
			CHECK(model.scaling.offset[30 + j] == model.scaling.offset[30] && model.scaling.scale[30 + j] == model.scaling.scale[30]);
		for (int i = 0; i < ROWS; i++)
			for (int j = 0; j < 30; j++)
			{
				double		x = (rows.value[i * 61 + 30 + j] - model.scaling.offset[30]) * model.scaling.scale[30];

				sum += x / ROWS / 30;
				squares += x * x / ROWS / 30;
				CHECK(method != DSAD_SCALING_MINMAX || (x >= 0 && x <= 1));
			}
		if (method != DSAD_SCALING_MINMAX && method != DSAD_SCALING_NONE)
			CHECK(fabs(sum) < 1e-9 && fabs(squares - 1) < 1e-9);
	}
	dsad_arena_release(&arena);
	test_free_rows(&rows);
}

/* Options that do not fit the rows, and rows that are too much. */
static void
test_limits(void)
{
	static const int32_t channels[] = {3, 2, 2, 2};
	static const int32_t many[] = {512, 512};
	TestEnv		env;
	DsadArena	arena;
	DsadEncoder encoder;
	DsadEncoder array;
	DsadConfig	config;
	DsadError	error;
	DsadModel	model;
	DsadNet		net;
	uint32_t	dims[2];

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	CHECK(dsad_encoder_of_picture(&encoder, &arena, (DsadShape) {1, 5, 9}, &error) == DSAD_OK);
	CHECK(dsad_encoder_of_array(&array, &arena, 45, &error) == DSAD_OK);
	config = conv_config(channels, 2, 0);
	CHECK(dsad_network_check(&config, &encoder, &error) == DSAD_OK);
	CHECK(dsad_network_check(&config, &array, &error) == DSAD_BAD_OPTION && strstr(error.message, "holds none") == NULL);
	config.channels.count = 3;
	config.channels.value[2] = 2;
	CHECK(dsad_network_check(&config, &encoder, &error) == DSAD_BAD_OPTION && strstr(error.message, "3 elements") != NULL);
	config.network = DSAD_NETWORK_AUTO;
	CHECK(dsad_network(&config, &array) == DSAD_NETWORK_MLP && dsad_network(&config, &encoder) == DSAD_NETWORK_CONV);
	/* an MLP needs a hidden layer */
	CHECK(dsad_network_check(&config, &array, &error) == DSAD_BAD_OPTION && strstr(error.message, "hidden") != NULL);
	/* too small for convolutions */
	CHECK(dsad_encoder_of_picture(&encoder, &arena, (DsadShape) {1, 3, 9}, &error) == DSAD_OK);
	CHECK(dsad_network(&config, &encoder) == DSAD_NETWORK_MLP);
	CHECK(dsad_encoder_of_picture(&encoder, &arena, (DsadShape) {300, 300, 300}, &error) == DSAD_TOO_LARGE);
	CHECK(dsad_encoder_of_picture(&encoder, &arena, (DsadShape) {3, 140, 140}, &error) == DSAD_OK);
	config = conv_config(many, 2, 0);
	CHECK(dsad_network_check(&config, &encoder, &error) == DSAD_TOO_LARGE);
	/* a batch that would take too much */
	config = conv_config(channels, 1, 0);
	config.channels.value[0] = 40;
	CHECK(dsad_model_alloc(&model, &arena, &config, encoder.features, encoder.features, dsad_encoder_picture(&encoder), &error) ==
		  DSAD_OK);
	dims[0] = model.dims[0];
	dims[1] = model.dims[1];
	CHECK(dsad_net_alloc(&net, &arena, dims, 1, 2, &error) == DSAD_OK);
	CHECK(dsad_conv_net_alloc(&net, &arena, &model, false, 65536, &error) == DSAD_TOO_LARGE);
	/* defaults */
	dsad_config_defaults(&config, DSAD_PRESET_DEFAULT, 10, 100);
	dsad_conv_defaults(&config, &array, 100);
	CHECK(config.hidden.count == 2);
	dsad_conv_defaults(&config, &encoder, 100);
	CHECK(config.hidden.count == 0 && config.latent == 128);
	dsad_arena_release(&arena);
}

/* A training that fails at any allocation, or is canceled at any poll, says so and leaves nothing. */
static void
test_failing(void)
{
	static const int32_t channels[] = {3, 2};
	DsadShape	shape = {1, 5, 7};
	DsadConfig	config = conv_config(channels, 2, 3);
	bool		failed = true;

	config.epochs = config.pretrain_epochs = 1;
	config.members = 1;
	for (int kind = 0; kind < 2; kind++, failed = true)
		for (long at = 1; failed; at += kind == 0 ? 1 : 7)
		{
			TestEnv		env;
			TestEnv		calm;
			TestRows	rows;
			DsadArena	arena;
			DsadArena	own;
			DsadEncoder encoder;
			DsadModel	model;
			DsadError	error;
			DsadRowSource source;
			DsadStatus	status;

			test_env_init(&env);
			test_env_init(&calm);
			dsad_arena_init(&arena, &env.env);
			dsad_arena_init(&own, &calm.env);
			make_pictures(&rows, shape, 0, 7);
			make_encoder(&encoder, &own, shape, 0);
			source = test_source(&rows, ROWS);
			source.encoder = &encoder;
			*(kind == 0 ? &env.fail_allocation : &env.fail_poll) = at;
			status = test_train(&model, &arena, &env.env, &config, &source, &error);
			failed = status != DSAD_OK;
			CHECK(!failed || status == (kind == 0 ? DSAD_NO_MEMORY : DSAD_CANCELED));
			dsad_arena_release(&arena);
			dsad_arena_release(&own);
			CHECK(env.live == 0);
			test_free_rows(&rows);
		}
}

int
main(void)
{
	static const int32_t lenet[] = {8, 4};
	static const int32_t small[] = {3, 2};
	static const int32_t three[] = {5, 6, 3};
	static const int32_t one[] = {6};

	test_pictures((DsadShape) {1, 5, 7}, 0, small, 2, 0, true);
	test_pictures((DsadShape) {1, 4, 4}, 2, small, 2, 3, true);
	test_pictures((DsadShape) {2, 7, 6}, 1, one, 1, 0, false);
	test_pictures((DsadShape) {1, 28, 28}, 0, lenet, 2, 0, false);
	test_pictures((DsadShape) {3, 32, 32}, 0, three, 3, 8, false);
	test_pictures((DsadShape) {1, 64, 48}, 0, lenet, 2, 0, false);
	test_scaling();
	test_limits();
	test_failing();
	return check_report();
}
