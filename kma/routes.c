#include "kma/routes.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "kma/kma.h"

#define ROUTES_MAX	4096

struct known_route {
	km_id			km;
	struct route		route;
	LIST_ENTRY(known_route)	next;
};

struct routes {
	LIST_HEAD(, known_route) list;
	size_t			 n;
};

static struct known_route *
find(struct kma *k, const char *peer)
{
	struct known_route	*kr;

	LIST_FOREACH(kr, &k->routes->list, next)
		if (strcmp(kr->km, peer) == 0)
			return kr;
	return NULL;
}

static struct known_route *
add(struct kma *k, const char *peer)
{
	struct known_route	*kr;

	if (k->routes->n >= ROUTES_MAX ||
	    (kr = calloc(1, sizeof(*kr))) == NULL)
		return NULL;
	k->routes->n++;
	strcpy(kr->km, peer);
	LIST_INSERT_HEAD(&k->routes->list, kr, next);
	return kr;
}

static void
forget(struct kma *k, struct known_route *kr)
{
	LIST_REMOVE(kr, next);
	k->routes->n--;
	free(kr);
}

void
routes_learn(struct kma *k, const struct msg_route *m)
{
	struct known_route	*kr = find(k, m->km);

	if (kr == NULL && (m->route[0] == '\0' ||
	    (kr = add(k, m->km)) == NULL))
		return;
	/* None, or not one from here to there. */
	if (route_parse(&kr->route, m->route) < 0 || kr->route.n < 2 ||
	    strcmp(kr->route.km[0], kma_conf.kme_id) != 0 ||
	    strcmp(kr->route.km[kr->route.n - 1], m->km) != 0)
		forget(k, kr);
}

const struct route *
routes_to(struct kma *k, const char *peer)
{
	struct known_route	*kr = find(k, peer);

	return kr == NULL ? NULL : &kr->route;
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
	const struct route	*r = routes_to(k, peer);

	return r != NULL && r->n > 2;
}

int
routes_new(struct kma *k)
{
	k->routes = calloc(1, sizeof(*k->routes));
	return k->routes == NULL ? -E_NO_MEMORY : 0;
}

void
routes_free(struct kma *k)
{
	struct known_route	*kr;

	if (k->routes == NULL)
		return;
	while ((kr = LIST_FIRST(&k->routes->list)) != NULL)
		forget(k, kr);
	free(k->routes);
	k->routes = NULL;
}
