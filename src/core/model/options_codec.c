/*
 * options_codec.c
 *	  Options <-> the bodies of sections "OPTS" and "CONV"; doc/format.md specifies them.
 */
#include "core/model/codec_sections.h"

#define GIVEN 0x100				/* beside an option's kind: somebody gave it */

/* Every option as id, kind, number of elements, elements of 8 bytes. */
void
dsad_put_options(DsadWriter *w, const DsadModel *model)
{
	int			kept = 0;

	for (int i = 0; i < dsad_option_count; i++)
		kept += dsad_options[i].id != 0;
	dsad_put_int(w, (uint64_t) kept, 4);
	for (int i = 0; i < dsad_option_count; i++)
	{
		const DsadOption *option = &dsad_options[i];
		const void *field = (const char *) &model->config + option->offset;
		const DsadIntList *list = field;

		if (option->id == 0)
			continue;
		dsad_put_int(w, option->id, 2);
		dsad_put_int(w, (uint64_t) option->kind | (dsad_option_is_given(option, &model->config) ? GIVEN : 0), 2);
		if (option->kind == DSAD_OPTION_INT_LIST)
		{
			dsad_put_int(w, list->count, 4);
			for (uint32_t j = 0; j < list->count; j++)
				dsad_put_int(w, (uint64_t) (int64_t) list->value[j], 8);
			continue;
		}
		dsad_put_int(w, 1, 4);
		if (option->kind == DSAD_OPTION_FLOAT)
			dsad_put_double(w, *(const double *) field);
		else
			dsad_put_int(w, (uint64_t) * (const int64_t *) field, 8);
	}
}

/* The option's index in dsad_options, or -1. */
static int
option_by_id(uint64_t id)
{
	for (int i = 0; i < dsad_option_count; i++)
		if (id != 0 && dsad_options[i].id == id)
			return i;
	return -1;
}

/* Reads one option's value into config. */
static bool
get_option(DsadReader *r, DsadConfig *config, const DsadOption *option, uint32_t count)
{
	void	   *field = (char *) config + option->offset;

	if (option->kind == DSAD_OPTION_INT_LIST)
	{
		DsadIntList *list = field;

		if (count > option->max_count)
			return false;
		list->count = count;
		for (uint32_t j = 0; j < count; j++)
		{
			int64_t		value = (int64_t) dsad_get_int(r, 8);

			if (value < INT32_MIN || value > INT32_MAX)
				return false;
			list->value[j] = (int32_t) value;
		}
		return true;
	}
	if (count != 1)
		return false;
	if (option->kind == DSAD_OPTION_FLOAT)
		*(double *) field = dsad_get_double(r);
	else
		*(int64_t *) field = (int64_t) dsad_get_int(r, 8);
	return true;
}

/* Every option exactly once; whether all are within their ranges is for the caller to check, who knows the network. */
DsadStatus
dsad_get_options(DsadReader *r, DsadModel *model, DsadError *error)
{
	DsadConfig *config = &model->config;
	uint64_t	seen = 0;
	uint32_t	count = (uint32_t) dsad_get_int(r, 4);

	dsad_config_defaults(config, DSAD_PRESET_DEFAULT, 1, 1);
	config->network = DSAD_NETWORK_MLP;
	for (int i = 0; i < dsad_option_count; i++)
		seen |= (uint64_t) (dsad_options[i].id == 0) << i;
	for (uint32_t i = 0; i < count && !r->failed; i++)
	{
		int			index = option_by_id(dsad_get_int(r, 2));
		uint64_t	kind = dsad_get_int(r, 2);
		uint32_t	elements = (uint32_t) dsad_get_int(r, 4);

		if (r->failed)
			break;
		if (index < 0)
			return dsad_newer(r, error);
		if ((kind & ~(uint64_t) GIVEN) != (uint64_t) dsad_options[index].kind || (seen >> index & 1) ||
			!get_option(r, config, &dsad_options[index], elements))
			return dsad_corrupt(error, "an option is malformed");
		if (kind & GIVEN)
			dsad_option_mark_given(&dsad_options[index], config, true);
		seen |= UINT64_C(1) << index;
	}
	if (seen != (UINT64_C(1) << dsad_option_count) - 1)
		return dsad_corrupt(error, "an option is missing");
	if (dsad_finish_section(r, "OPTS", error) != DSAD_OK)
		return error->status;
	/* training has chosen these */
	if (config->epochs < 0 || config->input_weight < 0 || config->calibration == DSAD_CALIBRATION_AUTO)
		return dsad_corrupt(error, "an option is out of range");
	return DSAD_OK;
}

/* The modules of a convolutional network: how many, and the maps of each. */
void
dsad_put_channels(DsadWriter *w, const DsadModel *model)
{
	dsad_put_int(w, model->config.channels.count, 4);
	for (uint32_t m = 0; m < model->config.channels.count; m++)
		dsad_put_int(w, (uint64_t) model->config.channels.value[m], 4);
}

/* Makes the network convolutional. */
DsadStatus
dsad_get_channels(DsadReader *r, DsadModel *model, DsadError *error)
{
	DsadIntList *channels = &model->config.channels;

	model->config.network = DSAD_NETWORK_CONV;
	channels->count = (uint32_t) dsad_get_int(r, 4);
	if (channels->count > DSAD_MAX_CONVS)
		r->failed = true;
	for (uint32_t m = 0; m < channels->count && !r->failed; m++)
	{
		uint64_t	maps = dsad_get_int(r, 4);

		channels->value[m] = maps <= DSAD_MAX_CHANNELS ? (int32_t) maps : 0;
	}
	return dsad_finish_section(r, "CONV", error);
}
