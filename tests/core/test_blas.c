/*
 * test_blas.c
 *	  OpenBLAS is used only when its core fits this CPU and it multiplies right.  A
 *	  process binds once, so each case is a process of its own, with fake_openblas.c's
 *	  library, which tests/run/core-check puts beside this program.
 */
#define _GNU_SOURCE
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "core/train/blas.h"

static char program[1024];
static char library[1024];

/* In a process of its own: binds, and says whether that worked, the core, what the environment is left with, why not. */
static int
bind_and_tell(void)
{
	const char *left = getenv("OPENBLAS_CORETYPE");
	DsadBlasInfo info;

	dsad_blas_bind();
	info = dsad_blas_info();
	left = getenv("OPENBLAS_CORETYPE");
	printf("%d %s %s %s\n", info.bound && dsad_blas_sgemm() != NULL, info.core[0] ? info.core : "none", left ? left : "unset",
		   info.reason);
	return info.bound == (dsad_blas_sgemm() != NULL) ? 0 : 1;
}

/* Binds with these settings: the core is `core`, and it is bound unless the reason contains `reason`. */
static void
check_case(const char *settings, const char *core, const char *left, const char *reason)
{
	char		command[4096];
	char		line[512] = "";
	char		expected[128];
	FILE	   *child;
	bool		good;

	snprintf(command, sizeof(command), "env -u OPENBLAS_CORETYPE LD_LIBRARY_PATH='%s' %s '%s' bind", library, settings, program);
	child = popen(command, "r");
	if (child == NULL || fgets(line, sizeof(line), child) == NULL)
		strcpy(line, "nothing");
	if (child != NULL)
		CHECK(pclose(child) == 0);
	snprintf(expected, sizeof(expected), "%d %s %s ", reason == NULL, core, left);
	good = strncmp(line, expected, strlen(expected)) == 0 && (reason == NULL || strstr(line, reason) != NULL);
	if (!good)
		printf("%s: %s, expected %s%s\n", settings, line, expected, reason ? reason : "");
	CHECK(good);
}

/* A core is told where this CPU has one that needs telling; no other may be slower. */
static void
check_cores(void)
{
	const char *best = dsad_blas_best_core();

	CHECK(best == NULL || dsad_blas_core_unfit(best) == NULL);
	CHECK(best == NULL || dsad_blas_core_unfit("Prescott") != NULL);
	CHECK(best == NULL || dsad_blas_core_unfit("Sandybridge") != NULL);
	CHECK(best == NULL || dsad_blas_core_unfit("a core of the future") != NULL);
}

int
main(int argc, char **argv)
{
	const char *best = dsad_blas_best_core();

	if (argc > 1)
		return bind_and_tell();
	check_cores();
	if (realpath(argv[0], program) == NULL)
		return 1;
	snprintf(library, sizeof(library), "%s", program);
	strcat(dirname(library), "/fake");
	if (access(library, X_OK) != 0)
	{
		printf("skipped: no %s\n", library);
		return check_report();
	}
	check_case("", best ? best : "Prescott", "unset", NULL);
	check_case("FAKE_CORE=Prescott", "Prescott", "unset", dsad_blas_core_unfit("Prescott"));
	check_case("FAKE_CORE=Bulldozer", "Bulldozer", "unset", dsad_blas_core_unfit("Bulldozer"));
	check_case("OPENBLAS_CORETYPE=Haswell", "Haswell", "Haswell", dsad_blas_core_unfit("Haswell"));
	check_case("FAKE_WRONG=0.01", best ? best : "Prescott", "unset", "wrong");
	check_case("FAKE_WRONG=nan", best ? best : "Prescott", "unset", "wrong");
	check_case("FAKE_WRONG=1e-6", best ? best : "Prescott", "unset", NULL);
	check_case("FAKE_PARALLEL=2", "none", "unset", "OpenMP");
	return check_report();
}
