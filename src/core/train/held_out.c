/*
 * held_out.c
 *	  How many rows are held out for validation and for p-values.
 */
#include "core/train/held_out.h"

#include <math.h>

#include "core/model/choices.h"

/* More held-out rows than this tell nothing new, and are scored after every epoch. */
#define MAX_VALIDATION_ROWS 50000
#define MAX_VALIDATION_NUMBERS (4 * 1024 * 1024)	/* in those rows: they stay in memory */

/*
 * Split calibration holds out an eighth of the eligible rows.  Large tables have rows to spare: of so many it is a
 * fifth, in between the share grows with them.  It is at least so many rows, at most a fifth.
 */
#define LEAST_PART 8
#define MANY_ROWS 10000
#define LEAST_ROWS 100

/* Decides what automatic calibration is; one member alone has no others to leave rows to. */
void
dsad_split_resolve(DsadConfig *config, const DsadFacts *facts)
{
	if (config->calibration == DSAD_CALIBRATION_AUTO)
		config->calibration = dsad_default_calibration(config, facts);
	if (config->calibration == DSAD_CALIBRATION_CROSS && config->members == 1)
		config->calibration = DSAD_CALIBRATION_SPLIT;
}

/* How many of so many eligible rows split calibration holds out, were there no limit: a decision needs 1 / alpha. */
static double
split_rows(const DsadConfig *config, double rows)
{
	double		most = rows / DSAD_CALIBRATION_PART;
	double		decided = 1 / (config->contamination > 0 ? config->contamination : config->alpha);

	return fmin(most, fmax(fmax(LEAST_ROWS, decided), fmax(rows / LEAST_PART, most * rows / MANY_ROWS)));
}

/* How many calibration rows there shall be of `rows` eligible ones. */
double
dsad_calibration_rows(const DsadConfig *config, double rows)
{
	double		wanted = 0;

	if (config->calibration == DSAD_CALIBRATION_SPLIT)
		wanted = split_rows(config, rows);
	else if (config->calibration == DSAD_CALIBRATION_CROSS)
		wanted = config->members >= DSAD_CALIBRATION_PART ? rows :
															rows * (double) config->members / DSAD_CALIBRATION_PART;
	return wanted < DSAD_CALIBRATION_ROWS ? wanted : DSAD_CALIBRATION_ROWS;
}

/* How many validation rows there shall be, of so many inputs. */
double
dsad_validation_rows(const DsadConfig *config, const DsadFacts *facts, uint32_t inputs)
{
	double		wanted = config->validation * (double) facts->rows;
	double		most = (double) inputs * MAX_VALIDATION_ROWS > MAX_VALIDATION_NUMBERS ?
						   MAX_VALIDATION_NUMBERS / (double) inputs :
						   MAX_VALIDATION_ROWS;

	return wanted < most ? wanted : most;
}
