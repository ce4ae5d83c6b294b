/* show.c - applications and sessions as an operator sees them. */
#include "ksa/show.h"

#include <stdlib.h>

#include "ctl.h"
#include "ident.h"
#include "ksa/keyid.h"
#include "ksa/peer.h"
#include "ksa/place.h"
#include "ksa/sessions.h"

/* ---- applications ---- */

static json_t *
strings(const struct conf_strings *s)
{
	json_t	*v = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(v, json_string(s->v[i]));
	return v;
}

/* One of the configuration; without `names` the CN of a certificate is its
 * ID. */
static json_t *
configured(const struct env *e, const struct ksa_application *a)
{
	const struct sae	*s = sae_find(e->book, a->id);
	bool			 local = s == NULL || s->local;
	json_t			*o = json_pack("{s:s, s:s, s:b, s:s}",
				    "application", a->id, "node",
				    local ? e->conf->kme_id : a->km,
				    "local", (int)local,
				    "known_by", "configuration");

	if (!local)
		return o;
	json_object_set_new(o, "connections",
	    json_integer(s == NULL ? 0 : s->connections));
	json_object_set_new(o, "certificate_names", strings(&a->names));
	if (a->rate > 0) {
		json_object_set_new(o, "quota_octets_per_second",
		    json_integer(a->rate));
		json_object_set_new(o, "quota_burst_octets",
		    json_integer(a->burst));
	}
	return o;
}

/* What a node announces; what the configuration says is told there. */
static void
announced(const struct env *e, const struct teller *t, json_t *list)
{
	for (uint32_t i = 0; i < t->n; i++) {
		const char	*id = claims_id(t, i);

		if (json_array_size(list) >= SHOW_ROWS)
			return;
		if (sae_find(e->book, id) == NULL)
			json_array_append_new(list, json_pack(
			    "{s:s, s:s, s:b, s:s}", "application", id,
			    "node", t->km, "local", 0, "known_by",
			    "announcement"));
	}
}

static json_t *
saes(void *arg, int nargs, char **args)
{
	const struct env		*e = arg;
	const struct ksa_application	*v = e->conf->applications.v;
	size_t				 n = e->conf->applications.n;
	const struct teller		*t;
	json_t				*list = json_array();

	(void)nargs, (void)args;
	for (size_t i = 0; i < n && i < SHOW_ROWS; i++)
		json_array_append_new(list, configured(e, &v[i]));
	for (size_t i = 0; i < e->npeers; i++)
		if ((t = place_teller(e->book, e->peers[i]->km)) != NULL) {
			announced(e, t, list);
			n += t->n;
		}
	return json_pack("{s:s, s:b, s:o}", "kme_id", e->conf->kme_id,
	    "more", json_array_size(list) >= SHOW_ROWS && n > SHOW_ROWS,
	    "saes", list);
}

/* ---- sessions ---- */

static json_t *
session_json(const struct session *s)
{
	static const char *const	states[] = { [SESSION_PROPOSED] =
		"proposed", [SESSION_OPEN] = "open", [SESSION_ENDED] =
		"ended" };
	json_t				*drawn = json_null();
	uuid_text			id;

	if (s->row.source_here)		/* who draws counts */
		drawn = json_integer((json_int_t)s->row.drawn);
	uuid_print(s->row.id, id);
	return json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s, s:b, s:b, s:o, s:I,"
	    " s:I}", "session", id, "peer", s->peer->km, "source",
	    s->row.source, "destination", s->row.destination, "name",
	    s->row.name, "state", states[s->row.state],
	    "source_here", (int)s->row.source_here,
	    "destination_here", (int)s->row.destination_here,
	    "keys", drawn, "max_keys",
	    (json_int_t)s->row.most, "made_ms", (json_int_t)s->row.made);
}

static json_t *
sessions(void *arg, int nargs, char **args)
{
	const struct env	*e = arg;
	const struct session	*s;
	json_t			*list = json_array();
	unsigned		 n = 0;

	(void)nargs, (void)args;
	TAILQ_FOREACH(s, &e->sessions->living, next)
		if (n++ < SHOW_ROWS)
			json_array_append_new(list, session_json(s));
	return json_pack("{s:s, s:b, s:o}", "kme_id", e->conf->kme_id,
	    "more", n > SHOW_ROWS, "sessions", list);
}

/* ---- keys ---- */

static json_t *
keys(void *arg, int nargs, char **args)
{
	unsigned long long	 before = INT64_MAX;
	char			*end = NULL;

	if (nargs == 2)
		before = strtoull(args[1], &end, 10);
	if (before > INT64_MAX || (nargs == 2 && (args[1][0] < '0' ||
	    args[1][0] > '9' || *end != '\0')))
		return ctl_error("keys: the number of a request expected");
	return show_keys(arg, before);
}

const struct ctl_command show_commands[] = {
	{ "saes", "", "applications: connections, certificates' names, "
	    "quotas; those of other nodes", 0, 0, false, saes },
	{ "sessions", "", "open sessions and those being created",
	    0, 0, false, sessions },
	{ "keys", "[BEFORE]", "requests of keys, the newest first; those "
	    "before number BEFORE", 0, 1, false, keys },
	{ .name = NULL }
};
