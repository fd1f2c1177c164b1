/*
 * sample_format.h
 *	  Sizes and marks of a training set's bytes.
 */
#ifndef DSAD_SAMPLE_FORMAT_H
#define DSAD_SAMPLE_FORMAT_H

#define DSAD_SAMPLE_MAGIC "DSRS"
#define DSAD_SAMPLE_VERSION 1
#define DSAD_SAMPLE_HEADER 96	/* bytes before the columns */
#define DSAD_SAMPLE_COLUMN 6	/* of a column beside its name */
#define DSAD_SAMPLE_SHAPE 12	/* behind that, of a column of pictures */
#define DSAD_SAMPLE_CHECKSUM 4	/* at the end */

/* The flags: entries have keys. */
#define DSAD_SAMPLE_KEYED 1

/* A column's second byte. */
#define DSAD_SAMPLE_PARTIAL 1
#define DSAD_SAMPLE_FORM_BIT 1	/* from here on: DsadForm */
#define DSAD_SAMPLE_MARKS 5		/* the largest */

#endif
