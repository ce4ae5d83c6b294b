/*
 * direct.c - a link key block becomes a pool block of two neighbours: no
 * relay, no pad. The block is spent on the owner's disk before the other end
 * hears of it; without an answer it is void.
 */
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "err.h"
#include "kma/kma.h"
#include "log.h"
#include "quiet.h"

struct direct {
	struct link		*l;
	struct padwait		 wait;
	uint64_t		 pad, block, deadline, mark;
	struct origin		 origin;
	struct secret		*bytes;		/* the link key block */
	bool			 sent;
	relay_done		*done;
	void			*arg;
	LIST_ENTRY(direct)	 next;
};

static LIST_HEAD(, direct)	directs = LIST_HEAD_INITIALIZER(directs);

static void
finish(struct direct *d, int r)
{
	struct secret	*pool = NULL;

	LIST_REMOVE(d, next);
	link_unwant(d->l, &d->wait);
	if (r == 0 && (pool = secret_copy(d->bytes->bytes + LINK_PAD,
	    d->bytes->len - LINK_PAD)) == NULL)
		r = -E_NO_MEMORY;
	secret_free(&d->bytes);
	d->done(d->arg, r, pool, &d->origin);
	free(d);
}

static void
spent(void *arg, int r)
{
	struct direct	*d = arg;
	struct msg	 m = { .id = MSG_assign };

	if (r == 0) {
		link_mark_done(d->l, d->mark);
		m.assign.pad = d->pad;
		m.assign.block = d->block;
		r = linkauth_send(d->l, &m);
	}
	if (r < 0)
		finish(d, r);
	else
		d->sent = true;
}

static void
got_pad(void *arg, int r, uint64_t idx)
{
	struct direct	*d = arg;
	struct link	*l = d->l;
	struct linktx	*tx;

	d->origin = (struct origin){ 1, 0, 1 };
	d->deadline = mono_ms() + (uint64_t)kma_conf.relay_timeout;
	if (r < 0 || (r = linkstore_read(l->kma->store, l->id, idx,
	    &d->bytes)) < 0 || (r = linkstore_made(l->kma->store, l->id, idx,
	    &d->origin.made)) < 0) {
		finish(d, r);
		return;
	}
	d->pad = idx;
	l->n.assigned++;
	d->mark = link_mark_next(l);
	tx = linktx_new(l->kma->store);
	linktx_spend(tx, l->id, idx);
	linktx_mark(tx, l->id, d->mark);
	linktx_relays(tx, kma_conf.kme_id, l->conf->peer, d->block);
	linktx_commit(tx, spent, d);
}

void
direct_send(struct link *l, uint64_t block, relay_done *done, void *arg)
{
	struct direct	*d;

	if ((d = calloc(1, sizeof(*d))) == NULL) {
		done(arg, -E_NO_MEMORY, NULL, NULL);
		return;
	}
	d->l = l;
	d->block = block;
	d->deadline = mono_ms() + (uint64_t)kma_conf.relay_timeout;
	d->done = done;
	d->arg = arg;
	d->wait = (struct padwait){ .fn = got_pad, .arg = d,
	    .from = kma_conf.kme_id, .to = l->conf->peer, .own = true,
	    .deadline = d->deadline };
	LIST_INSERT_HEAD(&directs, d, next);
	link_want(l, &d->wait);
}

/* ---- the other end ---- */

struct taking {
	struct link	*l;
	uint64_t	 block, mark;
};

static void
answer(struct link *l, uint64_t block, int r)
{
	struct msg	m = { .id = MSG_assigned };

	m.assigned.block = block;
	m.assigned.failure = (uint32_t)-r;
	(void)linkauth_send(l, &m);
}

static void
taken(void *arg, int r)
{
	struct taking	*t = arg;

	if (r == 0)
		link_mark_done(t->l, t->mark);
	answer(t->l, t->block, r);
	if (r == 0)
		supply_ready(t->l->kma, t->l->conf->peer, t->block);
	else if (!quiet())
		log_warn("assigned block refused", "link=%s block=%llu"
		    " error=%s", t->l->conf->name,
		    (unsigned long long)t->block, err_name(r));
	free(t);
}

static void
assign_in(struct link *l, const struct msg_assign *m)
{
	struct secret	*block = NULL;
	struct taking	*t = NULL;
	struct linktx	*tx;
	int		 r;

	if ((r = link_their_pad(l, m->pad, &block)) < 0 ||
	    (t = calloc(1, sizeof(*t))) == NULL) {
		answer(l, m->block, r < 0 ? r : -E_NO_MEMORY);
		secret_free(&block);
		return;
	}
	t->l = l;
	t->block = m->block;
	link_their_pad_used(l, m->pad);
	l->n.assigned++;
	tx = linktx_new(l->kma->store);
	linktx_spend(tx, l->id, m->pad);
	linktx_inbound(tx, l->conf->peer, m->block, 1,
	    block->bytes + LINK_PAD, block->len - LINK_PAD);
	t->mark = link_mark_next(l);
	linktx_mark(tx, l->id, t->mark);
	linktx_relays(tx, l->conf->peer, kma_conf.kme_id, m->block);
	linktx_commit(tx, taken, t);
	secret_free(&block);
}

static void
assigned_in(struct link *l, const struct msg_assigned *m)
{
	struct direct	*d;

	LIST_FOREACH(d, &directs, next)
		if (d->l == l && d->sent && d->block == m->block)
			break;
	if (d != NULL)
		finish(d, m->failure == 0 ? 0 : -E_SPENT);
}

void
direct_in(struct link *l, struct msg *m)
{
	if (l->state != LINK_UP)
		return;
	if (m->id == MSG_assign)
		assign_in(l, &m->assign);
	else
		assigned_in(l, &m->assigned);
}

static void
fail_sent(struct link *l, uint64_t now, int r)
{
	struct direct	*d, *tmp;

	for (d = LIST_FIRST(&directs); d != NULL; d = tmp) {
		tmp = LIST_NEXT(d, next);
		if (d->l == l && d->sent && d->deadline <= now)
			finish(d, r);
	}
}

/* There is another way: who waits for key of this link asks again. */
void
direct_give_up(struct link *l)
{
	struct direct	*d, *tmp;

	for (d = LIST_FIRST(&directs); d != NULL; d = tmp) {
		tmp = LIST_NEXT(d, next);
		if (d->l == l && d->wait.waiting)
			finish(d, -E_NO_KEY);
	}
}

void
direct_down(struct link *l)
{
	fail_sent(l, UINT64_MAX, -E_DOWN);
}

void
direct_tick(struct link *l)
{
	fail_sent(l, mono_ms(), -E_TIMEOUT);
}
