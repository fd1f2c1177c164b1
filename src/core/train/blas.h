/*
 * blas.h
 *	  OpenBLAS, if the process may have it.
 */
#ifndef DSAD_BLAS_H
#define DSAD_BLAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the process's OpenBLAS binding says of itself; config and core are "" when it was not loaded. */
typedef struct DsadBlasInfo
{
	bool		bound;
	char		config[128];	/* openblas_get_config */
	char		core[32];		/* openblas_get_corename */
	char		reason[160];	/* why it is not bound, "" if it is or was not tried */
} DsadBlasInfo;

extern bool dsad_wants_blas(const uint32_t *dims, uint32_t layers, size_t batch_rows);
extern const char *dsad_blas_best_core(void);
extern const char *dsad_blas_core_unfit(const char *core);
extern void dsad_blas_bind(void);
extern DsadBlasInfo dsad_blas_info(void);

/* cblas_sgemm with 32-bit integers; the enums are plain ints in the C ABI. */
typedef void (*DsadSgemm) (int order, int transpose_a, int transpose_b, int m, int n, int k,
						   float alpha, const float *a, int lda, const float *b, int ldb,
						   float beta, float *c, int ldc);

#define DSAD_CBLAS_ROW_MAJOR 101
#define DSAD_CBLAS_NO_TRANS 111
#define DSAD_CBLAS_TRANS 112

extern DsadSgemm dsad_blas_sgemm(void);

#endif
