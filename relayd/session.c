#include "session.h"

#include <stdio.h>
#include <string.h>

#include "bridge.h"
#include "err.h"
#include "exchange.h"
#include "kx.h"
#include "kxsession.h"
#include "log.h"
#include "quiet.h"
#include "relay.h"
#include "relayd.h"
#include "routes.h"

static struct kx_session	in;	/* the frame being read */

/* What tells a request from others of its kind: the session that it asks
 * for, or the first of its keys. */
static const char *
subject(enum kx_command command, const char *session, const char *key)
{
	return kxsession_request(command) == KX_NOTIFY ? key : session;
}

static int
put(struct kx_peer *p, uint32_t id, const struct route *route,
    const struct msg_session_out *m)
{
	size_t	 room = kxsession_room(route, m), len;
	uint8_t	*payload;
	int	 e;

	if ((payload = kx_reserve(p, room, &e)) == NULL)
		return e;
	if ((len = kxsession_put(payload, room, route, m)) == 0)
		return -E_TOO_LARGE;
	kx_commit(p, id, (uint16_t)m->command, len);
	return 0;
}

/* ---- from ksa ---- */

/* Where the answered request came from, if it is known and can be gone. */
static struct kx_peer *
way_back(struct relayd *r, const struct msg_session_out *m, const char *about,
    struct route *route, uint32_t *id)
{
	enum kx_command	 request = kxsession_request(m->command);
	struct kx_peer	*p;

	if (!exchange_take_came(relay_exchange(r->relay), m->peer, request,
	    about, id, route))
		return NULL;
	route_reverse(route);
	p = kx_find(r->kx, route->km[1]);
	return p != NULL && kx_is_up(p) ? p : NULL;
}

static struct kx_peer *
way_on(struct relayd *r, const struct msg_session_out *m, struct route *route,
    uint32_t *id)
{
	struct kx_peer	*p;

	routes_to(r->routes, m->peer, route);
	if (route->n < 2 || (p = kx_find(r->kx, route->km[1])) == NULL)
		return NULL;
	*id = kx_next_id(p);
	return p;
}

static bool
known(const struct msg_session_out *m)
{
	return m->command == KX_NOTIFY || m->command == KX_NOTIFIED ||
	    m->command == KX_OPEN || m->command == KX_OPENED;
}

void
session_send(struct relayd *r, const struct msg_session_out *m)
{
	bool		 request = kxsession_is_request(m->command);
	struct kx_peer	*p = NULL;
	uuid_text	 key = "";
	struct route	 route;
	const char	*about;
	uint32_t	 id;
	int		 e;

	if (!known(m) || m->body.len == 0) {
		log_err("ksa sent no message about a session", "command=%04x",
		    (unsigned)m->command);
		return;
	}
	if (m->ids.len >= 16)
		uuid_print(m->ids.p, key);
	about = subject(m->command, m->session, key);
	if (!request)
		p = way_back(r, m, about, &route, &id);
	if (p == NULL && (p = way_on(r, m, &route, &id)) == NULL) {
		r->counters.dropped_no_route++;
		return;
	}
	if ((e = put(p, id, &route, m)) < 0) {
		counters_drop(&r->counters, e);
		if (e == -E_TOO_LARGE)
			log_err("message about a session is too large",
			    "session=%s to=%s keys=%zu octets=%zu",
			    m->session, m->peer, m->ids.len / 16,
			    m->body.len);
		return;
	}
	r->counters.sessions_sent++;
	if (request)
		exchange_went(relay_exchange(r->relay), kx_name(p),
		    m->command, about, id, &route, mono_ms());
}

/* ---- refusing what came ---- */

/* Without a message: only what a KSA authenticates counts. */
static int
put_refusal(struct kx_peer *p, uint32_t id, enum kx_command command,
    const struct route *route, const char *response)
{
	struct msg_session_out	m = { .command = kxsession_response(command) };
	uint8_t			key[16];

	strcpy(m.session, in.session);
	snprintf(m.response, sizeof(m.response), "%s", response);
	if (uuid_parse(in.key, strlen(in.key), key) == 0)
		m.ids = (struct msg_view){ key, sizeof(key) };
	return put(p, id, route, &m);
}

/* The answer on this hop. `route`: from here to the source; NULL: unknown. */
static void
refuse(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const struct route *route, const char *response)
{
	int	e = put_refusal(p, f->message_id, f->command, route, response);

	if (e == 0)
		r->counters.session_refusals_sent++;
	else
		counters_drop(&r->counters, e);
}

void
session_refuse(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char *why)
{
	char		 response[MSG_TEXT_MAX + 1];
	const char	*ignored;

	/* Once more, for the IDs, if they can be read. */
	(void)kxsession_read(&in, f->command, f->payload, f->length,
	    &ignored);
	snprintf(response, sizeof(response), "bad_request: %s", why);
	refuse(r, p, f, NULL, response);
}

/* My place in the route of what came; -1: it does not lead from that peer
 * to here. */
static int
place(struct relayd *r, const struct kx_peer *p, const struct frame *f)
{
	int	me = route_find(&in.route, r->conf->kme_id);

	if (me >= 1 && strcmp(in.route.km[me - 1], kx_name(p)) == 0)
		return me;
	r->counters.refused_route++;
	if (!quiet())
		log_warn("message about a session refused", "peer=%s "
		    "command=%04x session=%s reason=\"route does not lead "
		    "from it to here\"", kx_name(p), f->command, in.session);
	return -1;
}

static int
to_ksa(struct relayd *r)
{
	if (bridge_message(r->bridge, KX_SUPPLY, in.route.km[0],
	    (struct msg_view){ in.body, in.len }) < 0) {
		r->counters.dropped_ksa_down++;
		return -E_DOWN;
	}
	r->counters.sessions_received++;
	return 0;
}

/* ---- requests ---- */

static const char *
forward_request(struct relayd *r, const struct kx_peer *p,
    const struct frame *f, const char *about, const char *hop)
{
	struct kx_peer	*next = kx_find(r->kx, hop);
	struct exchange	*x = relay_exchange(r->relay);
	uint32_t	 id;
	int		 e = -E_DOWN;

	if (next != NULL) {
		id = kx_next_id(next);
		e = kx_send(next, id, f->command, f->payload, f->length);
	}
	if (e < 0) {
		counters_drop(&r->counters, e);
		return e == -E_DOWN ?
		    "unavailable: next hop is not connected" :
		    "unavailable: next hop does not read";
	}
	r->counters.sessions_forwarded++;
	exchange_came(x, kx_name(p), f->command, about, f->message_id, NULL,
	    mono_ms());
	exchange_went(x, hop, f->command, about, id, &in.route, mono_ms());
	return NULL;
}

static void
request(struct relayd *r, struct kx_peer *p, const struct frame *f)
{
	const char	*about = subject(f->command, in.session, in.key);
	const char	*why = NULL;
	struct route	 back;
	int		 me = place(r, p, f);

	if (me < 0) {
		refuse(r, p, f, NULL, "bad_request: route does not lead here");
		return;
	}
	if ((unsigned)me + 1 < in.route.n)
		why = forward_request(r, p, f, about, in.route.km[me + 1]);
	else if (to_ksa(r) < 0)
		why = "unavailable: key supply is not running";
	else
		exchange_came(relay_exchange(r->relay), in.route.km[0],
		    f->command, about, f->message_id, &in.route, mono_ms());
	if (why == NULL)
		return;
	back = in.route;
	back.n = (unsigned)me + 1;
	route_reverse(&back);
	refuse(r, p, f, &back, why);
}

/* ---- responses ---- */

/* A refusal that does not say for whom it is goes back as its request came. */
static void
complete(struct relayd *r, const struct route *asked)
{
	int	me = route_find(asked, r->conf->kme_id);

	in.route = *asked;
	in.route.n = (unsigned)me + 2;	/* up to who refused */
	route_reverse(&in.route);
}

static void
arrived(struct relayd *r, const struct frame *f)
{
	if (in.len > 0) {
		(void)to_ksa(r);
		return;
	}
	r->counters.session_refusals_received++;
	if (!quiet())
		log_info("message about a session was refused", "command=%04x "
		    "session=%s by=%s reason=%s", kxsession_request(f->command),
		    in.session, in.route.km[0], log_quote(in.response));
}

static void
forward_response(struct relayd *r, const struct frame *f, const char *about,
    const char *hop, bool whole)
{
	struct kx_peer	*next = kx_find(r->kx, hop);
	uint32_t	 id;
	int		 e = -E_DOWN;

	if (next != NULL && !exchange_take_came(relay_exchange(r->relay), hop,
	    kxsession_request(f->command), about, &id, NULL))
		id = kx_next_id(next);
	if (next != NULL)
		e = whole ? kx_send(next, id, f->command, f->payload,
		    f->length) : put_refusal(next, id, f->command, &in.route,
		    in.response);
	if (e == 0)
		r->counters.sessions_forwarded++;
	else
		counters_drop(&r->counters, e);
}

static void
response(struct relayd *r, const struct kx_peer *p, const struct frame *f)
{
	bool		whole = in.route.n > 0;
	char		about[KXJSON_ID_MAX + 1];
	struct route	asked;
	int		me;

	strcpy(about, subject(f->command, in.session, in.key));
	if (exchange_take_went(relay_exchange(r->relay), kx_name(p),
	    kxsession_request(f->command), f->message_id, about, &asked)) {
		if (!whole)
			complete(r, &asked);
	} else if (!whole) {
		r->counters.dropped_completions++;
		return;
	}
	if ((me = place(r, p, f)) < 0)
		return;
	if ((unsigned)me + 1 == in.route.n)
		arrived(r, f);
	else
		forward_response(r, f, about, in.route.km[me + 1], whole);
}

int
session_frame(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	int	e;

	if ((e = kxsession_read(&in, f->command, f->payload, f->length,
	    why)) < 0)
		return e;
	if (kxsession_is_request(f->command))
		request(r, p, f);
	else
		response(r, p, f);
	return 0;
}
