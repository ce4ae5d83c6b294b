/* inbox.c - bindings from the peer. */
#include "ksa/inbox.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/bindmsg.h"
#include "ksa/blocks.h"
#include "ksa/channel.h"
#include "ksa/copy.h"
#include "ksa/fetch.h"
#include "ksa/offer.h"
#include "log.h"

#define BATCH_MAX	1024	/* more than one payload holds */
#define REFUSALS_MAX	16	/* told one by one, of one batch */
#define COPIES_MAX	(16U << 20)	/* octets that wait for the disk */

struct item {
	struct binding	*b;
	struct pieces	*all;		/* if there is a copy: also of its MAC */
	uint64_t	 previous;
	const char	*refusal;	/* before its pieces were looked at */
	bool		 taken;
};

struct batch {
	struct peer	*peer;
	unsigned	 generation, n;
	uint32_t	 copies;	/* octets */
	struct item	 v[BATCH_MAX];
	/* what the job found */
	uint64_t	 last;
	unsigned	 nrefused, naccepted, nforged;
	uint64_t	 refused[REFUSALS_MAX];
	const char	*reason[REFUSALS_MAX];
	struct consume	 use;
};

struct inbox {
	struct peer	*peer;
	uint64_t	 last;		/* on disk */
	struct batch	*batch;		/* being collected */
	struct copy_parts parts;	/* of the copy that is coming */
	uint32_t	 copies;	/* octets in batches */
};

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

static const struct pieces *
claimed(const struct item *it)
{
	return it->all != NULL ? it->all : it->b->pieces;
}

static const char *
pieces_reason(struct side *s, struct peer *p, const struct pieces *pieces)
{
	struct block_row	row;

	for (uint32_t i = 0; i < pieces->n; i++) {
		const struct piece	*v = &pieces->v[i];
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

static int
take_pieces(struct side *s, struct peer *p, const struct pieces *pieces)
{
	int	r = 0;

	for (uint32_t i = 0; r == 0 && i < pieces->n; i++) {
		struct block_name	name = { p->km, p->id, THEIRS,
		    pieces->v[i].block };

		r = blocks_take(s, &name, pieces->v[i].offset,
		    pieces->v[i].octets);
	}
	return r;
}

/* The key of the MAC: the last of the pieces. Reads it, or erases it. */
static int
mac_key(struct side *s, struct peer *p, const struct item *it, uint8_t *out)
{
	uint64_t		 at = binding_size(it->b);
	uint32_t		 left = OTP_MAC_KEY, n;
	struct block_row	 row;
	struct piece		 v;
	int			 r = 0;

	while (r == 0 && (n = pieces_map(it->all, at, left, &v)) > 0) {
		struct block_name	 name = { p->km, p->id, THEIRS,
		    v.block };

		if ((r = blocks_find(s, &name, &row)) < 0)
			return r;
		r = out == NULL ? blocks_erase(s, &name, row.id, v.offset, n) :
		    blocks_read(s, &name, row.id, v.offset, n,
		    out + OTP_MAC_KEY - left);
		at += n;
		left -= n;
	}
	return r;
}

/* 0, or -E_MAC, or an error of the store. */
static int
check_copy(struct side *s, struct peer *p, const struct item *it)
{
	struct copy_way	way = { p->km, p->env->conf->kme_id };
	uint8_t		key[OTP_MAC_KEY], mac[OTP_MAC];
	int		r;

	if (it->all == NULL)
		return 0;
	if ((r = mac_key(s, p, it, key)) == 0)
		r = copy_mac(mac, key, &way, it->b, it->all);
	OPENSSL_cleanse(key, sizeof(key));
	return r < 0 ? r : mac_check(mac, it->b->mac, OTP_MAC);
}

/* What the source gave away without a slave for it is of no use to anybody. */
static int
pass_over(struct side *s, struct peer *p, const struct pieces *pieces)
{
	struct block_row	row;
	uint64_t		end;
	int			r = 0;

	for (uint32_t i = 0; r == 0 && i < pieces->n; i++) {
		const struct piece	*v = &pieces->v[i];
		struct block_name	 name = { p->km, p->id, THEIRS,
		    v->block };

		end = (uint64_t)v->offset + v->octets;
		if ((r = blocks_find(s, &name, &row)) == 0 &&
		    row.state == BLOCK_READY && end <= row.octets &&
		    end > row.used)
			r = blocks_take(s, &name, (uint32_t)end, 0);
		if (r == -E_NOT_FOUND)
			r = 0;
	}
	return r;
}

/* The MAC's key has done its work. */
static int
take(struct batch *j, struct side *s, struct item *it)
{
	int	r = take_pieces(s, j->peer, claimed(it));

	return r < 0 || it->all == NULL ? r :
	    mac_key(s, j->peer, it, NULL);
}

static int
run_new(struct batch *j, struct side *s, struct item *it)
{
	const char	*reason = it->refusal;
	int		 r;

	if (reason == NULL)
		reason = pieces_reason(s, j->peer, claimed(it));
	if (reason == NULL && (r = check_copy(s, j->peer, it)) < 0) {
		if (r != -E_MAC && r != -E_SEAL && r != -E_SPENT)
			return r;
		j->nforged += r == -E_MAC;
		reason = r == -E_MAC ? "the MAC of the copy is wrong" :
		    "the key of the copy's MAC is not here";
	}
	it->b->state = it->b->in_session ? BINDING_OFFERED : BINDING_VALID;
	if (reason != NULL) {
		it->b->state = BINDING_VOID;
		refuse(j, it->b->request, reason);
	}
	if ((r = reason == NULL ? take(j, s, it) :
	    pass_over(s, j->peer, claimed(it))) < 0 ||
	    (r = bindings_receive(s, j->peer->id, it->b)) < 0)
		return r;
	j->last = it->b->request;
	j->naccepted++;
	it->taken = binding_stands(it->b);
	return 0;
}

static int
batch_run(struct db *db, void *arg)
{
	struct batch	*j = arg;
	struct side	*s = keystore_writer(j->peer->env->store);
	int		 r;

	(void)db;
	j->nrefused = j->naccepted = j->nforged = 0;
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
	for (unsigned i = 0; i < j->n; i++) {
		binding_free(&j->v[i].b);
		free(j->v[i].all);
	}
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
	for (unsigned i = 0; i < j->nrefused && i < REFUSALS_MAX; i++) {
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
	batch_free(j);
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
collect(struct inbox *in, struct item *it)
{
	struct batch	*j = in->batch;

	if (j != NULL && j->n == BATCH_MAX) {
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

/* A KM speaks for its own applications: a key of another one's would be taken
 * for that one's, if it had the same ID. */
static const char *
master_refusal(const struct peer *p, const char *master)
{
	const struct sae	*s = sae_find(p->env->book, master);

	return s == NULL || strcmp(s->km, p->km) == 0 ? NULL :
	    "its master is registered at another KM";
}

void
inbox_bind(struct inbox *in, const struct msg_bind *m)
{
	struct item	it = { .previous = m->previous };

	if (bindmsg_decode(m, now_ms(), &it.b, &it.all) < 0) {
		in->peer->env->count.bad_messages++;
		return;
	}
	it.refusal = master_refusal(in->peer, it.b->master);
	if (has_copy(in, it.b)) {
		collect(in, &it);
		return;
	}
	binding_free(&it.b);
	free(it.all);
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

	(void)db;
	return bindings_void_received(keystore_writer(j->peer->env->store),
	    j->peer->id, j->request);
}

static void
void_done(void *arg, int r)
{
	struct void_job	*j = arg;

	bindcache_drop(j->peer->env->bindings, j->peer->id, j->request);
	fetch_retry(j->peer->env, j->request);
	offer_void(j->peer, j->request);
	if (r == 0)
		answer_void(j);
	free(j);
}

void
inbox_void(struct inbox *in, const struct msg_bind_void *m)
{
	struct void_job	*j;

	if (m->request > INT64_MAX || (j = calloc(1, sizeof(*j))) == NULL)
		return;
	*j = (struct void_job){ in->peer, m->request };
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
		batch_free((*in)->batch);
	if (*in != NULL)
		copy_parts_free(&(*in)->parts);
	free(*in);
	*in = NULL;
}
