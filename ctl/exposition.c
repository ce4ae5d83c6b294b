/* exposition.c - figures as text, family by family. */
#include "exposition.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"

#define NAME_OCTETS	100
#define LABELS_OCTETS	1024
#define VALUE_OCTETS	256	/* of a label's value */
#define LABELS_MAX	4

/* name -> {"type", "help", "series": {labels -> lines}}, in order. */
struct exposition {
	json_t		*families;
	unsigned	 samples;	/* of the daemon that is being added */
};

struct exposition *
exposition_new(void)
{
	struct exposition	*e = calloc(1, sizeof(*e));

	if (e != NULL && (e->families = json_object()) == NULL) {
		free(e);
		return NULL;
	}
	return e;
}

void
exposition_free(struct exposition **ep)
{
	if (*ep != NULL)
		json_decref((*ep)->families);
	free(*ep);
	*ep = NULL;
}

/* ---- names ---- */

static bool
name_valid(const char *s, size_t max)
{
	size_t	n = strspn(s, "abcdefghijklmnopqrstuvwxyz_0123456789");

	return n > 0 && n <= max && s[n] == '\0' &&
	    !(s[0] >= '0' && s[0] <= '9');
}

static bool
ends_with(const char *s, const char *end)
{
	size_t	n = strlen(s), m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

/* A counter is called so, and nothing is called as a part of a histogram. */
static bool
family_valid(const char *name, const char *type)
{
	return strncmp(name, "qkdnode_", 8) == 0 &&
	    name_valid(name, NAME_OCTETS) &&
	    ends_with(name, "_total") == (strcmp(type, "counter") == 0) &&
	    !ends_with(name, "_bucket") && !ends_with(name, "_sum") &&
	    !ends_with(name, "_count");
}

static bool
type_known(const char *type)
{
	for (size_t i = 0; metrics_types[i] != NULL; i++)
		if (strcmp(type, metrics_types[i]) == 0)
			return true;
	return false;
}

static const char *
text_of(const json_t *o, const char *name)
{
	const char	*s = json_string_value(json_object_get(o, name));

	return s != NULL ? s : "";
}

/* ---- samples ---- */

static void
escape(FILE *f, const char *s, bool quotes)
{
	for (; *s != '\0'; s++) {
		if (*s == '\\')
			fputs("\\\\", f);
		else if (*s == '\n')
			fputs("\\n", f);
		else if (*s == '"' && quotes)
			fputs("\\\"", f);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			fputc('?', f);
		else
			fputc(*s, f);
	}
}

static bool
label_valid(const char *name, const json_t *value)
{
	return name_valid(name, NAME_OCTETS) && strcmp(name, "daemon") != 0 &&
	    strcmp(name, "le") != 0 && json_is_string(value) &&
	    json_string_length(value) <= VALUE_OCTETS;
}

/* daemon="kma",link="a-b" without the braces. */
static int
labels(char out[LABELS_OCTETS], const char *daemon, json_t *o)
{
	FILE		*f;
	const char	*name;
	json_t		*value;
	int		 r = json_object_size(o) <= LABELS_MAX ? 0 : -1;

	if ((f = fmemopen(out, LABELS_OCTETS, "w")) == NULL)
		return -1;
	fputs("daemon=\"", f);
	escape(f, daemon, true);
	fputc('"', f);
	json_object_foreach(o, name, value) {
		if (r < 0 || !label_valid(name, value)) {
			r = -1;
			break;
		}
		fprintf(f, ",%s=\"", name);
		escape(f, json_string_value(value), true);
		fputc('"', f);
	}
	fflush(f);
	if (ferror(f) || ftell(f) >= LABELS_OCTETS - 1)
		r = -1;
	fclose(f);
	return r;
}

static void
put_number(FILE *f, double v)
{
	if (v == floor(v) && fabs(v) < 1e15)
		fprintf(f, "%.0f\n", v);
	else
		fprintf(f, "%.9g\n", v);
}

static bool
number_valid(const json_t *v, bool negative)
{
	double	d = json_number_value(v);

	return json_is_number(v) && isfinite(d) && (negative || d >= 0);
}

static int
put_value(FILE *f, const char *name, const char *type, const char *text,
    const json_t *sample)
{
	const json_t	*v = json_object_get(sample, "value");

	if (!number_valid(v, strcmp(type, "gauge") == 0))
		return -1;
	fprintf(f, "%s{%s} ", name, text);
	put_number(f, json_number_value(v));
	return 0;
}

static bool
buckets_valid(const json_t *buckets, const json_t *count)
{
	json_int_t	before = 0, n;

	if (json_array_size(buckets) != HISTOGRAM_BOUNDS ||
	    !json_is_integer(count))
		return false;
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		const json_t	*v = i < HISTOGRAM_BOUNDS ?
				    json_array_get(buckets, i) : count;

		if (!json_is_integer(v) || (n = json_integer_value(v)) < before)
			return false;
		before = n;
	}
	return true;
}

static int
put_histogram(FILE *f, const char *name, const char *text,
    const json_t *sample)
{
	const json_t	*buckets = json_object_get(sample, "buckets");
	const json_t	*count = json_object_get(sample, "count");
	const json_t	*sum = json_object_get(sample, "sum");

	if (!buckets_valid(buckets, count) || !number_valid(sum, false))
		return -1;
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
		fprintf(f, "%s_bucket{%s,le=\"%g\"} %lld\n", name, text,
		    histogram_bounds[i] / 1e6, (long long)
		    json_integer_value(json_array_get(buckets, i)));
	fprintf(f, "%s_bucket{%s,le=\"+Inf\"} %lld\n", name, text,
	    (long long)json_integer_value(count));
	fprintf(f, "%s_sum{%s} ", name, text);
	put_number(f, json_number_value(sum));
	fprintf(f, "%s_count{%s} %lld\n", name, text,
	    (long long)json_integer_value(count));
	return 0;
}

/* A second sample with the same labels would spoil the whole answer. */
static int
add_sample(struct exposition *e, json_t *family, const char *name,
    const char *daemon, const json_t *sample)
{
	const char	*type = text_of(family, "type");
	json_t		*series = json_object_get(family, "series");
	char		 text[LABELS_OCTETS], *lines = NULL;
	size_t		 n;
	FILE		*f;
	int		 r = -1;

	if (e->samples >= EXPOSITION_SAMPLES_MAX ||
	    labels(text, daemon, json_object_get(sample, "labels")) < 0 ||
	    json_object_get(series, text) != NULL ||
	    (f = open_memstream(&lines, &n)) == NULL)
		return -1;
	r = strcmp(type, "histogram") == 0 ?
	    put_histogram(f, name, text, sample) :
	    put_value(f, name, type, text, sample);
	if (fclose(f) != 0)
		r = -1;
	if (r == 0)
		r = json_object_set_new(series, text, json_string(lines));
	free(lines);
	e->samples += r == 0;
	return r;
}

/* ---- families ---- */

/* The first daemon that has it says what it is. */
static json_t *
find_family(struct exposition *e, const char *name, const char *type,
    const char *help)
{
	json_t	*family = json_object_get(e->families, name);

	if (family != NULL)
		return strcmp(text_of(family, "type"), type) == 0 ? family :
		    NULL;
	family = json_pack("{s:s, s:s, s:{}}", "type", type, "help", help,
	    "series");
	return json_object_set_new(e->families, name, family) < 0 ? NULL :
	    family;
}

static unsigned
add_family(struct exposition *e, const char *daemon, const json_t *from)
{
	const char	*name = text_of(from, "name");
	const char	*type = text_of(from, "type");
	const json_t	*samples = json_object_get(from, "samples"), *sample;
	json_t		*family;
	unsigned	 bad = 0;
	size_t		 i;

	if (!type_known(type) || !family_valid(name, type) ||
	    !json_is_array(samples) || (family = find_family(e, name, type,
	    text_of(from, "help"))) == NULL)
		return 1;
	json_array_foreach(samples, i, sample)
		bad += add_sample(e, family, name, daemon, sample) < 0;
	return bad;
}

unsigned
exposition_add(struct exposition *e, const char *daemon,
    const json_t *answer)
{
	const json_t	*all = json_object_get(answer, "metrics"), *family;
	unsigned	 bad = 0;
	size_t		 i;

	e->samples = 0;
	if (!json_is_array(all))
		return 1;
	json_array_foreach(all, i, family)
		bad += add_family(e, daemon, family);
	return bad;
}

static void
put_family(FILE *f, const char *name, json_t *family)
{
	json_t		*series = json_object_get(family, "series"), *lines;
	const char	*text;

	if (json_object_size(series) == 0)
		return;
	fprintf(f, "# HELP %s ", name);
	escape(f, text_of(family, "help"), false);
	fprintf(f, "\n# TYPE %s %s\n", name, text_of(family, "type"));
	json_object_foreach(series, text, lines)
		fputs(json_string_value(lines), f);
}

char *
exposition_text(const struct exposition *e, size_t *octets)
{
	char		*text = NULL;
	const char	*name;
	json_t		*family;
	FILE		*f = open_memstream(&text, octets);

	if (f == NULL)
		return NULL;
	json_object_foreach(e->families, name, family)
		put_family(f, name, family);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
