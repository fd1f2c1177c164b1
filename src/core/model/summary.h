/*
 * summary.h
 *	  What drift looks at in a row: each feature, but of a picture, whose single pixels say nothing, its mean and
 *	  its contrast.
 */
#ifndef DSAD_SUMMARY_H
#define DSAD_SUMMARY_H

#include "core/model/encoder.h"
#include "core/rows.h"

typedef enum DsadSummaryKind
{
	DSAD_SUMMARY_FEATURE,
	DSAD_SUMMARY_MEAN,
	DSAD_SUMMARY_CONTRAST
} DsadSummaryKind;

/* One number of a summary. */
typedef struct DsadSummary
{
	DsadSummaryKind kind;
	uint32_t	column;
	uint32_t	feature;		/* or the picture's first */
} DsadSummary;

extern uint32_t dsad_summaries(const DsadEncoder *encoder);
extern uint32_t dsad_summary_of(const DsadEncoder *encoder, uint32_t feature);
extern DsadSummary dsad_summary(const DsadEncoder *encoder, uint32_t number);
extern void dsad_summarize(const DsadEncoder *encoder, const DsadRows *row, double *summary);

#endif
