/*
 * linkshare.c - link key moves from the direction that has more than it needs
 * to the one that runs short. The taker asks. The giver strikes blocks from
 * its own on disk (state 2), then names them; the taker makes them its own on
 * disk, answers, and only then uses them. A block moves once. What is not
 * answered when the channel breaks has no owner: comparing (linkcompare.c)
 * leaves it at neither end, or with the taker.
 */
#include <stdlib.h>

#include "err.h"
#include "kma/kma.h"
#include "log.h"

#define ASK_MS		200	/* between two questions */
#define REPEAT_MS	1000	/* a give without an answer */
#define GIVE_MAX	256	/* blocks in one message */

/* What no end gives away: below half of it, it asks. So nothing goes back
 * and forth. */
static size_t
keep(void)
{
	int64_t	most = kma_conf.link_stock_max / 4;

	return (size_t)(kma_conf.link_share_keep < most ?
	    kma_conf.link_share_keep : most);
}

/* Share messages name blocks of their owner by index: all of one parity. */
static void
send_list(struct link *l, enum msg_id id, uint64_t give,
    const struct idxset *s, unsigned parity)
{
	uint8_t		ranges[GIVE_MAX * 16];
	struct msg	m = { .id = id };

	m.share_give.give = give;	/* the same fields in both */
	m.share_give.ranges = (struct msg_view){ ranges,
	    idxset_ranges(s, parity, ranges, sizeof(ranges)) };
	(void)linkauth_send(l, &m);
}

static void
drop(struct link *l, const struct idxset *s)
{
	struct linktx	*tx = linktx_new(l->kma->store);

	linktx_because(tx, "given to nobody");
	IDXSET_FOREACH(s, idx)
		linktx_drop(tx, l->id, *idx);
	linktx_commit(tx, NULL, NULL);
}

/* ---- the giver ---- */

static void
send_give(struct link *l)
{
	l->share.given_at = mono_ms();
	send_list(l, MSG_share_give, l->share.give, &l->share.giving,
	    link_parity(l));
}

/* From here on the taker may send frames under them. */
static void
struck(void *arg, int r)
{
	/* model: share struck */
	struct link		*l = arg;
	struct link_share	*s = &l->share;

	s->striking = false;
	if (r == 0) {
		link_mark_done(l, s->give);
		r = idxset_join(&l->theirs, &s->giving);
	}
	if (r == 0 && l->state == LINK_UP) {
		send_give(l);
		return;
	}
	if (r < 0)
		log_err("key of our direction was not given away, and is "
		    "void", "link=%s blocks=%zu error=%s", l->conf->name,
		    IDXSET_COUNT(&s->giving), err_name(r));
	drop(l, &s->giving);
	l->n.given_void += IDXSET_COUNT(&s->giving);
	l->n.voided += IDXSET_COUNT(&s->giving);
	IDXSET_FOREACH(&s->giving, idx)
		idxset_remove(&l->theirs, *idx);
	idxset_clear(&s->giving);
}

/* The oldest: agreed for long at the other end too. */
static void
strike(struct link *l, size_t n)
{
	/* model: share strike */
	struct link_share	*s = &l->share;
	struct linktx		*tx = linktx_new(l->kma->store);

	IDXSET_FOREACH(&l->own, idx) {
		if (IDXSET_COUNT(&s->giving) == n)
			break;
		if (!link_owns(l, *idx))
			continue;	/* it has moved once */
		if (idxset_add(&s->giving, *idx) < 0)
			break;
		linktx_move(tx, l->id, *idx);
	}
	IDXSET_FOREACH(&s->giving, idx)
		idxset_remove(&l->own, *idx);
	s->give = link_mark_next(l);
	s->striking = true;
	linktx_mark(tx, l->id, s->give);
	linktx_commit(tx, struck, l);
}

static int
on_ask(struct link *l, const struct msg_share_ask *m)
{
	struct link_share	*s = &l->share;
	size_t			 n = IDXSET_COUNT(&l->own);

	if (l->state != LINK_UP || s->striking || l->kma->stopping ||
	    IDXSET_COUNT(&s->giving) > 0 || n <= keep())
		return 0;
	n -= keep();
	if (n > m->blocks)
		n = m->blocks;
	if (n > 0)
		strike(l, n < GIVE_MAX ? n : GIVE_MAX);
	return 0;
}

/* What the taker did not take belongs to nobody. */
static int
on_taken(struct link *l, const struct msg_share_taken *m)
{
	/* model: share on_taken */
	struct link_share	*s = &l->share;
	struct idxset		 taken = { 0 };
	struct linktx		*tx;
	int			 r;

	if (l->state != LINK_UP || s->striking || m->give != s->give ||
	    IDXSET_COUNT(&s->giving) == 0)
		return 0;	/* answered before */
	if ((r = idxset_parse(&taken, m->ranges.p, m->ranges.len,
	    link_parity(l), GIVE_MAX)) < 0)
		goto out;
	tx = linktx_new(l->kma->store);
	linktx_because(tx, "given, but not taken");
	IDXSET_FOREACH(&s->giving, idx) {
		if (idxset_has(&taken, *idx)) {
			l->n.given++;
			continue;
		}
		if (idxset_remove(&l->theirs, *idx)) {
			l->n.given_void++;
			l->n.voided++;
		}
		linktx_drop(tx, l->id, *idx);
	}
	linktx_commit(tx, NULL, NULL);
	idxset_clear(&s->giving);
out:
	idxset_free(&taken);
	return r;
}

/* ---- the taker ---- */

void
linkshare_ask(struct link *l)
{
	struct msg	m = { .id = MSG_share_ask };
	size_t		own = IDXSET_COUNT(&l->own), n;
	size_t		theirs = IDXSET_COUNT(&l->theirs);
	uint64_t	now = mono_ms();

	if (l->state != LINK_UP || l->share.taking || theirs <= keep() ||
	    now - l->share.asked_at < ASK_MS || l->kma->stopping)
		return;
	n = padline_waiting(&l->line);
	if (n == 0 && own >= (keep() + 1) / 2)
		return;
	/* Who waits will not be the last. */
	m.share_ask.blocks = (uint32_t)(keep() + n + (n > 0 ? theirs / 8 : 0));
	l->share.asked_at = now;
	(void)linkauth_send(l, &m);
}

struct taking {
	struct link	*l;
	uint64_t	 give, mark;
	struct idxset	 moving;	/* to be ours with this commit */
	struct idxset	 taken;		/* they, and what was before */
};

static void
taking_free(struct taking *t)
{
	idxset_free(&t->moving);
	idxset_free(&t->taken);
	free(t);
}

static void
taken(void *arg, int r)
{
	/* model: share moved */
	struct taking	*t = arg;
	struct link	*l = t->l;

	l->share.taking = false;
	if (r == 0) {
		link_mark_done(l, t->mark);
		r = idxset_join(&l->own, &t->moving);
	}
	if (r < 0) {
		/* Asked again, we say that we have not got them. */
		log_err("key that was given to us is void", "link=%s "
		    "blocks=%zu error=%s", l->conf->name,
		    IDXSET_COUNT(&t->moving), err_name(r));
		drop(l, &t->moving);
		l->n.voided += IDXSET_COUNT(&t->moving);
		goto out;
	}
	l->n.received += IDXSET_COUNT(&t->moving);
	if (IDXSET_COUNT(&t->moving) > 0)
		l->gained_at = mono_ms();
	if (l->state == LINK_UP) {
		send_list(l, MSG_share_taken, t->give, &t->taken,
		    !link_parity(l));
		if (IDXSET_COUNT(&t->moving) > 0)
			l->share.asked_at = 0;
		link_pump(l);
	}
out:
	taking_free(t);
}

/* Only what is of the giver's direction here too; what came before is ours
 * already, for its answer was lost. */
static int
sort_given(struct taking *t, const struct idxset *given, struct linktx *tx)
{
	struct link	*l = t->l;
	int		 r = 0;

	IDXSET_FOREACH(given, idx) {
		bool	theirs = idxset_has(&l->theirs, *idx);

		if (!theirs && !idxset_has(&l->own, *idx))
			continue;
		if ((r = idxset_add(&t->taken, *idx)) < 0)
			break;
		if (!theirs)
			continue;
		if ((r = idxset_add(&t->moving, *idx)) < 0)
			break;
		linktx_move(tx, l->id, *idx);
	}
	return r;
}

static int
on_give(struct link *l, const struct msg_share_give *m)
{
	/* model: share on_give */
	struct idxset	 given = { 0 };
	struct taking	*t = NULL;
	struct linktx	*tx;
	int		 r;

	if (l->state != LINK_UP || l->share.taking || l->kma->stopping)
		return 0;	/* it is said again */
	if ((r = idxset_parse(&given, m->ranges.p, m->ranges.len,
	    !link_parity(l), GIVE_MAX)) < 0)
		goto out;
	r = -E_NO_MEMORY;
	if ((t = calloc(1, sizeof(*t))) == NULL)
		goto out;
	t->l = l;
	t->give = m->give;
	tx = linktx_new(l->kma->store);
	if ((r = sort_given(t, &given, tx)) < 0) {
		linktx_cancel(tx);
		taking_free(t);
		goto out;
	}
	IDXSET_FOREACH(&t->moving, idx)
		idxset_remove(&l->theirs, *idx);
	if (IDXSET_COUNT(&t->moving) > 0) {
		t->mark = link_mark_next(l);
		linktx_mark(tx, l->id, t->mark);
	}
	l->share.taking = true;
	linktx_commit(tx, taken, t);
out:
	idxset_free(&given);
	return r;
}

/* ---- both ---- */

int
linkshare_in(struct link *l, const struct msg *m)
{
	switch (m->id) {
	case MSG_share_ask:
		return on_ask(l, &m->share_ask);
	case MSG_share_give:
		return on_give(l, &m->share_give);
	case MSG_share_taken:
		return on_taken(l, &m->share_taken);
	default:
		return -E_DENIED;
	}
}

void
linkshare_tick(struct link *l)
{
	linkshare_ask(l);
	if (l->state == LINK_UP && !l->share.striking &&
	    IDXSET_COUNT(&l->share.giving) > 0 &&
	    mono_ms() - l->share.given_at >= REPEAT_MS)
		send_give(l);
}

void
linkshare_start(struct link *l)
{
	idxset_clear(&l->share.giving);
	l->share.asked_at = 0;
}
