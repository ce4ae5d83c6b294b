/*
 * metrics.h - what a daemon tells of itself in figures, as JSON: the answer
 * to the control command "metrics", which `qkdctl serve` turns into the text
 * that Prometheus reads. Names as there: qkdnode_..., counters end in _total,
 * units are octets and seconds.
 *
 *	{"metrics": [{"name", "type", "help", "samples": [
 *	    {"labels": {"link": "a-b"}, "value": 1},
 *	    {"labels": {}, "buckets": [...], "sum": 0.1, "count": 3}]}]}
 *
 * "buckets" has for each of histogram_bounds how many took at most so long.
 */
#ifndef QKD_METRICS_H
#define QKD_METRICS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };
extern const char *const metrics_types[];	/* their names; NULL at the end */

json_t	*metrics_new(void);
/* A family; its samples are added to what is returned, which `all` owns. */
json_t	*metrics_family(json_t *all, enum metrics_type, const char *name,
	    const char *help);
/* Label names and values alternate, at most 3 pairs; NULL ends them. */
void	 metrics_add(json_t *family, double value, ...)
	    __attribute__((sentinel));
void	 metrics_add_histogram(json_t *family, const struct histogram *, ...)
	    __attribute__((sentinel));

/*
 * Families from fields of status objects: number or boolean, times `scale`.
 * "counters.pulled" is a field of a field. An object that does not have it
 * has no sample. A table ends with name NULL.
 */
struct metrics_row {
	enum metrics_type	 type;
	const char		*name, *help, *field;
	double			 scale;
};
/* `labels`: up to 3 pairs of label and the field with its text; then NULL. */
void	 metrics_rows(json_t *all, const struct metrics_row *,
	    const json_t *objects, const char *const *labels);
/* The same of a single object, without labels. */
void	 metrics_object(json_t *all, const struct metrics_row *,
	    const json_t *object);

#endif
