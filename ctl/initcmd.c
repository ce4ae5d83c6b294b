/* initcmd.c - runs the script that makes a node of a fresh install. */
#include "initcmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SCRIPT	"/init"

/* --daemons DIR, if it comes first, is where the script stands. */
int
initcmd(const struct call *call, int argc, char **argv)
{
	const char	*dir = LIBEXECDIR "/qkdnode";
	char		 path[512];

	(void)call;
	if (argc > 2 && strcmp(argv[1], "--daemons") == 0) {
		dir = argv[2];
		argv += 2;
	}
	snprintf(path, sizeof(path), "%s" SCRIPT, dir);
	argv[0] = path;
	execv(path, argv);
	fprintf(stderr, "qkdctl: %s: %s\n", path, strerror(errno));
	return CALL_REFUSED;
}
