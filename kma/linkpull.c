/*
 * linkpull.c - taking blocks from the module. Each pull names the highest
 * index on disk, so a lost answer costs nothing; what is far behind the
 * neighbour's module skips forward.
 */
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "err.h"
#include "kma/kma.h"
#include "log.h"
#include "user.h"

#define PULL_DEADLINE_MS	3000
#define PULL_OCTETS		(256 * 1024 - 16)	/* fill a secret */
#define LAG_BLOCKS		8	/* behind the neighbour: skip forward */
#define LAG_MS			1500	/* ... for so long */
#define LAG_OPEN_MS		10000	/* ... while the link is not up */
#define SKIP_OPEN_MAX		(1 << 24)	/* blocks at once, then */
#define INDEX_MAX		((uint64_t)INT64_MAX >> 16)
#define AGAIN_MS		1000	/* after a failure */
#define PPM			1000000

struct kept {
	uint64_t		 idx;
	struct block_check	 check;
};

struct pulled {
	struct link		*l;
	uint64_t		 first;
	uint32_t		 count, n;	/* blocks that came; kept */
	struct kept		*kept;
};

static void	pull(struct link *);

static void
on_disk(void *arg, int r)
{
	struct pulled	*p = arg;
	struct link	*l = p->l;

	l->pulling = false;
	if (r < 0) {
		l->pull_at = mono_ms() + AGAIN_MS;
		log_err("blocks of the module are not on disk",
		    "link=%s first=%llu count=%u error=%s", l->conf->name,
		    (unsigned long long)p->first, p->count, err_name(r));
		goto out;	/* the module still has them */
	}
	l->last = p->first + p->count - 1;
	l->n.pulled += p->count;
	l->n.kept += p->n;
	for (uint32_t i = 0; i < p->n; i++)
		linkagree_add(l, p->kept[i].idx, &p->kept[i].check);
	linkagree_offer(l);
	pull(l);
out:
	free(p->kept);
	free(p);
}

/* 0, or why the answer cannot be used. */
static int
acceptable(struct link *l, const struct msg_pulled *m)
{
	uint64_t	B = (uint64_t)kma_conf.block_octets;

	if (m->block_octets != B) {
		snprintf(l->why, sizeof(l->why), "the module gives blocks of "
		    "%u octets, block_octets is %llu", m->block_octets,
		    (unsigned long long)B);
		return -E_RANGE;
	}
	if (m->count > PULL_OCTETS / BLOCK_OCTETS_MIN ||
	    m->first <= l->last || m->first > INDEX_MAX ||
	    m->blocks == NULL || m->blocks->len != m->count * B)
		return -E_BAD_FORMAT;
	return 0;
}

/*
 * Each direction has half of the stock. Blocks of a full one are passed over
 * while the other is not full, or a direction that nobody uses would keep the
 * other from getting any: they count as lost at the other end. One that runs
 * short has asked for them before (linkshare.c).
 */
static bool
direction_full(const struct link *l, bool own)
{
	return IDXSET_COUNT(own ? &l->own : &l->theirs) >=
	    (size_t)kma_conf.link_stock_max / 2;
}

static bool
surplus(const struct link *l, uint64_t idx)
{
	return l->state == LINK_UP && direction_full(l, link_owns(l, idx));
}

static int
store(struct link *l, const struct msg_pulled *m)
{
	/* model: agreement pull */
	size_t		 B = (size_t)kma_conf.block_octets;
	struct pulled	*p;
	struct linktx	*tx = NULL;
	struct kept	*k;
	int		 r = -E_NO_MEMORY;

	if ((p = calloc(1, sizeof(*p))) == NULL ||
	    (p->kept = calloc(m->count, sizeof(*p->kept))) == NULL)
		goto out;
	*p = (struct pulled){ l, m->first, m->count, 0, p->kept };
	for (uint32_t i = 0; i < m->count; i++) {
		if (surplus(l, m->first + i)) {
			l->n.surplus++;
			continue;
		}
		k = &p->kept[p->n++];
		k->idx = m->first + i;
		if ((r = agree_check(&k->check, l->conf->name, k->idx,
		    m->blocks->bytes + i * B, B)) < 0)
			goto out;
	}
	tx = linktx_new(l->kma->store);
	for (uint32_t i = 0; i < p->n; i++)
		linktx_put(tx, l->id, p->kept[i].idx, m->blocks->bytes +
		    (p->kept[i].idx - m->first) * B, B);
	linktx_last(tx, l->id, m->first + m->count - 1);
	linktx_commit(tx, on_disk, p);
	return 0;
out:
	if (p != NULL)
		free(p->kept);
	free(p);
	return r;
}

/*
 * Where the other module is. Before the channel is up this may be a lie: it
 * moves us by so much at once and no further, and both ends follow.
 */
static uint64_t
skip_to(const struct link *l)
{
	uint64_t	most = l->state == LINK_UP ? INDEX_MAX :
			    l->produced + SKIP_OPEN_MAX;

	if (l->state == LINK_UP && l->peer_produced > most)
		return 0;	/* no module is there */
	return l->peer_produced < most ? l->peer_produced : most;
}

static unsigned
patience(const struct link *l)
{
	if (l->state == LINK_UP)
		return LAG_MS;
	/* Before the first block there is nothing to lose. */
	return l->last == 0 ? 0 : LAG_OPEN_MS;
}

/*
 * Far behind for a while: our module goes on where the other one is. Only
 * what it has just said counts: while the stock is full it is not asked.
 */
static bool
skip_forward(struct link *l)
{
	struct linktx	*tx;
	uint64_t	 now = mono_ms(), to = skip_to(l);

	if (to <= l->last || to <= l->produced + LAG_BLOCKS ||
	    to > INDEX_MAX) {
		l->lag_since = 0;
		return false;
	}
	if (l->lag_since == 0) {
		l->lag_since = now;
		l->lag_from = l->produced;
	}
	if (now - l->lag_since < patience(l))
		return false;
	/* What it makes in that time is not far behind. */
	if (to - l->produced <= l->produced - l->lag_from) {
		l->lag_since = 0;
		return false;
	}
	log_notice("the module lags behind and skips forward",
	    "link=%s from=%llu to=%llu", l->conf->name,
	    (unsigned long long)l->produced, (unsigned long long)to);
	l->lag_since = 0;
	l->last = to;
	tx = linktx_new(l->kma->store);
	linktx_last(tx, l->id, l->last);
	linktx_commit(tx, NULL, NULL);
	return true;
}

static void
on_pulled(void *arg, int err, struct msg *m)
{
	struct link	*l = arg;
	int		 r = err;

	l->pulling = false;
	if (err < 0 || l->kma->stopping)
		return;		/* asked again at the next tick */
	if (m->id != MSG_pulled)
		return;
	l->produced = m->pulled.produced;
	l->simulated = m->pulled.simulated != 0;
	l->qber = m->pulled.qber <= PPM ? m->pulled.qber : LINK_QBER_UNKNOWN;
	snprintf(l->module_state, sizeof(l->module_state), "%s",
	    m->pulled.state);
	if (skip_forward(l) || m->pulled.count == 0)
		return;
	if ((r = acceptable(l, &m->pulled)) == 0 &&
	    (r = store(l, &m->pulled)) == 0)
		l->pulling = true;	/* until it is on disk */
	else {
		l->pull_at = mono_ms() + AGAIN_MS;
		log_warn("answer of the module refused",
		    "link=%s first=%llu count=%u block_octets=%u error=%s",
		    l->conf->name, (unsigned long long)m->pulled.first,
		    m->pulled.count, m->pulled.block_octets, err_name(r));
	}
}

/*
 * A full stock stops the module; but while the link is down, new blocks keep
 * coming in place of the oldest new ones: it is by blocks which both ends
 * have just got that they find together again.
 */
static bool
has_room(struct link *l, size_t batch)
{
	if (l->nfresh < (size_t)kma_conf.link_stock_max &&
	    !(direction_full(l, true) && direction_full(l, false)))
		return true;
	if (l->state == LINK_UP)
		return false;
	if (l->nfresh > 2 * batch)
		linkagree_drop_oldest(l, batch);
	return true;
}

static void
pull(struct link *l)
{
	struct msg	m = { .id = MSG_pull };
	size_t		batch = PULL_OCTETS / (size_t)kma_conf.block_octets;

	if (l->pulling || mono_ms() < l->pull_at || l->kma->stopping ||
	    !ipc_is_up(l->module) || !has_room(l, batch))
		return;
	m.pull.after = l->last;
	m.pull.max = (uint32_t)batch;
	if (ipc_request(l->module, &m, PULL_DEADLINE_MS, on_pulled, l) == 0)
		l->pulling = true;
}

void
linkpull_tick(struct link *l)
{
	pull(l);
}

static void
module_input(void *arg, struct ipc *ipc, struct msg *m)
{
	(void)arg, (void)ipc, (void)m;	/* a module only answers */
}

static const struct ipc_ops module_ops = { .input = module_input };

int
linkpull_new(struct link *l)
{
	char	path[256];
	uid_t	uid;
	int	r;

	if ((r = user_uid(l->conf->user, &uid)) < 0) {
		log_err("no such user", "link=%s user=%s", l->conf->name,
		    log_quote(l->conf->user));
		return r;
	}
	snprintf(path, sizeof(path), "%s/mod-%s/data", kma_conf.run_dir,
	    l->conf->name);
	return ipc_dial(&l->module, l->kma->base, path, KMA, QKDMOD, uid,
	    &module_ops, l);
}
