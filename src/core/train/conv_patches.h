/*
 * conv_patches.h
 *	  Pictures' maps as the matrices of products.
 */
#ifndef DSAD_CONV_PATCHES_H
#define DSAD_CONV_PATCHES_H

#include "core/model/conv.h"

/* Maps of pictures, the pixels of each side by side; pictures, and the channels of one, lie so many floats apart. */
typedef struct DsadMaps
{
	float	   *at;
	size_t		picture;
	size_t		channel;
} DsadMaps;

static inline float *
dsad_map(const DsadMaps *maps, size_t picture, size_t channel)
{
	return maps->at + picture * maps->picture + channel * maps->channel;
}

extern void dsad_patches(const DsadMaps *maps, size_t start, size_t count, uint32_t channels, uint32_t height,
						 uint32_t width, float *patches, size_t ld);
extern void dsad_raise(const DsadMaps *maps, size_t start, size_t count, uint32_t channels, uint32_t height,
					   uint32_t width, const DsadMaps *raised);
extern void dsad_lower(const float *map, uint32_t height, uint32_t width, float *lowered);
extern void dsad_flip(const float *weight, const DsadConv *conv, float *flipped);

#endif
