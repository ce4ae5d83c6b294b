/* servenode.c - rounds of asking, and what came of them. */
#include "servenode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemons.h"
#include "err.h"
#include "exposition.h"
#include "field.h"
#include "history.h"
#include "ident.h"
#include "log.h"
#include "metrics.h"
#include "serveask.h"
#include "servedoc.h"
#include "serveevents.h"
#include "servesample.h"
#include "verdict.h"

#define NAME_ROOM	96
#define QUESTIONS	5
#define SLACK_MS	500	/* a timer may be early by this */

struct question {
	struct watched		*of;
	const char		*command;	/* NULL: it is not asked this */
	struct serveask		*ask;		/* under way */
	json_t			*answer;	/* the latest; NULL: none */
};

enum { STATUS, METRICS, EVENTS, KEY, MORE };

struct watched {
	struct servenode	*node;
	char			 name[NAME_ROOM];
	struct question		 q[QUESTIONS];
	char			 why[160];	/* no status */
	const char		*cause;		/* the same, as in node.h */
	bool			 asked, up;
	uint64_t		 next_event;
	char			 events[48];	/* the command */
};

struct servenode {
	struct event_base	*base;
	struct event		*round;
	char			*run_dir;
	struct watched		*v[SERVENODE_DAEMONS];
	size_t			 n;
	struct history		*history;
	struct servesample	 sample;
	struct serveevents	*events;
	unsigned		 left_out;	/* of the figures, said once */
	bool			 known;		/* all were asked once */
};

/* ---- answers ---- */

static void
say(struct watched *w, const char *level, const char *text)
{
	serveevents_add(w->node->events, w->name, now_ms(), level, text);
}

static bool
all_asked(const struct servenode *n)
{
	for (size_t i = 0; i < n->n; i++)
		if (!n->v[i]->asked)
			return false;
	return n->n > 0;
}

static void
on_status(struct watched *w, json_t *answer, const char *cause,
    const char *why)
{
	char	text[200];
	bool	up = answer != NULL;

	snprintf(w->why, sizeof(w->why), "%s", up ? "" : why);
	w->cause = cause;
	if (w->asked && up != w->up) {
		snprintf(text, sizeof(text), "does not answer: %s", why);
		say(w, up ? "notice" : "error", up ? "answers" : text);
	}
	w->asked = true;
	w->up = up;
	w->node->known = w->node->known || all_asked(w->node);
}

static void
on_answer(void *arg, json_t *answer, const char *cause, const char *why)
{
	struct question	*q = arg;
	struct watched	*w = q->of;

	q->ask = NULL;
	json_decref(q->answer);
	q->answer = json_incref(answer);
	if (q == &w->q[STATUS])
		on_status(w, answer, cause, why);
	else if (q == &w->q[EVENTS] && answer != NULL)
		w->next_event = serveevents_take(w->node->events, w->name,
		    answer);
}

/* ---- the daemons ---- */

static struct watched *
find(const struct servenode *n, const char *name)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->v[i]->name, name) == 0)
			return n->v[i];
	return NULL;
}

/* Once known it stays known, and is down, as long as it has a place. */
static void
add(struct servenode *n, const char *name)
{
	struct watched	*w;

	if (find(n, name) != NULL || n->n == SERVENODE_DAEMONS ||
	    strlen(name) >= NAME_ROOM ||
	    (w = calloc(1, sizeof(*w))) == NULL)
		return;
	w->node = n;
	strcpy(w->name, name);
	strcpy(w->why, "it was not asked yet");
	w->cause = "silent";
	w->q[STATUS].command = "status";
	w->q[METRICS].command = "metrics";
	w->q[EVENTS].command = w->events;
	if (strcmp(name, "kma") == 0)
		w->q[MORE].command = "route";
	if (strcmp(name, "ksa") == 0)
		w->q[MORE].command = "saes";
	if (w->q[MORE].command != NULL)		/* who has a store */
		w->q[KEY].command = "key";
	for (size_t i = 0; i < QUESTIONS; i++)
		w->q[i].of = w;
	n->v[n->n++] = w;
}

static void
forget(struct watched *w)
{
	for (size_t i = 0; i < QUESTIONS; i++) {
		serveask_free(&w->q[i].ask);
		json_decref(w->q[i].answer);
	}
	free(w);
}

static bool
has_place(const struct daemons *d, const char *name)
{
	for (unsigned i = 0; i < d->n; i++)
		if (strcmp(d->name[i], name) == 0)
			return true;
	return false;
}

/* A link that was removed has taken its module's place with it. */
static void
forget_removed(struct servenode *n, const struct daemons *d)
{
	size_t	kept = 0;

	for (size_t i = 0; i < n->n; i++)
		if (has_place(d, n->v[i]->name))
			n->v[kept++] = n->v[i];
		else
			forget(n->v[i]);
	n->n = kept;
}

/* By the run directory: what kma says of its links may be a lie. */
static void
look(struct servenode *n)
{
	static struct daemons	 d;	/* 32 KiB; one loop */
	const struct call	 c = { .run_dir = n->run_dir };

	daemons_find(&d, &c, NULL);
	forget_removed(n, &d);
	for (unsigned i = 0; i < d.n; i++)
		add(n, d.name[i]);
}

static void
ask(struct watched *w)
{
	char	path[4096];

	snprintf(path, sizeof(path), "%s/ctl-%s/sock", w->node->run_dir,
	    w->name);
	snprintf(w->events, sizeof(w->events), "events %llu",
	    (unsigned long long)w->next_event);
	for (struct question *q = w->q; q < w->q + QUESTIONS; q++)
		if (q->command != NULL && q->ask == NULL)
			q->ask = serveask_new(w->node->base, path,
			    q->command, on_answer, q);
}

static const json_t *
answer_of(const struct servenode *n, const char *name, int which)
{
	const struct watched	*w = find(n, name);

	return w != NULL ? w->q[which].answer : NULL;
}

static void
sample(struct servenode *n)
{
	uint64_t	now = now_ms();

	if (!servenode_knows(n) || (n->sample.ms <= now &&
	    now - n->sample.ms < HISTORY_STEP_MS - SLACK_MS))
		return;
	servesample(&n->sample, n->history, now, answer_of(n, "kma", STATUS),
	    answer_of(n, "ksa", STATUS));
}

static void
on_round(evutil_socket_t fd, short what, void *arg)
{
	struct servenode	*n = arg;

	(void)fd, (void)what;
	sample(n);
	look(n);
	for (size_t i = 0; i < n->n; i++)
		ask(n->v[i]);
}

bool
servenode_knows(const struct servenode *n)
{
	return n->known;
}

/* ---- what is told ---- */

static struct servedoc_daemon
said(const struct watched *w)
{
	return (struct servedoc_daemon){ w->name, w->cause, w->why,
	    w->q[STATUS].answer, w->q[METRICS].answer, w->q[KEY].answer };
}

/* Of one that came just now nothing is known yet. */
static struct servedoc
gather(const struct servenode *n, struct servedoc_daemon v[SERVENODE_DAEMONS])
{
	size_t	asked = 0;

	for (size_t i = 0; i < n->n; i++)
		if (n->v[i]->asked)
			v[asked++] = said(n->v[i]);
	return (struct servedoc){ .run_dir = n->run_dir, .daemons = v,
	    .n = asked, .route = answer_of(n, "kma", MORE),
	    .saes = answer_of(n, "ksa", MORE) };
}

json_t *
servenode_status(struct servenode *n)
{
	struct servedoc_daemon	v[SERVENODE_DAEMONS];
	struct servedoc		d = gather(n, v);

	return servedoc(&d, serveevents_json(n->events));
}

json_t *
servenode_history(struct servenode *n, uint64_t since)
{
	return history_json(n->history, since);
}

/* What this process says of a daemon, with the label "daemon" as its own. */
static void
add_seen(struct exposition *e, const struct watched *w)
{
	const json_t	*status = w->q[STATUS].answer;
	json_t		*all = metrics_new();

	metrics_add(metrics_family(all, METRICS_GAUGE, "qkdnode_up",
	    "1: the daemon answers."), status != NULL, NULL);
	metrics_add(metrics_family(all, METRICS_GAUGE, "qkdnode_ready",
	    "1: the daemon does all that it is there for."),
	    json_is_true(json_object_get(status, "ready")), NULL);
	metrics_add(metrics_family(all, METRICS_GAUGE, "qkdnode_missing",
	    "What the daemon lacks, by number."), (double)json_array_size(
	    json_object_get(status, "missing")), NULL);
	(void)exposition_add(e, w->name, all);
	json_decref(all);
}

/* Of the whole node: what qkdctl status says. */
static void
add_verdict(struct exposition *e, const struct servenode *n)
{
	struct servedoc_daemon	 v[SERVENODE_DAEMONS];
	struct servedoc		 d = gather(n, v);
	json_t			*all = metrics_new();
	json_t			*verdict = servedoc_verdict(&d);

	metrics_add(metrics_family(all, METRICS_GAUGE, "qkdnode_status",
	    "What qkdctl status says of the node: 0 ok, 1 warning, "
	    "2 critical, 3 unknown."),
	    field_num(verdict, "code", VERDICT_UNKNOWN), NULL);
	(void)exposition_add(e, "status", all);
	json_decref(verdict);
	json_decref(all);
}

static void
complain(struct servenode *n, unsigned left_out)
{
	if (left_out != n->left_out)
		log_warn("figures of daemons are not well formed",
		    "left_out=%u", left_out);
	n->left_out = left_out;
}

char *
servenode_metrics(struct servenode *n, size_t *octets)
{
	struct exposition	*e = exposition_new();
	unsigned		 left_out = 0;
	char			*text;

	if (e == NULL)
		return NULL;
	add_verdict(e, n);
	for (size_t i = 0; i < n->n; i++)
		if (n->v[i]->asked)
			add_seen(e, n->v[i]);
	for (size_t i = 0; i < n->n; i++)
		if (n->v[i]->q[METRICS].answer != NULL)
			left_out += exposition_add(e, n->v[i]->name,
			    n->v[i]->q[METRICS].answer);
	complain(n, left_out);
	text = exposition_text(e, octets);
	exposition_free(&e);
	return text;
}

/* ---- life ---- */

int
servenode_new(struct servenode **out, struct event_base *base,
    const char *run_dir)
{
	const struct timeval	 every = { SERVENODE_ROUND_S, 0 };
	struct servenode	*n = calloc(1, sizeof(*n));

	if ((*out = n) == NULL)
		return -E_NO_MEMORY;
	n->base = base;
	if ((n->run_dir = strdup(run_dir)) == NULL ||
	    (n->history = history_new()) == NULL ||
	    (n->events = serveevents_new()) == NULL ||
	    (n->round = event_new(base, -1, EV_PERSIST, on_round, n)) ==
	    NULL || event_add(n->round, &every) < 0) {
		servenode_free(out);
		return -E_NO_MEMORY;
	}
	event_active(n->round, EV_TIMEOUT, 0);
	return 0;
}

void
servenode_free(struct servenode **np)
{
	struct servenode	*n = *np;

	*np = NULL;
	if (n == NULL)
		return;
	if (n->round != NULL)
		event_free(n->round);
	for (size_t i = 0; i < n->n; i++)
		forget(n->v[i]);
	history_free(&n->history);
	serveevents_free(&n->events);
	free(n->run_dir);
	free(n);
}
