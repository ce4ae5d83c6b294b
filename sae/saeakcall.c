/* saeakcall.c - a request, its answer, and when it is tried again. */
#include "saeakint.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "saeretry.h"

/* Requests that nobody waits for any more; with that many the KM is sick. */
#define ABANDONED_MAX	256

void
saeakcall_end(struct saeak *a, struct saeakcall *c, int result,
    const struct saewhy *why)
{
	TAILQ_REMOVE(&a->calls, c, entry);
	if (c->abandoned) {
		a->abandoned--;
		free(c);
		return;
	}
	c->done = true;
	c->result = result;
	c->why = *why;
}

static bool
is_done(const struct saeak *a, const void *arg)
{
	const struct saeakcall	*c = arg;

	(void)a;
	return c->done;
}

/* A MessageID that no request under way has. */
static uint32_t
new_id(struct saeak *a)
{
	struct saeakcall	*c;

	do {
		a->last_id++;
		TAILQ_FOREACH(c, &a->calls, entry)
			if (c->message_id == a->last_id)
				break;
	} while (c != NULL);
	return a->last_id;
}

/* Nobody waits for it any more; its answer may still come. */
static void
give_up(struct saeak *a, struct saeakcall *c, int r, struct saewhy *w)
{
	saewhy_set(w, -r, "the KM at %s: %s", a->kme, r == -E_STOPPED ?
	    "stopped before it answered" : "no answer in time");
	c->left = a->written >= c->end;
	c->want = NULL;
	c->session = NULL;
	/* Half a frame blocks the way for all others. */
	if (c->left && a->abandoned < ABANDONED_MAX) {
		c->abandoned = true;
		a->abandoned++;
	} else
		saeakpipe_lose(a, -E_DOWN, w);
}

static int
exchange(struct saeak *a, struct saeakcall *c, uint64_t deadline,
    struct saewhy *w)
{
	int	r;

	c->message_id = new_id(a);
	saeakask_number(c->frame, c->message_id);
	if (!saeakpipe_send(a, c->frame))
		return saewhy_set(w, E_NO_MEMORY, "out of memory");
	c->end = a->queued;
	TAILQ_INSERT_TAIL(&a->calls, c, entry);
	if ((r = saeakpipe_wait(a, is_done, c, deadline)) < 0)
		give_up(a, c, r, w);
	else {
		r = c->result;
		*w = c->why;
	}
	return r;
}

/* One try. The call has to outlive it if it was abandoned. */
static int
attempt(struct saeak *a, const struct saeakcall *asked,
    struct saeakcall *answer, struct saewhy *w)
{
	uint64_t		 deadline = mono_ms() + a->wait_ms;
	struct saeakcall	*c = malloc(sizeof(*c));
	int			 r;

	if (c == NULL)
		return saewhy_set(w, E_NO_MEMORY, "out of memory");
	*c = *asked;
	pthread_mutex_lock(&a->lock);
	/* The KM may have closed a connection that was idle. */
	saeakpipe_look(a);
	if ((r = saeakpipe_connect(a, deadline, w)) == 0)
		r = exchange(a, c, deadline, w);
	*answer = *c;
	if (!c->abandoned)
		free(c);
	pthread_mutex_unlock(&a->lock);
	return r;
}

static bool
worth_another(const struct saeakcall *c, bool repeatable, int r)
{
	if (r == -E_BUSY)
		return true;
	return saeakpipe_passing(r) && (repeatable || !c->left);
}

int
saeakcall_run(struct saeak *a, const struct saeakcall *asked, bool repeatable,
    struct saeakcall *answer, struct saewhy *w)
{
	struct saeretry	again;
	int		r;

	*answer = *asked;
	saeretry_begin(&again, a->retry_ms, a->to.stop);
	do {
		r = attempt(a, asked, answer, w);
	} while (r < 0 && worth_another(answer, repeatable, r) &&
	    saeretry_another(&again));
	return r;
}
