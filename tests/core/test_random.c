/*
 * test_random.c
 *	  The generator against its authors' numbers, streams that differ, fair
 *	  bounds, and initial weights spread as PyTorch's and Glorot's are.
 */
#include <math.h>
#include <string.h>

#include "check.h"
#include "core/train/net.h"

/* xoshiro256++ from the state 1, 2, 3, 4. */
static void
test_reference(void)
{
	static const uint64_t expected[] = {
		UINT64_C(41943041), UINT64_C(58720359), UINT64_C(3588806011781223), UINT64_C(3591011842654386),
		UINT64_C(9228616714210784205), UINT64_C(9973669472204895162), UINT64_C(14011001112246962877),
		UINT64_C(12406186145184390807), UINT64_C(15849039046786891736), UINT64_C(10450023813501588000)};
	DsadRandom	random = {{1, 2, 3, 4}};

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		CHECK(dsad_random_next(&random) == expected[i]);
}

/* Seeds, members and purposes that are near each other name different streams. */
static void
test_streams(void)
{
	uint64_t	first[3 * 3 * 3];
	size_t		count = 0;

	for (uint64_t seed = 0; seed < 3; seed++)
		for (uint32_t member = 0; member < 3; member++)
			for (int stream = 1; stream <= 3; stream++)
			{
				DsadRandom	random;

				dsad_random_seed(&random, seed, member, (DsadStream) stream);
				first[count++] = dsad_random_next(&random);
			}
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			CHECK(first[i] != first[j]);
}

/* Each of 7 numbers comes up as often as the others: within 5 standard deviations. */
static void
test_below(void)
{
	DsadRandom	random;
	double		seen[7] = {0};
	const double wanted = 100000;

	dsad_random_seed(&random, 1, 0, DSAD_STREAM_SPLIT);
	for (int i = 0; i < 7 * (int) wanted; i++)
		seen[dsad_random_below(&random, 7)]++;
	for (int i = 0; i < 7; i++)
		CHECK(fabs(seen[i] - wanted) < 5 * sqrt(wanted * 6 / 7));
	CHECK(dsad_random_below(&random, 1) == 0);
}

/* Weights are uniform within the bound: none beyond it, some near it, mean 0, variance bound^2 / 3. */
static void
test_init(DsadInit init)
{
	static const uint32_t dims[] = {40, 200, 30};
	TestEnv		env;
	DsadArena	arena;
	DsadError	error;
	DsadNet		net;
	DsadRandom	random;
	DsadWatch	watch;

	test_env_init(&env);
	dsad_arena_init(&arena, &env.env);
	watch = (DsadWatch) {&env.env, false};
	CHECK(dsad_net_alloc(&net, &arena, dims, 2, 4, &error) == DSAD_OK);
	dsad_random_seed(&random, 3, 0, DSAD_STREAM_ENCODER_INIT);
	dsad_net_init(&net, &random, init, &watch);
	for (uint32_t l = 0; l < 2; l++)
	{
		double		bound = init == DSAD_INIT_GLOROT ? sqrt(6.0 / (dims[l] + dims[l + 1])) : 1 / sqrt(dims[l]);
		double		count = (double) dims[l] * dims[l + 1];
		double		sum = 0;
		double		squares = 0;
		double		largest = 0;

		for (size_t i = 0; i < dims[l]; i++)
			for (size_t j = 0; j < net.width[l + 1]; j++)
			{
				double		w = net.weight[l][i * net.width[l + 1] + j];

				sum += w;
				squares += w * w;
				largest = fmax(largest, fabs(w));
				if (j >= dims[l + 1])
					CHECK(w == 0);
			}
		CHECK(largest <= bound * (1 + 1e-6) && largest > 0.99 * bound);
		CHECK(fabs(sum / count) < 5 * bound / sqrt(3 * count));
		CHECK(fabs(squares / count / (bound * bound / 3) - 1) < 5 * sqrt(0.8 / count));
	}
	dsad_arena_release(&arena);
	CHECK(env.live == 0);
}

int
main(void)
{
	test_reference();
	test_streams();
	test_below();
	test_init(DSAD_INIT_PYTORCH);
	test_init(DSAD_INIT_GLOROT);
	return check_report();
}
