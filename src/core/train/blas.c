/*
 * blas.c
 *	  Binds OpenBLAS without ever letting it have a thread, and without trusting it.
 *
 * The library starts its threads in its ELF constructor, with the signal mask
 * of the moment; in a server process they would then run the server's signal
 * handlers.  So: load it late (first training), privately, with every signal
 * blocked and OPENBLAS_NUM_THREADS=1.  When its work memory cannot be mapped it
 * loops for ever, so room for that is tried first.  It takes a CPU newer than itself
 * for an old one, so it is told the core (blas_core.c); one that does not use what
 * this CPU has, or multiplies wrong, is left alone.  Whatever fails, training
 * goes on with the internal kernels.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* RTLD_NOLOAD */
#endif
#include "core/train/blas.h"

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/kernel/kernel.h"

/* A little more than the 32 << 22 bytes that OpenBLAS maps at load or first product, twice. */
#define BLAS_MEMORY ((size_t) 272 << 20)

/* A library belongs to the process, so its binding does too: no other static state of the core changes a result. */
static struct
{
	bool		tried;
	void	   *handle;
	DsadSgemm	sgemm;
	DsadBlasInfo info;
} binding;

static const char *const library_names[] = {
#ifdef __APPLE__
	"libopenblas.dylib", "libopenblas.0.dylib",
#else
	"libopenblas.so.0", "libopenblas.so",
#endif
	NULL};

/* Whether OpenBLAS would find the address space it needs. */
static bool
memory_available(void)
{
	void	   *map = mmap(NULL, BLAS_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return false;
	munmap(map, BLAS_MEMORY);
	return true;
}

/* Whether another part of the process has OpenBLAS: its threads are not ours to touch. */
static bool
already_loaded(void)
{
	for (int i = 0; library_names[i] != NULL; i++)
	{
		void	   *handle = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);

		if (handle != NULL)
		{
			dlclose(handle);
			return true;
		}
	}
	return false;
}

/*
 * Loads the library with all signals blocked, one thread, and the core that it is to
 * take for this CPU, unless the environment names one; NULL when there is none.
 */
static void *
load_library(void)
{
	sigset_t	all;
	sigset_t	before;
	const char *old = getenv("OPENBLAS_NUM_THREADS");
	const char *core = getenv("OPENBLAS_CORETYPE") ? NULL : dsad_blas_best_core();
	char		saved[32];
	void	   *handle = NULL;

	snprintf(saved, sizeof(saved), "%s", old ? old : "");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	if (core)
		setenv("OPENBLAS_CORETYPE", core, 1);
	for (int i = 0; library_names[i] != NULL && handle == NULL; i++)
		handle = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL);
	if (core)
		unsetenv("OPENBLAS_CORETYPE");
	if (old)
		setenv("OPENBLAS_NUM_THREADS", saved, 1);
	else
		unsetenv("OPENBLAS_NUM_THREADS");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return handle;
}

/* Finds a symbol; a data pointer becomes a function pointer only through memory in ISO C. */
static bool
find_symbol(const char *name, void *function)
{
	void	   *symbol = dlsym(binding.handle, name);

	memcpy(function, &symbol, sizeof(symbol));
	return symbol != NULL;
}

#define FIRST_SIZE 256			/* of the first product: large enough for the library's work memory */
#define FIRST_TOLERANCE 1e-4	/* of its sums: FIRST_SIZE terms of up to 1/4, in any order */

/*
 * A first product, which makes the library map its work memory while there is
 * room for it: it never gives that back, and never looks for it again.  Returns why the
 * library is no good, NULL when it gives what the internal kernel does, but for rounding.
 */
static const char *
first_product(void)
{
	const size_t count = FIRST_SIZE * FIRST_SIZE;
	float	   *a = mmap(NULL, 4 * count * sizeof(float), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	float	   *b = a + count;
	float	   *c = b + count;
	float	   *expected = c + count;
	uint32_t	number = 1;
	bool		right = true;

	if (a == MAP_FAILED)
		return "not enough address space for OpenBLAS";
	for (size_t i = 0; i < 2 * count; i++)
	{
		number = number * 1664525 + 1013904223;
		a[i] = (float) (number >> 8) / (1 << 24) - 0.5f;
	}
	binding.sgemm(DSAD_CBLAS_ROW_MAJOR, DSAD_CBLAS_NO_TRANS, DSAD_CBLAS_NO_TRANS, FIRST_SIZE, FIRST_SIZE, FIRST_SIZE, 1,
				  a, FIRST_SIZE, b, FIRST_SIZE, 0, c, FIRST_SIZE);
	dsad_kernel_best()->gemm_nn(FIRST_SIZE, FIRST_SIZE, FIRST_SIZE, a, FIRST_SIZE, b, FIRST_SIZE, expected, FIRST_SIZE);
	for (size_t i = 0; i < count; i++)
		right &= fabsf(c[i] - expected[i]) <= (float) FIRST_TOLERANCE;	/* false for NaN */
	munmap(a, 4 * count * sizeof(float));
	return right ? NULL : "a product of OpenBLAS is wrong";
}

/* Tries to bind; returns why it did not work, NULL when it did. */
static const char *
bind_library(void)
{
	int			(*get_parallel) (void);
	void		(*set_num_threads) (int);
	char	   *(*get_config) (void);
	char	   *(*get_corename) (void);
	const char *reason;

	if (already_loaded())
		return "another library of this process has loaded OpenBLAS";
	if (!memory_available())
		return "not enough address space for OpenBLAS";
	binding.handle = load_library();
	if (binding.handle == NULL)
		return "libopenblas.so.0 was not found";
	if (!find_symbol("openblas_get_parallel", &get_parallel) ||
		!find_symbol("openblas_set_num_threads", &set_num_threads) ||
		!find_symbol("openblas_get_config", &get_config) ||
		!find_symbol("openblas_get_corename", &get_corename) ||
		!find_symbol("cblas_sgemm", &binding.sgemm))
	{
		dlclose(binding.handle);
		return "the library lacks OpenBLAS functions";
	}
	if (get_parallel() == 2)
	{
		/* OpenMP starts its threads at the first product, out of our reach. */
		dlclose(binding.handle);
		return "the library is an OpenMP build";
	}
	set_num_threads(1);
	snprintf(binding.info.config, sizeof(binding.info.config), "%s", get_config());
	snprintf(binding.info.core, sizeof(binding.info.core), "%s", get_corename());
	reason = dsad_blas_core_unfit(binding.info.core);
	if (reason != NULL)
		return reason;
	if (!memory_available())
		return "not enough address space for OpenBLAS";
	return first_product();
}

/* Binds OpenBLAS if that has not been tried in this process; never fails. */
void
dsad_blas_bind(void)
{
	const char *reason;

	if (binding.tried)
		return;
	binding.tried = true;
	reason = bind_library();
	if (reason != NULL)
	{
		binding.sgemm = NULL;
		snprintf(binding.info.reason, sizeof(binding.info.reason), "%s", reason);
		return;
	}
	binding.info.bound = true;
}

/* sgemm, or NULL when OpenBLAS is not bound. */
DsadSgemm
dsad_blas_sgemm(void)
{
	return binding.sgemm;
}

/* What is bound, and if nothing, why. */
DsadBlasInfo
dsad_blas_info(void)
{
	return binding.info;
}
