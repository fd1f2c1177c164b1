/*
 * statistics.c
 *	  Quantiles, and how sure measured numbers are.
 */
#include "core/statistics.h"

#include <math.h>

/* Moves values[root] down the heap of values[0 .. count - 1]. */
static void
sift_down(double *values, size_t root, size_t count)
{
	double		value = values[root];

	for (size_t child; (child = 2 * root + 1) < count; root = child)
	{
		if (child + 1 < count && values[child + 1] > values[child])
			child++;
		if (values[child] <= value)
			break;
		values[root] = values[child];
	}
	values[root] = value;
}

/* Sorts values (no NaN), smallest first: without memory, recursion or the C library's taste. */
void
dsad_sort(double *values, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift_down(values, i, count);
	for (size_t end = count; end-- > 1;)
	{
		double		largest = values[0];

		values[0] = values[end];
		values[end] = largest;
		sift_down(values, 0, end);
	}
}

/* The q-quantile of sorted values (count > 0), interpolated as numpy does. */
double
dsad_sorted_quantile(const double *values, size_t count, double q)
{
	double		position = q * (double) (count - 1);
	size_t		low = (size_t) position;

	if (low + 1 >= count)
		return values[count - 1];
	return values[low] + (position - (double) low) * (values[low + 1] - values[low]);
}

/* The value that stands at `rank` (from 0) when values (more than rank, no NaN) are sorted; moves them about. */
double
dsad_select(double *values, size_t count, size_t rank)
{
	size_t		low = 0;
	size_t		high = count - 1;

	while (low < high)
	{
		double		pivot = values[low + (high - low) / 2];
		size_t		i = low;
		size_t		j = high;

		for (;;)
		{
			while (values[i] < pivot)
				i++;
			while (values[j] > pivot)
				j--;
			if (i >= j)
				break;
			{
				double		value = values[i];

				values[i++] = values[j];
				values[j--] = value;
			}
		}
		/* low .. j are at most the pivot, j + 1 .. high at least */
		if (values[j] > pivot && j > low)
			j--;
		if (rank <= j)
			high = j;
		else
			low = j + 1;
	}
	return values[low];
}

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
