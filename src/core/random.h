/*
 * random.h
 *	  Seeded random streams.  A stream is named by (seed, member, purpose), so
 *	  that members and phases never share numbers, whatever order they run in.
 */
#ifndef DSAD_RANDOM_H
#define DSAD_RANDOM_H

#include <stdint.h>

typedef struct DsadRandom
{
	uint64_t	state[4];
} DsadRandom;

typedef enum DsadStream
{
	DSAD_STREAM_ENCODER_INIT = 1,
	DSAD_STREAM_DECODER_INIT,
	DSAD_STREAM_PRETRAIN_SHUFFLE,
	DSAD_STREAM_TRAIN_SHUFFLE,
	DSAD_STREAM_SPLIT,
	DSAD_STREAM_RESERVOIR,		/* not used any more: the others keep their numbers */
	DSAD_STREAM_UPDATE_SHUFFLE,
	DSAD_STREAM_SAMPLE,
	DSAD_STREAM_SKETCH,
	DSAD_STREAM_TRUST,
	DSAD_STREAM_OFFSETS,
	DSAD_STREAM_WHITEN
} DsadStream;

extern void dsad_random_seed(DsadRandom *random, uint64_t seed, uint32_t member, DsadStream stream);
extern uint64_t dsad_random_next(DsadRandom *random);
extern float dsad_random_uniform(DsadRandom *random, float low, float high);
extern uint32_t dsad_random_below(DsadRandom *random, uint32_t bound);

#endif
