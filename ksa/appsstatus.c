/* appsstatus.c - what an operator may see of applications. */
#include "ksa/apps.h"
#include "ksa/appsint.h"
#include "ksa/place.h"

#define CLASHES_SHOWN	100

static json_t *
peer_status(const struct apps *a)
{
	json_t	*o = json_pack("{s:s, s:b, s:i, s:b}", "peer", a->peer->km,
		    "known", apps_heard(a), "applications",
		    (int)a->teller->n, "told", apps_told(a));

	if (a->refused != 0)
		json_object_set_new(o, "refused", json_string(a->reason));
	return o;
}

static int
on_clash(void *arg, const char *id, const char *km, const char *also,
    bool pinned)
{
	json_t	*v = arg;

	json_array_append_new(v, json_pack("{s:s, s:[s, s], s:b}",
	    "application", id, "nodes", km, also, "pinned", pinned));
	return json_array_size(v) == CLASHES_SHOWN;
}

json_t *
apps_status(const struct env *e)
{
	json_t		*peers = json_array(), *clashes = json_array();
	unsigned	 n = place_clashes(e->book, on_clash, clashes);

	for (size_t i = 0; i < e->npeers; i++)
		if (e->peers[i]->apps != NULL)
			json_array_append_new(peers,
			    peer_status(e->peers[i]->apps));
	return json_pack("{s:i, s:o, s:i, s:o}", "own",
	    (int)e->apps->list.n, "peers", peers, "twice", (int)n,
	    "announced_twice", clashes);
}
