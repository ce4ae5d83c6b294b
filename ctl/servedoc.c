/* servedoc.c - one document from many answers. */
#include "config.h"
#include "servedoc.h"

#include <string.h>

#include "field.h"
#include "ident.h"
#include "verdict.h"

static const json_t *
status_of(const struct servedoc *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->daemons[i].name, name) == 0)
			return d->daemons[i].status;
	return NULL;
}

/* In the form of node.h. */
static json_t *
node(const struct servedoc *d)
{
	json_t	*all = json_object();

	for (size_t i = 0; i < d->n; i++) {
		const struct servedoc_daemon	*w = &d->daemons[i];

		json_object_set_new(all, w->name, w->status != NULL ?
		    json_pack("{s:O, s:O*}", "status", w->status, "key",
		    w->key) :
		    json_pack("{s:s, s:s}", "error", w->why, "cause",
		    w->cause));
	}
	return json_pack("{s:s, s:b, s:o, s:O?}", "run_dir", d->run_dir,
	    "present", 1, "daemons", all, "route", d->route);
}

json_t *
servedoc_verdict(const struct servedoc *d)
{
	json_t	*n = node(d), *v = verdict(n, (int64_t)now_ms());

	json_decref(n);
	return v;
}

/* The first ones of a list, as they are; an empty list for none. */
static json_t *
some(const json_t *o, const char *name, size_t max)
{
	json_t	*from = field_array(o, name), *list = json_array(), *v;
	size_t	 i;

	json_array_foreach(from, i, v) {
		if (i == max)
			break;
		json_array_append(list, v);
	}
	return list;
}

static json_t *
daemon_json(const struct servedoc_daemon *d)
{
	json_t	*o = json_pack("{s:s, s:b, s:b, s:s}",
		    "name", d->name, "up", d->status != NULL,
		    "ready", field_bool(d->status, "ready", false),
		    "why", d->status != NULL ? "" : d->why);

	json_object_set_new(o, "version",
	    json_string(field_str(d->status, "version", "")));
	json_object_set_new(o, "started_ms",
	    json_integer(field_int(d->status, "started_ms", 0)));
	return o;
}

static json_t *
daemons(const struct servedoc *d)
{
	json_t	*list = json_array();

	for (size_t i = 0; i < d->n; i++)
		json_array_append_new(list, daemon_json(&d->daemons[i]));
	return list;
}

/* ---- certificates, from the figures ---- */

static json_t *
family(const json_t *metrics, const char *name)
{
	json_t	*list = field_array(metrics, "metrics"), *f;
	size_t	 i;

	json_array_foreach(list, i, f)
		if (strcmp(field_str(f, "name", ""), name) == 0)
			return field_array(f, "samples");
	return NULL;
}

static void
certificates_of(json_t *list, const struct servedoc_daemon *d)
{
	json_t	*samples = family(d->metrics,
		    "qkdnode_certificate_left_seconds"), *s;
	size_t	 i;

	json_array_foreach(samples, i, s) {
		const json_t	*labels = field_object(s, "labels");

		if (json_array_size(list) == SERVEDOC_ROWS)
			return;
		json_array_append_new(list, json_pack(
		    "{s:s, s:s, s:s, s:f}", "daemon", d->name,
		    "what", field_str(labels, "what", "?"),
		    "name", field_str(labels, "name", "?"),
		    "days", field_num(s, "value", 0) / 86400));
	}
}

static json_t *
certificates(const struct servedoc *d)
{
	json_t	*list = json_array();

	for (size_t i = 0; i < d->n; i++)
		certificates_of(list, &d->daemons[i]);
	return list;
}

/* ---- the network ---- */

/* Those that are not seen yet, by their ID. */
static void
visit(json_t *unseen, json_t *out, const char *km)
{
	json_t	*n = json_object_get(unseen, km);

	if (n == NULL || json_array_size(out) == SERVEDOC_NODES)
		return;
	json_array_append(out, n);
	json_object_del(unseen, km);
}

/* The nearest: breadth first from this node, by what nodes announce. */
static json_t *
network(const json_t *route, const char *me)
{
	json_t	*nodes = field_array(route, "nodes"), *out = json_array();
	json_t	*unseen = field_index(nodes, "kme_id"), *links, *l, *n;
	size_t	 i;

	visit(unseen, out, me);
	for (size_t at = 0; at < json_array_size(out); at++) {
		links = field_array(json_array_get(out, at), "links");
		json_array_foreach(links, i, l)
			visit(unseen, out, field_str(l, "peer", ""));
	}
	/* Those that nobody near has a link to. */
	json_array_foreach(nodes, i, n)
		visit(unseen, out, field_str(n, "kme_id", ""));
	json_decref(unseen);
	return json_pack("{s:o, s:I}", "nodes", out, "total",
	    (json_int_t)json_array_size(nodes));
}

/* ---- all ---- */

static const char *
name_of(const struct servedoc *d)
{
	static const char *const	who[] = { "kma", "ksa", "relayd" };
	const char			*name = "";

	for (size_t i = 0; name[0] == '\0' && i < 3; i++)
		name = field_str(status_of(d, who[i]), "kme_id", "");
	return name;
}

/* "pool_low", and so on: the first sample of a family. */
static void
set_figure(json_t *doc, const struct servedoc *d, const char *name,
    const char *metric)
{
	for (size_t i = 0; i < d->n; i++) {
		const json_t	*v = json_object_get(json_array_get(family(
				    d->daemons[i].metrics, metric), 0),
				    "value");

		if (json_is_number(v))
			json_object_set_new(doc, name,
			    json_real(json_number_value(v)));
	}
}

json_t *
servedoc(const struct servedoc *d, json_t *events)
{
	const json_t	*kma = status_of(d, "kma");
	const json_t	*ksa = status_of(d, "ksa");
	const json_t	*relayd = status_of(d, "relayd");
	json_t		*o, *count = field_object(ksa, "count");
	json_t		*v = servedoc_verdict(d);

	o = json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o,"
	    " s:o, s:o, s:o, s:o}",
	    "time_ms", (json_int_t)now_ms(),
	    "version", PACKAGE_VERSION, "kme_id", name_of(d),
	    "verdict", field_str(v, "verdict", ""),
	    "state", field_str(v, "state", "unknown"),
	    "findings", some(v, "findings", SERVEDOC_ROWS),
	    "daemons", daemons(d),
	    "links", some(kma, "links", SERVEDOC_ROWS),
	    "pools", some(ksa, "pools", SERVEDOC_ROWS),
	    "peers", some(relayd, "peers", SERVEDOC_ROWS),
	    "saes", some(d->saes, "saes", SERVEDOC_ROWS),
	    "network", network(d->route, name_of(d)),
	    "routes", some(d->route, "routes", SERVEDOC_ROWS),
	    "certificates", certificates(d),
	    "events", events);
	json_decref(v);
	if (count != NULL)
		json_object_set(o, "count", count);
	set_figure(o, d, "pool_low", "qkdnode_pool_low_octets");
	set_figure(o, d, "pool_high", "qkdnode_pool_high_octets");
	return o;
}
