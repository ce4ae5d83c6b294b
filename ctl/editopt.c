#include "editopt.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "call.h"

static const struct option options[] = {
	{ "etc", required_argument, NULL, 0 },
	{ "daemons", required_argument, NULL, 0 },
	{ "no-start", no_argument, NULL, 0 },
	{ "peer", required_argument, NULL, 0 },
	{ "driver", required_argument, NULL, 0 },
	{ "seed-file", required_argument, NULL, 0 },
	{ "address", required_argument, NULL, 0 },
	{ "disjoint-paths", required_argument, NULL, 0 },
	{ "km", required_argument, NULL, 0 },
	{ "rate", required_argument, NULL, 0 },
	{ "burst", required_argument, NULL, 0 },
	{ "name", required_argument, NULL, 0 },
	{ "set", required_argument, NULL, 0 },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* Where the options above go, by their name; the rest is set by hand. */
static const struct { const char *name; size_t at; bool many; } fields[] = {
	{ "etc", offsetof(struct editopt, etc), false },
	{ "daemons", offsetof(struct editopt, daemons), false },
	{ "peer", offsetof(struct editopt, peer), false },
	{ "driver", offsetof(struct editopt, driver), false },
	{ "seed-file", offsetof(struct editopt, seed_file), false },
	{ "address", offsetof(struct editopt, address), false },
	{ "disjoint-paths", offsetof(struct editopt, disjoint_paths), false },
	{ "km", offsetof(struct editopt, km), false },
	{ "rate", offsetof(struct editopt, rate), false },
	{ "burst", offsetof(struct editopt, burst), false },
	{ "name", offsetof(struct editopt, names), true },
	{ "set", offsetof(struct editopt, set), true },
};

static void
usage(const struct editcmd *c, FILE *f)
{
	fprintf(f, "usage: qkdctl %s add ID [OPTION...]\n"
	    "       qkdctl %s remove ID [OPTION...]\n\n%s"
	    "  --no-start            change files only; no unit is started\n"
	    "  --etc DIR             the configuration (" SYSCONFDIR
	    "/qkdnode)\n"
	    "  --daemons DIR         the daemons that check it\n"
	    "\nWhat comes out is checked before it counts; with an error "
	    "nothing has changed.\n", c->name, c->name, c->usage);
}

/* 0, or -1: no room. */
static int
store(struct editopt *o, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		char			*at = (char *)o + fields[i].at;
		struct editopt_many	*m = (struct editopt_many *)at;

		if (strcmp(fields[i].name, name) != 0)
			continue;
		if (!fields[i].many)
			*(const char **)at = value;
		else if (m->n == EDITOPT_MANY)
			return -1;
		else
			m->v[m->n++] = value;
	}
	return 0;
}

static bool
takes(const struct editcmd *c, const char *name)
{
	static const char	all[] = " etc daemons no-start ";
	char			word[32];

	snprintf(word, sizeof(word), " %s ", name);
	return strstr(all, word) != NULL || strstr(c->options, word) != NULL;
}

/* -1: go on; else the exit code. */
static int
read_options(const struct editcmd *c, struct editopt *o, int argc,
    char **argv)
{
	const char	*name;
	int		 ch, i = 0;

	optind = 0;
	while ((ch = getopt_long(argc, argv, "h", options, &i)) != -1) {
		name = ch == 0 ? options[i].name : "";
		if (ch == 'h') {
			usage(c, stdout);
			return CALL_DONE;
		}
		if (ch != 0 || !takes(c, name) || store(o, name, optarg) < 0) {
			if (ch == 0)
				fprintf(stderr, "qkdctl %s: option --%s is "
				    "none of its, or too many\n", c->name,
				    name);
			usage(c, stderr);
			return CALL_USAGE;
		}
		if (strcmp(name, "no-start") == 0)
			o->no_start = true;
	}
	return -1;
}

static int
exit_code(int r)
{
	return r == EDITOPT_USAGE ? CALL_USAGE : r < 0 ? CALL_REFUSED :
	    CALL_DONE;
}

int
editopt_run(const struct editcmd *c, int argc, char **argv)
{
	struct editopt	o = { .etc = SYSCONFDIR "/qkdnode",
			    .daemons = LIBEXECDIR "/qkdnode" };
	int		r = read_options(c, &o, argc, argv);

	if (r >= 0)
		return r;
	if (argc - optind == 2) {
		o.verb = argv[optind];
		o.id = argv[optind + 1];
		if (strcmp(o.verb, "add") == 0)
			return exit_code(c->add(&o));
		if (strcmp(o.verb, "remove") == 0)
			return exit_code(c->remove(&o));
	}
	usage(c, stderr);
	return CALL_USAGE;
}
