/* serveevents.c - the latest events in the order of their time. */
#include "serveevents.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "ident.h"

#define TEXT	512

struct event_row {
	uint64_t	ms;
	char		daemon[128], level[16], text[TEXT];
};

struct serveevents {
	unsigned		n;
	struct event_row	v[SERVEEVENTS_MAX];	/* the latest first */
};

struct serveevents *
serveevents_new(void)
{
	return calloc(1, sizeof(struct serveevents));
}

void
serveevents_free(struct serveevents **e)
{
	free(*e);
	*e = NULL;
}

static const char *
known_level(const char *level)
{
	static const char *const	levels[] = { "error", "warning",
					    "notice" };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(level, levels[i]) == 0)
			return levels[i];
	return "notice";
}

/* Of one moment, those that came later stand above. */
void
serveevents_add(struct serveevents *e, const char *daemon, uint64_t ms,
    const char *level, const char *text)
{
	struct event_row	*r;
	unsigned		 at = 0, n = e->n;

	while (at < e->n && e->v[at].ms > ms)
		at++;
	if (at == SERVEEVENTS_MAX)
		return;
	if (n < SERVEEVENTS_MAX)
		e->n++;
	else
		n--;
	memmove(&e->v[at + 1], &e->v[at], (n - at) * sizeof(e->v[0]));
	r = &e->v[at];
	r->ms = ms;
	snprintf(r->level, sizeof(r->level), "%s", known_level(level));
	field_text(r->daemon, sizeof(r->daemon), daemon);
	field_text(r->text, sizeof(r->text), text);
}

uint64_t
serveevents_take(struct serveevents *e, const char *daemon,
    const json_t *answer)
{
	const json_t	*list = field_array(answer, "events"), *o;
	json_int_t	 ms, next = field_int(answer, "next", 0);
	json_int_t	 now = (json_int_t)now_ms();
	size_t		 i;

	json_array_foreach(list, i, o) {
		ms = field_int(o, "time_ms", 0);
		if (ms > now)	/* else it would stand above all to come */
			ms = now;
		serveevents_add(e, daemon, ms > 0 ? (uint64_t)ms : 0,
		    field_str(o, "level", ""), field_str(o, "text", ""));
	}
	return next > 0 ? (uint64_t)next : 0;
}

json_t *
serveevents_json(const struct serveevents *e)
{
	json_t	*list = json_array();

	for (unsigned i = 0; i < e->n; i++)
		json_array_append_new(list, json_pack(
		    "{s:I, s:s, s:s, s:s}", "time_ms",
		    (json_int_t)e->v[i].ms, "daemon", e->v[i].daemon,
		    "level", e->v[i].level, "text", e->v[i].text));
	return list;
}
