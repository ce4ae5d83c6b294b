/*
 * linkcompare.c - what the two ends of a link compare, each time their
 * channel opens, before a byte is used; and again while it is up.
 */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "kma/kma.h"
#include "log.h"

#define RANGES_MAX	(MSG_BYTES_MAX / 4)	/* octets of one parity */
#define BLOCKS_MAX	(1 << 22)	/* ... in all its ranges */

/*
 * Blocks of `parity` and those that moved to their owner. What does not fit is
 * void; `whole`: then nothing is said at all.
 */
static void
send_ranges(struct link *l, enum msg_id id, const struct idxset *s,
    unsigned parity, bool whole)
{
	struct msg	 m = { .id = id };
	uint8_t		*out;
	struct msg_view	 v, moved;

	if ((out = malloc(2 * RANGES_MAX)) == NULL)
		return;
	v = (struct msg_view){ out, idxset_ranges(s, parity, out,
	    RANGES_MAX) };
	moved = (struct msg_view){ out + RANGES_MAX, idxset_ranges(s,
	    !parity, out + RANGES_MAX, RANGES_MAX) };
	if (id == MSG_owned) {
		m.owned.ranges = v;
		m.owned.moved = moved;
	} else {
		m.held.ranges = v;
		m.held.moved = moved;
	}
	if (!whole || (v.len < RANGES_MAX && moved.len < RANGES_MAX))
		(void)linkauth_send(l, &m);
	free(out);
}

void
linkcompare_hello(struct link *l)
{
	struct msg	m = { .id = MSG_link_hello };

	m.link_hello.block_octets = (uint32_t)kma_conf.block_octets;
	m.link_hello.produced = l->produced;
	l->mark_said = l->mark;
	(void)linkauth_send(l, &m);
}

/* One store is older than the other end remembers: nothing agreed is safe. */
void
linkcompare_void(struct link *l, bool mine, uint64_t my_mark_seen)
{
	/* model: share compare_void */
	struct linktx	*tx = linktx_new(l->kma->store);
	size_t		 n = IDXSET_COUNT(&l->own) + IDXSET_COUNT(&l->theirs);

	log_err("a store went back in time: the link's stock is void",
	    "link=%s whose=%s blocks=%zu", l->conf->name,
	    mine ? "ours" : l->conf->peer, n);
	idxset_clear(&l->own);
	idxset_clear(&l->theirs);
	idxset_clear(&l->share.giving);
	l->n.reconciled += n;
	l->n.voided += n;
	if (my_mark_seen > l->mark_next)
		l->mark_next = my_mark_seen;
	linktx_because(tx, mine ? "the store went back in time" :
	    "the peer's store went back in time");
	linktx_drop_agreed(tx, l->id);
	linktx_mark(tx, l->id, link_mark_next(l));
	if (linktx_commit_sync(tx) == 0)
		link_mark_done(l, l->mark_next);
}

void
linkcompare_again(struct link *l)
{
	l->compared_at = mono_ms();
	linkcompare_hello(l);
	send_ranges(l, MSG_owned, &l->own, link_parity(l), false);
}

void
linkcompare_start(struct link *l)
{
	l->got_owned = l->got_held = false;
	linkcompare_again(l);
}

/*
 * The other end keeps a block whose frame was lost, or that was too old here,
 * and such blocks would fill its stock. What is being spent has left before.
 */
void
linkcompare_owned(struct link *l)
{
	/* model: agreement say_owned */
	struct idxset	s = { 0 };
	int		r;

	(void)linktx_commit_sync(linktx_new(l->kma->store));
	r = linkagree_own(l, &s);
	/* The peer may still have to open with this one. */
	if (r == 0 && linkauth_unproved(l) != 0)
		r = idxset_add(&s, linkauth_unproved(l));
	IDXSET_FOREACH(&l->own, idx)
		if (r == 0)
			r = idxset_add(&s, *idx);
	/* The other end is not to drop what it may still take. */
	IDXSET_FOREACH(&l->share.giving, idx)
		if (r == 0)
			r = idxset_add(&s, *idx);
	if (r == 0 && l->state == LINK_UP)
		send_ranges(l, MSG_owned, &s, link_parity(l), true);
	idxset_free(&s);
}

struct going { struct link *l; struct linktx *tx; };

static void
gone(void *arg, uint64_t idx)
{
	struct going	*g = arg;

	g->l->n.reconciled++;
	g->l->n.voided++;
	linktx_drop(g->tx, g->l->id, idx);
}

/* What the other end says, in both its parts. */
static int
parse(struct idxset *s, unsigned parity, struct msg_view v,
    struct msg_view moved)
{
	struct idxset	m = { 0 };
	int		r;

	if ((r = idxset_parse(s, v.p, v.len, parity, BLOCKS_MAX)) == 0 &&
	    (r = idxset_parse(&m, moved.p, moved.len, !parity,
	    BLOCKS_MAX)) == 0)
		r = idxset_join(s, &m);
	idxset_free(&m);
	return r;
}

static int
compare(struct link *l, struct idxset *mine, unsigned parity,
    struct msg_view v, struct msg_view moved)
{
	struct idxset	 other = { 0 };
	struct going	 g = { l, NULL };
	int		 r;

	/* What was given and not answered is not in the list yet. */
	if ((r = parse(&other, parity, v, moved)) == 0 &&
	    (mine != &l->theirs ||
	    (r = idxset_join(&other, &l->share.giving)) == 0)) {
		g.tx = linktx_new(l->kma->store);
		linktx_because(g.tx, "not held by the peer");
		idxset_intersect(mine, &other, gone, &g);
		linktx_commit(g.tx, NULL, NULL);
	}
	idxset_free(&other);
	return r;
}

static int
compared(struct link *l)
{
	/* model: agreement up, share up */
	if (!l->got_owned || !l->got_held || l->state != LINK_COMPARING)
		return 0;
	link_set_state(l, LINK_UP, "ready");
	linkagree_offer(l);
	return 0;
}

static int
on_link_hello(struct link *l, const struct msg_link_hello *m)
{
	char	why[128];

	l->peer_produced = m->produced;
	if (m->block_octets == (uint64_t)kma_conf.block_octets)
		return 0;
	snprintf(why, sizeof(why), "block_octets is %lld here and %u at %s",
	    (long long)kma_conf.block_octets, m->block_octets, l->conf->peer);
	link_set_state(l, LINK_DOWN, why);
	return -E_RANGE;
}

static int
on_owned(struct link *l, const struct msg_owned *m)
{
	/* model: agreement owned, share owned */
	int	r;

	if ((r = compare(l, &l->theirs, !link_parity(l), m->ranges,
	    m->moved)) < 0)
		return r;
	send_ranges(l, MSG_held, &l->theirs, !link_parity(l), false);
	l->got_owned = true;
	return compared(l);
}

static int
on_held(struct link *l, const struct msg_held *m)
{
	/* model: agreement held, share held */
	int	r;

	if (l->got_held)	/* a late one knows less than we */
		return 0;
	if ((r = compare(l, &l->own, link_parity(l), m->ranges,
	    m->moved)) < 0)
		return r;
	l->got_held = true;
	return compared(l);
}

int
linkcompare_in(struct link *l, const struct msg *m)
{
	switch (m->id) {
	case MSG_link_hello:
		return on_link_hello(l, &m->link_hello);
	case MSG_owned:
		return on_owned(l, &m->owned);
	case MSG_held:
		return on_held(l, &m->held);
	default:
		return -E_DENIED;
	}
}
