#include "relay.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "bridge.h"
#include "err.h"
#include "exchange.h"
#include "kx.h"
#include "kxfield.h"
#include "kxjson.h"
#include "log.h"
#include "quiet.h"
#include "relayd.h"

#define TICK_MS		1000
#define OVERHEAD	512	/* octets of JSON beside route and base64 */

struct relay {
	struct relayd	*relayd;
	struct exchange	*open;
	struct event	*tick;
	struct kx_relay	 in;	/* the frame being read */
};

static const struct msg_view no_mac = { NULL, 0 };

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct relay	*t = arg;

	(void)fd, (void)what;
	exchange_age(t->open, mono_ms());
}

int
relay_new(struct relay **tp, struct relayd *r)
{
	struct timeval	 tv = { TICK_MS / 1000, TICK_MS % 1000 * 1000 };
	struct relay	*t;
	int		 e;

	*tp = NULL;
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return -E_NO_MEMORY;
	t->relayd = r;
	if ((e = exchange_new(&t->open)) < 0)
		goto fail;
	t->tick = event_new(r->base, -1, EV_PERSIST, on_tick, t);
	e = -E_NO_MEMORY;
	if (t->tick == NULL || event_add(t->tick, &tv) < 0)
		goto fail;
	*tp = t;
	return 0;
fail:
	relay_free(&t);
	return e;
}

void
relay_free(struct relay **tp)
{
	struct relay	*t = *tp;

	*tp = NULL;
	if (t == NULL)
		return;
	if (t->tick != NULL)
		event_free(t->tick);
	exchange_free(&t->open);
	free(t);
}

static int
put_done(struct relayd *r, struct kx_peer *p, uint32_t id,
    const char *response, const char *request, const struct route *route,
    struct msg_view mac)
{
	size_t	 room = OVERHEAD + 6 * (strlen(response) + strlen(request)) +
		    (route != NULL ? kxfield_route_room(route) : 0), len;
	uint8_t	*payload;
	int	 e;

	if ((payload = kx_reserve(p, room, &e)) == NULL) {
		counters_drop(&r->counters, e);
		return e;
	}
	if ((len = kxjson_put_done(payload, room, response, request, route,
	    mac)) == 0) {
		counters_drop(&r->counters, -E_TOO_LARGE);
		return -E_TOO_LARGE;
	}
	kx_commit(p, id, KX_DONE, len);
	r->counters.completions_sent++;
	return 0;
}

struct exchange *
relay_exchange(struct relay *t)
{
	return t->open;
}

/* One hop back towards the source, under the number that the relay had. */
static void
back(struct relayd *r, const struct route *route, unsigned me,
    const char *request, const char *response, struct msg_view mac)
{
	const char	*hop = route->km[me - 1];
	struct kx_peer	*p = kx_find(r->kx, hop);
	uint32_t	 id;

	if (p == NULL) {
		r->counters.dropped_not_connected++;
		return;
	}
	if (!exchange_take_came(r->relay->open, hop, KX_RELAY, request, &id,
	    NULL))
		id = kx_next_id(p);
	(void)put_done(r, p, id, response, request, route, mac);
}

static void
to_kma(struct relayd *r, const struct route *route, const char *request,
    const char *response, struct msg_view mac)
{
	if (bridge_done(r->bridge, route, request, response, mac) < 0)
		r->counters.dropped_kma_down++;
	else
		r->counters.completions_received++;
}

static void
complete(struct relayd *r, const struct route *route, unsigned me,
    const char *request, const char *response, struct msg_view mac)
{
	if (me == 0)
		to_kma(r, route, request, response, mac);
	else
		back(r, route, me, request, response, mac);
}

static int
put_relay(struct relayd *r, struct kx_peer *p, const struct route *route,
    const struct msg_relay_out *m)
{
	size_t	 room = OVERHEAD + kxfield_route_room(route) +
		    BASE64_LEN(m->text.len) + BASE64_LEN(m->mac.len), len;
	uint32_t id = kx_next_id(p);
	uint8_t	*payload;
	int	 e;

	if (room > FRAME_PAYLOAD_MAX)
		room = FRAME_PAYLOAD_MAX;
	if ((payload = kx_reserve(p, room, &e)) == NULL)
		return e;
	if ((len = kxjson_put_relay(payload, room, route, m)) == 0)
		return -E_TOO_LARGE;
	kx_commit(p, id, KX_RELAY, len);
	exchange_went(r->relay->open, kx_name(p), KX_RELAY, m->request, id,
	    route, mono_ms());
	return 0;
}

/* My place in a route that kma gave; -1: there is no way on from here. */
static int
place(const struct relayd *r, const char *text, struct route *route)
{
	if (route_parse(route, text) < 0 || route->n < 2)
		return -1;
	return route_find(route, r->conf->kme_id);
}

void
relay_send(struct relayd *r, const struct msg_relay_out *m)
{
	struct route	 route;
	int		 me = place(r, m->route, &route), e = -E_DOWN;
	struct kx_peer	*p;

	if (me < 0 || (unsigned)me + 1 >= route.n ||
	    strcmp(route.km[me + 1], m->hop) != 0) {
		log_err("kma named a route that does not lead on",
		    "route=%s hop=%s", log_quote(m->route), m->hop);
		r->counters.refused_route++;
		return;
	}
	if ((p = kx_find(r->kx, m->hop)) != NULL)
		e = put_relay(r, p, &route, m);
	if (e == 0) {
		r->counters.relays_sent++;
		return;
	}
	counters_drop(&r->counters, e);
	if (!quiet())
		log_info("relay not sent", "request=%s hop=%s reason=%s",
		    m->request, m->hop, err_name(e));
	complete(r, &route, (unsigned)me, m->request, e == -E_TOO_LARGE ?
	    "too_large: relay frame" : e == -E_DOWN ?
	    "unavailable: next hop is not connected" :
	    "unavailable: next hop does not read", no_mac);
}

void
relay_send_done(struct relayd *r, const struct msg_done_out *m)
{
	struct route	route;
	int		me = place(r, m->route, &route);

	if (me < 1) {
		log_err("kma named a route that does not lead back",
		    "route=%s", log_quote(m->route));
		r->counters.refused_route++;
		return;
	}
	back(r, &route, (unsigned)me, m->request, m->response, m->mac);
}

/* Refusals on this hop alone: the frame's own number, no MAC. */
static void
answer(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const struct route *route, const char *response)
{
	(void)put_done(r, p, f->message_id, response, r->relay->in.request,
	    route, no_mac);
}

int
relay_frame(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	struct kx_relay	*in = &r->relay->in;
	int		 me, e;

	if ((e = kxjson_relay(in, f->payload, f->length, why)) < 0)
		return e;
	me = route_find(&in->route, r->conf->kme_id);
	if (me < 1 || strcmp(in->route.km[me - 1], kx_name(p)) != 0) {
		r->counters.refused_route++;
		if (!quiet())
			log_warn("relay refused", "peer=%s request=%s "
			    "reason=\"route does not lead from it to here\"",
			    kx_name(p), log_quote(in->request));
		answer(r, p, f, NULL,
		    "bad_request: route does not lead here");
		return 0;
	}
	if (in->plain) {
		r->counters.refused_unsupported++;
		if (!quiet())
			log_warn("relay refused", "peer=%s request=%s "
			    "reason=\"keys in clear\"", kx_name(p),
			    log_quote(in->request));
		answer(r, p, f, &in->route,
		    "rejected: keys must be protected by one-time pads");
		return 0;
	}
	exchange_came(r->relay->open, kx_name(p), KX_RELAY, in->request,
	    f->message_id, NULL, mono_ms());
	if (bridge_relay(r->bridge, kx_name(p), in) == 0) {
		r->counters.relays_received++;
		return 0;
	}
	r->counters.dropped_kma_down++;
	back(r, &in->route, (unsigned)me, in->request,
	    "unavailable: key management is not running", no_mac);
	return 0;
}

void
relay_refuse(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char *why)
{
	char		 response[MSG_TEXT_MAX + 1];
	const char	*ignored;

	/* Once more, for the request ID, if it can be read. */
	(void)kxjson_relay(&r->relay->in, f->payload, f->length, &ignored);
	snprintf(response, sizeof(response), "bad_request: %s", why);
	answer(r, p, f, NULL, response);
}

/* Fills in from our memory what the completion does not say. */
static bool
recall(struct relayd *r, const struct kx_peer *p, uint32_t id,
    struct kx_done *d)
{
	struct route	route;

	if (exchange_take_went(r->relay->open, kx_name(p), KX_RELAY, id,
	    d->request, &route) && d->route.n == 0)
		d->route = route;
	return d->request[0] != '\0' && d->route.n > 0;
}

int
relay_done_frame(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	struct kx_done	d;
	int		me, e;

	if ((e = kxjson_done(&d, f->payload, f->length, why)) < 0)
		return e;
	if (!recall(r, p, f->message_id, &d)) {
		r->counters.dropped_completions++;
		return 0;
	}
	me = route_find(&d.route, r->conf->kme_id);
	if (me < 0 || (unsigned)me + 1 >= d.route.n ||
	    strcmp(d.route.km[me + 1], kx_name(p)) != 0) {
		r->counters.refused_route++;
		if (!quiet())
			log_warn("completion refused", "peer=%s request=%s "
			    "reason=\"route does not lead from it to here\"",
			    kx_name(p), log_quote(d.request));
		return 0;
	}
	complete(r, &d.route, (unsigned)me, d.request, d.response,
	    (struct msg_view){ d.mac, d.maclen });
	return 0;
}
