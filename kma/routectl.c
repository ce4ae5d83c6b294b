#include "kma/routectl.h"

#include <string.h>

#include "ctl.h"
#include "kma/announce.h"
#include "kma/kma.h"
#include "kma/linkad.h"

static const char *const levels[] = { "none", "scarce", "fair", "ample" };

static json_t *
link_json(const struct linkstate_link *l)
{
	return json_pack("{s:s, s:s, s:I, s:I}", "peer", l->peer,
	    "key", levels[l->level], "stock_octets", (json_int_t)l->stock,
	    "octets_per_second", (json_int_t)l->rate);
}

struct nodes { json_t *list; struct linkstate *state; };

static void
add_node(void *arg, const struct linkstate_ad *ad)
{
	struct nodes	*ns = arg;
	uint64_t	 heard = linkstate_heard(ns->state, ad->origin);
	uint64_t	 now = now_ms();
	json_t		*links = json_array();

	for (unsigned i = 0; i < ad->n; i++)
		json_array_append_new(links, link_json(&ad->links[i]));
	json_array_append_new(ns->list, json_pack("{s:s, s:I, s:I, s:o}",
	    "kme_id", ad->origin, "up_for_seconds", (json_int_t)
	    (now > ad->incarnation ? (now - ad->incarnation) / 1000 : 0),
	    "heard_ms_ago", (json_int_t)(heard == 0 ? 0 : mono_ms() - heard),
	    "links", links));
}

static void
add_way(void *routes, const struct routes_way *w)
{
	route_text	 text;
	json_t		*j;

	route_print(w->route, text);
	j = json_pack("{s:s, s:s}", "to", w->km, "route", text);
	if (w->cost != LINKSTATE_UNREACHED)
		json_object_set_new(j, "cost", json_integer(w->cost));
	if (w->set != NULL) {
		route_print(w->set, text);
		json_object_set_new(j, "set", json_string(text));
		json_object_set_new(j, "set_at_ms",
		    json_integer((json_int_t)w->set_at));
	}
	if (w->why[0] != '\0') {
		json_object_set_new(j, "fails", json_string(w->why));
		json_object_set_new(j, "fails_for_ms",
		    json_integer((json_int_t)w->failing));
	}
	if (w->relay[0] != '\0')
		json_object_set_new(j, "last_relay", json_string(w->relay));
	json_array_append_new(routes, j);
}

static json_t *
show(void *arg, int nargs, char **args)
{
	struct kma		*k = arg;
	json_t			*routes = json_array();
	struct linkstate	*s = announce_state(k->announce);
	struct nodes		 ns = { json_array(), s };
	struct linkstate_ad	 mine;

	(void)nargs, (void)args;
	linkstate_mine(s, &mine);
	add_node(&ns, &mine);
	linkstate_each(s, add_node, &ns);
	routes_each(k, add_way, routes);
	return json_pack("{s:s, s:o, s:o, s:o}", "kme_id", kma_conf.kme_id,
	    "nodes", ns.list, "routes", routes,
	    "announcements", linkad_status(k));
}

static json_t *
set(void *arg, int nargs, char **args)
{
	const char	*why = routes_set(arg, args[2], args[3]);

	return why != NULL ? ctl_error("%s", why) : show(arg, nargs, args);
}

static json_t *
clear(void *arg, int nargs, char **args)
{
	const char	*why = routes_clear(arg, args[2]);

	return why != NULL ? ctl_error("%s", why) : show(arg, nargs, args);
}

const struct ctl_command routectl_commands[] = {
	{ "route", "", "nodes, links, the way to each KM", 0, 0, false, show },
	{ "route set", "KM KM,KM,...", "relay to KM by this way and no other",
	    2, 2, true, set },
	{ "route clear", "KM", "by the best way again", 1, 1, true, clear },
	{ .name = NULL }
};

static void
add_missing(void *list, const struct routes_way *w)
{
	if (w->why[0] != '\0')
		json_array_append_new(list, json_sprintf(
		    "route to %s as it was set: %s", w->km, w->why));
	else if (w->set != NULL && w->relay[0] != '\0')
		json_array_append_new(list, json_sprintf(
		    "route to %s as it was set: a relay failed: %s", w->km,
		    w->relay));
}

void
routectl_missing(struct kma *k, json_t *list)
{
	routes_each(k, add_missing, list);
}
