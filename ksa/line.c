/* line.c - waiting for key, first come, first served. */
#include "ksa/line.h"

#include "err.h"
#include "ksa/encint.h"
#include "ksa/pool.h"
#include "log.h"

static void
leave(struct enc *e)
{
	if (e->line != NULL)
		TAILQ_REMOVE(&e->line->waiting, e, next);
	e->line = NULL;
}

static void
join(struct enc *e, struct peer *p)
{
	leave(e);
	TAILQ_INSERT_TAIL(&p->waiting, e, next);
	e->line = p;
}

/* True: the first in line is no longer in it. */
static bool
serve(struct enc *e)
{
	struct peer	*here = e->line, *lacks = NULL;
	int		 r = enc_cut(e, &lacks);

	if (r == -E_NO_KEY && lacks == here)
		return false;
	if (r == -E_NO_KEY) {		/* now it is the other pool */
		join(e, lacks);
		pool_want(lacks->pool, TAILQ_FIRST(&lacks->waiting)->need);
		pool_fill(lacks->pool);
		return true;
	}
	leave(e);
	if (r == 0)
		encbatch_commit(e);
	else
		enc_refuse(e, r, lacks);
	return true;
}

void
line_retry(struct peer *p)
{
	struct enc	*e;

	while ((e = TAILQ_FIRST(&p->waiting)) != NULL && serve(e))
		;
	pool_want(p->pool, e == NULL ? 0 : e->need);
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct enc	*e = arg;
	struct peer	*p = e->line;

	(void)fd, (void)what;
	leave(e);
	enc_refuse(e, -E_NO_KEY, p);
	line_retry(p);		/* a smaller one may have waited behind it */
}

bool
line_join(struct enc *e, struct peer *p)
{
	struct env	*env = e->call.env;

	if (env->conf->relay_wait == 0 || call_timer(&e->call,
	    env->conf->relay_wait, on_timeout) < 0)
		return false;
	join(e, p);
	pool_want(p->pool, TAILQ_FIRST(&p->waiting)->need);
	pool_fill(p->pool);
	return true;
}

void
line_leave(struct enc *e)
{
	struct peer	*p = e->line;

	leave(e);
	enc_free(e);
	line_retry(p);
}

void
line_stop(struct peer *p)
{
	struct enc	*e;

	while (p != NULL && (e = TAILQ_FIRST(&p->waiting)) != NULL) {
		leave(e);
		call_fail(&e->call, SUPPLY_UNAVAILABLE, "stopping");
		enc_free(e);
	}
}

unsigned
line_length(const struct peer *p)
{
	struct enc	*e;
	unsigned	 n = 0;

	TAILQ_FOREACH(e, &p->waiting, next)
		n++;
	return n;
}
