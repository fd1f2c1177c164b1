/*
 * import_sizes.c
 *	  The sizes of the nets in a file of tensors.  Nothing in the file is trusted: sizes are within their limits, and
 *	  every tensor that they promise is there, before memory is asked for.
 */
#include "pg/pg_compat.h"

#include "exchange/import_sizes.h"
#include "pg/core_env.h"

/* Another tensor's rows and columns; false when there is none of that name. */
static bool
find_shape(const DeepsadTensors *tensors, int member, uint32 layer, uint64 *rows, uint64 *columns)
{
	const DeepsadTensor *tensor = deepsad_tensor_find(tensors, "member.%d.layer.%u.weight", member, layer);

	if (tensor == NULL)
		return false;
	if (tensor->dimensions != 2)
		deepsad_file_invalid("tensor \"%s\" is no matrix", tensor->name);
	*rows = tensor->shape[0];
	*columns = tensor->shape[1];
	return true;
}

/* The shape (out, in, row, column) of a module's weights; false when there are none. */
static bool
find_conv(const DeepsadTensors *tensors, int member, uint32 module, DsadConv *conv)
{
	const DeepsadTensor *tensor = deepsad_tensor_find(tensors, "member.%d.conv.%u.weight", member, module);

	if (tensor == NULL)
		return false;
	if (tensor->dimensions != 4 || tensor->shape[0] > DSAD_MAX_CHANNELS || tensor->shape[1] > DSAD_MAX_FEATURES ||
		tensor->shape[2] != DSAD_CONV_SIDE || tensor->shape[3] != DSAD_CONV_SIDE)
		deepsad_file_invalid("tensor \"%s\" is not (at most %d, channels, %d, %d)", tensor->name, DSAD_MAX_CHANNELS,
							 DSAD_CONV_SIDE, DSAD_CONV_SIDE);
	*conv = (DsadConv) {.out = (uint32) tensor->shape[0], .in = (uint32) tensor->shape[1]};
	return true;
}

/* Which networks they are, and the modules of convolutional ones, by the tensors. */
static void
read_channels(const DeepsadTensors *tensors, DsadConfig *config)
{
	DsadConv	conv;

	config->network = DSAD_NETWORK_MLP;
	for (uint32 c = 0; c < DSAD_MAX_CONVS && find_conv(tensors, 0, c, &conv); c++)
	{
		config->network = DSAD_NETWORK_CONV;
		config->channels.value[c] = (int32_t) conv.out;
		config->channels.count = c + 1;
	}
}

/* Takes the sizes of member 0 into config, and returns its dense layers' inputs; all are within their limits then. */
static uint32
read_sizes(const DeepsadTensors *tensors, DsadConfig *config)
{
	uint32		least = 2;
	uint64		widest = 2 * DSAD_MAX_FEATURES;
	uint64		width[DSAD_MAX_LAYERS + 1];
	uint64		in;
	uint64		out;
	uint32		layers = 0;
	int			members = 0;

	read_channels(tensors, config);
	if (config->network == DSAD_NETWORK_CONV)
	{
		least = 1;
		widest += DSAD_MAX_CHANNELS * (DSAD_MAX_FEATURES / 4);
	}
	while (layers < DSAD_MAX_LAYERS && find_shape(tensors, 0, layers, &out, &in))
	{
		width[layers] = in;
		width[++layers] = out;
	}
	if (layers < least)
		deepsad_file_invalid("it has %u layers, a model has from %u to %d", layers, least, DSAD_MAX_LAYERS);
	while (members < DSAD_MAX_MEMBERS && find_shape(tensors, members, 0, &out, &in))
		members++;
	for (uint32 l = 0; l <= layers; l++)
	{
		uint64		most = l == 0 ? widest : l == layers ? DSAD_MAX_LATENT :
														   DSAD_MAX_WIDTH;

		if (width[l] < 1 || width[l] > most)
			deepsad_file_invalid("a layer has " UINT64_FORMAT " units, must have from 1 to " UINT64_FORMAT, width[l],
								 most);
	}
	config->members = members;
	config->latent = (int64_t) width[layers];
	config->hidden.count = layers - 1;
	for (uint32 l = 1; l < layers; l++)
		config->hidden.value[l - 1] = (int32_t) width[l];
	return (uint32) width[0];
}

/* A module of a member must be as large as member 0's, and take what the module before it makes. */
static void
check_conv(const DeepsadTensors *tensors, const DsadConfig *config, int m, uint32 c)
{
	DsadConv	conv;
	DsadConv	first;

	if (!find_conv(tensors, m, c, &conv) || !find_conv(tensors, 0, c, &first) || conv.out != first.out ||
		conv.in != (c == 0 ? first.in : (uint32) config->channels.value[c - 1]))
		deepsad_file_invalid("module %u of member %d is missing, or not as large as that of member 0", c, m);
}

/* Every tensor of every member must be there before memory for the nets is asked for. */
static void
check_members(const DeepsadTensors *tensors, const DsadConfig *config, uint32 inputs)
{
	uint64		in;
	uint64		out;

	for (int m = 0; m < config->members; m++)
	{
		for (uint32 c = 0; config->network == DSAD_NETWORK_CONV && c < config->channels.count; c++)
			check_conv(tensors, config, m, c);
		for (uint32 l = 0; l <= config->hidden.count; l++)
			if (!find_shape(tensors, m, l, &out, &in) ||
				in != (l == 0 ? inputs : (uint64) config->hidden.value[l - 1]) ||
				out != (l == config->hidden.count ? (uint64) config->latent : (uint64) config->hidden.value[l]))
				deepsad_file_invalid("layer %u of member %d is missing, or not as large as that of member 0", l, m);
	}
}

/* Takes the nets' sizes from the tensors into config, and returns the dense layers' inputs. */
uint32
deepsad_import_sizes(const DeepsadTensors *tensors, DsadConfig *config)
{
	uint32		dense = read_sizes(tensors, config);

	check_members(tensors, config, dense);
	return dense;
}

/*
 * The inputs of nets whose dense layers have so many, which the columns must become; of a convolutional network the
 * picture must be one that its modules can go over.
 */
uint32
deepsad_import_inputs(const DsadConfig *config, const DsadEncoder *encoder, const DeepsadTensors *tensors, uint32 dense)
{
	uint32		inputs = dsad_inputs(config, encoder);
	DsadModel	shape = {.config = *config};
	DsadConv	conv;
	DsadError	error;

	if (config->network == DSAD_NETWORK_MLP && inputs != dense)
		deepsad_file_invalid("its nets have %u inputs, its columns become %u", dense, inputs);
	if (config->network == DSAD_NETWORK_MLP)
		return inputs;
	deepsad_check(dsad_network_check(config, encoder, &error), &error);
	dsad_model_shape(&shape, inputs, dsad_conv_picture(config, encoder));
	if (shape.dims[0] != dense)
		deepsad_file_invalid("its dense layers have %u inputs, its modules and columns make %u", dense, shape.dims[0]);
	if (find_conv(tensors, 0, 0, &conv) && conv.in != shape.conv[0].in)
		deepsad_file_invalid("its modules take %u channels, its pictures have %u", conv.in, shape.conv[0].in);
	return inputs;
}
