/*
 * relay.c - key relay (Q.4163 7.1) at the source: draw a pool block, protect
 * it for the first hop, wait for the completion notification. A block whose
 * fate is uncertain is void; it is never sent again by another way.
 */
#include "kma/relay.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "err.h"
#include "kma/gate.h"
#include "kma/gather.h"
#include "log.h"
#include "quiet.h"

#define REROUTED_MS	1000	/* that a frame on the way before still has */

struct sending {
	struct kma		*kma;
	struct link		*l;
	struct gatewait		 gate;
	struct padwait		 wait;
	struct route		 route;
	route_text		 text;
	uuid_text		 request;
	uint64_t		 block, deadline, mark;
	uint64_t		 drawn;		/* histogram_now() */
	uint32_t		 part, parts;	/* of the block; 0: whole */
	struct origin		 origin;
	struct secret		*pool;
	struct hop_frame	*frame;
	bool			 sent;
	relay_done		*done;
	void			*arg;
	LIST_ENTRY(sending)	 next;
};

struct relays {
	LIST_HEAD(, sending)	sending;
	struct gates		gates;
	struct event		*pump;	/* there may be room in them */
	struct relay_counters	n;
	struct histogram	took;
};

struct relay_counters *
relay_counters(struct kma *k)
{
	return &k->relays->n;
}

const struct histogram *
relay_took(struct kma *k)
{
	return &k->relays->took;
}

/* ---- the source ---- */

static void
finish(struct sending *s, int r)
{
	/* model: transfer finish */
	LIST_REMOVE(s, next);
	link_unwant(s->l, &s->wait);
	gate_leave(&s->kma->relays->gates, &s->gate, r == 0, mono_ms());
	event_active(s->kma->relays->pump, 0, 0);
	relay_frame_free(&s->frame);
	if (r < 0) {
		relay_counters(s->kma)->failed++;
		secret_free(&s->pool);
	} else {
		relay_counters(s->kma)->completed++;
		histogram_since(&s->kma->relays->took, s->drawn);
	}
	s->done(s->arg, r, s->pool, &s->origin);
	free(s);
}

static void
cut_short(struct sending *s)
{
	uint64_t	soon = mono_ms() + REROUTED_MS;

	if (s->wait.waiting || s->gate.place == GATE_HELD)
		finish(s, -E_NO_KEY);
	else if (s->deadline > soon)
		s->deadline = soon;
}

/* Parts are not on the way that is in use. */
static void
heard(const struct sending *s, const char *response)
{
	if (s->parts == 0)
		routes_relayed(s->kma, &s->route, response);
}

/*
 * Where the way before is cut nothing comes back, and blocks on it keep ksa
 * from asking for others. Those that wait for a pad of it have lost nothing.
 */
void
relay_rerouted(struct kma *k, const char *peer, const char *route)
{
	struct sending	*s, *tmp;

	for (s = LIST_FIRST(&k->relays->sending); s != NULL; s = tmp) {
		tmp = LIST_NEXT(s, next);
		if (s->parts != 0 ||	/* they take other ways */
		    strcmp(s->route.km[s->route.n - 1], peer) != 0 ||
		    strcmp(s->text, route) == 0)
			continue;
		cut_short(s);
	}
}

static void
spent(void *arg, int r)
{
	/* model: agreement spent, share spent, transfer spent */
	struct sending	*s = arg;

	if (r == 0) {
		link_mark_done(s->l, s->mark);
		r = relay_frame_send(s->kma, s->frame);
	}
	if (r < 0)
		finish(s, r);
	else
		s->sent = true;
}

static struct relay_names
names(const struct sending *s)
{
	struct relay_names	n = { .route = s->text,
				    .request = s->request, .block = s->block,
				    .part = s->part, .parts = s->parts };

	if (s->pool != NULL)
		n.text = (struct msg_view){ s->pool->bytes, s->pool->len };
	return n;
}

static int
protect(struct sending *s, uint64_t idx)
{
	struct relay_names	 n;
	struct secret		*pad = NULL;
	int			 r;

	if ((r = linkstore_read(s->kma->store, s->l->id, idx, &pad)) < 0)
		goto out;
	r = -E_NO_MEMORY;
	s->origin = (struct origin){ s->route.n - 1, now_ms(), 1 };
	s->drawn = histogram_now();
	if ((s->pool = secret_random(pad->len - LINK_PAD)) == NULL)
		goto out;
	n = names(s);
	if ((s->frame = relay_frame_new(s->route.km[1], &n)) == NULL)
		goto out;
	r = relay_frame_protect(s->frame, pad, idx);
out:
	secret_free(&pad);
	return r;
}

static void
got_pad(void *arg, int r, uint64_t idx)
{
	/* model: transfer got_pad */
	struct sending	*s = arg;
	struct linktx	*tx;

	if (r < 0 || (r = protect(s, idx)) < 0) {
		finish(s, r);
		return;
	}
	/* What it waited for key here costs it nothing of its time. */
	s->deadline = mono_ms() + (uint64_t)kma_conf.relay_timeout;
	gate_sent(&s->gate, mono_ms());
	s->mark = link_mark_next(s->l);
	tx = linktx_new(s->kma->store);
	linktx_spend(tx, s->l->id, idx);
	linktx_mark(tx, s->l->id, s->mark);
	linktx_relays(tx, kma_conf.kme_id, s->route.km[s->route.n - 1],
	    s->block);
	linktx_commit(tx, spent, s);
}

static void
may_go(void *arg)
{
	struct sending	*s = arg;

	link_want(s->l, &s->wait);
}

void
relay_send_part(struct kma *k, const struct route *route,
    const struct relay_names *n, relay_done *done, void *arg)
{
	struct link		*l;
	struct sending		*s = NULL;
	int			 r = -E_NO_ROUTE;

	if ((l = kma_link_to(k, route->km[1])) == NULL)
		goto fail;
	r = -E_NO_MEMORY;
	if ((s = calloc(1, sizeof(*s))) == NULL || uuid_random(s->request) < 0)
		goto fail;
	s->kma = k;
	s->l = l;
	s->route = *route;
	route_print(route, s->text);
	s->block = n->block;
	s->part = n->part;
	s->parts = n->parts;
	s->deadline = mono_ms() + (uint64_t)kma_conf.relay_timeout;
	s->done = done;
	s->arg = arg;
	s->wait = (struct padwait){ .fn = got_pad, .arg = s,
	    .from = kma_conf.kme_id, .to = s->route.km[s->route.n - 1],
	    .own = true, .deadline = s->deadline };
	s->gate = (struct gatewait){ .fn = may_go, .arg = s };
	LIST_INSERT_HEAD(&k->relays->sending, s, next);
	relay_counters(k)->started++;
	if ((r = gate_enter(&k->relays->gates, s->wait.to, &s->gate,
	    mono_ms())) < 0)
		finish(s, r);
	return;
fail:
	free(s);
	done(arg, r, NULL, NULL);
}

void
relay_send(struct kma *k, const char *peer, uint64_t block, relay_done *done,
    void *arg)
{
	const struct route	*route = routes_to(k, peer);

	if (route == NULL)
		done(arg, routes_error(k, peer), NULL, NULL);
	else
		relay_send_part(k, route,
		    &(struct relay_names){ .block = block }, done, arg);
}

static int
done_check(struct sending *s, const struct msg_done_in *m)
{
	struct relay_names	 n = names(s);
	uint8_t			 tag[OTP_MAC];
	int			 r;

	if (strcmp(m->route, s->text) != 0 || m->mac.len != OTP_MAC)
		return -E_MAC;
	if ((r = relaymac_done(tag, s->pool->bytes + POOL_DONE, &n,
	    m->response)) < 0)
		return r;
	return mac_check(tag, m->mac.p, OTP_MAC);
}

/*
 * "success" must carry the MAC of the destination. A failure need not: who
 * forges one costs us a block, as if he had dropped the frame.
 */
void
relay_done_in(struct kma *k, struct msg_done_in *m)
{
	struct sending	*s;

	LIST_FOREACH(s, &k->relays->sending, next)
		if (s->sent && strcmp(s->request, m->request) == 0)
			break;
	if (s == NULL)
		return;		/* timed out: the block is void */
	if (strcmp(m->response, "success") != 0) {
		if (!quiet())
			log_notice("key relay failed", "route=%s response=%s",
			    s->text, log_quote(m->response));
		heard(s, m->response);
		finish(s, -E_NO_KEY);
	} else if (done_check(s, m) < 0) {
		relay_counters(k)->bad_mac++;
		if (!quiet())
			log_warn("completion notification with a bad MAC",
			    "route=%s request=%s", s->text, s->request);
	} else {
		heard(s, "");
		finish(s, 0);
	}
}

/* ---- life ---- */

void
relay_tick(struct kma *k)
{
	struct sending	*s, *tmp;
	uint64_t	 now = mono_ms();

	for (s = LIST_FIRST(&k->relays->sending); s != NULL; s = tmp) {
		tmp = LIST_NEXT(s, next);
		if (s->sent && now >= s->deadline) {
			log_notice("key relay timed out", "route=%s", s->text);
			heard(s, "no answer in time");
			finish(s, -E_TIMEOUT);
		} else if (s->gate.place == GATE_HELD && now >= s->deadline)
			finish(s, -E_NO_KEY);
		else if (s->parts != 0 && !routes_works(k, &s->route))
			cut_short(s);
	}
	gates_tick(&k->relays->gates, now);
}

static void
pump(evutil_socket_t fd, short what, void *arg)
{
	struct kma	*k = arg;

	(void)fd, (void)what;
	gates_pump(&k->relays->gates, mono_ms());
}

int
relay_new(struct kma *k)
{
	if ((k->relays = calloc(1, sizeof(*k->relays))) == NULL)
		return -E_NO_MEMORY;
	gates_init(&k->relays->gates, (uint64_t)kma_conf.relay_timeout);
	k->relays->pump = event_new(k->base, -1, 0, pump, k);
	return k->relays->pump == NULL ? -E_NO_MEMORY : 0;
}

void
relay_free(struct kma *k)
{
	struct sending	*s;

	if (k->relays == NULL)
		return;
	while ((s = LIST_FIRST(&k->relays->sending)) != NULL)
		finish(s, -E_CLOSED);
	gates_free(&k->relays->gates);
	if (k->relays->pump != NULL)
		event_free(k->relays->pump);
	free(k->relays);
	k->relays = NULL;
}

json_t *
relay_status(struct kma *k)
{
	struct relay_counters	*n = relay_counters(k);

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
	    "started", (json_int_t)n->started,
	    "completed", (json_int_t)n->completed,
	    "failed", (json_int_t)n->failed,
	    "transit", (json_int_t)n->transit,
	    "received", (json_int_t)n->received,
	    "blocks_in_parts", (json_int_t)gather_count(k),
	    "refused", (json_int_t)n->refused,
	    "bad_mac", (json_int_t)n->bad_mac);
}
