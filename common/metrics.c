/* metrics.c - families of figures. */
#include "metrics.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LABELS_MAX	3

const char *const	metrics_types[] = { "counter", "gauge", "histogram",
    NULL };

json_t *
metrics_new(void)
{
	return json_pack("{s:[]}", "metrics");
}

json_t *
metrics_family(json_t *all, enum metrics_type type, const char *name,
    const char *help)
{
	json_t	*family = json_pack("{s:s, s:s, s:s, s:[]}", "name", name,
		    "type", metrics_types[type], "help", help, "samples");

	json_array_append_new(json_object_get(all, "metrics"), family);
	return family;
}

static json_t *
labels(va_list ap)
{
	json_t		*o = json_object();
	const char	*name;

	for (int i = 0; i < LABELS_MAX &&
	    (name = va_arg(ap, const char *)) != NULL; i++)
		json_object_set_new(o, name,
		    json_string(va_arg(ap, const char *)));
	return o;
}

void
metrics_add(json_t *family, double value, ...)
{
	va_list	ap;

	va_start(ap, value);
	json_array_append_new(json_object_get(family, "samples"),
	    json_pack("{s:o, s:f}", "labels", labels(ap), "value", value));
	va_end(ap);
}

void
metrics_add_histogram(json_t *family, const struct histogram *h, ...)
{
	json_t		*buckets = json_array();
	uint64_t	 n = 0;
	va_list		 ap;

	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		n += h->n[i];
		json_array_append_new(buckets, json_integer((json_int_t)n));
	}
	va_start(ap, h);
	json_array_append_new(json_object_get(family, "samples"),
	    json_pack("{s:o, s:o, s:f, s:I}", "labels", labels(ap),
	    "buckets", buckets, "sum", (double)h->sum / 1e6,
	    "count", (json_int_t)(n + h->n[HISTOGRAM_BOUNDS])));
	va_end(ap);
}

/* ---- from status objects ---- */

static const json_t *
field(const json_t *o, const char *name)
{
	const char	*dot = strchr(name, '.');
	char		 first[64];

	if (dot == NULL)
		return json_object_get(o, name);
	snprintf(first, sizeof(first), "%.*s", (int)(dot - name), name);
	return json_object_get(json_object_get(o, first), dot + 1);
}

static void
add_field(json_t *family, const struct metrics_row *row, const json_t *object,
    json_t *names)
{
	const json_t	*v = field(object, row->field);
	double		 value = json_is_true(v) ? 1 : json_number_value(v);

	if (json_is_number(v) || json_is_boolean(v))
		json_array_append_new(json_object_get(family, "samples"),
		    json_pack("{s:O, s:f}", "labels", names, "value",
		    value * row->scale));
}

static json_t *
names_of(const json_t *object, const char *const *names)
{
	json_t	*o = json_object();

	for (; names != NULL && names[0] != NULL; names += 2)
		json_object_set(o, names[0],
		    json_object_get(object, names[1]));
	return o;
}

static void
add_row(json_t *family, const struct metrics_row *row, const json_t *object,
    const char *const *names)
{
	json_t	*o = names_of(object, names);

	add_field(family, row, object, o);
	json_decref(o);
}

void
metrics_rows(json_t *all, const struct metrics_row *row,
    const json_t *objects, const char *const *names)
{
	const json_t	*object;
	json_t		*family;
	size_t		 i;

	for (; row->name != NULL; row++) {
		family = metrics_family(all, row->type, row->name, row->help);
		json_array_foreach(objects, i, object)
			add_row(family, row, object, names);
	}
}

void
metrics_object(json_t *all, const struct metrics_row *row,
    const json_t *object)
{
	for (; row->name != NULL; row++)
		add_row(metrics_family(all, row->type, row->name, row->help),
		    row, object, NULL);
}
