/* events.c - asks the daemons for their last log lines. */
#include "events.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "daemons.h"
#include "field.h"
#include "lookopt.h"
#include "term.h"

void
events_add(json_t *list, const char *daemon, const json_t *answer)
{
	size_t		 i;
	json_t		*e;

	json_array_foreach(field_array(answer, "events"), i, e)
		if (json_is_object(e))
			json_array_append_new(list, json_pack(
			    "{s:I, s:s, s:s, s:s}", "time_ms",
			    field_int(e, "time_ms", 0), "daemon", daemon,
			    "level", field_str(e, "level", "?"), "text",
			    field_str(e, "text", "")));
}

struct entry { json_t *e; size_t place; };

static int
earlier(const void *pa, const void *pb)
{
	const struct entry	*a = pa, *b = pb;
	json_int_t		 x = field_int(a->e, "time_ms", 0);
	json_int_t		 y = field_int(b->e, "time_ms", 0);

	return x != y ? (x > y) - (x < y) : (a->place > b->place) -
	    (a->place < b->place);
}

json_t *
events_sorted(const json_t *list)
{
	size_t		 n = json_array_size(list);
	struct entry	*v = calloc(n + 1, sizeof(*v));
	json_t		*sorted = json_array();

	for (size_t i = 0; v != NULL && i < n; i++)
		v[i] = (struct entry){ json_array_get(list, i), i };
	if (v != NULL)
		qsort(v, n, sizeof(*v), earlier);
	for (size_t i = 0; v != NULL && i < n; i++)
		json_array_append(sorted, v[i].e);
	free(v);
	return sorted;
}

char *
events_line(char out[EVENTS_LINE], const json_t *e)
{
	json_int_t	ms = field_int(e, "time_ms", 0);
	time_t		t = (time_t)(ms / 1000);
	struct tm	tm;
	char		when[32] = "-", daemon[160], level[16], text[768];

	if (ms > 0 && localtime_r(&t, &tm) != NULL &&
	    strftime(when, sizeof(when), "%F %T", &tm) == 0)
		strcpy(when, "-");
	snprintf(out, EVENTS_LINE, "%s.%03d %-7s %s: %s", when,
	    (int)(ms % 1000 < 0 ? 0 : ms % 1000),
	    field_text(level, sizeof(level), field_str(e, "level", "?")),
	    field_text(daemon, sizeof(daemon), field_str(e, "daemon", "?")),
	    field_text(text, sizeof(text), field_str(e, "text", "")));
	return out;
}

/* ---- asking ---- */

struct source { char next[32]; bool down; };

static struct {
	struct daemons	d;
	struct source	s[DAEMONS_MAX];
} from;

/* A daemon that is gone is told once. */
static int
ask_one(const struct call *c, unsigned i, json_t *list)
{
	char			*args[] = { (char *)"events", from.s[i].next };
	struct ask_error	 e;
	char			 text[sizeof(e.text)];
	json_t			*a;

	a = ask(c, from.d.name[i], from.s[i].next[0] == '\0' ? 1 : 2, args,
	    &e);
	if (a == NULL && !from.s[i].down)
		fprintf(stderr, "qkdctl: %s\n", field_text(text,
		    sizeof(text), e.text));
	from.s[i].down = a == NULL;
	if (a == NULL)
		return CALL_UNREACHABLE;
	events_add(list, from.d.name[i], a);
	snprintf(from.s[i].next, sizeof(from.s[i].next), "%lld",
	    (long long)field_int(a, "next", 0));
	json_decref(a);
	return CALL_DONE;
}

static json_t *
ask_all(const struct call *c, int *code)
{
	json_t	*list = json_array(), *sorted;

	*code = CALL_DONE;
	for (unsigned i = 0; i < from.d.n; i++)
		if (ask_one(c, i, list) != CALL_DONE)
			*code = CALL_UNREACHABLE;
	sorted = events_sorted(list);
	json_decref(list);
	return sorted;
}

/* The last of them, 0: all. */
static void
print(const json_t *list, long last, bool json)
{
	char	 line[EVENTS_LINE];
	size_t	 i, n = json_array_size(list);
	json_t	*e;

	json_array_foreach((json_t *)(uintptr_t)list, i, e) {
		if (last > 0 && i + (size_t)last < n)
			continue;
		if (json) {
			json_dumpf(e, stdout, JSON_COMPACT |
			    JSON_ENSURE_ASCII);
			putchar('\n');
		} else
			puts(events_line(line, e));
	}
}

static int
follow(const struct lookopt *o)
{
	json_t	*list;
	int	 r;

	while (fflush(stdout) == 0 && !ferror(stdout)) {
		sleep(1);
		list = ask_all(&o->call, &r);
		print(list, 0, o->call.json);
		json_decref(list);
	}
	return CALL_DONE;
}

int
events_run(const struct call *call, int argc, char **argv)
{
	struct lookopt	 o;
	struct ask_error e;
	json_t		*list, *kma;
	int		 r = lookopt_read(&o, call, argc, argv, "fn");

	if (r >= 0)
		return r;
	kma = ask_word(&o.call, "kma", "status", &e);
	daemons_find(&from.d, &o.call, kma);
	json_decref(kma);
	list = ask_all(&o.call, &r);
	print(list, o.count, o.call.json);
	json_decref(list);
	return term_flush(o.follow ? follow(&o) : r);
}
