/*
 * servecmd.c - qkdctl serve. A process of its own, of a user of its own, that
 * asks the daemons what everybody in group qkdnode may ask, and tells it over
 * HTTP on loopback. It opens no store, has no key, and changes nothing: like
 * the daemons it gives up what it does not need before it serves, and is left
 * with its own port of loopback and the names in the run directory.
 */
#include "config.h"
#include "servecmd.h"

#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "confine.h"
#include "daemon.h"
#include "err.h"
#include "log.h"
#include "servefiles.h"
#include "servehttp.h"
#include "servenode.h"

#define LISTEN	"127.0.0.1:8446"

static struct event_base	*base;

struct server {
	struct servenode		*node;
	struct servehttp		*http;
	const char			*listen, *run_dir;
	int				 confine;
	struct serverequest_hosts	 hosts;
};

static void
usage(FILE *f)
{
	fprintf(f,
	    "usage: qkdctl [-r RUNDIR] serve [--listen ADDRESS:PORT] "
	    "[--host NAME]...\n"
	    "\n"
	    "A status page for browsers, /metrics for Prometheus, "
	    "/healthz.\n"
	    "\n"
	    "  --listen ADDRESS:PORT  on loopback only (" LISTEN ")\n"
	    "  --host NAME            answer to this name too: that of a "
	    "proxy\n"
	    "  --run-dir RUNDIR       as -r: where the daemons' sockets are\n"
	    "  --confine MODE         try, require or off: kma.conf(5)\n"
	    "\n"
	    "For other machines put a proxy with TLS and passwords before "
	    "it: qkdctl(1).\n");
}

/* ---- answers ---- */

static int
give_json(json_t *j, struct servehttp_answer *a)
{
	a->type = "application/json";
	a->own = j == NULL ? NULL : json_dumps(j, JSON_COMPACT |
	    JSON_REAL_PRECISION(6));
	json_decref(j);
	if (a->own == NULL)
		return 500;
	a->len = strlen(a->own);
	return 200;
}

static int
give_metrics(struct server *s, struct servehttp_answer *a)
{
	a->type = "text/plain; version=0.0.4; charset=utf-8";
	a->own = servenode_metrics(s->node, &a->len);
	return a->own != NULL ? 200 : 500;
}

static int
give_file(const struct servefile *f, struct servehttp_answer *a)
{
	a->type = f->type;
	a->body = f->octets;
	a->len = f->len;
	return 200;
}

static int
give_health(struct servehttp_answer *a)
{
	a->type = "text/plain; charset=utf-8";
	a->body = "ok\n";
	a->len = 3;
	return 200;
}

static int
on_get(void *arg, const struct serverequest *q, struct servehttp_answer *a)
{
	struct server	*s = arg;

	if (q->what == SERVE_FILE)
		return give_file(q->file, a);
	if (q->what == SERVE_HEALTH)
		return give_health(a);
	if (!servenode_knows(s->node))
		return 503;
	if (q->what == SERVE_METRICS)
		return give_metrics(s, a);
	return give_json(q->what == SERVE_STATUS ?
	    servenode_status(s->node) :
	    servenode_history(s->node, q->since), a);
}

/* ---- options ---- */

/* There is no TLS here, and nobody is asked who he is. */
static bool
is_loopback(const char *address)
{
	return (strncmp(address, "127.", 4) == 0 &&
	    address_is_number(address)) ||
	    strncmp(address, "localhost:", 10) == 0 ||
	    strncmp(address, "[::1]:", 6) == 0;
}

static int
add_host(struct serverequest_hosts *hosts, const char *name)
{
	size_t	n = 0;

	while (n < SERVEREQUEST_HOSTS && hosts->v[n] != NULL)
		n++;
	if (n == SERVEREQUEST_HOSTS || !serverequest_name_valid(name)) {
		fprintf(stderr, "qkdctl: --host: a name without port is "
		    "expected, at most %d of them\n", SERVEREQUEST_HOSTS);
		return -1;
	}
	hosts->v[n] = name;
	return 0;
}

static const struct option	options[] = {
	{ "listen", required_argument, NULL, 'l' },
	{ "host", required_argument, NULL, 'H' },
	{ "run-dir", required_argument, NULL, 'r' },
	{ "confine", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* The exit code, or -1: go on. */
static int
read_options(struct server *s, int argc, char **argv)
{
	int	c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "l:r:h", options, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return CALL_DONE;
		}
		if (c == 'l')
			s->listen = optarg;
		else if (c == 'r')
			s->run_dir = optarg;
		else if (c == 'c' && confine_mode(optarg) >= 0)
			s->confine = confine_mode(optarg);
		else if (c != 'H' || add_host(&s->hosts, optarg) < 0) {
			usage(stderr);
			return CALL_USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return CALL_USAGE;
	}
	if (is_loopback(s->listen))
		return -1;
	fprintf(stderr, "qkdctl: --listen %s: an address of loopback is "
	    "expected (127.0.0.1:PORT); for other machines put a proxy with "
	    "TLS before it\n", s->listen);
	return CALL_USAGE;
}

/* ---- life ---- */

static const struct confine_place	places[] = {
	{ CONFINE_END, NULL, NULL }
};
static const struct confine_role	role = { "serve", places, 0 };

static void
stop(void *arg)
{
	(void)arg;
	event_base_loopbreak(base);
}

int
servecmd(const struct call *call, int argc, char **argv)
{
	struct server	s = { .listen = LISTEN, .run_dir = call->run_dir,
			    .confine = CONFINE_TRY };
	int		r;

	if ((r = read_options(&s, argc, argv)) >= 0)
		return r;
	log_init("qkdctl-serve", LL_NOTICE);
	signal(SIGPIPE, SIG_IGN);
	confine_also(CONFINE_READ, s.run_dir);
	confine_also(CONFINE_BIND, s.listen);
	confine_files(&role, s.confine);
	base = daemon_loop(stop, NULL, NULL);
	s.http = servehttp_new(base, s.listen, &s.hosts, on_get, &s);
	if (s.http == NULL || servenode_new(&s.node, base, s.run_dir) < 0) {
		servehttp_free(&s.http);
		return CALL_UNREACHABLE;
	}
	confine_calls(&role, s.confine);
	log_notice("serving", "listen=%s run_dir=%s", s.listen,
	    log_quote(s.run_dir));
	daemon_ready("serving");
	event_base_dispatch(base);
	servehttp_free(&s.http);
	servenode_free(&s.node);
	event_base_free(base);
	return CALL_DONE;
}
