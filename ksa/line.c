/* line.c - waiting for key: the calls, their timers, whose turn it is. */
#include "ksa/line.h"

#include <stdlib.h>

#include "err.h"
#include "ksa/encint.h"
#include "ksa/extension.h"
#include "ksa/fair.h"
#include "ksa/pool.h"
#include "log.h"

/* An application that waits for key of this peer, or did lately. */
struct waiter {
	struct fair_share	 share;		/* first: casts rely on it */
	struct enc_queue	 calls;
	unsigned		 ncalls;
};

struct line {
	struct fair		 fair;
	unsigned		 ncalls;
};

static const char *
master_of(const struct enc *e)
{
	return e->parts[0].b->master;
}

static struct waiter *
waiter_find(const struct line *l, const char *master)
{
	return (struct waiter *)fair_find(&l->fair, master);
}

static struct waiter *
waiter_get(struct line *l, const char *master)
{
	struct waiter	*w = waiter_find(l, master);

	if (w != NULL || (w = calloc(1, sizeof(*w))) == NULL)
		return w;
	TAILQ_INIT(&w->calls);
	fair_add(&l->fair, &w->share, master, mono_ms());
	return w;
}

/* ---- the queue of an application ---- */

static void
first_changed(struct line *l, struct waiter *w)
{
	struct enc	*e = TAILQ_FIRST(&w->calls);

	fair_need(&l->fair, &w->share, e == NULL ? 0 : e->need, mono_ms());
}

static struct waiter *
leave(struct enc *e)
{
	struct line	*l = e->line->line;
	struct waiter	*w = waiter_find(l, master_of(e));

	TAILQ_REMOVE(&w->calls, e, next);
	w->ncalls--;
	l->ncalls--;
	e->line = NULL;
	first_changed(l, w);
	return w;
}

static void
join(struct enc *e, struct peer *p, struct waiter *w)
{
	TAILQ_INSERT_TAIL(&w->calls, e, next);
	w->ncalls++;
	p->line->ncalls++;
	e->line = p;
	e->joined = mono_ms();
	first_changed(p->line, w);
	/* Only dealt: if somebody can be served now, the next tick does it. */
	(void)fair_next(&p->line->fair, pool_available(p->pool), mono_ms());
	pool_want(p->pool, fair_wanted(&p->line->fair));
	pool_fill(p->pool);
}

static bool
is_full(const struct peer *p, const struct waiter *w)
{
	return w->ncalls >= (unsigned)p->env->conf->max_waiting;
}

/* ---- may it draw now? ---- */

bool
line_allows(const struct peer *p, const struct enc *e)
{
	const struct fair	*f = &p->line->fair;
	const struct fair_share	*s;

	if (fair_is_empty(f))
		return true;
	s = fair_find(f, master_of(e));
	if (e->line == p)		/* it has waited for its turn */
		return s->credit >= (int64_t)e->need;
	return fair_allowance(f, s, pool_available(p->pool)) >= e->need;
}

void
line_drew(struct peer *p, const struct enc *e)
{
	struct waiter	*w;

	if (!fair_is_empty(&p->line->fair) &&
	    (w = waiter_get(p->line, master_of(e))) != NULL)
		fair_draw(&p->line->fair, &w->share, e->need, mono_ms());
}

uint64_t
line_allowance(const struct peer *p, const char *master)
{
	const struct fair	*f = &p->line->fair;

	return fair_allowance(f, fair_find(f, master),
	    pool_available(p->pool));
}

/* ---- serving ---- */

/* Enough is there, but now it is the other pool that lacks. What was saved
 * up for it stays. */
static void
move(struct enc *e, struct peer *lacks)
{
	struct waiter	*w = leave(e), *there;

	fair_hold(&w->share, e->deadline);
	there = waiter_get(lacks->line, master_of(e));
	if (there == NULL || is_full(lacks, there))
		enc_refuse(e, there == NULL ? -E_NO_MEMORY : -E_BUSY, lacks);
	else
		join(e, lacks, there);
}

/* False: nothing more can be done with this stock. */
static bool
serve(struct enc *e)
{
	struct peer	*here = e->line, *lacks = NULL;
	struct waiter	*w;
	int		 r = enc_cut(e, &lacks);

	if (r == -E_NO_KEY && lacks == here)
		return false;
	if (r == -E_NO_KEY) {
		move(e, lacks);
		return true;
	}
	w = leave(e);
	if (r == 0) {
		encbatch_commit(e);
		return true;
	}
	fair_hold(&w->share, e->deadline);
	if (r != -E_NO_MEMORY || !admit_again(e))
		enc_refuse(e, r, lacks);
	return true;
}

void
line_retry(struct peer *p)
{
	struct fair		*f = &p->line->fair;
	struct fair_share	*s;

	while ((s = fair_next(f, pool_available(p->pool), mono_ms())) != NULL &&
	    serve(TAILQ_FIRST(&((struct waiter *)s)->calls)))
		;
	pool_want(p->pool, fair_wanted(f));
}

void
line_tick(struct peer *p)
{
	struct fair_share	*s;

	while ((s = fair_expired(&p->line->fair, mono_ms())) != NULL)
		free(s);
	if (p->line->ncalls > 0)
		line_retry(p);
}

/* ---- waiting ---- */

static void
give_up(struct enc *e)
{
	struct peer	*p = e->line;
	uint64_t	 since = e->joined;
	struct waiter	*w = leave(e);

	fair_give_up(&p->line->fair, &w->share, since, mono_ms());
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct enc	*e = arg;
	struct peer	*p = e->line;

	(void)fd, (void)what;
	give_up(e);
	enc_refuse(e, -E_NO_KEY, p);
	line_retry(p);		/* what it had saved up */
}

int
line_join(struct enc *e, struct peer *p)
{
	struct waiter	*w;
	uint64_t	 now = mono_ms();

	if (e->deadline <= now)
		return -E_NO_KEY;
	if ((w = waiter_get(p->line, master_of(e))) == NULL)
		return -E_NO_MEMORY;
	if (is_full(p, w))
		return -E_BUSY;
	if (call_timer(&e->call, (int64_t)(e->deadline - now),
	    on_timeout) < 0)
		return -E_NO_MEMORY;
	join(e, p, w);
	return 0;
}

void
line_leave(struct enc *e)
{
	struct peer	*p = e->line;

	give_up(e);
	enc_free(e);
	line_retry(p);
}

static struct enc *
find_demanding(const struct peer *p, uint32_t paths)
{
	struct fair_share	*s, *tmp;
	struct enc		*e;

	HASH_ITER(hh, p->line->fair.by_name, s, tmp)
		TAILQ_FOREACH(e, &((struct waiter *)s)->calls, next)
			if (extension_paths(&e->wish, e->wish.mandatory) >
			    paths)
				return e;
	return NULL;
}

void
line_refuse(struct peer *p, uint32_t paths)
{
	struct enc	*e;

	if (paths == 0)		/* who demands nothing waits as ever */
		paths = 1;
	for (unsigned n = p->line->ncalls; n > 0 &&
	    (e = find_demanding(p, paths)) != NULL; n--) {
		give_up(e);
		enc_refuse(e, -E_PATHS, p);
	}
}

unsigned
line_length(const struct peer *p)
{
	return p->line->ncalls;
}

/* ---- life ---- */

void
line_stop(struct peer *p)
{
	struct fair_share	*s, *tmp;
	struct enc		*e;

	if (p == NULL || p->line == NULL)
		return;
	HASH_ITER(hh, p->line->fair.by_name, s, tmp)
		while ((e = TAILQ_FIRST(&((struct waiter *)s)->calls)) !=
		    NULL) {
			leave(e);
			call_fail(&e->call, SUPPLY_UNAVAILABLE, "stopping");
			enc_free(e);
		}
}

int
line_new(struct peer *p)
{
	if ((p->line = calloc(1, sizeof(*p->line))) == NULL)
		return -E_NO_MEMORY;
	fair_init(&p->line->fair);
	return 0;
}

void
line_free(struct peer *p)
{
	struct fair_share	*s, *tmp;

	if (p->line == NULL)
		return;
	HASH_ITER(hh, p->line->fair.by_name, s, tmp) {
		fair_remove(&p->line->fair, s);
		free(s);
	}
	free(p->line);
	p->line = NULL;
}
