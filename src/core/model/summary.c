/*
 * summary.c
 *	  What drift looks at in a row.
 */
#include "core/model/summary.h"

#include <math.h>

#define PICTURE_SUMMARIES 2		/* mean, contrast */

/* How many numbers a column's summary is. */
static uint32_t
column_summaries(const DsadColumn *column)
{
	return column->shape.channels > 0 ? PICTURE_SUMMARIES : column->features;
}

/* How many numbers the summary of a row is: its features, unless it has a picture. */
uint32_t
dsad_summaries(const DsadEncoder *encoder)
{
	uint32_t	count = 0;

	for (uint32_t c = 0; c < encoder->columns; c++)
		count += column_summaries(&encoder->column[c]);
	return count;
}

/* What number `number` of a summary is. */
DsadSummary
dsad_summary(const DsadEncoder *encoder, uint32_t number)
{
	uint32_t	c = 0;

	for (; c + 1 < encoder->columns && number >= column_summaries(&encoder->column[c]); c++)
		number -= column_summaries(&encoder->column[c]);
	if (encoder->column[c].shape.channels == 0)
		return (DsadSummary) {DSAD_SUMMARY_FEATURE, c, encoder->column[c].first_feature + number};
	return (DsadSummary) {number == 0 ? DSAD_SUMMARY_MEAN : DSAD_SUMMARY_CONTRAST, c, encoder->column[c].first_feature};
}

/* Which number of a summary a feature is, or (pixels) is part of: a picture's mean, which its contrast follows. */
uint32_t
dsad_summary_of(const DsadEncoder *encoder, uint32_t feature)
{
	uint32_t	column = encoder->feature_column[feature];
	uint32_t	number = 0;

	for (uint32_t c = 0; c < column; c++)
		number += column_summaries(&encoder->column[c]);
	return encoder->column[column].shape.channels > 0 ? number :
														number + feature - encoder->column[column].first_feature;
}

/* A picture's mean and standard deviation, of the pixels that are not missing; NaN when all are. */
static void
summarize_picture(const DsadColumn *column, const DsadRows *row, double *summary)
{
	double		sum = 0;
	double		squares = 0;
	uint32_t	count = 0;

	for (uint32_t i = 0; i < column->features; i++)
	{
		double		pixel = dsad_row_number(row, column->first_feature + i);

		sum += isnan(pixel) ? 0 : pixel;
		count += !isnan(pixel);
	}
	summary[0] = sum / count;
	for (uint32_t i = 0; i < column->features; i++)
	{
		double		difference = dsad_row_number(row, column->first_feature + i) - summary[0];

		squares += isnan(difference) ? 0 : difference * difference;
	}
	summary[1] = count > 0 ? sqrt(squares / count) : NAN;
	/* sums of huge pixels may overflow; a summary is a number or missing */
	for (int i = 0; i < PICTURE_SUMMARIES; i++)
		if (!isfinite(summary[i]))
			summary[i] = NAN;
}

/* The summary (dsad_summaries numbers) of a row of features. */
void
dsad_summarize(const DsadEncoder *encoder, const DsadRows *row, double *summary)
{
	for (uint32_t c = 0; c < encoder->columns; c++)
	{
		const DsadColumn *column = &encoder->column[c];

		if (column->shape.channels > 0)
			summarize_picture(column, row, summary);
		else
			for (uint32_t i = 0; i < column->features; i++)
				summary[i] = dsad_row_number(row, column->first_feature + i);
		summary += column_summaries(column);
	}
}
