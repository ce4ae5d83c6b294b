/*
 * supply.c - pool blocks for ksa: new ones towards a peer, and those that
 * came from a peer. A block leaves only after its removal is on disk.
 */
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "err.h"
#include "kma/kma.h"
#include "log.h"

#define INBOUND_AGE_MS	(3600 * 1000)	/* ksa has been away for so long */

struct supplies {
	uint64_t	drawn, direct, relayed, disjoint, fetched, failed;
};

/* One request of ksa that is not answered yet. */
struct asking {
	struct kma	*kma;
	uint64_t	 corr, block;
	km_id		 source;
	struct secret	*bytes;
	struct origin	 origin;
	bool		 fresh;
	uint32_t	 paths;		/* that it shall come over */
	uint64_t	*counter;
};

static uint64_t
age_of(const struct origin *o)
{
	uint64_t	now = now_ms();

	return now > o->made ? now - o->made : 0;
}

static void
answer(struct asking *a, int r)
{
	struct msg	m = { .id = MSG_block_given };

	if (r == 0) {
		m.block_given.block = a->block;
		m.block_given.hops = a->origin.hops;
		m.block_given.age = age_of(&a->origin);
		m.block_given.paths = a->origin.paths;
		m.block_given.key = a->bytes;
		r = ipc_reply(a->kma->ksa, a->corr, 0, &m);
		++*a->counter;
	} else {
		(void)ipc_reply(a->kma->ksa, a->corr, r, NULL);
		a->kma->supplies->failed++;
	}
	if (r < 0)
		log_debug("pool block not given", "block=%llu error=%s",
		    (unsigned long long)a->block, err_name(r));
	secret_free(&a->bytes);
	free(a);
}

static void
sent(void *arg, int r, struct secret *pool, const struct origin *origin)
{
	struct asking	*a = arg;

	a->bytes = pool;
	if (r == 0)
		a->origin = *origin;
	answer(a, r);
}

/* Blocks of a link have waited in stock; what is drawn now travels under one. */
static bool
draws_for_link(struct asking *a, const struct link *l, const char *peer)
{
	return a->fresh && l->state == LINK_UP &&
	    routes_is_straight(a->kma, peer);
}

/* Where the block comes from is ours to choose, not ksa's. */
static void
take(struct asking *a, const char *peer)
{
	struct supplies	*s = a->kma->supplies;
	struct link	*l = kma_link_to(a->kma, peer);

	if (strcmp(peer, kma_conf.kme_id) == 0) {
		a->counter = &s->drawn;
		a->origin = (struct origin){ 0, now_ms(), 1 };
		a->bytes = secret_random(
		    (size_t)POOL_OCTETS(kma_conf.block_octets));
		answer(a, a->bytes == NULL ? -E_NO_MEMORY : 0);
	} else if (a->paths > 1) {
		a->counter = &s->disjoint;
		disjoint_send(a->kma, peer, a->block, a->paths, sent, a);
	} else if (l != NULL && !draws_for_link(a, l, peer) &&
	    !routes_has_detour(a->kma, peer)) {
		a->counter = &s->direct;
		direct_send(l, a->block, sent, a);
	} else {
		a->counter = &s->relayed;
		relay_send(a->kma, peer, a->block, sent, a);
	}
}

static void
fetched(void *arg, int r)
{
	/* model: transfer fetched */
	answer(arg, r);
}

static void
fetch(struct asking *a, const char *source)
{
	/* model: transfer fetch */
	struct linktx	*tx;
	int		 r;

	a->counter = &a->kma->supplies->fetched;
	if ((r = linkstore_read_inbound(a->kma->store, source, a->block,
	    &a->bytes)) < 0 || (r = linkstore_inbound_paths(a->kma->store,
	    source, a->block, &a->origin.paths)) < 0) {
		answer(a, r);
		return;
	}
	tx = linktx_new(a->kma->store);
	linktx_inbound_take(tx, source, a->block);
	linktx_commit(tx, fetched, a);
}

void
supply_in(struct kma *k, struct msg *m)
{
	struct asking	*a;

	if (m->kind != MSG_REQUEST)
		return;
	if (k->stopping || (a = calloc(1, sizeof(*a))) == NULL) {
		(void)ipc_reply(k->ksa, m->corr, -E_CLOSED, NULL);
		return;
	}
	a->kma = k;
	a->corr = m->corr;
	if (m->id == MSG_block_take) {
		a->block = m->block_take.block;
		a->fresh = m->block_take.fresh != 0;
		a->paths = m->block_take.paths;
		take(a, m->block_take.peer);
	} else {
		a->block = m->block_fetch.block;
		fetch(a, m->block_fetch.source);
	}
}

void
supply_ready(struct kma *k, const char *source, uint64_t block)
{
	struct msg	m = { .id = MSG_block_ready };

	snprintf(m.block_ready.source, sizeof(m.block_ready.source), "%s",
	    source);
	m.block_ready.block = block;
	(void)ipc_send(k->ksa, &m);	/* told again when ksa is back */
}

void
supply_paths(struct kma *k, const char *peer, unsigned paths)
{
	struct msg	m = { .id = MSG_paths };

	snprintf(m.paths.km, sizeof(m.paths.km), "%s", peer);
	m.paths.paths = paths;
	(void)ipc_send(k->ksa, &m);
}

static void
tell_one(void *arg, const char *source, uint64_t block)
{
	supply_ready(arg, source, block);
}

void
supply_age(struct kma *k)
{
	struct linktx	*tx = linktx_new(k->store);

	linktx_inbound_drop_older(tx, now_ms() - INBOUND_AGE_MS);
	linktx_commit(tx, NULL, NULL);
}

void
supply_ksa_up(struct kma *k)
{
	/* model: transfer ready */
	supply_age(k);
	(void)linktx_commit_sync(linktx_new(k->store));
	(void)linkstore_each_inbound(k->store, tell_one, k);
}

int
supply_new(struct kma *k)
{
	k->supplies = calloc(1, sizeof(*k->supplies));
	return k->supplies == NULL ? -E_NO_MEMORY : 0;
}

void
supply_free(struct kma *k)
{
	free(k->supplies);
	k->supplies = NULL;
}

json_t *
supply_status(struct kma *k)
{
	struct supplies	*s = k->supplies;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}",
	    "drawn", (json_int_t)s->drawn, "direct", (json_int_t)s->direct,
	    "relayed", (json_int_t)s->relayed,
	    "disjoint", (json_int_t)s->disjoint,
	    "fetched", (json_int_t)s->fetched,
	    "failed", (json_int_t)s->failed);
}
