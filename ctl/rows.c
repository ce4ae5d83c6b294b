/* rows.c - links, pools, peers and routes from what the daemons say. */
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include "field.h"
#include "node.h"

/* Copies a field under another name, whatever it is; no field: null. */
static void
copy(json_t *to, const char *name, const json_t *from, const char *as)
{
	json_t	*v = json_object_get(from, as);

	if (v == NULL)
		json_object_set_new(to, name, json_null());
	else
		json_object_set(to, name, v);
}

struct field { const char *name, *as; };

static void
copy_all(json_t *to, const json_t *from, const struct field *f)
{
	for (; f->name != NULL; f++)
		copy(to, f->name, from, f->as);
}

static json_t *
list_of(const json_t *node, const char *daemon, const char *name)
{
	return field_array(node_status(node, daemon), name);
}

/* ---- links ---- */

static json_t *
link_row(json_t *link)
{
	static const struct field	said[] = {
		{ "link", "name" }, { "peer", "peer" }, { "state", "state" },
		{ "why", "why" }, { "module", "module" },
		{ "module_connected", "module_connected" },
		{ "simulated", "simulated" }, { NULL, NULL } };
	static const struct field	stock[] = {
		{ "out_octets", "out_octets" }, { "in_octets", "in_octets" },
		{ "agreed_octets_per_second", "agreed_octets_per_second" },
		{ "spent_octets_per_second", "spent_octets_per_second" },
		{ NULL, NULL } };
	static const char *const	trouble[] = { "lost", "differed",
		"given_void", "bad_mac", "bad_control" };
	json_t		*o = json_object();
	json_t		*counters = field_object(link, "counters");
	json_int_t	 sum = 0, n;

	copy_all(o, link, said);
	copy_all(o, field_object(link, "stock"), stock);
	for (size_t i = 0; i < sizeof(trouble) / sizeof(*trouble); i++) {
		n = field_int(counters, trouble[i], 0);
		json_object_set_new(o, trouble[i], json_integer(n));
		if (n > 0 && n < 1LL << 48)
			sum += n;
	}
	json_object_set_new(o, "trouble", json_integer(sum));
	return o;
}

json_t *
rows_links(const json_t *node)
{
	json_t	*rows = json_array(), *link;
	size_t	 i;

	json_array_foreach(list_of(node, "kma", "links"), i, link)
		json_array_append_new(rows, link_row(link));
	return rows;
}

/* ---- pools ---- */

static json_t *
pool_row(json_t *pool, json_int_t key_octets)
{
	static const struct field	said[] = {
		{ "peer", "peer" }, { "direction", "direction" },
		{ "octets", "octets" }, { "unconfirmed_blocks", "unconfirmed" },
		{ "filled_octets_per_second", "filled_octets_per_second" },
		{ "used_octets_per_second", "used_octets_per_second" },
		{ "waiting", "waiting" }, { "usable", "usable" },
		{ "error", "error" }, { NULL, NULL } };
	json_t				*o = json_object();

	copy_all(o, pool, said);
	json_object_set_new(o, "keys", key_octets < 1 ? json_null() :
	    json_integer(field_int(pool, "octets", 0) / key_octets));
	return o;
}

json_t *
rows_pools(const json_t *node)
{
	json_int_t	 octets = field_int(node_status(node, "ksa"),
			    "key_octets", 0);
	json_t		*rows = json_array(), *pool;
	size_t		 i;

	json_array_foreach(list_of(node, "ksa", "pools"), i, pool)
		json_array_append_new(rows, pool_row(pool, octets));
	return rows;
}

/* ---- peers ---- */

struct sources { json_t *kx, *pools, *apps, *to; };

static json_t *
peer_row(const struct sources *s, const char *km)
{
	static const struct field	kx_said[] = {
		{ "kx", "connected" }, { "address", "address" },
		{ "remote", "remote" }, { "dialled_by", "dialled_by" },
		{ "since_ms", "since_ms" }, { "protection", "protection" },
		{ "last_error", "last_error" },
		{ "certificate_expires_ms", "certificate_expires_ms" },
		{ NULL, NULL } };
	static const struct field	pool_said[] = {
		{ "reachable", "reachable" }, { "channel", "up" },
		{ "outbox", "outbox" }, { NULL, NULL } };
	json_t	*o = json_pack("{s:s}", "peer", km);
	json_t	*kx = json_object_get(s->kx, km);

	json_object_set_new(o, "neighbour", json_boolean(kx != NULL));
	copy_all(o, kx, kx_said);
	copy_all(o, json_object_get(s->pools, km), pool_said);
	copy(o, "applications", json_object_get(s->apps, km), "applications");
	copy(o, "control_route", s->to, km);
	return o;
}

/* Neighbours first; a node is told once. */
static json_t *
peer_rows(const struct sources *s, const char *self)
{
	json_t		*rows = json_array(), *v;
	const char	*km;

	json_object_foreach(s->kx, km, v)
		json_array_append_new(rows, peer_row(s, km));
	json_object_foreach(s->pools, km, v)
		if (strcmp(km, self) != 0 &&
		    json_object_get(s->kx, km) == NULL)
			json_array_append_new(rows, peer_row(s, km));
	return rows;
}

json_t *
rows_peers(const json_t *node)
{
	const char	*self = node_kme_id(node);
	json_t		*apps = field_object(node_status(node, "ksa"),
			    "applications"), *rows;
	struct sources	 s = {
		.kx = field_index(list_of(node, "relayd", "peers"), "kme_id"),
		.pools = field_index(list_of(node, "ksa", "pools"), "peer"),
		.apps = field_index(field_array(apps, "peers"), "peer"),
		.to = field_object(node_status(node, "relayd"), "routes"),
	};

	rows = peer_rows(&s, self != NULL ? self : "");
	json_decref(s.kx);
	json_decref(s.pools);
	json_decref(s.apps);
	return rows;
}

/* ---- routes ---- */

json_t *
rows_routes(const json_t *node)
{
	static const struct field	said[] = {
		{ "to", "to" }, { "route", "route" }, { "cost", "cost" },
		{ "set", "set" }, { "set_at_ms", "set_at_ms" },
		{ "fails", "fails" }, { "last_relay", "last_relay" },
		{ NULL, NULL } };
	json_t	*rows = json_array(), *way, *o;
	size_t	 i;

	json_array_foreach(field_array(field_object(node, "route"),
	    "routes"), i, way) {
		o = json_object();
		copy_all(o, way, said);
		json_array_append_new(rows, o);
	}
	return rows;
}
