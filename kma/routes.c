#include "kma/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "err.h"
#include "kma/announce.h"
#include "kma/kma.h"
#include "kma/routewhy.h"
#include "log.h"

#define ROUTES_MAX	4096
#define CALM_MS		10000	/* before a way that works is left again */
#define AGAIN_MS	1000
#define TELL_MS		3000	/* a set route may fail so long unheard */

struct way {
	km_id		 km;
	struct route	 route;
	uint32_t	 cost;
	uint64_t	 changed;	/* monotonic ms; 0: it was the first */
	struct route	 set;		/* n = 0: by nobody */
	uint64_t	 set_at, failing;	/* ms since 1970; monotonic */
	bool		 told;
	char		 why[ROUTEWHY_MAX], relay[MSG_TEXT_MAX + 1];
	UT_hash_handle	 hh;
};

struct routes {
	struct way	*ways;
	uint64_t	 version, looked_at;
};

static struct linkstate *
state(const struct kma *k)
{
	return announce_state(k->announce);
}

static struct way *
find(const struct kma *k, const char *peer)
{
	struct way	*w;

	HASH_FIND_STR(k->routes->ways, peer, w);
	return w;
}

static struct way *
add(struct kma *k, const char *peer)
{
	struct way	*w;

	if (HASH_COUNT(k->routes->ways) >= ROUTES_MAX ||
	    (w = calloc(1, sizeof(*w))) == NULL)
		return NULL;
	snprintf(w->km, sizeof(w->km), "%s", peer);
	HASH_ADD_STR(k->routes->ways, km, w);
	return w;
}

static void
forget(struct kma *k, struct way *w)
{
	HASH_DEL(k->routes->ways, w);
	free(w);
}

/* ---- which way ---- */

/* It is not the way any more; what is on it, or waits for it, hears that. */
static void
change(struct kma *k, struct way *w, const struct route *to, uint64_t now)
{
	struct link	*l = kma_link_to(k, w->km);
	route_text	 text;

	w->changed = w->route.n > 0 ? now : 0;
	w->route = *to;
	route_print(to, text);
	if (to->n > 0)
		log_info("route", "to=%s route=%s", w->km, text);
	else
		log_notice("no route any more", "to=%s", w->km);
	relay_rerouted(k, w->km, text);
	if (l != NULL && to->n > 2)
		direct_give_up(l);
}

static bool
same(const struct route *a, const struct route *b)
{
	route_text	ta, tb;

	route_print(a, ta);
	route_print(b, tb);
	return strcmp(ta, tb) == 0;
}

static uint32_t
check(const struct kma *k, const struct route *r)
{
	unsigned	broken;

	return r->n == 0 ? LINKSTATE_UNREACHED :
	    linkstate_check(state(k), r, &broken);
}

/*
 * Calmly: a way that works is left only for one that is much better. So much
 * that a scarce link gives way to two ample ones, and three hops to two.
 */
static bool
stays(const struct way *w, uint32_t cost, uint32_t best, uint64_t now)
{
	if (cost == LINKSTATE_UNREACHED)
		return false;
	if (w->changed != 0 && now - w->changed < CALM_MS)
		return true;
	return (uint64_t)cost * 2 < (uint64_t)best * 3;
}

static void
choose(struct kma *k, struct way *w, uint64_t now)
{
	struct route	best;
	uint32_t	cost = check(k, &w->route), least;

	least = linkstate_route(state(k), w->km, &best);
	w->cost = cost;
	/* If there is no other, who waits for key on this one may get it. */
	if (stays(w, cost, least, now) ||
	    (best.n == 0 && routewhy_is_dry(state(k), &w->route)))
		return;
	w->cost = least;
	if (!same(&w->route, &best))
		change(k, w, &best, now);
}

/* As it was set, or not at all. */
static void
obey(struct kma *k, struct way *w, uint64_t now)
{
	static const struct route	none;
	const struct route		*to;
	route_text			 text;

	w->cost = check(k, &w->set);
	route_print(&w->set, text);
	if (w->cost != LINKSTATE_UNREACHED) {
		if (w->told)
			log_notice("route that was set can be used again",
			    "to=%s route=%s", w->km, text);
		w->failing = 0;
		w->told = false;
		w->why[0] = '\0';
		if (!same(&w->route, &w->set))
			change(k, w, &w->set, now);
		return;
	}
	routewhy(state(k), &w->set, w->why);
	if (w->failing == 0)
		w->failing = now;
	if (!w->told && now - w->failing >= TELL_MS) {
		log_warn("route that was set cannot be used", "to=%s route=%s"
		    " why=%s", w->km, text, log_quote(w->why));
		w->told = true;
	}
	to = routewhy_is_dry(state(k), &w->set) ? &w->set : &none;
	if (!same(&w->route, to))
		change(k, w, to, now);
}

static void
update(struct kma *k, struct way *w, uint64_t now)
{
	if (w->set.n > 0)
		obey(k, w, now);
	else
		choose(k, w, now);
}

void
routes_tick(struct kma *k)
{
	struct routes	*rs = k->routes;
	struct way	*w, *tmp;
	uint64_t	 now = mono_ms();

	if (linkstate_version(state(k)) == rs->version &&
	    now - rs->looked_at < AGAIN_MS)
		return;
	rs->version = linkstate_version(state(k));
	rs->looked_at = now;
	HASH_ITER(hh, rs->ways, w, tmp) {
		update(k, w, now);
		if (w->route.n == 0 && w->set.n == 0)
			forget(k, w);
	}
}

/* ---- who asks ---- */

static struct way *
way_to(struct kma *k, const char *peer)
{
	struct way	*w = find(k, peer);

	if (w != NULL || (w = add(k, peer)) == NULL)
		return w;
	update(k, w, mono_ms());
	if (w->route.n > 0)
		return w;
	forget(k, w);
	return NULL;
}

const struct route *
routes_to(struct kma *k, const char *peer)
{
	const struct way	*w = way_to(k, peer);

	return w == NULL || w->route.n == 0 ? NULL : &w->route;
}

int
routes_error(struct kma *k, const char *peer)
{
	const struct way	*w = find(k, peer);

	return w != NULL && w->set.n > 0 ? -E_ROUTE_SET : -E_NO_ROUTE;
}

unsigned
routes_disjoint(struct kma *k, const char *peer, unsigned want,
    struct route *routes)
{
	const struct way	*w = find(k, peer);

	if (w == NULL || w->set.n == 0)
		return linkstate_disjoint(state(k), peer, want, routes);
	if (w->route.n == 0)
		return 0;
	routes[0] = w->route;
	return 1;
}

bool
routes_works(struct kma *k, const struct route *r)
{
	return check(k, r) != LINKSTATE_UNREACHED;
}

bool
routes_is_straight(struct kma *k, const char *peer)
{
	const struct route	*r = routes_to(k, peer);

	return r != NULL && r->n == 2;
}

bool
routes_has_detour(struct kma *k, const char *peer)
{
	const struct way	*w = way_to(k, peer);

	return w != NULL && (w->route.n > 2 || w->set.n > 2);
}

void
routes_relayed(struct kma *k, const struct route *r, const char *response)
{
	struct way	*w = find(k, r->km[r->n - 1]);

	if (w != NULL && same(&w->route, r))
		snprintf(w->relay, sizeof(w->relay), "%s", response);
}

/* ---- what an operator sets ---- */

static const char *
fault(struct kma *k, const char *peer, const char *text, struct route *r)
{
	if (route_parse(r, text) < 0 || r->n < 2)
		return "a route is KM IDs with commas between, none twice, at "
		    "most 32";
	if (strcmp(r->km[0], kma_conf.kme_id) != 0)
		return "the route must start at this node";
	if (strcmp(r->km[r->n - 1], peer) != 0)
		return "the route must end at the KM that it is set for";
	if (kma_link_to(k, r->km[1]) == NULL)
		return "the route's first hop is no link of this node "
		    "(kma.conf, links)";
	return NULL;
}

static int
store(struct kma *k, const char *peer, const char *route, uint64_t at)
{
	struct linktx	*tx = linktx_new(k->store);

	linktx_route(tx, peer, route, at);
	return linktx_commit_sync(tx);
}

const char *
routes_set(struct kma *k, const char *peer, const char *text)
{
	struct way	*w = find(k, peer);
	struct route	 r;
	const char	*why = fault(k, peer, text, &r);
	uint64_t	 at = now_ms();
	int		 e;

	if (why != NULL)
		return why;
	if (w == NULL && (w = add(k, peer)) == NULL)
		return "too many routes";
	if ((e = store(k, peer, text, at)) < 0)
		return err_text(e);
	log_notice("route set", "to=%s route=%s", peer, text);
	w->set = r;
	w->set_at = at;
	w->failing = 0;
	w->told = false;
	w->relay[0] = '\0';
	update(k, w, mono_ms());
	return NULL;
}

const char *
routes_clear(struct kma *k, const char *peer)
{
	struct way	*w = find(k, peer);
	int		 e;

	if (w == NULL || w->set.n == 0)
		return "no route is set for that KM";
	if ((e = store(k, peer, NULL, 0)) < 0)
		return err_text(e);
	log_notice("route cleared", "to=%s", peer);
	w->set.n = 0;
	w->failing = w->changed = 0;
	w->why[0] = '\0';
	update(k, w, mono_ms());
	return NULL;
}

static void
load(void *arg, const char *peer, const char *text, uint64_t at)
{
	struct kma	*k = arg;
	struct way	*w;
	struct route	 r;

	if (route_parse(&r, text) < 0 || r.n < 2 ||
	    strcmp(r.km[0], kma_conf.kme_id) != 0 ||
	    strcmp(r.km[r.n - 1], peer) != 0 || (w = add(k, peer)) == NULL) {
		log_err("a route in the store is none of this node",
		    "to=%s route=%s", peer, text);
		return;
	}
	w->set = r;
	w->set_at = at;
}

/* ---- to be shown ---- */

static void
know(void *arg, const struct linkstate_ad *ad)
{
	struct kma	*k = arg;

	/* To show them must not take the places of those that are used. */
	if (HASH_COUNT(k->routes->ways) < ROUTES_MAX / 2)
		(void)way_to(k, ad->origin);
}

static int
by_id(const struct way *a, const struct way *b)
{
	return strcmp(a->km, b->km);
}

void
routes_each(struct kma *k, void (*fn)(void *, const struct routes_way *),
    void *arg)
{
	struct way	*w, *tmp;
	uint64_t	 now = mono_ms();

	linkstate_each(state(k), know, k);
	HASH_SORT(k->routes->ways, by_id);
	HASH_ITER(hh, k->routes->ways, w, tmp) {
		struct routes_way	v = { w->km, &w->route, w->cost,
			w->set.n > 0 ? &w->set : NULL, w->set_at, w->why,
			w->failing == 0 ? 0 : now - w->failing, w->relay };

		fn(arg, &v);
	}
}

/* ---- life ---- */

int
routes_new(struct kma *k)
{
	if ((k->routes = calloc(1, sizeof(*k->routes))) == NULL)
		return -E_NO_MEMORY;
	return linkstore_each_route(k->store, load, k);
}

void
routes_free(struct kma *k)
{
	struct way	*w, *tmp;

	if (k->routes == NULL)
		return;
	HASH_ITER(hh, k->routes->ways, w, tmp)
		forget(k, w);
	free(k->routes);
	k->routes = NULL;
}
