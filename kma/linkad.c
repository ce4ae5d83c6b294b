#include "kma/linkad.h"

#include "err.h"
#include "kma/announce.h"
#include "kma/kma.h"

static void
send_to(void *arg, const char *peer, const uint8_t *p, size_t octets)
{
	struct link	*l = kma_link_to(arg, peer);

	if (l != NULL)
		(void)linkauth_send_octets(l, p, octets);
}

static const struct announce_ops	ops = { .send = send_to };

/* In octets; an eighth of what a direction holds when it is full, or what
 * a node keeps of it. */
static uint64_t
reserve(void)
{
	int64_t	blocks = kma_conf.link_stock_max / 16;

	if (blocks > kma_conf.link_share_keep)
		blocks = kma_conf.link_share_keep;
	return (uint64_t)((blocks > 0 ? blocks : 1) * kma_conf.block_octets);
}

/* Without a connection there is nothing to be sent under the key. */
static void
stock(struct kma *k, const struct link *l)
{
	uint64_t	octets = (uint64_t)kma_conf.block_octets;

	announce_stock(k->announce, l->conf->peer, l->path && linkkey_has(l),
	    IDXSET_COUNT(&l->own) * octets, l->came * octets, mono_ms());
}

void
linkad_tick(struct kma *k)
{
	for (size_t i = 0; i < k->nlinks; i++)
		stock(k, k->links[i]);
	announce_tick(k->announce, mono_ms());
}

void
linkad_channel(struct link *l, bool up)
{
	if (l->kma->announce != NULL)
		announce_channel(l->kma->announce, l->conf->peer, up);
}

int
linkad_in(struct link *l, const struct msg_announce *m)
{
	return announce_input(l->kma->announce, l->conf->peer, m, mono_ms());
}

void
linkad_flush(struct kma *k)
{
	if (k->announce != NULL)
		announce_flush(k->announce);
}

json_t *
linkad_status(struct kma *k)
{
	const struct announce_counters	*n = announce_counters(k->announce);

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
	    "nodes", (json_int_t)linkstate_count(announce_state(k->announce)),
	    "said", (json_int_t)n->said, "sent", (json_int_t)n->sent,
	    "received", (json_int_t)n->received,
	    "taken", (json_int_t)n->taken, "old", (json_int_t)n->old,
	    "echoes", (json_int_t)n->echoes,
	    "refused", (json_int_t)n->refused);
}

int
linkad_new(struct kma *k)
{
	int	r;

	r = announce_new(&k->announce, kma_conf.kme_id, now_ms(), &ops, k);
	for (size_t i = 0; r == 0 && i < k->nlinks; i++)
		r = announce_link(k->announce, k->links[i]->conf->peer,
		    reserve());
	return r;
}

void
linkad_free(struct kma *k)
{
	announce_free(&k->announce);
}
