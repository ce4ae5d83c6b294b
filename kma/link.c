/* link.c - the life of one QKD link, and its stock of agreed blocks. */
#include "kma/link.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "err.h"
#include "kma/kma.h"
#include "log.h"
#include "witness.h"

#define BAD_MACS_MAX	16
#define RECONCILE_TICKS	100
#define AGE_TICKS	600
#define NO_PATH		"no Kx connection, or kma is away there"
#define NO_CONTROL	"no key for control messages is agreed on yet"

struct bad {
	uint64_t	idx;
	unsigned	tries;
	UT_hash_handle	hh;
};

/* Even indices belong to the end with the lower KM ID. */
unsigned
link_parity(const struct link *l)
{
	return l->low ? 0 : 1;
}

bool
link_owns(const struct link *l, uint64_t idx)
{
	return idx % 2 == link_parity(l);
}

void
link_set_state(struct link *l, enum link_state state, const char *why)
{
	if (l->state != state)
		log_notice("link state", "link=%s peer=%s state=%s why=%s",
		    l->conf->name, l->conf->peer, link_state_name(state),
		    log_quote(why));
	if (state == LINK_DOWN && l->state != state)
		l->down_since = mono_ms();
	l->state = state;
	snprintf(l->why, sizeof(l->why), "%s", why);
	if (state == LINK_UP)
		link_pump(l);
}

/* ---- the stock ---- */

static void
stock_in(struct link *l, struct idxset *s, uint64_t idx)
{
	rate_add(&l->in, 1, mono_ms());
	if (s == &l->own) {
		l->gained_at = mono_ms();
		l->came++;
	}
	if (idxset_add(s, idx) < 0)
		log_err("out of memory", "link=%s lost_block=%llu",
		    l->conf->name, (unsigned long long)idx);
}

void
link_stock(struct link *l, uint64_t idx)
{
	stock_in(l, link_owns(l, idx) ? &l->own : &l->theirs, idx);
}

void
link_pump(struct link *l)
{
	/* model: agreement take, share take */
	struct padwait	*w;
	uint64_t	 idx;

	while (l->state == LINK_UP && IDXSET_COUNT(&l->own) > 0 &&
	    (w = padline_next(&l->line)) != NULL) {
		idx = IDXSET_FIRST(&l->own);	/* the oldest */
		idxset_remove(&l->own, idx);
		l->n.spent++;
		rate_add(&l->out, 1, mono_ms());
		w->fn(w->arg, 0, idx);
	}
	linkshare_ask(l);
}

/* ---- pads of the other direction ---- */

int
link_their_pad(struct link *l, uint64_t idx, struct secret **block)
{
	if (l->state != LINK_UP)
		return -E_DOWN;
	if (!idxset_has(&l->theirs, idx) &&
	    (link_owns(l, idx) || !linkagree_pending(l, idx)))
		return -E_SPENT;
	return linkstore_read(l->kma->store, l->id, idx, block);
}

void
link_their_pad_used(struct link *l, uint64_t idx)
{
	if (!idxset_remove(&l->theirs, idx))
		linkagree_used(l, idx);
	l->n.spent++;
	rate_add(&l->out, 1, mono_ms());
}

/* Apart for each block, or forgeries under two in turn would never end. */
static unsigned
bad_count(struct link *l, uint64_t idx)
{
	struct bad	*b;

	HASH_FIND(hh, l->bad, &idx, sizeof(idx), b);
	if (b == NULL) {
		if ((b = calloc(1, sizeof(*b))) == NULL)
			return BAD_MACS_MAX;
		b->idx = idx;
		HASH_ADD(hh, l->bad, idx, sizeof(b->idx), b);
	}
	return ++b->tries;
}

/* Those of blocks that are gone; all: when the link goes. */
static void
bad_forget(struct link *l, bool all)
{
	struct bad	*b, *tmp;

	HASH_ITER(hh, l->bad, b, tmp)
		if (all || !idxset_has(&l->theirs, b->idx)) {
			HASH_DEL(l->bad, b);
			free(b);
		}
}

void
link_their_pad_bad(struct link *l, uint64_t idx)
{
	struct linktx	*tx;

	l->n.bad_mac++;
	if (bad_count(l, idx) < BAD_MACS_MAX)
		return;
	log_warn("block void: too many frames failed under it",
	    "link=%s block=%llu", l->conf->name, (unsigned long long)idx);
	l->n.voided++;
	if (!idxset_remove(&l->theirs, idx))
		linkagree_used(l, idx);
	tx = linktx_new(l->kma->store);
	linktx_drop(tx, l->id, idx);
	linktx_because(tx, "too many frames failed under it");
	linktx_commit(tx, NULL, NULL);
}

/* ---- marks ---- */

uint64_t
link_mark_next(struct link *l)
{
	return ++l->mark_next;
}

void
link_mark_done(struct link *l, uint64_t mark)
{
	if (mark <= l->mark)
		return;
	l->mark = mark;
	witness_set(l->witness, mark);
}

/* ---- life ---- */

void
link_path(struct link *l, bool up)
{
	bool	news = up != l->path;

	if (up && news)
		l->down_since = mono_ms();
	l->path = up;
	if (up)
		authlink_start(l->auth);
	else
		authlink_stop(l->auth, NO_PATH);
	if (news && l->state == LINK_DOWN)
		snprintf(l->why, sizeof(l->why), "%s", up ? NO_CONTROL :
		    NO_PATH);
}

/* A block too old leaves the stock; the other end hears of it later. */
static void
too_old(void *arg, uint64_t idx)
{
	struct link	*l = arg;

	if (idxset_remove(&l->own, idx) || idxset_remove(&l->theirs, idx) ||
	    linkagree_gone(l, idx))
		l->n.voided++;
	l->n.aged++;
}

static void
age_out(struct link *l)
{
	uint64_t	 oldest = now_ms() -
			    (uint64_t)kma_conf.key_max_age * 1000;
	struct linktx	*tx = linktx_new(l->kma->store);

	(void)linkstore_each_older(l->kma->store, l->id, oldest, too_old, l);
	linktx_drop_older(tx, l->id, oldest);
	linktx_commit(tx, NULL, NULL);
	bad_forget(l, false);
}

void
link_tick(struct link *l)
{
	link_want_expire(l, mono_ms());
	linkpull_tick(l);
	linkagree_offer(l);
	linkkey_tick(l);
	linkshare_tick(l);
	if (l->kma->ticks % 10 == 0) {
		linkauth_tick(l);
		linkagree_age(l);
		padline_second(&l->line);
	}
	if (l->kma->ticks % RECONCILE_TICKS == 0 && l->state == LINK_UP)
		linkcompare_owned(l);
	if (l->kma->ticks % AGE_TICKS == 0)
		age_out(l);
	direct_tick(l);
}

/*
 * A store that was copied back under a running system shows without the
 * other end, which may have been copied back as well: nothing here is safe.
 */
static int
ask_witness(struct link *l)
{
	char		 path[256];
	struct linktx	*tx;

	snprintf(path, sizeof(path), "%s/ctl-kma/witness-%s",
	    kma_conf.run_dir, l->conf->name);
	if (witness_open(&l->witness, path, l->mark) !=
	    WITNESS_STORE_IS_OLDER)
		return 0;
	log_err("the store went back in time: the link's blocks are void",
	    "link=%s witness=%s", l->conf->name, path);
	tx = linktx_new(l->kma->store);
	linktx_because(tx, "the store went back in time");
	linktx_drop_older(tx, l->id, INT64_MAX);
	linktx_inbound_drop_older(tx, INT64_MAX);
	linktx_parts_drop(tx, "", 0);
	return linktx_commit_sync(tx);
}

struct loading { struct link *l; int r; };

static void
load_block(void *arg, uint64_t idx, enum block_state state)
{
	struct loading		*ld = arg;
	struct link		*l = ld->l;
	struct block_check	 check;
	struct secret		*block = NULL;

	if (ld->r < 0)
		return;
	l->n.found++;
	if (state != BLOCK_NEW) {
		stock_in(l, link_owns(l, idx) == (state == BLOCK_AGREED) ?
		    &l->own : &l->theirs, idx);
		return;
	}
	if ((ld->r = linkstore_read(l->kma->store, l->id, idx, &block)) == 0 &&
	    (ld->r = agree_check(&check, l->conf->name, idx, block->bytes,
	    block->len)) == 0)
		linkagree_add(l, idx, &check);
	secret_free(&block);
}

int
link_new(struct link **out, struct kma *k, const struct kma_link_conf *conf)
{
	struct linkrow	 row;
	struct loading	 ld;
	struct link	*l;
	int		 r;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return -E_NO_MEMORY;
	l->qber = LINK_QBER_UNKNOWN;
	*out = l;
	l->kma = k;
	l->conf = conf;
	l->low = strcmp(kma_conf.kme_id, conf->peer) < 0;
	TAILQ_INIT(&l->fresh);
	padline_init(&l->line, (unsigned)kma_conf.own_share);
	snprintf(l->why, sizeof(l->why), NO_PATH);
	if ((r = linkstore_link(k->store, conf->name, conf->peer, &row)) < 0)
		goto out;
	l->id = row.id;
	l->mark = l->mark_next = row.mark;
	l->seen = row.seen;
	l->last = row.last;
	ld = (struct loading){ l, 0 };
	if ((r = ask_witness(l)) < 0 ||
	    (r = linkstore_each(k->store, l->id, load_block, &ld)) < 0 ||
	    (r = ld.r) < 0 || (r = linkauth_new(l, &row)) < 0)
		goto out;
	r = linkpull_new(l);
out:
	OPENSSL_cleanse(&row, sizeof(row));
	return r;
}

void
link_free(struct link **lp)
{
	struct link	*l = *lp;
	struct padwait	*w;

	if (l == NULL)
		return;
	while ((w = padline_any(&l->line)) != NULL)
		w->fn(w->arg, -E_CLOSED, 0);
	padline_free(&l->line);
	ipc_free(&l->module);
	linkauth_free(l);
	linkagree_free(l);
	bad_forget(l, true);
	witness_close(&l->witness);
	idxset_free(&l->share.giving);
	idxset_free(&l->own);
	idxset_free(&l->theirs);
	free(l);
	*lp = NULL;
}
