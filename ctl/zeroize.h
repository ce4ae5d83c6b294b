/* zeroize.h - what zeroizecmd.c and zeroizefind.c share. */
#ifndef CTL_ZEROIZE_H
#define CTL_ZEROIZE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "nodekey.h"

#define TARGETS_MAX	256

struct target { char path[PATH_MAX], what[64]; };

struct zeroize {
	struct call	 call;
	const char	*etc;
	bool		 yes, keep_tls;
	struct nodekey	 node[2];	/* kma, ksa */
	bool		 known[2];	/* their files could be read */
	bool		 found[2];	/* ... or they are where usual */
	bool		 relayd_known;
	struct target	 target[TARGETS_MAX];
	size_t		 n, nkeys;	/* the first are node keys */
	char		 mark[PATH_MAX];
	json_t		*left;		/* {what, path | pid} */
	unsigned	 killed;
};

extern const char *const	zeroize_daemons[2];

/* Adds what is there now; what was found before stays. */
void	zeroize_find(struct zeroize *);

#endif
