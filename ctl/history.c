/* history.c - a ring for each series. */
#include "history.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct series {
	char		name[HISTORY_NAME];	/* "": free */
	uint64_t	latest;			/* step that has a value */
	float		v[HISTORY_STEPS];	/* NAN: not known */
};

struct history {
	uint64_t	next;			/* steps begun */
	uint64_t	ms;			/* when the latest was */
	struct series	series[HISTORY_SERIES];
};

struct history *
history_new(void)
{
	return calloc(1, sizeof(struct history));
}

void
history_free(struct history **h)
{
	free(*h);
	*h = NULL;
}

void
history_begin(struct history *h, uint64_t ms)
{
	size_t	at = h->next++ % HISTORY_STEPS;

	h->ms = ms;
	for (size_t i = 0; i < HISTORY_SERIES; i++)
		h->series[i].v[at] = NAN;
}

/* One without any value in all these hours is as good as free. */
static bool
is_free(const struct history *h, const struct series *s)
{
	return s->name[0] == '\0' || h->next - s->latest > HISTORY_STEPS;
}

static struct series *
find(struct history *h, const char *name)
{
	struct series	*empty = NULL;

	for (size_t i = 0; i < HISTORY_SERIES; i++) {
		if (strcmp(h->series[i].name, name) == 0)
			return &h->series[i];
		if (empty == NULL && is_free(h, &h->series[i]))
			empty = &h->series[i];
	}
	if (empty == NULL)
		return NULL;
	snprintf(empty->name, sizeof(empty->name), "%s", name);
	for (size_t i = 0; i < HISTORY_STEPS; i++)
		empty->v[i] = NAN;
	return empty;
}

void
history_put(struct history *h, const char *name, double value)
{
	struct series	*s;

	if (h->next == 0 || name[0] == '\0' ||
	    strlen(name) >= HISTORY_NAME || (s = find(h, name)) == NULL)
		return;
	s->latest = h->next - 1;
	s->v[s->latest % HISTORY_STEPS] = (float)value;
}

static json_t *
values(const struct history *h, const struct series *s, uint64_t first)
{
	json_t	*list = json_array();

	for (uint64_t i = first; i < h->next; i++) {
		float	v = s->v[i % HISTORY_STEPS];

		json_array_append_new(list, !isfinite(v) ? json_null() :
		    json_real((double)v));
	}
	return list;
}

json_t *
history_json(const struct history *h, uint64_t since)
{
	uint64_t	 first = h->next > HISTORY_STEPS ?
			    h->next - HISTORY_STEPS : 0;
	json_t		*all = json_object();

	/* A number of ours from before a restart: all is new. */
	if (since > first && since <= h->next)
		first = since;
	for (size_t i = 0; i < HISTORY_SERIES; i++)
		if (!is_free(h, &h->series[i]))
			json_object_set_new(all, h->series[i].name,
			    values(h, &h->series[i], first));
	return json_pack("{s:I, s:I, s:I, s:I, s:o}",
	    "step_ms", (json_int_t)HISTORY_STEP_MS,
	    "end_ms", (json_int_t)h->ms, "first", (json_int_t)first,
	    "next", (json_int_t)h->next, "series", all);
}
