#include "command.h"

#include <stdbool.h>
#include <string.h>

#include "bridge.h"
#include "ctl.h"
#include "err.h"
#include "kx.h"
#include "log.h"
#include "relayd.h"
#include "routes.h"

const char	command_help[] =
    "status            what works, what is missing, counters\n"
    "peers             the neighbours and their connections\n"
    "routes            the route to every node\n"
    "counters          what each counter of the status means\n"
    "peer ID up|down   open or close the connection to a neighbour\n";

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
status(struct relayd *r)
{
	json_t	*missing = json_array();
	bool	 ready;

	bridge_missing(r->bridge, missing);
	ready = json_array_size(missing) == 0;
	kx_missing(r->kx, missing);
	return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o}", "daemon",
	    "relayd", "kme_id", r->conf->kme_id, "ready", (int)ready,
	    "missing", missing, "peers", kx_status(r->kx), "routes",
	    routes_status(r->routes), "counters", counters(r, false));
}

static json_t *
admin(struct relayd *r, const char *km, const char *what)
{
	bool	up = strcmp(what, "up") == 0;

	if (!up && strcmp(what, "down") != 0)
		return ctl_error("peer: up or down expected, not \"%s\"",
		    what);
	if (kx_admin(r->kx, km, up) < 0)
		return ctl_error("peer: \"%s\" is not configured", km);
	log_notice("peer set by operator", "peer=%s to=%s", km, what);
	return json_pack("{s:s, s:b}", "peer", km, "up", (int)up);
}

json_t *
command_answer(void *arg, int nargs, char **args)
{
	struct relayd	*r = arg;

	if (nargs == 1 && strcmp(args[0], "status") == 0)
		return status(r);
	if (nargs == 1 && strcmp(args[0], "peers") == 0)
		return json_pack("{s:o}", "peers", kx_status(r->kx));
	if (nargs == 1 && strcmp(args[0], "routes") == 0)
		return json_pack("{s:o}", "routes", routes_status(r->routes));
	if (nargs == 1 && strcmp(args[0], "counters") == 0)
		return json_pack("{s:o}", "counters", counters(r, true));
	if (nargs == 3 && strcmp(args[0], "peer") == 0)
		return admin(r, args[1], args[2]);
	return ctl_error("unknown command or wrong number of arguments; "
	    "try \"help\"");
}
