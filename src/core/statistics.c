/*
 * statistics.c
 *	  How sure measured numbers are.
 */
#include <math.h>

#include "dsad.h"

/* Newcombe's variance of an AUC whose true value is theta, from n rows of one kind and m of the other. */
static double
auc_variance(double theta, double n, double m)
{
	double		others = (n + m) / 2 - 1;

	return theta * (1 - theta) * (1 + others * (1 - theta) / (2 - theta) + others * theta / (1 + theta)) / (n * m);
}

/* Where between inside (the AUC) and outside the distance to the AUC becomes z standard deviations. */
static double
auc_limit(double auc, double outside, double n, double m, double z)
{
	double		inside = auc;

	for (int i = 0; i < 60; i++)
	{
		double		middle = (inside + outside) / 2;

		if ((middle - auc) * (middle - auc) <= z * z * auc_variance(middle, n, m))
			inside = middle;
		else
			outside = middle;
	}
	return inside;
}

/*
 * The confidence interval of a ROC AUC measured on so many anomalies and normal
 * rows (at least one each), z standard deviations to each side: Newcombe 2006,
 * method 5, which stays inside [0, 1] and is not empty at its ends.
 */
void
dsad_auc_interval(double auc, double anomalies, double normals, double z, double interval[2])
{
	interval[0] = auc_limit(auc, 0, anomalies, normals, z);
	interval[1] = auc_limit(auc, 1, anomalies, normals, z);
}
