/*
 * scaling.c
 *	  From the numbers of a row to the nets' inputs.
 */
#include "core/score/scaling.h"

/*
 * The nets' inputs (inputs) of row i of rows; raw is scratch (inputs - features).
 * False when one of the row's numbers is infinite.
 */
bool
dsad_scale_row(const DsadScaling *scaling, const DsadKernel *kernel, const DsadRows *rows, size_t i,
			   double *raw, float *scaled)
{
	size_t		features = scaling->features;
	size_t		copies = scaling->inputs - features;
	const DsadAnyFloat *single = (const DsadAnyFloat *) rows->values + i * features;
	const DsadAnyDouble *row = (const DsadAnyDouble *) rows->values + i * features;
	bool		finite = rows->single ? kernel->scale_float(scaling, single, features, scaled) :
										kernel->scale(scaling, row, features, scaled);

	if (copies > 0)
	{
		DsadScaling rest = *scaling;

		rest.offset += features;
		rest.scale += features;
		rest.fill += features;
		rest.limit += features;
		for (size_t k = 0; k < copies; k++)
			raw[k] = rows->single ? (double) single[scaling->copied[k]] : row[scaling->copied[k]];
		kernel->scale(&rest, raw, copies, scaled + features);
	}
	return finite;
}
