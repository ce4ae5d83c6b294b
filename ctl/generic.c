/* generic.c - prints a daemon's answer as it is. */
#include "generic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "field.h"

/* Text of several lines, each of them without what a terminal obeys. */
static void
put_lines(FILE *f, const char *before, const char *text)
{
	size_t	 room = strlen(text) + 4;
	char	*clean = malloc(room), *line = strdup(text), *rest = line;

	for (char *p; clean != NULL && (p = strsep(&rest, "\n")) != NULL;)
		if (p[0] != '\0' || rest != NULL)
			fprintf(f, "%s%s\n", before, field_text(clean, room,
			    p));
	free(clean);
	free(line);
}

/* A single text, as help is, reads better as it is. */
static const char *
only_text(json_t *j, const char *name)
{
	return json_object_size(j) != 1 ? NULL : field_str(j, name, NULL);
}

static int
exit_code(const char *error, bool refused)
{
	return !refused ? CALL_DONE : error != NULL &&
	    strncmp(error, "usage: ", 7) == 0 ? CALL_USAGE : CALL_REFUSED;
}

static int
show(const struct call *c, json_t *j)
{
	const size_t	how = c->json ? JSON_COMPACT : JSON_INDENT(2);

	if (!c->json && only_text(j, "error") != NULL)
		put_lines(stderr, "qkdctl: ", only_text(j, "error"));
	else if (!c->json && only_text(j, "help") != NULL)
		put_lines(stdout, "", only_text(j, "help"));
	else {
		/* In ASCII all that a terminal obeys is escaped, save DEL. */
		json_dumpf(j, stdout, how | JSON_ENSURE_ASCII);
		putchar('\n');
	}
	return exit_code(field_str(j, "error", NULL),
	    json_object_get(j, "error") != NULL);
}

static bool
is_json(const char *arg)
{
	return strcmp(arg, "-j") == 0 || strcmp(arg, "--json") == 0;
}

/* args[0] is the command; -j may stand behind all of them, too. */
static int
run(const struct call *call, const char *daemon, int nargs, char **args)
{
	struct call		 c = *call;
	struct ask_error	 e;
	json_t			*j;
	int			 r;

	if (nargs > 1 && is_json(args[nargs - 1])) {
		c.json = true;
		nargs--;
	}
	j = ask_any(&c, daemon, nargs, args, &e);
	r = e.code;
	if (j != NULL)
		r = show(&c, j);
	else
		put_lines(stderr, "qkdctl: ", e.text);
	json_decref(j);
	return r;
}

static bool
is_help(const char *arg)
{
	return strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0;
}

int
generic(const struct call *c, int argc, char **argv)
{
	static char	help[] = "help";
	char		*words[] = { help };

	return argc == 2 && is_help(argv[1]) ? run(c, argv[0], 1, words) :
	    run(c, argv[0], argc - 1, argv + 1);
}

int
generic_route(const struct call *c, int argc, char **argv)
{
	if (argc == 2 && is_help(argv[1])) {
		puts("usage: qkdctl [-j] [-r RUNDIR] route\n"
		    "       qkdctl [-r RUNDIR] route set KM KM,KM,...\n"
		    "       qkdctl [-r RUNDIR] route clear KM");
		return CALL_DONE;
	}
	return run(c, "kma", argc, argv);
}
