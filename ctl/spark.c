/* spark.c - eight bars. */
#include "spark.h"

#include <stdio.h>

static const char *const	bars[2][8] = {
	{ "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586",
	    "\u2587", "\u2588" },
	{ "_", ".", "-", "=", "+", "*", "%", "#" },
};

static double
figure(const json_t *figures, size_t i)
{
	double	x = json_number_value(json_array_get(figures, i));

	return x > 0 ? x : 0;		/* also if it is no number */
}

char *
spark(char out[SPARK_TEXT], const json_t *figures, bool ascii)
{
	size_t	n = json_array_size(figures), len = 0;
	size_t	first = n > SPARK_POINTS ? n - SPARK_POINTS : 0;
	double	most = 0;

	out[0] = '\0';
	for (size_t i = first; i < n; i++)
		if (figure(figures, i) > most)
			most = figure(figures, i);
	for (size_t i = first; i < n; i++)
		len += (size_t)sprintf(out + len, "%s", bars[ascii][most > 0 ?
		    (int)(figure(figures, i) / most * 7 + 0.5) : 0]);
	return out;
}
