/*
 * onnx_conv.c
 *	  The convolutions of an ONNX graph.
 *
 * All members go through one convolution for each module: the first one makes the maps of all of them from the one
 * picture, the others are convolutions in as many groups.  BatchNorm is folded in; leaky ReLU follows the max-pool,
 * which is the same, as it never falls.  Shapes: N rows, I inputs, M members, C x h x w the picture, H the dense
 * layers' inputs.
 */
#include "pg/pg_compat.h"

#include "exchange/folded.h"
#include "exchange/onnx_conv.h"

/* Whole numbers: shapes, places, axes. */
static void
integers(DeepsadOnnx *onnx, const char *name, int64 count, const int64 *numbers)
{
	int64	   *kept = palloc(count * sizeof(int64));

	memcpy(kept, numbers, count * sizeof(int64));
	deepsad_onnx_tensor(onnx, name, DEEPSAD_ONNX_INT64, kept, 1, &count);
}

/* Inputs first .. end - 1 of scaled (N, I). */
static void
put_slice(DeepsadOnnx *onnx, const char *name, uint32 first, uint32 end)
{
	char	   *inputs = psprintf("scaled %s_first %s_end axis1", name, name);

	integers(onnx, psprintf("%s_first", name), 1, (int64[]) {first});
	integers(onnx, psprintf("%s_end", name), 1, (int64[]) {end});
	deepsad_onnx_node(onnx, "Slice", inputs, name, NULL, 0);
}

/* The weights and biases of module c, of all members one behind the other. */
static void
put_weights(DeepsadOnnx *onnx, const DsadModel *model, uint32 c)
{
	const DsadConv *conv = &model->conv[c];
	int64		members = model->config.members;
	Size		weights = dsad_conv_weights(conv);
	float	   *weight = palloc_extended(members * weights * sizeof(float), MCXT_ALLOC_HUGE);
	float	   *bias = palloc(members * conv->out * sizeof(float));
	int64		weight_shape[4] = {members * conv->out, conv->in, DSAD_CONV_SIDE, DSAD_CONV_SIDE};
	int64		bias_shape[1] = {members * conv->out};

	for (int m = 0; m < members; m++)
		deepsad_fold_conv(model, m, c, weight + m * weights, bias + m * conv->out);
	deepsad_onnx_tensor(onnx, psprintf("filter%u", c), DEEPSAD_ONNX_FLOAT, weight, 4, weight_shape);
	deepsad_onnx_tensor(onnx, psprintf("shift%u", c), DEEPSAD_ONNX_FLOAT, bias, 1, bias_shape);
}

/* picture (N, C, h, w) to the last module's maps, whose name it returns: members behind each other. */
static char *
put_modules(DeepsadOnnx *onnx, const DsadModel *model)
{
	DeepsadOnnxAttribute pads = {"pads", 4, {DSAD_CONV_PAD, DSAD_CONV_PAD, DSAD_CONV_PAD, DSAD_CONV_PAD}};
	DeepsadOnnxAttribute pool[2] = {{"kernel_shape", 2, {2, 2}}, {"strides", 2, {2, 2}}};
	char	   *in = "picture";

	for (uint32 c = 0; c < model->convs; c++)
	{
		DeepsadOnnxAttribute conv[2] = {pads, {"group", 0, {c == 0 ? 1 : model->config.members}}};

		put_weights(onnx, model, c);
		deepsad_onnx_node_with(onnx, "Conv", psprintf("%s filter%u shift%u", in, c, c), psprintf("conv%u", c), conv, 2);
		deepsad_onnx_node_with(onnx, "MaxPool", psprintf("conv%u", c), psprintf("pool%u", c), pool, 2);
		in = psprintf("maps%u", c);
		/* its slope is 0.01 unless it is told another */
		deepsad_onnx_node(onnx, "LeakyRelu", psprintf("pool%u", c), in, NULL, 0);
	}
	return in;
}

/* scaled (N, I) to dense (M, N, H): the last module's maps, then the inputs that are no pixels. */
void
deepsad_onnx_convs(DeepsadOnnx *onnx, const DsadModel *model)
{
	DsadPicture picture = model->picture;
	uint32		inputs = model->scaling.inputs;
	uint32		end = picture.first + (uint32) dsad_shape_cells(picture.shape);
	uint32		others = inputs - (end - picture.first);
	int64		members = model->config.members;
	DeepsadOnnxAttribute swap = {"perm", 3, {1, 0, 2}};
	bool		before = picture.first > 0;
	bool		behind = end < inputs;

	put_slice(onnx, "pixels", picture.first, end);
	integers(onnx, "picture_shape", 4,
			 (int64[]) {0, picture.shape.channels, picture.shape.height, picture.shape.width});
	deepsad_onnx_node(onnx, "Reshape", "pixels picture_shape", "picture", NULL, 0);
	integers(onnx, "maps_shape", 3, (int64[]) {0, members, model->dims[0] - others});
	deepsad_onnx_node(onnx, "Reshape", psprintf("%s maps_shape", put_modules(onnx, model)), "by_row", NULL, 0);
	deepsad_onnx_node_with(onnx, "Transpose", "by_row", others > 0 ? "by_member" : "dense", &swap, 1);
	if (others == 0)
		return;
	if (before)
		put_slice(onnx, "before", 0, picture.first);
	if (behind)
		put_slice(onnx, "behind", end, inputs);
	deepsad_onnx_node(onnx, "Concat", before && behind ? "before behind" : behind ? "behind" :
																					"before",
					  "others",
					  "axis", 1);
	integers(onnx, "each_member", 3, (int64[]) {members, 1, 1});
	deepsad_onnx_node(onnx, "Unsqueeze", "others axis0", "others_once", NULL, 0);
	deepsad_onnx_node(onnx, "Expand", "others_once each_member", "others_each", NULL, 0);
	deepsad_onnx_node(onnx, "Concat", "by_member others_each", "dense", "axis", 2);
}

/* uncentered (N, I) to wide (N, I): inputs from where their own distance is measured, the mean picture. */
void
deepsad_onnx_input_center(DeepsadOnnx *onnx, const DsadModel *model)
{
	int64		shape[2] = {1, model->scaling.inputs};
	double	   *center = palloc(model->scaling.inputs * sizeof(double));

	for (uint32 i = 0; i < model->scaling.inputs; i++)
		center[i] = dsad_input_center(model, i);
	deepsad_onnx_tensor(onnx, "input_center", DEEPSAD_ONNX_DOUBLE, center, 2, shape);
	deepsad_onnx_node(onnx, "Sub", "uncentered input_center", "wide", NULL, 0);
}
