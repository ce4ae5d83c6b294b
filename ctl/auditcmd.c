/* auditcmd.c - qkdctl audit verify, qkdctl audit show: options. */
#include "auditcmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auditask.h"
#include "config.h"
#include "confread.h"
#include "err.h"

#define STORE_OF	LOCALSTATEDIR "/lib/qkdnode/%s/keys.db"

static void
usage(FILE *f)
{
	fputs("usage: qkdctl audit verify [kma | ksa] [--store PATH] "
	    "[--archive DIR]\n"
	    "           [--etc DIR] [--anchor SEQ:HASH]...\n"
	    "       qkdctl audit show [kma | ksa] [--store PATH] "
	    "[--archive DIR]\n"
	    "           [--etc DIR] [--since TIME] [--event EVENT] [--peer KM]\n"
	    "           [--application ID] [--limit N]\n"
	    "\n"
	    "verify reads the record of keys of both stores, or of one, with "
	    "its archives, and\n"
	    "says whether it is whole: nothing changed, moved, left out or "
	    "cut off. The\n"
	    "daemon is asked for the last row if it runs; with --store only if it "
	    "is named. An anchor\n"
	    "is what the log of the system, or an earlier verify, said. The "
	    "stores are where\n"
	    "kma.conf and ksa.conf in DIR say (" SYSCONFDIR "/qkdnode).\n"
	    "\n"
	    "show prints its last rows. TIME is as 2026-11-22 or "
	    "'2026-11-22 15:04', UTC.\n"
	    "\n"
	    "Exit status: 0 done, 1 the record is not whole, 2 usage, 3 it "
	    "cannot be read,\n"
	    "or an anchor is in an archive that is not here.\n", f);
}

static const struct option	options[] = {
	{ "store", required_argument, NULL, 's' },
	{ "etc", required_argument, NULL, 'E' },
	{ "archive", required_argument, NULL, 'a' },
	{ "anchor", required_argument, NULL, 'A' },
	{ "since", required_argument, NULL, 'S' },
	{ "event", required_argument, NULL, 'e' },
	{ "peer", required_argument, NULL, 'p' },
	{ "application", required_argument, NULL, 'i' },
	{ "limit", required_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int
bad(const char *what, const char *arg)
{
	fprintf(stderr, "qkdctl: %s: %s\n", what, arg);
	return CALL_USAGE;
}

static int
add_anchor(struct auditcmd *a, const char *text)
{
	if (a->nanchors == AUDITCMD_ANCHORS || auditrow_anchor_parse(
	    &a->anchors[a->nanchors], text) < 0)
		return bad("no anchor SEQ:HASH, or too many", text);
	a->nanchors++;
	return -1;
}

static int
set_limit(struct auditcmd *a, const char *text)
{
	char	*end;
	long	 n = strtol(text, &end, 10);

	if (*end != '\0' || n < 1 || n > AUDITCMD_ROWS)
		return bad("no number of rows", text);
	a->limit = (unsigned)n;
	return -1;
}

/* SQLite reads more than that, but says of nothing that it is no time. */
static bool
is_time(const char *s)
{
	static const char	form[] = "0000-00-00 00:00:00";
	static const struct { size_t at; int min, max; } parts[] = {
		{ 5, 1, 12 }, { 8, 1, 31 }, { 11, 0, 23 }, { 14, 0, 59 },
		{ 17, 0, 59 } };
	size_t			n = strlen(s);
	int			v;

	if (n != 10 && n != 16 && n != 19)
		return false;
	for (size_t i = 0; i < n; i++)
		if (form[i] == '0' ? s[i] < '0' || s[i] > '9' :
		    s[i] != form[i])
			return false;
	for (size_t i = 0; i < 5 && parts[i].at < n; i++) {
		v = (s[parts[i].at] - '0') * 10 + s[parts[i].at + 1] - '0';
		if (v < parts[i].min || v > parts[i].max)
			return false;
	}
	return true;
}

/* The exit code, or -1: go on. */
static int
option(struct auditcmd *a, int c, const char *arg)
{
	switch (c) {
	case 's':
		a->store = arg;
		return -1;
	case 'E':
		a->etc = arg;
		return -1;
	case 'a':
		a->archives = arg;
		return -1;
	case 'A':
		return add_anchor(a, arg);
	case 'S':
		a->since = arg;
		return is_time(arg) ? -1 : bad("no time", arg);
	case 'e':
		a->event = arg;
		return auditrow_find(arg) >= 0 ? -1 :
		    bad("no such event", arg);
	case 'p':
		a->peer = arg;
		return -1;
	case 'i':
		a->application = arg;
		return -1;
	case 'n':
		return set_limit(a, arg);
	case 'j':
		a->json = true;
		return -1;
	case 'h':
		usage(stdout);
		return CALL_DONE;
	default:
		usage(stderr);
		return CALL_USAGE;
	}
}

static int
read_options(struct auditcmd *a, int argc, char **argv)
{
	int	c, r;

	optind = 0;	/* begin anew, with another order */
	while ((c = getopt_long(argc, argv, "jh", options, NULL)) != -1)
		if ((r = option(a, c, optarg)) >= 0)
			return r;
	if (optind < argc)
		a->daemon = argv[optind++];
	if (optind < argc || (a->daemon != NULL &&
	    strcmp(a->daemon, "kma") != 0 && strcmp(a->daemon, "ksa") != 0)) {
		usage(stderr);
		return CALL_USAGE;
	}
	/* The other record would seem to be written anew. */
	if (a->nanchors > 0 && a->daemon == NULL && a->store == NULL)
		return bad("an anchor is of one record: name kma or ksa",
		    "--anchor");
	return -1;
}

/* As the daemon's configuration says, if there is one. */
static int
find_store(const struct auditcmd *a, char path[4096])
{
	char		conf[4096], dflt[256], why[CONFREAD_WHY];
	config_t	cfg;
	int		r;

	snprintf(dflt, sizeof(dflt), STORE_OF, a->daemon);
	snprintf(path, 4096, "%s", dflt);
	snprintf(conf, sizeof(conf), "%s/%s.conf", a->etc, a->daemon);
	if ((r = confread(conf, &cfg, why)) == -E_NOT_FOUND)
		return 0;
	if (r < 0) {
		fprintf(stderr, "qkdctl: %s: %s; --store says where the store "
		    "is\n", conf, why);
		return r;
	}
	snprintf(path, 4096, "%s", confread_str(&cfg, "store", dflt));
	config_destroy(&cfg);
	return 0;
}

/* One record after the other; the worst of them counts. */
static int
each(struct auditcmd *a, int (*fn)(struct auditcmd *))
{
	static const char *const daemons[] = { "kma", "ksa" };
	const char		*only = a->daemon;
	char			 path[4096];
	int			 worst = CALL_DONE, r;

	if (a->store != NULL) {
		a->ask = a->daemon != NULL;
		return fn(a);
	}
	for (int i = 0; i < 2; i++) {
		if (only != NULL && strcmp(only, daemons[i]) != 0)
			continue;
		a->daemon = daemons[i];
		a->store = path;
		a->ask = true;
		r = find_store(a, path) < 0 ? CALL_UNREACHABLE : fn(a);
		if (r > worst)
			worst = r;
	}
	a->store = NULL;
	return worst;
}

int
auditcmd(const struct call *call, int argc, char **argv)
{
	struct auditcmd	a = { .call = call, .json = call->json, .limit = 100,
			    .etc = SYSCONFDIR "/qkdnode" };
	int		r;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? CALL_USAGE : CALL_DONE;
	}
	if ((r = read_options(&a, argc - 1, argv + 1)) >= 0)
		return r;
	if (strcmp(argv[1], "verify") == 0)
		return each(&a, auditcmd_verify);
	if (strcmp(argv[1], "show") == 0)
		return each(&a, auditcmd_show);
	usage(stderr);
	return CALL_USAGE;
}
