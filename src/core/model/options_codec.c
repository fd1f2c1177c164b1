/*
 * options_codec.c
 *	  Options <-> the body of section "OPTS"; doc/format.md specifies it.
 */
#include "core/model/codec_sections.h"

/* Beside an option's kind: */
#define GIVEN 0x100				/* somebody gave it */
#define SKIPPABLE 0x200			/* an option of a later version, which a reader need not know */

/* Every option that the model keeps, as id, kind, number of elements, elements of 8 bytes. */
void
dsad_put_options(DsadWriter *w, const DsadModel *model)
{
	int			kept = 0;

	for (int i = 0; i < dsad_option_count; i++)
		kept += dsad_option_is_kept(&dsad_options[i], &model->config);
	dsad_put_int(w, (uint64_t) kept, 4);
	for (int i = 0; i < dsad_option_count; i++)
	{
		const DsadOption *option = &dsad_options[i];
		const void *field = (const char *) &model->config + option->offset;
		const DsadIntList *list = field;

		if (!dsad_option_is_kept(option, &model->config))
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

/* Passes over an option that an older version does without. */
static void
skip_option(DsadReader *r, uint32_t elements)
{
	if (elements > r->left / 8)
		r->failed = true;
	else
		dsad_get_bytes(r, (size_t) elements * 8);
}

/* Whether those options were read that such a model keeps: bit i is dsad_options[i]. */
static bool
is_complete(const DsadConfig *config, uint64_t seen)
{
	for (int i = 0; i < dsad_option_count; i++)
		if (dsad_option_is_kept(&dsad_options[i], config) != (seen >> i & 1))
			return false;
	return true;
}

/* Every option of such a model exactly once; the caller checks their ranges. */
DsadStatus
dsad_get_options(DsadReader *r, DsadModel *model, DsadError *error)
{
	DsadConfig *config = &model->config;
	uint64_t	seen = 0;
	uint32_t	count = (uint32_t) dsad_get_int(r, 4);

	dsad_config_defaults(config, DSAD_PRESET_DEFAULT, 1, 1);
	for (uint32_t i = 0; i < count && !r->failed; i++)
	{
		int			index = option_by_id(dsad_get_int(r, 2));
		uint64_t	kind = dsad_get_int(r, 2);
		uint32_t	elements = (uint32_t) dsad_get_int(r, 4);

		if (r->failed)
			break;
		if (index < 0 && !(kind & SKIPPABLE))
			return dsad_newer(r, error);
		if (index < 0)
		{
			skip_option(r, elements);
			continue;
		}
		if ((kind & ~(uint64_t) GIVEN) != (uint64_t) dsad_options[index].kind || (seen >> index & 1) ||
			!get_option(r, config, &dsad_options[index], elements))
			return dsad_corrupt(error, "an option is malformed");
		if (kind & GIVEN)
			dsad_option_mark_given(&dsad_options[index], config, true);
		seen |= UINT64_C(1) << index;
	}
	if (dsad_finish_section(r, "OPTS", error) != DSAD_OK)
		return error->status;
	if (!is_complete(config, seen))
		return dsad_corrupt(error, "an option is missing, or not one of its network");
	/* training has chosen these */
	if (config->epochs < 0 || config->input_weight < 0 || config->calibration == DSAD_CALIBRATION_AUTO ||
		config->network == DSAD_NETWORK_AUTO)
		return dsad_corrupt(error, "an option is out of range");
	return DSAD_OK;
}
