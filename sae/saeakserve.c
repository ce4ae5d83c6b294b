/* saeakserve.c - the destination's side: what the KM begins is answered. */
#include "saeakint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "saeretry.h"

#define LASTED		10000		/* ms: a connection that held */
#define WORDS_MAX	512		/* octets of a refusal passed on */

/* The epoch in which it was to be sent, and until which octet. */
struct reply {
	uint64_t	epoch, end;
};

static bool
is_sent(const struct saeak *a, const void *arg)
{
	const struct reply	*p = arg;

	return a->link == NULL || a->epoch != p->epoch ||
	    a->written >= p->end;
}

static bool
has_notice(const struct saeak *a, const void *arg)
{
	(void)arg;
	return a->link == NULL || a->nnotices > 0;
}

int
saeak_listen(struct saeak *a, const struct saeak_handlers *h,
    struct saewhy *w)
{
	pthread_mutex_lock(&a->lock);
	a->handlers = *h;
	a->listening = h->on_session != NULL || h->on_keys != NULL;
	pthread_mutex_unlock(&a->lock);
	return saeak_connect(a, w);
}

/* ---- one notice ---- */

static struct saenotice *
take_notice(struct saeak *a)
{
	struct saenotice	*n = TAILQ_FIRST(&a->notices);

	if (n == NULL)
		return NULL;
	TAILQ_REMOVE(&a->notices, n, entry);
	a->nnotices--;
	if (n->has_keys)
		saesessions_find(&a->sessions, &n->session);
	return n;
}

/* What the application says, as `response`. */
static void
set_response(char out[WORDS_MAX], const char *refusal)
{
	if (refusal == NULL)
		strcpy(out, "success");
	else
		snprintf(out, WORDS_MAX, "rejected%s%s",
		    refusal[0] != '\0' ? ": " : "", refusal);
	saewhy_clean(out);
}

static const char *
call_handler(const struct saeak_handlers *h, struct saenotice *n)
{
	if (n->has_keys && h->on_keys != NULL)
		return h->on_keys(h->arg, &n->session, &n->keys);
	if (!n->has_keys && h->on_session != NULL)
		return h->on_session(h->arg, &n->session);
	return "the application does not take it";
}

/* Without the lock: handlers take their time. Keys that they leave go. */
static int
ask(const struct saeak_handlers *h, struct saenotice *n, bool *accepted,
    struct saeakframe *reply, struct saewhy *w)
{
	const char	*refusal = call_handler(h, n);
	char		 response[WORDS_MAX];

	*accepted = refusal == NULL;
	set_response(response, refusal);
	saekeys_free(&n->keys);
	if (!n->has_keys)
		return saeakask_notified(reply, n->session.id, response, w);
	return saeakask_supplied(reply, n->session.id,
	    (const uint8_t (*)[16])n->ids, n->nids, response, w);
}

/* The KM takes what comes too late for a refusal: nothing is to be told. */
static void
send_reply(struct saeak *a, struct saenotice *n, struct saeakframe *f)
{
	struct reply	p = { n->epoch, 0 };

	if (a->link == NULL || a->epoch != n->epoch)
		return;
	saeakask_number(f, n->message_id);
	if (!saeakpipe_send(a, f))
		return;
	p.end = a->queued;
	(void)saeakpipe_wait(a, is_sent, &p, mono_ms() + a->wait_ms);
}

static int
serve_one(struct saeak *a, struct saenotice *n, struct saewhy *w)
{
	struct saeak_handlers	h = a->handlers;
	struct saeakframe	reply = { NULL, 0, 0 };
	bool			accepted;
	int			r;

	pthread_mutex_unlock(&a->lock);
	r = ask(&h, n, &accepted, &reply, w);
	pthread_mutex_lock(&a->lock);
	if (r == 0 && accepted && !n->has_keys)
		saesessions_add(&a->sessions, &n->session);
	if (r == 0)
		send_reply(a, n, &reply);
	free(reply.octets);
	saeaknotice_free(n);
	return r < 0 ? r : 1;
}

/* ---- waiting for one ---- */

/* Connects if need be, waits, does it: 1, 0 (nothing in time), or an error. */
static int
serve_once(struct saeak *a, uint64_t deadline, struct saewhy *w)
{
	uint64_t		 until = mono_ms() + a->wait_ms;
	struct saenotice	*n;
	int			 r;

	if ((r = saeakpipe_connect(a, until < deadline ? until : deadline,
	    w)) < 0)
		return r;
	if ((r = saeakpipe_wait(a, has_notice, NULL, deadline)) ==
	    -E_TIMEOUT)
		return 0;
	if (r < 0)
		return saewhy_set(w, E_STOPPED, "stopped");
	if ((n = take_notice(a)) != NULL)
		return serve_one(a, n, w);
	*w = a->lost_why;
	return a->lost;
}

static int
serve(struct saeak *a, uint64_t deadline, struct saewhy *w)
{
	struct saeretry	again;
	uint64_t	began = 0;
	bool		more;
	int		r;

	do {
		/* What held for a while has all the time again. */
		if (began == 0 || mono_ms() - began > LASTED)
			saeretry_begin(&again, a->retry_ms, a->to.stop);
		began = mono_ms();
		do
			r = serve_once(a, deadline, w);
		while (r == -E_CLOSED && a->left);
		if (!saeakpipe_passing(r) || mono_ms() >= deadline)
			return r;
		pthread_mutex_unlock(&a->lock);
		more = saeretry_another(&again);
		pthread_mutex_lock(&a->lock);
	} while (more);
	return r;
}

int
saeak_serve(struct saeak *a, int timeout_ms, struct saewhy *w)
{
	uint64_t	deadline = timeout_ms < 0 ? UINT64_MAX :
			    mono_ms() + (uint64_t)timeout_ms;
	int		r;

	pthread_mutex_lock(&a->lock);
	r = serve(a, deadline, w);
	pthread_mutex_unlock(&a->lock);
	return r;
}
