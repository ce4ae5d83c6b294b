/* lookopt.h - options of the subcommands that show something. */
#ifndef CTL_LOOKOPT_H
#define CTL_LOOKOPT_H

#include "call.h"

struct lookopt {
	struct call	 call;
	bool		 follow;	/* -f */
	long		 count;		/* -n; 0: not given */
	const char	*before;	/* -b; NULL: not given */
};

/* `takes`: which of the letters f, n, b; argv[0] is the subcommand. -1: go
 * on, else the exit code. */
int	lookopt_read(struct lookopt *, const struct call *, int argc,
	    char **argv, const char *takes);

#endif
