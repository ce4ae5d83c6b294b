/* editopt.h - the arguments of the commands that change the configuration. */
#ifndef CTL_EDITOPT_H
#define CTL_EDITOPT_H

#include <stdbool.h>
#include <stdio.h>

#define EDITOPT_MANY	32
#define EDITOPT_USAGE	(-1000)	/* wrong usage: what add and remove return */

struct editopt_many { unsigned n; const char *v[EDITOPT_MANY]; };

struct editopt {
	const char	*etc, *daemons;
	bool		 no_start;
	const char	*verb, *id;		/* "add", what */
	const char	*peer, *driver, *seed_file;	/* link */
	const char	*address, *disjoint_paths;	/* peer */
	const char	*km, *rate, *burst;		/* application */
	struct editopt_many	names, set;
};

/* What one command takes. */
struct editcmd {
	const char	*name;		/* "link" */
	const char	*usage;		/* of its options, whole lines */
	const char	*options;	/* names, with a blank around each */
	int		(*add)(const struct editopt *);
	int		(*remove)(const struct editopt *);
};

/* argv[0] is the command. Does it; returns the exit code. */
int	editopt_run(const struct editcmd *, int argc, char **argv);

#endif
