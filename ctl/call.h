/*
 * call.h - what each subcommand of qkdctl gets, and what it returns.
 */
#ifndef CTL_CALL_H
#define CTL_CALL_H

#include <stdbool.h>

/* Exit codes; status has others, see status.h; sae has its own. */
enum { CALL_DONE, CALL_REFUSED, CALL_USAGE, CALL_UNREACHABLE };

struct call {
	const char	*run_dir;	/* -r: where the sockets are */
	bool		 json;		/* -j */
	int		 wait;		/* s for an answer */
};

#endif
