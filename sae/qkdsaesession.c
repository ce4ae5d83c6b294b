/* qkdsaesession.c - the public library: sessions. */
#include "qkdsaeint.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"

static int
no_sessions(void)
{
	return qkdsae_fault(QKDSAE_NO_SUCH_MESSAGE, "there are no sessions "
	    "by HTTPS; Q.4161 has them");
}

int
qkdsae_session_open(struct qkdsae *q, const char *destination,
    const char *name, uint64_t limit, char session[QKDSAE_ID_SIZE])
{
	_Static_assert(QKDSAE_ID_SIZE == sizeof(uuid_text), "one size");
	struct saewhy	w;
	int		r;

	session[0] = '\0';
	if (q->ak == NULL)
		return no_sessions();
	if (destination == NULL)
		return qkdsae_fault(QKDSAE_ARGUMENT, "destination: NULL");
	r = saeak_session_open(q->ak, destination, name != NULL ? name : "",
	    limit, session, &w);
	return qkdsae_end(r, &w);
}

int
qkdsae_session_get(struct qkdsae *q, const char *session,
    const struct qkdsae_wanted *wanted, struct qkdsae_keys **out)
{
	struct saeextension	 extensions[SAE_EXTENSIONS_MAX];
	struct saekeys		*keys = NULL;
	struct saeget		 g;
	struct saewhy		 w;
	int			 r;

	*out = NULL;
	if (q->ak == NULL)
		return no_sessions();
	if (session == NULL)
		return qkdsae_fault(QKDSAE_ARGUMENT, "session: NULL");
	if ((r = qkdsae_wish(&g, wanted, extensions)) < 0)
		return r;
	if (g.nalso > 0)
		return qkdsae_fault(QKDSAE_ARGUMENT, "a session has no other "
		    "applications than its two");
	r = saeak_session_get(q->ak, session, &g, &keys, &w);
	*out = (struct qkdsae_keys *)keys;
	return qkdsae_end(r, &w);
}

/* ---- the destination ---- */

static struct qkdsae_session
as_public(const struct saesession *s)
{
	return (struct qkdsae_session){ sizeof(struct qkdsae_session), s->id,
	    s->source, s->destination, s->name, s->limit };
}

static const char *
on_session(void *arg, const struct saesession *s)
{
	const struct qkdsae_handlers	*h = arg;
	const struct qkdsae_session	 session = as_public(s);

	return h->on_session(h->arg, &session);
}

static const char *
on_keys(void *arg, const struct saesession *s, struct saekeys **keys)
{
	const struct qkdsae_handlers	*h = arg;
	const struct qkdsae_session	 session = as_public(s);
	struct qkdsae_keys		*mine = (struct qkdsae_keys *)*keys;
	const char			*words;

	words = h->on_keys(h->arg, &session, &mine);
	*keys = (struct saekeys *)mine;
	return words;
}

/* Once: handlers that run must not change. */
static int
keep(struct qkdsae *q, const struct qkdsae_handlers *h)
{
	bool	first;

	pthread_mutex_lock(&q->lock);
	first = q->handlers.size == 0;
	if (first) {
		q->handlers = *h;
		q->handlers.size = sizeof(*h);
	}
	pthread_mutex_unlock(&q->lock);
	return first ? 0 : qkdsae_fault(QKDSAE_ARGUMENT, "this connection "
	    "has its handlers already");
}

int
qkdsae_listen(struct qkdsae *q, const struct qkdsae_handlers *handlers)
{
	struct qkdsae_handlers	mine;
	struct saeak_handlers	inner = { &q->handlers, NULL, NULL };
	struct saewhy		w;
	int			r;

	if (q->ak == NULL)
		return no_sessions();
	if ((r = qkdsae_adopt(&mine, sizeof(mine), handlers)) < 0 ||
	    (r = keep(q, &mine)) < 0)
		return r;
	if (mine.on_session != NULL)
		inner.on_session = on_session;
	if (mine.on_keys != NULL)
		inner.on_keys = on_keys;
	return qkdsae_end(saeak_listen(q->ak, &inner, &w), &w);
}

int
qkdsae_serve(struct qkdsae *q, int timeout_ms)
{
	struct saewhy	w;

	if (q->ak == NULL)
		return no_sessions();
	return qkdsae_end(saeak_serve(q->ak, timeout_ms, &w), &w);
}
