/*
 * linkagree.c - the two ends agree, block by block, on what both hold. The
 * end with the lower KM ID proposes. Verdicts "lost" and "differs" destroy a
 * block, so they count only inside the authenticated channel; the few blocks
 * offered in the open, before there is a channel, can only be accepted.
 */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "kma/kma.h"
#include "log.h"

#define REPEAT_MS	1000	/* an offer without an answer */
#define ABSENT_MS	200	/* what the other end did not have yet */
#define OPEN_MAX	8	/* blocks offered in the open */
#define OPEN_STAY_MS	2000	/* ... the same, so that the other gets there */
#define OPEN_AFTER_MS	2000	/* the other end may have lost its store */

/* Blocks whose verdict is being written. */
struct writing {
	struct link	*l;
	struct linktx	*tx;
	size_t		 n, nagreed;
	struct fresh	*blocks[OFFER_MAX * 2];
	bool		 agreed[OFFER_MAX * 2];
	struct msg	 answer;	/* acceptor: sent when on disk */
	uint8_t		*items;
	bool		 authentic;
};

/* ---- the list of new blocks ---- */

void
linkagree_add(struct link *l, uint64_t idx, const struct block_check *check)
{
	struct fresh	*f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return;		/* it is on disk: found at the next start */
	f->idx = idx;
	f->since = mono_ms();
	f->check = *check;
	TAILQ_INSERT_TAIL(&l->fresh, f, next);
	l->nfresh++;
}

static struct fresh *
find(struct link *l, uint64_t idx)
{
	struct fresh	*f;

	TAILQ_FOREACH(f, &l->fresh, next)
		if (f->idx >= idx)
			return f->idx == idx ? f : NULL;
	return NULL;
}

static void
forget(struct link *l, struct fresh *f)
{
	TAILQ_REMOVE(&l->fresh, f, next);
	l->nfresh--;
	free(f);
}

/*
 * The other end has its answer on disk before we have ours, and may send a
 * frame under that block at once. Its spending is written behind its
 * agreement.
 */
bool
linkagree_pending(struct link *l, uint64_t idx)
{
	/* model: agreement pending */
	struct fresh	*f = find(l, idx);

	return f != NULL && f->busy && f->agreed && !f->used;
}

void
linkagree_used(struct link *l, uint64_t idx)
{
	struct fresh	*f = find(l, idx);

	if (f != NULL)
		f->used = true;
}

int
linkagree_own(struct link *l, struct idxset *s)
{
	struct fresh	*f;
	int		 r = 0;

	TAILQ_FOREACH(f, &l->fresh, next)
		if (r == 0 && link_owns(l, f->idx))
			r = idxset_add(s, f->idx);
	return r;
}

bool
linkagree_gone(struct link *l, uint64_t idx)
{
	struct fresh	*f = find(l, idx);

	if (f == NULL || f->busy)
		return false;
	forget(l, f);
	return true;
}

void
linkagree_drop_oldest(struct link *l, size_t n)
{
	struct linktx	*tx = linktx_new(l->kma->store);
	struct fresh	*f, *following;

	for (f = TAILQ_FIRST(&l->fresh); f != NULL && n > 0; f = following) {
		following = TAILQ_NEXT(f, next);
		if (f->busy)
			continue;
		linktx_drop(tx, l->id, f->idx);
		l->n.aged++;
		l->n.voided++;
		forget(l, f);
		n--;
	}
	linktx_because(tx, "not agreed upon in time");
	linktx_commit(tx, NULL, NULL);
}

void
linkagree_free(struct link *l)
{
	struct fresh	*f;

	while ((f = TAILQ_FIRST(&l->fresh)) != NULL)
		forget(l, f);
}

/* ---- writing verdicts ---- */

static struct writing *
writing_new(struct link *l, bool authentic)
{
	struct writing	*w;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		return NULL;
	w->l = l;
	w->authentic = authentic;
	w->tx = linktx_new(l->kma->store);
	linktx_because(w->tx, "lost at an end, or differing");
	return w;
}

static void
writing_add(struct writing *w, struct fresh *f, bool agreed)
{
	if (w->n == sizeof(w->blocks) / sizeof(w->blocks[0]))
		return;		/* the next offer covers it */
	if (agreed)
		linktx_agree(w->tx, w->l->id, f->idx);
	else
		linktx_drop(w->tx, w->l->id, f->idx);
	f->busy = true;
	f->agreed = agreed;
	w->blocks[w->n] = f;
	w->agreed[w->n++] = agreed;
	w->nagreed += agreed;
}

static void
written(void *arg, int r)
{
	/* model: agreement agreed */
	struct writing	*w = arg;
	struct link	*l = w->l;
	uint64_t	now = mono_ms();

	if (r < 0) {
		l->offered_at = now;	/* not at once again */
		log_err("agreement is not on disk", "link=%s error=%s",
		    l->conf->name, err_name(r));
	}
	for (size_t i = 0; i < w->n; i++) {
		w->blocks[i]->busy = false;
		if (r < 0)
			continue;
		l->n.voided += !w->agreed[i];
		if (w->agreed[i])
			histogram_add(&l->agreed_in,
			    (now - w->blocks[i]->since) * 1000);
		if (w->agreed[i] && !w->blocks[i]->used)
			link_stock(l, w->blocks[i]->idx);
		forget(l, w->blocks[i]);
	}
	if (r == 0) {
		l->n.agreed += w->nagreed;
		if (w->items != NULL)
			(void)(w->authentic ? linkauth_send(l, &w->answer) :
			    linkauth_send_open(l, &w->answer));
		link_pump(l);
		if (l->low && w->n > 0)
			linkagree_offer(l);
	}
	free(w->items);
	free(w);
}

static void
writing_commit(struct writing *w)
{
	linktx_commit(w->tx, written, w);
}

/* ---- proposer ---- */

/* May we offer, and how much? In the open only what a control key needs. */
static size_t
offer_limit(struct link *l)
{
	if (!l->low || !l->path || l->kma->stopping)
		return 0;
	if (l->state == LINK_UP)
		return OFFER_MAX;
	if (linkauth_is_up(l) || (IDXSET_COUNT(&l->own) > 0 &&
	    mono_ms() - l->down_since < OPEN_AFTER_MS))
		return 0;
	return OPEN_MAX;
}

/* The newest ones that the other module has made too: the older a block, the
 * sooner it is lost at either end. */
static struct fresh *
newest(struct link *l, size_t n)
{
	struct fresh	*f;

	TAILQ_FOREACH_REVERSE(f, &l->fresh, freshes, next)
		if ((l->peer_produced == 0 || f->idx <= l->peer_produced) &&
		    --n == 0)
			return f;
	return TAILQ_FIRST(&l->fresh);
}

/*
 * The first block to offer. In the open the same ones for a while: a module
 * may be so fast that the other end never has the newest ones yet.
 */
static struct fresh *
offer_start(struct link *l, size_t limit)
{
	struct fresh	*f = NULL;

	if (l->state == LINK_UP)
		return TAILQ_FIRST(&l->fresh);
	if (mono_ms() - l->open_since < OPEN_STAY_MS)
		f = find(l, l->open_from);
	if (f == NULL && (f = newest(l, limit)) != NULL) {
		l->open_from = f->idx;
		l->open_since = mono_ms();
	}
	return f;
}

static void
offer_send(struct link *l, size_t limit)
{
	/* model: agreement offer */
	struct msg	 m = { .id = MSG_offer };
	struct fresh	*f;
	uint8_t		*items;
	size_t		 len = 0;

	if ((items = malloc(limit * OFFER_ITEM)) == NULL)
		return;
	m.offer.first = l->resolved + 1;
	for (f = offer_start(l, limit); f != NULL &&
	    len < limit * OFFER_ITEM; f = TAILQ_NEXT(f, next)) {
		if (f->busy)
			continue;
		agree_put_offer(items, &len, f->idx, f->check.out);
		m.offer.last = f->idx;
	}
	if (f == NULL && l->last > m.offer.last)
		m.offer.last = l->last;
	m.offer.produced = l->produced;
	m.offer.items = (struct msg_view){ items, len };
	l->offered_at = mono_ms();
	(void)(l->state == LINK_UP ? linkauth_send(l, &m) :
	    linkauth_send_open(l, &m));
	free(items);
}

static bool
any_idle(struct link *l)
{
	struct fresh	*f;

	TAILQ_FOREACH(f, &l->fresh, next)
		if (!f->busy)
			return true;
	return false;
}

void
linkagree_offer(struct link *l)
{
	size_t	limit = offer_limit(l);

	/* What is being written has its verdict: nothing to ask. */
	if (limit == 0 || !any_idle(l) ||
	    (l->offered_at != 0 && mono_ms() - l->offered_at < REPEAT_MS))
		return;
	offer_send(l, limit);
}

/*
 * Where the next offer begins: below, every block has its verdict on disk. One
 * that is only being written may have to be offered again.
 */
static void
resolve(struct link *l, uint64_t last)
{
	const struct fresh	*f = TAILQ_FIRST(&l->fresh);

	if (f != NULL && f->idx <= last)
		last = f->idx - 1;
	if (last > l->resolved)
		l->resolved = last;
}

static void
verdict_in(struct writing *w, const struct agree_item *it, bool *absent)
{
	struct link	*l = w->l;
	struct fresh	*f = find(l, it->idx);

	if (f == NULL || f->busy)
		return;
	if (it->verdict == VERDICT_ACCEPTED &&
	    mac_check(it->tag, f->check.back, OTP_MAC) == 0) {
		writing_add(w, f, true);
		return;
	}
	if (it->verdict == VERDICT_ABSENT &&
	    mono_ms() - f->since < (uint64_t)kma_conf.agree_timeout) {
		*absent = true;
		return;
	}
	if (!w->authentic) {
		l->open_since = 0;	/* others may do */
		return;
	}
	if (it->verdict == VERDICT_LOST || it->verdict == VERDICT_ABSENT)
		l->n.lost++;
	else
		l->n.differed++;
	writing_add(w, f, false);
}

static void
answer_in(struct link *l, const struct msg_offer_answer *m, bool authentic)
{
	/* model: agreement verdicts */
	struct agree_item	 it;
	struct writing		*w;
	bool			 absent = false;
	int			 r;

	if (!l->low || m->first > m->last ||
	    (w = writing_new(l, authentic)) == NULL)
		return;
	l->peer_produced = m->produced;
	for (size_t i = 0; (r = agree_get(m->items.p, m->items.len,
	    ANSWER_ITEM, i, m->first, m->last, &it)) > 0; i++)
		verdict_in(w, &it, &absent);
	if (r < 0)
		l->n.bad_control++;
	if (authentic && m->items.len > 0)
		resolve(l, m->last);
	/* What is left is offered at once; what was absent, or got no verdict
	 * that we may believe, again soon. */
	l->offered_at = absent || w->n == 0 ?
	    mono_ms() - REPEAT_MS + ABSENT_MS : 0;
	writing_commit(w);
	if (!absent)
		linkagree_offer(l);
}

/* ---- acceptor ---- */

/* A block that is agreed here already: its answer was lost. */
static bool
agreed_before(struct link *l, const struct agree_item *it,
    struct block_check *check)
{
	struct secret	*b = NULL;
	bool		 same;

	if ((!idxset_has(&l->own, it->idx) &&
	    !idxset_has(&l->theirs, it->idx)) ||
	    linkstore_read(l->kma->store, l->id, it->idx, &b) < 0)
		return false;
	same = agree_check(check, l->conf->name, it->idx, b->bytes,
	    b->len) == 0 && mac_check(check->out, it->tag, OTP_MAC) == 0;
	secret_free(&b);
	return same;
}

static void
judge(struct writing *w, const struct agree_item *it, size_t *len)
{
	struct link		*l = w->l;
	struct fresh		*f = find(l, it->idx);
	struct block_check	 check;

	if (f != NULL && f->busy)
		return;		/* being written: the answer is under way */
	if (f != NULL && mac_check(f->check.out, it->tag, OTP_MAC) == 0) {
		agree_put_answer(w->items, len, it->idx, VERDICT_ACCEPTED,
		    f->check.back);
		writing_add(w, f, true);
	} else if (f != NULL) {
		if (!w->authentic)
			return;
		l->n.differed++;
		agree_put_answer(w->items, len, it->idx, VERDICT_DIFFERS,
		    NULL);
		writing_add(w, f, false);
	} else if (agreed_before(l, it, &check)) {
		agree_put_answer(w->items, len, it->idx, VERDICT_ACCEPTED,
		    check.back);
	} else
		agree_put_answer(w->items, len, it->idx, it->idx > l->last ?
		    VERDICT_ABSENT : VERDICT_LOST, NULL);
}

/*
 * What the proposer did not offer, up to the end of what it covers, it does
 * not hold. Before its first one too: there it has all its verdicts on disk,
 * and an agreement would be on disk here before.
 */
static void
drop_unoffered(struct writing *w, const struct msg_offer *m)
{
	struct link		*l = w->l;
	struct agree_item	 it = { 0 };
	struct fresh		*f;
	size_t			 i = 0;
	int			 more = 1;

	TAILQ_FOREACH(f, &l->fresh, next) {
		if (f->idx > m->last)
			break;
		if (f->busy)
			continue;
		while (more > 0 && it.idx < f->idx)
			more = agree_get(m->items.p, m->items.len, OFFER_ITEM,
			    i++, m->first, m->last, &it);
		if (more > 0 && it.idx == f->idx)
			continue;
		l->n.lost++;
		writing_add(w, f, false);
	}
}

static void
offer_in(struct link *l, const struct msg_offer *m, bool authentic)
{
	/* model: agreement judge */
	struct agree_item	 it;
	struct writing		*w;
	size_t			 len = 0;
	int			 r = 0;

	if (l->low || m->first > m->last || l->kma->stopping ||
	    (w = writing_new(l, authentic)) == NULL)
		return;
	l->peer_produced = m->produced;
	w->items = malloc(OFFER_MAX * ANSWER_ITEM);
	for (size_t i = 0; w->items != NULL && (r = agree_get(m->items.p,
	    m->items.len, OFFER_ITEM, i, m->first, m->last, &it)) > 0; i++)
		judge(w, &it, &len);
	if (w->items == NULL || r < 0)
		l->n.bad_control++;
	else if (authentic)
		drop_unoffered(w, m);
	w->answer.id = MSG_offer_answer;
	w->answer.offer_answer.first = m->first;
	w->answer.offer_answer.last = m->last;
	w->answer.offer_answer.produced = l->produced;
	w->answer.offer_answer.items = (struct msg_view){ w->items, len };
	writing_commit(w);
}

void
linkagree_in(struct link *l, struct msg *m, bool authentic)
{
	bool	offer = m->id == MSG_offer;
	size_t	len = offer ? m->offer.items.len : m->offer_answer.items.len;

	/* What is agreed now, in the open or not, misses the comparison. */
	if (authentic ? l->state != LINK_UP : linkauth_is_up(l))
		return;
	/* Each item costs work, and anybody may have sent it. */
	if (!authentic && len > OPEN_MAX * (offer ? OFFER_ITEM : ANSWER_ITEM)) {
		l->n.bad_control++;
		return;
	}
	if (offer)
		offer_in(l, &m->offer, authentic);
	else
		answer_in(l, &m->offer_answer, authentic);
}

/*
 * The acceptor's new blocks that the proposer's module has passed and that
 * no offer covered: the channel is down or the proposer lost its store.
 * They keep until then; nothing to do while the link is not up.
 */
void
linkagree_age(struct link *l)
{
	/* model: agreement age */
	struct writing	*w;
	struct fresh	*f;
	uint64_t	 now = mono_ms();

	if (l->low || l->state != LINK_UP ||
	    (w = writing_new(l, true)) == NULL)
		return;
	TAILQ_FOREACH(f, &l->fresh, next)
		if (!f->busy && f->idx < l->peer_produced &&
		    now - f->since > 3 * (uint64_t)kma_conf.agree_timeout) {
			l->n.lost++;
			writing_add(w, f, false);
		}
	writing_commit(w);
}
