/* inbox.c - bindings from the peer. */
#include "ksa/inbox.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/apps.h"
#include "ksa/bindcache.h"
#include "ksa/bindmsg.h"
#include "ksa/channel.h"
#include "ksa/copy.h"
#include "ksa/fetch.h"
#include "ksa/inboxbatch.h"
#include "ksa/offer.h"
#include "ksa/place.h"
#include "log.h"

#define COPIES_MAX	(16U << 20)	/* octets that wait for the disk */

struct inbox {
	struct peer		*peer;
	uint64_t		 last;		/* on disk */
	struct inbox_batch	*batch;		/* being collected */
	struct copy_parts	 parts;		/* of the copy that is coming */
	uint32_t		 copies;	/* octets in batches */
	bool			 begun;		/* the peer sends bindings */
};

static void
send_void(struct peer *p, uint64_t request, const char *reason)
{
	struct msg	m = { .id = MSG_bind_void };

	log_warn("binding refused", "peer=%s request=%" PRIu64 " reason=%s",
	    p->km, request, log_quote(reason));
	m.bind_void.request = request;
	strncpy(m.bind_void.reason, reason, sizeof(m.bind_void.reason) - 1);
	(void)channel_send(p->channel, &m);
}

static void
batch_done(void *arg, int r)
{
	/* model: session received */
	struct inbox_batch	*j = arg;
	struct peer		*p = j->peer;

	p->inbox->copies -= j->copies;
	if (r < 0) {		/* not acknowledged, so it comes again */
		peer_error(p, "bindings not written: %s", err_text(r));
		goto out;
	}
	p->inbox->last = j->last;
	p->env->count.bindings_in += j->naccepted;
	p->env->count.bindings_refused += j->nrefused;
	p->env->count.copies_refused += j->nforged;
	if (j->naccepted > 0)
		consume_done(&j->use, p);
	for (unsigned i = 0; i < j->nrefused && i < INBOXBATCH_REFUSALS; i++) {
		bindcache_drop(p->env->bindings, p->id, j->refused[i]);
		send_void(p, j->refused[i], j->reason[i]);
	}
	inbox_acknowledge(p->inbox);
	for (unsigned i = 0; i < j->n; i++) {
		uint64_t	request = j->v[i].b->request;
		bool		in_session = j->v[i].b->in_session;

		if (j->v[i].taken && j->generation == p->generation)
			bindcache_put(p->env->bindings, p->id, &j->v[i].b);
		fetch_retry(p->env, request);
		if (in_session)
			offer_bound(p, request);
	}
out:
	inboxbatch_free(j);
}

void
inbox_part(struct inbox *in, const struct msg_bind_part *m)
{
	if (copy_part(&in->parts, m->request, m->offset, m->octets.p,
	    m->octets.len) == -E_BAD_FORMAT)
		in->peer->env->count.copies_broken++;
}

/* False: it has to come again, and all that follows with it. */
static bool
has_copy(struct inbox *in, struct binding *b)
{
	if (!b->copied)
		return true;
	b->copy = copy_parts_take(&in->parts, b->request, binding_size(b));
	if (b->copy != NULL && binding_size(b) <= COPIES_MAX - in->copies)
		return true;
	inbox_acknowledge(in);
	return false;
}

static void
collect(struct inbox *in, struct inbox_item *it)
{
	struct inbox_batch	*j = in->batch;

	if (j != NULL && j->n == INBOXBATCH_MAX) {
		inbox_flush(in);
		j = NULL;
	}
	if (j == NULL && (j = in->batch = calloc(1, sizeof(*j))) == NULL) {
		binding_free(&it->b);
		free(it->all);
		return;
	}
	if (it->b->copied) {
		j->copies += binding_size(it->b);
		in->copies += binding_size(it->b);
	}
	j->v[j->n++] = *it;
}

/*
 * A KM speaks for its own applications: a key of another one's would be taken
 * for that one's, if it had the same ID. What is nobody's was its own, and may
 * be so again. -E_BUSY: the list that the sender had in mind is not here yet.
 */
static int
master_refusal(const struct peer *p, const struct msg_bind *m,
    const char **why)
{
	struct place	pl;
	int		r = place_find(p->env->book, m->master, &pl);

	*why = NULL;
	if (r == -E_NOT_FOUND || r == -E_DOWN ||
	    place_is_at(p->env->book, m->master, p->km))
		return 0;
	if (!apps_settled(p->apps, m->apps))
		return -E_BUSY;
	*why = "its master is registered at another KM";
	return 0;
}

void
inbox_bind(struct inbox *in, const struct msg_bind *m)
{
	struct inbox_item	it = { .previous = m->previous };

	if (bindmsg_decode(m, now_ms(), &it.b, &it.all) < 0) {
		in->peer->env->count.bad_messages++;
		return;
	}
	in->begun = true;
	if (master_refusal(in->peer, m, &it.refusal) < 0)
		inbox_acknowledge(in);
	else if (has_copy(in, it.b)) {
		collect(in, &it);
		return;
	}
	binding_free(&it.b);
	free(it.all);
}

void
inbox_flush(struct inbox *in)
{
	struct inbox_batch	*j = in->batch;

	if (j == NULL)
		return;
	in->batch = NULL;
	j->peer = in->peer;
	j->generation = in->peer->generation;
	consume_begin(&j->use, in->peer);
	env_add(in->peer->env, inboxbatch_run, batch_done, j);
}

void
inbox_acknowledge(struct inbox *in)
{
	struct msg	m = { .id = MSG_bound };

	m.bound.upto = in->last;
	(void)channel_send(in->peer->channel, &m);
}

void
inbox_open(struct inbox *in)
{
	in->begun = false;
	inbox_acknowledge(in);
}

void
inbox_tick(struct inbox *in)
{
	if (!in->begun)
		inbox_acknowledge(in);
}

/* ---- void ---- */

struct void_job {
	struct peer	*peer;
	uint64_t	 request;
	msg_text	 reason;
	bool		 changed;
};

/* The source asks until it hears this, which is never answered. */
static void
answer_void(const struct void_job *j)
{
	struct msg	m = { .id = MSG_bind_void };

	m.bind_void.request = j->request;
	m.bind_void.answer = 1;
	(void)channel_send(j->peer->channel, &m);
}

static int
void_run(struct db *db, void *arg)
{
	struct void_job	*j = arg;

	int		 r;

	(void)db;
	r = bindings_void_received(keystore_writer(j->peer->env->store),
	    j->peer->id, j->request, j->reason);
	j->changed = r > 0;
	return r < 0 ? r : 0;
}

static void
void_done(void *arg, int r)
{
	/* model: session recall_done */
	struct void_job	*j = arg;

	bindcache_drop(j->peer->env->bindings, j->peer->id, j->request);
	fetch_retry(j->peer->env, j->request);
	offer_void(j->peer, j->request);
	if (r == 0 && j->changed)	/* it may be told more than once */
		log_warn("peer voids a binding", "peer=%s request=%" PRIu64
		    " reason=%s", j->peer->km, j->request,
		    log_quote(j->reason));
	if (r == 0)
		answer_void(j);
	free(j);
}

void
inbox_void(struct inbox *in, const struct msg_bind_void *m)
{
	/* model: session recall */
	struct void_job	*j;

	if (m->request > INT64_MAX || (j = calloc(1, sizeof(*j))) == NULL)
		return;
	j->peer = in->peer;
	j->request = m->request;
	memcpy(j->reason, m->reason, sizeof(j->reason));
	inbox_flush(in);	/* its binding may be among them */
	env_add(in->peer->env, void_run, void_done, j);
}

/* ---- life ---- */

int
inbox_new(struct inbox **out, struct peer *p, uint64_t last)
{
	struct inbox	*in = calloc(1, sizeof(*in));

	if (in == NULL)
		return -E_NO_MEMORY;
	in->peer = p;
	in->last = last;
	*out = in;
	return 0;
}

void
inbox_free(struct inbox **in)
{
	if (*in != NULL && (*in)->batch != NULL)
		inboxbatch_free((*in)->batch);
	if (*in != NULL)
		copy_parts_free(&(*in)->parts);
	free(*in);
	*in = NULL;
}
