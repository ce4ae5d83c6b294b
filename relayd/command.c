#include "command.h"

#include <stdbool.h>
#include <string.h>

#include "bridge.h"
#include "ctl.h"
#include "err.h"
#include "kx.h"
#include "log.h"
#include "note.h"
#include "relayd.h"
#include "routes.h"

static const struct {
	const char	*name, *help;
	size_t		 offset;
} table[] = {
#define COUNTER(name, help)	{ #name, help, offsetof(struct counters, name) },
#include "counters.def"
#undef COUNTER
};

static json_t *
counters(const struct relayd *r, bool help)
{
	json_t		*o = json_object();
	const char	*base = (const char *)&r->counters;
	uint64_t	 v;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		memcpy(&v, base + table[i].offset, sizeof(v));
		json_object_set_new(o, table[i].name, help ?
		    json_string(table[i].help) :
		    json_integer((json_int_t)v));
	}
	return o;
}

/* Ready is who serves: a neighbour that is away does not stop that. */
static json_t *
status(void *arg, int nargs, char **args)
{
	struct relayd	*r = arg;
	json_t		*missing = json_array();
	struct note	 notes[2];
	bool		 ready;

	(void)nargs, (void)args;
	relayd_conf_notes(notes);
	bridge_missing(r->bridge, missing);
	ready = json_array_size(missing) == 0;
	kx_missing(r->kx, missing);
	return json_pack("{s:s, s:I, s:s, s:b, s:o, s:o, s:o, s:o, s:o}",
	    "daemon", "relayd", "certificate_expires_ms",
	    (json_int_t)kx_expires_ms(r->kx), "kme_id",
	    r->conf->kme_id, "ready", (int)ready, "missing", missing,
	    "notes", note_list(notes), "peers", kx_status(r->kx), "routes",
	    routes_status(r->routes), "counters", counters(r, false));
}

static json_t *
show_peers(void *arg, int nargs, char **args)
{
	struct relayd	*r = arg;

	(void)nargs, (void)args;
	return json_pack("{s:o}", "peers", kx_status(r->kx));
}

static json_t *
show_routes(void *arg, int nargs, char **args)
{
	struct relayd	*r = arg;

	(void)nargs, (void)args;
	return json_pack("{s:o}", "routes", routes_status(r->routes));
}

static json_t *
explain_counters(void *arg, int nargs, char **args)
{
	(void)nargs, (void)args;
	return json_pack("{s:o}", "counters", counters(arg, true));
}

static json_t *
admin(void *arg, int nargs, char **args)
{
	struct relayd	*r = arg;
	const char	*km = args[1], *what = args[2];
	bool		 up = strcmp(what, "up") == 0;

	(void)nargs;
	if (!up && strcmp(what, "down") != 0)
		return ctl_error("peer: up or down expected, not \"%s\"",
		    what);
	if (kx_admin(r->kx, km, up) < 0)
		return ctl_error("peer: \"%s\" is not configured", km);
	log_notice("peer set by operator", "peer=%s to=%s", km, what);
	return json_pack("{s:s, s:b}", "peer", km, "up", (int)up);
}

const struct ctl_command command_table[] = {
	{ "status", "", "what works, what is missing, counters",
	    0, 0, false, status },
	{ "peers", "", "the neighbours and their connections",
	    0, 0, false, show_peers },
	{ "routes", "", "the route to every node", 0, 0, false, show_routes },
	{ "counters", "", "what each counter of the status means",
	    0, 0, false, explain_counters },
	{ "peer", "ID up|down", "open or close the connection to a neighbour",
	    2, 2, true, admin },
	{ .name = NULL }
};
