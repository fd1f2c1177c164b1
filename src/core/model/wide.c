/*
 * wide.c
 *	  Defaults for rows that are one long array: an embedding.
 */
#include "core/model/wide.h"

/* From so many elements of arrays on, and if they are such a part of the features, rows are embeddings. */
#define WIDE_ELEMENTS 300
#define WIDE_PART 0.9

/* Whether rows are long arrays of one dimension, and hardly anything else. */
bool
dsad_is_wide(const DsadEncoder *encoder)
{
	uint32_t	elements = 0;

	for (uint32_t c = 0; c < encoder->columns; c++)
		if (encoder->column[c].type == DSAD_TYPE_ARRAY && encoder->column[c].shape.channels == 0)
			elements += encoder->column[c].cells;
	return elements > WIDE_ELEMENTS && (double) elements >= WIDE_PART * encoder->features;
}

/*
 * Other defaults, over dsad_config_defaults, for rows that are one long array.  Its numbers have one unit, so they keep
 * their proportions, and robust copies would only cost.
 */
void
dsad_wide_defaults(DsadConfig *config, const DsadEncoder *encoder)
{
	if (config->preset == DSAD_PRESET_PAPER || !dsad_is_wide(encoder))
		return;
	config->hidden = (DsadIntList) {.count = 2, .value = {64, 32}};
	config->latent = 16;
	config->scaling = DSAD_SCALING_COMMON;
	if (config->preset == DSAD_PRESET_DEFAULT)
		config->members = 4;
}
