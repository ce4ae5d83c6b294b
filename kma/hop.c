/*
 * hop.c - key relay (Q.4163 7.1) at transit and destination. A frame is
 * checked in this order: the pad it names is unspent and of the sender's
 * direction; the MAC holds; the consumption is on disk; only then are the
 * octets used.
 */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "err.h"
#include "kma/gather.h"
#include "kma/relay.h"
#include "log.h"
#include "quiet.h"

#define WAITING_MAX	512	/* frames that wait for a pad onwards */

struct hop {
	struct kma		*kma;
	struct link		*from, *to;	/* to: NULL at the destination */
	struct padwait		 wait;
	struct route		 route;
	route_text		 text;
	uuid_text		 request;
	uint64_t		 block, pad_in, pad_out;
	uint32_t		 part, parts;	/* of the block; 0: whole */
	uint64_t		 mark_in, mark_out;
	struct secret		*in;		/* pad block of the hop before */
	struct secret		*pool;		/* destination: in clear */
	struct hop_frame	*frame;		/* transit */
	LIST_ENTRY(hop)		 next;
};

static LIST_HEAD(, hop)	hops = LIST_HEAD_INITIALIZER(hops);
static unsigned		nhops;

static void
hop_end(struct hop *h)
{
	LIST_REMOVE(h, next);
	nhops--;
	if (h->to != NULL)
		link_unwant(h->to, &h->wait);
	secret_free(&h->in);
	secret_free(&h->pool);
	relay_frame_free(&h->frame);
	free(h);
}

static void
notify(struct kma *k, const char *route, const char *request,
    const char *response, const uint8_t *mac)
{
	struct msg	m = { .id = MSG_done_out };

	snprintf(m.done_out.route, sizeof(m.done_out.route), "%s", route);
	snprintf(m.done_out.request, sizeof(m.done_out.request), "%s",
	    request);
	snprintf(m.done_out.response, sizeof(m.done_out.response), "%s",
	    response);
	m.done_out.mac = (struct msg_view){ mac, mac != NULL ? OTP_MAC : 0 };
	(void)ipc_send(k->relayd, &m);
}

/* What went wrong, in the protocol's own terms (PROFILE: response). */
static const char *
response_text(int r)
{
	switch (-r) {
	case E_NO_KEY:
		return "insufficient_keys: no link key for the next hop";
	case E_DOWN:
	case E_NO_ROUTE:
		return "unavailable: the next hop cannot be reached";
	case E_REFUSED:
		return "rejected: parts that do not belong together";
	case E_GONE:
		return "unavailable: other parts of the block are lost";
	case E_EXISTS:
		return "rejected: the key is known already";
	case E_BAD_FORMAT:
		return "bad_request: route or sizes";
	default:
		return "unavailable: internal error";
	}
}

/*
 * The source takes a failure for the end of its block. So a frame that came
 * twice, or that somebody changed, is met with silence: the good one may have
 * gone through.
 */
static void
hop_fail(struct hop *h, int r)
{
	relay_counters(h->kma)->failed++;
	if (r != -E_SPENT && r != -E_MAC)
		notify(h->kma, h->text, h->request, response_text(r), NULL);
	hop_end(h);
}

static struct relay_names
names(const struct hop *h)
{
	return (struct relay_names){ .route = h->text, .request = h->request,
	    .block = h->block, .part = h->part, .parts = h->parts };
}

static struct gather_part
part(const struct hop *h)
{
	return (struct gather_part){ h->block, h->part, h->parts, &h->route };
}

/* ---- transit ---- */

static void
transit_spent(void *arg, int r)
{
	struct hop	*h = arg;

	if (r == 0) {
		link_mark_done(h->from, h->mark_in);
		link_mark_done(h->to, h->mark_out);
		r = relay_frame_send(h->kma, h->frame);
	}
	if (r < 0) {
		hop_fail(h, r);
		return;
	}
	relay_counters(h->kma)->transit++;
	hop_end(h);
}

/* The pad that came is used up in any case. */
static void
hop_waste(struct hop *h, int r)
{
	struct linktx	*tx = linktx_new(h->kma->store);

	linktx_drop(tx, h->from->id, h->pad_in);
	linktx_because(tx, err_text(r));
	linktx_commit(tx, NULL, NULL);
	hop_fail(h, r);
}

static void
transit_pad(void *arg, int r, uint64_t idx)
{
	struct hop	*h = arg;
	struct secret	*out = NULL;
	struct linktx	*tx;

	if (r < 0 ||
	    (r = linkstore_read(h->kma->store, h->to->id, idx, &out)) < 0 ||
	    (r = relay_frame_reprotect(h->frame, h->in, out, idx)) < 0)
		goto out;
	h->pad_out = idx;
	tx = linktx_new(h->kma->store);
	h->mark_in = link_mark_next(h->from);
	h->mark_out = link_mark_next(h->to);
	linktx_spend(tx, h->from->id, h->pad_in);
	linktx_mark(tx, h->from->id, h->mark_in);
	linktx_spend(tx, h->to->id, idx);
	linktx_mark(tx, h->to->id, h->mark_out);
	linktx_relays(tx, h->route.km[0], h->route.km[h->route.n - 1],
	    h->block);
	linktx_commit(tx, transit_spent, h);
out:
	secret_free(&out);
	if (r < 0)
		hop_waste(h, r);
}

static int
transit(struct hop *h, const struct msg_relay_in *m, const char *next)
{
	struct relay_names	n = names(h);

	if ((h->to = kma_link_to(h->kma, next)) == NULL)
		return -E_NO_ROUTE;
	n.text = m->text;
	if ((h->frame = relay_frame_new(next, &n)) == NULL)
		return -E_NO_MEMORY;
	h->wait = (struct padwait){ .fn = transit_pad, .arg = h,
	    .from = h->route.km[0], .to = h->route.km[h->route.n - 1],
	    .deadline = mono_ms() + (uint64_t)kma_conf.relay_timeout / 2 };
	/* What waits must leave locked memory for everybody else. */
	link_want_onwards(h->to, &h->wait, nhops > WAITING_MAX ||
	    secret_used() > secret_total() / 2);
	return 0;
}

/* ---- destination ---- */

/* The block, or a part of it, is on disk. */
static void
kept(void *arg, int r, bool whole)
{
	struct hop		*h = arg;
	struct relay_names	 n = names(h);
	uint8_t			 mac[OTP_MAC];

	if (r == 0)
		r = relaymac_done(mac, h->pool->bytes + POOL_DONE, &n,
		    "success");
	if (r < 0) {
		hop_fail(h, r);
		return;
	}
	relay_counters(h->kma)->received++;
	notify(h->kma, h->text, h->request, "success", mac);
	if (whole)
		supply_ready(h->kma, h->route.km[0], h->block);
	hop_end(h);
}

static void
arrived(void *arg, int r)
{
	/* model: agreement arrived, share arrived, transfer arrived */
	struct hop		*h = arg;
	struct gather_part	 p = part(h);

	if (r == 0)
		link_mark_done(h->from, h->mark_in);
	if (h->parts == 0)
		kept(h, r, true);
	else
		gather_came(h->kma, &p, r, kept, h);
}

static int
destination(struct hop *h, const struct msg_relay_in *m)
{
	struct gather_part	 p = part(h);
	struct linktx		*tx;
	int			 r;

	if (h->parts != 0 && (r = gather_expect(h->kma, &p)) < 0)
		return r;
	if ((h->pool = secret_copy(m->text.p, m->text.len)) == NULL)
		return -E_NO_MEMORY;
	otp_apply(h->pool->bytes, h->in->bytes + LINK_PAD, h->pool->len);
	tx = linktx_new(h->kma->store);
	h->mark_in = link_mark_next(h->from);
	linktx_spend(tx, h->from->id, h->pad_in);
	linktx_mark(tx, h->from->id, h->mark_in);
	linktx_relays(tx, h->route.km[0], kma_conf.kme_id, h->block);
	if (h->parts == 0)
		linktx_inbound(tx, h->route.km[0], h->block, 1,
		    h->pool->bytes, h->pool->len);
	else
		linktx_part(tx, h->route.km[0], h->block, h->part,
		    h->pool->bytes, h->pool->len);
	linktx_commit(tx, arrived, h);
	return 0;
}

/* ---- arrival ---- */

static int
place(struct hop *h, const struct msg_relay_in *m, int *at)
{
	int	r;

	if (m->parts > BLOCK_PARTS_MAX || m->part > m->parts ||
	    (m->part == 0) != (m->parts == 0) || m->parts == 1)
		return -E_BAD_FORMAT;
	if ((r = route_parse(&h->route, m->route)) < 0)
		return r;
	*at = route_find(&h->route, kma_conf.kme_id);
	if (*at < 1 || strcmp(h->route.km[*at - 1], m->hop) != 0)
		return -E_BAD_FORMAT;
	if ((h->from = kma_link_to(h->kma, m->hop)) == NULL)
		return -E_NO_ROUTE;
	return 0;
}

static int
check(struct hop *h, const struct msg_relay_in *m)
{
	int	r;

	if ((r = link_their_pad(h->from, m->pad, &h->in)) < 0)
		return r;
	if ((r = relay_frame_check(m, m->hop, h->in)) == -E_MAC) {
		relay_counters(h->kma)->bad_mac++;
		link_their_pad_bad(h->from, m->pad);
		if (!quiet())
			log_warn("key relay message with a bad MAC",
			    "link=%s route=%s request=%s pad=%llu",
			    h->from->conf->name, m->route, m->request,
			    (unsigned long long)m->pad);
	}
	return r;
}

void
relay_in(struct kma *k, struct msg_relay_in *m)
{
	/* model: agreement arrive, share arrive, transfer arrive */
	struct hop	*h;
	int		 at, r;

	if (k->stopping || (h = calloc(1, sizeof(*h))) == NULL)
		return;
	h->kma = k;
	memcpy(h->text, m->route, sizeof(h->text));
	memcpy(h->request, m->request, sizeof(h->request));
	h->block = m->block;
	h->pad_in = m->pad;
	h->part = m->part;
	h->parts = m->parts;
	LIST_INSERT_HEAD(&hops, h, next);
	nhops++;
	if ((r = place(h, m, &at)) < 0 || (r = check(h, m)) < 0) {
		relay_counters(k)->refused++;
		if (!quiet())
			log_info("key relay message refused", "hop=%s route=%s"
			    " request=%s error=%s", m->hop, m->route,
			    m->request, err_name(r));
		hop_fail(h, r);
		return;
	}
	link_their_pad_used(h->from, m->pad);
	if (at == (int)h->route.n - 1)
		r = destination(h, m);
	else
		r = transit(h, m, h->route.km[at + 1]);
	if (r < 0)
		hop_waste(h, r);
}

void
hop_free(struct kma *k)
{
	struct hop	*h;

	(void)k;
	while ((h = LIST_FIRST(&hops)) != NULL)
		hop_end(h);
}
