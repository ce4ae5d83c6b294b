/*
 * saeakpipe.c - the connection. All of it happens under one lock, but for
 * two things that take time, connecting and polling: one thread does them
 * (`busy`) while the others wait for what it finds.
 */
#include "saeakint.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "err.h"
#include "saeretry.h"

#define POLL_MAX	60000		/* ms */
#define LATE_MAX	64		/* records of TLS */

bool
saeakpipe_passing(int r)
{
	return r == -E_DOWN || r == -E_TIMEOUT || r == -E_CLOSED;
}

/* For whoever polls: there is something new to poll for. */
static void
wake(struct saeak *a)
{
	const uint64_t	one = 1;

	if (a->busy && write(a->wake, &one, sizeof(one)) < 0)
		return;			/* it is awake */
}

/* Something came: for a thread that waits, or for the one that polls, if
 * another was faster to read it. */
static void
tell_all(struct saeak *a)
{
	pthread_cond_broadcast(&a->changed);
	wake(a);
}

static void
wait_for_change(struct saeak *a, uint64_t deadline)
{
	struct timespec	t = { (time_t)(deadline / 1000),
			    (long)(deadline % 1000) * 1000000L };

	pthread_cond_timedwait(&a->changed, &a->lock, &t);
}

/* ---- losing and making it ---- */

static void
forget_notices(struct saeak *a)
{
	struct saenotice	*n;

	while ((n = TAILQ_FIRST(&a->notices)) != NULL) {
		TAILQ_REMOVE(&a->notices, n, entry);
		saeaknotice_free(n);
	}
	a->nnotices = 0;
}

void
saeakpipe_lose(struct saeak *a, int result, const struct saewhy *why)
{
	struct saeakcall	*c;

	if (a->link == NULL)
		return;
	/* Whoever polls still uses the socket. */
	if (a->busy) {
		a->grave = a->link;
		a->link = NULL;
	} else
		saelink_close(&a->link);
	a->lost = result;
	a->lost_why = *why;
	while ((c = TAILQ_FIRST(&a->calls)) != NULL) {
		c->left = a->written >= c->end;
		saeakcall_end(a, c, result, why);
	}
	forget_notices(a);
	OPENSSL_cleanse(a->in, SAEAK_FRAME);
	a->inlen = a->outlen = 0;
	a->left = a->leaving;
	a->leaving = a->said_so = false;
	a->written = a->queued;
	tell_all(a);
}

static bool
has_left(const struct saeak *a, const void *arg)
{
	(void)arg;
	return !a->leaving;
}

int
saeakpipe_connect(struct saeak *a, uint64_t deadline, struct saewhy *w)
{
	struct saelink	*l;
	int		 r;

	if (saeretry_stopped(a->to.stop) || (a->leaving && saeakpipe_wait(a, has_left,
	    NULL, deadline) == -E_STOPPED))
		return saewhy_set(w, E_STOPPED, "stopped");
	if (a->leaving)
		return saewhy_set(w, E_TIMEOUT, "the KM at %s: no answer in "
		    "time to what was asked before", a->kme);
	while (a->link == NULL) {
		if (a->busy) {
			if (mono_ms() >= deadline)
				return saewhy_set(w, E_TIMEOUT, "no "
				    "connection to the KM at %s in time",
				    a->kme);
			wait_for_change(a, deadline);
			continue;
		}
		a->busy = true;
		pthread_mutex_unlock(&a->lock);
		r = saelink_open(&l, &a->to, deadline, w);
		pthread_mutex_lock(&a->lock);
		a->busy = false;
		pthread_cond_broadcast(&a->changed);
		if (r < 0)
			return r;
		a->link = l;
		a->epoch++;
		a->left = false;
	}
	return 0;
}

/* ---- writing ---- */

/* Says so when all is sent, and goes when all answers have come. */
static void
leave(struct saeak *a)
{
	struct saeakcall	*c;
	struct saewhy		 w;

	if (!a->said_so && a->outlen == 0) {
		saelink_finish(a->link);
		a->said_so = true;
	}
	TAILQ_FOREACH(c, &a->calls, entry)
		if (!c->abandoned)
			return;
	saewhy_set(&w, E_CLOSED, "a session was offered on a connection that "
	    "does not listen");
	saeakpipe_lose(a, -E_CLOSED, &w);
}

static void
flush(struct saeak *a)
{
	struct saewhy	w;
	size_t		done = 0;
	int		n = 1;

	while (a->link != NULL && done < a->outlen && n > 0) {
		n = saelink_try_write(a->link, a->out + done,
		    a->outlen - done, &w);
		if (n > 0) {
			done += (size_t)n;
			a->written += (uint64_t)n;
		}
	}
	if (n < 0) {
		saeakpipe_lose(a, n, &w);
		return;
	}
	if (done > 0)
		memmove(a->out, a->out + done, a->outlen - done);
	a->outlen -= done;
	if (a->leaving && a->link != NULL)
		leave(a);
}

bool
saeakpipe_send(struct saeak *a, const struct saeakframe *f)
{
	uint8_t	*more;

	if (a->outlen + f->len > a->outroom) {
		more = realloc(a->out, a->outlen + f->len);
		if (more == NULL)
			return false;
		a->out = more;
		a->outroom = a->outlen + f->len;
	}
	memcpy(a->out + a->outlen, f->octets, f->len);
	a->outlen += f->len;
	a->queued += f->len;
	return true;
}

/* ---- reading ---- */

static void
take_frames(struct saeak *a)
{
	struct saewhy	w;
	struct frame	f;
	size_t		at = 0, n;
	int		r;

	while ((n = frame_parse(&f, (uint8_t *)a->in + at,
	    a->inlen - at)) > 0) {
		if ((r = saeakturn(a, &f, &w)) < 0) {
			saeakpipe_lose(a, r, &w);
			return;
		}
		at += n;
	}
	if (at == 0)
		return;
	memmove(a->in, a->in + at, a->inlen - at);
	OPENSSL_cleanse(a->in + a->inlen - at, at);
	a->inlen -= at;
	tell_all(a);
}

/* True if there was something. */
static bool
take(struct saeak *a)
{
	struct saewhy	w;
	int		n;

	if (a->link == NULL)
		return false;
	n = saelink_try_read(a->link, a->in + a->inlen,
	    SAEAK_FRAME - a->inlen, &w);
	if (n < 0)
		saeakpipe_lose(a, n, &w);
	else if (n > 0) {
		a->inlen += (size_t)n;
		take_frames(a);
	}
	return n != 0;
}

void
saeakpipe_look(struct saeak *a)
{
	while (take(a))
		;
	flush(a);
}

/* ---- waiting ---- */

static void
poll_once(struct saeak *a, uint64_t deadline)
{
	uint64_t	now = mono_ms(), ms = deadline > now ?
			    deadline - now : 0, n;
	struct pollfd	p[3] = { saelink_awaited(a->link, a->outlen > 0),
			    { .fd = a->wake, .events = POLLIN },
			    { .fd = a->to.stop, .events = POLLIN } };

	a->busy = true;
	pthread_mutex_unlock(&a->lock);
	(void)poll(p, 3, ms < POLL_MAX ? (int)ms : POLL_MAX);
	pthread_mutex_lock(&a->lock);
	a->busy = false;
	saelink_close(&a->grave);
	if (p[1].revents != 0 && read(a->wake, &n, sizeof(n)) < 0)
		return;			/* somebody was faster */
}

int
saeakpipe_wait(struct saeak *a, bool (*done)(const struct saeak *,
    const void *), const void *arg, uint64_t deadline)
{
	unsigned	late = 0;	/* what is there is read, to a point */
	int		r = 1;

	while (r > 0) {
		flush(a);
		if (a->outlen > 0)
			wake(a);
		if (done(a, arg))
			r = 0;
		else if (saeretry_stopped(a->to.stop))
			r = -E_STOPPED;
		else if (late < LATE_MAX && take(a))
			late += mono_ms() >= deadline;
		else if (mono_ms() >= deadline)
			r = -E_TIMEOUT;
		else if (a->busy)
			wait_for_change(a, deadline);
		else
			poll_once(a, deadline);
	}
	/* Somebody else has to poll from now on. */
	pthread_cond_broadcast(&a->changed);
	return r;
}
