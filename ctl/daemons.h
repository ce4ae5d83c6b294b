/*
 * daemons.h - which daemons this node has: kma, ksa, relayd, and a
 * qkdmod-LINK for each link that kma names or that has a place in the run
 * directory.
 */
#ifndef CTL_DAEMONS_H
#define CTL_DAEMONS_H

#include <jansson.h>

#include "call.h"

#define DAEMON_NAME	128
#define DAEMONS_MAX	256

struct daemons {
	unsigned	n;
	char		name[DAEMONS_MAX][DAEMON_NAME];
};

/* `kma` is its status, or NULL if it is not to be had. */
void	daemons_find(struct daemons *, const struct call *,
	    const json_t *kma);

#endif
