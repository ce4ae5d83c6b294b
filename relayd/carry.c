#include "carry.h"

#include <string.h>

#include "base64.h"
#include "bridge.h"
#include "err.h"
#include "kx.h"
#include "kxfield.h"
#include "log.h"
#include "quiet.h"
#include "relayd.h"
#include "routes.h"

#define OVERHEAD	256	/* octets of JSON beside route and base64 */

static int
put(struct kx_peer *p, enum kx_command command, const struct route *route,
    struct msg_view body)
{
	size_t	 room = OVERHEAD + kxfield_route_room(route) +
		    BASE64_LEN(body.len), len;
	uint8_t	*payload;
	int	 e;

	if (room > FRAME_PAYLOAD_MAX)
		room = FRAME_PAYLOAD_MAX;
	if ((payload = kx_reserve(p, room, &e)) == NULL)
		return e;
	if ((len = kxjson_put_message(payload, room, route, body)) == 0)
		return -E_TOO_LARGE;
	kx_commit(p, kx_next_id(p), (uint16_t)command, len);
	return 0;
}

void
carry_send(struct relayd *r, enum kx_command command, const char *km,
    struct msg_view body)
{
	struct route	 route;
	struct kx_peer	*p;
	int		 e = -E_DOWN;

	routes_to(r->routes, km, &route);
	if (route.n < 2) {
		r->counters.dropped_no_route++;
		return;
	}
	if ((p = kx_find(r->kx, route.km[1])) != NULL)
		e = put(p, command, &route, body);
	if (e == 0) {
		r->counters.controls_sent++;
		return;
	}
	counters_drop(&r->counters, e);
	if (e == -E_TOO_LARGE)
		log_err("control message is too large", "to=%s octets=%zu",
		    km, body.len);
}

static void
deliver(struct relayd *r, enum kx_command command,
    const struct kx_message *m)
{
	if (bridge_message(r->bridge, command, m->route.km[0],
	    (struct msg_view){ m->body, m->len }) == 0)
		r->counters.controls_received++;
	else if (command == KX_CONTROL)
		r->counters.dropped_kma_down++;
	else
		r->counters.dropped_ksa_down++;
}

int
carry_frame(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	static struct kx_message m;
	struct kx_peer	*next;
	int		 me, e;

	if ((e = kxjson_message(&m, f->payload, f->length, why)) < 0)
		return e;
	me = route_find(&m.route, r->conf->kme_id);
	if (me < 1 || strcmp(m.route.km[me - 1], kx_name(p)) != 0) {
		r->counters.refused_route++;
		if (!quiet())
			log_warn("control message refused", "peer=%s reason="
			    "\"route does not lead from it to here\"",
			    kx_name(p));
		return 0;
	}
	if ((unsigned)me + 1 == m.route.n) {
		deliver(r, f->command, &m);
		return 0;
	}
	/* As it came: nothing in it is ours to change. */
	next = kx_find(r->kx, m.route.km[me + 1]);
	e = next == NULL ? -E_DOWN : kx_send(next, kx_next_id(next),
	    f->command, f->payload, f->length);
	if (e == 0)
		r->counters.controls_forwarded++;
	else
		counters_drop(&r->counters, e);
	return 0;
}
