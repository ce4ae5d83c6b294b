/* spark.h - pure: a row of figures as one line of small bars. */
#ifndef CTL_SPARK_H
#define CTL_SPARK_H

#include <jansson.h>
#include <stdbool.h>

#define SPARK_POINTS	30
#define SPARK_TEXT	(SPARK_POINTS * 3 + 1)

/*
 * The last SPARK_POINTS of an array of figures, the largest as the full bar,
 * 0 as the lowest one; with `ascii` of letters that every terminal has.
 */
char	*spark(char out[SPARK_TEXT], const json_t *figures, bool ascii);

#endif
