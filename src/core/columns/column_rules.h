/*
 * column_rules.h
 *	  Which columns of the training rows are no features, because they tell the label or
 *	  cannot mean the same tomorrow, and what the times of a row become.
 */
#ifndef DSAD_COLUMN_RULES_H
#define DSAD_COLUMN_RULES_H

#include "core/columns/column_statistics.h"

#define DSAD_RULE_CHANCE 1e-5	/* of a rule's being wrong by chance, at most */
#define DSAD_WARN_CHANCE 1e-3	/* the same for a warning */

/* What there is to say of a column that stays. */
typedef enum DsadColumnWarning
{
	DSAD_WARNING_NONE,
	DSAD_WARNING_LABEL,			/* tells the label, and was asked for, or too few rows are labeled to be sure */
	DSAD_WARNING_TELLING,		/* an element of the array tells the label */
	DSAD_WARNING_SERIAL,		/* looks like a serial number, but there are too few rows to be sure */
	DSAD_WARNING_TIME,			/* numbers that look like times */
	DSAD_WARNING_MOVES,			/* a measurement that moves with another column */
	DSAD_WARNINGS
} DsadColumnWarning;

/* A column to decide on: what is known, then what is decided. */
typedef struct DsadCandidate
{
	bool		asked;			/* the user wants it: it is not left out */
	bool		exact;			/* and as it is described */
	bool		integer;		/* by its SQL type */
	uint64_t	values;			/* categories: different ones; 0 = not counted */
	bool		variety;		/* categories: more than can be counted */
	const DsadColumnStatistics *statistics;

	bool		left_out;
	uint8_t		reason;			/* DsadLeftOutReason */
	uint8_t		time;			/* times: what they become; as described to begin with */
	uint16_t	since;			/* DSAD_TIME_SINCE in time: from which column; number in the draft */
	uint8_t		warning;		/* DsadColumnWarning */
	uint16_t	other;			/* MOVES: with which column */
	uint32_t	element;		/* WARNING_TELLING: which one, from 0 */
	double		serial_chance;	/* logarithm: of numbers that come by chance to repeat as little */
} DsadCandidate;

extern DsadStatus dsad_column_rules(const DsadEncoder *draft, DsadCandidate *candidate,
									const uint64_t rows[DSAD_LABELS], const DsadEnv *env, DsadError *error);
/* Inside: what each of the files decides. */
extern void dsad_judge_label(const DsadColumn *column, DsadCandidate *candidate, const uint64_t rows[DSAD_LABELS]);
extern void dsad_leave_out(DsadCandidate *candidate, DsadLeftOutReason reason);
extern void dsad_settle_instants(const DsadEncoder *draft, DsadCandidate *candidate);

#endif
