/* wishing.c - waiting for key that is as wished. */
#include "ksa/wishing.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/encint.h"
#include "ksa/pool.h"

#define HOPE_MS	500		/* said again every 100 ms */

struct wishing {
	struct enc_queue	 calls;
	unsigned		 n;
};

static void
leave(struct enc *e)
{
	struct wishing	*w = e->call.env->wishing;

	TAILQ_REMOVE(&w->calls, e, next);
	w->n--;
	e->wishing = false;
	call_end(&e->call);	/* the line has another timer */
}

/* Asks for it where it lacks. False: it would not come. */
static bool
hope(struct enc *e)
{
	for (uint32_t i = 0; i < e->nparts; i++) {
		struct pool	*p = e->parts[i].peer->pool;
		uint32_t	 need = enc_part_need(e, i);

		if (pool_meeting(p, &e->wish, e->wish.mandatory) >= need)
			continue;
		if (!pool_may_meet(p, &e->wish, e->wish.mandatory))
			return false;
		pool_hope(p, need, &e->wish, mono_ms() + HOPE_MS);
		pool_fill(p);
	}
	return true;
}

static void
retry(struct enc *e)
{
	struct peer	*lacks = NULL;
	int		 r = enc_cut(e, &lacks);

	if (r == -E_NO_KEY || (r == -E_UNMET && hope(e)))
		return;
	leave(e);
	if (r == 0)
		encbatch_commit(e);
	else if (r != -E_NO_MEMORY || !admit_again(e))
		enc_refuse(e, r, lacks);
}

/* An answer may bring new calls, and end others. */
void
wishing_retry(struct env *env)
{
	struct wishing	*w = env->wishing;
	struct enc	*e;

	for (unsigned n = w->n; n > 0 && (e = TAILQ_FIRST(&w->calls)) != NULL;
	    n--) {
		TAILQ_REMOVE(&w->calls, e, next);
		TAILQ_INSERT_TAIL(&w->calls, e, next);
		retry(e);
	}
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct peer	*lacks = NULL;
	struct enc	*e = arg;
	int		 r;

	(void)fd, (void)what;
	leave(e);
	if ((r = enc_cut(e, &lacks)) == 0)
		encbatch_commit(e);
	else
		enc_refuse(e, r, lacks);
}

static unsigned
waiting_of(const struct wishing *w, const char *master)
{
	const struct enc	*e;
	unsigned		 n = 0;

	TAILQ_FOREACH(e, &w->calls, next)
		n += strcmp(e->parts[0].b->master, master) == 0;
	return n;
}

bool
wishing_join(struct enc *e)
{
	struct env	*env = e->call.env;
	struct wishing	*w = env->wishing;
	uint64_t	 now = mono_ms();

	if (e->deadline <= now || env->stopping ||
	    waiting_of(w, e->parts[0].b->master) >=
	    (unsigned)env->conf->max_waiting || !hope(e))
		return false;
	call_end(&e->call);
	if (call_timer(&e->call, (int64_t)(e->deadline - now),
	    on_timeout) < 0)
		return false;
	TAILQ_INSERT_TAIL(&w->calls, e, next);
	w->n++;
	e->wishing = true;
	return true;
}

void
wishing_leave(struct enc *e)
{
	leave(e);
	enc_free(e);
}

/* ---- life ---- */

void
wishing_stop(struct wishing *w)
{
	struct enc	*e;

	while ((e = TAILQ_FIRST(&w->calls)) != NULL) {
		leave(e);
		call_fail(&e->call, SUPPLY_UNAVAILABLE, "stopping");
		enc_free(e);
	}
}

int
wishing_new(struct wishing **w)
{
	if ((*w = calloc(1, sizeof(**w))) == NULL)
		return -E_NO_MEMORY;
	TAILQ_INIT(&(*w)->calls);
	return 0;
}

void
wishing_free(struct wishing **w)
{
	free(*w);
	*w = NULL;
}
