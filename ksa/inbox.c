/* inbox.c - bindings from the peer. */
#include "ksa/inbox.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/blocks.h"
#include "ksa/channel.h"
#include "ksa/fetch.h"
#include "log.h"

#define BATCH_MAX	1024	/* more than one payload holds */
#define REFUSALS_MAX	16	/* told one by one, of one batch */
#define REQUEST_MAX	((1ULL << 60) - 1)

struct item { struct binding *b; uint64_t previous; bool taken; };

struct batch {
	struct peer	*peer;
	unsigned	 generation, n;
	struct item	 v[BATCH_MAX];
	/* what the job found */
	uint64_t	 last;
	unsigned	 nrefused, naccepted;
	uint64_t	 refused[REFUSALS_MAX];
	const char	*reason[REFUSALS_MAX];
	struct consume	 use;
};

struct inbox {
	struct peer	*peer;
	uint64_t	 last;		/* on disk */
	struct batch	*batch;		/* being collected */
};

int
inbox_decode(const struct msg_bind *m, uint64_t now, struct binding **out)
{
	struct binding	*b;
	int		 r;

	if (m->request == 0 || m->request > REQUEST_MAX || m->keys == 0 ||
	    m->keys > BINDING_KEYS_MAX || m->octets == 0 ||
	    m->seed.len != KEYID_SEED || m->master[0] == '\0' ||
	    m->slave[0] == '\0')
		return -E_BAD_FORMAT;
	if ((b = binding_new(m->master, m->slave)) == NULL)
		return -E_NO_MEMORY;
	b->request = m->request;
	b->keys = m->keys;
	b->octets = m->octets;
	b->made = now;
	memcpy(b->seed, m->seed.p, KEYID_SEED);
	r = pieces_decode(&b->pieces, m->pieces.p, m->pieces.len,
	    (uint64_t)m->keys * m->octets);
	if (r < 0)
		binding_free(&b);
	*out = b;
	return r;
}

/* ---- the job ---- */

static int
refuse(struct batch *j, uint64_t request, const char *reason)
{
	if (j->nrefused < REFUSALS_MAX) {
		j->refused[j->nrefused] = request;
		j->reason[j->nrefused] = reason;
	}
	j->nrefused++;
	return 0;
}

/* Known already: the same again is fine, another one voids both. */
static int
run_known(struct batch *j, struct side *s, const struct binding *b)
{
	struct binding	*old = NULL;
	int		 r;

	r = bindings_get_received(s, j->peer->id, b->request, &old);
	if (r == -E_NOT_FOUND)
		return 0;		/* so old that its row is gone */
	if (r == 0 && !binding_equal(old, b)) {
		refuse(j, b->request, "differs from the one before");
		r = bindings_void_received(s, j->peer->id, b->request);
	}
	binding_free(&old);
	return r;
}

static const char *
pieces_reason(struct side *s, struct peer *p, const struct binding *b)
{
	struct block_row	row;

	for (uint32_t i = 0; i < b->pieces->n; i++) {
		const struct piece	*v = &b->pieces->v[i];
		struct block_name	 name = { p->km, p->id, THEIRS,
		    v->block };

		if (blocks_find(s, &name, &row) < 0)
			return "a block is not here";
		if (row.state != BLOCK_READY)
			return "a block is not confirmed";
		if (v->offset < row.used)
			return "octets were bound before";
		if (v->offset > row.octets ||
		    v->octets > row.octets - v->offset)
			return "octets beyond the end of a block";
	}
	return NULL;
}

/* Octets passed over will never be bound: they are erased. */
static int
take_pieces(struct side *s, struct peer *p, const struct binding *b)
{
	struct block_row	row;
	int			r = 0;

	for (uint32_t i = 0; r == 0 && i < b->pieces->n; i++) {
		const struct piece	*v = &b->pieces->v[i];
		struct block_name	 name = { p->km, p->id, THEIRS,
		    v->block };

		if ((r = blocks_find(s, &name, &row)) < 0 ||
		    (r = blocks_use(s, row.id, v->offset + v->octets)) < 0)
			return r;
		if (v->offset > row.used)
			r = blocks_erase(s, &name, row.id, row.used,
			    v->offset - row.used);
	}
	return r;
}

static int
run_new(struct batch *j, struct side *s, struct item *it)
{
	const char	*reason = pieces_reason(s, j->peer, it->b);
	int		 r;

	it->b->state = BINDING_VALID;
	if (reason != NULL) {
		it->b->state = BINDING_VOID;
		refuse(j, it->b->request, reason);
	} else if ((r = take_pieces(s, j->peer, it->b)) < 0)
		return r;
	if ((r = bindings_receive(s, j->peer->id, it->b)) < 0)
		return r;
	j->last = it->b->request;
	j->naccepted++;
	it->taken = it->b->state == BINDING_VALID;
	return 0;
}

static int
batch_run(struct db *db, void *arg)
{
	struct batch	*j = arg;
	struct side	*s = keystore_writer(j->peer->env->store);
	int		 r;

	(void)db;
	j->nrefused = j->naccepted = 0;
	if ((r = bindings_received_last(s, j->peer->id, &j->last)) < 0)
		return r;
	for (unsigned i = 0; i < j->n; i++) {
		struct item	*it = &j->v[i];

		it->taken = false;
		if (it->b->request <= j->last)
			r = run_known(j, s, it->b);
		else if (it->previous == j->last)
			r = run_new(j, s, it);
		else
			break;		/* a gap: what is missing comes again */
		if (r < 0)
			return r;
	}
	if (j->naccepted == 0)
		return 0;
	if ((r = bindings_set_received_last(s, j->peer->id, j->last)) < 0)
		return r;
	return consume_run(&j->use, s);
}

/* ---- on the loop ---- */

static void
batch_free(struct batch *j)
{
	for (unsigned i = 0; i < j->n; i++)
		binding_free(&j->v[i].b);
	free(j);
}

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
	struct batch	*j = arg;
	struct peer	*p = j->peer;

	if (r < 0) {		/* not acknowledged, so it comes again */
		peer_error(p, "bindings not written: %s", err_text(r));
		goto out;
	}
	p->inbox->last = j->last;
	p->env->count.bindings_in += j->naccepted;
	p->env->count.bindings_refused += j->nrefused;
	if (j->naccepted > 0)
		consume_done(&j->use, p);
	for (unsigned i = 0; i < j->nrefused && i < REFUSALS_MAX; i++) {
		bindcache_drop(p->env->bindings, p->id, j->refused[i]);
		send_void(p, j->refused[i], j->reason[i]);
	}
	inbox_acknowledge(p->inbox);
	for (unsigned i = 0; i < j->n; i++) {
		uint64_t	request = j->v[i].b->request;

		if (j->v[i].taken && j->generation == p->generation)
			bindcache_put(p->env->bindings, p->id, &j->v[i].b);
		fetch_retry(p->env, request);
	}
out:
	batch_free(j);
}

void
inbox_bind(struct inbox *in, const struct msg_bind *m)
{
	struct batch	*j = in->batch;
	struct binding	*b;

	if (inbox_decode(m, now_ms(), &b) < 0) {
		in->peer->env->count.bad_messages++;
		return;
	}
	if (j != NULL && j->n == BATCH_MAX) {
		inbox_flush(in);
		j = NULL;
	}
	if (j == NULL && (j = in->batch = calloc(1, sizeof(*j))) == NULL) {
		binding_free(&b);
		return;
	}
	j->v[j->n].b = b;
	j->v[j->n++].previous = m->previous;
}

void
inbox_flush(struct inbox *in)
{
	struct batch	*j = in->batch;

	if (j == NULL)
		return;
	in->batch = NULL;
	j->peer = in->peer;
	j->generation = in->peer->generation;
	consume_begin(&j->use, in->peer);
	env_add(in->peer->env, batch_run, batch_done, j);
}

void
inbox_acknowledge(struct inbox *in)
{
	struct msg	m = { .id = MSG_bound };

	m.bound.upto = in->last;
	(void)channel_send(in->peer->channel, &m);
}

/* ---- void ---- */

struct void_job { struct peer *peer; uint64_t request; };

static int
void_run(struct db *db, void *arg)
{
	struct void_job	*j = arg;

	(void)db;
	return bindings_void_received(keystore_writer(j->peer->env->store),
	    j->peer->id, j->request);
}

static void
void_done(void *arg, int r)
{
	struct void_job	*j = arg;

	(void)r;
	bindcache_drop(j->peer->env->bindings, j->peer->id, j->request);
	fetch_retry(j->peer->env, j->request);
	free(j);
}

void
inbox_void(struct inbox *in, const struct msg_bind_void *m)
{
	struct void_job	*j;

	if (m->request > INT64_MAX || (j = calloc(1, sizeof(*j))) == NULL)
		return;
	*j = (struct void_job){ in->peer, m->request };
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
		batch_free((*in)->batch);
	free(*in);
	*in = NULL;
}
