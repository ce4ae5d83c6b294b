/* lookopt.c - after the subcommand: -j, and what that one takes. */
#include "lookopt.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_WAIT	5	/* s; who hangs is told, not waited for */

static const struct option	longs[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "follow", no_argument, NULL, 'f' },
	{ "count", required_argument, NULL, 'n' },
	{ "before", required_argument, NULL, 'b' },
	{ NULL, 0, NULL, 0 }
};

static const char *const	helps[] = {
	"  -j, --json        JSON, of the shape that qkdctl(1) describes\n",
	"  -f, --follow      go on with what comes; ^C ends it\n",
	"  -n, --count N     only N of them\n",
	"  -b, --before N    those before request N\n",
};

static void
usage(FILE *f, const char *name, const char *takes)
{
	fprintf(f, "usage: qkdctl [-r RUNDIR] %s [-j]%s%s%s\n%s", name,
	    strchr(takes, 'f') != NULL ? " [-f]" : "",
	    strchr(takes, 'n') != NULL ? " [-n N]" : "",
	    strchr(takes, 'b') != NULL ? " [-b N]" : "", helps[0]);
	for (const char *p = "fnb"; *p != '\0'; p++)
		if (strchr(takes, *p) != NULL)
			fputs(helps[p[0] == 'f' ? 1 : p[0] == 'n' ? 2 : 3],
			    f);
}

/* False: it is no such option, or a value that cannot be. */
static bool
set(struct lookopt *o, int c, const char *takes)
{
	char	*end;

	if (c == 'j')
		return o->call.json = true;
	if (c == '?' || strchr(takes, c) == NULL)
		return false;
	if (c == 'f')
		return o->follow = true;
	if (c == 'b') {
		o->before = optarg;
		return strspn(optarg, "0123456789") == strlen(optarg);
	}
	o->count = strtol(optarg, &end, 10);
	return *end == '\0' && o->count > 0 && o->count <= 1000000000;
}

int
lookopt_read(struct lookopt *o, const struct call *call, int argc,
    char **argv, const char *takes)
{
	int	c;

	*o = (struct lookopt){ .call = *call };
	o->call.wait = ANSWER_WAIT;
	optind = 0;		/* once more, after main() */
	while ((c = getopt_long(argc, argv, "+jhfn:b:", longs, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout, argv[0], takes);
			return CALL_DONE;
		}
		if (!set(o, c, takes)) {
			usage(stderr, argv[0], takes);
			return CALL_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	usage(stderr, argv[0], takes);
	return CALL_USAGE;
}
