#include "routes.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "bridge.h"
#include "err.h"
#include "kx.h"
#include "kxjson.h"
#include "linkstate.h"
#include "log.h"
#include "relayd.h"

#define ANNOUNCE_MS	5000
#define TICK_MS		1000
#define TOLD_MAX	LINKSTATE_NODES_MAX	/* with the unreachable */

/* What ksa knows. */
struct told {
	km_id		 km;
	route_text	 route;		/* "": cannot be reached */
	UT_hash_handle	 hh;
};

struct routes {
	struct relayd		*relayd;
	struct linkstate	*state;
	struct told		*told;
	struct event		*tick;
	uint64_t		 announced;
	uint64_t		 version;	/* of the state that was told */
};

static void
send_ad(struct kx_peer *p, const struct linkstate_ad *ad)
{
	size_t	 room = 256 + (2 * ad->n + 1) * (KM_ID_MAX + 4);
	uint8_t	*payload;
	int	 e;

	if ((payload = kx_reserve(p, room, &e)) != NULL)
		kx_commit(p, kx_next_id(p), KX_ANNOUNCE,
		    kxjson_put_announce(payload, room, ad));
}

static void
flood_mine(void *arg, struct kx_peer *p)
{
	if (kx_is_up(p))
		send_ad(p, arg);
}

static void
add_neighbour(void *arg, struct kx_peer *p)
{
	struct linkstate_ad	*ad = arg;
	struct linkstate_link	*l = &ad->links[ad->n];

	if (!kx_is_up(p) || ad->n == LINKSTATE_LINKS_MAX)
		return;
	*l = (struct linkstate_link){ .level = LINKSTATE_AMPLE };
	strcpy(l->peer, kx_name(p));
	ad->n++;
}

static void
announce(struct routes *t)
{
	struct linkstate_ad	ad = { .n = 0 };

	kx_each(t->relayd->kx, add_neighbour, &ad);
	linkstate_announce(t->state, ad.links, ad.n);
	t->announced = mono_ms();
	linkstate_mine(t->state, &ad);
	kx_each(t->relayd->kx, flood_mine, &ad);
}

static void
compare(struct routes *t, struct told *d)
{
	route_text	text;
	struct route	r;

	linkstate_route(t->state, d->km, &r);
	route_print(&r, text);
	if (strcmp(text, d->route) == 0)
		return;
	strcpy(d->route, text);
	if (text[0] != '\0')
		log_info("route", "to=%s route=%s", d->km, text);
	else
		log_notice("no route any more", "to=%s", d->km);
	bridge_reach(t->relayd->bridge, d->km, text[0] != '\0');
}

static void
learn(void *arg, const struct linkstate_ad *ad)
{
	struct routes	*t = arg;
	struct told	*d;

	HASH_FIND_STR(t->told, ad->origin, d);
	if (d != NULL || (d = calloc(1, sizeof(*d))) == NULL)
		return;
	strcpy(d->km, ad->origin);
	HASH_ADD_STR(t->told, km, d);
}

/* Most announcements repeat what is known; then this is for nothing. */
static void
update(struct routes *t)
{
	struct told	*d, *tmp;

	if (t->version == linkstate_version(t->state))
		return;
	t->version = linkstate_version(t->state);
	linkstate_each(t->state, learn, t);
	HASH_ITER(hh, t->told, d, tmp) {
		compare(t, d);
		if (d->route[0] != '\0' || HASH_COUNT(t->told) <= TOLD_MAX)
			continue;
		HASH_DEL(t->told, d);
		free(d);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct routes	*t = arg;
	uint64_t	 now = mono_ms();

	(void)fd, (void)what;
	if (now - t->announced >= ANNOUNCE_MS)
		announce(t);
	if (linkstate_age(t->state, now))
		update(t);
}

int
routes_new(struct routes **tp, struct relayd *r)
{
	struct timeval	 tv = { TICK_MS / 1000, TICK_MS % 1000 * 1000 };
	struct routes	*t;
	int		 e;

	*tp = NULL;
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return -E_NO_MEMORY;
	t->relayd = r;
	if ((e = linkstate_new(&t->state, r->conf->kme_id, now_ms())) < 0)
		goto fail;
	t->announced = mono_ms();
	t->tick = event_new(r->base, -1, EV_PERSIST, on_tick, t);
	e = -E_NO_MEMORY;
	if (t->tick == NULL || event_add(t->tick, &tv) < 0)
		goto fail;
	*tp = t;
	return 0;
fail:
	routes_free(&t);
	return e;
}

void
routes_free(struct routes **tp)
{
	struct routes	*t = *tp;
	struct told	*d, *tmp;

	*tp = NULL;
	if (t == NULL)
		return;
	HASH_ITER(hh, t->told, d, tmp) {
		HASH_DEL(t->told, d);
		free(d);
	}
	if (t->tick != NULL)
		event_free(t->tick);
	linkstate_free(&t->state);
	free(t);
}

static void
send_known(void *arg, const struct linkstate_ad *ad)
{
	send_ad(arg, ad);
}

void
routes_peer_up(struct routes *t, struct kx_peer *p)
{
	bridge_neighbour(t->relayd->bridge, kx_name(p), true);
	announce(t);
	linkstate_each(t->state, send_known, p);
	update(t);
}

void
routes_peer_down(struct routes *t, struct kx_peer *p)
{
	bridge_neighbour(t->relayd->bridge, kx_name(p), false);
	announce(t);
	update(t);
}

struct flood { const struct kx_peer *from; const struct frame *f; };

static void
flood(void *arg, struct kx_peer *p)
{
	const struct flood	*fl = arg;

	if (p != fl->from && kx_is_up(p))
		(void)kx_send(p, kx_next_id(p), KX_ANNOUNCE, fl->f->payload,
		    fl->f->length);
}

int
routes_frame(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	static struct linkstate_ad	 ad;
	struct routes		*t = r->routes;
	struct flood		 fl = { p, f };
	int			 e;

	if ((e = kxjson_announce(&ad, f->payload, f->length, why)) < 0)
		return e;
	r->counters.announcements_received++;
	switch (linkstate_input(t->state, &ad, mono_ms())) {
	case LINKSTATE_NEW:
		kx_each(r->kx, flood, &fl);
		update(t);
		break;
	case LINKSTATE_ECHO:
		announce(t);
		break;
	case LINKSTATE_OLD:
	case LINKSTATE_FULL:
		break;
	}
	return 0;
}

void
routes_to(struct routes *t, const char *km, struct route *r)
{
	linkstate_route(t->state, km, r);
}

static void
tell_neighbour(void *arg, struct kx_peer *p)
{
	bridge_neighbour(arg, kx_name(p), kx_is_up(p) && kx_has_kma(p));
}

void
routes_peer_kma(struct routes *t, struct kx_peer *p)
{
	tell_neighbour(t->relayd->bridge, p);
}

void
routes_tell_kma(struct routes *t)
{
	kx_each(t->relayd->kx, tell_neighbour, t->relayd->bridge);
}

void
routes_tell_ksa(struct routes *t)
{
	struct told	*d, *tmp;

	HASH_ITER(hh, t->told, d, tmp)
		bridge_reach(t->relayd->bridge, d->km, d->route[0] != '\0');
}

json_t *
routes_status(struct routes *t)
{
	json_t		*o = json_object();
	struct told	*d, *tmp;

	HASH_ITER(hh, t->told, d, tmp)
		json_object_set_new(o, d->km, json_string(d->route));
	return o;
}
